#!/usr/bin/env python3
"""Models that Keras saved, converted by `svhn convert`: the same images give the same logits, or the model is refused.

    python tests/parity/keras_import_parity.py PROGRAM NETWORK_DUMP [NAME...]

The committed models of tests/fixtures/keras are always compared. Where Keras is installed (pip install tensorflow-cpu
tf-keras; CI has none), all of its models are made anew, as .keras and as .h5, or those named.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "keras"
sys.path.insert(0, str(FIXTURES))

import make_models
import tiny_safetensors
from models import MODELS, REFUSED
from network_case import run_logits

TOLERANCE = 1e-5  # Times the largest logit, where it is above 1.


def model_of(path):
    """Returns the name of a file's model in the lists."""
    return path.stem if path.stem in MODELS or path.stem in REFUSED else re.sub("_2$", "", path.stem)


def compare(svhn, dump, path, folder):
    """Returns the largest difference of the logits, relative to the largest logit where that is above 1."""
    converted = folder / "converted.safetensors"
    said = subprocess.run([svhn, "convert", "--input", path, "--output", converted], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    assert "Keras model" in said, said
    case = tiny_safetensors.load(path.with_suffix(".safetensors"))[0]
    logits = run_logits(dump, converted, case["images"].astype(np.float32) / np.float32(255))
    expected = case["logits"]
    assert expected.std(axis=0).mean() > 1e-3, f"{path.name}: the logits hardly depend on the image"
    return np.abs(logits - expected).max() / max(1.0, np.abs(expected).max())


def check_refusal(svhn, path, folder):
    answer = subprocess.run([svhn, "convert", "--input", path, "--output", folder / "none.safetensors"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    message = REFUSED[model_of(path)][1]
    assert answer.returncode == 5 and message in answer.stderr, (path.name, message, answer)
    return answer.stderr.splitlines()[0].split(": ", 3)[-1]


def check(svhn, dump, path):
    with tempfile.TemporaryDirectory() as folder:
        if model_of(path) in REFUSED:
            print(f"{path.name:44} refused: {check_refusal(svhn, path, pathlib.Path(folder))}", flush=True)
            return
        difference = compare(svhn, dump, path, pathlib.Path(folder))
    print(f"{path.name:44} {difference:.1e}", flush=True)
    assert difference <= TOLERANCE, f"{path.name}: {difference} is more than {TOLERANCE}"


def files_in(folder):
    return sorted([*folder.glob("*.keras"), *folder.glob("*.h5")])


def main():
    svhn, dump, *names = sys.argv[1:]
    fixtures = files_in(FIXTURES)
    assert fixtures, f"no models in {FIXTURES}"
    for path in fixtures:
        check(svhn, dump, path)
    for suffix, keras in make_models.keras_versions().items():
        for name in names or [*MODELS, *REFUSED]:
            with tempfile.TemporaryDirectory() as folder:
                if make_models.save(keras, name, pathlib.Path(folder, name + suffix)):
                    for path in files_in(pathlib.Path(folder)):
                        check(svhn, dump, path)


if __name__ == "__main__":
    main()
