"""Compares the scores of an evaluation with scikit-learn's and tests of two models with SciPy's: metric_parity.py PATH_OF_metric_dump"""

import json
import math
import subprocess
import sys

try:
    import numpy as np
    from scipy import optimize, special, stats
    from sklearn import metrics
except ImportError as missing:
    print(f"skipped: {missing}; install python3-numpy, python3-scipy and python3-sklearn", file=sys.stderr)
    sys.exit(77)

CLASSES = np.arange(10)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def calibration_error(confidence, correct, bins=15):
    """Guo et al. 2017, equation 3."""
    which = np.digitize(confidence, np.arange(1, bins) / bins, right=True)
    gaps = [abs(correct[which == b].sum() - confidence[which == b].sum()) for b in range(bins)]
    return sum(gaps) / len(confidence)


def wilson(correct, total, z=1.959963984540054):
    """The two roots p of |correct/total - p| = z sqrt(p (1 - p) / total), Wilson 1927."""
    share = correct / total
    a, b, c = 1 + z * z / total, -(2 * share + z * z / total), share * share
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return [(-b - root) / (2 * a), (-b + root) / (2 * a)]


def risk_coverage_area(confidence, correct):
    """The mean over the images of the risk at the threshold that is their own probability."""
    return np.mean([1 - correct[confidence >= own].mean() for own in confidence])


def coverage_curve(confidence, correct):
    """For each whole percent the first of the thresholds, from the highest down, that covers as much."""
    points = {}
    for threshold in sorted(set(confidence), reverse=True):
        answered = confidence >= threshold
        points.setdefault(int(100 * answered.sum() / len(confidence)), (answered.mean(), correct[answered].mean(), threshold))
    return [dict(zip(("coverage", "accuracy", "threshold"), point)) for percent, point in points.items() if percent > 0]


def best_temperature(truth, logits):
    """Bounded as the program's is; in the logarithm, by Brent's method."""
    def loss(log_temperature):
        scaled = logits / math.exp(log_temperature)
        return (special.logsumexp(scaled, axis=1) - scaled[np.arange(len(truth)), truth]).mean()
    found = optimize.minimize_scalar(loss, bounds=(math.log(0.01), math.log(100)), method="bounded", options={"xatol": 1e-9})
    return math.exp(found.x)


def reference(truth, probabilities):
    predicted = probabilities.argmax(axis=1)
    correct = predicted == truth
    scores = metrics.precision_recall_fscore_support(truth, predicted, labels=CLASSES, zero_division=0)
    clipped = np.clip(probabilities[np.arange(len(truth)), truth], 1e-7, 1 - 1e-7)
    loss = -np.log(clipped).mean()
    assert math.isclose(loss, metrics.log_loss(truth, probabilities, labels=CLASSES), rel_tol=1e-5)
    return {
        "images": len(truth),
        "loss": loss,
        "accuracy": metrics.accuracy_score(truth, predicted),
        "accuracy_interval_95": wilson(int(correct.sum()), len(truth)),
        "top_k": {str(k): metrics.top_k_accuracy_score(truth, probabilities, k=k, labels=CLASSES) for k in (2, 3)},
        "expected_calibration_error": calibration_error(probabilities.max(axis=1), correct),
        "brier_score": sum(metrics.brier_score_loss(truth == k, probabilities[:, k]) for k in CLASSES),
        "aurc": risk_coverage_area(probabilities.max(axis=1), correct),
        "coverage_curve": coverage_curve(probabilities.max(axis=1), correct),
        "confusion_matrix": metrics.confusion_matrix(truth, predicted, labels=CLASSES).tolist(),
        "per_class": [
            {"digit": (i + 1) % 10, "precision": p, "recall": r, "f1": f, "support": int(s)}
            for i, (p, r, f, s) in enumerate(zip(*scores))
        ],
    }


def differences(got, wanted, where=""):
    if isinstance(wanted, dict):
        return [d for key in wanted for d in differences(got[key], wanted[key], f"{where}/{key}")]
    if isinstance(wanted, list):
        assert len(got) == len(wanted), where
        return [d for i, item in enumerate(wanted) for d in differences(got[i], item, f"{where}/{i}")]
    same = math.isclose(got, wanted, rel_tol=1e-9, abs_tol=1e-12)
    return [] if same else [f"{where}: {got} for {wanted}"]


def run(program, truth, logits):
    text = "\n".join(f"{t} " + " ".join(repr(float(v)) for v in row) for t, row in zip(truth, logits))
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def check_pairs(program):
    """McNemar's exact test is that of a fair coin; the interval is Agresti's and Min's (2005), section 3."""
    rng = np.random.RandomState(5)
    pairs = [(10, 0, 0), (10, 10, 0), (100, 7, 7), (20_000, 4_900, 5_100), (26_032, 431, 388)]
    pairs += [(n, a, b) for n in (50, 1000, 26_032) for a, b in rng.randint(0, n // 3, (20, 2))]
    done = subprocess.run([program, "paired"], input="\n".join(f"{n} {a} {b}" for n, a, b in pairs), capture_output=True,
                          text=True, check=True)
    failures = []
    for (n, a, b), got in zip(pairs, json.loads(done.stdout), strict=True):
        p = stats.binomtest(int(a), int(a + b)).pvalue if a + b else 1.0
        d, m = (a - b) / (n + 2), (a + b + 1) / (n + 2)
        half = stats.norm.ppf(0.975) * math.sqrt((m - d * d) / (n + 2))
        wanted = [p, max(-1, d - half), min(1, d + half)]
        failures += [f"{n} {a} {b} {line}" for line in differences(got, wanted)]
    return failures


def main():
    rng = np.random.RandomState(3)
    failures = []
    for n, classes, strength in [(1, 10, 1), (7, 10, 2), (60, 4, 3), (500, 10, 0.1), (3000, 10, 6), (3000, 9, 2)]:
        truth = rng.randint(0, classes, n)
        logits = rng.normal(size=(n, 10)).astype(np.float32)
        logits[np.arange(n), truth] += np.float32(strength) * rng.rand(n).astype(np.float32)
        if n == 500:
            logits = np.repeat(logits[::5], 5, axis=0)  # Equal probabilities of images that are right and wrong.
        wanted = reference(truth, softmax(logits.astype(np.float64)))
        found = run(sys.argv[1], truth, logits)
        temperature = best_temperature(truth, logits.astype(np.float64))
        if n > 1 and not math.isclose(found["temperature"], temperature, rel_tol=1e-5):
            failures.append(f"n={n}: temperature {found['temperature']} for {temperature}")
        failures += [f"n={n}: {line}" for line in differences(found, wanted)]
    failures += check_pairs(sys.argv[1])
    print("\n".join(failures) or "equal")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
