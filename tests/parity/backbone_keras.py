#!/usr/bin/env python3
"""Parameter counts and features of Keras' own networks with random weights and statistics.

    python3 tests/parity/backbone_keras.py build/tests/parity/backbone_dump [--h5] [NAME...]

Without names every network is compared; the largest takes 2 GB. With --h5 the weights go through a file as Keras
publishes them (*_notop.h5) instead of safetensors. Needs TensorFlow and keras 3 (pip).
"""
import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
try:
    import numpy as np
    import keras
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from backbone_case import count_parameters, random_images, report, run_backbone

# Name here: Keras' function, side of the images.
NETWORKS = {"vgg16": ("VGG16", 64), "vgg19": ("VGG19", 64), "resnet50": ("ResNet50", 64),
            "resnet101v2": ("ResNet101V2", 64), "resnet152v2": ("ResNet152V2", 64), "densenet121": ("DenseNet121", 64),
            "densenet169": ("DenseNet169", 64), "densenet201": ("DenseNet201", 64), "inception_v3": ("InceptionV3", 96),
            "xception": ("Xception", 96), "inception_resnet_v2": ("InceptionResNetV2", 96),
            "nasnet_mobile": ("NASNetMobile", 97), "nasnet_large": ("NASNetLarge", 96)}
ROLES = {"kernel": "weight", "gamma": "weight", "bias": "bias", "beta": "bias", "moving_mean": "running_mean",
         "moving_variance": "running_var", "depthwise_kernel": "depthwise.weight",
         "pointwise_kernel": "pointwise.weight"}


def randomise(model, seed=5):
    """Weights that keep the size of the signal, and batch norms that differ from doing nothing."""
    draw = np.random.default_rng(seed)
    for layer in model.layers:
        values = []
        for variable in layer.weights:
            role, shape = variable.path.split("/")[-1], tuple(variable.shape)
            if role == "depthwise_kernel":
                values.append(draw.normal(0, (1 / np.prod(shape[:2])) ** 0.5, shape))
            elif "kernel" in role:
                values.append(draw.normal(0, (1.5 / np.prod(shape[:-1])) ** 0.5, shape))
            elif role in ("gamma", "moving_variance"):
                values.append(draw.uniform(0.5, 1.5, shape))
            else:
                values.append(draw.normal(0, 0.1, shape))
        if values:
            layer.set_weights(values)


def arrays_of(model):
    """The tensors in PyTorch's layouts under Keras' names."""
    arrays = {}
    for layer in model.layers:
        for variable in layer.weights:
            role, value = variable.path.split("/")[-1], np.asarray(variable.numpy())
            if role == "depthwise_kernel":  # [kh,kw,C,1] -> [C,1,kh,kw]
                value = value.transpose(2, 3, 0, 1)
            elif "kernel" in role:
                value = value.transpose(3, 2, 0, 1)
            arrays[f"{layer.name}.{ROLES[role]}"] = np.ascontiguousarray(value)
    return arrays


def save_h5(model, path):
    import h5py
    from keras.src.legacy.saving import legacy_h5_format
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)


def compare(dump, name, h5, folder):
    function, side = NETWORKS[name]
    keras.backend.clear_session()
    model = getattr(keras.applications, function)(include_top=False, weights=None, input_shape=(side, side, 3))
    spec = {"name": name, "variant": "keras"}
    ours, theirs = count_parameters(dump, spec, side), model.count_params()
    assert ours == theirs, f"{name}: {ours} parameters, Keras has {theirs}"
    randomise(model)
    images = random_images(side)
    features = model.predict(images.transpose(0, 2, 3, 1), verbose=0).transpose(0, 3, 1, 2)
    weights = f"{folder}/{name}.h5" if h5 else arrays_of(model)
    if h5:
        save_h5(model, weights)
    del model
    report(f"{name} ({theirs:,} parameters)", run_backbone(dump, spec, weights, images), features)
    if h5:
        os.remove(weights)


def main():
    names = [argument for argument in sys.argv[2:] if argument != "--h5"]
    with tempfile.TemporaryDirectory() as folder:
        for name in names or NETWORKS:
            compare(sys.argv[1], name, "--h5" in sys.argv, folder)


if __name__ == "__main__":
    main()
