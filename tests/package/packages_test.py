"""What scripts/package.sh packs, as far as it needs neither root nor a network: the installed files run from another
folder, the source archive holds what git tracks. scripts/check_packages.sh installs the packages themselves.

SVHN_BUILD names the build folder, SVHN_CMAKE the program cmake (CTest sets both).
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cli"))
import harness  # noqa: E402


def git(*arguments):
    return subprocess.run(["git", "-C", harness.SOURCE, *arguments], capture_output=True, text=True, check=True).stdout


class InstalledFiles(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix = os.path.join(cls.base, "moved")
        subprocess.run([os.environ["SVHN_CMAKE"], "--install", os.environ["SVHN_BUILD"], "--prefix",
                        os.path.join(cls.base, "first"), "--component", "runtime"], check=True, capture_output=True)
        os.rename(os.path.join(cls.base, "first"), cls.prefix)

    def installed(self, *arguments):
        return subprocess.run([os.path.join(self.prefix, "bin", "svhn"), *arguments], cwd=self.base,
                              env=harness.environment(), capture_output=True, text=True, timeout=harness.SECONDS,
                              check=True).stdout

    def test_program_finds_its_configs(self):
        self.assertEqual(self.installed("config", "check", "q2_1"),
                         f"{self.prefix}/share/svhn/configs/q2_1.json: ok, model_2_1, 552,298 parameters\n")

    def test_program_finds_its_library_and_its_model(self):
        picture = os.path.join(self.prefix, "share/svhn/models/demo.png")
        answer, = json.loads(self.installed("predict", "--model", "demo", picture, "--json"))
        self.assertEqual(answer["digit"], 7)

    def test_pages_and_licences_are_there(self):
        pages = os.listdir(os.path.join(self.prefix, "share/doc/svhn/docs"))
        self.assertEqual(sorted(pages), sorted(os.listdir(os.path.join(harness.SOURCE, "docs"))))
        self.assertTrue(os.path.isfile(os.path.join(self.prefix, "share/doc/svhn/LICENSE")))


@unittest.skipUnless(os.path.exists(os.path.join(harness.SOURCE, ".git")) and shutil.which("xz"), "no checkout, or no xz")
class SourceArchive(harness.ProgramTest):
    def packed(self, name):
        subprocess.run([os.path.join(harness.SOURCE, "scripts", "package.sh"), "--output", self.path(name), "source"],
                       check=True, capture_output=True)
        archive, = os.listdir(self.path(name))
        return self.path(name, archive)

    def test_holds_what_git_tracks_and_has_the_same_bytes_every_time(self):
        first, second = self.packed("first"), self.packed("second")
        with tarfile.open(first) as archive:
            names = [member.name for member in archive if not member.isdir()]
        top = os.path.basename(first).removesuffix(".tar.xz")
        tracked = git("ls-tree", "-r", "-z", "--name-only", "HEAD").split("\0")
        self.assertEqual(sorted(names), sorted(f"{top}/{name}" for name in tracked if name))
        digests = {hashlib.sha256(harness.read_bytes(path)).hexdigest() for path in (first, second)}
        self.assertEqual(len(digests), 1)


if __name__ == "__main__":
    harness.main()
