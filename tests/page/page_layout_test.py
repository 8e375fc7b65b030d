#!/usr/bin/env python3
"""The page of `svhn report` at three widths, in light, dark and print; many runs; the card that is copied."""

import os
import re
import struct
import tempfile
import zlib

import case
import runs

PAPER = 703  # Pixels of A4's text width with the page's margins.
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = ("[...document.querySelectorAll('table')].filter(n => n.offsetParent && n.getBoundingClientRect().right > %d + 1"
       " && !(%s && getComputedStyle(n.closest('.scroll')).overflowX === 'auto')).length")


def colours(pdf):
    """The stroke colours of a PDF's pages."""
    found = set()
    for begin in re.finditer(rb"stream\r?\n", pdf):
        try:
            page = zlib.decompressobj().decompress(pdf[begin.end():])
        except zlib.error:
            continue  # A picture as JPEG.
        found.update(re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) RG\b", page))
    return [[float(share) for share in colour] for colour in found]


class LayoutTest(case.PageCase):
    def test_fits_every_width_in_both_themes(self):
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            for width in case.WIDTHS:
                with self.subTest(scheme=scheme, width=width):
                    self.browser.resize(width)
                    self.assertEqual(self.run_js(OVERFLOW), 0)
                    self.assertEqual(self.run_js(CUT % (width, "true")), 0)

    def test_the_table_of_runs_needs_no_scrolling_on_a_wide_screen(self):
        self.assertEqual(self.run_js("(n => n.scrollWidth - n.clientWidth)(document.querySelector('#runs .scroll'))"), 0)

    def test_rows_of_runs_stack_on_narrow_screens_and_keep_their_headings(self):
        self.browser.resize(400)
        cell = "document.querySelector('[data-run=model_2_2] td:nth-child(3)')"
        self.assertIn("Training images", self.run_js(f"getComputedStyle({cell}, '::before').content"))
        self.browser.resize(1280)
        self.assertEqual(self.run_js(f"getComputedStyle({cell}, '::before').content"), "none")

    def test_the_sections_stay_in_reach(self):
        links = self.run_js("[...document.querySelectorAll('#nav a')].map(n => n.hash)")
        self.assertEqual(links, ["#problems", "#headline", "#runs", "#run", "#questions", "#search-0", "#comparison-0"])
        self.assertEqual(self.run_js("[...document.querySelectorAll('#nav a')].filter(n => !document.querySelector(n.hash)).length"), 0)
        self.run_js("scrollTo({top: 5000, behavior: 'instant'})")
        self.assertEqual(self.run_js("document.querySelector('header').getBoundingClientRect().top"), 0)


class PaperTest(case.PageCase):
    def test_everything_is_drawn_unfolded_and_light_on_paper_and_as_before_afterwards(self):
        self.browser.prefer("dark")
        self.open()
        before = self.run_js("[document.querySelectorAll('details[open]').length, document.documentElement.dataset.theme]")
        self.run_js("window.dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.run_js("[...document.querySelectorAll('.chart')].filter(n => !n.querySelector('canvas')).length"), 0)
        self.assertEqual(self.count("details:not([open])"), 0)
        self.assertEqual(self.run_js("document.documentElement.dataset.theme"), "light")
        self.assertEqual(self.count("#run .layer"), 2)  # All layers.
        self.run_js("window.dispatchEvent(new Event('afterprint'))")
        self.assertEqual(self.run_js("[document.querySelectorAll('details[open]').length, document.documentElement.dataset.theme]"), before)
        self.assertEqual(self.count("#run .layer"), 1)

    def test_nothing_is_cut_off_on_paper(self):
        self.browser.resize(PAPER)
        self.browser.prefer("light", media="print")
        self.run_js("window.dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.run_js(OVERFLOW), 0)
        self.assertEqual(self.run_js(CUT % (PAPER, "false")), 0)
        wide = self.run_js(f"[...document.querySelectorAll('.chart canvas')].filter(n => n.getBoundingClientRect().right > {PAPER}).length")
        self.assertEqual(wide, 0)
        self.assertEqual(self.run_js("document.querySelector('#nav').offsetParent"), None)
        self.run_js("window.dispatchEvent(new Event('afterprint'))")

    def test_a_pdf_shows_every_chart_in_its_colours(self):
        found = colours(self.browser.print())
        for name in ("loss", "accuracy", "second", *(f"d{digit}" for digit in range(10))):
            hexadecimal = self.run_js(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}')").strip()
            wanted = [int(hexadecimal[at:at + 2], 16) / 255 for at in (1, 3, 5)]
            near = [colour for colour in found if max(abs(a - b) for a, b in zip(colour, wanted)) < 0.003]
            self.assertTrue(near, (name, hexadecimal))


class CardTest(case.PageCase):
    def test_shows_the_run_its_interval_and_pictures(self):
        right = 100 * sum(line[1] == line[2] for line in self.found) / len(self.found)
        words = self.text("#headline")
        for word in (f"{right:.2f} %", "95 % interval", "120 images of the test split", "model_2_2", "data.safetensors", "(synthetic digits)"):
            self.assertIn(word, words)
        self.wait_for_pixels("canvas.card")
        self.assertEqual(self.run_js("(c => [c.width, c.height])(document.querySelector('canvas.card'))"), [1200, 630])

    def test_is_copied_as_png(self):
        self.run_js("Object.defineProperty(navigator, 'clipboard', {value: {write: async (items) => { window.copied = await items[0].getType('image/png'); }}})")
        self.browser.click("#copy")
        self.browser.wait("document.querySelector('#headline [role=status]').textContent === 'Copied.'")
        self.assertEqual(self.run_js("window.copied.type"), "image/png")

    def test_is_saved_where_the_clipboard_is_refused(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        self.browser.download_to(folder)
        self.run_js("Object.defineProperty(navigator, 'clipboard', {value: {write: async () => { throw new Error('no'); }}})")
        self.browser.click("#copy")
        self.browser.wait("document.querySelector('#headline [role=status]').textContent.includes('svhn-model_2_2.png')")
        path = os.path.join(folder, "svhn-model_2_2.png")
        self.browser.wait_until(lambda: os.path.exists(path), path)
        with open(path, "rb") as file:
            head = file.read(24)
        self.assertEqual((head[:8], struct.unpack(">II", head[16:])), (b"\x89PNG\r\n\x1a\n", (1200, 630)))


class ManyRunsTest(case.PageCase):
    @classmethod
    def write_runs(cls, folder, data):
        found = runs.write_all(folder, data)
        for number in range(60):
            runs.write_run(folder, f"sweep_{number:02d}", 5, 0.5 + number / 200, data)
        return found

    def rows(self):
        return self.count("#runs tbody tr")

    def test_a_filter_leaves_the_runs_that_are_looked_for(self):
        self.assertEqual(self.rows(), 64)
        self.run_js("document.querySelector('#filter').focus()")
        self.browser.type("sweep_1")
        self.assertEqual(self.rows(), 10)
        self.assertEqual(self.text("#runs .filter [aria-live]"), "10 of 64 runs")

    def test_stays_short(self):
        self.assertLess(self.run_js("document.querySelector('#runs').offsetHeight"), 1500)
        answered = "[...document.querySelectorAll('#questions > .fold')].filter(n => !n.textContent.includes('no run yet'))"
        self.assertTrue(self.run_js(f"{answered}.length === 3 && {answered}.every(n => !n.open)"))
        self.assertIn("12 best of 63 runs", self.text("#runs h3"))

    def test_fits_every_width(self):
        for width in case.WIDTHS:
            with self.subTest(width=width):
                self.browser.resize(width)
                self.assertEqual(self.run_js(OVERFLOW), 0)


if __name__ == "__main__":
    case.main()
