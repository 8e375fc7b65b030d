#!/usr/bin/env python3
"""The page of `svhn report` in headless Chromium: it loads in silence, sorts, hovers, chooses, filters and turns dark."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import browser
import runs

PROGRAM = os.path.abspath(os.environ.get("SVHN_BIN", ""))
SKIP = 77
FIRST_CELLS = "[...document.querySelectorAll('#runs tbody tr td:first-child a')].map(n => n.textContent)"
SORT = "#runs th:nth-child(5) button"
MAP = ".chart.tall"


def svhn(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


def skip(message):
    print(f"skipped: {message}")
    sys.exit(SKIP)


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="svhn-page-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        data, folder = os.path.join(cls.folder, "data.safetensors"), os.path.join(cls.folder, "runs")
        made = svhn("preprocess", "--synthetic", "600", "--output", data)
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        cls.found = runs.write_all(folder, data)
        cls.page = os.path.join(cls.folder, "report.html")
        made = svhn("report", "--runs", folder, "--output", cls.page)
        if made.returncode != 0:
            raise AssertionError(made.stderr)
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.prefer("light")
        self.browser.open("/dev/null")  # A leaf of its own, so that the page starts anew even at the same address.
        self.browser.messages.clear()
        self.browser.requests.clear()
        self.browser.open(self.page)
        if self.browser.run("localStorage.length") > 0:
            self.browser.run("localStorage.clear()")
            self.browser.requests.clear()
            self.browser.open(self.page)

    def tearDown(self):
        """Whatever a test did, the page stayed silent and asked nobody for anything."""
        self.assertEqual(self.browser.messages, [])
        asked = [url for url in self.browser.requests if not url.startswith(("data:", "file:///"))]
        self.assertEqual(asked, [])
        self.assertEqual(len([url for url in self.browser.requests if url.startswith("file:")]), 1)

    def choose(self, name):
        self.browser.run(f"[...document.querySelectorAll('#runs a')].find(n => n.textContent === {json.dumps(name)}).click()")
        self.browser.wait(f"document.querySelector('#run h2').textContent.startsWith({json.dumps(name)})")

    def middle_of(self, selector):
        return self.browser.run(
            f"(() => {{ const n = document.querySelector({json.dumps(selector)}); n.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            "const r = n.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")

    def hover(self, selector, text):
        """Moves the pointer to the middle of a chart until its tooltip says `text`."""
        self.middle_of(selector)  # Charts are made when they come into sight.
        self.browser.wait(f"document.querySelector({json.dumps(selector + ' canvas')}) !== null")
        x, y = self.middle_of(selector)
        self.browser.mouse("mouseMoved", x - 3, y)
        self.browser.mouse("mouseMoved", x, y)
        self.browser.wait(f"[...document.querySelectorAll('.tip')].some(n => n.textContent.includes({json.dumps(text)}))")

    def test_shows_hostile_names_as_text(self):
        self.choose(runs.HOSTILE)
        self.assertEqual(self.browser.run("document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.browser.run("document.querySelectorAll('script').length"), 2)

    def test_tells_what_could_not_be_read(self):
        text = self.browser.run("document.querySelector('#problems').textContent")
        self.assertIn("broken/history.json", text)

    def test_sorts_by_click_and_by_key(self):
        self.browser.click(SORT)
        self.assertEqual(self.browser.run(FIRST_CELLS), ["model_2_1", "model_2_2", runs.HOSTILE, "broken"])
        self.assertEqual(self.browser.run("document.querySelector('#runs th:nth-child(5)').getAttribute('aria-sort')"), "descending")
        self.browser.run(f"document.querySelector('{SORT}').focus()")
        self.browser.press("Enter")
        self.assertEqual(self.browser.run(FIRST_CELLS), [runs.HOSTILE, "model_2_2", "model_2_1", "broken"])

    def test_curves_tell_their_numbers_under_the_pointer(self):
        self.choose("model_2_2")
        self.hover("#run .chart", "validation accuracy: ")

    def test_a_cell_of_the_confusion_matrix_shows_its_images(self):
        self.choose("model_2_2")
        wrong = next(line for line in self.found if line[1] != line[2])
        t, p = runs.DIGITS.index(wrong[1]), runs.DIGITS.index(wrong[2])
        count = sum(line[1:3] == wrong[1:3] for line in self.found)
        self.browser.click(f"[data-cell='{t},{p}']")
        self.assertEqual(self.browser.run("document.querySelectorAll('.cell-pictures canvas').length"), count)
        self.browser.wait("(() => { const c = document.querySelector('.cell-pictures canvas');"
                          "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v > 0 && v < 255); })()")
        text = self.browser.run("document.querySelector('.cell-pictures p').textContent")
        self.assertIn(f"of a {wrong[1]} taken for a {wrong[2]}", text)

    def test_cells_are_reached_with_the_keyboard(self):
        self.choose("model_2_2")
        self.browser.run("document.querySelector(\"[data-cell='0,0']\").focus()")
        self.browser.press("ArrowRight")
        self.browser.press("ArrowDown")
        self.browser.press("Enter")
        self.assertIn("of a 2 taken for a 2", self.browser.run("document.querySelector('.cell-pictures p').textContent"))

    def test_the_map_shows_the_picture_under_the_pointer_and_filters_digits(self):
        self.choose("model_2_2")
        self.hover(MAP, "Digit ")
        self.browser.wait("document.querySelector('.tip canvas') !== null")
        self.browser.click(".digit[aria-label='Digit 3']")
        self.assertEqual(self.browser.run("document.querySelector(\".digit[aria-label='Digit 3']\").getAttribute('aria-pressed')"), "false")
        self.browser.run(f"document.querySelector('{MAP}').focus()")
        self.browser.press("+")
        self.browser.press("Enter")
        self.browser.wait("document.querySelector('[aria-live] canvas') !== null")

    def test_layers_can_be_chosen_whatever_they_are_called(self):
        self.choose("model_2_2")
        self.assertEqual(self.browser.run("document.querySelectorAll('.maps canvas').length"), 8)
        self.browser.run("(() => { const s = document.querySelector('select'); s.selectedIndex = 1; s.dispatchEvent(new Event('change')); })()")
        self.assertEqual(self.browser.run("document.querySelectorAll('.maps canvas').length"), 1)

    def test_findings_stand_beside_their_figures(self):
        findings = self.browser.run("[...document.querySelectorAll('.finding')].map(n => n.textContent)")
        self.assertEqual(len(findings), 8)
        self.assertTrue(all(len(text) < 500 for text in findings), findings)

    def test_turns_dark_by_preference_and_by_its_button(self):
        paper = "getComputedStyle(document.body).backgroundColor"
        light = self.browser.run(paper)
        self.browser.click("#theme")
        dark = self.browser.run(paper)
        self.assertNotEqual(dark, light)
        self.browser.click("#theme")
        self.assertEqual(self.browser.run(paper), light)
        self.browser.run("localStorage.clear()")
        self.browser.requests.clear()
        self.browser.prefer("dark")
        self.browser.open(self.page)
        self.assertEqual(self.browser.run(paper), dark)

    def test_every_control_has_a_name(self):
        nameless = self.browser.run("[...document.querySelectorAll('button, select, a, [role=img], [role=application]')]"
                                    ".filter(n => !(n.getAttribute('aria-label') || n.textContent).trim()).length")
        self.assertEqual(nameless, 0)


if __name__ == "__main__":
    if not (os.path.isfile(PROGRAM) and os.access(PROGRAM, os.X_OK)):
        skip("SVHN_BIN does not name the program")
    if browser.find() is None:
        skip("Chromium is not installed (scripts/setup.sh --with-checks)")
    probe = svhn("report", "--runs", tempfile.gettempdir() + "/none", "--output", "none.html")
    if "no report page" in probe.stderr:
        skip("this build has no report page: npm was missing")
    unittest.main(verbosity=2)
