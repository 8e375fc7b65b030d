#!/usr/bin/env python3
"""Exported models in onnxruntime: the same pictures get the probabilities that `svhn predict` gives.

    python3 tests/parity/onnx_parity.py PROGRAM ONNX_MODEL [NAME...]

Needs numpy, onnx and onnxruntime (from PyPI: python3 -m venv /tmp/ort; /tmp/ort/bin/pip install onnxruntime onnx).
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

import tiny_safetensors
from onnx_cases import cases

TOLERANCE = 1e-5
COUNT = 5


def run(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], check=True, text=True, stdout=subprocess.PIPE).stdout


def write_pictures(folder, prepared, height, width):
    """Digits of the prepared file, their pixels repeated, each [height,width,3] as a PPM file."""
    rows, columns = np.arange(height) * 32 // height, np.arange(width) * 32 // width
    images = tiny_safetensors.load(prepared)[0]["images"][:COUNT][:, rows][:, :, columns]
    for i, image in enumerate(images):
        (folder / f"{i}.ppm").write_bytes(b"P6\n%d %d\n255\n" % (width, height) + image.tobytes())
    return images


def answers(svhn, model, folder):
    """What `svhn predict` gives, [N,10] in the order of the digits."""
    pictures = [folder / f"{i}.ppm" for i in range(COUNT)]
    told = json.loads(run(svhn, "predict", "--json", "--model", model, *pictures))
    return np.array([[one["probabilities"][str(digit)] for digit in range(10)] for one in told])


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def difference(path, images, expected):
    """The largest difference over batches of one and of all pictures."""
    session, worst = session_of(path), 0.0
    for given, wanted in ((images, expected), (images[:1], expected[:1])):
        probabilities, digits = session.run(["probabilities", "digit"], {"images": given})
        assert probabilities.shape == (len(given), 10) and digits.dtype == np.int64
        assert (digits == probabilities.argmax(axis=1)).all()
        worst = max(worst, np.abs(probabilities - wanted).max())
    return worst


def check(svhn, maker, name, prepared):
    layers, height, width, steps = cases()[name]
    with tempfile.TemporaryDirectory() as base:
        folder = pathlib.Path(base)
        model, path, back = folder / "m.safetensors", folder / "m.onnx", folder / "back.safetensors"
        run(maker, prepared, json.dumps({"layers": layers}), height, width, ",".join(steps), model)
        begin = time.monotonic()
        run(svhn, "export", "--model", model, "--output", path, "--quiet")
        seconds = time.monotonic() - begin
        onnx.checker.check_model(str(path), full_check=True)
        images = write_pictures(folder, prepared, height, width)
        expected = answers(svhn, model, folder)
        assert expected.std(axis=0).mean() > 1e-3, f"{name}: the answers hardly depend on the picture"
        found = difference(path, images, expected)
        run(svhn, "convert", "--input", path, "--output", back, "--quiet")
        again = np.abs(answers(svhn, back, folder) - expected).max()
        print(f"{name:24} {found:.1e}  {seconds:5.1f} s  {path.stat().st_size / 1e6:7.2f} MB  back: {again:.1e}",
              flush=True)
    assert max(found, again) <= TOLERANCE, f"{name}: {found} or {again} is more than {TOLERANCE}"


def main(svhn, maker, *names):
    with tempfile.TemporaryDirectory() as folder:
        prepared = folder + "/data.safetensors"
        run(svhn, "preprocess", "--synthetic", 200, "--output", prepared, "--quiet")
        for name in names or cases():
            check(svhn, maker, name, prepared)


if __name__ == "__main__":
    main(*sys.argv[1:])
