"""Models as the assignment's notebook builds them, with random weights and statistics, for keras_h5_parity.py."""
import numpy as np


def dense_block(layers, units, rate=None):
    block = [layers.Dense(units, activation="selu"), layers.BatchNormalization()]
    return block + ([layers.Dropout(rate)] if rate else [])


def conv_block(layers, filters, rate):
    block = []
    for _ in range(2):
        block += [layers.Conv2D(filters, 3, padding="same", activation="selu"), layers.BatchNormalization()]
    return block + [layers.MaxPooling2D((2, 2)), layers.Dropout(rate)]


def q1_3(keras):
    layers = keras.layers
    return keras.Sequential([layers.Input((1024,)), *dense_block(layers, 128), *dense_block(layers, 64, 0.1),
                             *dense_block(layers, 32, 0.2), layers.Dense(10, activation="softmax")])


def q1_1(keras):
    """The flat RGB input, so that the first dense layer's rows change their order."""
    layers = keras.layers
    return keras.Sequential([layers.Input((3072,)), layers.Dense(64, activation="selu"),
                             layers.Dense(10, activation="softmax")])


def q2_1(keras):
    layers = keras.layers
    return keras.Sequential([layers.Input((1024,)), layers.Reshape((32, 32, 1)), *conv_block(layers, 32, 0.2),
                             *conv_block(layers, 64, 0.3), *conv_block(layers, 128, 0.4), layers.Flatten(),
                             *dense_block(layers, 128, 0.5), layers.Dense(10, activation="softmax")])


def every_layer(keras):
    """A chain of functional calls with what the others leave out; nothing is symmetric, so that orders show."""
    layers = keras.layers
    given = layers.Input((32, 32, 3))
    x = layers.ZeroPadding2D(1)(given)
    x = layers.Conv2D(6, 3, activation="relu", use_bias=False)(x)
    x = layers.BatchNormalization(scale=False, epsilon=1e-2)(x)
    x = layers.AveragePooling2D(3, strides=2, padding="same")(x)
    x = layers.Activation("tanh")(x)
    x = layers.Conv2D(5, 4, strides=3, padding="same", activation="swish")(x)
    x = layers.MaxPooling2D(2, strides=1)(x)
    x = layers.Flatten()(x)
    x = layers.BatchNormalization(center=False)(x)
    x = layers.Reshape((5, 5, 5))(x)
    x = layers.Conv2D(7, 2, activation="gelu")(x)
    x = layers.Reshape((2, 8, 7))(x)
    x = layers.ReLU()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(12, activation="elu", use_bias=False)(x)
    x = layers.Dense(10)(x)
    return keras.Model(given, layers.Softmax()(x))


def global_pool(keras):
    layers = keras.layers
    return keras.Sequential([layers.Input((32, 32, 1)), layers.Conv2D(8, 5, strides=2, activation="sigmoid"),
                             layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")])


def vgg16(keras):
    """q4_2: the nested network with blocks 4 and 5 trainable."""
    layers = keras.layers
    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    for layer in base.layers:
        layer.trainable = layer.name.startswith(("block4", "block5"))
    return keras.Sequential([layers.Input((32, 32, 3)), base, layers.Flatten(), layers.Dense(64, activation="selu"),
                             layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(10, activation="softmax")])


MODELS = {make.__name__: make for make in (q1_1, q1_3, q2_1, every_layer, global_pool, vgg16)}


def randomise(model, seed=3):
    """Biases, gammas, betas and statistics that differ from their initial values; kernels scaled to keep signals."""
    draw = np.random.default_rng(seed)
    arrays = []
    for weight in model.weights:
        name, shape = getattr(weight, "path", weight.name), tuple(weight.shape)
        if len(shape) > 1:
            gain = np.sqrt(2) if "block" in name else 1.0  # Thirteen ReLUs would fade away otherwise.
            arrays.append(draw.normal(0, gain * np.prod(shape[:-1]) ** -0.5, shape))
        elif "gamma" in name or "variance" in name:
            arrays.append(draw.uniform(0.5, 1.5, shape))
        else:
            arrays.append(draw.normal(0, 0.1, shape))
    model.set_weights([array.astype(np.float32) for array in arrays])
