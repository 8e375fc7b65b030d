"""`svhn train --find-lr`: the learning-rate range test."""

import json
import math
import os
import shutil

import harness
from harness import config, tree


class FindLr(harness.ProgramTest):
    def find(self, document, *arguments):
        result = self.train(document, "--find-lr", "--output", "models", *arguments)
        self.assertEqual(result.code, 0, result)
        return result

    def test_rates_grow_evenly_and_the_suggestion_lies_before_the_minimum(self):
        found = json.loads(self.find(config(), "--json").out)
        self.assertEqual(set(found), {"suggested_learning_rate", "minimum_learning_rate", "diverged", "points", "chart"})
        rates = [point["learning_rate"] for point in found["points"]]
        self.assertAlmostEqual(rates[0], 1e-5)
        for low, high in zip(rates, rates[1:]):
            self.assertAlmostEqual(math.log10(high / low), 6 / 119, places=6)
        losses = [point["loss"] for point in found["points"]]
        average = 0.0
        for count, (loss, point) in enumerate(zip(losses, found["points"]), 1):
            average = 0.9 * average + 0.1 * loss
            self.assertAlmostEqual(point["smoothed_loss"], average / (1 - 0.9 ** count), places=6)
        best = min(found["points"], key=lambda point: point["smoothed_loss"])
        self.assertEqual(found["minimum_learning_rate"], best["learning_rate"])
        self.assertTrue(1e-5 < found["suggested_learning_rate"] <= best["learning_rate"] * 1.05, found)

    def test_it_writes_a_chart_and_nothing_else_also_beside_a_finished_run(self):
        self.assertEqual(self.train(config(), "--output", "models").code, 0)
        before = {name: harness.read_bytes(self.path("models", name)) for name in tree(self.path("models"))}
        result = self.find(config())
        self.assertIn("--set train.optimizer.learning_rate=", result.out)
        after = {name: harness.read_bytes(self.path("models", name)) for name in tree(self.path("models"))}
        chart = after.pop("tiny.find_lr.png", None)
        self.assertEqual(after, before)
        self.assertEqual(chart is not None, shutil.which("gnuplot") is not None)
        if chart: self.assertTrue(chart.startswith(b"\x89PNG"))

    def test_it_is_reproducible(self):
        first, second = (self.find(config(), "--json").out for _ in range(2))
        self.assertEqual(first, second)

    def test_a_diverging_loss_ends_it(self):
        document = config(train={"optimizer": {"type": "sgd", "learning_rate": 0.1, "momentum": 0.99}})
        found = json.loads(self.find(document, "--json").out)
        self.assertTrue(found["diverged"])
        self.assertLess(len(found["points"]), 120)

    def test_it_excludes_what_makes_no_sense_beside_it(self):
        for other in ("--resume", "--no-train", "--dry-run"):
            result = self.train(config(), "--find-lr", other)
            self.assertEqual(result.code, 2, result)
        self.assertFalse(os.path.exists(self.path("models")))


if __name__ == "__main__":
    harness.main()
