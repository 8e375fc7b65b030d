#!/usr/bin/env python3
"""`svhn report`: its output, valid and damaged runs, errors."""

import base64
import json
import os
import re
import sys

import harness

sys.path.append(os.path.join(harness.SOURCE, "tests", "page"))
import runs  # noqa: E402  (beside the page's own test, which needs the same runs)

FOLDER_HINT = "name a folder with runs, such as the --output of 'svhn train'"
NO_MODEL_HINT = ("--with-model takes the model of the run on which the page opens; 'svhn train' leaves it beside the run's folder")
NO_PANEL = "this build cannot run a model in the page: onnxruntime-web was not there when it was configured"
NO_PANEL_HINT = "configure again with a network and -DSVHN_REPORT_MODEL=ON, then build; or leave --with-model out"
EMPTY_HINT = "name the --output folder of 'svhn train', 'tune' or 'transfer'"


def document_in(path):
    """The data of a page, taken out as a browser would."""
    text = harness.read_bytes(path).decode()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script', text, re.S)[1])


class ReportTest(harness.PageTest):
    def test_shows_a_real_run_of_its_own(self):
        self.train(harness.config(name="mine"), "--output", "models")
        made = json.loads(self.succeed("interpret", "--model", "models/mine.safetensors", "--json", "--what",
                                       "confusion,misclassified,activations").out)["output"]
        result = self.succeed("report", "--runs", "models", "--output", "report.html", "--json")
        told = json.loads(result.out)
        self.assertEqual((told["runs"], told["questions"], told["problems"]), (1, [], []))
        self.assertEqual(told["bytes"], os.path.getsize(self.path("report.html")))
        run = document_in(self.path("report.html"))["runs"][0]
        self.assertEqual(run["name"], "mine")
        self.assertEqual(run["history"]["val_accuracy"], harness.read_json(self.path("models/mine.history.json"))["val_accuracy"])
        result, = run["results"]
        self.assertEqual((result["slug"], result["primary"], result["model"]["which"]), ("last-test", True, "last"))
        self.assertEqual(result["evaluation"]["confusion_matrix"],
                         harness.read_json(self.path(made, "evaluation.json"))["confusion_matrix"])
        self.assertTrue(run["synthetic"])
        self.assertGreater(told["pictures"], 0)
        self.assertNotIn("tsne", result)
        self.assertEqual(result["missing"]["tsne"], "svhn interpret --model models/mine.safetensors --what embeddings,tsne")

    def skip_without_panel(self):
        probe = self.run_svhn("report", "--runs", "none", "--output", "r.html", "--with-model")
        if "cannot run a model" in probe.err:
            self.assert_error(probe, 2, NO_PANEL, NO_PANEL_HINT)
            self.skipTest("this build has no panel")

    def test_puts_the_model_of_the_run_on_which_it_opens_into_the_page(self):
        self.skip_without_panel()
        self.train(harness.config(name="mine"), "--output", "models")
        told = json.loads(self.succeed("report", "--runs", "models", "--output", "with.html", "--with-model", "--json").out)
        model = told["model"]
        self.assertEqual(model["file"], "models/mine.best.safetensors")
        page = harness.read_bytes(self.path("with.html")).decode()
        onnx = base64.b64decode(re.search(r'id="model">(.*?)</script', page)[1])
        self.assertEqual(len(onnx), model["bytes"])
        self.assertIn(b"probabilities", onnx)
        self.assertEqual(document_in(self.path("with.html"))["model"], {"run": "mine", "name": "mine.best.safetensors", "reject": 0.5})
        plain = json.loads(self.succeed("report", "--runs", "models", "--output", "plain.html", "--json").out)
        self.assertIsNone(plain["model"])
        self.assertGreater(told["bytes"] - plain["bytes"], model["runtime_bytes"] + model["bytes"])
        words = self.succeed("report", "--runs", "models", "--output", "with.html", "--with-model").out
        self.assertRegex(words, r"\nTry it: models/mine.best.safetensors answers in the page \(\d+ KiB as ONNX, onnxruntime-web \d+ KiB\)\n$")

    def test_refuses_a_page_with_a_model_that_is_not_there(self):
        self.skip_without_panel()
        runs.write(self.path("runs", "m", "history.json"), runs.curves(2, 0.5))
        before = harness.tree(self.dir)
        self.assert_error(self.run_svhn("report", "--runs", "runs", "--output", "r.html", "--with-model"), 4,
                          "there is no model of 'm' that the page could open with", NO_MODEL_HINT)
        self.assertEqual(harness.tree(self.dir), before)

    def test_damaged_runs_are_warned_of_and_the_rest_goes_on(self):
        runs.write_all(self.path("runs"), self.data)
        folder, = os.listdir(self.path("runs", "model_2_2", "results"))
        with open(self.path("runs", "model_2_2", "results", folder, "tsne.safetensors"), "r+b") as file:
            file.truncate(1000)
        result = self.succeed("report", "--runs", "runs", "--output", "report.html")
        self.assertRegex(result.out, r"^Report: report.html \(4 runs, 1 search, 1 comparison, \d+ pictures; \d+ KiB\)\n$")
        warned = result.err.splitlines()
        self.assertEqual(len(warned), 2, result)
        self.assertTrue(all(line.startswith("warning: ") for line in warned), result)
        document = document_in(self.path("report.html"))
        self.assertEqual(["warning: " + text for text in document["problems"]], warned)
        names = [run["name"] for run in document["runs"]]
        self.assertEqual(sorted(names), sorted(["model_2_1", "model_2_2", runs.HOSTILE, "broken"]))
        result, = document["runs"][names.index("model_2_2")]["results"]
        self.assertIn("evaluation", result)
        self.assertNotIn("tsne", result)

    def test_same_runs_same_bytes(self):
        runs.write_all(self.path("runs"), self.data)
        for folder in ("a", "b"):
            self.succeed("report", "--runs", "runs", "--output", f"{folder}/r.html")
        for name in ("r.html", "r.preview.png"):
            self.assertEqual(harness.read_bytes(self.path("a", name)), harness.read_bytes(self.path("b", name)))

    def test_a_page_on_stdout_has_no_preview(self):
        runs.write_all(self.path("runs"), self.data)
        before = harness.tree(self.dir)
        result = self.succeed("report", "--runs", "runs", "--output", "/dev/stdout")
        self.assertNotIn("og:image", result.out)
        self.assertEqual(harness.tree(self.dir), before)

    def test_figures_of_a_finding_are_those_of_the_run(self):
        runs.write_all(self.path("runs"), self.data)
        self.succeed("report", "--runs", "runs", "--output", "report.html")
        document = document_in(self.path("report.html"))
        best = max(runs.curves(10, 0.95)["val_accuracy"])
        question = next(q for q in document["questions"] if q["id"] == "2.1")
        figure = next(f for f in question["figures"] if f["name"] == "Best validation accuracy")
        self.assertEqual((figure["theirs"], figure["ours"]), ("0.9541", f"{best:.4f}"))
        self.assertIn(f"Best validation accuracy {best:.4f} in epoch 10 of 10", question["finding"])
        for asked in document["questions"]:
            self.assertLess(len(asked["finding"]), 800 if asked["id"] == "2.1" else 500)

    def test_refuses_what_cannot_be(self):
        self.assert_error(self.run_svhn("report", "--runs", "none", "--output", "r.html"), 4, "'none' is not a folder", FOLDER_HINT)
        os.mkdir(self.path("empty"))
        self.assert_error(self.run_svhn("report", "--runs", "empty", "--output", "r.html"), 4, "there is no run below 'empty'", EMPTY_HINT)
        runs.write(self.path("runs", "m", "history.json"), runs.curves(2, 0.5))
        result = self.run_svhn("report", "--runs", "runs", "--output", "data.safetensors/r.html")
        self.assertEqual((result.code, result.out), (4, ""), result)
        self.assertEqual(self.run_svhn("report", "--output", "r.html").code, 2)
        self.assert_no_leftovers()

    def test_reliability_diagram_and_its_refusal(self):
        self.train(harness.config(name="mine"), "--output", "models")
        done = self.succeed("evaluate", "--model", "models/mine.safetensors", "--reliability", "r.svg")
        if "gnuplot" not in done.err:
            self.assertTrue(harness.read_bytes(self.path("r.svg")).rstrip().endswith(b"</svg>"))
        self.assert_error(self.run_svhn("evaluate", "--model", "models/mine.safetensors", "--reliability", "r.gif"), 2,
                          "'r.gif' is no name for a chart", "end it in .png or .svg")


if __name__ == "__main__":
    harness.main()
