"""svhn: prepares the data, writes the config, trains and evaluates."""
import csv
import json
import os
import shutil

import protocol


class Setup:
    """The network, the data and how much of it a run sees; what all contestants of a table share."""

    def __init__(self, options, config=None, data=None):
        self.options, self.work = options, options.work
        self.name = config or options.config
        with open(os.path.join(protocol.SOURCE, "configs", self.name + ".json"), encoding="utf-8") as file:
            self.document = json.load(file)
        self.document["data"]["file"] = data or synthetic(options, options.images)
        self.seed = 1

    @property
    def steps(self):
        """Of an epoch."""
        batch = self.document["train"]["batch_size"]
        return self.options.steps or -(-train_images(self.document["data"]["file"]) // batch)

    def config(self, **train):
        """Writes the run's config with these changes of its train section; returns its path."""
        document = json.loads(json.dumps(self.document))
        document["train"].update({"steps_per_epoch": self.steps, "seed": self.seed, **train})
        path = os.path.join(self.work, "run.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return path

    def request(self, task, **more):
        return {"task": task, "config": self.config(), "threads": self.options.threads, "seed": self.seed,
                "steps": self.steps, "epochs": self.options.epochs + 1, "validate": False, **more}


def train_images(path):
    """How many training images a prepared file has."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return header["train"]["shape"][0]


def synthetic(options, images):
    """A prepared file of that many synthetic digits, made once a run."""
    path = os.path.join(options.data_cache, f"synthetic-{images}.safetensors")
    if not os.path.exists(path):
        protocol.tell(f"  making {images:,} synthetic digits")
        protocol.run([options.program, "preprocess", "--synthetic", images, "--output", path])
    return path


def train_command(contestant, setup, config, epochs):
    return [contestant.program, "train", "--config", config, "--output", os.path.join(setup.work, "models"),
            "--overwrite", "--log-level", "debug", "--threads", setup.options.threads, "--precision",
            contestant.precision, "--set", f"train.epochs={epochs}"]


def train(contestant, setup, epochs):
    """Rates and validation accuracies by epoch."""
    done = protocol.run(train_command(contestant, setup, setup.config(), epochs))
    path = os.path.join(setup.work, "models", setup.document["name"] + ".history.json")
    with open(path, encoding="utf-8") as file:
        history = json.load(file)
    return {"rates": history["images_per_second"], "val_accuracy": history["val_accuracy"], "peak_mb": done.peak_mb,
            "first_step": done.first_step, "seconds": done.seconds}


def trained_model(contestant, setup):
    """A model of a short run, for whatever needs one; other runs do not touch it."""
    train(contestant, setup, 1)
    made = os.path.join(setup.work, "models", setup.document["name"] + ".safetensors")
    return shutil.copy(made, os.path.join(setup.work, "trained.safetensors"))


def evaluate(contestant, setup, model, split, precision):
    table = os.path.join(setup.work, "predictions.csv")
    done = protocol.run([contestant.program, "evaluate", "--model", model, "--data", setup.document["data"]["file"],
                         "--split", split, "--json", "--predictions", table, "--precision", precision, "--threads",
                         setup.options.threads])
    with open(table, encoding="utf-8") as file:
        digits = [int(row["predicted"]) for row in csv.DictReader(file)]
    found = json.loads(done.out)
    return {"rates": [found["images_per_second"]], "predicted": [(digit + 9) % 10 for digit in digits],
            "images": found["images"], "peak_mb": done.peak_mb, "seconds": done.seconds}
