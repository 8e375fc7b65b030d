"""A training run: its files, equal bytes of equal runs, and resuming it."""

import json
import os
import re
import time

import harness
from harness import config, curves, read_bytes, read_json, state_of, tree

FILES = ["tiny.best.safetensors", "tiny.history.json", "tiny.safetensors", "tiny/checkpoints/last.safetensors",
         "tiny/config.resolved.json", "tiny/history.json", "tiny/metrics.jsonl", "tiny/summary.json", "tiny/train.log"]
CHARTS = {"tiny/curves.png", "tiny/curves.svg"}  # Only where gnuplot is installed.
MODELS = ["tiny.safetensors", "tiny.best.safetensors"]
HISTORY = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "images_per_second"]


class RunTest(harness.ProgramTest):
    def trained(self, document, *arguments, **how):
        result = self.train(document, *arguments, **how)
        self.assertEqual(result.code, 0, result)
        return result

    def models(self, folder):
        return [read_bytes(self.path(folder, name)) for name in MODELS]


class FilesLeftBehind(RunTest):
    def test_they_are_those_of_the_contract_and_no_others(self):
        self.trained(config(), "--output", "models")
        found = tree(self.path("models"))
        self.assertEqual([name for name in found if name not in CHARTS], FILES)
        self.assertEqual(sorted(set(tree(self.dir)) - {f"models/{name}" for name in found}),
                         ["data.safetensors", "run.json"])

    def test_kept_checkpoints_are_named_after_their_epochs(self):
        self.trained(config(train={"epochs": 4, "keep_checkpoints": 2}), "--output", "models")
        self.assertEqual(sorted(os.listdir(self.path("models/tiny/checkpoints"))),
                         ["epoch-0002.safetensors", "epoch-0004.safetensors", "last.safetensors"])

    def test_the_output_folder_is_models_by_default(self):
        self.trained(config())
        self.assertTrue(os.path.exists(self.path("models/tiny.safetensors")))

    def test_the_curves_have_keras_keys_and_a_number_an_epoch(self):
        self.trained(config(train={"epochs": 3}), "--output", "models")
        history = read_json(self.path("models/tiny.history.json"))
        self.assertEqual(list(history), HISTORY)
        for key, values in history.items():
            self.assertEqual(len(values), 3, key)
            self.assertTrue(all(isinstance(value, float) for value in values), key)
        self.assertEqual(history["learning_rate"], [0.001] * 3)
        self.assertEqual(read_json(self.path("models/tiny/history.json")), history)
        lines = [json.loads(line) for line in read_bytes(self.path("models/tiny/metrics.jsonl")).splitlines()]
        self.assertEqual([line.pop("epoch") for line in lines], [1, 2, 3])
        self.assertEqual({key: [line[key] for line in lines] for key in HISTORY}, history)

    def test_the_summary_and_the_resolved_config_describe_the_run(self):
        self.trained(config(), "--output", "models", "--set", "train.batch_size=32")
        shown = self.succeed("config", "show", "run.json", "--set", "train.batch_size=32").out
        self.assertEqual(read_bytes(self.path("models/tiny/config.resolved.json")).decode(), shown)
        summary = read_json(self.path("models/tiny/summary.json"))
        history = read_json(self.path("models/tiny.history.json"))
        best = max(history["val_accuracy"])
        self.assertEqual((summary["name"], summary["epochs"]), ("tiny", 2))
        self.assertEqual(summary["best_val_accuracy"], best)
        self.assertEqual(summary["best_epoch"], history["val_accuracy"].index(best) + 1)
        self.assertEqual(summary["last"], {key: history[key][-1] for key in HISTORY[:4]})

    def test_the_table_on_stdout_holds_the_curves_minima_and_maxima(self):
        result = self.trained(config(train={"epochs": 3}), "--output", "models")
        history = read_json(self.path("models/tiny.history.json"))
        for key in HISTORY[:4]:
            low, high = min(history[key]), max(history[key])
            row = re.search(rf"(?m)^{key} +(\S+) +(\d+) +(\S+) +(\d+)$", result.out)
            self.assertIsNotNone(row, result)
            self.assertEqual((row[1], row[3]), (f"{low:.6f}", f"{high:.6f}"))
            self.assertEqual((history[key][int(row[2]) - 1], history[key][int(row[4]) - 1]), (low, high))
        self.assertIn("Total parameters:         8,322\n", result.out)
        self.assertIn("These numbers are of synthetic digits.\n", result.out)

    def test_few_and_many_epochs_get_a_warning(self):
        short = {"steps_per_epoch": 1, "checkpoint_every_epochs": 0}
        for epochs, expected in [(4, "only 4 epochs: the curves will say little"), (5, None), (100, None),
                                 (101, "101 epochs are many; early_stopping can end a run sooner")]:
            with self.subTest(epochs=epochs):
                result = self.train(config(train={"epochs": epochs, **short}), "--dry-run")
                self.assertEqual(result.code, 0, result)
                self.assertEqual(result.err, f"warning: {expected}\n" if expected else "")


class SameBytes(RunTest):
    def test_in_another_folder_at_another_time(self):
        self.trained(config(), "--output", "one")
        time.sleep(1.1)  # A time stamp in whole seconds must show.
        os.symlink(self.data, self.path("renamed.safetensors"))
        self.trained(config(), "--output", "deep/er/two", "--data", "renamed.safetensors")
        self.assertEqual(self.models("one"), self.models("deep/er/two"))
        self.assertEqual(curves(self.path("one/tiny.history.json")), curves(self.path("deep/er/two/tiny.history.json")))

    def test_of_prepared_data(self):
        for name in ("a", "folder/b"):
            self.succeed("preprocess", "--synthetic", 200, "--seed", 3, "--output", name)
        self.assertEqual(read_bytes(self.path("a")), read_bytes(self.path("folder/b")))
        self.succeed("preprocess", "--synthetic", 200, "--seed", 4, "--output", "c")
        self.assertNotEqual(read_bytes(self.path("a")), read_bytes(self.path("c")))

    def test_another_seed_gives_others(self):
        self.trained(config(), "--output", "one")
        self.trained(config(), "--output", "two", "--seed", 2)
        for one, two in zip(self.models("one"), self.models("two")):
            self.assertNotEqual(one, two)
        self.trained(config(), "--output", "three", "--set", "train.seed=2")
        self.assertEqual(self.models("two"), self.models("three"))

    def test_two_threads_repeat_themselves(self):
        for folder in ("one", "two"):
            self.trained(config(), "--output", folder, threads=2)
        self.assertEqual(self.models("one"), self.models("two"))

    def test_overwriting_starts_anew(self):
        self.trained(config(), "--output", "one")
        self.trained(config(train={"epochs": 3, "keep_checkpoints": 1}), "--output", "two")
        self.trained(config(), "--output", "two", "--overwrite")
        self.assertEqual(self.models("one"), self.models("two"))
        self.assertEqual([name for name in tree(self.path("two")) if name not in CHARTS], FILES)

    def test_bfloat16_repeats_itself(self):
        convolution = [{"type": "conv2d", "filters": 2, "kernel": 3, "activation": "relu"}, {"type": "max_pool2d", "size": 4},
                       {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}]
        document = config(model={"layers": convolution}, train={"precision": "bfloat16", "steps_per_epoch": 2})
        for folder in ("one", "two"):
            self.trained(document, "--output", folder)
        self.assertEqual(self.models("one"), self.models("two"))


class FinishedRun(RunTest):
    def test_is_shown_again_without_training(self):
        first = self.trained(config(), "--output", "models")
        before = state_of(self.path("models"))
        shown = self.trained(config(), "--output", "models", "--no-train")
        self.assertEqual(state_of(self.path("models")), before)
        table = first.out[first.out.index("curve "):]
        self.assertEqual(shown.out[shown.out.index("curve "):], table)
        self.assertIn("Total parameters:         8,322\n", shown.out)
        self.assertEqual(shown.err, "")
        document = json.loads(self.trained(config(), "--output", "models", "--no-train", "--json").out)
        self.assertEqual(document["history"], read_json(self.path("models/tiny.history.json")))

    def test_whose_curves_are_gone_is_not_half_shown(self):
        self.trained(config(), "--output", "models")
        os.remove(self.path("models/tiny.history.json"))
        self.assert_error(self.train(config(), "--output", "models", "--no-train"), 4,
                          "cannot read 'models/tiny.history.json': No such file or directory", "check the path")


class DryRun(RunTest):
    def test_writes_nothing(self):
        result = self.trained(config(train={"epochs": 5}), "--output", "models", "--dry-run")
        self.assertEqual(tree(self.dir), ["data.safetensors", "run.json"])
        self.assertRegex(result.out, r"A step takes [\d.]+ ms, the whole run about [\d.]+ (s|min|h); peak memory \d+ MiB, a "
                                     r"checkpoint [\d.]+ MiB\.\nNothing was written\.\n\Z")

    def test_leaves_an_existing_run_alone(self):
        self.trained(config(), "--output", "models")
        before = state_of(self.path("models"))
        self.trained(config(), "--output", "models", "--dry-run")
        self.assertEqual(state_of(self.path("models")), before)


class GoingOn(RunTest):
    def test_with_nothing_saved_starts_anew_and_says_so(self):
        result = self.trained(config(), "--output", "models", "--resume")
        self.assertIn("Nothing to resume in 'models/tiny': starting from scratch\n", result.err)
        self.trained(config(), "--output", "plain")
        self.assertEqual(self.models("models"), self.models("plain"))

    def test_for_more_epochs_equals_a_longer_run(self):
        self.trained(config(), "--output", "models")
        result = self.trained(config(), "--output", "models", "--resume", "--set", "train.epochs=5")
        self.assertIn("Resuming after epoch 2, step 0\n", result.err)
        self.assertEqual(re.findall(r"(?m)^epoch (\d)/5 ", result.err), ["3", "4", "5"])
        self.trained(config(train={"epochs": 5}), "--output", "plain")
        self.assertEqual(self.models("models"), self.models("plain"))
        self.assertEqual(curves(self.path("models/tiny.history.json")), curves(self.path("plain/tiny.history.json")))
        self.assertEqual([name for name in tree(self.path("models")) if name not in CHARTS], FILES)

    def test_with_a_finished_run_changes_nothing(self):
        self.trained(config(), "--output", "models")
        models = self.models("models")
        self.trained(config(), "--output", "models", "--resume")
        self.assertEqual(self.models("models"), models)

    def test_at_another_learning_rate_is_allowed(self):
        self.trained(config(), "--output", "models")
        self.trained(config(), "--output", "models", "--resume", "--set", "train.epochs=3",
                     "--set", "train.optimizer.learning_rate=0.01")
        self.assertEqual(read_json(self.path("models/tiny.history.json"))["learning_rate"], [0.001, 0.001, 0.01])


if __name__ == "__main__":
    harness.main()
