#!/usr/bin/env python3
"""`svhn report --pdf`: with Chromium where it is installed, and with scripts in its place."""

import json
import os
import signal
import sys

import harness

sys.path.append(os.path.join(harness.SOURCE, "tests", "page"))
import browser  # noqa: E402
import runs  # noqa: E402

NO_BROWSER_HINT = "install chromium (or google-chrome), or open the page in a browser and print it there"
PRINT_HINT = "open the page in a browser and print it there"
# Writes down its arguments and surroundings, then the PDF.
STAND_IN = """#!/bin/sh
for argument in "$@"; do
  case "$argument" in
    --print-to-pdf=*) pdf=${argument#--print-to-pdf=} ;;
    --user-data-dir=*) profile=${argument#--user-data-dir=} ;;
  esac
  url=$argument
done
printf '%s\\n' "$url" "$profile" "$HOME" "$XDG_CONFIG_HOME" > "$SVHN_TEST_NOTES"
"""


class ReportPdfTest(harness.PageTest):
    def setUp(self):
        super().setUp()
        runs.write(self.path("runs", "m", "history.json"), runs.curves(2, 0.5))
        os.mkdir(self.path("tmp"))

    def stand_in(self, script):
        """The environment with a script in the place of the browser."""
        path = self.path("browser.sh")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script)
        os.chmod(path, 0o755)
        return {"SVHN_CHROMIUM": path, "SVHN_TEST_NOTES": self.path("notes"), "TMPDIR": self.path("tmp")}

    def report(self, env, *more):
        return self.run_svhn("report", "--runs", "runs", "--output", "r.html", "--pdf", "r.pdf", *more, env=env)

    def assert_nothing_left(self, *kept):
        self.assertEqual(os.listdir(self.path("tmp")), [])
        for name in ("r.html", "r.pdf"):
            self.assertEqual(os.path.exists(self.path(name)), name in kept, name)
        self.assert_no_leftovers()

    def test_chromium_prints_the_page(self):
        if browser.find() is None:
            self.skipTest("Chromium is not installed (scripts/setup.sh --with-checks)")
        result = self.report({"TMPDIR": self.path("tmp")})
        self.assertEqual((result.code, result.out.splitlines()[1:]), (0, ["PDF: r.pdf"]), result)
        pdf = harness.read_bytes(self.path("r.pdf"))
        self.assertTrue(pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF"))
        self.assert_nothing_left("r.html", "r.pdf")

    def test_the_browser_gets_a_profile_of_its_own(self):
        env = self.stand_in(STAND_IN + "printf '%%PDF-1.4' > \"$pdf\"\n")
        result = self.report(env, "--json")
        self.assertEqual((result.code, json.loads(result.out)["pdf"]), (0, "r.pdf"), result)
        url, profile, home, settings = harness.read_bytes(self.path("notes")).decode().splitlines()
        self.assertEqual(url, "file://" + os.path.realpath(self.path("r.html")))
        for folder in (profile, home, settings):
            self.assertTrue(folder.startswith(self.path("tmp")), folder)
        self.assertEqual(harness.read_bytes(self.path("r.pdf")), b"%PDF-1.4")
        self.assert_nothing_left("r.html", "r.pdf")

    def test_without_a_browser_nothing_is_written(self):
        self.assert_error(self.report({"PATH": self.path("tmp")}), 2, "a PDF needs Chromium, which is not installed", NO_BROWSER_HINT)
        self.assert_nothing_left()

    def test_where_the_pdf_cannot_be_written_nothing_is(self):
        result = self.run_svhn("report", "--runs", "runs", "--output", "r.html", "--pdf", "data.safetensors/r.pdf", env=self.stand_in("#!/bin/sh\n"))
        self.assertEqual(result.code, 4, result)
        self.assert_nothing_left()

    def test_a_browser_that_fails_is_told_with_its_last_words(self):
        env = self.stand_in("#!/bin/sh\necho first >&2\necho 'No usable sandbox!' >&2\nexit 1\n")
        self.assert_error(self.report(env), 7, "the page could not be printed: the browser says No usable sandbox!", PRINT_HINT)
        self.assert_nothing_left("r.html")

    def test_a_browser_that_prints_nothing_is_told(self):
        self.assert_error(self.report(self.stand_in("#!/bin/sh\nexit 0\n")), 7, "the page could not be printed: the browser ended", PRINT_HINT)
        self.assert_nothing_left("r.html")

    def test_a_signal_ends_the_browser_and_its_helpers(self):
        # Both ignore SIGTERM; the helper's number is noted last.
        env = self.stand_in("#!/bin/sh\ntrap '' TERM\nsleep 600 &\necho $! > \"$SVHN_TEST_NOTES.new\"\nmv \"$SVHN_TEST_NOTES.new\" \"$SVHN_TEST_NOTES\"\nwait\nsleep 600\n")
        process = harness.start("report", "--runs", "runs", "--output", "r.html", "--pdf", "r.pdf", cwd=self.path(), env=env)
        harness.wait_until(lambda: os.path.exists(self.path("notes")))
        process.send_signal(signal.SIGTERM)
        result = harness.finish(process)
        self.assertEqual(result.code, 128 + signal.SIGTERM, result)
        helper = harness.read_bytes(self.path("notes")).decode().strip()
        harness.wait_until(lambda: not running(helper))
        self.assert_nothing_left("r.html")


def running(number):
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        with open(f"/proc/{number}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    harness.main()
