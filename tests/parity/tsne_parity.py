"""Compares the project's t-SNE with scikit-learn's: tsne_parity.py PATH_OF_tsne_dump

What must agree closely: the first map (PCA), the calibrated probabilities, the exact gradient and divergence. What is
compared by quality: whole maps, by KL divergence and by how many of the ten nearest neighbours they keep.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import tiny_safetensors

try:
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE, _t_sne, _utils
    from sklearn.neighbors import NearestNeighbors
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

PROGRAM = sys.argv[1]


def clusters(count, features=20):
    draw = np.random.default_rng(1)
    centres = 2 * draw.normal(size=(10, features))
    return np.tanh(centres[np.arange(count) % 10] / 2 + draw.normal(size=(count, features))).astype(np.float32)


def run(command, folder, arrays, *keys):
    """Returns the arrays and the summary that the program makes of `arrays`."""
    source, target = folder / "in.safetensors", folder / "out.safetensors"
    tiny_safetensors.save(source, arrays)
    made = subprocess.run([PROGRAM, command, source, target, *keys], capture_output=True, text=True, check=True)
    return tiny_safetensors.load(target)[0], json.loads(made.stdout)


def check(name, value, bound):
    print(f"{'ok  ' if value <= bound else 'FAIL'} {name}: {value:.3g} (at most {bound:g})")
    return value <= bound


def relative(value, expected):
    return float(np.linalg.norm(value - expected) / np.linalg.norm(expected))


def check_pca(folder):
    points = clusters(500)
    ours = run("pca", folder, {"points": points}, "features=2")[0]["scores"]
    theirs = PCA(2, svd_solver="full").fit_transform(points.astype(np.float64))
    return check("PCA scores, signs included", relative(ours, theirs), 1e-4)


def check_gradients(folder):
    """The exact method against scikit-learn's own functions on the same map."""
    points, map_ = clusters(400), (5 * np.random.default_rng(2).normal(size=(400, 2))).astype(np.float32)
    ours, summary = run("gradient", folder, {"points": points, "map": map_}, "method=exact", "perplexity=20")
    squared = ((points[:, None].astype(np.float64) - points[None]) ** 2).sum(2)
    conditional = _utils._binary_search_perplexity(squared.astype(np.float32), 20, 0)
    rows = ours["indices"].astype(int)
    ok = check("p(j|i)", np.abs(ours["conditional"] - np.take_along_axis(conditional, rows, 1)).max(), 2e-5)
    joint = _t_sne._joint_probabilities(squared, 20, 0)
    divergence, gradient = _t_sne._kl_divergence(map_.ravel().astype(np.float64), joint, 1, 400, 2)
    gradient = gradient.reshape(400, 2)
    # scikit-learn ends its bisection at 1e-5 of the entropy too, but on sums without the nearest distance taken off.
    ok &= check("exact gradient", relative(ours["exact"], gradient), 1e-4)
    ok &= check("interpolated gradient", relative(ours["fft"], gradient), 2e-3)
    ok &= check("divergence", abs(summary["exact"] - divergence), 1e-4)
    return ok


def kept_neighbours(points, map_):
    near = [NearestNeighbors(n_neighbors=10).fit(x).kneighbors(return_distance=False) for x in (points, map_)]
    return float(np.mean([len(set(a) & set(b)) for a, b in zip(*near)])) / 10


def check_maps(folder):
    points = clusters(800)
    ours, summary = run("map", folder, {"points": points})
    other = TSNE(perplexity=30, init="pca", learning_rate="auto", random_state=1, n_jobs=2)
    theirs = other.fit_transform(points)
    kept = kept_neighbours(points, ours["map"]), kept_neighbours(points, theirs)
    print(f"     KL {summary['kl_divergence']:.4f} and {other.kl_divergence_:.4f}, neighbours kept "
          f"{kept[0]:.4f} and {kept[1]:.4f} (scikit-learn second)")
    return (check("divergence beyond scikit-learn's", summary["kl_divergence"] - other.kl_divergence_, 0.02)
            & check("neighbours lost beyond scikit-learn's", kept[1] - kept[0], 0.01))


def check_places(folder):
    """New points come to lie where their neighbours are."""
    points = clusters(900)
    old, new = points[:800], points[800:]
    map_ = run("map", folder, {"points": old}, "iterations=500")[0]["map"]
    placed = run("place", folder, {"points": new, "reference": old, "reference_map": map_})[0]["map"]
    nearest = NearestNeighbors(n_neighbors=1).fit(map_).kneighbors(placed, return_distance=False)[:, 0]
    truth = NearestNeighbors(n_neighbors=1).fit(old).kneighbors(new, return_distance=False)[:, 0]
    agree = float(np.mean(nearest % 10 == truth % 10))
    return check("placed in another class than their nearest neighbour's", 1 - agree, 0.1)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        results = [test(folder) for test in (check_pca, check_gradients, check_maps, check_places)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
