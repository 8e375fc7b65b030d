"""Compares what is read from .mat and .arff files with scipy: mat_arff_parity.py PATH_OF_mat_arff_dump"""

import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import scipy.io
    from scipy.io import arff
except ImportError as missing:
    print(f"skipped: {missing}; install python3-numpy and python3-scipy", file=sys.stderr)
    sys.exit(77)

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SHARED = os.path.join(os.environ.get("SVHN_SHARED", os.path.join(SOURCE, "..", "shared")), "data")


def dump(program, path):
    raw = np.frombuffer(subprocess.run([program, path], check=True, capture_output=True).stdout, np.uint8)
    rows = len(raw) // (3072 + 8)
    return raw[: rows * 3072].reshape(rows, 32, 32, 3), raw[rows * 3072:].view(np.int64)


def check(program, path, images, labels):
    got_images, got_labels = dump(program, path)
    assert np.array_equal(got_images, images), f"{path}: pixels differ"
    assert np.array_equal(got_labels, labels), f"{path}: labels differ"


def check_mat(program, path):
    read = scipy.io.loadmat(path)
    check(program, path, read["X"].transpose(3, 0, 1, 2), read["y"].reshape(-1).astype(np.int64))


def check_arff(program, path):
    rows, _ = arff.loadarff(path)
    table = np.array([[int(value) for value in row] for row in rows])
    check(program, path, table[:, :-1].reshape(-1, 32, 32, 3), table[:, -1])


def generated_mats(folder):
    random = np.random.default_rng(1)
    for rows in (1, 7, 300):
        for kind in ("uint8", "int8", "uint16", "int32", "uint32", "int64", "float32", "float64"):
            for compressed in (False, True):
                path = os.path.join(folder, f"{rows}_{kind}_{compressed}.mat")
                images = random.integers(0, 256, (32, 32, 3, rows), dtype=np.uint8)
                labels = random.integers(1, 11, (rows, 1)).astype(kind)
                scipy.io.savemat(path, {"X": images, "y": labels}, do_compression=compressed)
                yield path


def generated_arff(folder):
    random = np.random.default_rng(2)
    path = os.path.join(folder, "generated.arff")
    with open(path, "w", encoding="ascii", newline="") as file:
        file.write("% made here\r\n@relation 'two words'\r\n")
        file.writelines(f"@attribute pixel{i} {('real', 'NUMERIC', 'Integer')[i % 3]}\r\n" for i in range(3072))
        file.write("@attribute class {9,8,7,6,5,4,3,2,1,0}\r\n@data\r\n")
        for row in random.integers(0, 256, (20, 3072)):
            values = [f"{value}.0" if i % 50 == 0 else str(value) for i, value in enumerate(row)]
            file.write(",".join(values) + f",{row[0] % 10}\r\n")
    return path


def main():
    program = sys.argv[1]
    compared = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in generated_mats(folder):
            check_mat(program, path)
            compared += 1
        check_arff(program, generated_arff(folder))
        compared += 1
    for name, compare in (("train_32x32.mat", check_mat), ("test_32x32.mat", check_mat), ("svhn_200.arff", check_arff)):
        path = os.path.join(SHARED, name)
        if os.path.exists(path):
            compare(program, path)
            compared += 1
        else:
            print(f"not compared: {path} is absent", file=sys.stderr)
    print(f"{compared} files are read as scipy reads them")


if __name__ == "__main__":
    main()
