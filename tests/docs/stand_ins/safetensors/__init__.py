"""What the pages' examples use of the package safetensors, for machines without it (Debian 12 has none)."""
import json
import struct

import numpy as np

TYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8}


def _header(path):
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        return json.loads(file.read(length)), 8 + length


class safe_open:  # noqa: N801 (the package's own name)
    def __init__(self, path, framework="np"):
        assert framework in ("np", "numpy"), framework
        self._path = path
        self._tensors, self._begin = _header(path)
        self._metadata = self._tensors.pop("__metadata__", None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def metadata(self):
        return self._metadata

    def keys(self):
        return list(self._tensors)

    def get_tensor(self, name):
        tensor = self._tensors[name]
        first, last = tensor["data_offsets"]
        with open(self._path, "rb") as file:
            file.seek(self._begin + first)
            flat = np.frombuffer(file.read(last - first), TYPES[tensor["dtype"]])
        return flat.reshape(tensor["shape"]).copy()
