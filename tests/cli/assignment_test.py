#!/usr/bin/env python3
"""The scripts of question 3 and scripts/assignment.sh: what they call and in which order, what a further call leaves out,
and one quick run of all questions, killed in the middle."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest

import harness

sys.path.append(os.path.join(harness.SOURCE, "tests", "docs"))
import pages  # noqa: E402  (its scratch folders look like a checkout in which svhn has been built)

# Notes each call; leaves the file that the script looks for; fails where the file FAIL has a word of the call.
STAND_IN = f"""#!{sys.executable}
import json, os, sys
words = sys.argv[1:]
with open("calls.txt", "a", encoding="utf-8") as log:
    log.write(" ".join(words) + "\\n")
if os.path.exists("FAIL") and open("FAIL", encoding="utf-8").read() in " ".join(words):
    sys.exit(6)
if words[0] in ("train", "transfer", "tune") and "--config" in words:
    with open(words[words.index("--config") + 1], encoding="utf-8") as file:
        name = json.load(file)["name"]
    output = words[words.index("--output") + 1]
    made = os.path.join(output, *((name, "results.json") if words[0] == "tune" else (name + ".safetensors",)))
    if not os.path.exists(made):
        os.makedirs(os.path.dirname(made), exist_ok=True)
        open(made, "w", encoding="utf-8").close()
"""
TRAINED = ["q1_1", "q1_2", "q1_3", "tune_units", "tune_wrapper", "tune_ablation", "q2_1", "q2_2"]
PARTS = TRAINED + ["q3_1", "q3_2", "q3_3"]


class ScratchTest(unittest.TestCase):
    program = harness.PROGRAM

    def setUp(self):
        if not os.access(harness.PROGRAM, os.X_OK):
            self.skipTest("SVHN_BIN does not name the program")
        self.dir = pages.make_scratch(harness.SOURCE, self.program)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text=""):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, script, *arguments, **how):
        return subprocess.Popen([f"scripts/{script}.sh", *arguments], cwd=self.dir, env=pages.environment(self.dir), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)

    def call(self, script, *arguments):
        return harness.finish(self.start(script, *arguments), seconds=900)

    def parts_in(self, out):
        """(script, whether it was done before) of each part that was come to."""
        lines = out.splitlines()
        return [(line.split(": ")[1], lines[i + 1] == "done before") for i, line in enumerate(lines)
                if line.startswith("== question") and "left out" not in line]


class Calls(ScratchTest):
    """With a stand-in for the program."""

    def setUp(self):
        super().setUp()
        os.remove(self.path("build/release/bin/svhn"))
        self.write("build/release/bin/svhn", STAND_IN)
        os.chmod(self.path("build/release/bin/svhn"), 0o755)
        self.write("data/svhn.safetensors")

    def calls(self, first_word=None):
        """The calls since the last time."""
        with open(self.path("calls.txt"), encoding="utf-8") as file:
            found = [line.rstrip("\n").replace(os.path.realpath(self.dir) + "/", "") for line in file]
        os.remove(self.path("calls.txt"))
        return [call for call in found if first_word in (None, call.split()[0])]

    def test_question_3_interprets_the_model_of_question_2_2(self):
        self.write("models/model_2_2.safetensors")
        for script, options in (("q3_1", "--split test --what confusion,misclassified --digit 3"),
                                ("q3_2", "--split test --what activations --index 0 --layer 0 --layer 5 --layer 6 --layer 8 --layer 10"),
                                ("q3_3", "--split train --what embeddings,tsne --perplexity 30 --seed 1")):
            self.assertEqual(self.call(script, "--json").code, 0)
            self.assertEqual(self.calls(), [f"interpret --model models/model_2_2.safetensors {options} --json"])
        self.write("other/model_2_2.safetensors")
        self.assertEqual(self.call("q3_1", "--output=other", "--data", "more.safetensors").code, 0)
        self.assertIn("interpret --model other/model_2_2.safetensors --data more.safetensors --split test", self.calls()[0])

    def test_question_3_without_a_model_names_the_command_that_trains_it(self):
        result = self.call("q3_2", "--output", "other")
        self.assertEqual((result.code, result.out), (5, ""), result)
        self.assertEqual(result.err, "run_interpret.sh: error: question 2.2's model is not trained yet: there is no "
                                     "'other/model_2_2.safetensors'\nhint: scripts/q2_2.sh --output other\n")

    def test_help_prints_help_alone_and_wrong_options_are_refused(self):
        for script in ("assignment", "q3_1"):
            result = self.call(script, "--help")
            self.assertEqual((result.code, result.err), (0, ""), result)
            self.assertIn(".sh [--data FILE] [--output DIR]", result.out)
            self.assertNotIn("set -", result.out)
        for words, message in ((["--fast"], "unknown option '--fast'"), (["--output"], "--output needs a value"),
                               (["--quick", "--data", "d"], "--quick makes its own data")):
            result = self.call("assignment", *words)
            self.assertEqual((result.code, result.out), (2, ""), result)
            self.assertIn(f"assignment.sh: error: {message}\n", result.err)
        result = self.call("assignment", "--data", "none.safetensors")
        self.assertEqual((result.code, result.out), (4, ""), result)
        self.assertFalse(os.path.exists(self.path("calls.txt")))

    def test_all_questions_in_order_and_those_without_weights_are_named(self):
        self.write("weights/of_something_else.safetensors")
        result = self.call("assignment")
        self.assertEqual(result.code, 0, result)
        self.assertEqual(self.parts_in(result.out), [(part, False) for part in PARTS])
        self.assertIn("== question 4.1 and 4.2: left out, there are no weights: "
                      "scripts/fetch_weights.sh --convert vgg16\n", result.out)
        self.assertIn("== question 4.2's comparison: left out", result.out)
        calls = self.calls()
        self.assertEqual(calls[-1], "report --runs models --output models/report.html --figures")
        self.assertEqual([call.split()[0] for call in calls], 3 * ["train", "evaluate"] + 3 * ["tune"] +
                         2 * ["train", "evaluate"] + 3 * ["interpret"] + ["report"])
        self.assertTrue(all("--resume" in call for call in calls if call.split()[0] in ("train", "tune")), calls)

    def test_with_weights_question_4_is_answered_too(self):
        self.write("weights/vgg16.safetensors")
        for _ in range(2):  # The comparison takes up weights that have come since.
            result = self.call("assignment")
            self.assertEqual(result.code, 0, result)
            self.assertNotIn("left out", result.out)
            self.assertIn("transfer --compare configs/q4_compare.json --data data/svhn.safetensors --output models --resume",
                          calls := self.calls("transfer"))
        self.assertEqual(len(calls), 1, calls)

    def test_a_further_call_does_only_what_is_not_done(self):
        self.write("FAIL", "tune_wrapper")
        result = self.call("assignment")
        self.assertEqual(result.code, 6, result)
        self.assertNotIn("report", " ".join(self.calls()))
        os.remove(self.path("FAIL"))
        result = self.call("assignment")
        self.assertEqual(result.code, 0, result)
        self.assertEqual(self.parts_in(result.out), [(part, PARTS.index(part) < 4) for part in PARTS])
        self.calls()
        result = self.call("assignment")
        self.assertEqual(self.parts_in(result.out), [(part, True) for part in PARTS])
        self.assertEqual([call.split()[0] for call in self.calls()], ["report"])

    def redone(self):
        return [part for part, done in self.parts_in(self.call("assignment").out) if not done]

    def test_what_has_changed_since_is_done_again(self):
        self.call("assignment")
        self.write("models/model_2_2.safetensors", "trained anew")
        self.assertEqual(self.redone(), ["q2_2", "q3_1", "q3_2", "q3_3"])
        os.remove(self.path("models/tune_units/results.json"))
        self.assertEqual(self.redone(), ["tune_units"])
        self.write("data/svhn.safetensors", "prepared anew")
        self.assertEqual(self.redone(), PARTS)
        self.assertEqual(self.redone(), [])


class Quick(ScratchTest):
    """With the program."""

    def setUp(self):
        super().setUp()
        probe = subprocess.run([harness.PROGRAM, "report", "--runs", "none", "--output", "none.html"], cwd=self.dir,
                               capture_output=True, text=True, check=False)
        if "no report page" in probe.stderr:
            self.skipTest("this build has no report page: npm was missing")

    def test_runs_everything_and_goes_on_after_a_kill(self):
        process = self.start("assignment", "--quick", start_new_session=True)
        mark = self.path("build/assignment_quick/assignment/q1_3")
        try:
            harness.wait_until(lambda: os.path.exists(mark) or process.poll() is not None)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        self.assertEqual(process.returncode, -signal.SIGKILL, (out, err))
        before = self.state("model_1_3.safetensors")

        result = self.call("assignment", "--quick")
        self.assertEqual(result.code, 0, result)
        parts = self.parts_in(result.out)
        self.assertEqual(parts[:3], [("q1_1", True), ("q1_2", True), ("q1_3", True)])
        self.assertEqual([part for part, _ in parts], PARTS + ["q4_1", "q4_2", "q4_compare"])
        self.assertFalse(dict(parts)["q4_1"])
        self.assertEqual(self.state("model_1_3.safetensors"), before)
        self.check_table(result.out)
        self.check_files()

    def state(self, name):
        path = self.path("build/assignment_quick", name)
        return harness.read_bytes(path), os.stat(path).st_mtime_ns

    def check_table(self, out):
        """What is printed are the figures of the report's JSON, which says that none compares with the published ones."""
        done = subprocess.run([harness.PROGRAM, "report", "--runs", "build/assignment_quick", "--output", "r.html", "--json"],
                              cwd=self.dir, capture_output=True, text=True, check=True)
        figures = json.loads(done.stdout)["figures"]
        found = {(figure["question"], figure["name"]): figure for figure in figures}
        self.assertEqual(list(dict.fromkeys(figure["question"] for figure in figures)),
                         ["1.1", "1.2", "1.3", "2.1", "2.2", "3", "4.1", "4.2"])
        for figure in figures:
            self.assertEqual(list(figure), ["question", "name", "theirs", "ours", "of", "comparable"])
            self.assertFalse(figure["comparable"])
            self.assertIsNotNone(figure["ours"], figure)
            line = r"(?m)^ +" + r" +".join(map(re.escape, [figure["name"], figure["theirs"] or "-", figure["ours"]])) + " "
            self.assertRegex(out, line)
        self.assertEqual(found["2.2", "Best validation accuracy"]["theirs"], "0.9150")
        self.assertEqual(found["3", "Test accuracy"]["theirs"], "0.9030")
        self.assertEqual(found["1.3", "tune_ablation: SELU"]["theirs"], "0.8060")
        self.assertEqual(found["4.1", "Parameters: total / trained / not"]["ours"], "14,748,426 / 33,610 / 14,714,816")
        self.assertEqual(out.count("not comparable with the published figures: synthetic digits, "), 8)

    def check_files(self):
        made = harness.tree(self.path("build/assignment_quick"))
        self.assertIn("report.html", made)
        results = {"/".join(name.split("/")[3:]) for name in made if name.startswith("model_2_2/results/")}
        self.assertLessEqual({"confusion.png", "misclassified.png", "tsne.png", "embeddings.safetensors"}, results)
        self.assertEqual(len([name for name in results if name.startswith("activations/")]), 5)


if __name__ == "__main__":
    harness.main()
