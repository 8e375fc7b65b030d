"""`svhn train --seeds`: full runs that differ in the seed alone, and their mean and deviation."""

import json
import os
import shutil
import statistics

import harness


class Seeds(harness.ProgramTest):
    def seeds(self, *arguments, seed=4, count=3):
        harness.write_json(self.path("run.json"), harness.config(train={"epochs": 2}))
        return self.run_svhn("train", "--config", "run.json", "--threads", 1, "--seeds", count, "--seed", seed, "--json",
                             *arguments)

    def told(self, *arguments, **how):
        result = self.seeds(*arguments, **how)
        self.assertEqual(result.code, 0, result)
        return json.loads(result.out)

    def models(self, seed):
        return [harness.read_bytes(self.path("models", f"tiny-seed{seed}{end}.safetensors")) for end in ("", ".best")]

    def test_each_is_a_run_of_its_own(self):
        document = self.told()
        self.assertEqual((document["name"], document["synthetic"]), ("tiny", True))
        self.assertEqual([(run["seed"], run["name"], run["best_model"]) for run in document["seeds"]],
                         [(seed, f"tiny-seed{seed}", f"models/tiny-seed{seed}.best.safetensors") for seed in (4, 5, 6)])
        for run in document["seeds"]:
            test = json.loads(self.succeed("evaluate", "--model", run["best_model"], "--json", "--threads", 1).out)
            val = json.loads(self.succeed("evaluate", "--model", run["best_model"], "--json", "--split", "val",
                                          "--threads", 1).out)
            self.assertEqual((run["val_accuracy"], run["test_accuracy"]), (val["accuracy"], test["accuracy"]))
        for split in ("val_accuracy", "test_accuracy"):
            values = [run[split] for run in document["seeds"]]
            self.assertGreater(len(set(values)), 1)
            self.assertAlmostEqual(document[split]["mean"], statistics.mean(values), 12)
            self.assertAlmostEqual(document[split]["deviation"], statistics.stdev(values), 12)
        shutil.move(self.path("models"), self.path("several"))
        self.succeed("train", "--config", "run.json", "--threads", 1, "--seed", 5, "--set", "name=tiny-seed5")
        for name in ("tiny-seed5.safetensors", "tiny-seed5.best.safetensors", "tiny-seed5/config.resolved.json"):
            self.assertEqual(harness.read_bytes(self.path("several", name)), harness.read_bytes(self.path("models", name)))

    def test_resume_goes_on_where_a_run_is_missing(self):
        first = self.told()
        models = {seed: self.models(seed) for seed in (4, 5, 6)}
        curves = harness.read_bytes(self.path("models", "tiny-seed4.history.json"))
        for name in os.listdir(self.path("models")):
            if name.startswith("tiny-seed5"):
                path = self.path("models", name)
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        self.assertEqual(self.told("--resume"), first)
        self.assertEqual({seed: self.models(seed) for seed in (4, 5, 6)}, models)
        self.assertEqual(harness.read_bytes(self.path("models", "tiny-seed4.history.json")), curves)

    def test_finished_runs_are_shown_again(self):
        first = self.told()
        state = harness.state_of(self.path("models"))
        self.assertEqual(self.told("--no-train"), first)
        text = self.succeed("train", "--config", "run.json", "--seeds", 3, "--seed", 4, "--no-train").out
        self.assertEqual(harness.state_of(self.path("models")), state)
        mean, deviation = (first["test_accuracy"][key] for key in ("mean", "deviation"))
        self.assertIn(f"  {mean:.4f}\n", text)
        self.assertIn(f"  {deviation:.4f}\n", text)

    def test_existing_runs_are_refused_before_any_training(self):
        self.told(seed=5, count=1)
        state = harness.state_of(self.path("models"))
        result = self.seeds()
        self.assertEqual((result.code, result.out), (2, ""), result)
        self.assertIn("exists: there is a run 'tiny-seed5' already\nhint: --resume continues it", result.err)
        self.assertEqual(harness.state_of(self.path("models")), state)

    def test_one_seed_has_no_deviation(self):
        document = self.told(count=1)
        self.assertEqual(document["val_accuracy"], {"mean": document["seeds"][0]["val_accuracy"], "deviation": None})

    def test_processes_share_each_run(self):
        document = self.told("--nproc", 2, count=2)
        self.assertEqual([run["name"] for run in document["seeds"]], ["tiny-seed4", "tiny-seed5"])
        self.assertTrue(all(run["test_accuracy"] > 0 for run in document["seeds"]))

    def test_refuses_what_makes_no_sense(self):
        for arguments in (("--dry-run",), ("--find-lr",), ("--seeds", 0), ("--resume", "--overwrite")):
            result = self.seeds(*arguments)
            self.assertEqual((result.code, result.out), (2, ""), result)
        result = self.seeds("--no-train")
        self.assert_error(result, 2, "there is no finished run 'tiny-seed4' in 'models'",
                          "train it first, or name the folder with --output")


if __name__ == "__main__":
    harness.main()
