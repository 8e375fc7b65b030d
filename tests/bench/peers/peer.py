"""Shared by the peers: the request, the prepared file, and the result, one line of JSON.

A peer is run as `python PEER.py REQUEST.json`. It builds the network that the run's config describes with its own
library's layers and Keras' numbers (momentum 0.99, epsilon 1e-3, Adam's epsilon 1e-7).
"""
import contextlib
import json
import os
import resource
import struct
import sys
import time

import numpy as np

GREY = (0.2990, 0.5870, 0.1140)
TYPES = {"U8": np.uint8, "I64": np.int64, "F32": np.float32}


def tensors(path):
    """The tensors of a safetensors file as mapped arrays."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    return {name: np.memmap(path, TYPES[t["dtype"]], "r", 8 + size + t["data_offsets"][0], tuple(t["shape"]))
            for name, t in header.items() if t["data_offsets"][0] != t["data_offsets"][1]}


def pixels(images, steps):
    """float32 [n,32,32,C] as the assignment prepares a split by itself."""
    values = np.asarray(images, np.float32) / np.float32(255)
    for step in steps:
        if step == "greyscale":
            values = (values @ np.array(GREY, np.float32))[..., None]
        elif step == "minmax_per_split":
            values = (values - values.min()) / np.ptp(values)
        else:
            raise SystemExit(f"this peer does not know the preprocessing '{step}'")
    return np.ascontiguousarray(values, np.float32)


class Request:
    """What is asked for: `task` (train, evaluate or augment), `config`, `epochs`, `steps`, `threads`, `seed` …"""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.values = json.load(file)
        with open(self.values["config"], encoding="utf-8") as file:
            self.config = json.load(file)
        self.layers = self.config["model"]["layers"]
        self.batch = self.config["train"]["batch_size"]
        self.rate = self.config["train"]["optimizer"]["learning_rate"]

    def __getattr__(self, name):
        return self.values[name]

    def split(self, name):
        """Inputs f32 [n,32,32,C] and class indices i64 [n]."""
        data = tensors(self.config["data"]["file"])
        rows = np.asarray(data[name])
        return pixels(data["images"][rows], self.config["data"]["preprocess"]), data["labels"][rows].astype(np.int64)


def said_first_step():
    """The one who started this process looks at the clock when this line comes."""
    print("first step", file=sys.stderr, flush=True)


@contextlib.contextmanager
def timed(rates, images, clock=time.perf_counter):
    start = clock()
    yield
    rates.append(images / (clock() - start))


def answer(**values):
    values["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    values["cores"] = len(os.sched_getaffinity(0))
    print(json.dumps(values))
