"""A network of a config, some weights and three batches, run by network_dump; and comparing what comes out."""
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import tiny_safetensors

STEPS, BATCH = 3, 8
CONFIGS = pathlib.Path(__file__).resolve().parents[2] / "configs"


def layers_of(config):
    """Returns the config's layers with the names the program gives them, input channels and the optimizer."""
    document = json.loads((CONFIGS / f"{config}.json").read_text())
    counts = {}
    for layer in document["model"]["layers"]:
        counts[layer["type"]] = counts.get(layer["type"], 0) + 1
        layer.setdefault("name", f"{layer['type']}_{counts[layer['type']]}")
    channels = 1 if "greyscale" in document["data"]["preprocess"] else 3
    return document["model"]["layers"], channels, document["train"]["optimizer"]


def with_inputs(layers):
    """Yields each layer with the names of the layers that it reads: the one before it unless it says otherwise."""
    before = "input"
    for layer in layers:
        yield layer, layer.get("inputs", [before])
        before = layer["name"]


def convolved(side, layer):
    """The height or width behind a convolution."""
    kernel, stride, padding = layer["kernel"], layer.get("stride", 1), layer.get("padding", "valid")
    if padding == "same":
        return -(-side // stride)
    return (side + (2 * (kernel // 2) if padding == "half" else 0) - kernel) // stride + 1


def make_case(layers, channels, dtype, seed=7):
    """Random weights (not Glorot's: gammas, betas and statistics should differ too), images in [0, 1] and labels."""
    draw = np.random.default_rng(seed)
    arrays, shapes = {}, {"input": [channels, 32, 32]}
    for layer, inputs in with_inputs(layers):
        name, kind, shape = layer["name"], layer["type"], shapes[inputs[0]]
        if kind == "conv2d":
            fan = shape[0] * layer["kernel"] ** 2
            arrays[name + ".weight"] = draw.normal(0, fan ** -0.5, [layer["filters"], shape[0]] + [layer["kernel"]] * 2)
            if layer.get("use_bias", True):
                arrays[name + ".bias"] = draw.normal(0, 0.1, layer["filters"])
            shape = [layer["filters"]] + [convolved(side, layer) for side in shape[1:]]
        elif kind in ("max_pool2d", "average_pool2d"):
            shape = [shape[0]] + [side // layer["size"] for side in shape[1:]]
        elif kind == "flatten":
            shape = [int(np.prod(shape))]
        elif kind == "global_average_pool":
            shape = shape[:1]
        elif kind == "concat":
            shape = [sum(shapes[one][0] for one in inputs)] + shape[1:]
        elif kind == "dense":
            arrays[name + ".weight"] = draw.normal(0, shape[0] ** -0.5, [layer["units"], shape[0]])
            arrays[name + ".bias"] = draw.normal(0, 0.1, layer["units"])
            shape = [layer["units"]]
        elif kind == "batch_norm":
            arrays[name + ".weight"] = draw.uniform(0.5, 1.5, shape[0])
            arrays[name + ".bias"] = draw.normal(0, 0.1, shape[0])
            arrays[name + ".running_mean"] = draw.normal(0, 0.1, shape[0])
            arrays[name + ".running_var"] = draw.uniform(0.5, 1.5, shape[0])
        shapes[name] = shape
    arrays["images"] = draw.uniform(0, 1, [STEPS, BATCH, channels, 32, 32])
    arrays = {name: array.astype(dtype) for name, array in arrays.items()}
    arrays["labels"] = draw.integers(0, 10, [STEPS, BATCH])
    return arrays


def run_dump(dump, config, framework_compat, case, model=None, epsilon=1e-7):
    """Returns logits and gradient.* of the first batch, loss1 to loss3, step1.* and step3.* (every tensor), logits_after."""
    with tempfile.TemporaryDirectory() as folder:
        given, result = folder + "/case.safetensors", folder + "/result.safetensors"
        tiny_safetensors.save(given, case)
        document = json.loads((CONFIGS / f"{config}.json").read_text())
        document["train"]["optimizer"]["epsilon"] = epsilon
        run = pathlib.Path(folder, "config.json")
        run.write_text(json.dumps(document))
        command = [dump, "train", run, framework_compat, given, result]
        subprocess.run(command + ([model] if model else []), check=True)
        return tiny_safetensors.load(result)[0]


def run_logits(dump, model, images):
    """Returns the logits of a model file in inference mode."""
    with tempfile.TemporaryDirectory() as folder:
        given, result = folder + "/images.safetensors", folder + "/logits.safetensors"
        tiny_safetensors.save(given, {"images": images})
        subprocess.run([dump, "logits", model, given, result], check=True)
        return tiny_safetensors.load(result)[0]["logits"]


def compare(ours, theirs, tolerance, what):
    """Every array of `theirs` to `tolerance` times its largest number (at least 1); returns the largest difference."""
    assert set(ours) == set(theirs), set(ours) ^ set(theirs)
    worst, where = 0.0, ""
    for name, expected in theirs.items():
        assert ours[name].shape == np.shape(expected), (name, ours[name].shape, np.shape(expected))
        difference = np.abs(ours[name].astype(np.float64) - expected).max() / max(1.0, np.abs(expected).max())
        if not difference <= worst:
            worst, where = difference, name
    print(f"{what}: {len(theirs)} arrays, largest difference {worst:.1e} ({where})")
    assert worst <= tolerance, f"{what}: {where} differs by {worst}, more than {tolerance}"
    return worst
