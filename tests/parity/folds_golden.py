"""Writes tests/unit/tune/folds_golden.inc: folds as scikit-learn makes them.

    /usr/bin/python3 tests/parity/folds_golden.py > tests/unit/tune/folds_golden.inc
"""

import numpy as np
import sklearn
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

CASES = [  # labels of the rows, order, folds, seed
    ("0123456789", "plain", 3, 0),
    ("01234567890123", "plain", 4, 0),
    ("0123456789", "shuffled", 3, 1),
    ("0123456789012345678901", "shuffled", 5, 4294967295),
    ("00112233445566778899", "stratified", 2, 0),
    ("9100212210190021101", "stratified", 3, 0),
    ("3333331119", "stratified", 4, 0),
]

GROUP_CASES = [  # labels of the rows, their groups, order, folds
    ("0123456789", "0011223344", "plain", 3),
    ("001122334455667788", "9000112222345678aa", "plain", 4),  # numpy's sort is stable for up to 16 groups.
    ("0011223344", "0123401234", "stratified", 2),
    ("00112233445566778899012345678901", "0123456789abcdefghijklmnopqrstuv", "stratified", 3),
    ("9100212210190021101877", "0001122233345566677899", "stratified", 3),
    ("012345678901234567890123456789012345678901234567", "0001122223445556677788899aaabbccddddeeffggghhiijjjk",
     "stratified", 5),
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
    print("// Labels, groups, order, folds; the validation rows of each fold.")
    print("const GroupCase kGroupCases[] = {")
    for labels, names, order, folds in GROUP_CASES:
        y, groups = np.array([int(c) for c in labels]), np.array([int(c, 36) for c in names[:len(labels)]])
        kind = StratifiedGroupKFold if order == "stratified" else GroupKFold
        parts = [val for _, val in kind(folds).split(y, y, groups)]
        print(f'    {{"{labels}", "{names[:len(labels)]}", FoldOrder::{order}, {folds},')
        print("     {" + ",\n      ".join(braces(part) for part in parts) + "}},")
    print("};")


if __name__ == "__main__":
    main()
