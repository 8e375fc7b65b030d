"""Ways to name an input: run folders, configs by name, pipes; and files of the wrong kind that are replaced."""

import json
import os
import pickle
import shutil
import subprocess
import unittest

import harness
from harness import config, read_bytes, write_json

try:
    import numpy as np
    import scipy.io
except ImportError:
    np = None


class Inputs(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_json(os.path.join(cls.base, "run.json"), config())
        done = harness.run("train", "--config", "run.json", "--threads", 1, cwd=cls.base)
        if done.code != 0:
            raise AssertionError(done)
        cls.models = os.path.join(cls.base, "models")

    def piped(self, path, *arguments):
        """The program with a pipe as its standard input that holds a file's bytes."""
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
            return self.run_svhn(*arguments, stdin=cat.stdout)

    def accuracy(self, model):
        return json.loads(self.succeed("evaluate", "--model", model, "--data", self.data, "--json").out)["accuracy"]

    def test_a_run_folder_stands_for_its_best_model(self):
        best = self.accuracy(os.path.join(self.models, "tiny.best.safetensors"))
        run = os.path.join(self.models, "tiny")
        for name in (run, run + "/", os.path.join(self.models, "..", "models", "tiny")):
            self.assertEqual(self.accuracy(name), best)
        shutil.copytree(self.models, self.path("other"))
        os.remove(self.path("other/tiny.best.safetensors"))
        self.assertEqual(self.accuracy("other/tiny"), self.accuracy(os.path.join(self.models, "tiny.safetensors")))
        os.remove(self.path("other/tiny.safetensors"))
        self.assert_error(self.run_svhn("evaluate", "--model", "other/tiny"), 5, "'other/tiny' is not a regular file",
                          "name a file, not a folder or device")

    def test_a_name_stands_for_a_config_in_its_folder(self):
        os.makedirs(self.path("configs"))
        write_json(self.path("configs/mine.json"), config(name="of_the_folder"))
        self.assertIn("configs/mine.json: ok, of_the_folder", self.succeed("config", "check", "mine").out)
        self.succeed("train", "--config", "mine", "--dry-run", "--data", self.data)
        write_json(self.path("mine"), config(name="of_the_file"))
        self.assertIn("mine: ok, of_the_file", self.succeed("config", "check", "mine").out)
        self.assertIn("cannot read 'yours'", self.run_svhn("train", "--config", "yours").err)

    def test_what_comes_with_the_program_has_a_name_in_any_folder(self):
        said = self.succeed("config", "check", "q2_1", "configs/q1_1.json", "configs/q1_3").out
        self.assertIn("share/svhn/configs/q2_1.json: ok, model_2_1", said)
        self.assertIn("share/svhn/configs/q1_3.json: ok, model_1_3", said)
        self.assertIn("share/svhn/configs/q1_1.json: ok, model_1_1", said)
        for name in ("demo", "models/demo", "models/demo.safetensors"):
            self.assertIn("61,402", self.succeed("info", name).out)

    def test_files_here_go_before_what_comes_with_the_program(self):
        os.makedirs(self.path("configs"))
        write_json(self.path("configs/q2_1.json"), config(name="of_the_folder"))
        self.assertIn("configs/q2_1.json: ok, of_the_folder", self.succeed("config", "check", "q2_1").out)
        shutil.copytree(self.models, self.path("models"))
        os.rename(self.path("models/tiny.safetensors"), self.path("models/demo.safetensors"))
        self.assertNotIn("61,402", self.succeed("info", "models/demo").out)

    def test_the_standard_input_is_read(self):
        write_json(self.path("run.json"), config())
        self.assertEqual(self.piped(self.path("run.json"), "config", "check", "-").out,
                         "/dev/stdin: ok, tiny, 8,322 parameters\n")
        whole = json.loads(self.succeed("info", self.data, "--json").out)
        self.assertEqual(json.loads(self.piped(self.data, "info", "-", "--json").out), whole)
        shown = self.piped(self.path("run.json"), "train", "--config", "-", "--data", self.data, "--output", "piped",
                           "--threads", 1)
        self.assertEqual(shown.code, 0, shown)
        self.assertEqual(read_bytes(self.path("piped/tiny.safetensors")),
                         read_bytes(os.path.join(self.models, "tiny.safetensors")))

    def test_a_named_pipe_is_read(self):
        os.mkfifo(self.path("pipe"))
        model = os.path.join(self.models, "tiny.best.safetensors")
        expected = self.accuracy(model)
        with subprocess.Popen(["cp", model, "/dev/stdout"], stdout=subprocess.PIPE) as source, \
                subprocess.Popen(["sh", "-c", f"cat > '{self.path('pipe')}'"], stdin=source.stdout):
            self.assertEqual(self.accuracy("pipe"), expected)

    @unittest.skipIf(np is None, "needs NumPy and SciPy")
    def test_every_source_may_be_a_pipe(self):
        """Also one that a library opens itself, matio."""
        pixels, digits = np.zeros((300, 32, 32, 3), np.uint8), np.arange(300) % 10
        pixels[:, 0, 0, 0], pixels[:, 1, 0, 0] = np.arange(300) % 256, np.arange(300) // 256
        scipy.io.savemat(self.path("digits.mat"), {"X": pixels.transpose(1, 2, 3, 0), "y": digits[:, None] + 1})
        with open(self.path("digits.pkl"), "wb") as file:
            pickle.dump((pixels, digits), file, 4)
        for name in ("digits.mat", "digits.pkl"):
            with self.subTest(name):
                made = ("preprocess", "--json", "--output")
                whole = json.loads(self.succeed(*made, "file.safetensors", "--input", name).out)
                piped = self.piped(self.path(name), *made, "piped.safetensors", "--input", "-")
                self.assertEqual(piped.code, 0, piped)
                document = json.loads(piped.out)
                self.assertEqual(document["class_counts"], whole["class_counts"])
                self.assertEqual(document["metadata"]["sha256"], whole["metadata"]["sha256"])

    def test_keras_models_may_be_pipes(self):
        for ending in ("h5", "keras"):
            with self.subTest(ending):
                model = os.path.join(harness.SOURCE, "tests", "fixtures", "keras", f"augmentation.{ending}")
                self.succeed("convert", "--input", model, "--output", "file.safetensors")
                shown = self.piped(model, "convert", "--input", "-", "--output", "piped.safetensors")
                self.assertEqual(shown.code, 0, shown)
                tensors = [json.loads(self.succeed("info", name, "--json").out)["layers"]
                           for name in ("file.safetensors", "piped.safetensors")]
                self.assertEqual(tensors[0], tensors[1])

    def test_an_empty_pipe_is_refused(self):
        open(self.path("empty"), "wb").close()
        self.assert_error(self.piped(self.path("empty"), "info", "-"), 4,
                          "'/dev/stdin': the file has 0 bytes, too few for a safetensors file", harness.DAMAGED_HINT)

    def test_what_a_prepared_file_held_is_told_when_it_is_replaced(self):
        make = ("preprocess", "--output", "out.safetensors", "--synthetic")
        self.assertEqual(self.succeed(*make, 200).err, "")
        self.assertEqual(self.succeed(*make, 200).err, "", "the same data")
        self.assertEqual(self.succeed(*make, 201).err, "warning: 'out.safetensors' held other data, which are replaced: "
                                                      "200 images of 'synthetic'\n")
        with open(self.path("out.safetensors"), "w", encoding="ascii") as file:
            file.write("no data")
        self.assertEqual(self.succeed(*make, 200).err, "")

    def test_info_tells_how_far_a_run_has_come(self):
        shutil.copytree(self.models, self.path("models"), ignore=shutil.ignore_patterns("results"))
        told = self.succeed("info", "models/tiny/checkpoints/last.safetensors").out
        history = harness.read_json(self.path("models/tiny.history.json"))["val_accuracy"]
        steps = 2 * -(-json.loads(self.succeed("info", self.data, "--json").out)["splits"]["train"] // 64)
        best = max(history)
        course = f"best validation accuracy {best:.4f} in epoch {history.index(best) + 1}, {history[-1]:.4f} after epoch 2"
        self.assertIn(f"Trained: 2 epochs, {steps} steps; {course}\n", told)
        self.assertTrue(told.startswith("Checkpoint of a run\n"), told)
        model = self.succeed("info", "models/tiny.safetensors").out
        self.assertIn(f"Trained: 2 epochs; {course}\n", model)
        self.assertIn("Preprocessing: greyscale, then scaled to 0..1 by the training split's range, ", model)
        document = json.loads(self.succeed("info", "models/tiny", "--json").out)
        self.assertEqual(document["training"], {"epochs": 2, "best_epoch": history.index(best) + 1,
                                                "best_val_accuracy": best, "last_val_accuracy": history[-1]})
        self.assertNotIn("Evaluated:", model)
        last = ("--model", "models/tiny.safetensors", "--data", self.data)
        evaluated = {split: json.loads(self.succeed("evaluate", *last, "--split", split, "--json").out)
                     for split in ("test", "val")}
        told = self.succeed("info", "models/tiny.safetensors").out
        for split, result in evaluated.items():
            low, high = result["accuracy_interval_95"]
            self.assertIn(f"Evaluated: {split} split of '{self.data}' (synthetic digits), {result['images']} images: "
                          f"accuracy {result['accuracy']:.4f} (95% interval {low:.4f} to {high:.4f}), ", told)
        document = json.loads(self.succeed("info", "models/tiny.safetensors", "--json").out)
        self.assertEqual(sorted((one["split"], one["accuracy"]) for one in document["evaluations"]),
                         sorted((split, result["accuracy"]) for split, result in evaluated.items()))
        self.assertNotIn("Evaluated:", self.succeed("info", "models/tiny").out, "another model file")
        kept, = {os.path.dirname(name) for name in harness.tree(self.path("models")) if "last-test" in name}
        write_json(self.path("models", kept, "evaluation.json"), {"accuracy": "high"})
        self.assert_error(self.run_svhn("info", "models/tiny.safetensors"), 4,
                          f"'models/{kept}/evaluation.json' is no evaluation", "remove it and evaluate again")
        shutil.copy(self.path("models/tiny.safetensors"), self.path("alone.safetensors"))
        self.assertNotIn("Trained:", self.succeed("info", "alone.safetensors").out)


if __name__ == "__main__":
    harness.main()
