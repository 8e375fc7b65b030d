"""safetensors in a few lines of plain Python and numpy, for machines without the package of that name."""
import json
import pathlib
import struct

import numpy as np

TYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8}


def load(path):
    """Returns {name: array} and the metadata."""
    content = pathlib.Path(path).read_bytes()
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:begin])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, tensor in header.items():
        first, last = tensor["data_offsets"]
        flat = np.frombuffer(content[begin + first:begin + last], TYPES[tensor["dtype"]])
        arrays[name] = flat.reshape(tensor["shape"]).copy()
    return arrays, metadata


def save(path, arrays, metadata=None):
    names = {np.dtype(value): key for key, value in TYPES.items()}
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": names[array.dtype], "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)
