"""The model that comes with the project: what its record says, its answer, and that it can be trained anew."""

import csv
import hashlib
import json
import os
import subprocess

import harness

MODELS = os.path.join(harness.SOURCE, "models")
MODEL = os.path.join(MODELS, "demo.safetensors")
RECORD = harness.read_json(os.path.join(MODELS, "demo.json"))


def digest(path):
    return hashlib.sha256(harness.read_bytes(path)).hexdigest()


class ShippedModel(harness.ProgramTest):
    def test_record_is_of_this_model(self):
        self.assertEqual(RECORD["sha256"], digest(MODEL))
        self.assertLess(os.path.getsize(MODEL), 300_000)

    def test_reads_its_picture(self):
        answer, = json.loads(self.succeed(
            "predict", "--model", MODEL, os.path.join(MODELS, "demo.png"), "--json").out)
        self.assertEqual(answer["digit"], 7)
        self.assertGreater(answer["probability"], 0.999)

    def test_says_that_its_digits_were_synthetic(self):
        self.assertIn("Trained on synthetic digits.", self.succeed("info", MODEL).out)


class TrainedAnew(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = os.path.join(cls.base, "anew")
        done = subprocess.run([os.path.join(harness.SOURCE, "scripts", "demo_model.sh"), cls.folder],
                              env=harness.environment({"SVHN_BIN": harness.PROGRAM}), capture_output=True, text=True,
                              timeout=800, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        cls.model = os.path.join(cls.folder, "demo.safetensors")
        cls.record = harness.read_json(os.path.join(cls.folder, "demo.json"))

    def answers(self, model):
        self.succeed("preprocess", "--synthetic", 2000, "--seed", 3, "--output", "data.safetensors", "--test-fraction", 0.9,
                     "--quiet")
        self.succeed("evaluate", "--model", model, "--data", "data.safetensors", "--predictions", "answers.csv", "--quiet",
                     "--json")
        with open(self.path("answers.csv"), encoding="utf-8") as file:
            return [row["predicted"] for row in csv.DictReader(file)]

    def test_same_bytes_on_the_same_kind_of_processor(self):
        for key in ("config", "synthetic_images", "synthetic_seed", "threads"):
            self.assertEqual(self.record[key], RECORD[key])
        if self.record["made_with"] != RECORD["made_with"]:
            self.skipTest(f"another processor or other libraries: {self.record['made_with']}")
        self.assertEqual(digest(self.model), RECORD["sha256"])

    def test_same_answers_on_others(self):
        self.assertAlmostEqual(self.record["test_accuracy"], RECORD["test_accuracy"], delta=0.012)
        shipped, anew = self.answers(MODEL), self.answers(self.model)
        same = sum(a == b for a, b in zip(shipped, anew, strict=True)) / len(shipped)
        self.assertGreater(same, 0.96)


if __name__ == "__main__":
    harness.main()
