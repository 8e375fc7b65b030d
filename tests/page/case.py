"""What the tests of the page share: one page of made-up runs, opened anew in headless Chromium for each test."""

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
WIDTHS = (1280, 768, 400)


def svhn(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


def skip(message):
    print(f"skipped: {message}")
    sys.exit(SKIP)


def main(*options):
    """Runs the tests of the calling script, or ends with SKIP and the reason. @param options of the report that it needs."""
    if not (os.path.isfile(PROGRAM) and os.access(PROGRAM, os.X_OK)):
        skip("SVHN_BIN does not name the program")
    if browser.find() is None:
        skip("Chromium is not installed (scripts/setup.sh --with-checks)")
    probe = svhn("report", "--runs", tempfile.gettempdir() + "/none", "--output", "none.html", *options)
    if "no report page" in probe.stderr or "cannot run a model" in probe.stderr:
        skip("npm or its packages were missing: " + probe.stderr.splitlines()[0])
    unittest.main(verbosity=2)


class PageCase(unittest.TestCase):
    OPTIONS = ()  # Further ones of the report.

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="svhn-page-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        data, folder = os.path.join(cls.folder, "data.safetensors"), os.path.join(cls.folder, "runs")
        cls.succeed("preprocess", "--synthetic", "600", "--output", data)
        cls.found = cls.write_runs(folder, data)
        cls.page = os.path.join(cls.folder, "report.html")
        cls.succeed("report", "--runs", folder, "--output", cls.page, *cls.OPTIONS)
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def succeed(cls, *arguments):
        made = svhn(*arguments)
        if made.returncode != 0:
            raise AssertionError(made.stderr)

    @classmethod
    def write_runs(cls, folder, data):
        found = runs.write_all(folder, data)
        other = os.path.join(cls.folder, "other.safetensors")
        cls.succeed("preprocess", "--synthetic", "100", "--seed", "9", "--output", other)
        runs.write_more_results(os.path.join(folder, "model_2_2"), data, other)
        return found

    def setUp(self):
        self.browser.prefer("light")
        self.browser.resize(WIDTHS[0])
        self.open()
        if self.browser.run("localStorage.length") > 0:
            self.browser.run("localStorage.clear()")
            self.open()

    def tearDown(self):
        """Whatever a test did, the page stayed silent and asked nobody for anything."""
        self.assertEqual(self.browser.messages, [])
        asked = [url for url in self.browser.requests if not url.startswith(("data:", "file:///", "blob:"))]
        self.assertEqual(asked, [])
        self.assertEqual(len([url for url in self.browser.requests if url.startswith("file:")]), 1)

    def open(self, address=""):
        self.browser.open("/dev/null")  # A leaf of its own, so that the page starts anew even at the same address.
        self.browser.messages.clear()
        self.browser.requests.clear()
        self.browser.open(self.page, address)

    def run_js(self, expression):
        return self.browser.run(expression)

    def count(self, selector):
        return self.browser.run(f"document.querySelectorAll({json.dumps(selector)}).length")

    def text(self, selector):
        return self.browser.run(f"document.querySelector({json.dumps(selector)}).textContent")

    def texts(self, selector):
        return self.browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map(n => n.textContent)")

    def choose(self, name):
        self.browser.run(f"[...document.querySelectorAll('#runs a')].find(n => n.textContent === {json.dumps(name)}).click()")
        self.wait_for_run(name)

    def wait_for_run(self, name):
        self.browser.wait(f"document.querySelector('#run h2').textContent.startsWith({json.dumps(name)})")

    def select(self, selector, index):
        self.browser.run(f"(() => {{ const s = document.querySelector({json.dumps(selector)}); s.selectedIndex = {index}; s.dispatchEvent(new Event('change')); }})()")

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

    def wait_for_pixels(self, selector):
        """Waits until a canvas shows more than one colour."""
        self.browser.wait(f"(() => {{ const c = document.querySelector({json.dumps(selector)}); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
                          "return d.some((v, i) => v !== d[i % 4]); })()")
