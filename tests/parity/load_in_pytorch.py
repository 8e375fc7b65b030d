#!/usr/bin/env python3
"""A trained model_2_1 in PyTorch: the README's ten lines, and a check that the logits are the program's.

    python3 tests/parity/load_in_pytorch.py build/tests/parity/network_dump [models/model_2_1.safetensors]

Without a model, three training steps make one. Needs numpy and torch (Debian: python3-torch); safetensors is optional.
"""
import sys
import tempfile

try:
    import numpy as np
    import torch
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)
try:
    from safetensors.torch import load_file
except ImportError:
    import tiny_safetensors

    def load_file(path):
        return {name: torch.from_numpy(array) for name, array in tiny_safetensors.load(path)[0].items()}

from network_case import layers_of, make_case, run_dump, run_logits


def load(path):
    """The README's example; there the imports stand on top and `load_file` comes from safetensors.torch."""
    from collections import OrderedDict
    from torch import nn
    widths, layers = [1, 32, 32, 64, 64, 128, 128], OrderedDict()
    for i in range(1, 7):
        layers |= {f"conv2d_{i}": nn.Conv2d(widths[i - 1], widths[i], 3, padding=1), f"selu_{i}": nn.SELU(),
                   f"batch_norm_{i}": nn.BatchNorm2d(widths[i], 1e-3)} | ({f"pool_{i}": nn.MaxPool2d(2)} if i % 2 == 0 else {})
    layers |= dict(flatten=nn.Flatten(), dense_1=nn.Linear(2048, 128), selu_7=nn.SELU(),
                   batch_norm_7=nn.BatchNorm1d(128, 1e-3), dense_2=nn.Linear(128, 10))
    network = nn.Sequential(layers).eval()
    network.load_state_dict(load_file(path), strict=False)  # All but num_batches_tracked, which nothing reads.
    return network


def main():
    dump = sys.argv[1]
    layers, channels, _ = layers_of("q2_1")
    case = make_case(layers, channels, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        model = sys.argv[2] if len(sys.argv) > 2 else folder + "/model_2_1.safetensors"
        if len(sys.argv) == 2:
            run_dump(dump, "q2_1", "keras", case, model)
        missing = set(load(model).state_dict()) - set(load_file(model))
        assert all(name.endswith("num_batches_tracked") for name in missing), missing
        images = case["images"][0]
        with torch.no_grad():
            theirs = load(model)(torch.from_numpy(images)).numpy()
        difference = np.abs(run_logits(dump, model, images) - theirs).max()
    print(f"largest difference of {theirs.size} logits: {difference:.1e}")
    assert difference <= 1e-4


if __name__ == "__main__":
    main()
