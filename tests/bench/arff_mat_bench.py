"""MB/s and peak memory of the ARFF and MATLAB readers beside Python's: arff_mat_bench.py PATH_OF_mat_arff_dump [ROWS]

OpenML's client reads ARFF with liac-arff; where that is not installed, scipy.io.arff stands in, which is faster.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import scipy.io
from scipy.io import arff as scipy_arff

try:
    import arff as liac_arff
except ImportError:
    liac_arff = None


def write_arff(path, images, labels):
    with open(path, "w", encoding="ascii") as file:
        file.write("@RELATION SVHN\n\n")
        file.writelines(f"@ATTRIBUTE V{i} INTEGER\n" for i in range(3072))
        file.write("@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}\n\n@DATA\n")
        for row, label in zip(images, labels):
            file.write(",".join(map(str, row)) + f",{label}\n")


def timed(read, path):
    start = time.perf_counter()
    read(path)
    return time.perf_counter() - start


def read_liac(path):
    with open(path, encoding="ascii") as file:
        liac_arff.load(file)


def report(program, name, path, rivals):
    megabytes = os.path.getsize(path) / 1e6
    ours = json.loads(subprocess.run([program, "--time", path], check=True, capture_output=True).stdout)
    print(f"{name}: {megabytes:.0f} MB, {ours['rows']} rows")
    print(f"  svhn     {ours['seconds']:8.3f} s {megabytes / ours['seconds']:8.1f} MB/s, peak {ours['peak_kib'] / 1024:.0f} MiB")
    for rival, read in rivals:
        seconds = timed(read, path)
        print(f"  {rival:8} {seconds:8.3f} s {megabytes / seconds:8.1f} MB/s")


def main():
    program = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    random = np.random.default_rng(1)
    # Neighbouring pixels are alike, as in photographs; white noise would not compress at all.
    coarse = random.integers(0, 256, (rows, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2)
    images = np.clip(coarse + random.integers(-6, 7, coarse.shape), 0, 255).astype(np.uint8)
    labels = random.integers(0, 10, rows)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.arff")
        write_arff(path, images.reshape(rows, 3072), labels)
        python = ("liac", read_liac) if liac_arff else ("scipy", scipy_arff.loadarff)
        report(program, "ARFF", path, [python])
        for compressed in (False, True):
            path = os.path.join(folder, "bench.mat")
            arrays = {"X": images.transpose(1, 2, 3, 0), "y": (labels + 1).reshape(-1, 1).astype(np.uint8)}
            scipy.io.savemat(path, arrays, do_compression=compressed)
            report(program, "MATLAB, compressed" if compressed else "MATLAB", path, [("scipy", scipy.io.loadmat)])


if __name__ == "__main__":
    main()
