"""The manual pages: every option of every help stands in its page, and the programs that read pages understand them."""

import os
import re
import shutil
import subprocess
import unittest

import harness
from completion_test import CommandsTest, listed


class Pages(CommandsTest):
    def setUp(self):
        super().setUp()
        self.succeed("__manuals", "made")
        self.folder = self.path("made/man/man1")

    def pages(self):
        return sorted(os.listdir(self.folder))

    def render(self, page, columns=200):
        """The page as a terminal shows it, without its bold and italic letters."""
        done = subprocess.run(["man", "-l", os.path.join(self.folder, page)], capture_output=True, check=True,
                              env={**os.environ, "MANWIDTH": str(columns), "LC_ALL": "C.UTF-8", "MANPAGER": "cat",
                                   "MAN_KEEP_FORMATTING": ""})
        return re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout.decode())

    def require(self, program):
        if shutil.which(program) is None:
            self.skipTest(f"{program} is not installed")

    def test_each_command_has_a_page_and_nothing_else_has(self):
        commands = self.commands()
        self.assertIn(("config", "check"), commands)
        self.assertEqual(self.pages(), sorted("-".join(("svhn", *command)) + ".1" for command in [(), *commands]))
        self.assertEqual(harness.tree(self.path("made"))[0], "bash-completion/completions/svhn")
        for shell, place in (("bash", "bash-completion/completions/svhn"), ("zsh", "zsh/site-functions/_svhn"),
                             ("fish", "fish/vendor_completions.d/svhn.fish")):
            self.assertEqual(harness.read_bytes(self.path("made", place)).decode(),
                             self.succeed("completion", shell).out)

    def test_pages_have_what_the_help_has(self):
        self.require("man")
        for command in [(), *self.commands()]:
            with self.subTest(command):
                help_text = self.succeed(*command, "--help").out
                text = self.render("-".join(("svhn", *command)) + ".1", 2000)
                options = text.partition("\nOPTIONS\n")[2].partition("\nEXAMPLE\n")[0]
                shown = set(re.findall(r"(?m)^ +(?:-h, )?(--[a-z-]+)(?: |$)", options))
                self.assertEqual(shown, {name for name in listed(help_text) if name.startswith("--")})
                for name in shown - {"--help", "--version"}:
                    self.assertIn(name, text.partition("\nSYNOPSIS\n")[2].partition("\nDESCRIPTION\n")[0])
                words = " ".join(text.split())
                for line in re.findall(r"(?m)^ {30}(\S.*)$", help_text.partition("\nSubcommands:")[0]):
                    self.assertIn(line.strip(), words)
                example = help_text.partition("\nExample:\n")[2].split("\n")[0].strip()
                self.assertIn(example, re.sub(r" \\\n +", " ", text.partition("\nEXAMPLE\n")[2]))
                for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "SEE ALSO"):
                    self.assertIn(f"\n{section}\n", text)

    def test_exit_codes_are_those_of_the_documentation(self):
        self.require("man")
        with open(os.path.join(harness.SOURCE, "docs/commands.md"), encoding="utf-8") as file:
            documented = re.findall(r"(?m)^\| (\d+(?: \+ n)?) \| ", file.read())
        self.assertEqual(len(documented), 9)
        text = self.render("svhn-train.1").partition("\nEXIT STATUS\n")[2].partition("\nFILES\n")[0]
        self.assertEqual(re.findall(r"(?m)^ {7}(\d+(?: \+ n)?)(?: |$)", text), documented)

    def test_variables_and_files_stand_where_they_matter(self):
        self.require("man")
        self.assertIn("SVHN_CHROMIUM", self.render("svhn-report.1"))
        self.assertNotIn("SVHN_CHROMIUM", self.render("svhn-train.1"))
        self.assertIn("SVHN_BIND", self.render("svhn-train.1"))
        self.assertIn("history.json", self.render("svhn-train.1"))
        self.assertNotIn("history.json", self.render("svhn-env.1"))

    def test_the_same_program_writes_the_same_pages(self):
        before = {name: harness.read_bytes(self.path("made", name)) for name in harness.tree(self.path("made"))}
        self.succeed("__manuals", "again", env={"TZ": "Asia/Tokyo", "LC_ALL": "C"})
        after = {name: harness.read_bytes(self.path("again", name)) for name in harness.tree(self.path("again"))}
        self.assertEqual(before, after)

    def test_groff_has_no_warnings(self):
        self.require("man")
        for page in self.pages():
            with self.subTest(page):
                done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                                       os.path.join(self.folder, page)], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, env={**os.environ, "MANWIDTH": "80"}, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_lines_fit_narrow_terminals(self):
        self.require("man")
        for page in self.pages():
            for columns in (80, 120):
                with self.subTest(page, columns=columns):
                    self.assertLessEqual(max(map(len, self.render(page, columns).splitlines())), columns)

    def test_mandoc_has_no_warnings(self):
        self.require("mandoc")
        for page in self.pages():
            with self.subTest(page):
                done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", os.path.join(self.folder, page)],
                                      capture_output=True, text=True, check=False)
                # The pages have no date, so that two builds give the same.
                found = [line for line in done.stdout.splitlines() if "missing date" not in line]
                self.assertEqual(found, [])

    def test_lexgrog_finds_the_names(self):
        self.require("lexgrog")
        for page in self.pages():
            with self.subTest(page):
                done = subprocess.run(["lexgrog", os.path.join(self.folder, page)], capture_output=True, text=True,
                                      check=False)
                self.assertEqual(done.returncode, 0)
                self.assertRegex(done.stdout, rf': "{page[:-2]} - [A-Za-z][^"]+"')


if __name__ == "__main__":
    unittest.main(verbosity=2)
