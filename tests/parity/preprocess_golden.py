#!/usr/bin/env python3
"""Writes preprocess_golden.json: what numpy makes of small images for every combination of preprocessing steps.

    python3 tests/parity/preprocess_golden.py            write the file
    python3 tests/parity/preprocess_golden.py --check    exit 1 if numpy here comes to other numbers

Steps are applied to whole splits as arrays, the way the assignment's notebook does it; nothing here knows of the
statistics or tables the C++ code works with.
"""
import json
import pathlib
import sys

try:
    import numpy as np
except ImportError:
    print("skipped: numpy is not installed")
    sys.exit(77)

FILE = pathlib.Path(__file__).with_name("preprocess_golden.json")
SPLITS = {"train": [7, 0, 3, 5, 2, 9], "val": [1, 8], "test": [4, 6]}
PIPELINES = [
    [],
    ["greyscale"],
    ["minmax_per_split"],
    ["minmax"],
    ["standardize"],
    ["greyscale", "minmax_per_split"],
    ["greyscale", "minmax"],
    ["greyscale", "standardize"],
    ["minmax_per_split", "greyscale"],
    ["minmax", "standardize"],
    ["minmax_per_split", "standardize"],
    ["minmax_per_split", "greyscale", "minmax", "standardize"],
    ["minmax", "greyscale", "minmax_per_split"],
]
SAMPLES = 48


def images():
    """u8 [10,32,32,3]; the C++ test has the same formula."""
    n, y, x, c = np.meshgrid(np.arange(10), np.arange(32), np.arange(32), np.arange(3), indexing="ij")
    mixed = ((n * 7919 + y * 131 + x * 37 + c * 71 + x * y * (n + 1)) * 2654435761) % 2**32 >> 13
    return (13 + mixed % (150 + 9 * c + 6 * n)).astype(np.uint8)


def statistics(rgb):
    x = rgb / 255.0
    grey = np.dot(x, [0.2990, 0.5870, 0.1140])
    return {
        "min": x.min(), "max": x.max(), "grey_min": grey.min(), "grey_max": grey.max(),
        "mean": list(x.mean(axis=(0, 1, 2))), "stddev": list(x.std(axis=(0, 1, 2))),
        "grey_mean": grey.mean(), "grey_stddev": grey.std(),
    }


def step(name, x, train):
    """Applies a step to a split x; train is the training split as the steps before have left it."""
    if name == "greyscale":
        return np.dot(x, [0.2990, 0.5870, 0.1140])[..., np.newaxis]
    if name == "minmax_per_split":
        return (x - np.min(x)) / np.ptp(x)
    if name == "minmax":
        return (x - np.min(train)) / np.ptp(train)
    if name == "standardize":
        return (x - train.mean(axis=(0, 1, 2))) / train.std(axis=(0, 1, 2))
    raise ValueError(name)


def run(pipeline, rgb, rgb_train):
    x, train = rgb / 255.0, rgb_train / 255.0
    for name in pipeline:
        x, train = step(name, x, train), step(name, train, train)
    return x.transpose(0, 3, 1, 2)


def case(pipeline, split, pixels):
    result = run(pipeline, pixels[SPLITS[split]], pixels[SPLITS["train"]])
    flat = result.reshape(-1)
    at = [int(i) for i in np.linspace(0, flat.size - 1, SAMPLES)]
    return {"steps": pipeline, "split": split, "shape": list(result.shape), "sum": float(flat.sum()),
            "at": at, "values": [float(flat[i]) for i in at]}


def main():
    pixels = images()
    golden = {
        "statistics": {name: statistics(pixels[rows]) for name, rows in SPLITS.items()},
        "cases": [case(p, s, pixels) for p in PIPELINES for s in ("train", "val")],
    }
    if "--check" not in sys.argv:
        FILE.write_text(json.dumps(golden, separators=(",", ":")).replace('{"steps"', '\n{"steps"') + "\n")
        return 0
    numbers = [np.array(list(leaves(g))) for g in (golden, json.loads(FILE.read_text()))]
    return 0 if np.allclose(*numbers, rtol=1e-12, atol=1e-12) else 1


def leaves(node):
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from leaves(item)
    elif not isinstance(node, str):
        yield node


if __name__ == "__main__":
    sys.exit(main())
