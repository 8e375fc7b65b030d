"""safetensors.numpy's load_file."""
from . import safe_open


def load_file(path):
    with safe_open(path, framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}
