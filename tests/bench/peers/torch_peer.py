"""PyTorch: the plain float32 loop that its tutorials show, on arrays that were prepared before."""
import sys

import numpy as np
import torch
from torch import nn

import peer

ACTIVATIONS = {"selu": nn.SELU, "relu": nn.ReLU, "tanh": nn.Tanh}


def norm(shape):
    kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
    return kind(shape[0], eps=1e-3, momentum=0.01)


def built(spec, shape):
    """The module of one layer of a config, and the shape after it."""
    kind = spec["type"]
    if kind == "conv2d":
        return nn.Conv2d(shape[0], spec["filters"], spec["kernel"], padding="same"), (spec["filters"], *shape[1:])
    if kind == "dense":
        return nn.Linear(shape[0], spec["units"]), (spec["units"],)
    if kind == "batch_norm":
        return norm(shape), shape
    if kind == "max_pool2d":
        return nn.MaxPool2d(spec["size"]), (shape[0], shape[1] // spec["size"], shape[2] // spec["size"])
    if kind == "dropout":
        return nn.Dropout(spec["rate"]), shape
    return nn.Flatten(), (int(np.prod(shape)),)


class Network(nn.Sequential):
    """`named`: the layers with weights under the names of our model files."""

    def __init__(self, layers, channels):
        super().__init__()
        shape, counts, self.named = (channels, 32, 32), {}, {}
        for spec in layers:
            module, shape = built(spec, shape)
            self.append(module) if hasattr(self, "append") else self.add_module(str(len(self)), module)
            counts[spec["type"]] = counts.get(spec["type"], 0) + 1
            if list(module.parameters()):
                self.named[f"{spec['type']}_{counts[spec['type']]}"] = module
                self.start(module)
            activation = ACTIVATIONS.get(spec.get("activation"))
            if activation:
                self.add_module(str(len(self)), activation())

    @staticmethod
    def start(module):
        if module.weight.dim() > 1:
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)

    def load(self, path):
        found = peer.tensors(path)
        for name, module in self.named.items():
            state = module.state_dict()
            for key in state:
                if f"{name}.{key}" in found:
                    state[key] = torch.from_numpy(np.array(found[f"{name}.{key}"]))
            module.load_state_dict(state)


def arrays(request, split):
    x, y = request.split(split)
    return torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(y)


def step(network, optimizer, x, y):
    optimizer.zero_grad()
    logits = network(x)
    loss = nn.functional.cross_entropy(logits, y)
    loss.backward()
    optimizer.step()
    return loss.item(), (logits.argmax(1) == y).sum().item()


def epoch(network, optimizer, x, y, request, first):
    network.train()
    order = torch.randperm(len(x))[:request.steps * request.batch] if request.steps else torch.randperm(len(x))
    total = 0.0
    for at in range(0, len(order), request.batch):
        rows = order[at:at + request.batch]
        total += step(network, optimizer, x[rows], y[rows])[0] * len(rows)
        if first and at == 0:
            peer.said_first_step()
    return total / len(order)


@torch.no_grad()
def classes(network, x, batch):
    network.eval()
    return torch.cat([network(part).argmax(1) for part in x.split(batch)])


def train(request):
    x, y = arrays(request, "train")
    torch.manual_seed(request.seed)
    network = Network(request.layers, x.shape[1])
    optimizer = torch.optim.Adam(network.parameters(), lr=request.rate, eps=1e-7)
    images = min(len(x), (request.steps or len(x)) * request.batch)
    rates, accuracies = [], []
    held_out = arrays(request, "val") if request.validate else None
    for number in range(request.epochs):
        with peer.timed(rates, images):
            epoch(network, optimizer, x, y, request, number == 0)
        if held_out:
            accuracies.append((classes(network, held_out[0], 256) == held_out[1]).float().mean().item())
    peer.answer(rates=rates, val_accuracy=accuracies, version=torch.__version__, parameters=count(network))


def count(network):
    return sum(p.numel() for p in network.parameters())


def evaluate(request):
    x, _ = arrays(request, request.split_name)
    network = Network(request.layers, x.shape[1])
    network.load(request.model)
    rates = []
    classes(network, x[:512], request.evaluation_batch)
    for _ in range(request.epochs):
        with peer.timed(rates, len(x)):
            found = classes(network, x, request.evaluation_batch)
    peer.answer(rates=rates, predicted=found.tolist(), version=torch.__version__)


def main():
    request = peer.Request(sys.argv[1])
    torch.set_num_threads(request.threads)
    {"train": train, "evaluate": evaluate}[request.task](request)


if __name__ == "__main__":
    main()
