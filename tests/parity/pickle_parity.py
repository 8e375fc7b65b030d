"""The pickle reader equals pandas.read_pickle on random frames: pickle_parity.py PATH_OF_pickle_dump

Every form of tests/fixtures/pickle is written in every protocol by whatever pandas and numpy this Python has, but
with random pixels and labels and an odd number of rows; those expected are the ones that went in.
"""

import os
import pickle
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    import pandas as pd  # noqa: F401  (the generator needs it)
except ImportError:
    sys.exit(77)

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "pickle")
sys.path.insert(0, FIXTURES)
sys.dont_write_bytecode = True
import generate  # noqa: E402


def dumped(program, path, rows):
    out = subprocess.run([program, path], check=True, capture_output=True).stdout
    split = len(out) - rows * 3072
    images = np.frombuffer(out[split:], np.uint8).reshape(rows, 3072)
    return images, np.array(out[:split].split(), np.int64)


def main():
    program = sys.argv[1]
    warnings.simplefilter("ignore")
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (137, 3072), dtype=np.uint8)
    labels = random.integers(0, 10, 137)
    generate.ROWS, generate.pixels, generate.labels = len(images), lambda: images, lambda: labels
    forms = {**generate.forms(), **generate.nullable_forms(), "bunch": generate.bunch}
    wrong = checked = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.pkl")
        for form, make in sorted(forms.items()):
            try:
                value = make()
            except ImportError:
                continue
            for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
                with open(path, "wb") as file:
                    pickle.dump(value, file, protocol)
                read, read_labels = dumped(program, path, len(images))
                checked += 1
                if not (np.array_equal(read, images) and np.array_equal(read_labels, labels)):
                    print(f"{form}, protocol {protocol}: differs")
                    wrong += 1
    print(f"{checked} pickles, {wrong} differ (pandas {pd.__version__}, numpy {np.__version__})")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
