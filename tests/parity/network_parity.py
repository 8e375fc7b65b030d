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

from network_case import STEPS, compare, layers_of, make_case, run_dump

torch.set_num_threads(1)
ACTIVATIONS = {"selu": nn.SELU, "linear": nn.Identity, "softmax": nn.Identity}  # Logits; the loss takes them.


def build(layers, channels, dtype):
    """PyTorch's own modules under the program's layer names."""
    network, shape = nn.Sequential(), [channels, 32]
    for layer in layers:
        name, kind = layer["name"], layer["type"]
        if kind == "conv2d":
            network.add_module(name, nn.Conv2d(shape[0], layer["filters"], layer["kernel"], padding=layer["padding"]))
            shape[0] = layer["filters"]
        elif kind == "dense":
            network.add_module(name, nn.Linear(shape[0], layer["units"]))
            shape[0] = layer["units"]
        elif kind == "batch_norm":
            make = nn.BatchNorm2d if len(shape) == 2 else nn.BatchNorm1d
            network.add_module(name, make(shape[0], eps=1e-3, momentum=1 - 0.99))
        elif kind == "max_pool2d":
            network.add_module(name, nn.MaxPool2d(layer["size"]))
            shape[1] //= layer["size"]
        elif kind == "flatten":
            network.add_module(name, nn.Flatten())
            shape = [shape[0] * shape[1] ** 2]
        else:
            assert kind == "dropout", kind
        if "activation" in layer:
            network.add_module(name + "_activation", ACTIVATIONS[layer["activation"]]())
    return network.to(dtype)


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
    network = build(layers, channels, torch_type)
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
    # near to the exact numbers as PyTorch's own float32.
    near, reference = (distance(results, exact, set(exact) - first) for results in (ours, theirs))
    print(f"{config} float32, later: {near:.1e} from float64, PyTorch {reference:.1e}")
    assert near <= 2 * max(reference, 1e-5), f"{config}: {near} from float64, PyTorch {reference}"


def main():
    for config in ("q1_1", "q1_3", "q2_1"):
        check(sys.argv[1], config)


if __name__ == "__main__":
    main()
