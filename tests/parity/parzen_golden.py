"""Writes tests/unit/tune/parzen_golden.inc: densities of Parzen estimators by SciPy's truncated normal distribution.

    /usr/bin/python3 tests/parity/parzen_golden.py > tests/unit/tune/parzen_golden.inc
"""

import numpy as np
import scipy
from scipy.stats import truncnorm

# Kind, low and high end of the axis, values from the oldest to the newest, places.
CASES = [
    ("continuous", 0.0, 1.0, [], [0.0, 0.25, 0.5, 0.999]),
    ("continuous", 0.0, 1.0, [0.5], [0.0, 0.5, 0.75]),
    ("continuous", -2.0, 6.0, [5.0, -1.5, 0.25], [-2.0, -1.5, 0.0, 2.0, 4.5, 5.99]),
    ("continuous", np.log(1e-5), np.log(1e-1), list(np.log([1e-3, 2e-3, 1.1e-3, 5e-2])), list(np.log([1e-5, 1e-3, 9e-2]))),
    ("continuous", 0.0, 10.0, [(7 * i % 31) / 3.2 for i in range(31)], [0.1, 3.3, 9.9]),
    ("ordered", -0.5, 7.5, [3, 3, 0, 7], [0, 1, 3, 6, 7]),
    ("ordered", -0.5, 0.5, [0], [0]),
]


def weights(n):
    """1 for the 25 newest, a ramp from 1/n before them; 1 for the prior."""
    ramp = np.linspace(1.0 / n, 1.0, max(n - 25, 0)) if n else np.array([])
    found = np.concatenate([ramp, np.ones(min(n, 25)), [1.0]])
    return found / found.sum()


def deviations(low, high, values):
    means = np.append(values, (low + high) / 2)
    order = np.argsort(means, kind="stable")
    gaps = np.diff(means[order])
    wide = np.maximum(np.append([0.0], gaps), np.append(gaps, [0.0]))
    found = np.empty(len(means))
    found[order] = np.clip(wide, (high - low) / min(100.0, 1.0 + len(means)), high - low)
    found[-1] = high - low
    return means, found


def densities(kind, low, high, values, places):
    means, scales = deviations(low, high, values)
    mixture = truncnorm((low - means) / scales, (high - means) / scales, loc=means, scale=scales)
    for place in places:
        if kind == "continuous":
            each = mixture.pdf(place)
        else:
            each = mixture.cdf(place + 0.5) - mixture.cdf(place - 0.5)
        yield float(np.dot(weights(len(values)), each))


def braces(numbers):
    return "{" + ", ".join(repr(float(number)) for number in numbers) + "}"


def main():
    print(f"// Made by tests/parity/parzen_golden.py with SciPy {scipy.__version__}, numpy {np.__version__}.")
    print("// Kind, ends, values, places, densities there.")
    print("const ParzenCase kParzenCases[] = {")
    for case in CASES:
        kind, low, high, values, places = case
        print(f"    {{Axis::Kind::{kind}, {float(low)!r}, {float(high)!r},\n     {braces(values)},\n     {braces(places)},\n"
              f"     {braces(densities(*case))}}},")
    print("};")


if __name__ == "__main__":
    main()
