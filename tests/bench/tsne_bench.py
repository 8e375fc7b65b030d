"""t-SNE beside scikit-learn's: tsne_bench.py PATH_OF_tsne_dump [--points N N ...] [--embeddings FILE] [--peer-below N]
[--mixtures M]

Runs both programs on the same points in turn, both on all cores this process may use, and prints a table: seconds,
processor seconds (start-up included), KL divergence and the share of the ten nearest neighbours that the map keeps. The
points are a warped mixture of ten Gaussians in 50 dimensions, or rows of an embeddings.safetensors (reduced to 50
dimensions first, for both). --mixtures takes so many mixtures of each size: the share kept differs by some 0.0005 from
run to run. --peer-below leaves scikit-learn out from that many points on (60,000 take it some ten minutes).
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "parity"))
import tiny_safetensors  # noqa: E402

PEER = """
import json, numpy, sys, time
from sklearn.manifold import TSNE
points = numpy.load(sys.argv[1])
clock = time.perf_counter()
tsne = TSNE(perplexity=30, init="pca", learning_rate="auto", random_state=1, n_jobs=int(sys.argv[3]))
numpy.save(sys.argv[2], tsne.fit_transform(points))
print(json.dumps({"seconds": time.perf_counter() - clock, "kl_divergence": float(tsne.kl_divergence_)}))
"""
ROW = "{:>7} {:<13} {:>9} {:>10} {:>8} {:>8} {:>8}"


def mixture(count, seed=0):
    """Ten groups of unequal spread on a curved surface of 12 dimensions in 50, a little noise on top."""
    draw = np.random.default_rng(seed)
    group = np.arange(count) % 10
    spread = 0.6 + 0.8 * draw.random((10, 12))
    hidden = 1.6 * draw.normal(size=(10, 12))[group] + spread[group] * draw.normal(size=(count, 12))
    bent = np.tanh(hidden @ draw.normal(size=(12, 64)) / np.sqrt(12)) @ draw.normal(size=(64, 50)) / 8
    return (3 * bent + 0.05 * draw.normal(size=(count, 50))).astype(np.float32)


def points_of(path, count, seed):
    if path is None:
        return mixture(count, seed)
    rows = tiny_safetensors.load(path)[0]["embeddings"][:count]
    return PCA(50).fit_transform(rows).astype(np.float32) if rows.shape[1] > 50 else rows


def timed(command):
    """Returns what a program printed, its wall time and its processor time."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    made = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    wall, after = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads(made.stdout)
    summary["processor"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    summary["wall"] = wall
    return summary


def nearest(points):
    return NearestNeighbors(n_neighbors=10, n_jobs=-1).fit(points).kneighbors(return_distance=False)


def kept(near, map_):
    return float(np.mean([len(set(a) & set(b)) for a, b in zip(near, nearest(map_))])) / 10


def tell(count, name, summary, share, ratio=""):
    print(ROW.format(count, name, f"{summary['seconds']:.1f}", f"{summary['processor']:.1f}",
                     f"{summary['kl_divergence']:.4f}", f"{share:.4f}", ratio), flush=True)


def measure(program, points, folder, with_peer):
    count, cores = len(points), len(os.sched_getaffinity(0))
    source, target = folder / "in.safetensors", folder / "out.safetensors"
    tiny_safetensors.save(source, {"points": points})
    near = nearest(points)
    ours = timed([program, "map", source, target, f"threads={cores}"])
    share = kept(near, tiny_safetensors.load(target)[0]["map"])
    if not with_peer:
        return tell(count, "svhn", ours, share)
    np.save(folder / "in.npy", points)
    theirs = timed([sys.executable, "-c", PEER, folder / "in.npy", folder / "out.npy", str(cores)])
    tell(count, "svhn", ours, share, f"{theirs['seconds'] / ours['seconds']:.1f} x")
    tell(count, "scikit-learn", theirs, kept(near, np.load(folder / "out.npy")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--points", type=int, nargs="+", default=[2000, 10000, 60000])
    parser.add_argument("--embeddings")
    parser.add_argument("--peer-below", type=int, default=1_000_000)
    parser.add_argument("--mixtures", type=int, default=1)
    options = parser.parse_args()
    print(ROW.format("points", "", "seconds", "processor", "KL", "kept", "faster"))
    with tempfile.TemporaryDirectory() as folder:
        for count in options.points:
            for seed in range(1 if options.embeddings else options.mixtures):
                points = points_of(options.embeddings, count, seed)
                measure(options.program, points, pathlib.Path(folder), count < options.peer_below)


if __name__ == "__main__":
    main()
