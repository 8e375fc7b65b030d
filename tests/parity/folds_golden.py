"""Writes tests/unit/tune/folds_golden.inc: folds as scikit-learn makes them.

    /usr/bin/python3 tests/parity/folds_golden.py > tests/unit/tune/folds_golden.inc
"""

import numpy as np
import sklearn
from sklearn.model_selection import KFold, StratifiedKFold

CASES = [  # labels of the rows, order, folds, seed
    ("0123456789", "plain", 3, 0),
    ("01234567890123", "plain", 4, 0),
    ("0123456789", "shuffled", 3, 1),
    ("0123456789012345678901", "shuffled", 5, 4294967295),
    ("00112233445566778899", "stratified", 2, 0),
    ("9100212210190021101", "stratified", 3, 0),
    ("3333331119", "stratified", 4, 0),
]


def splitter(order, folds, seed):
    if order == "stratified":
        return StratifiedKFold(folds)
    return KFold(folds, shuffle=order == "shuffled", random_state=seed if order == "shuffled" else None)


def braces(rows):
    return "{" + ", ".join(str(int(row)) for row in rows) + "}"


def main():
    print(f"// Made by tests/parity/folds_golden.py with scikit-learn {sklearn.__version__}, numpy {np.__version__}.")
    print("// Labels, order, folds, seed; the validation rows of each fold.")
    print("const FoldCase kCases[] = {")
    for labels, order, folds, seed in CASES:
        y = np.array([int(c) for c in labels])
        parts = [val for _, val in splitter(order, folds, seed).split(y, y)]
        print(f'    {{"{labels}", FoldOrder::{order}, {folds}, {seed}U,')
        print("     {" + ",\n      ".join(braces(part) for part in parts) + "}},")
    print("};")


if __name__ == "__main__":
    main()
