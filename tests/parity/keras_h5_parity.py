#!/usr/bin/env python3
"""Models that Keras saved as .h5, converted by `svhn convert`: the same images give the same logits.

    pip install tensorflow-cpu tf-keras        (a development machine; CI skips this test)
    python tests/parity/keras_h5_parity.py build/bin/svhn build/tests/parity/network_dump

Runs for Keras 2 (tf_keras) and Keras 3, whichever are installed.
"""
import importlib
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
try:
    import numpy as np
    import tensorflow as tf  # noqa: F401
    import h5py  # noqa: F401
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from keras_h5_models import MODELS, randomise
from network_case import run_logits

TOLERANCE = 1e-4
IMAGES = 6


def keras_versions():
    found = []
    for name in ("tf_keras", "keras"):
        try:
            found.append(importlib.import_module(name))
        except ImportError:
            continue
    return found


def smooth_images(shape):
    """Patches of 8x8 pixels: images that differ from each other by more than noise does, flat where Keras' are."""
    channels = shape[-1] if len(shape) == 3 else shape[0] // 1024
    patches = np.random.default_rng(5).uniform(0, 1, [IMAGES, 4, 4, channels])
    return patches.repeat(8, axis=1).repeat(8, axis=2).astype(np.float32)


def expected_logits(keras, model, images):
    """Before the softmax: of the last layer that is a dense one."""
    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        model = keras.Model(model.inputs, model.layers[-2].output)
    else:
        last.activation = keras.activations.linear
    return np.asarray(model(images, training=False))


def check(svhn, dump, keras, name, folder):
    keras.utils.set_random_seed(1)
    model = MODELS[name](keras)
    randomise(model)
    shape = [int(n) for n in model.input_shape[1:]]
    saved, converted = folder / f"{name}.h5", folder / f"{name}.safetensors"
    model.save(saved)
    said = subprocess.run([svhn, "convert", "--input", saved, "--output", converted], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    assert "Keras model" in said, said
    images = smooth_images(shape)
    expected = expected_logits(keras, model, images.reshape(IMAGES, *shape))
    logits = run_logits(dump, converted, np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    difference = np.abs(logits - expected).max() / max(1.0, np.abs(expected).max())
    spread = expected.std(axis=0).mean()
    print(f"Keras {keras.__version__} {name}: largest difference {difference:.1e}, spread of the logits {spread:.2f}")
    assert difference <= TOLERANCE, f"{name}: {difference}"
    assert spread > 1e-3, f"{name}: the logits hardly depend on the image"


def main():
    versions = keras_versions()
    if not versions:
        print("skipped: no Keras")
        sys.exit(77)
    for keras in versions:
        for name in MODELS:
            with tempfile.TemporaryDirectory() as folder:
                check(sys.argv[1], sys.argv[2], keras, name, pathlib.Path(folder))


if __name__ == "__main__":
    main()
