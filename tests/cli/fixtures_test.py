"""Files that earlier versions wrote still open, and runs that these began go on to the same results.

tests/fixtures/formats_v1 holds every kind of file, with what the version that wrote them made of them. Bytes are
compared where they are promised: on the kind of processor, and with the libraries and compiler, that gave them. The
numbers are compared everywhere.
"""

import json
import os
import shutil

import format_files
import harness
from report_test import document_in

EXPECTED = harness.read_json(os.path.join(format_files.FOLDER, "expected.json"))
IMAGES = {"accuracy": 38, "val_accuracy": 10}  # In the splits of the fixtures' data.
TOLERANCE = 1e-4  # Of what comes after some dozen steps in float32 on another kind of processor.


class FixtureTest(harness.FolderTest):
    """Each class has a copy of the fixtures of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dir = os.path.join(cls.base, "fixtures")
        shutil.copytree(format_files.FOLDER, cls.dir)

    def setUp(self):
        pass

    def document(self, *arguments):
        return json.loads(self.succeed(*arguments, "--json", *format_files.HARDWARE).out)

    def assert_close(self, now, recorded, tolerance, what):
        self.assertLessEqual(abs(now - recorded), tolerance * max(1, abs(recorded)), f"{what}: {now}, not {recorded}")


class Opened(FixtureTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        format_files.unpack_backbones(cls.dir)

    def test_every_file_tells_what_it_holds(self):
        """All checksums are verified on the way, and every tensor that the model has must be there under its name."""
        self.assertGreater(len(EXPECTED["info"]), 40)
        for file, recorded in EXPECTED["info"].items():
            with self.subTest(file):
                document = self.document("info", file)
                self.assertEqual({key: document.get(key) for key in recorded}, recorded)

    def test_configs_are_still_configs(self):
        configs = [f"configs/{name}.json" for name in format_files.OUTPUTS]
        endings = ("config.resolved.json", "best.config.json")
        configs += [file for file in harness.tree(self.dir) if file.endswith(endings)]
        self.assertGreater(len(configs), 10)
        result = self.succeed("config", "check", *configs)
        self.assertEqual(result.out.count(": ok, "), len(configs), result)

    def test_models_and_checkpoints_are_evaluated_as_before(self):
        for model, recorded in EXPECTED["evaluate"].items():
            with self.subTest(model):
                # The models' run folders tell where their data are.
                data = [] if model.startswith("models/") else ["--data", "data.safetensors"]
                document = self.document("evaluate", "--model", model, *data)
                self.assertEqual(document["confusion_matrix"], recorded["confusion_matrix"])
                self.assertEqual(document["accuracy"], recorded["accuracy"])
                self.assert_close(document["loss"], recorded["loss"], 1e-5, "loss")

    def test_models_predict_as_before(self):
        for model, recorded in EXPECTED["predict"].items():
            with self.subTest(model):
                document, = self.document("predict", "--model", model, "digit.png")
                self.assertEqual(document["digit"], recorded["digit"])
                self.assertEqual(document["probabilities"].keys(), recorded["probabilities"].keys())
                for digit, probability in recorded["probabilities"].items():
                    self.assert_close(document["probabilities"][digit], probability, 1e-5, digit)

    def test_a_finished_run_is_shown_again(self):
        document = self.document("train", "--config", "configs/dense.json", "--output", "models", "--no-train")
        self.assertEqual(document["history"], harness.read_json(self.path("models/dense.history.json")))
        self.assertEqual(format_files.timeless(document["history"]), EXPECTED["numbers"]["dense"])

    def test_a_map_takes_another_split(self):
        self.succeed("interpret", "--model", "models/conv.safetensors", "--data", "data.safetensors", "--output",
                     "placed", "--what", "tsne", "--onto", "map/tsne.safetensors", *format_files.HARDWARE)
        found = harness.read_json(self.path("placed/tsne.json"))
        self.assertEqual((found["n"], found["layer"], found["onto"]), (12, "max_pool2d_2", {"n": 38, "split": "train"}))

    def test_a_comparison_keeps_what_is_complete(self):
        before = harness.read_json(self.path("comparison/pair/comparison.json"))
        document = self.document("transfer", "--compare", "configs/pair.json", "--output", "comparison", "--resume")
        vgg16, script = before["backbones"]
        self.assertEqual(document["backbones"][1], script)
        self.assertIsNotNone(script["frozen"] and script["unfrozen"])
        self.assertIn("nowhere.h5", document["backbones"][0]["error"])
        self.assertEqual(document["backbones"][0]["name"], vgg16["name"])

    def test_a_report_reads_all_runs_and_names_results_of_unknown_data(self):
        def report():
            result = self.run_svhn("report", "--runs", "models", "interrupted", "searches", "comparison", "--output",
                                   "report.html", "--json")
            if "no report page" in result.err:
                self.skipTest("this build has no report page: npm was missing")
            self.assertEqual(result.code, 0, result)
            return json.loads(result.out)["problems"], document_in(self.path("report.html"))["runs"]

        (problem,), runs = report()
        self.assertIn("'models/conv/interpret' was written by an earlier version", problem)
        self.assertLessEqual({"dense", "conv", "script"}, {run["name"] for run in runs})
        self.assertEqual([run["results"] for run in runs if run["results"]], [])
        self.succeed("interpret", "--model", "models/conv.safetensors", "--data", "data.safetensors", "--what",
                     "misclassified,activations,tsne", *format_files.HARDWARE)
        problems, runs = report()
        self.assertEqual(problems, [])
        finished, = (run for run in runs if run["results"])
        shown, = finished["results"]
        recorded = EXPECTED["evaluate"]["models/conv.safetensors"]["confusion_matrix"]
        self.assertEqual(shown["evaluation"]["confusion_matrix"], recorded)
        self.assertEqual(finished["history"]["val_loss"], EXPECTED["numbers"]["conv"]["val_loss"])
        self.assertLessEqual({"activations", "tsne", "mistakes"}, set(shown))


class Continued(FixtureTest):
    """Runs and searches that an earlier version began, and new runs on the features that it left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = format_files.machine(cls.dir)
        cls.features = harness.state_of(os.path.join(cls.dir, "transfer", "features"))
        cls.done = {name: harness.run(*format_files.command(name), cwd=cls.dir)
                    for name in format_files.OUTPUTS}

    def for_each_run(self, check, runs=tuple(format_files.OUTPUTS)):
        for name in runs:
            with self.subTest(name):
                self.assertEqual(self.done[name].code, 0, self.done[name])
                check(name)

    def test_where_they_were(self):
        for name, state in EXPECTED["state"].items():
            self.assertGreater(state["step_in_epoch"], 0)
            said = f"Resuming after epoch {state['epoch']}, step {state['step_in_epoch']}\n"
            self.assertIn(said, self.done[name].err)
        for name, ended in EXPECTED["ended"].items():
            self.assertIn(f"Resuming: {ended} of 4 trials have ended\n", self.done[name].err)

    def test_on_the_features_that_were_there(self):
        for name in ("script", "squeezenet"):
            self.assertIn("have run before", self.done[name].err)
        self.assertEqual(len(self.features), 2)
        self.assertEqual(harness.state_of(self.path("transfer/features")), self.features)

    def test_to_the_same_numbers(self):
        def check(name):
            recorded, now = EXPECTED["numbers"][name], format_files.numbers(name, self.dir)
            if format_files.OUTPUTS[name] == "searches":
                self.assert_same_results(now, recorded, name)
            else:
                self.assert_same_curves(now, recorded)
        self.for_each_run(check)

    def assert_same_curves(self, now, recorded):
        self.assertEqual(now.keys(), recorded.keys())
        for curve, values in recorded.items():
            self.assertEqual(len(now[curve]), len(values), curve)
            # A rounding error may turn the prediction of one image.
            tolerance = 1.01 / IMAGES[curve] if curve in IMAGES else TOLERANCE
            for epoch, value in enumerate(values):
                self.assert_close(now[curve][epoch], value, tolerance, f"{curve}, epoch {epoch + 1}")

    def assert_same_results(self, now, recorded, what):
        """Of a search: the same trials with the same outcome, and scores and curves within the tolerance."""
        if isinstance(recorded, dict):
            self.assertEqual(now.keys(), recorded.keys(), what)
            for key, value in recorded.items():
                if key == "error":  # Its wording is free.
                    self.assertEqual(now[key] is None, value is None, what)
                else:
                    self.assert_same_results(now[key], value, f"{what}/{key}")
        elif isinstance(recorded, list):
            self.assertEqual(len(now), len(recorded), what)
            for place, value in enumerate(recorded):
                self.assert_same_results(now[place], value, f"{what}/{place}")
        elif isinstance(recorded, float):
            self.assert_close(now, recorded, TOLERANCE, what)
        else:
            self.assertEqual(now, recorded, what)

    def test_to_the_same_weights(self):
        def check(name):
            recorded = format_files.tensors(self.path("models", name + ".safetensors"))
            now = format_files.tensors(self.path(format_files.OUTPUTS[name], name + ".safetensors"))
            self.assertEqual(now.keys(), recorded.keys())
            for tensor, values in recorded.items():
                self.assertEqual(len(now[tensor]), len(values), tensor)
                for one, other in zip(now[tensor], values):
                    self.assert_close(one, other, TOLERANCE, tensor)
        self.for_each_run(check, ("dense", "conv", "script"))

    def test_to_the_same_bytes(self):
        known = [entry["sha256"] for entry in EXPECTED["bytes"] if entry["machine"] == self.machine]
        if not known:
            self.skipTest(f"no bytes are known for {self.machine}; numbers and weights alone were compared")

        def check(name):
            now, recorded = format_files.digests(name, self.dir), known[0][name]
            self.assertEqual(now.keys(), recorded.keys())
            self.assertEqual([file for file in recorded if now[file] != recorded[file]], [], "models with other bytes")
        self.for_each_run(check)


if __name__ == "__main__":
    harness.main()
