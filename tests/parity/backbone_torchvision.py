#!/usr/bin/env python3
"""Parameter counts and features of torchvision's own networks with random weights and statistics.

    python3 tests/parity/backbone_torchvision.py build/tests/parity/backbone_dump [NAME...]

Needs numpy, torch and torchvision (Debian: python3-torchvision).
"""
import copy
import sys
import tempfile

try:
    import numpy as np
    import torch
    import torchvision
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

from backbone_case import count_parameters, random_images, relative_error, report, run_backbone, run_dump

torch.set_num_threads(1)
SIDES = {"vgg16": 64, "vgg19": 64, "resnet50": 64, "densenet121": 64, "densenet169": 64, "densenet201": 64,
         "inception_v3": 96, "squeezenet1_1": 67}

TRAINED = {"resnet50": "layer4", "densenet121": "features.denseblock4"}  # What is trained in the test of training.


def make(name):
    """A network in inference mode whose batch norms differ from doing nothing."""
    torch.manual_seed(1)
    extra = {"transform_input": False, "init_weights": False} if name == "inception_v3" else {}
    network = getattr(torchvision.models, name)(weights=None, **extra)
    draw = np.random.default_rng(5)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            fan = module.weight[0].numel()
            module.weight.data = torch.from_numpy(draw.normal(0, (1.5 / fan) ** 0.5, module.weight.shape)).float()
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.copy_(torch.from_numpy(draw.uniform(0.5, 1.5, tensor.shape)))
            for tensor in (module.bias.data, module.running_mean):
                tensor.copy_(torch.from_numpy(draw.normal(0, 0.1, tensor.shape)))
    return network.eval()


def features_of(name, network, images):
    """What the network gives before its pooling and classifier."""
    if name.startswith("densenet"):
        return torch.relu(network.features(images))
    if hasattr(network, "features"):
        return network.features(images)
    kept, last = {}, network.Mixed_7c if name == "inception_v3" else network.layer4
    last.register_forward_hook(lambda module, given, result: kept.update(features=result))
    network(images)
    return kept["features"]


def arrays_of(network):
    return {key: value.numpy() for key, value in network.state_dict().items() if "num_batches" not in key}


def parameters_of(arrays):
    tops = ("classifier", "fc", "AuxLogits")
    return sum(array.size for key, array in arrays.items() if key.split(".")[0] not in tops)


def compare(dump, name):
    network, images = make(name), random_images(SIDES[name])
    with torch.no_grad():
        theirs = features_of(name, network, torch.from_numpy(images)).numpy()
    arrays = arrays_of(network)
    spec = {"name": name, "variant": "torch"}
    ours, count = count_parameters(dump, spec, SIDES[name]), parameters_of(arrays)
    assert ours == count, f"{name}: {ours} parameters, torchvision has {count}"
    with tempfile.TemporaryDirectory() as folder:
        torch.save(network.state_dict(), folder + "/weights.pth")
        # The variant is left for the program to find out from the names.
        features = run_backbone(dump, {"name": name}, folder + "/weights.pth", images)
    report(f"{name} ({count:,} parameters)", features, theirs)


def compare_top(dump):
    """SqueezeNet's classifier is part of the comparison."""
    network, images = make("squeezenet1_1"), random_images(SIDES["squeezenet1_1"])
    with torch.no_grad():
        theirs = network(torch.from_numpy(images)).numpy()
    ours = run_backbone(dump, {"name": "squeezenet1_1", "top": True}, arrays_of(network), images)
    report("squeezenet1_1 with its classifier", ours, theirs)


def compare_script(dump):
    """A network that the program does not know, as a TorchScript file."""
    network = make("shufflenet_v2_x0_5")
    features = torch.nn.Sequential(network.conv1, network.maxpool, network.stage2, network.stage3)
    images = random_images(64)
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        theirs = features(torch.from_numpy(images)).numpy()
        torch.jit.script(features).save(folder + "/features.pt")
        spec = {"name": "torchscript", "feature_shape": list(theirs.shape[1:])}
        ours = run_backbone(dump, spec, folder + "/features.pt", images)
    report("shufflenet_v2_x0_5 as TorchScript", ours, theirs)


def distance_to_kinks(name, network, images):
    """How near the input of a ReLU comes to zero, where rounding would decide what its gradient is."""
    nearest = []
    def look(_module, inputs):
        nearest.append(inputs[0].abs().min().item())
    hooks = [part.register_forward_pre_hook(look) for part in network.modules()
             if isinstance(part, torch.nn.ReLU) and part.training]
    if hasattr(network, "features"):  # DenseNet's last ReLU is a function.
        hooks.append(network.features.register_forward_hook(lambda module, inputs, output: look(module, [output])))
    with torch.no_grad():
        features_of(name, network, torch.from_numpy(images))
    for hook in hooks:
        hook.remove()
    return min(nearest)


def images_off_kinks(name, network):
    """Sets of images, first those on which other sums' rounding is least likely to change a gradient."""
    statistics = copy.deepcopy(network.state_dict())
    drawn = [random_images(SIDES[name], 4, seed) for seed in range(20)]
    drawn.sort(key=lambda images: distance_to_kinks(name, network, images), reverse=True)
    network.load_state_dict(statistics)  # They moved.
    return drawn[:4]


def compare_training(dump, name, trainable):
    """One step with some layers trained: gradients of their weights, and statistics that move or stay.

    On some processors the convolutions' sums differ so much that a ReLU's input changes its sign on any one set of
    images. A wrong gradient is wrong on all of them, so one set on which everything agrees is enough.
    """
    network = make(name)
    trained = {key: part for key, part in network.named_modules() if key.startswith(trainable)}
    network.requires_grad_(False)
    for part in trained.values():
        part.requires_grad_(True).train()
    differences = []
    for images in images_off_kinks(name, network):
        differences.append(compare_step(dump, copy.deepcopy(network), (name, trainable), images))
        if differences[-1] < 1e-3:
            return
    raise AssertionError(f"{name}: a gradient or a statistic differs by {min(differences)} on every set of images")


def compare_step(dump, network, what, images):
    """One step on a set of images. Returns the largest relative difference of a gradient or statistic."""
    name, trainable = what
    arrays = {key: value.copy() for key, value in arrays_of(network).items()}
    features = features_of(name, network, torch.from_numpy(images))
    direction = np.random.default_rng(9).normal(0, 1, features.shape).astype(np.float32)
    (features * torch.from_numpy(direction)).sum().backward()
    theirs = {key: value.numpy() for key, value in network.state_dict().items() if "running" in key}
    theirs |= {key: value.grad.numpy() for key, value in network.named_parameters() if value.grad is not None}
    ours = run_dump(dump, "train", {"name": name, "variant": "torch", "trainable": [trainable + "*"]}, arrays,
                    {"images": images, "direction": direction})
    report(f"{name} in training", ours.pop("features"), features.detach().numpy())
    return difference_by_size(name, ours, theirs)


def difference_by_size(name, ours, theirs):
    """The layers' names differ: arrays are compared in the order of sums of squares, which no two share."""
    assert sorted(a.shape for a in ours.values()) == sorted(a.shape for a in theirs.values())

    def ordered(arrays):
        return sorted(arrays.values(), key=lambda a: (a.shape, float(np.square(a.astype(np.float64)).sum())))
    worst = max(relative_error(a, b) for a, b in zip(ordered(ours), ordered(theirs)))
    print(f"{name} in training: {len(theirs)} gradients and statistics, largest relative difference {worst:.1e}")
    return worst


def main():
    for name in sys.argv[2:] or SIDES:
        compare(sys.argv[1], name)
        if name == "squeezenet1_1":
            compare_top(sys.argv[1])
            compare_script(sys.argv[1])
        if name in TRAINED:
            compare_training(sys.argv[1], name, TRAINED[name])


if __name__ == "__main__":
    main()
