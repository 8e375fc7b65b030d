"""Damaged and malicious sources: svhn prints one line and a hint or reads them correctly, and never crashes.

Thousands of variants run in the unit tests; these few dozen test the command itself.
"""

import os
import random
import struct
import unittest

import harness
from harness import SOURCE, read_bytes

FIXTURES = {
    "frame.pkl": "tests/fixtures/pickle/openml-1.5-1.24-p5.pkl",
    "old.pkl": "tests/fixtures/pickle/frame_text-2.3-2.4-p4.pkl",
    "plain.mat": "tests/fuzz/corpus/mat/plain.mat",
    "compressed.mat": "tests/fuzz/corpus/mat/compressed.mat",
    "small.arff": None,
}


def arff(rows=40):
    draw = random.Random(5)
    head = "@RELATION svhn\n" + "".join(f"@ATTRIBUTE p{i} numeric\n" for i in range(3072))
    head += "@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}\n@DATA\n"
    lines = [",".join(str(draw.randrange(256)) for _ in range(3072)) + f",{row % 10}" for row in range(rows)]
    return (head + "\n".join(lines) + "\n").encode()


def source(name):
    return arff() if FIXTURES[name] is None else read_bytes(os.path.join(SOURCE, FIXTURES[name]))


HAND_MADE = {
    "nested.pkl": b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b".",
    # Each list holds the one before twice: 2^60 leaves if anybody unfolded them.
    "memo_bomb.pkl": b"\x80\x04]\x94" + b"".join(b"]\x94(h%ch%ce" % (i, i) for i in range(60)) + b".",
    "long_text.pkl": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"x.",
    "long_bytes.pkl": b"\x80\x05\x96" + struct.pack("<Q", 1 << 60) + b"x.",
    "shell.pkl": b"cposix\nsystem\n(S'touch ran'\ntR.",
    "tensors.safetensors": struct.pack("<Q", 1 << 60) + b"{}",
    "huge.mat": b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + struct.pack("<II", 14, 0xFFFFFFF0),
}


class Hostile(harness.ProgramTest):
    def check(self, name, data):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(data)
        result = self.run_svhn("preprocess", "--input", name, "--output", "out.safetensors")
        self.assertIn(result.code, (0, 4), (name, result))
        if result.code == 4:
            lines = result.err.splitlines()
            self.assertEqual(len(lines), 2, (name, result))
            self.assertTrue(lines[0].startswith("svhn: error: "), (name, result))
            self.assertTrue(lines[1].startswith("hint: "), (name, result))
            self.assertEqual(result.out, "", name)
            self.assertFalse(os.path.exists(self.path("out.safetensors")), name)
        else:
            os.remove(self.path("out.safetensors"))
        os.remove(path)
        self.assertEqual([entry for entry in os.listdir(self.dir) if entry.endswith(".tmp")], [])
        return result.code

    def test_cut_files_are_refused(self):
        for name in FIXTURES:
            data = source(name)
            for eighth in range(0, 8, 2):
                with self.subTest(name=name, eighth=eighth):
                    self.assertEqual(self.check(name, data[: len(data) * eighth // 8]), 4)

    def test_flipped_bits_are_refused_or_read(self):
        draw = random.Random(11)
        for name in FIXTURES:
            data = source(name)
            for _ in range(4):
                place, bit = draw.randrange(len(data)), draw.randrange(8)
                flipped = bytearray(data)
                flipped[place] ^= 1 << bit
                with self.subTest(name=name, place=place, bit=bit):
                    self.check(name, bytes(flipped))

    def test_hand_made_attacks_are_refused(self):
        for name, data in HAND_MADE.items():
            with self.subTest(name=name):
                self.assertEqual(self.check(name, data), 4)
                self.assertFalse(os.path.exists(self.path("ran")))


if __name__ == "__main__":
    unittest.main()
