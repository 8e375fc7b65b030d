"""`svhn calibrate`: the temperature, where it is kept, and that it changes probabilities alone."""

import csv
import json
import math
import os
import shutil

import harness

DIGITS = [f"p{digit}" for digit in range(10)]


def loss_at(rows, temperature):
    """The mean negative log likelihood of probabilities that are sharpened or flattened by a temperature."""
    total = 0.0
    for row in rows:
        logs = [math.log(max(float(row[key]), 1e-300)) / temperature for key in DIGITS]
        top = max(logs)
        total += top + math.log(sum(math.exp(x - top) for x in logs)) - logs[int(row["true"])]
    return total / len(rows)


def best_temperature(rows):
    """By golden-section search, which needs no derivative."""
    low, high, ratio = math.log(0.05), math.log(50), (math.sqrt(5) - 1) / 2
    while high - low > 1e-6:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if loss_at(rows, math.exp(a)) < loss_at(rows, math.exp(b)):
            high = b
        else:
            low = a
    return math.exp((low + high) / 2)


class Calibrate(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Few digits, learnt by heart: sure of itself and often wrong on others.
        train = {"epochs": 30}
        layers = [{"type": "flatten"}, {"type": "dense", "units": 64, "activation": "selu"}, {"type": "batch_norm"},
                  {"type": "dense", "units": 10, "activation": "softmax"}]
        cls.train_for_class(harness.config(train=train, model={"layers": layers}))

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(self.base, "models"), self.path("models"))
        self.model = self.path("models/tiny.safetensors")

    def evaluate(self, split="val"):
        told = json.loads(self.succeed("evaluate", "--model", self.model, "--split", split, "--predictions", "p.csv",
                                       "--json").out)
        with open(self.path("p.csv"), encoding="ascii") as file:
            return told, list(csv.DictReader(file))

    def calibrate(self, *arguments):
        return json.loads(self.succeed("calibrate", "--model", self.model, "--json", *arguments).out)

    def test_finds_the_temperature_with_the_smallest_loss(self):
        _, rows = self.evaluate()
        told = self.calibrate()
        self.assertGreater(told["temperature"], 1.2)
        self.assertAlmostEqual(told["temperature"] / best_temperature(rows), 1, delta=2e-4)
        self.assertAlmostEqual(told["before"]["val"]["nll"], loss_at(rows, 1), delta=1e-6)
        self.assertAlmostEqual(told["after"]["val"]["nll"], loss_at(rows, told["temperature"]), delta=1e-6)

    def test_every_command_uses_it_and_the_digits_stay(self):
        before, rows = self.evaluate("test")
        told = self.calibrate()
        after, calibrated = self.evaluate("test")
        self.assertEqual([row["predicted"] for row in rows], [row["predicted"] for row in calibrated])
        self.assertEqual(before["accuracy"], after["accuracy"])
        for key, name in (("loss", "nll"), ("expected_calibration_error", "ece"), ("brier_score", "brier_score")):
            self.assertAlmostEqual(before[key], told["before"]["test"][name], delta=1e-6)
            self.assertAlmostEqual(after[key], told["after"]["test"][name], delta=1e-6)
        self.assertLess(after["loss"], before["loss"])
        for old, new in zip(rows, calibrated, strict=True):
            powers = [float(old[key]) ** (1 / told["temperature"]) for key in DIGITS]
            for key, power in zip(DIGITS, powers, strict=True):
                self.assertAlmostEqual(float(new[key]), power / sum(powers), delta=2e-5)
        self.assertEqual(json.loads(self.succeed("info", self.model, "--json").out)["temperature"], told["temperature"])
        self.assertIn(f"divided by {told['temperature']:.4f}", self.succeed("info", self.model).out)

    def test_brier_score_is_that_of_the_predictions(self):
        told, rows = self.evaluate()
        by_hand = sum(sum((float(row[key]) - (digit == int(row["true"]))) ** 2 for digit, key in enumerate(DIGITS))
                      for row in rows) / len(rows)
        self.assertAlmostEqual(told["brier_score"], by_hand, delta=1e-7)

    def test_calibrating_again_gives_the_same_file(self):
        first = self.calibrate()
        content = harness.read_bytes(self.model)
        second = self.calibrate()
        self.assertEqual(content, harness.read_bytes(self.model))
        self.assertEqual(second["temperature"], first["temperature"])
        self.assertEqual(second["before"], second["after"])

    def test_writes_another_file_where_one_is_named(self):
        content = harness.read_bytes(self.model)
        told = self.calibrate("--output", "calibrated.safetensors")
        self.assertEqual(content, harness.read_bytes(self.model))
        self.assertEqual(told["output"], "calibrated.safetensors")
        self.assertEqual(told["temperature"], self.calibrate()["temperature"])
        self.assertEqual(harness.read_bytes(self.path("calibrated.safetensors")), harness.read_bytes(self.model))

    def test_results_of_the_uncalibrated_model_stand_apart(self):
        self.evaluate("test")
        self.calibrate()
        self.evaluate("test")
        self.assertEqual(len(os.listdir(self.path("models/tiny/results"))), 2)

    def test_tells_what_has_changed(self):
        text = self.succeed("calibrate", "--model", "models/tiny").out
        self.assertRegex(text, r"^tiny: temperature \d+\.\d{4}, fitted on the val split \(synthetic digits\)\n")
        for words in ("val split, 96 images", "test split, 120 images", "before   after", "calibration error (ECE)",
                      "Brier score", "Model: models/tiny.best.safetensors"):
            self.assertIn(words, text)

    def test_refuses_a_checkpoint_and_an_empty_split(self):
        result = self.run_svhn("calibrate", "--model", "models/tiny/checkpoints/last.safetensors")
        self.assertEqual(result.code, 5, result)
        self.assertIn("is a checkpoint", result.err)
        harness.empty_split(self.data, self.path("none.safetensors"), "val")
        state = harness.state_of(self.path("models"))
        result = self.run_svhn("calibrate", "--model", self.model, "--data", "none.safetensors")
        self.assertEqual(result.code, 4, result)
        self.assertIn("the val split is empty", result.err)
        self.assertEqual(state, harness.state_of(self.path("models")))

    def test_refuses_where_no_temperature_fits(self):
        self.succeed("preprocess", "--synthetic", 100, "--output", "few.safetensors")
        layers = [{"type": "flatten"}, {"type": "dense", "units": 64, "activation": "selu"}, {"type": "dense", "units": 10}]
        few = harness.config(name="few", model={"layers": layers}, train={"epochs": 300})
        self.assertEqual(self.train(few, "--data", "few.safetensors", "--quiet").code, 0)
        self.assert_error(self.run_svhn("calibrate", "--model", "models/few.safetensors", "--split", "train"), 4,
                          "every image of the train split is read right, so that no temperature fits",
                          "calibrate on more images, which the training has not learnt from")

    def test_refuses_a_model_that_is_no_better_than_chance(self):
        _, rows = self.evaluate()
        least = {int(row["row"]): min(range(10), key=lambda digit: float(row[f"p{digit}"])) for row in rows}
        harness.relabel(self.data, self.path("wrong.safetensors"), least)
        self.assert_error(self.run_svhn("calibrate", "--model", self.model, "--data", "wrong.safetensors"), 4,
                          "on the val split the model is no better than chance",
                          "name the data of its training, or train it longer")


if __name__ == "__main__":
    harness.main()
