"""scikit-learn's side of the split tests: labels that C++ can make too, and the splits of the assignment."""

import sys

try:
    import numpy as np
    from sklearn.model_selection import train_test_split
except ImportError as missing:
    print(f"skipped: {missing}; install python3-numpy and python3-sklearn", file=sys.stderr)
    sys.exit(77)


def pattern_labels(n):
    """Ten unequal classes in a scattered order; split_test.cpp has the same formula."""
    rows = np.arange(n, dtype=np.uint64)
    return ((rows * np.uint64(2654435761) % np.uint64(2**32)) >> np.uint64(16)) % np.uint64(13) % np.uint64(10)


def stratify_values(labels, mode):
    """What the notebook gave as `stratify`: float32 one-hot rows; or the labels."""
    labels = np.asarray(labels, dtype=np.int64)
    return np.eye(10, dtype=np.float32)[labels] if mode == "onehot" else labels


def split(labels, mode, train, test, seed):
    """Row numbers of one split, in scikit-learn's order. `train` may be None."""
    rows = np.arange(len(labels))
    return train_test_split(
        rows, train_size=train, test_size=test, random_state=seed, stratify=stratify_values(labels, mode)
    )


def three(labels, mode, test, val, seed, both=False):
    """The notebook's two splits. `both`: name train_size as well, as it did."""
    labels = np.asarray(labels)
    train_size = lambda fraction: 1 - fraction if both else None
    rest, test_rows = split(labels, mode, train_size(test), test, seed)
    train_rows, val_rows = split(labels[rest], mode, train_size(val), val, seed)
    return rest[train_rows], rest[val_rows], test_rows
