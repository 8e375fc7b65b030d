"""svhn tune: output, files, errors, and the exact continuation of a search that was killed at any point."""

import csv
import os
import random
import signal
import time

import harness
from harness import config, read_bytes, read_json, tree, write_json

LAYERS = [
    {"type": "average_pool2d", "size": 4},
    {"type": "flatten"},
    {"type": "dense", "units": 8, "activation": "relu"},
    {"type": "dropout", "rate": 0.1},
    {"type": "dense", "units": 10, "activation": "softmax"},
]
SPACE = {
    "units": {"paths": ["/model/layers/2/units"], "int": [4, 32, 4]},
    "/train/optimizer/learning_rate": {"log_uniform": [0.0001, 0.1]},
}
KEYS = ["id", "status", "values", "score", "epochs", "seconds", "error"]


def search(tune=None, **train):
    options = {"search": "random", "trials": 3, "space": SPACE}
    options.update(tune or {})
    return config(model={"layers": LAYERS}, train={"epochs": 3, "batch_size": 32, **train}, tune=options)


def timeless(document):
    """A results document without what depends on the clock."""
    if isinstance(document, dict):
        return {key: timeless(value) for key, value in document.items() if key != "seconds"}
    return [timeless(value) for value in document] if isinstance(document, list) else document


class TuneTest(harness.ProgramTest):
    def tune(self, document, *arguments, **how):
        write_json(self.path("search.json"), document)
        return self.run_svhn("tune", "--config", "search.json", "--threads", 1, *arguments, **how)

    def results(self, folder="models"):
        return timeless(read_json(self.path(folder, "tiny/results.json")))

    def assert_same_search(self, folder="killed"):
        self.assertEqual(self.results(folder), self.results("whole"))
        self.assertEqual(tree(self.path(folder)), tree(self.path("whole")))
        for name in tree(self.path("whole")):
            if name.endswith((".safetensors", "config.json")):
                self.assertEqual(read_bytes(self.path(folder, name)), read_bytes(self.path("whole", name)), name)


class Contract(TuneTest):
    def test_json_files_and_a_config_that_trains(self):
        result = self.tune(search(), "--json")
        self.assertEqual(result.code, 0, result)
        document = harness.json.loads(result.out)
        self.assertEqual(list(document), ["objective", "trials", "best", "fingerprint"])
        self.assertEqual(document["objective"], "val_accuracy")
        self.assertEqual([trial["id"] for trial in document["trials"]], [1, 2, 3])
        for trial in document["trials"]:
            self.assertEqual(list(trial), KEYS)
            self.assertEqual(list(trial["values"]), ["/train/optimizer/learning_rate", "/model/layers/2/units"])
            self.assertEqual((trial["status"], trial["epochs"], trial["error"]), ("completed", 3, None))
            self.assertIn(trial["values"]["/model/layers/2/units"], range(4, 33, 4))
        best = max(document["trials"], key=lambda trial: trial["score"])
        self.assertEqual(document["best"], best)
        self.assertEqual(result.err.count("\n"), 3, result)
        self.assertRegex(result.err, r"(?m)^trial 1/3  learning_rate=\S+ units=\d+  val_accuracy 0\.\d{4}  3 epochs  ")
        with open(self.path("models/tiny/results.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([float(row["score"]) for row in rows], [trial["score"] for trial in document["trials"]])
        full = read_json(self.path("models/tiny/results.json"))
        self.assertEqual(full["trials"][0]["score"], max(full["trials"][0]["curve"]))

        best_config = "models/tiny/best.config.json"
        self.succeed("train", "--config", best_config, "--threads", 1, "--output", "again")
        curve = read_json(self.path("again/tiny_best.history.json"))["val_accuracy"]
        self.assertEqual(max(curve), best["score"])

    def test_a_table_best_first(self):
        result = self.tune(search({"folds": 2, "repeats": 2, "trials": 2}), "--trials", 1)
        self.assertEqual(result.code, 0, result)
        self.assertIn("Search: 1 trials of tiny, highest val_accuracy, 2 folds, 2 repeats, up to 3 epochs", result.out)
        self.assertRegex(result.out, r"(?m)^trial  optimizer/learning_rate  units  val_accuracy  epochs  seconds  status\n"
                                     r" +1  \S+ +\d+ +0\.\d{6} +12 +\d+\.\d  completed$")
        self.assertIn("These numbers are of synthetic digits.", result.out)
        self.assertEqual(result.err.count("\n"), 1, result)

    def test_failed_trials_are_recorded(self):
        wild = {"/train/optimizer": {"type": "sgd", "learning_rate": 100, "momentum": 0.999},
                "/model/layers/2/activation": "linear"}
        listed = {"search": "list", "space": {}, "trials": None,
                  "list": [{"label": "wild", "values": wild}, {"label": "tame", "values": {}}]}
        result = self.tune(search(listed, epochs=30), "--json")
        self.assertEqual(result.code, 0, result)
        trials = harness.json.loads(result.out)["trials"]
        self.assertEqual([trial["status"] for trial in trials], ["failed", "completed"])
        self.assertEqual(trials[0]["score"], None)
        self.assertRegex(trials[0]["error"], r"^epoch \d+, step \d+: ")
        listed["list"].pop()
        result = self.tune(search(listed, epochs=30), "--json", "--output", "none")
        self.assertEqual(result.code, 6, result)
        self.assertEqual(harness.json.loads(result.out)["best"], None)
        self.assertIn("svhn: error: none of the 1 trials was completed; the first: epoch ", result.err)


class Refused(TuneTest):
    def refuse(self, tune, message, hint=None):
        """By the check and by the command itself."""
        document = search(tune)
        write_json(self.path("search.json"), document)
        for result in (self.run_svhn("config", "check", "search.json"), self.tune(document)):
            self.assert_error(result, 3, f"search.json: {message}", hint or harness.CONFIG_HINT)
        self.assertFalse(os.path.exists(self.path("models")))

    def test_spaces_that_make_no_sense(self):
        self.refuse({"space": {"/train/batch": {"choice": [1]}}}, "/tune: there is no value at '/train/batch'",
                    "'svhn config show' prints every path; give what is null or missing a value in the config first")
        self.refuse({"space": {"/train/batch_size": {"int": [0, 8]}}},
                    "with /train/batch_size = 0: /train/batch_size: 0 is out of range, expected an integer from 1 to "
                    "1000000")
        self.refuse({"space": {"/name": {"choice": ["a"]}}},
                    "/tune/space/~1name: '/name' is no path below /model, /train, /data/preprocess or /data/augment")
        self.refuse({"sarch": "grid"}, "/tune/sarch: unknown key; did you mean 'search'?")

    def test_bad_values_of_tpe(self):
        cases = [({"gamma": 0.9}, "/tune/tpe/gamma: 0.9 is out of range"), ({"gama": 0.2}, "did you mean 'gamma'?"),
                 ({"startup": 0}, "/tune/tpe/startup: 0 is out of range"), ({"round": 1.5}, "/tune/tpe/round: ")]
        for tpe, problem in cases:
            with self.subTest(tpe):
                result = self.tune(search({"search": "tpe", "tpe": tpe}))
                self.assertEqual(result.code, 3, result)
                self.assertIn(problem, result.err)
        result = self.tune(search({"search": "random", "tpe": {}}))
        self.assertEqual(result.code, 3, result)
        self.assertIn("/tune/tpe: needs search to be tpe", result.err)

    def test_a_config_without_a_search(self):
        document = search()
        del document["tune"]
        self.assert_error(self.tune(document), 3, "search.json: /tune: missing, but required for a search",
                          harness.CONFIG_HINT)

    def test_a_search_that_is_there_already(self):
        self.assertEqual(self.tune(search()).code, 0)
        before = harness.state_of(self.path("models"))
        self.assert_error(self.tune(search()), 2,
                          "'models/tiny/search.json' exists: there is a search 'tiny' already",
                          "--resume continues it, --overwrite starts over, --output chooses another folder")
        self.assert_error(self.tune(search(epochs=4), "--resume"), 5,
                          "'models/tiny/search.json' is a search with /config/train/epochs = 3, not 4",
                          "resume with the same config and data, or start over with --overwrite")
        self.assertEqual(harness.state_of(self.path("models")), before)
        with open(self.path("models/tiny/trials/notes.txt"), "w", encoding="utf-8") as file:
            file.write("mine")
        self.assertEqual(self.tune(search(epochs=4), "--overwrite").code, 0)
        self.assertEqual(self.results()["trials"][0]["epochs"], 4)
        self.assertTrue(os.path.exists(self.path("models/tiny/trials/notes.txt")), "not ours to remove")


class Config(TuneTest):
    def test_is_shown_and_described_with_its_search(self):
        write_json(self.path("search.json"), search())
        check = self.succeed("config", "check", "search.json")
        self.assertRegex(check.out, r"\Asearch\.json: ok, tiny, [\d,]+ parameters, 3 trials\n\Z")
        shown = harness.json.loads(self.succeed("config", "show", "search.json", "--set", "tune.seed=7").out)
        self.assertEqual((shown["tune"]["seed"], shown["tune"]["space"]["units"]["int"]), (7, [4, 32, 4]))
        write_json(self.path("shown.json"), shown)
        again = harness.json.loads(self.succeed("config", "show", "shown.json").out)
        self.assertEqual(again, shown)
        schema = harness.json.loads(self.succeed("config", "schema").out)
        self.assertIn("objective", schema["properties"]["tune"]["properties"])

    def test_trains_as_the_search_leaves_it(self):
        write_json(self.path("search.json"), search())
        self.succeed("train", "--config", "search.json", "--threads", 1, "--set", "train.epochs=1")


class Interrupted(TuneTest):
    def start(self, document):
        write_json(self.path("search.json"), document)
        return harness.start("tune", "--config", "search.json", "--threads", 1, "--output", "killed", "--resume",
                             cwd=self.dir)

    def epochs_kept(self):
        names = [name for name in tree(self.path("killed")) if name.endswith("metrics.jsonl")]
        return sum(read_bytes(self.path("killed", name)).count(b"\n") for name in names)

    def kill_at_random(self, document, seed, most=30):
        """Kills the search some epochs after each start, until it ends by itself. @returns the kills."""
        self.assertEqual(self.tune(document, "--output", "whole").code, 0)
        draw = random.Random(seed)
        for kills in range(most):
            process = self.start(document)
            target = self.epochs_kept() + draw.randint(1, 4)
            harness.wait_until(lambda: self.epochs_kept() >= target or process.poll() is not None)
            time.sleep(draw.uniform(0, 0.03))
            process.kill()
            result = harness.finish(process)
            if result.code == 0:
                return kills
            self.assertEqual(result.code, -signal.SIGKILL, result)
        self.fail(f"the search did not come to its end with {most} kills")

    def test_by_kill_goes_on_to_the_same_results(self):
        self.assertGreaterEqual(self.kill_at_random(search(epochs=5), 1), 1)
        self.assert_same_search()

    def test_by_kill_under_cross_validation_and_a_stopping_rule(self):
        rule = {"folds": 2, "trials": 4, "stopping": {"type": "halving", "reduction": 2}}
        self.assertGreaterEqual(self.kill_at_random(search(rule, epochs=3), 2), 1)
        self.assert_same_search()
        statuses = [trial["status"] for trial in self.results("killed")["trials"]]
        self.assertEqual((statuses.count("stopped"), statuses.count("completed")), (3, 1))

    def test_by_kill_proposes_the_same_trials(self):
        tpe = {"search": "tpe", "trials": 8, "tpe": {"startup": 3, "round": 2}}
        self.assertGreaterEqual(self.kill_at_random(search(tpe, epochs=2), 3), 1)
        self.assert_same_search()

    def test_of_tpe_goes_on_longer(self):
        tpe = {"search": "tpe", "trials": 6, "tpe": {"startup": 3, "round": 2}}
        self.assertEqual(self.tune(search({**tpe, "trials": 8}, epochs=1), "--output", "whole").code, 0)
        self.assertEqual(self.tune(search(tpe, epochs=1), "--output", "killed").code, 0)
        result = self.tune(search({**tpe, "trials": 8}, epochs=1), "--output", "killed", "--resume")
        self.assertEqual(result.code, 0, result)
        self.assertIn("Resuming: 6 of 8 trials have ended\n", result.err)
        self.assert_same_search()

    def test_by_a_signal_saves_and_says_where(self):
        document = search(epochs=20)
        self.assertEqual(self.tune(document, "--output", "whole").code, 0)
        process = self.start(document)
        checkpoint = self.path("killed/tiny/trials/trial-0002/checkpoints/last.safetensors")
        harness.wait_until(lambda: os.path.exists(checkpoint) or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        result = harness.finish(process)
        self.assertEqual(result.code, 143, result)
        self.assertRegex(result.err.splitlines()[-1],
                         r"\Asvhn: error: trial 2: stopped by signal 15 after epoch \d+, step \d+; resume with --resume\Z")
        result = self.tune(document, "--output", "killed", "--resume")
        self.assertEqual(result.code, 0, result)
        self.assertIn("Resuming: 1 of 3 trials have ended\n", result.err)
        self.assert_same_search()


if __name__ == "__main__":
    harness.main()
