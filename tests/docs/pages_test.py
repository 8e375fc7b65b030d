#!/usr/bin/env python3
"""The project's pages: every command on them runs, every link and picture is there (see pages.py).

    SVHN_BIN=build/dev/bin/svhn tests/docs/pages_test.py [Pages.test_README_md …]

The environment variable SVHN_BIN names the program (CTest sets it).
"""

import os
import re
import sys
import tempfile
import textwrap
import unittest

import pages

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("SVHN_BIN", "")


class Pages(unittest.TestCase):
    """One test for each page; they are added below."""

    def check(self, name):
        page, runner = pages.check_page(SOURCE, name, os.path.abspath(PROGRAM))
        for text in runner.notes:
            print(f"  {text}")
        for seconds, _, line, command in runner.timings:
            if seconds >= 3:
                print(f"  {name}:{line}: {seconds:.1f} s: {command.splitlines()[0]}")
        print(f"  {len(runner.timings)} commands in {sum(t[0] for t in runner.timings):.1f} s", flush=True)
        if page.faults:
            self.fail("\n" + "\n".join(map(pages.told, page.faults)))


def add_pages():
    for name in pages.pages_of(SOURCE):
        def test(self, name=name):
            if not os.access(PROGRAM, os.X_OK):
                self.skipTest("SVHN_BIN does not name the program")
            self.check(name)
        setattr(Pages, "test_" + re.sub(r"\W", "_", name), test)


class Checker(unittest.TestCase):
    """The checker finds what it promises to find, on small pages of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="svhn-pages-test-")
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text).lstrip("\n"))

    def faults(self, text):
        self.write("README.md", text)
        page, self.runner = pages.check_page(self.root, "README.md", "")
        return [pages.told(fault) for fault in page.faults]

    def test_a_good_page_has_no_fault_and_its_commands_share_a_folder_and_a_shell(self):
        self.write("docs/other.md", "# A heading, with `code`\n")
        self.assertEqual(self.faults("""
            [other](docs/other.md#a-heading-with-code), [here](#top), [elsewhere](https://example.org/none), `docs/other.md`
            # Top
            <!-- setup
            name=first
            -->
            ```sh
            # A comment.
            echo $name \\
              > file
            cat <<END > second
            'not a quote
            END
            ```
            ```python
            assert open("file").read() == "first\\n"
            assert open("second").read() == "'not a quote\\n"
            ```
            <!-- file: data.json -->
            ```json
            {"a": [1, 2]}
            ```
            ```sh
            grep -q 2 data.json
            ```
            """), [])
        self.assertEqual(len(self.runner.timings), 5)

    def test_a_failing_command_is_told_with_page_line_and_command_and_ends_the_page(self):
        self.assertEqual(self.faults("""
            ```sh
            true
            echo said; test -f none && true
            echo never > file
            ```
            ```sh
            false
            ```
            """), ["README.md:3: echo said; test -f none && true\n    ended with 1\n    said"])

    def test_a_command_that_ends_the_shell_fails(self):
        self.assertEqual(self.faults("```sh\nexit 3\n```\n"), ["README.md:2: exit 3\n    ended with 3"])

    def test_a_failing_part_of_a_pipe_fails(self):
        self.assertEqual(self.faults("```sh\nfalse | cat\n```\n"), ["README.md:2: false | cat\n    ended with 1"])

    def test_a_program_that_fails_is_told_with_the_line_of_the_page(self):
        found = self.faults("text\n```python\nx = 1\nassert x == 2\n```\n")
        self.assertEqual(len(found), 1)
        self.assertIn('File "README.md", line 4', found[0])

    def test_a_program_whose_module_is_missing_is_left_out_with_a_note(self):
        self.assertEqual(self.faults("```python\nfrom none_such.part import x\nx()\n```\n"), [])
        self.assertEqual(self.runner.notes, ["README.md:2: left out: there is no module none_such"])

    def test_a_marked_block_is_not_run(self):
        self.assertEqual(self.faults("<!-- not run: needs a GPU -->\n```sh\nfalse\n```\n"), [])
        self.assertEqual(self.runner.notes, ["README.md:3: not run: needs a GPU"])

    def test_a_marker_states_a_reason(self):
        for marker in ("<!-- not run -->", "<!-- not run: -->"):
            self.assertEqual(self.faults(f"{marker}\n```sh\nfalse\n```\n"),
                             ["README.md:1: a 'not run' marker must state its reason: <!-- not run: REASON -->"])

    def test_a_marker_stands_before_a_block(self):
        self.assertEqual(self.faults("<!-- not run: why -->\ntext\n```sh\ntrue\n```\n"),
                         ["README.md:1: a 'not run' marker must stand on the line before a block"])

    def test_a_misspelt_marker_is_refused(self):
        self.assertEqual(len(self.faults("<!-- not-run: why -->\n```sh\ntrue\n```\n")), 1)

    def test_commands_do_not_hide_behind_another_tag(self):
        self.assertEqual(self.faults("```bash\ntrue\n```\n"), ["README.md:1: the block's tag is 'bash'; write 'sh'"])
        self.assertEqual(self.faults("```\nsvhn train\n```\n"), ["README.md:1: a block of commands needs the tag 'sh'"])

    def test_a_block_without_an_end_is_told(self):
        self.assertEqual(self.faults("text\n```sh\ntrue\n"), ["README.md:2: this block has no end"])

    def test_json_that_is_none_is_told(self):
        self.assertEqual(len(self.faults("```json\n{\"a\": }\n```\n")), 1)

    def test_broken_links_and_missing_pictures_are_told(self):
        self.write("docs/other.md", "# Heading\n```sh\n# Not a heading\n```\n")
        self.assertEqual(self.faults("""
            [a](docs/none.md) ![picture](docs/images/none.png)
            <img src="none.svg">
            [b](docs/other.md#none) [c](docs/other.md#not-a-heading) [d](../outside.md) `tests/none.py`
            """), ["README.md:1: the link 'docs/none.md' leads nowhere",
                   "README.md:1: the link 'docs/images/none.png' leads nowhere",
                   "README.md:2: the link 'none.svg' leads nowhere",
                   "README.md:3: the link 'docs/other.md#none' names a heading that 'docs/other.md' does not have",
                   "README.md:3: the link 'docs/other.md#not-a-heading' names a heading that 'docs/other.md' does not have",
                   "README.md:3: the link '../outside.md' leaves the repository",
                   "README.md:3: `tests/none.py` is not in the repository"])

    def test_what_stands_in_a_block_or_in_code_is_no_link(self):
        self.assertEqual(self.faults("`[a](none)` ``[b](`none`)``\n```text\n[c](none)\n```\n`src/ROOM/NAME.cpp`\n"), [])

    def test_a_command_that_does_not_end_is_told(self):
        shell_seconds, pages.SECONDS = pages.SECONDS, 1
        self.addCleanup(setattr, pages, "SECONDS", shell_seconds)
        self.assertEqual(self.faults("```sh\nsleep 60\n```\n"), ["README.md:2: sleep 60\n    did not end in time"])


add_pages()
if __name__ == "__main__":
    unittest.main(verbosity=2, argv=sys.argv)
