"""Writes tests/unit/data/split_golden.inc: splits as scikit-learn draws them.

    /usr/bin/python3 tests/parity/split_golden.py > tests/unit/data/split_golden.inc
"""

import numpy as np
import sklearn
from split_cases import pattern_labels, split, three

SMALL = [
    ("01234567890123456789", "onehot", 0.5, 0.5, 1),
    ("01234567890123456789", "label", 0.5, 0.5, 1),
    ("0011122223333344444455", "onehot", 0.6, 0.3, 7),
    ("0011122223333344444455", "label", 0.6, 0.3, 7),
    ("999990000011111", "onehot", None, 0.2, 0),
    ("999990000011111", "label", None, 0.2, 0),
    ("3333333333", "onehot", 0.8, 0.2, 4294967295),
]
LARGE = [
    (99289, "onehot", 0.2, 0.2, 1),
    (99289, "label", 0.2, 0.2, 1),
    (8000, "onehot", 0.2, 0.2, 42),
    (5003, "label", 0.1, 0.25, 123456789),
]


def fingerprint(rows):
    """64-bit FNV-1a over whole row numbers."""
    value = 0xCBF29CE484222325
    for row in rows:
        value = (value ^ int(row)) * 0x100000001B3 % 2**64
    return value


def braces(rows):
    return "{" + ", ".join(str(int(row)) for row in rows) + "}"


def main():
    print(f"// Made by tests/parity/split_golden.py with scikit-learn {sklearn.__version__}, numpy {np.__version__}.")
    print("const SmallCase kSmall[] = {")
    for labels, mode, train, test, seed in SMALL:
        parts = split([int(c) for c in labels], mode, train, test, seed)
        size = "std::nullopt" if train is None else train
        print(f'    {{"{labels}", Stratify::{mode}, {size}, {test}, {seed}U,')
        print(f"     {braces(parts[0])},\n     {braces(parts[1])}}},")
    print("};")
    print("const LargeCase kLarge[] = {")
    for n, mode, test, val, seed in LARGE:
        parts = three(pattern_labels(n), mode, test, val, seed, both=True)
        print(f"    {{{n}, Stratify::{mode}, {test}, {val}, {seed}U,")
        rows = [f"{{{len(p)}, 0x{fingerprint(p):016X}ULL, {p[0]}, {p[-1]}}}" for p in parts]
        print("     {" + "{" + ", ".join(rows) + "}}},")
    print("};")


if __name__ == "__main__":
    main()
