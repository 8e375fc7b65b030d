"""The results of `evaluate` and `interpret` in a run folder, and what the report makes of them: never of two things one."""

import json
import os
import re
import shutil
import zlib

import harness
from pictures_test import png

HASHES = r"-[0-9a-f]{8}$"
PARTS = ("evaluation", "cells", "robustness", "mistakes", "activations", "saliency", "tsne")


def document_in(path):
    text = harness.read_bytes(path).decode()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script', text, re.S)[1])


def write_pictures(folder, count=12):
    """Pictures of their own for each digit: no synthetic digits."""
    for digit in range(10):
        os.makedirs(os.path.join(folder, str(digit)))
        for i in range(count):
            seed = zlib.crc32(f"{digit} {i}".encode())
            with open(os.path.join(folder, str(digit), f"{i}.png"), "wb") as file:
                file.write(png(lambda x, y, shade=25 * digit, noise=seed: (shade, (x * noise >> 3) % 256, (y * noise >> 5) % 256)))


class Results(harness.ProgramTest):
    """A run named as question 2.2's, trained on 120 pictures; data.safetensors are 600 synthetic digits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_pictures(os.path.join(cls.base, "pictures"))
        harness.write_json(os.path.join(cls.base, "run.json"), cls.config())
        for command in (("preprocess", "--input", "pictures", "--output", "real.safetensors"),
                        ("train", "--config", "run.json", "--threads", 1)):
            done = harness.run(*command, cwd=cls.base)
            if done.code != 0:
                raise AssertionError(done)

    @staticmethod
    def config(**changes):
        return harness.config(**{"name": "model_2_2", "data": {"file": "real.safetensors", "preprocess": ["minmax"]}, **changes})

    def setUp(self):
        super().setUp()
        shutil.copy(os.path.join(self.base, "real.safetensors"), self.path("real.safetensors"))
        shutil.copytree(os.path.join(self.base, "models"), self.path("models"))

    def of_model(self, command, *more, which=".best", **how):
        return self.succeed(command, "--model", f"models/model_2_2{which}.safetensors", "--threads", 1, *more, **how)

    def folders(self):
        return sorted(os.listdir(self.path("models", "model_2_2", "results")))

    def about(self, folder):
        return harness.read_json(self.path("models", "model_2_2", "results", folder, "about.json"))

    def report(self):
        """The page's document, and the run in it."""
        made = self.run_svhn("report", "--runs", "models", "--output", "report.html")
        if "no report page" in made.err:
            self.skipTest("this build has no report page: npm was missing")
        self.assertEqual(made.code, 0, made)
        document = document_in(self.path("report.html"))
        return document, next(run for run in document["runs"] if run["name"] == "model_2_2")

    @staticmethod
    def question(document, name):
        return next(question for question in document["questions"] if question["id"] == name)


class Keys(Results):
    def test_of_evaluate_are_kept_and_told(self):
        result = self.of_model("evaluate")
        folder, = self.folders()
        self.assertRegex(folder, "^best-test" + HASHES)
        self.assertTrue(result.out.endswith(f"What a report shows is also in models/model_2_2/results/{folder}\n"), result)
        self.assertEqual(result.err, "")
        about = self.about(folder)
        self.assertEqual((about["model"]["file"], about["model"]["epoch"], about["data"]["synthetic"], about["data"]["images"]),
                         ("model_2_2.best.safetensors", harness.read_json(self.path("models/model_2_2/summary.json"))["best_epoch"],
                          False, 120))
        self.assertEqual(set(about["kinds"]), {"evaluation"})
        document, run = self.report()
        shown, = run["results"]
        self.assertEqual((shown["slug"], shown["primary"], shown["data"]["same_as_training"]), ("best-test", True, True))
        self.assertEqual(shown["split_images"], sum(map(sum, shown["evaluation"]["confusion_matrix"])))
        self.assertEqual([part for part in PARTS if part in shown], ["evaluation", "cells"])
        self.assertEqual(set(shown["missing"]), {"robustness", "mistakes", "activations", "saliency", "tsne"})
        self.assertIn(f"test accuracy {shown['evaluation']['accuracy']:.4f}", document["title"])
        self.assertEqual((document["opens"], document["problems"]), (run["slug"], []))

    def test_leave_the_json_of_evaluate_as_it_was(self):
        result = self.of_model("evaluate", "--json", "--predictions", "p.csv")
        told = json.loads(result.out)
        folder, = self.folders()
        self.assertEqual(harness.read_json(self.path("models/model_2_2/results", folder, "evaluation.json")), told)
        self.assertEqual(harness.read_bytes(self.path("models/model_2_2/results", folder, "predictions.csv")),
                         harness.read_bytes(self.path("p.csv")))
        self.assertEqual((set(told) & {"kept", "run_folder", "results"}, result.err), (set(), ""))

    def test_of_splits_models_and_precisions_are_apart(self):
        self.of_model("interpret", "--split", "val", "--what", "misclassified")
        self.of_model("evaluate", "--split", "val", which="")
        self.of_model("evaluate", "--precision", "bfloat16")
        self.of_model("evaluate")
        self.assertEqual([re.sub(HASHES, "", name) for name in self.folders()],
                         ["best-test", "best-test", "best-val", "last-val"])
        _, run = self.report()
        told = [(one["model"]["which"], one["split"], one["precision"], "mistakes" in one) for one in run["results"]]
        self.assertEqual(told, [("best", "test", "float32", False), ("best", "test", "bfloat16", False),
                                ("best", "val", "float32", True), ("last", "val", "float32", False)])
        self.assertEqual([one["primary"] for one in run["results"]], [True, False, False, False])
        self.assertEqual(len({one["slug"] for one in run["results"]}), 4)

    def test_of_two_commands_at_once_are_all_there(self):
        model = ("--model", "models/model_2_2.best.safetensors", "--threads", 1)
        begun = [harness.start(*command, cwd=self.dir) for command in
                 (("evaluate", *model), ("evaluate", *model), ("interpret", *model, "--what", "activations"),
                  ("interpret", *model, "--what", "misclassified"))]
        for process in begun:
            result = harness.finish(process)
            self.assertEqual((result.code, result.err), (0, ""), result)
        folder, = self.folders()
        self.assertEqual(set(self.about(folder)["kinds"]), {"evaluation", "activations", "misclassified"})
        self.assertFalse([name for name in harness.tree(self.dir) if name.endswith((".tmp", ".lock"))])
        self.assertEqual(len(self.report()[1]["results"]), 1)

    def test_that_cannot_be_kept_are_one_warning(self):
        with open(self.path("models", "model_2_2", "results"), "w", encoding="ascii"):
            pass
        for command in (("evaluate",), ("interpret", "--output", "out", "--what", "confusion,activations")):
            result = self.of_model(*command)
            self.assertEqual(result.err.count("\n"), 1, result)
            self.assertRegex(result.err, "^warning: .*; the results are not kept for 'svhn report'\n$")
            self.assertNotIn("What a report shows", result.out)
        self.assertIn("confusion.json", harness.tree(self.path("out")))
        result = self.run_svhn("interpret", "--model", "models/model_2_2.best.safetensors")
        self.assertEqual((result.code, result.out), (4, ""), result)  # It has no other place.


class Page(Results):
    def test_synthetic_digits_do_not_stand_for_a_real_run(self):
        self.of_model("interpret", "--what", "confusion,misclassified")
        real = json.loads(self.of_model("evaluate", "--json").out)["accuracy"]
        self.of_model("interpret", "--data", "data.safetensors", "--what", "confusion,misclassified")
        synthetic = json.loads(self.of_model("evaluate", "--data", "data.safetensors", "--json").out)["accuracy"]
        self.assertNotEqual(f"{real:.4f}", f"{synthetic:.4f}", "the test cannot tell them apart")
        document, run = self.report()
        self.assertEqual([(one["data"]["synthetic"], one["primary"], one["data"]["same_as_training"]) for one in run["results"]],
                         [(False, True, True), (True, False, False)])
        self.assertEqual([one["evaluation"]["accuracy"] for one in run["results"]], [real, synthetic])
        self.assertRegex(run["results"][1]["slug"], "^best-test" + HASHES)
        self.assertIn("--data data.safetensors", run["results"][1]["missing"]["tsne"])
        question = self.question(document, "3")
        self.assertEqual((question["result"], question["figures"][0]["ours"]), ("best-test", f"{real:.4f}"))
        self.assertNotIn(f"{synthetic:.4f}", json.dumps(document["questions"]))
        self.assertNotIn("synthetic", json.dumps(document["questions"]))

    def test_other_data_alone_answers_no_question(self):
        self.of_model("evaluate", "--data", "data.safetensors")
        document, run = self.report()
        self.assertEqual([one["primary"] for one in run["results"]], [False])
        question = self.question(document, "3")
        self.assertEqual((question["result"], question["figures"][0]["ours"]), (None, "-"))
        self.assertNotIn("test accuracy", document["title"])

    def test_a_run_on_synthetic_digits_says_so_everywhere(self):
        shutil.rmtree(self.path("models"))
        self.train(self.config(data={"file": "data.safetensors", "preprocess": ["minmax"]}))
        self.of_model("evaluate")
        document, run = self.report()
        self.assertTrue(run["training"]["synthetic"])
        for name in ("2.2", "3"):
            question = self.question(document, name)
            self.assertTrue(question["title"].endswith(" (synthetic digits)"), question)
            self.assertIn("synthetic digits, which do not compare", question["finding"])
            self.assertIn("synthetic digits, ", question["circumstances"])
            self.assertFalse(question["comparable"])
        self.assertIn("(synthetic digits)", document["title"])
        self.assertIn("(synthetic digits)", document["description"])

    def test_tells_no_difference_from_another_training_size(self):
        self.of_model("evaluate")
        document, run = self.report()
        question = self.question(document, "2.2")
        images = run["training"]["images"]
        self.assertEqual(images, harness.read_json(self.path("models/model_2_2/summary.json"))["data"]["images"]["train"])
        self.assertFalse(question["comparable"])
        self.assertNotRegex(question["finding"], "below|above|equal to")
        self.assertIn(f"trained on {images} images (the assignment: 63,544): it does not compare", question["finding"])
        self.assertRegex(question["circumstances"], rf"^trained on {images} images \(the assignment: 63,544\), no augmentation, "
                                                    r"\d{4}-\d\d-\d\d, split [0-9a-f]{8}$")
        self.assertEqual(question["command"], "scripts/q2_2.sh")
        self.assertIn({"name": "Test accuracy", "theirs": "-", "ours": f"{run['results'][0]['evaluation']['accuracy']:.4f}",
                       "of": f"best model, test split, {run['results'][0]['split_images']} images"}, question["figures"])

    def test_a_run_of_an_earlier_version_is_asked_to_say_its_size(self):
        path = self.path("models", "model_2_2", "summary.json")
        full = harness.read_json(path)
        before = harness.state_of(self.path("models"))
        old = {key: value for key, value in full.items() if key not in ("date", "model_epoch")}
        harness.write_json(path, {**old, "data": {key: full["data"][key] for key in ("file", "synthetic")}})
        question = self.question(self.report()[0], "2.2")
        self.assertIn("trained on an unknown number of images", question["circumstances"])
        self.of_model("evaluate")
        self.assertTrue(self.report()[1]["results"][0]["primary"])  # The checkpoint tells of the data.
        self.succeed(*question["command"].split()[1:], "--threads", 1)
        self.assertEqual(harness.read_json(path)["data"], full["data"])
        self.assertIsNone(harness.read_json(path)["date"])
        after = harness.state_of(self.path("models"))
        for name in ("model_2_2.safetensors", "model_2_2.best.safetensors"):
            self.assertEqual(after[name][0], before[name][0])
        harness.write_json(path, full)
        self.train(self.config(), "--resume")
        self.assertEqual(harness.read_json(path)["date"], full["date"])

    def test_lists_questions_without_a_run(self):
        document, _ = self.report()
        self.assertEqual([question["id"] for question in document["questions"]],
                         ["1.1", "1.2", "1.3", "2.1", "2.2", "3", "4.1", "4.2"])
        for name, script in (("1.1", "q1_1"), ("1.3", "q1_3"), ("4.2", "q4_2")):
            question = self.question(document, name)
            self.assertEqual((question["run"], question["result"], question["command"]), (None, None, f"scripts/{script}.sh"))
            self.assertTrue(os.path.exists(os.path.join(harness.SOURCE, question["command"])))

    def test_results_of_earlier_weights_are_counted_and_not_shown(self):
        self.of_model("evaluate")
        self.of_model("evaluate", which="")
        before = self.folders()
        self.train(self.config(train={"seed": 9}), "--overwrite")
        document, run = self.report()
        self.assertEqual((run["results"], run["stale"]), ([], 2))
        self.assertEqual([os.path.basename(folder) for folder in run["stale_folders"]], before)
        self.assertEqual(document["problems"], [])
        self.of_model("evaluate")
        _, run = self.report()
        self.assertEqual(([one["slug"] for one in run["results"]], run["stale"]), (["best-test"], 2))

    def test_a_model_that_is_gone_has_no_results(self):
        self.of_model("evaluate")
        os.remove(self.path("models", "model_2_2.best.safetensors"))
        _, run = self.report()
        self.assertEqual((run["results"], run["stale"]), ([], 1))

    def test_shows_no_pictures_of_data_that_was_replaced(self):
        self.of_model("evaluate")
        self.assertTrue(any(self.report()[1]["results"][0]["cells"].values()))
        shutil.copy(self.data, self.path("real.safetensors"))
        document, run = self.report()
        self.assertFalse(any(run["results"][0]["cells"].values()))
        self.assertEqual(document["problems"],
                         ["no pictures: 'real.safetensors' is other data by now than the results are of"])

    def test_names_what_does_not_belong_where_it_is(self):
        self.of_model("evaluate")
        folder, = self.folders()
        place = self.path("models", "model_2_2", "results")
        shutil.copytree(os.path.join(place, folder), os.path.join(place, "best-test-00000000"))
        self.of_model("interpret", "--split", "val", "--what", "misclassified")
        other = next(name for name in self.folders() if name.startswith("best-val"))
        shutil.copy(os.path.join(place, other, "evaluation.json"), os.path.join(place, folder, "evaluation.json"))
        document, run = self.report()
        shown = next(one for one in run["results"] if one["slug"] == "best-test")
        self.assertNotIn("evaluation", shown)
        told = "\n".join(document["problems"])
        self.assertIn("best-test-00000000' holds results of something else than its name says", told)
        self.assertIn("evaluation.json' is not of the model and the split that about.json names", told)

    def test_results_of_earlier_versions_are_named_with_the_command_that_makes_them_anew(self):
        self.of_model("interpret", "--output", "old", "--what", "confusion")
        shutil.rmtree(self.path("models", "model_2_2", "results"))
        os.rename(self.path("old"), self.path("models", "model_2_2", "interpret"))
        os.rename(self.path("models/model_2_2/interpret/about.json"), self.path("models/model_2_2/interpret/interpret.json"))
        document, run = self.report()
        self.assertEqual(run["results"], [])
        problem, = document["problems"]
        command = re.search("'(svhn interpret [^']*)'", problem)[1]
        self.succeed(*command.split()[1:], "--what", "confusion")
        document, run = self.report()
        self.assertEqual(([one["slug"] for one in run["results"]], document["problems"]), (["best-test"], []))


if __name__ == "__main__":
    harness.main()
