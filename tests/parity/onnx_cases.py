"""Networks that are exported as ONNX: every op that a config can name, and all backbones."""

HEAD = [{"type": "global_average_pool"}, {"type": "dense", "units": 10, "activation": "softmax"}]
ACTIVATIONS = ["relu", "selu", "tanh", "sigmoid", "elu", "gelu", "swish", "relu6", "softplus", "softsign",
               "hard_sigmoid", "hard_swish", "mish", "linear"]


def conv(filters, **more):
    return {"type": "conv2d", "filters": filters, "kernel": 3, "padding": "same"} | more


CHAIN = [conv(8, activation="relu"), {"type": "batch_norm"}, conv(8), {"type": "max_pool2d"}, {"type": "dropout"},
         conv(12, padding="valid", stride=2, activation="selu"), {"type": "batch_norm"}, {"type": "flatten"},
         {"type": "dense", "units": 24, "activation": "relu"}, {"type": "batch_norm"},
         {"type": "dense", "units": 10, "activation": "softmax"}]

RESIDUAL = [conv(8, name="stem", use_bias=False), {"type": "batch_norm", "name": "norm"},
            {"type": "activation", "activation": "relu", "name": "start"},
            conv(8, name="a", use_bias=False), {"type": "batch_norm", "name": "a_norm"},
            {"type": "activation", "activation": "relu"}, conv(8, name="b"), {"type": "batch_norm", "name": "b_norm"},
            {"type": "add", "name": "sum", "inputs": ["b_norm", "start"], "activation": "relu"},
            conv(16, name="c", stride=2), conv(16, kernel=1, stride=2, name="short", inputs=["sum"]),
            {"type": "concat", "inputs": ["c", "short"]}, {"type": "batch_norm"},
            {"type": "activation", "activation": "relu"}] + HEAD

DENSE = [{"type": "flatten"}, {"type": "dense", "units": 32, "activation": "relu"}, {"type": "batch_norm"},
         {"type": "dropout", "rate": 0.3}, {"type": "dense", "units": 10, "activation": "softmax"}]

EVERY_OP = [{"type": "rescale", "scale": 1.5, "offset": -0.25},
            {"type": "normalize", "mean": [0.4, 0.5, 0.6], "deviation": [0.2, 0.3, 0.4]},
            {"type": "resize", "height": 45, "width": 37}, {"type": "crop2d", "top": 1, "left": 2, "bottom": 3},
            {"type": "zero_pad2d", "top": 1, "right": 2}, conv(6, groups=3, dilation=2, kernel_width=5),
            {"type": "leaky_relu"}, {"type": "depthwise_conv2d", "depth_multiplier": 2, "stride": 2, "padding": "same"},
            {"type": "batch_norm"}, {"type": "prelu"}, {"type": "separable_conv2d", "filters": 8, "padding": "half"},
            {"type": "layer_norm"}, {"type": "prelu", "per_channel": False},
            {"type": "average_pool2d", "size": 3, "stride": 2, "padding": "same", "name": "mean"},
            {"type": "max_pool2d", "size": 3, "stride": 1, "padding": "same", "name": "largest"},
            conv(8, name="twin", inputs=["mean"], padding="half"),
            {"type": "add", "inputs": ["mean", "largest", "twin"], "activation": "tanh", "name": "sum"},
            {"type": "global_max_pool", "name": "peak"}, {"type": "global_average_pool", "inputs": ["sum"], "name": "level"},
            {"type": "concat", "inputs": ["peak", "level"]}, {"type": "reshape", "shape": [4, 2, 2]},
            conv(6, activation="gelu"), {"type": "flatten"}, {"type": "prelu"},
            {"type": "layer_norm"}, {"type": "normalize", "mean": [0.1], "deviation": [2]},
            {"type": "dense", "units": 10}]

EACH_ACTIVATION = ([{"type": "flatten"}, {"type": "dense", "units": 24, "name": "many"}] +
                   [{"type": "activation", "activation": one, "name": one, "inputs": ["many"]} for one in ACTIVATIONS] +
                   [{"type": "concat", "inputs": ACTIVATIONS},
                    {"type": "dense", "units": 24, "activation": "gelu"}, {"type": "dense", "units": 24, "activation": "mish"},
                    {"type": "dense", "units": 10, "activation": "softmax"}])

BACKBONES = {"vgg16": 32, "vgg19": 32, "resnet50": 32, "resnet101v2": 32, "resnet152v2": 32, "densenet121": 32,
             "densenet169": 32, "densenet201": 32, "inception_v3": 75, "xception": 71, "inception_resnet_v2": 75,
             "nasnet_mobile": 32, "nasnet_large": 32, "squeezenet1_1": 32}


def backbone(name, side, variant=None, small=False):
    """`small`: pictures of digits' size, enlarged by a layer before the backbone."""
    layer = {"type": "backbone", "name": name, "weights": "random", "trainable": ["*"]}
    if variant:
        layer["variant"] = variant
    enlarge = [{"type": "resize", "height": side, "width": side}] if small else []
    return enlarge + [layer] + HEAD


def cases():
    """{name: (layers, height, width, steps)}"""
    found = {"chain": (CHAIN, 32, 32, ["greyscale", "minmax_per_split"]),
             "dense": (DENSE, 32, 32, ["greyscale", "standardize"]),
             "residual": (RESIDUAL, 32, 32, ["minmax", "standardize"]),
             "every_op": (EVERY_OP, 41, 33, []),
             "activations": (EACH_ACTIVATION, 32, 32, ["minmax_per_split", "greyscale", "minmax"])}
    for name, side in BACKBONES.items():
        found[name] = (backbone(name, side), side, side, [])
    found["resnet50 torch"] = (backbone("resnet50", 32, "torch"), 32, 32, ["standardize"])
    found["inception_v3 torch"] = (backbone("inception_v3", 75, "torch"), 75, 75, [])
    found["squeezenet1_1 enlarged"] = (backbone("squeezenet1_1", 64, small=True), 32, 32, [])
    return found
