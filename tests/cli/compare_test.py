"""`svhn compare`: several models on the same images, against what `evaluate` tells of each."""

import csv
import json
import math
import os
import shutil
import statistics

import harness


def exact_p(only_a, only_b):
    n, fewer = only_a + only_b, min(only_a, only_b)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n)


class Compare(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, epochs in (("good", 12), ("fair", 4), ("poor", 1)):
            cls.train_for_class(harness.config(name=name, train={"epochs": epochs}))

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(self.base, "models"), self.path("models"))

    def predictions(self, name, split="test"):
        told = json.loads(self.succeed("evaluate", "--model", f"models/{name}.safetensors", "--split", split,
                                       "--predictions", "p.csv", "--json").out)
        with open(self.path("p.csv"), encoding="ascii") as file:
            return told, list(csv.DictReader(file))

    def compare(self, *arguments):
        return json.loads(self.succeed("compare", *arguments, "--json").out)

    def test_models_and_pairs(self):
        names = ["good", "fair", "poor"]
        told = self.compare(*(f"models/{name}.safetensors" for name in names))
        known = [self.predictions(name) for name in names]
        for entry, name, (result, _) in zip(told["models"], names, known, strict=True):
            self.assertEqual((entry["model"], entry["file"]), (name, f"models/{name}.safetensors"))
            self.assertEqual(entry["accuracy"], result["accuracy"])
            self.assertEqual(entry["accuracy_interval_95"], result["accuracy_interval_95"])
            self.assertEqual((entry["nll"], entry["ece"]), (result["loss"], result["expected_calibration_error"]))
        right = [[row["true"] == row["predicted"] for row in rows] for _, rows in known]
        self.assertEqual([(pair["a"], pair["b"]) for pair in told["pairs"]],
                         [(f"models/{names[a]}.safetensors", f"models/{names[b]}.safetensors")
                          for a, b in ((0, 1), (0, 2), (1, 2))])
        for pair, (a, b) in zip(told["pairs"], ((0, 1), (0, 2), (1, 2)), strict=True):
            only_a = sum(x and not y for x, y in zip(right[a], right[b], strict=True))
            only_b = sum(y and not x for x, y in zip(right[a], right[b], strict=True))
            self.assertGreater(only_a, 0)
            self.assertEqual((pair["only_a"], pair["only_b"]), (only_a, only_b))
            self.assertAlmostEqual(pair["p_value"], exact_p(only_a, only_b), delta=1e-12)
            self.assertAlmostEqual(pair["difference"], (only_a - only_b) / len(right[a]), delta=1e-12)
            low, high = pair["difference_interval_95"]
            self.assertTrue(low < pair["difference"] < high)
        said = list(zip(*([row["predicted"] for row in rows] for _, rows in known), strict=True))
        self.assertEqual(told["disagreements"], sum(len(set(all_)) > 1 for all_ in said))
        self.assertEqual((told["split"], told["images"], told["synthetic"]), ("test", 120, True))

    def test_files_of_the_differences(self):
        told = self.compare("models/good.safetensors", "models/poor.safetensors", "--differences", "d.csv", "--pictures",
                            "d.png")
        good, poor = ({row["row"]: row for row in self.predictions(name)[1]} for name in ("good", "poor"))
        with open(self.path("d.csv"), encoding="ascii") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), told["disagreements"])
        for row in rows:
            one, other = good[row["row"]], poor[row["row"]]
            self.assertEqual((row["true"], row["predicted_1"], row["predicted_2"]),
                             (one["true"], one["predicted"], other["predicted"]))
            self.assertNotEqual(row["predicted_1"], row["predicted_2"])
            self.assertAlmostEqual(float(row["probability_1"]), float(one["p" + one["predicted"]]), delta=1e-6)
        self.assertTrue(harness.read_bytes(self.path("d.png")).startswith(b"\x89PNG"))

    def test_text_names_the_test_and_its_numbers(self):
        text = self.succeed("compare", "models/good", "models/fair", "models/poor", "--split", "val").out
        self.assertIn("val split of data.safetensors (synthetic digits), 96 images", text)
        self.assertEqual(len([line for line in text.splitlines() if "only 1 right" in line]), 2)
        self.assertIn("not corrected for 3 comparisons", text)
        self.assertRegex(text, r"All models read \d+ images? alike, \d+ not\.")

    def test_a_model_beside_itself_differs_nowhere(self):
        told = self.compare("models/good.safetensors", "models/good.safetensors")
        pair, = told["pairs"]
        self.assertEqual((pair["only_a"], pair["only_b"], pair["p_value"], told["disagreements"]), (0, 0, 1.0, 0))

    def test_fingerprint_stands_beside_every_accuracy(self):
        one = self.compare("models/good", "models/fair")
        evaluated, _ = self.predictions("good")
        self.assertEqual((one["fingerprint"], one["models"][0]["fingerprint"]), (evaluated["fingerprint"],) * 2)
        results, = os.listdir(self.path("models/good/results"))
        about = harness.read_json(self.path("models/good/results", results, "about.json"))
        self.assertEqual(about["split_fingerprint"], evaluated["fingerprint"])
        text = self.succeed("evaluate", "--model", "models/good.safetensors").out
        self.assertIn(f"\n  fingerprint {evaluated['fingerprint']}\n", text)
        val, _ = self.predictions("good", "val")
        trained = json.loads(self.train(harness.config(name="again", train={"epochs": 1}), "--json").out)
        self.assertEqual(trained["fingerprint"], val["fingerprint"])
        shown = json.loads(self.succeed("train", "--config", "run.json", "--no-train", "--json").out)
        self.assertEqual(shown["fingerprint"], val["fingerprint"])
        summary = harness.read_json(self.path("models/again/summary.json"))["data"]
        self.assertEqual(summary["val_fingerprint"], val["fingerprint"])
        info = json.loads(self.succeed("info", "models/again.safetensors", "--json").out)
        self.assertEqual(info["fingerprints"], {"data": summary["fingerprint"], "val": val["fingerprint"]})
        self.assertEqual(one["fingerprint"], self.compare("models/poor", "models/fair")["fingerprint"])
        self.assertNotEqual(one["fingerprint"], self.compare("models/good", "models/fair", "--split", "val")["fingerprint"])

    def test_refuses_models_of_other_data(self):
        self.succeed("preprocess", "--synthetic", 600, "--split-seed", 2, "--output", "other.safetensors")
        result = self.run_svhn("compare", "models/good", "models/fair", "--data", "other.safetensors")
        self.assertEqual(result.code, 4, result)
        self.assertIn("was trained on other data, 'data.safetensors'", result.err)
        self.assertIn("--other-data", result.err)
        self.compare("models/good", "models/fair", "--data", "other.safetensors", "--other-data")

    def test_refuses_models_that_see_other_pixels(self):
        colour = harness.config(name="colour", data={"file": "data.safetensors", "preprocess": ["minmax"]}, train={"epochs": 1})
        self.assertEqual(self.train(colour, "--quiet").code, 0)
        fingerprints = [self.predictions(name)[0]["fingerprint"] for name in ("good", "colour")]
        self.assert_error(self.run_svhn("compare", "models/good.safetensors", "models/colour.safetensors"), 5,
                          "'models/colour.safetensors' and 'models/good.safetensors' see the images differently, so that their "
                          "accuracies have different fingerprints: " + " and ".join(fingerprints[::-1]),
                          "name models of the same data.preprocess, or compare all the same with --other-preprocessing")
        told = self.compare("models/good.safetensors", "models/colour.safetensors", "--other-preprocessing")
        self.assertEqual([model["fingerprint"] for model in told["models"]], fingerprints)
        self.assertIsNone(told["fingerprint"])

    def test_knows_the_training_data_from_the_model_file_alone(self):
        self.succeed("preprocess", "--synthetic", 600, "--split-seed", 2, "--output", "other.safetensors")
        models = [self.path(name + ".safetensors") for name in ("good", "fair")]
        for name in models:
            shutil.copy(self.path("models", os.path.basename(name)), name)
        result = self.run_svhn("compare", *models, "--data", "other.safetensors")
        self.assertEqual(result.code, 4, result)
        self.assertIn("was trained on other data, which may have held images of this split", result.err)

    def test_needs_two_models(self):
        self.assertEqual(self.run_svhn("compare", "models/good").code, 2)


class Sides(Compare):
    """Sets of models, each the same training with other seeds."""

    def seeds(self, name, count=3, **train):
        harness.write_json(self.path("run.json"), harness.config(name=name, train=train))
        self.succeed("train", "--config", "run.json", "--seeds", count, "--threads", 1, "--quiet")
        return [f"models/{name}-seed{seed}.best.safetensors" for seed in range(1, count + 1)]

    def test_paired_differences_are_scipys(self):
        a, b = self.seeds("more", epochs=6), self.seeds("less", epochs=2)
        told = self.compare(*a, "--against", *b)
        accuracy = {name: json.loads(self.succeed("evaluate", "--model", name, "--json").out)["accuracy"] for name in a + b}
        scores = [[accuracy[name] for name in side] for side in (a, b)]
        for side, names, values in zip(told["sides"], (a, b), scores, strict=True):
            self.assertEqual(side["models"], names)
            self.assertAlmostEqual(side["accuracy"]["mean"], statistics.mean(values), 12)
            self.assertAlmostEqual(side["accuracy"]["deviation"], statistics.stdev(values), 12)
        differences = [x - y for x, y in zip(*scores, strict=True)]
        mean, error = statistics.mean(differences), statistics.stdev(differences) / 3**0.5
        t = 0.95 * (2 / (1 - 0.95**2))**0.5  # Student's quantile for two degrees of freedom, in closed form.
        self.assertAlmostEqual(told["difference"]["mean"], mean, 12)
        self.assertAlmostEqual(told["difference"]["interval_95"][0], mean - t * error, 12)
        self.assertAlmostEqual(told["difference"]["interval_95"][1], mean + t * error, 12)
        # For two degrees of freedom the tail has a closed form.
        ratio = abs(mean) / error
        self.assertAlmostEqual(told["difference"]["p_value"], 1 - ratio / (2 + ratio**2)**0.5, 12)
        self.assertEqual([(pair["a"], pair["b"]) for pair in told["pairs"]], list(zip(a, b, strict=True)))
        text = self.succeed("compare", *a, "--against", *b).out
        self.assertIn(f"First side: 3 models, accuracy {statistics.mean(scores[0]):.4f}, standard deviation "
                      f"{statistics.stdev(scores[0]):.4f}\n", text)
        self.assertIn(f"Difference over the pairs: {mean:+.4f} ({mean - t * error:+.4f} to {mean + t * error:+.4f}), p ", text)

    def test_sides_that_make_no_pairs(self):
        models = [f"models/{name}.safetensors" for name in ("good", "fair", "poor")]
        hint = "name as many models on each side, two or more, in the same order of seeds"
        self.assert_error(self.run_svhn("compare", models[0], "--against", *models[1:]), 2,
                          "1 model --against 2 make no pairs", hint)
        self.assert_error(self.run_svhn("compare", models[0], "--against", models[1]), 2,
                          "1 model --against 1 make no pairs", hint)
        self.assert_error(self.run_svhn("compare", models[0]), 2, "one model alone is nothing to compare",
                          "name two or more models")


if __name__ == "__main__":
    harness.main()
