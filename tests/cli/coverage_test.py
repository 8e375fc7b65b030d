"""`svhn evaluate`: the coverage curve, against what its own predictions give when they are counted anew."""

import csv
import json
import os
import shutil

import harness

LAYERS = [{"type": "flatten"}, {"type": "dense", "units": 64, "activation": "selu"}, {"type": "batch_norm"},
          {"type": "dense", "units": 10, "activation": "softmax"}]


def area(rows):
    """The mean, over the images, of the share of wrong ones among those that are at least as sure."""
    total = 0.0
    for own, _ in rows:
        answers = [right for sure, right in rows if sure >= own]
        total += 1 - sum(answers) / len(answers)
    return total / len(rows)


class Coverage(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.train_for_class(harness.config(model={"layers": LAYERS}, train={"epochs": 30}))

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(self.base, "models"), self.path("models"))

    def evaluate(self, *arguments):
        told = json.loads(self.succeed("evaluate", "--model", "models/tiny.safetensors", "--split", "train", "--json",
                                       "--predictions", "p.csv", *arguments).out)
        with open(self.path("p.csv"), encoding="ascii") as file:
            rows = [(float(row["p" + row["predicted"]]), row["true"] == row["predicted"]) for row in csv.DictReader(file)]
        return told, rows

    def test_curve_is_that_of_the_predictions(self):
        told, rows = self.evaluate()
        self.assertTrue(0.2 < told["accuracy"] < 0.98, "the curve would be flat")
        self.assertAlmostEqual(told["aurc"], area(rows), delta=1e-6)
        curve = told["coverage_curve"]
        self.assertEqual(len(curve), 100)
        for percent, point in enumerate(curve, 1):
            answers = [right for sure, right in rows if sure >= point["threshold"] - 1e-9]
            self.assertEqual(point["coverage"], len(answers) / len(rows))
            self.assertAlmostEqual(point["accuracy"], sum(answers) / len(answers), delta=1e-12)
            self.assertEqual(int(100 * len(answers) / len(rows)), percent)
        self.assertEqual((curve[-1]["coverage"], curve[-1]["accuracy"]), (1, told["accuracy"]))

    def test_rejection_counts_the_answers_that_are_left(self):
        threshold = 0.5
        told, rows = self.evaluate("--reject", threshold)
        answers = [right for sure, right in rows if sure >= threshold]
        self.assertTrue(0 < len(answers) < len(rows))
        self.assertEqual(told["reject"], {"threshold": threshold, "answered": len(answers), "coverage": len(answers) / len(rows),
                                          "accuracy": sum(answers) / len(answers)})
        text = self.succeed("evaluate", "--model", "models/tiny", "--split", "train", "--reject", 1).out
        self.assertRegex(text, r"\n  reject     below 1: 0\.0000 of the images are answered \(0 images\)\n")
        self.assertIsNone(self.evaluate("--reject", 1)[0]["reject"]["accuracy"])

    def test_range_of_the_threshold_is_named(self):
        self.assert_error(self.run_svhn("evaluate", "--model", "models/tiny", "--reject", 2), 3,
                          "--reject is 2, not within 0 to 1",
                          "it is a probability: with 0.9, answers below 0.9 are not given")

    def test_draws_the_curve(self):
        result = self.succeed("evaluate", "--model", "models/tiny", "--coverage", "c.svg", "--reject", 0.5, "--quiet")
        if "gnuplot" in result.err:
            self.skipTest("gnuplot is missing")
        self.assertIn("Coverage", harness.read_bytes(self.path("c.svg")).decode())


if __name__ == "__main__":
    harness.main()
