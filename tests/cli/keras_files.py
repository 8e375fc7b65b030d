"""Writes Keras' HDF5 layout with h5py, and computes such a network with numpy; for convert_test.py."""

import json

import numpy as np

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, section 2.


def selu(x):
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def layer(kind, name, **config):
    return {"class_name": kind, "config": {"name": name, "trainable": True, "dtype": "float32", **config}}


def input_layer(*shape):
    return layer("InputLayer", "input_1", batch_input_shape=[None, *shape])


def sequential(*layers):
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": list(layers)}}


def functional(*layers):
    """Keras 2's form of a chain of layers."""
    listed, before = [], None
    for item in layers:
        nodes = [] if before is None else [[[before, 0, 0, {}]]]
        listed.append(dict(item, name=item["config"]["name"], inbound_nodes=nodes))
        before = item["config"]["name"]
    ends = {key: [[item["name"], 0, 0]] for key, item in (("input_layers", listed[0]), ("output_layers", listed[-1]))}
    return {"class_name": "Functional", "config": {"name": "model", "layers": listed, **ends}}


def write(path, model, weights, fixed_texts=False):
    """`weights`: {layer: [(array's name, array), …]}; without a model the file holds weights alone."""
    import h5py

    def texts(values):
        return np.array([value.encode() for value in values]) if fixed_texts else list(values)

    with h5py.File(path, "w") as file:
        group = file
        if model is not None:
            file.attrs["model_config"] = json.dumps(model)
            group = file.create_group("model_weights")
        file.attrs["keras_version"] = "2.8.0"
        group.attrs["layer_names"] = texts(weights)
        for name, arrays in weights.items():
            own = group.create_group(name)
            own.attrs["weight_names"] = texts([array_name for array_name, _ in arrays])
            for array_name, array in arrays:
                own.create_dataset(array_name, data=array)


def small_model(draw):
    """Reshape first, a convolution, batch norm, pooling, flatten, two dense layers: layers, weights and forward."""
    arrays = {
        "conv2d": [("conv2d/kernel:0", draw.normal(0, 0.3, (3, 3, 1, 4))), ("conv2d/bias:0", draw.normal(0, 0.1, 4))],
        "bn": [("bn/gamma:0", draw.uniform(0.5, 1.5, 4)), ("bn/beta:0", draw.normal(0, 0.1, 4)),
               ("bn/moving_mean:0", draw.normal(0, 0.1, 4)), ("bn/moving_variance:0", draw.uniform(0.5, 1.5, 4))],
        "dense": [("dense/kernel:0", draw.normal(0, 0.05, (1024, 8))), ("dense/bias:0", draw.normal(0, 0.1, 8))],
        "dense_1": [("dense_1/kernel:0", draw.normal(0, 0.5, (8, 10))), ("dense_1/bias:0", draw.normal(0, 0.1, 10))],
    }
    weights = {name: [(part, array.astype(np.float32)) for part, array in parts] for name, parts in arrays.items()}
    order = ["reshape", "conv2d", "bn", "pool", "drop", "flatten", "dense", "dense_1"]
    weights = {name: weights.get(name, []) for name in order}
    layers = [
        input_layer(1024), layer("Reshape", "reshape", target_shape=[32, 32, 1]),
        layer("Conv2D", "conv2d", filters=4, kernel_size=[3, 3], strides=[1, 1], padding="same", activation="selu",
              data_format="channels_last", dilation_rate=[1, 1], groups=1, use_bias=True),
        layer("BatchNormalization", "bn", axis=[3], momentum=0.99, epsilon=0.001, center=True, scale=True),
        layer("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], padding="valid", data_format="channels_last"),
        layer("Dropout", "drop", rate=0.2, noise_shape=None, seed=None),
        layer("Flatten", "flatten", data_format="channels_last"),
        layer("Dense", "dense", units=8, activation="selu", use_bias=True),
        layer("Dense", "dense_1", units=10, activation="softmax", use_bias=True),
    ]
    return layers, weights


def small_forward(weights, images):
    """The network of `small_model` on [N,1024], channels last as Keras computes; returns probabilities."""
    get = {name: array.astype(np.float64) for parts in weights.values() for name, array in parts}
    x = images.astype(np.float64).reshape(-1, 32, 32, 1)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    kernel = get["conv2d/kernel:0"]
    x = sum(padded[:, i:i + 32, j:j + 32] @ kernel[i, j] for i in range(3) for j in range(3)) + get["conv2d/bias:0"]
    x = selu(x)
    x = (x - get["bn/moving_mean:0"]) / np.sqrt(get["bn/moving_variance:0"] + 1e-3) * get["bn/gamma:0"] + get["bn/beta:0"]
    x = x.reshape(-1, 16, 2, 16, 2, 4).max(axis=(2, 4)).reshape(len(images), -1)
    x = selu(x @ get["dense/kernel:0"] + get["dense/bias:0"])
    logits = x @ get["dense_1/kernel:0"] + get["dense_1/bias:0"]
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)
