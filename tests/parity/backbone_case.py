"""Features of a backbone as the program computes them, for scripts that compare them with another program's."""
import json
import subprocess
import tempfile

import numpy as np
import tiny_safetensors


def run_dump(dump, mode, spec, weights, given):
    """Runs a mode of backbone_dump on arrays; weights {name: array} or a path. Returns its arrays."""
    with tempfile.TemporaryDirectory() as folder:
        tiny_safetensors.save(folder + "/given.safetensors", given)
        path = weights
        if isinstance(weights, dict):
            path = folder + "/weights.safetensors"
            tiny_safetensors.save(path, weights)
        layer = json.dumps({"type": "backbone", "weights": str(path)} | spec)
        files = [folder + "/given.safetensors", folder + "/result.safetensors"]
        subprocess.run([dump, mode, layer] + files, check=True)
        return tiny_safetensors.load(files[1])[0]


def run_backbone(dump, spec, weights, images):
    """Returns the features [n, ...] for images [n,3,H,W]."""
    return run_dump(dump, "run", spec, weights, {"images": images.astype(np.float32)})["features"]


def count_parameters(dump, spec, side):
    """Returns how many numbers the program plans for a backbone."""
    layer = {"type": "backbone"} | spec
    lines = subprocess.run([dump, "tensors", json.dumps(layer), str(side)], check=True, capture_output=True, text=True)
    return int(lines.stdout.split()[-1])


def random_images(side, count=2, seed=3):
    return np.random.default_rng(seed).uniform(0, 1, [count, 3, side, side]).astype(np.float32)


def relative_error(ours, theirs):
    """The largest difference relative to the largest feature."""
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    return float(np.abs(ours.astype(np.float64) - theirs).max() / np.abs(theirs).max())


def report(name, ours, theirs, tolerance=1e-4):
    error = relative_error(ours, theirs)
    print(f"{name}: features {list(ours.shape[1:])}, mean {theirs.mean():.3g}, deviation {theirs.std():.3g}, "
          f"largest relative difference {error:.1e}", flush=True)
    assert np.isfinite(error) and theirs.std() > 1e-3, f"{name}: the features say nothing"
    assert error <= tolerance, f"{name}: features differ by {error}, more than {tolerance}"
