"""Training on a backbone: cached features, the source of the weights, exact resume, output of the comparison."""

import csv
import json
import os
import signal
import time
import unittest

import harness
from harness import config, curves, read_bytes, write_json

SQUEEZENET = {"type": "backbone", "name": "squeezenet1_1", "weights": "random", "input": "torch"}
HEAD = [{"type": "flatten"}, {"type": "dense", "units": 16, "activation": "selu"}, {"type": "batch_norm"},
        {"type": "dropout", "rate": 0.3}, {"type": "dense", "units": 10, "activation": "softmax"}]


def transfer_config(backbone=None, **changes):
    layers = [{**SQUEEZENET, **(backbone or {})}, *HEAD]
    train = {"epochs": 4, **changes.pop("train", {})}
    return config(data={"file": "data.safetensors", "preprocess": [], **changes.pop("data", {})},
                  model={"layers": layers}, train=train, **changes)


class TransferTest(harness.ProgramTest):
    def transfer(self, document, *arguments, **how):
        write_json(self.path("run.json"), document)
        return harness.run("transfer", "--config", "run.json", "--threads", 1, *arguments, cwd=self.dir, **how)

    def features(self, output="models"):
        folder = self.path(output, "features")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def test_frozen_layers_run_once_and_are_found_again(self):
        first = self.transfer(transfer_config(), "--output", "models")
        self.assertEqual(first.code, 0, first)
        self.assertRegex(first.err, r"The frozen layers run once: the features of \d+ images go to '.*', \d+ MiB")
        self.assertEqual(len(self.features()), 1)
        self.assertIn("squeezenet1_1 (backbone) frozen", first.out)
        again = self.transfer(transfer_config(name="other"), "--output", "models")
        self.assertEqual(again.code, 0, again)
        self.assertIn("have run before", again.err)
        self.assertEqual(len(self.features()), 1)
        self.assertEqual(curves(self.path("models", "tiny.history.json")),
                         curves(self.path("models", "other.history.json")))

    def test_a_killed_run_goes_on_to_the_same_bytes(self):
        document = transfer_config(train={"epochs": 30, "checkpoint_every_steps": 1})
        self.assertEqual(self.transfer(document, "--output", "whole").code, 0)
        process = harness.start("transfer", "--config", "run.json", "--threads", 1, "--output", "models", cwd=self.dir)
        checkpoint = self.path("models", "tiny", "checkpoints", "last.safetensors")
        harness.wait_until(lambda: os.path.exists(checkpoint) or process.poll() is not None)
        time.sleep(0.3)
        process.kill()
        harness.finish(process)
        resumed = self.transfer(document, "--output", "models", "--resume")
        self.assertEqual(resumed.code, 0, resumed)
        for name in ("tiny.safetensors", "tiny.best.safetensors"):
            self.assertEqual(read_bytes(self.path("models", name)), read_bytes(self.path("whole", name)), name)

    def test_a_signal_while_the_frozen_layers_run_leaves_nothing_of_them(self):
        document = transfer_config()
        document["model"]["layers"].insert(0, {"type": "resize", "height": 224, "width": 224})
        write_json(self.path("run.json"), document)
        process = harness.start("transfer", "--config", "run.json", "--threads", 1, cwd=self.dir)
        for line in process.stderr:
            if "The frozen layers run once" in line:
                process.send_signal(signal.SIGTERM)
                break
        result = harness.finish(process)
        self.assertEqual(result.code, 128 + signal.SIGTERM, result)
        self.assertIn("while the frozen layers ran; nothing is kept of it", result.err)
        self.assertEqual(self.features(), [])
        self.assert_no_leftovers(self.path("models"))

    def test_augmentation_says_why_it_is_slower(self):
        document = transfer_config(data={"augment": {"width_shift": 0.1}}, train={"epochs": 1})
        result = self.transfer(document, "--output", "models")
        self.assertEqual(result.code, 0, result)
        self.assertIn("the frozen layers run in every epoch, which is slower: augmentation", result.err)
        self.assertEqual(self.features(), [])

    def test_a_dry_run_counts_the_frozen_layers_once_and_writes_nothing(self):
        result = self.transfer(transfer_config(), "--output", "models", "--dry-run", "--json")
        self.assertEqual(result.code, 0, result)
        self.assertGreater(json.loads(result.out)["features_megabytes"], 0)
        self.assertFalse(os.path.exists(self.path("models")))

    def test_missing_weights_name_where_to_get_them(self):
        for weights in ({"weights": None}, {"weights": "nowhere.safetensors"}):
            result = self.transfer(transfer_config(weights), "--output", "models")
            self.assertEqual(result.code, 5, result)
            self.assertIn("scripts/fetch_weights.sh squeezenet1_1", result.err)
            self.assertFalse(os.path.exists(self.path("models")))

    def test_weights_of_something_else_are_refused(self):
        result = self.transfer(transfer_config(), "--weights", "data.safetensors")
        self.assertEqual(result.code, 5, result)
        self.assertIn("data.safetensors", result.err)

    def test_a_config_without_a_backbone_is_told_so(self):
        result = self.transfer(config())
        self.assertEqual(result.code, 3, result)
        self.assertIn("has no backbone", result.err)

    def test_patterns_choose_what_is_trained(self):
        document = transfer_config({"trainable": ["features.12.*"]}, train={
            "epochs": 1, "optimizer": {"learning_rate": 0.001, "backbone_learning_rate": 1e-12}})
        self.assertEqual(self.transfer(document, "--output", "models").code, 0)
        self.assertEqual(len(self.features()), 1, "the layers before the patterns run once")
        info = harness.run("info", "models/tiny.safetensors", "--json", cwd=self.dir)
        parameters = json.loads(info.out)["parameters"]
        self.assertGreater(parameters["non_trainable"], 400_000)
        self.assertLess(parameters["trainable"], parameters["total"])

    def compare(self, *arguments):
        document = transfer_config(name="pair", train={"epochs": 1})
        document["compare"] = {"backbones": [
            {"name": "vgg16", "weights": "nowhere.h5"},
            {"name": "squeezenet1_1", "weights": "random", "resize": 40, "trainable": ["features.12.*"]}]}
        write_json(self.path("pair.json"), document)
        return harness.run("transfer", "--compare", "pair.json", "--threads", 1, *arguments, cwd=self.dir)

    def test_a_comparison_goes_on_after_a_failure_and_is_resumed(self):
        first = self.compare("--json")
        self.assertEqual(first.code, 0, first)
        vgg, squeezenet = json.loads(first.out)["backbones"]
        self.assertIn("nowhere.h5", vgg["error"])
        self.assertIsNone(vgg["frozen"])
        self.assertEqual(squeezenet["parameters"], 722_496)
        for run in ("frozen", "unfrozen"):
            self.assertTrue(0 <= squeezenet[run]["val_accuracy"] <= 1)
            self.assertGreater(squeezenet[run]["seconds"], 0)
        for name in ("comparison.json", "comparison.csv", "squeezenet1_1.safetensors"):
            self.assertTrue(os.path.exists(self.path("models", "pair", name)), name)
        with open(self.path("models", "pair", "comparison.csv"), encoding="utf-8", newline="") as file:
            self.assertEqual([row["name"] for row in csv.DictReader(file)], ["vgg16", "squeezenet1_1"])
        refused = self.compare()
        self.assertEqual(refused.code, 2, refused)
        resumed = self.compare("--resume", "--json")
        self.assertEqual(json.loads(resumed.out)["backbones"][1], squeezenet)
        self.assertNotIn("epoch", resumed.err)

    def test_backbones_without_weights_are_told_in_one_line(self):
        document = transfer_config(name="some", train={"epochs": 1})
        missing = [{"name": name, "weights": f"nowhere/{name}.h5"} for name in ("vgg16", "vgg19")]
        document["compare"] = {"backbones": [*missing, {"name": "squeezenet1_1", "weights": "random"}]}
        write_json(self.path("some.json"), document)
        result = harness.run("transfer", "--compare", "some.json", "--threads", 1, cwd=self.dir)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.err.splitlines()[0], "left out, since their weights are not there: vgg16, vgg19 "
                                                     "(scripts/fetch_weights.sh fetches them)")
        self.assertNotIn("failed", result.err)
        self.assertIn("\nNot compared: vgg16, vgg19 (the files below have the reasons)\n", result.out)

    def test_a_comparison_without_any_weights_is_refused(self):
        document = transfer_config(name="none")
        document["compare"] = {"backbones": [{"name": "vgg16", "weights": "nowhere/vgg16.h5"}]}
        write_json(self.path("none.json"), document)
        self.assert_error(self.run_svhn("transfer", "--compare", "none.json"), 5,
                          "no backbone has its weights: 'nowhere/vgg16.h5' does not exist",
                          'scripts/fetch_weights.sh --convert NAME... fetches them; "random" starts without any')
        self.assertFalse(os.path.exists(self.path("models")))

    def test_a_backbone_needs_no_config(self):
        data = ("--set", f"data.file={json.dumps(self.data)}", "--set", "train.epochs=1", "--threads", 1)
        result = self.run_svhn("transfer", "--backbone", "squeezenet", "--weights", "random", *data)
        self.assertEqual(result.code, 0, result)
        shown = harness.read_json(self.path("models/transfer_squeezenet1_1/config.resolved.json"))
        backbone = shown["model"]["layers"][0]
        self.assertEqual((backbone["name"], backbone["weights"], backbone["input"]), ("squeezenet1_1", "random", "torch"))
        self.assertEqual([layer["type"] for layer in shown["model"]["layers"]],
                         ["backbone", "flatten", "dense", "batch_norm", "dropout", "dense"])
        large = self.run_svhn("transfer", "--backbone", "xception", "--weights", "random", "--dry-run", *data)
        self.assertIn("resize_1 (resize)", large.out, large)
        write_json(self.path("own.json"), transfer_config({"trainable": ["features.12.*"]}, name="own"))
        own = self.run_svhn("transfer", "--config", "own.json", "--backbone", "vgg16", "--weights", "random", "--dry-run",
                            *data)
        self.assertIn("Model: own\n", own.out, own)
        self.assertIn("vgg16", own.out)

    def test_an_unknown_or_missing_backbone_is_refused(self):
        self.assert_error(self.run_svhn("transfer", "--backbone", "vgg61"), 2, "there is no backbone 'vgg61'",
                          "did you mean 'vgg16'?")
        missing = self.run_svhn("transfer", "--backbone", "vgg16", "--set", f"data.file={json.dumps(self.data)}")
        self.assertEqual(missing.code, 5, missing)
        self.assertIn("there is no weights file 'weights/vgg16.safetensors'", missing.err)

    def test_a_comparison_needs_its_section(self):
        write_json(self.path("run.json"), transfer_config())
        result = harness.run("transfer", "--compare", "run.json", cwd=self.dir)
        self.assertEqual(result.code, 3, result)
        neither = harness.run("transfer", cwd=self.dir)
        self.assertEqual(neither.code, 2, neither)


if __name__ == "__main__":
    unittest.main()
