"""TensorFlow/Keras as in the assignment: `fit` on a float array, `ImageDataGenerator` where images are changed."""
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf

import peer

layers = tf.keras.layers


def built(spec):
    kind, activation = spec["type"], spec.get("activation")
    if kind == "conv2d":
        return layers.Conv2D(spec["filters"], spec["kernel"], padding=spec["padding"], activation=activation)
    if kind == "dense":
        return layers.Dense(spec["units"], activation=activation)
    if kind == "dropout":
        return layers.Dropout(spec["rate"])
    if kind == "max_pool2d":
        return layers.MaxPooling2D(spec["size"])
    return layers.BatchNormalization() if kind == "batch_norm" else layers.Flatten()


def network(request, shape):
    model = tf.keras.Sequential([layers.Input(shape), *map(built, request.layers)])
    model.compile(optimizer=tf.keras.optimizers.Adam(request.rate), loss="categorical_crossentropy",
                  metrics=["accuracy"])
    return model


def dense_kernel(weight, shape):
    """[out,in] to [in,out]; after a flatten of maps the inputs go from our C,H,W to Keras' H,W,C."""
    kernel = weight.T
    if len(shape) == 3:
        height, width, channels = shape
        kernel = kernel.reshape(channels, height, width, -1).transpose(1, 2, 0, 3).reshape(kernel.shape)
    return kernel


def load(model, request):
    found, counts, before = peer.tensors(request.model), {}, None
    for spec, layer in zip(request.layers, model.layers):
        kind = spec["type"]
        counts[kind] = counts.get(kind, 0) + 1
        own = {key: np.array(found[f"{kind}_{counts[kind]}.{key}"])
               for key in ("weight", "bias", "running_mean", "running_var")
               if f"{kind}_{counts[kind]}.{key}" in found}
        if kind == "conv2d":
            own["weight"] = own["weight"].transpose(2, 3, 1, 0)
        if kind == "dense":
            own["weight"] = dense_kernel(own["weight"], before or ())
        if own:
            layer.set_weights(list(own.values()))
        before = tuple(layer.input.shape[1:]) if kind == "flatten" else None


class Watch(tf.keras.callbacks.Callback):
    """When the first step ends, and how fast each epoch's steps were."""

    def __init__(self, images):
        super().__init__()
        self.rates, self.images, self.start, self.steps = [], images, 0.0, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == 1:
            peer.said_first_step()

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(self.images / (time.perf_counter() - self.start))


def generator(request):
    change = request.config["data"]["augment"]
    return tf.keras.preprocessing.image.ImageDataGenerator(
        rotation_range=change["rotation_degrees"], width_shift_range=change["width_shift"],
        height_shift_range=change["height_shift"], shear_range=change["shear_degrees"],
        zoom_range=change["zoom"], fill_mode=change["fill"])


def train(request):
    x, y = request.split("train")
    y = tf.keras.utils.to_categorical(y, 10)
    tf.keras.utils.set_random_seed(request.seed)
    model = network(request, x.shape[1:])
    images = min(len(x), (request.steps or len(x)) * request.batch)
    watch = Watch(images)
    how = {"epochs": request.epochs, "verbose": 0, "callbacks": [watch]}
    if "augment" in request.config["data"]:
        flow = generator(request).flow(x, y, batch_size=request.batch)
        model.fit(flow, steps_per_epoch=images // request.batch, **how)
    else:
        model.fit(x[:images], y[:images], batch_size=request.batch, **how)
    peer.answer(rates=watch.rates, val_accuracy=[], version=tf.__version__, parameters=model.count_params())


def evaluate(request):
    x, _ = request.split(request.split_name)
    model = network(request, x.shape[1:])
    load(model, request)
    rates = []
    model.predict(x[:512], batch_size=request.evaluation_batch, verbose=0)
    for _ in range(request.epochs):
        with peer.timed(rates, len(x)):
            found = model.predict(x, batch_size=request.evaluation_batch, verbose=0).argmax(1)
    peer.answer(rates=rates, predicted=found.tolist(), version=tf.__version__)


def augment(request):
    """Images a processor second out of the generator alone, after one batch to warm up."""
    x, y = request.split("train")
    flow = generator(request).flow(x, y, batch_size=request.batch)
    next(flow)
    rates = []
    for _ in range(request.epochs):
        with peer.timed(rates, request.steps * request.batch, time.process_time):
            for _ in range(request.steps):
                next(flow)
    peer.answer(rates=rates, version=tf.__version__)


def main():
    request = peer.Request(sys.argv[1])
    if request.threads != len(os.sched_getaffinity(0)):
        tf.config.threading.set_intra_op_parallelism_threads(request.threads)
    {"train": train, "evaluate": evaluate, "augment": augment}[request.task](request)


if __name__ == "__main__":
    main()
