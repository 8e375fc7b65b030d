#!/usr/bin/env python3
"""Writes augment_golden.json: what scipy makes of small pictures for fixed affine parameters.

    python3 tests/parity/augment_golden.py            write the file
    python3 tests/parity/augment_golden.py --check    exit 1 if scipy here comes to other numbers
"""
import json
import pathlib
import sys

from augment_cases import FILLS, KEYS, check_close, matrix, np, picture, transformed

FILE = pathlib.Path(__file__).with_name("augment_golden.json")
SAMPLES = 40
CHANGES = [
    (12.5, 0, 0, 0, 1, 1),
    (0, 4.25, -3.5, 0, 1, 1),
    (0, -40.0, 75.5, 0, 1, 1),
    (0, 0, 0, 20, 1, 1),
    (0, 0, 0, 0, 0.85, 1.15),
    (-15, 4.8, -4.8, 0.15, 1.15, 0.85),
    (170, -2.5, 9.75, -35, 1.9, 0.3),
]


def case(change, shape, fill):
    m = matrix(*change, *shape[1:])
    result = transformed(picture(*shape), m, fill, 0.25).reshape(-1).astype(float)
    at = sorted({int(i) for i in np.linspace(0, result.size - 1, SAMPLES)})
    return {"parameters": dict(zip(KEYS, change)), "shape": list(shape), "fill": fill, "fill_value": 0.25,
            "matrix": m[:2].reshape(-1).tolist(), "sum": result.sum(), "at": at,
            "values": [round(result[i], 8) for i in at]}


def main():
    golden = [case(change, shape, fill) for change in CHANGES for fill in FILLS
              for shape in ([1, 32, 32], [3, 7, 6])]
    if "--check" in sys.argv:
        return check_close(golden, FILE)
    FILE.write_text(json.dumps(golden, separators=(",", ":")).replace('{"parameters"', '\n{"parameters"') + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
