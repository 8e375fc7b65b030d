"""Small run folders as the commands leave them, for the tests of `svhn report`: every number is made up by rule.

Written with the standard library alone, but for the identity of results, which `svhn evaluate` finds out; `data` is a
prepared file of synthetic digits.
"""

import json
import math
import os
import random
import struct
import subprocess
from array import array

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
TYPES = {"f": "F32", "q": "I64", "B": "U8"}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text if isinstance(text, str) else json.dumps(text))


def write_tensors(path, tensors, metadata):
    """safetensors: {name: (array, shape)}."""
    header, data = {"__metadata__": metadata}, b""
    for name, (values, shape) in tensors.items():
        raw = values.tobytes()
        header[name] = {"dtype": TYPES[values.typecode], "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def prepared(data):
    """The header and the tensors' bytes of a prepared file."""
    with open(data, "rb") as file:
        content = file.read()
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8:8 + length]), content[8 + length:]


def labels_of(data):
    """Class indices and the rows of the test split of a prepared file."""
    header, content = prepared(data)

    def values(name, code):
        begin, end = header[name]["data_offsets"]
        return array(code, content[begin:end])
    return values("labels", "B"), values("test", "q")


def curves(epochs, best):
    rise = [best * (1 - math.exp(-(epoch + 1) / (epochs / 4))) for epoch in range(epochs)]
    return {"loss": [2.3 * math.exp(-epoch / epochs * 2) for epoch in range(epochs)],
            "accuracy": [value * 0.97 for value in rise],
            "val_loss": [2.2 * math.exp(-epoch / epochs * 1.8) + 0.05 for epoch in range(epochs)],
            "val_accuracy": rise, "learning_rate": [0.001] * epochs, "seconds": [2.5] * epochs,
            "images_per_second": [400.0 + epochs] * epochs}


def write_run(folder, name, epochs, best, data):
    run = os.path.join(folder, name)
    write(os.path.join(run, "history.json"), curves(epochs, best))
    layers = [{"type": "conv2d", "name": "conv2d_1", "filters": 8, "kernel": 3, "activation": "selu"}, {"type": "flatten"},
              {"type": "dense", "name": "dense_1", "units": 10, "activation": "softmax"}]
    write(os.path.join(run, "config.resolved.json"), {
        "data": {"file": data, "preprocess": ["greyscale", "minmax"], "augment": None}, "model": {"layers": layers},
        "train": {"epochs": epochs, "batch_size": 64, "optimizer": {"type": "adam", "learning_rate": 0.001}, "seed": 1}})
    write_summary(run, epochs, {"file": data, "synthetic": True})
    return run


def write_summary(run, epochs, data):
    write(os.path.join(run, "summary.json"), {
        "parameters": {"total": 552298, "trainable": 551146, "non_trainable": 1152}, "data": data, "epochs": epochs,
        "model_epoch": epochs, "best_epoch": epochs, "device": "cpu", "precision": "float32",
        "date": "2026-11-30T12:00:00Z"})


def write_model(path, name, data):
    """A network of one dense layer, whose weights are drawn."""
    chance = random.Random(3)
    weights, biases = (array("f", [chance.gauss(0, scale) for _ in range(count)]) for count, scale in ((30720, 0.06), (10, 1)))
    layers = [{"type": "flatten", "name": "flatten_1"}, {"type": "dense", "name": "dense_1", "units": 10, "activation": "softmax"}]
    statistics = json.loads(prepared(data)[0]["__metadata__"]["statistics"])
    steps = {"steps": [], "train": statistics["train"]}
    write_tensors(path, {"dense_1.weight": (weights, [10, 3072]), "dense_1.bias": (biases, [10])},
                  {"format": "svhn-model-1", "kind": "model", "name": name, "input": "[3,32,32]",
                   "layers": json.dumps({"layers": layers}), "preprocessing": json.dumps(steps),
                   "classes": json.dumps([str(d) for d in DIGITS]), "synthetic": "true"})


def evaluate(model, *options):
    done = subprocess.run([os.environ["SVHN_BIN"], "evaluate", "--model", model, *options, "--quiet"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)


def identify(run, name, data):
    """Lets `svhn evaluate` make the folder of the results of the run's best model on the test split. Returns it."""
    model = os.path.join(os.path.dirname(run), name + ".best.safetensors")
    write_model(model, name, data)
    evaluate(model, "--data", data)
    folder, = os.listdir(os.path.join(run, "results"))
    return os.path.join(run, "results", folder)


def write_more_results(run, data, other):
    """Beside the results of a run: of its validation split, of other data, and of weights that it no longer has.

    @param other another prepared file.
    """
    best, last = (run + ending for ending in (".best.safetensors", ".safetensors"))
    evaluate(best, "--data", data, "--split", "val")
    evaluate(best, "--data", other)
    with open(best, "rb") as file:
        weights = file.read()
    with open(last, "wb") as file:
        file.write(weights[:-4] + struct.pack("<f", 1))  # Another bias.
    evaluate(last, "--data", data)
    os.remove(last)


def predictions(labels, rows, chance):
    """(row, true digit, predicted digit, probabilities by digit) of each row; about one of nine is wrong."""
    found = []
    for row in rows:
        true = DIGITS[labels[row]]
        predicted = chance.choice(DIGITS) if chance.random() < 0.12 else true
        top = chance.uniform(0.4, 0.99)
        shares = [(1 - top) / 9] * 10
        shares[predicted] = top
        found.append((row, true, predicted, shares))
    return found


def evaluation(name, found):
    counts = [[0] * 10 for _ in range(10)]
    for _, true, predicted, _ in found:
        counts[DIGITS.index(true)][DIGITS.index(predicted)] += 1
    right = sum(counts[i][i] for i in range(10)) / len(found)
    return {"model": name, "split": "test", "images": len(found), "loss": 0.4, "accuracy": right,
            "accuracy_interval_95": [right - 0.02, right + 0.02], "top_k": {"2": right + 0.01, "3": right + 0.02},
            "expected_calibration_error": 0.031, "digits": DIGITS, "confusion_matrix": counts, "per_class": [],
            "most_confused": [], "images_per_second": 1000, "brier_score": 0.21, "aurc": 0.04,
            "coverage_curve": [{"coverage": share / 10, "accuracy": 1 - (1 - right) * share / 10, "threshold": 1 - share / 20}
                               for share in range(1, 11)]}


def mistake(line, index):
    row, true, predicted, shares = line
    return {"row": row, "index": index, "true": true, "predicted": predicted, "probability": shares[predicted],
            "loss": -math.log(shares[true])}


def write_interpretation(run, name, data):
    chance = random.Random(1)
    labels, test = labels_of(data)
    found = predictions(labels, test, chance)
    folder = identify(run, name, data)
    with open(os.path.join(folder, "about.json"), encoding="utf-8") as file:
        about = json.load(file)
    about["kinds"] = {kind: {} for kind in ("evaluation", "robustness", "misclassified", "activations", "saliency", "tsne")}
    write(os.path.join(folder, "about.json"), about)
    write_summary(run, 12, {"file": data, "synthetic": True, "fingerprint": about["data"]["fingerprint"],
                            "images": {"train": 384, "val": 96, "test": 120}, "split_fingerprint": "0123456789abcdef",
                            "val_fingerprint": "fedcba9876543210"})
    write(os.path.join(folder, "evaluation.json"), evaluation(name, found))
    write(os.path.join(folder, "robustness.json"), {
        "model": name, "split": "test", "images": len(found), "seed": 1, "severities": [1, 5], "clean_error": 0.05,
        "corruptions": [{"name": "shot_noise", "group": "noise", "error": [0.1, 0.5]}, {"name": "frost", "group": "weather", "error": [0.2, 0.4]}],
        "baseline": {"model": "model_1_1", "clean_error": 0.1, "error": [[0.4, 0.8], [0.2, 0.4]]}})
    lines = [f"{row},{true},{predicted}," + ",".join(f"{share:.9g}" for share in shares) for row, true, predicted, shares in found]
    write(os.path.join(folder, "predictions.csv"), "\n".join(["row,true,predicted,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9", *lines]) + "\n")
    wrong = sorted((mistake(line, i) for i, line in enumerate(found) if line[1] != line[2]), key=lambda m: -m["loss"])
    write(os.path.join(folder, "misclassified.json"), {
        "split": "test", "digit": wrong[0]["true"], "first": [m for m in wrong if m["true"] == wrong[0]["true"]], "worst": wrong[:12],
        "suspected_label_errors": wrong[:6]})
    write_arrays(folder, labels, data)
    return found


def write_arrays(folder, labels, data, points=600):
    chance = random.Random(2)
    rows = [row % len(labels) for row in range(points)]
    places = array("f")
    for row in rows:
        angle = labels[row] * math.tau / 10
        places.extend([40 * math.cos(angle) + chance.gauss(0, 7), 40 * math.sin(angle) + chance.gauss(0, 7)])
    # The corners make the map's middle known, and the first point stands there alone.
    places[:6] = array("f", [0, 0, -90, -90, 90, 90])
    write_tensors(os.path.join(folder, "tsne.safetensors"),
                  {"map": (places, [points, 2]), "labels": (array("B", [labels[row] for row in rows]), [points]),
                   "rows": (array("q", rows), [points])}, {"split": "test", "layer": "flatten_1"})
    write(os.path.join(folder, "tsne.json"), {"n": points, "perplexity": 30, "kl_divergence": 1.234})
    filters = array("f", [math.sin(0.2 * (i % 1024) * (1 + i // 1024) / 8) for i in range(8 * 1024)])
    write_tensors(os.path.join(folder, "activations.safetensors"),
                  {"conv2d_1": (filters, [8, 32, 32]), "</script><script>alert(2)</script>": (array("f", [1, 2, 3]), [3])},
                  {"row": "5", "index": "0", "true": str(DIGITS[labels[5]]), "predicted": "7"})
    blob = array("f", [math.exp(-((i % 32 - 16) ** 2 + (i // 32 - 16) ** 2) / 60) for i in range(1024)])
    maps = {f"{kind}.{digit}": (blob if kind == "grad_cam" else array("f", [sign * (v - 0.3) for v in blob]), [32, 32])
            for kind in ("grad_cam", "integrated_gradients", "occlusion") for digit, sign in ((7, 1), (3, -1))}
    write_tensors(os.path.join(folder, "saliency.safetensors"), maps,
                  {"row": "5", "index": "0", "true": "3", "predicted": "7", "probability.7": "0.75", "probability.3": "0.2"})


def write_results(folder):
    trials = []
    for number in range(1, 6):
        failed = number == 4
        trials.append({"id": number, "label": None, "status": "failed" if failed else "completed", "values": {},
                       "score": None if failed else 0.7 + 0.02 * number, "epochs": 10, "seconds": 30.0,
                       "error": "diverged" if failed else None, "run_scores": [], "curve": [],
                       "parameters": [{"name": "units", "paths": ["/model/layers/1/units"], "json": str(32 * number)}]})
    write(os.path.join(folder, "tune_units", "results.json"), {
        "name": "tune_units", "search": "random", "objective": "val_accuracy", "direction": "max", "synthetic": True,
        "trials": trials, "best": None})
    score = {"val_accuracy": 0.57, "seconds": 12.0}
    write(os.path.join(folder, "q4_compare", "comparison.json"), {"name": "q4_compare", "synthetic": True, "backbones": [
        {"name": "vgg16", "weights": "random", "parameters": 14714688, "feature_shape": [512, 1, 1], "frozen": score,
         "unfrozen": {"val_accuracy": 0.92, "seconds": 80.0}, "milliseconds_per_image": 1.5, "error": None},
        {"name": "xception", "weights": "random", "parameters": 0, "feature_shape": [], "frozen": None, "unfrozen": None,
         "milliseconds_per_image": None, "error": "inputs of 32x32 are too small"}]})


def write_all(folder, data):
    """Everything that a page can show. Returns the predictions of model_2_2."""
    found = write_interpretation(write_run(folder, "model_2_2", 12, 0.91, data), "model_2_2", data)
    write_run(folder, "model_2_1", 10, 0.95, data)
    write(os.path.join(folder, HOSTILE, "history.json"), curves(4, 0.5))
    write(os.path.join(folder, "broken", "history.json"), "[")
    write_results(folder)
    return found
