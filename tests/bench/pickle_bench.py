"""MB/s and peak memory of the pickle reader beside pandas.read_pickle: pickle_bench.py PATH_OF_pickle_dump [ROWS] [FILE...]

Writes frames of ROWS images (99,289: the size of the real data set) one after the other into a temporary folder,
and reads each three times with either reader in turn, so that both have the same load and a warm file cache. The best
of three counts. "processor" is processor time, which other programs disturb less.
pandas returns the frame as it was; svhn also converts, checks and transposes every pixel to u8 [N,32,32,3].
"""

import json
import os
import pickle
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd

READ = """
import pandas, sys, time
clock, processor = time.perf_counter(), time.process_time()
frame = pandas.read_pickle(sys.argv[1])
print(time.perf_counter() - clock, time.process_time() - processor)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


def column_major(images, labels, dtype):
    block = np.empty((3073, len(images)), dtype)
    block[:3072], block[3072] = images.T, labels
    return pd.DataFrame(block.T)


def openml(images, labels):
    frame = pd.DataFrame(np.asfortranarray(images), columns=[f"V{i}" for i in range(3072)])
    frame["class"] = pd.Categorical(labels.astype(str), categories=[str(i) for i in range(10)])
    return frame, [False] * 3073, list(frame.columns)


KINDS = {
    "OpenML tuple, uint8": (openml, 5),
    "int64 frame, one block": (lambda x, y: column_major(x, y, np.int64), 5),
    "int64 frame, a block each": (lambda x, y: pd.DataFrame({**{i: x[:, i].astype(np.int64) for i in range(3072)},
                                                             "class": y}, copy=False), 4),
    "(X, y), float32 / 255": (lambda x, y: (x.astype(np.float32) / np.float32(255), y), 4),
    "int64 frame, protocol 2": (lambda x, y: column_major(x, y, np.int64), 2),
}


def ours(program, path):
    out = json.loads(subprocess.run([program, "--time", path], check=True, capture_output=True).stdout)
    return out["seconds"], out["processor_seconds"], out["peak_kib"]


def theirs(path):
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", READ, path], check=True, capture_output=True).stdout
    return tuple(float(part) for part in out.split())


def report(name, program, path):
    megabytes = os.path.getsize(path) / 1e6
    print(f"{name}: {megabytes:.0f} MB")
    runs = [(ours(program, path), theirs(path)) for _ in range(3)]
    for reader, results in (("svhn", [r[0] for r in runs]), ("pandas", [r[1] for r in runs])):
        seconds, busy, peak = (min(r[i] for r in results) for i in range(3))
        print(f"  {reader:7}{seconds:8.3f} s {megabytes / seconds:8.0f} MB/s   processor {busy:7.3f} s "
              f"{megabytes / busy:8.0f} MB/s   peak {peak / 1024:6.0f} MiB", flush=True)


def main():
    program = sys.argv[1]
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 99289
    print(f"pandas {pd.__version__}, numpy {np.__version__}, load {os.getloadavg()[0]:.1f}")
    for path in sys.argv[3:]:
        report(os.path.basename(path), program, path)
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (rows, 3072), dtype=np.uint8)
    labels = random.integers(0, 10, rows)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.pkl")
        for name, (make, protocol) in KINDS.items():
            with open(path, "wb") as file:
                pickle.dump(make(images, labels), file, protocol)
            report(name, program, path)


if __name__ == "__main__":
    main()
