"""What numpy and scipy make of an affine change: the matrix as Keras composes it, the pixels as scipy reads them."""
import json
import sys

try:
    import numpy as np
    from scipy import ndimage
except ImportError:
    print("skipped: numpy and scipy are needed")
    sys.exit(77)

FILLS = ["nearest", "constant", "reflect", "wrap"]
KEYS = ["rotation_degrees", "shift_rows", "shift_columns", "shear_degrees", "zoom_rows", "zoom_columns"]


def matrix(rotation_degrees, shift_rows, shift_columns, shear_degrees, zoom_rows, zoom_columns, height, width):
    """3x3: centre . rotation . shift . shear . zoom . centre^-1, the order of Keras' apply_affine_transform."""
    theta, shear = np.deg2rad(rotation_degrees), np.deg2rad(shear_degrees)
    y, x = height / 2 - 0.5, width / 2 - 0.5
    there, back = np.array([[1, 0, y], [0, 1, x], [0, 0, 1]]), np.array([[1, 0, -y], [0, 1, -x], [0, 0, 1]])
    rotation = np.array([[np.cos(theta), -np.sin(theta), 0], [np.sin(theta), np.cos(theta), 0], [0, 0, 1]])
    shift = np.array([[1, 0, shift_rows], [0, 1, shift_columns], [0, 0, 1]])
    sheared = np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
    zoom = np.diag([zoom_rows, zoom_columns, 1])
    return there @ (rotation @ shift @ sheared @ zoom) @ back


def transformed(chw, m, fill, value):
    """chw f32 [C,H,W], m 2x3 or 3x3."""
    m = np.asarray(m)
    return np.stack([ndimage.affine_transform(plane, m[:2, :2], m[:2, 2], order=1, mode=fill, cval=value)
                     for plane in chw])


def picture(channels, height, width):
    """f32 [C,H,W] in [0, 1]; the C++ tests have the same formula."""
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    mixed = ((c * 71 + y * 131 + x * 37 + x * y * (c + 1)) * 2654435761) % 2**32 >> 13
    return (mixed % 256 / 255).astype(np.float32)


def check_close(golden, path):
    """@returns 0 when the file holds the same numbers to 1e-6."""
    pair = [np.array(list(numbers(g)), dtype=float) for g in (golden, json.loads(path.read_text()))]
    return 0 if np.allclose(*pair, rtol=1e-6, atol=1e-6) else 1


def numbers(node):
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from numbers(item)
    elif not isinstance(node, str):
        yield node
