"""Compares the scores of an evaluation with scikit-learn's: metric_parity.py PATH_OF_metric_dump"""

import json
import math
import subprocess
import sys

try:
    import numpy as np
    from sklearn import metrics
except ImportError as missing:
    print(f"skipped: {missing}; install python3-numpy and python3-sklearn", file=sys.stderr)
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


def main():
    rng = np.random.RandomState(3)
    failures = []
    for n, classes, strength in [(1, 10, 1), (7, 10, 2), (60, 4, 3), (500, 10, 0.1), (3000, 10, 6), (3000, 9, 2)]:
        truth = rng.randint(0, classes, n)
        logits = rng.normal(size=(n, 10)).astype(np.float32)
        logits[np.arange(n), truth] += np.float32(strength) * rng.rand(n).astype(np.float32)
        wanted = reference(truth, softmax(logits.astype(np.float64)))
        failures += [f"n={n}: {line}" for line in differences(run(sys.argv[1], truth, logits), wanted)]
    print("\n".join(failures) or "equal")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
