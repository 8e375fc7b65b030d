#!/usr/bin/env python3
"""Networks, gradients, three Adam steps and batch norm's moving statistics as Keras computes them.

    pip install tensorflow-cpu tf-keras        (a development machine; CI skips this test)
    python tests/parity/keras_parity.py build/tests/parity/network_dump

The assignment ran on Keras 2, which is `tf_keras` today and keeps the corrected variance after convolutions. Keras 3
keeps the biased variance everywhere; where only Keras 3 is installed the running variances of images are left out.
Dropout is left out: its masks are the program's own.
"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
try:
    import numpy as np
    import tensorflow as tf
    try:
        import tf_keras as keras
    except ImportError:
        keras = tf.keras
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from network_case import BATCH, STEPS, compare, layers_of, make_case, run_dump

# Where a gradient is nearly 0, Adam's default epsilon makes a whole step of float32's rounding, whoever computes it.
# A large one does not, and shows where it stands in the formula.
EPSILON = 1e-3
# Likewise a max pool whose two largest nearly tie sends its gradient another way after the last bit's rounding (some
# seeds then differ by 1e-4 after the third step, the others by 1e-5 at most). In this case nothing ties.
SEED = 1
KERAS_2 = int(keras.__version__.split(".")[0]) < 3
ROLES = {"batch_norm": ["weight", "bias", "running_mean", "running_var"]}  # gamma, beta, mean, variance


def build(layers, channels):
    built = [keras.layers.Input((32, 32, channels))]
    for layer in layers:
        kind, name = layer["type"], layer["name"]
        if kind == "conv2d":
            built.append(keras.layers.Conv2D(layer["filters"], layer["kernel"], padding=layer["padding"],
                                             activation=layer["activation"], name=name))
        elif kind == "dense":
            built.append(keras.layers.Dense(layer["units"], layer["activation"], name=name))
        elif kind == "batch_norm":
            built.append(keras.layers.BatchNormalization(name=name))
        elif kind == "max_pool2d":
            built.append(keras.layers.MaxPooling2D(layer["size"], name=name))
        elif kind == "flatten":
            built.append(keras.layers.Flatten(name=name))
        else:
            assert kind == "dropout", kind
    model = keras.Sequential(built)
    model.compile(keras.optimizers.Adam(1e-3, epsilon=EPSILON), "categorical_crossentropy", ["accuracy"])
    return model


class Layouts:
    """Keras' arrays as ours and back: kernels [kh,kw,in,out], dense [in,out], flattened rows in the order H,W,C."""

    def __init__(self, model):
        self.names, self.flattened, before = {}, {}, None
        for layer in model.layers:
            kind = layer.name.rsplit("_", 1)[0]
            for weight, role in zip(layer.weights, ROLES.get(kind, ["weight", "bias"])):
                self.names[id(weight)] = f"{layer.name}.{role}"
            if kind == "flatten":
                before = layer.input.shape[1:]
            elif kind == "dense" and before is not None:
                self.flattened[layer.name + ".weight"], before = tuple(int(n) for n in before), None

    def to_keras(self, name, array):
        if array.ndim == 4:
            return array.transpose(2, 3, 1, 0)
        if name in self.flattened:
            h, w, c = self.flattened[name]
            return array.reshape(-1, c, h, w).transpose(2, 3, 1, 0).reshape(h * w * c, -1)
        return array.T if array.ndim == 2 else array

    def from_keras(self, name, array):
        array = np.asarray(array)
        if array.ndim == 4:
            return array.transpose(3, 2, 0, 1)
        if name in self.flattened:
            h, w, c = self.flattened[name]
            return array.reshape(h, w, c, -1).transpose(3, 2, 0, 1).reshape(-1, c * h * w)
        return array.T if array.ndim == 2 else array

    def load(self, model, case):
        for weight in model.weights:
            name = self.names[id(weight)]
            weight.assign(self.to_keras(name, case[name]))

    def tensors(self, model, prefix):
        named = [(self.names[id(weight)], weight.numpy()) for weight in model.weights]
        return {prefix + name: self.from_keras(name, array) for name, array in named}


def logits_of(model, images, training):
    """The last layer without its softmax."""
    x = images
    for layer in model.layers[:-1]:
        takes_mode = isinstance(layer, keras.layers.BatchNormalization)
        x = layer(x, training=training) if takes_mode else layer(x)
    last = model.layers[-1]
    return tf.matmul(x, last.kernel) + last.bias


def first_gradients(model, layouts, images, targets):
    with tf.GradientTape() as tape:
        logits = logits_of(model, images, True)
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
    gradients = tape.gradient(loss, model.trainable_variables)
    named = [(layouts.names[id(w)], g.numpy()) for w, g in zip(model.trainable_variables, gradients)]
    return {"logits": logits.numpy(), "loss1": loss.numpy()} | {
        "gradient." + name: layouts.from_keras(name, array) for name, array in named}


def train(config, case):
    """Returns what network_dump tells, from Keras' own gradient tape and its own train_on_batch."""
    layers, channels, _ = layers_of(config)
    images = case["images"].transpose(0, 1, 3, 4, 2)
    targets = np.eye(10, dtype=np.float32)[case["labels"]]
    model = build(layers, channels)
    layouts = Layouts(model)
    layouts.load(model, case)
    result = first_gradients(model, layouts, images[0], targets[0])
    layouts.load(model, case)  # The pass above moved the statistics.
    for step in range(STEPS):
        model.reset_metrics()
        result[f"loss{step + 1}"] = np.float32(model.train_on_batch(images[step], targets[step])[0])
        if step == 0:
            result |= layouts.tensors(model, "step1.")
    result |= layouts.tensors(model, "step3.")
    result["logits_after"] = logits_of(model, images[0], False).numpy()
    return result


def epoch_loss(config, case):
    """One epoch of fit() over the same batches; returns the loss that its history tells."""
    layers, channels, _ = layers_of(config)
    model = build(layers, channels)
    Layouts(model).load(model, case)
    images = case["images"].transpose(0, 1, 3, 4, 2).reshape(STEPS * BATCH, 32, 32, channels)
    targets = np.eye(10, dtype=np.float32)[case["labels"].reshape(-1)]
    history = model.fit(images, targets, batch_size=BATCH, epochs=1, shuffle=False, verbose=0).history
    return history["loss"][0]


def leave_out_image_variances(arrays, layers):
    """Keras 3 keeps biased variances of images too, so they differ by design."""
    if KERAS_2:
        return
    for layer in layers:
        if layer["type"] == "flatten":
            return
        for prefix in ("step1.", "step3."):
            arrays.pop(f"{prefix}{layer['name']}.running_var", None)


def check(dump, config):
    layers, channels, _ = layers_of(config)
    case = make_case(layers, channels, np.float32, SEED)
    ours, theirs = run_dump(dump, config, "keras", case, epsilon=EPSILON), train(config, case)
    mean = np.mean([ours[f"loss{step + 1}"] for step in range(STEPS)])
    difference = abs(mean - epoch_loss(config, case))
    print(f"{config}: the epoch's mean loss differs by {difference:.1e}")
    assert difference < 1e-5
    leave_out_image_variances(ours, layers)
    leave_out_image_variances(theirs, layers)
    compare(ours, theirs, 5e-5, f"{config} with Keras {keras.__version__}")


def main():
    for config in ("q1_3", "q2_1"):
        check(sys.argv[1], config)


if __name__ == "__main__":
    main()
