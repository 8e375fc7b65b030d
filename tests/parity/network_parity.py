#!/usr/bin/env python3
"""Networks, gradients and three Adam steps as PyTorch computes them, in float64 and float32.

    python3 tests/parity/network_parity.py build/tests/parity/network_dump

Dropout is left out: its masks are the program's own. Needs numpy and torch (Debian: python3-torch).
"""
import sys

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from network_case import STEPS, compare, layers_of, make_case, run_dump, with_inputs

torch.set_num_threads(1)
ACTIVATIONS = {"selu": nn.functional.selu, "relu": nn.functional.relu, "linear": lambda x: x,
               "softmax": lambda x: x}  # Logits; the loss takes them.


def module_of(layer, shape):
    """PyTorch's own module for a layer, if it has one, and what its output is for inputs of a shape."""
    kind = layer["type"]
    if kind == "conv2d":
        kernel, padding = layer["kernel"], layer.get("padding", "valid")
        module = nn.Conv2d(shape[0], layer["filters"], kernel, layer.get("stride", 1), bias=layer.get("use_bias", True),
                           padding=kernel // 2 if padding == "half" else padding)
        return module, [layer["filters"]] + shape[1:]
    if kind == "dense":
        return nn.Linear(shape[0], layer["units"]), [layer["units"]]
    if kind == "batch_norm":
        make = nn.BatchNorm2d if len(shape) > 1 else nn.BatchNorm1d
        return make(shape[0], eps=1e-3, momentum=1 - 0.99), shape
    if kind == "max_pool2d":
        return nn.MaxPool2d(layer["size"]), [shape[0]] + [side // layer["size"] for side in shape[1:]]
    if kind == "average_pool2d":
        return nn.AvgPool2d(layer["size"]), [shape[0]] + [side // layer["size"] for side in shape[1:]]
    if kind == "flatten":
        return nn.Flatten(), [int(np.prod(shape))]
    if kind == "global_average_pool":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), shape[:1]
    assert kind in ("activation", "dropout"), kind
    return nn.Identity(), shape


class Network(nn.Module):
    """PyTorch's own modules under the program's layer names, which read each other by name."""

    def __init__(self, layers, channels):
        super().__init__()
        self.layers, shapes = list(with_inputs(layers)), {"input": [channels, 32, 32]}
        for layer, inputs in self.layers:
            read = [shapes[name] for name in inputs]
            if layer["type"] == "add":
                shapes[layer["name"]] = read[0]
            elif layer["type"] == "concat":
                shapes[layer["name"]] = [sum(shape[0] for shape in read)] + read[0][1:]
            else:
                module, shapes[layer["name"]] = module_of(layer, read[0])
                self.add_module(layer["name"], module)

    def forward(self, images):
        values = {"input": images}
        for layer, inputs in self.layers:
            read = [values[name] for name in inputs]
            if layer["type"] == "add":
                value = sum(read)
            elif layer["type"] == "concat":
                value = torch.cat(read, 1)
            else:
                value = getattr(self, layer["name"])(read[0])
            values[layer["name"]] = ACTIVATIONS[layer.get("activation", "linear")](value)
        return value


def tensors_of(network, prefix):
    state = network.state_dict()
    return {prefix + name: value.numpy().copy() for name, value in state.items() if "num_batches" not in name}


def train(network, rate, case):
    optimizer = torch.optim.Adam(network.parameters(), lr=rate, eps=1e-7)
    images, labels, result = torch.from_numpy(case["images"]), torch.from_numpy(case["labels"]), {}
    network.train()
    for step in range(STEPS):
        optimizer.zero_grad()
        logits = network(images[step])
        loss = nn.functional.cross_entropy(logits, labels[step])
        loss.backward()
        result[f"loss{step + 1}"] = loss.detach().numpy()
        if step == 0:
            result["logits"] = logits.detach().numpy()
            result |= {"gradient." + name: p.grad.numpy().copy() for name, p in network.named_parameters()}
        optimizer.step()
        if step == 0:
            result |= tensors_of(network, "step1.")
    result |= tensors_of(network, "step3.")
    result["logits_after"] = network.eval()(images[0]).detach().numpy()
    return result


def run_both(dump, config, numpy_type, torch_type):
    """Returns the program's results and PyTorch's, for the same numbers in one type."""
    layers, channels, optimizer = layers_of(config)
    case = make_case(layers, channels, numpy_type)
    network = Network(layers, channels).to(torch_type)
    weights = {name: torch.from_numpy(array) for name, array in case.items() if name not in ("images", "labels")}
    missing = network.load_state_dict(weights, strict=False)
    assert not missing.unexpected_keys and all("num_batches" in key for key in missing.missing_keys), missing
    theirs = train(network, optimizer["learning_rate"], case)
    return run_dump(dump, config, "torch", case), theirs


def distance(results, exact, names):
    """The largest difference, in parts of an array's largest number (at least 1)."""
    return max(np.abs(results[n].astype(np.float64) - exact[n]).max() / max(1, np.abs(exact[n]).max()) for n in names)


def check(dump, config):
    ours, exact = run_both(dump, config, np.float64, torch.float64)
    compare(ours, exact, 1e-10, f"{config} float64")
    ours, theirs = run_both(dump, config, np.float32, torch.float32)
    first = {name for name in theirs if name in ("logits", "loss1") or name.startswith("gradient.")}
    compare({n: ours[n] for n in first}, {n: theirs[n] for n in first}, 1e-5, f"{config} float32, first step")
    # Adam divides gradients by their size, also those that are nothing but rounding. What follows can only be as
    # near to the exact numbers as PyTorch's own float32, or as a tenth of the three steps of 1e-3.
    near, reference = (distance(results, exact, set(exact) - first) for results in (ours, theirs))
    print(f"{config} float32, later: {near:.1e} from float64, PyTorch {reference:.1e}")
    assert near <= max(2 * reference, 3e-4), f"{config}: {near} from float64, PyTorch {reference}"


def main():
    for config in ("q1_1", "q1_3", "q2_1", "preact_resnet16", "resnet_shortcut", "dense_block"):
        check(sys.argv[1], config)


if __name__ == "__main__":
    main()
