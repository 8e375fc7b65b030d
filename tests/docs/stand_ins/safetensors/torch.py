"""safetensors.torch's load_file."""
import torch

from .numpy import load_file as load_arrays


def load_file(path):
    return {name: torch.from_numpy(array) for name, array in load_arrays(path).items()}
