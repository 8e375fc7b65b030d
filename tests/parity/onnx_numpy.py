"""The operators of exported models in plain numpy, in float64: a reference that shares no code with any runtime."""
import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(x, kernel, strides, dilations):
    """[N,C,H,W] to [N,C,h,w,kh,kw]: what a kernel sees at each of its places."""
    covered = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    views = sliding_window_view(x, covered, axis=(2, 3))
    return views[:, :, ::strides[0], ::strides[1], ::dilations[0], ::dilations[1]]


def padded(x, pads, value):
    top, left, bottom, right = pads
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)


def conv(x, weight, bias=None, pads=(0, 0, 0, 0), strides=(1, 1), dilations=(1, 1), group=1, kernel_shape=None):
    views = windows(padded(x, pads, 0.0), weight.shape[2:], strides, dilations)
    parts = zip(np.split(views, group, axis=1), np.split(weight, group))
    y = np.concatenate([np.einsum("nchwij,ocij->nohw", view, part, optimize=True) for view, part in parts], axis=1)
    return y if bias is None else y + bias[:, None, None]


def max_pool(x, kernel_shape, strides, pads):
    return windows(padded(x, pads, -np.inf), kernel_shape, strides, (1, 1)).max(axis=(4, 5))


def average_pool(x, kernel_shape, strides, pads, count_include_pad=0):
    total = windows(padded(x, pads, 0.0), kernel_shape, strides, (1, 1)).sum(axis=(4, 5))
    ones = padded(np.ones((1, 1) + x.shape[2:]), pads, float(count_include_pad))
    return total / windows(ones, kernel_shape, strides, (1, 1)).sum(axis=(4, 5))


def batch_norm(x, scale, bias, mean, variance, epsilon):
    shape = (-1,) + (1,) * (x.ndim - 2)
    scale = scale / np.sqrt(variance + epsilon)
    return x * scale.reshape(shape) + (bias - mean * scale).reshape(shape)


def layer_norm(x, scale, bias, axis, epsilon):
    centred = x - x.mean(axis=axis, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(axis=axis, keepdims=True) + epsilon) * scale + bias


def resize(x, _, scales, mode, coordinate_transformation_mode):
    assert (mode, coordinate_transformation_mode) == ("linear", "half_pixel") and list(scales[:2]) == [1, 1]
    for axis in (2, 3):
        size = x.shape[axis]
        places = (np.arange(int(np.floor(size * scales[axis]))) + 0.5) / scales[axis] - 0.5
        places = np.clip(places, 0, size - 1)
        low = np.floor(places).astype(int)
        share = (places - low).reshape((-1,) + (1,) * (3 - axis))
        x = np.take(x, low, axis) * (1 - share) + np.take(x, np.minimum(low + 1, size - 1), axis) * share
    return x


def slice_(x, starts, ends, axes):
    places = [slice(None)] * x.ndim
    for start, end, axis in zip(starts, ends, axes):
        places[axis] = slice(start, end)
    return x[tuple(places)]


def softmax(x, axis):
    exponents = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponents / exponents.sum(axis=axis, keepdims=True)


def pad(x, amounts):
    half = len(amounts) // 2
    return np.pad(x, list(zip(amounts[:half], amounts[half:])))


OPERATORS = {
    "Add": lambda a, b: a + b,
    "ArgMax": lambda x, axis, keepdims: x.argmax(axis=axis),
    "AveragePool": average_pool,
    "BatchNormalization": batch_norm,
    "Cast": lambda x, to: x.astype(np.float64),
    "Clip": np.clip,
    "Concat": lambda *x, axis: np.concatenate(x, axis),
    "Conv": conv,
    "Div": lambda a, b: a / b,
    "Elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "Erf": np.vectorize(math.erf),
    "Flatten": lambda x, axis: x.reshape(len(x), -1),
    "Gather": lambda x, places, axis: np.take(x, places, axis),
    "Gemm": lambda x, weight, bias=0.0, transB=0: x @ weight.T + bias,
    "GlobalAveragePool": lambda x: x.mean(axis=(2, 3), keepdims=True),
    "GlobalMaxPool": lambda x: x.max(axis=(2, 3), keepdims=True),
    "HardSigmoid": lambda x, alpha, beta: np.clip(alpha * x + beta, 0, 1),
    "LayerNormalization": layer_norm,
    "LeakyRelu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "MaxPool": max_pool,
    "Mul": lambda a, b: a * b,
    "PRelu": lambda x, slope: np.where(x > 0, x, slope * x),
    "Pad": pad,
    "Relu": lambda x: np.maximum(x, 0),
    "Reshape": lambda x, shape: x.reshape([len(x)] + list(shape[1:])),
    "Resize": resize,
    "Selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Slice": slice_,
    "Softmax": softmax,
    "Softplus": lambda x: np.logaddexp(0, x),
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Sub": lambda a, b: a - b,
    "Tanh": np.tanh,
    "Transpose": lambda x, perm: x.transpose(perm),
}


def run(model, images):
    """Returns the outputs of an onnx.ModelProto, by their names."""
    from onnx import helper, numpy_helper
    values = {"": None, model.graph.input[0].name: images}
    for array in model.graph.initializer:
        numbers = numpy_helper.to_array(array)
        values[array.name] = numbers.astype(np.float64) if numbers.dtype == np.float32 else numbers
    for node in model.graph.node:
        attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        attributes = {key: value.decode() if isinstance(value, bytes) else value for key, value in attributes.items()}
        values[node.output[0]] = OPERATORS[node.op_type](*(values[name] for name in node.input), **attributes)
    return {output.name: values[output.name] for output in model.graph.output}
