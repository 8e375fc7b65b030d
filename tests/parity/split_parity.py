"""Compares stratified_split and split_three with scikit-learn: split_parity.py PATH_OF_split_dump"""

import random
import subprocess
import sys
from collections import Counter

from split_cases import split, three

# What scikit-learn says (any version) and what the project says about the same refusal.
REFUSALS = [
    (("The sum of test_size and train_size",), 2, "add up to"),
    (("The sum of train_size and test_size",), 4, "rounding asks"),
    (("resulting train set will be empty", "n_samples=0"), 4, "split empty"),
    (("least populated class",), 4, "has only 1 image"),
    (("The train_size = ",), 4, "the training split would have"),
    (("The test_size = ",), 4, "split would have"),
    (("test_size=", "'test_size'"), 2, "fraction"),
    (("train_size=", "'train_size'"), 2, "fraction"),
]
FRACTIONS = [0.01, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.33, 0.4, 0.5, 0.57, 0.6, 0.75, 0.8, 0.9, 0.99]


def random_labels(rng):
    """From no row at all to thousands, from one class to ten, even and very uneven."""
    n = rng.choice([rng.randint(0, 5), rng.randint(4, 60)] + 2 * [rng.randint(20, 300)] + 4 * [rng.randint(100, 3000)])
    classes = rng.sample(range(10), rng.randint(1, 10))
    style = rng.choice(["even", "uneven", "rare", "sorted"])
    if style in ("even", "sorted"):
        labels = [classes[i % len(classes)] for i in range(n)]
        return sorted(labels) if style == "sorted" else labels
    weights = [rng.random() ** 3 + 1e-3 for _ in classes] if style == "uneven" else [1] * len(classes)
    if style == "rare":
        weights[0] = 0.05
    return rng.choices(classes, weights, k=n)


def random_case(rng):
    labels, mode = random_labels(rng), rng.choice(["onehot", "label"])
    seed = rng.choice([0, 1, 2, 42, 2**32 - 1, rng.randrange(2**32)])
    if rng.random() < 0.4:
        return ("three", mode, rng.choice(FRACTIONS), rng.choice(FRACTIONS), seed, labels)
    fraction = rng.choice(FRACTIONS)
    train = rng.choice([None, None, 1 - fraction, rng.choice(FRACTIONS)])
    if rng.random() < 0.03:
        fraction = rng.choice([0.0, 1.0, -0.5, 1.5])
    return ("split", mode, train, fraction, seed, labels)


def expected(case):
    kind, mode, first, second, seed, labels = case
    try:
        parts = (three if kind == "three" else split)(labels, mode, first, second, seed)
        return [list(map(int, part)) for part in parts]
    except ValueError as refused:
        return str(refused)


def line_of(case):
    kind, mode, first, second, seed, labels = case
    return f"{kind} {mode} {'-' if first is None else repr(first)} {second!r} {seed} {''.join(map(str, labels)) or '.'}"


def agrees(answer, wanted):
    if isinstance(wanted, list):
        return [[int(row) for row in part.split(",")[:-1]] for part in answer.split()] == wanted
    for texts, code, ours in REFUSALS:
        if any(text in wanted for text in texts):
            return answer.startswith(f"error {code} ") and ours in answer
    raise RuntimeError(f"scikit-learn refused in a way this script does not know: {wanted}")


def main():
    rng = random.Random(20240607)
    cases = [random_case(rng) for _ in range(2500)]
    cases += [("three", mode, 0.2, 0.2, seed, rng.choices(range(10), [19, 15, 12, 10, 9, 8, 8, 7, 7, 7], k=n))
              for mode in ("onehot", "label") for seed in (1, 7) for n in (99289, 8000)]
    text = "\n".join(map(line_of, cases)) + "\n"
    answers = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(answers) == len(cases), f"{len(answers)} answers to {len(cases)} cases"
    tally, wrong = Counter(), 0
    for case, answer in zip(cases, answers):
        wanted = expected(case)
        tally["splits" if isinstance(wanted, list) else "refusals"] += 1
        if not agrees(answer, wanted):
            wrong += 1
            print(f"differs: {line_of(case)[:150]}\n  got {answer[:150]}\n  for {str(wanted)[:150]}")
    print(f"{dict(tally)}, {wrong} differ")
    return 1 if wrong or min(tally.values()) < 200 else 0


if __name__ == "__main__":
    sys.exit(main())
