#!/usr/bin/env python3
"""Classifies a picture with libsvhn, through ctypes: classify.py MODEL PICTURE.ppm

Python needs no package for it. With numpy, pass `image.ctypes.data` of a C-contiguous u8 array [height,width,3].
"""

import ctypes
import os
import re
import sys

ABI_VERSION = 1  # SVHN_ABI_VERSION of the svhn.h that this file follows.


class Picture(ctypes.Structure):
    _fields_ = [("pixels", ctypes.c_char_p), ("height", ctypes.c_size_t), ("width", ctypes.c_size_t),
                ("stride", ctypes.c_size_t)]


def load_library(name=os.environ.get("SVHN_LIBRARY", "libsvhn.so.0")):
    # As the program does: threads that wait for work soon sleep. It is read when the library is loaded.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    library = ctypes.CDLL(name)
    if library.svhn_abi_version() != ABI_VERSION:
        raise ImportError(f"{name} has another interface than this file expects")
    for function in ("svhn_last_error", "svhn_last_hint", "svhn_model_name", "svhn_model_label"):
        getattr(library, function).restype = ctypes.c_char_p
    library.svhn_model_name.argtypes = library.svhn_model_close.argtypes = [ctypes.c_void_p]
    library.svhn_model_label.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.svhn_model_open.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]
    library.svhn_model_classify.argtypes = [ctypes.c_void_p, ctypes.POINTER(Picture), ctypes.c_size_t,
                                            ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_int)]
    return library


class Model:
    """A trained model: `Model("model.safetensors").classify(pixels, height, width)`."""

    def __init__(self, path, library=None):
        self.library, self.handle = library or load_library(), ctypes.c_void_p()
        self.check(self.library.svhn_model_open(os.fsencode(path), None, 0, ctypes.byref(self.handle)))
        self.name = self.library.svhn_model_name(self.handle).decode()
        self.labels = [self.library.svhn_model_label(self.handle, i).decode() for i in range(10)]

    def __del__(self):
        self.library.svhn_model_close(self.handle)

    def check(self, status):
        if status != 0:
            raise RuntimeError(f"{self.library.svhn_last_error().decode()} ({self.library.svhn_last_hint().decode()})")

    def classify(self, pixels, height, width):
        """@param pixels bytes of [height,width,3], red, green, blue. @returns the digit and the ten probabilities."""
        if len(pixels) != 3 * height * width:
            raise ValueError(f"{len(pixels)} bytes are no {height}x{width} pixels")
        picture, probabilities, digit = Picture(pixels, height, width, 0), (ctypes.c_double * 10)(), ctypes.c_int()
        self.check(self.library.svhn_model_classify(self.handle, picture, 1, probabilities, digit))
        return digit.value, list(probabilities)


def main(model_path, picture_path):
    with open(picture_path, "rb") as file:
        content = file.read()
    header = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", content)
    if not header:
        sys.exit("not a binary PPM file")
    width, height = map(int, header.groups())
    model = Model(model_path)
    digit, probabilities = model.classify(content[header.end():], height, width)
    print(f"{model.name} says {digit}")
    for label, probability in zip(model.labels, probabilities):
        print(label, repr(probability))


if __name__ == "__main__":
    main(*sys.argv[1:])
