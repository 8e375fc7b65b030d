#!/usr/bin/env python3
"""SqueezeNet 1.1 with its ImageNet weights and classifier on a photograph of a cat.

    python3 tests/parity/backbone_cat.py build/tests/parity/backbone_dump

The weights lie in SVHN_SHARED/weights (../shared beside the sources when unset). Needs numpy and Pillow.
"""
import os
import pathlib
import sys

try:
    import numpy as np
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from backbone_case import run_backbone

# Known results, to two digits; the picture stretched to SqueezeNet's 227x227 with Pillow's bilinear filter gives them.
EXPECTED = {"kit fox": 0.60, "lynx": 0.12, "red fox": 0.11, "tiger cat": 0.06, "tabby": 0.05}
SIDE = 227


def shared_folder():
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared"
    return pathlib.Path(os.environ.get("SVHN_SHARED", beside)) / "weights"


def classify(dump, weights, image):
    pixels = np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255
    logits = run_backbone(dump, {"name": "squeezenet1_1", "input": "torch", "top": True}, weights, pixels)[0]
    exponential = np.exp(logits.astype(np.float64) - logits.max())
    return exponential / exponential.sum()


def main():
    folder = shared_folder()
    weights, labels = folder / "squeezenet1_1.safetensors", folder / "synset_words.txt"
    image = folder / "cat.jpg"
    if not (weights.exists() and labels.exists() and image.exists()):
        print(f"skipped: no weights and picture in {folder}")
        return 77
    names = [line.split(" ", 1)[1].split(",")[0] for line in labels.read_text().splitlines()]
    picture = Image.open(image).convert("RGB").resize((SIDE, SIDE), Image.BILINEAR)
    probabilities = classify(sys.argv[1], weights, picture)
    best = [names[i] for i in np.argsort(-probabilities)[:5]]
    print(", ".join(f"{name} {probabilities[names.index(name)]:.3f}" for name in best))
    assert best == list(EXPECTED), best
    for name, expected in EXPECTED.items():
        assert abs(probabilities[names.index(name)] - expected) < 0.01, (name, probabilities[names.index(name)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
