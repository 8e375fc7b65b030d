#!/usr/bin/env python3
"""A recipe of configs/ in plain PyTorch, the peer that it is measured against, and single tricks on top of it.

    torch_recipe.py CONFIG --data PREPARED.safetensors                         train, a line after each epoch
    torch_recipe.py CONFIG --data … --epochs 4 --seeds 0,1,2 --tricks all      each trick alone, accuracies and ms a step

Reads the network, batch size, rate, schedule and the crop, cutout and label smoothing of the config; weight decay is
5e-4 on all weights, as in most PyTorch recipes. Runs in float32; --bfloat16 takes autocast. The validation split alone
is looked at, the test split with --test.
"""
import argparse
import json
import math
import time

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

import peer

TRICKS = {
    "none": {}, "no decay of biases and norms": {"spare": True}, "biases and norms at 4 x the rate": {"spare": True, "bias": 4.0},
    "Lookahead (k 5, alpha .5)": {"lookahead": "plain"}, "Lookahead as airbench": {"lookahead": "rising"},
    "Dirac initialisation": {"dirac": True}, "SAM (rho .05), half the steps": {"sam": 0.05},
    "Muon for convolutions (rate .24, normalised weights)": {"muon": 0.24},
    "EMA (.99)": {"ema": 0.99}, "whitening first convolution, frozen": {"whiten": "frozen"},
    "whitening first convolution, trained": {"whiten": "trained"}, "the same convolution, Glorot": {"whiten": "random"}}
ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "selu": F.selu, "linear": lambda x: x}


class Layer(nn.Module):
    """One layer of a config; `shape` is the output's."""

    def __init__(self, spec, shapes):
        super().__init__()
        self.kind, self.activation = spec["type"], ACTIVATIONS[spec.get("activation", "linear").replace("softmax", "linear")]
        self.scale, self.shape = spec.get("scale", 1.0), shapes[0]
        channels, size = shapes[0][0], spec.get("size", 1)
        if self.kind == "conv2d":
            self.op = nn.Conv2d(channels, spec["filters"], spec.get("kernel", 3), bias=spec.get("use_bias", True),
                                padding="same" if spec.get("padding") == "same" else 0)
            self.shape = (spec["filters"], *(s if spec.get("padding") == "same" else s - spec.get("kernel", 3) + 1
                                             for s in shapes[0][1:]))
        elif self.kind == "batch_norm":
            self.op = nn.BatchNorm2d(channels, eps=spec.get("epsilon", 1e-3), momentum=1 - spec.get("momentum", 0.99))
        elif self.kind == "dense":
            self.op, self.shape = nn.Linear(channels, spec["units"]), (spec["units"],)
        elif self.kind == "max_pool2d":
            self.op, self.shape = nn.MaxPool2d(size), (channels, *(s // size for s in shapes[0][1:]))
        elif self.kind == "dropout":
            self.op = nn.Dropout(spec["rate"])
        elif self.kind in ("global_max_pool", "global_average_pool"):
            self.shape = (channels,)

    def forward(self, *xs):
        if self.kind == "add":
            return self.activation(sum(xs))
        if self.kind == "global_max_pool":
            return xs[0].amax((2, 3))
        if self.kind == "global_average_pool":
            return xs[0].mean((2, 3))
        if self.kind == "rescale":
            return xs[0] * self.scale
        return self.activation(self.op(xs[0]) if hasattr(self, "op") else xs[0])


class Network(nn.Module):
    def __init__(self, layers, channels):
        super().__init__()
        self.layers, self.reads, counts = nn.ModuleList(), [], {}
        shapes, names = {"input": (channels, 32, 32)}, ["input"]
        for spec in layers:
            counts[spec["type"]] = counts.get(spec["type"], 0) + 1
            reads = spec.get("inputs") or [names[-1]]
            self.layers.append(Layer(spec, [shapes[name] for name in reads]))
            names.append(spec.get("name", f"{spec['type']}_{counts[spec['type']]}"))
            shapes[names[-1]] = self.layers[-1].shape
            self.reads.append(reads)
        self.names = names[1:]

    def forward(self, x):
        values = {"input": x}
        for name, reads, layer in zip(self.names, self.reads, self.layers):
            values[name] = layer(*(values[read] for read in reads))
        return values[self.names[-1]]


class Data:
    def __init__(self, path):
        held = peer.tensors(path)
        rows = {split: np.asarray(held[split]) for split in ("train", "val", "test")}
        pixels = np.asarray(held["images"], np.float32) / 255
        mean, deviation = pixels[rows["train"]].mean((0, 1, 2)), pixels[rows["train"]].std((0, 1, 2))
        pixels = ((pixels - mean) / deviation).transpose(0, 3, 1, 2)
        self.x = {split: torch.from_numpy(pixels[r].copy()).contiguous(memory_format=torch.channels_last) for split, r in rows.items()}
        self.y = {split: torch.from_numpy(np.asarray(held["labels"])[r].astype(np.int64)) for split, r in rows.items()}


def augmented(x, options, generator):
    pad, side = options.get("random_crop", 0), options.get("cutout", 0)
    padded = F.pad(x, (pad,) * 4, mode="reflect") if pad else x
    shifts = torch.randint(0, 2 * pad + 1, (len(x), 2), generator=generator).tolist()
    centres = torch.randint(0, 32, (len(x), 2), generator=generator).tolist()
    out = torch.empty_like(x)
    for i, ((top, left), (row, column)) in enumerate(zip(shifts, centres)):
        out[i] = padded[i, :, top:top + 32, left:left + 32]
        if side:
            row, column = row - side // 2, column - side // 2
            out[i, :, max(row, 0):row + side, max(column, 0):column + side] = 0
    return out


def whitening_layer(x, weights):
    conv = nn.Conv2d(x.shape[1], 24, 2)
    if weights != "random":
        patches = x[:2000].unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, 12).double()
        variance, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        half = (vectors / (variance + 5e-4).sqrt()).T.flip(0).reshape(12, -1, 2, 2).float()
        conv.weight.data = torch.cat([half, -half])
        nn.init.zeros_(conv.bias)
        conv.weight.requires_grad = weights == "trained"
    return nn.Sequential(conv, nn.GELU())


def orthogonal(gradient):
    """Newton and Schulz' iteration with Jordan's coefficients (Muon, 2024)."""
    x = gradient.reshape(len(gradient), -1).bfloat16()
    x = x / (x.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.T if tall else x).reshape(gradient.shape).float()


class Run:
    def __init__(self, config, data, options, trick, seed):
        torch.manual_seed(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.config, self.data, self.options, self.trick = config, data, options, trick
        channels, layers = data.x["train"].shape[1], config["model"]["layers"]
        network = Network(layers, 24 if "whiten" in trick else channels)
        if "whiten" in trick:
            network = nn.Sequential(whitening_layer(data.x["train"], trick["whiten"]), network)
        self.network = network.to(memory_format=torch.channels_last)
        if trick.get("dirac"):
            for module in self.network.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.dirac_(module.weight.data[:module.weight.shape[1]])
        self.train_options = config["train"]
        self.batch = self.train_options["batch_size"]
        self.rate = self.train_options["optimizer"]["learning_rate"]
        self.steps = options.epochs * (len(data.x["train"]) // self.batch) // (2 if "sam" in trick else 1)
        self.make_optimizer()
        self.slow = self.average = None
        self.step = 0

    def make_optimizer(self):
        trained = [p for p in self.network.parameters() if p.requires_grad]
        kernels, others = [p for p in trained if p.dim() > 1], [p for p in trained if p.dim() == 1]
        spare = self.trick.get("spare")
        self.muon = [p for p in kernels if p.dim() == 4] if "muon" in self.trick else []
        self.momenta = [torch.zeros_like(p) for p in self.muon]
        kernels = [p for p in kernels if not any(p is m for m in self.muon)]
        groups = [{"params": kernels}, {"params": others, "lr": self.rate * self.trick.get("bias", 1.0),
                                        "weight_decay": 0.0 if spare else 5e-4}]
        self.optimizer = torch.optim.SGD(groups, self.rate, momentum=0.9, weight_decay=5e-4, nesterov=True)
        self.base = [group["lr"] for group in self.optimizer.param_groups]

    def factor(self):
        done, rise = self.step / max(self.steps, 1), 0.3
        if done < rise:
            return 0.04 + 0.96 * (1 - math.cos(math.pi * done / rise)) / 2
        return (1 + math.cos(math.pi * (done - rise) / (1 - rise))) / 2

    def loss(self, x, y):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bfloat16):
            logits = self.network(x)
        return F.cross_entropy(logits.float(), y, label_smoothing=self.train_options.get("label_smoothing", 0.0))

    def differentiate(self, x, y):
        self.optimizer.zero_grad()
        for p in self.muon:
            p.grad = None
        self.loss(x, y).backward()
        if "sam" not in self.trick:
            return
        moved = [p for p in self.network.parameters() if p.grad is not None]
        norm = torch.stack([p.grad.norm() for p in moved]).norm()
        kept = [p.data.clone() for p in moved]
        for p in moved:
            p.data += self.trick["sam"] * p.grad / norm
            p.grad = None
        self.loss(x, y).backward()
        for p, old in zip(moved, kept):
            p.data = old

    @torch.no_grad()
    def update(self, factor):
        for group, base in zip(self.optimizer.param_groups, self.base):
            group["lr"] = base * factor
        self.optimizer.step()
        for p, momentum in zip(self.muon, self.momenta):
            momentum.mul_(0.6).add_(p.grad)
            p.mul_(len(p) ** 0.5 / p.norm())
            p.add_(orthogonal(p.grad + 0.6 * momentum), alpha=-self.trick["muon"] * factor)

    @torch.no_grad()
    def blend(self):
        state = {k: v for k, v in self.network.state_dict().items() if v.is_floating_point()}
        if "lookahead" in self.trick and self.step % 5 == 0:
            keep = 0.5 if self.trick["lookahead"] == "plain" else 0.95 ** 5 * (self.step / self.steps) ** 3
            self.slow = self.slow or {k: v.clone() for k, v in state.items()}
            for key, value in state.items():
                value.copy_(self.slow[key].lerp_(value, 1 - keep))
        if "ema" in self.trick:
            self.average = self.average or {k: v.clone() for k, v in state.items()}
            decay = min(self.trick["ema"], (1 + self.step) / (10 + self.step))
            for key, value in state.items():
                self.average[key].lerp_(value, 1 - decay)

    def epoch(self):
        """Returns seconds."""
        self.network.train()
        x, y = self.data.x["train"], self.data.y["train"]
        start = time.perf_counter()
        order = torch.randperm(len(x), generator=self.generator)
        for rows in order[:len(x) // self.batch * self.batch].split(self.batch):
            if self.step == self.steps:
                break
            images = augmented(x[rows], self.config["data"].get("augment") or {}, self.generator)
            self.differentiate(images.contiguous(memory_format=torch.channels_last), y[rows])
            self.update(self.factor())
            self.step += 1
            self.blend()
        return time.perf_counter() - start

    @torch.no_grad()
    def accuracy(self, split):
        self.network.eval()
        state = self.network.state_dict()
        kept = {k: v.clone() for k, v in state.items()}
        if self.average:
            self.network.load_state_dict(self.average, strict=False)
        found = torch.cat([self.network(part).argmax(1) for part in self.data.x[split].split(500)])
        self.network.load_state_dict(kept)
        return (found == self.data.y[split]).double().mean().item()


def train(run, options):
    seconds = 0.0
    while run.step < run.steps:
        seconds += run.epoch()
        if options.tricks == ["none"]:
            print(f"step {run.step}/{run.steps}  {seconds / 60:.2f} min  val {run.accuracy('val'):.4f}", flush=True)
    return run.accuracy("val"), seconds / run.steps * 1e3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("--data", required=True, help="a prepared file")
    parser.add_argument("--epochs", type=int, help="default: the config's")
    parser.add_argument("--seeds", default="0", help="comma-separated")
    parser.add_argument("--tricks", default="none", help=f"'all' or, separated by ';', some of: {'; '.join(TRICKS)}")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--test", action="store_true", help="also the test split's accuracy")
    options = parser.parse_args()
    options.tricks = list(TRICKS) if options.tricks == "all" else options.tricks.split(";")
    return options


def main():
    options = arguments()
    with open(options.config, encoding="utf-8") as file:
        config = json.load(file)
    options.epochs = options.epochs or config["train"]["epochs"]
    torch.set_num_threads(options.threads)
    data = Data(options.data)
    for trick in options.tricks:
        found = []
        for seed in options.seeds.split(","):
            run = Run(config, data, options, TRICKS[trick], int(seed))
            accuracy, milliseconds = train(run, options)
            found.append(accuracy)
            test = f"  test {run.accuracy('test'):.4f}" if options.test else ""
            print(f"{trick}  seed {seed}  val {accuracy:.4f}{test}  {milliseconds:.0f} ms a step", flush=True)
        if len(found) > 1:
            print(f"{trick}  mean {np.mean(found):.4f}  deviation {np.std(found, ddof=1):.4f}", flush=True)


if __name__ == "__main__":
    main()
