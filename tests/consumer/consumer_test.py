#!/usr/bin/env python3
"""An installed svhn, as others use it: programs in C, C++ and Python give the answers of `svhn predict`.

The environment variables SVHN_BIN and SVHN_BUILD name the program and the build folder that is installed (CTest sets
them).
"""

import glob
import json
import os
import random
import shutil
import subprocess
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "cli"))
import harness  # noqa: E402
from predict_test import write_ppm  # noqa: E402

EXAMPLES = os.path.join(SOURCE, "docs", "examples")
MODEL = os.path.join(SOURCE, "models", "demo.safetensors")


class Installed(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix, cls.work = os.path.join(cls.base, "prefix"), os.path.join(cls.base, "work")
        os.makedirs(cls.work)
        for component in ("runtime", "development"):
            cls.call("cmake", "--install", os.environ["SVHN_BUILD"], "--prefix", cls.prefix, "--component", component)
        cls.call("cmake", "-S", os.path.dirname(os.path.abspath(__file__)), "-B", "build", "-DSVHN_WANTED=0.1",
                 "-DCMAKE_PREFIX_PATH=" + cls.prefix)
        cls.call("cmake", "--build", "build")
        cls.program = os.path.join(cls.prefix, "bin", "svhn")
        numbers = random.Random(5)
        cls.pictures = []
        for name, side, scale in (("small.ppm", 32, 1), ("odd.ppm", 41, 1), ("large.ppm", 29, 4)):
            cls.pictures.append(os.path.join(cls.work, name))
            write_ppm(cls.pictures[-1], bytes(numbers.randrange(256) for _ in range(3 * side * side)), side, scale)
        told = json.loads(cls.call(cls.program, "predict", "--model", MODEL, "--json", *cls.pictures))
        cls.expected = [(entry["digit"], [entry["probabilities"][str(d)] for d in range(10)]) for entry in told]

    @classmethod
    def call(cls, *command, **variables):
        done = subprocess.run(command, cwd=cls.work, env=harness.environment(variables), check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def assert_answers(self, *command, **variables):
        """What an example prints of each picture is to the last bit what `svhn predict` prints."""
        for picture, (digit, probabilities) in zip(self.pictures, self.expected):
            first, *lines = self.call(*command, MODEL, picture, **variables).splitlines()
            self.assertEqual(first, f"demo says {digit}")
            self.assertEqual([line.split()[0] for line in lines], [str(d) for d in range(10)])
            self.assertEqual([float(line.split()[1]) for line in lines], probabilities)

    def library_folder(self):
        return os.path.dirname(glob.glob(os.path.join(self.prefix, "lib*", "**", "libsvhn.so.0"), recursive=True)[0])

    def test_the_pictures_differ(self):
        self.assertEqual(len({tuple(probabilities) for _, probabilities in self.expected}), 3)

    def test_a_c_program_by_cmake(self):
        self.assert_answers(os.path.join(self.work, "build", "classify_c"))

    def test_a_cpp_program_by_cmake(self):
        self.assert_answers(os.path.join(self.work, "build", "classify_cpp"))

    def test_a_cpp_program_by_pkg_config(self):
        if shutil.which("pkg-config") is None:
            self.skipTest("pkg-config is not installed")
        folder = self.library_folder()
        words = self.call("pkg-config", "--cflags", "--libs", "svhn", PKG_CONFIG_PATH=os.path.join(folder, "pkgconfig"))
        self.call("c++", "-std=c++17", os.path.join(EXAMPLES, "classify.cpp"), *words.split(), "-o", "by_pkg_config")
        self.assert_answers(os.path.join(self.work, "by_pkg_config"), LD_LIBRARY_PATH=folder)

    def test_python_by_ctypes(self):
        self.assert_answers(sys.executable, os.path.join(EXAMPLES, "classify.py"),
                            SVHN_LIBRARY=os.path.join(self.library_folder(), "libsvhn.so.0"))

    def test_errors_end_the_examples_with_a_line_and_a_hint(self):
        for example, code in (("classify_c", 5), ("classify_cpp", 5)):
            done = subprocess.run([os.path.join(self.work, "build", example), "none.safetensors", self.pictures[0]],
                                  cwd=self.work, check=False, text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (code, ""))
            self.assertRegex(done.stderr, r"\A.*none\.safetensors.*\n.+\n\Z")

    def test_another_version_is_not_found(self):
        done = subprocess.run(["cmake", "-S", os.path.join(SOURCE, "tests", "consumer"), "-B", "other",
                               "-DSVHN_WANTED=1.0", "-DCMAKE_PREFIX_PATH=" + self.prefix], cwd=self.work, check=False,
                              text=True, capture_output=True)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("0.1.0", done.stderr)


if __name__ == "__main__":
    harness.main()
