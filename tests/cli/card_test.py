"""`svhn info --card`: the model card, its metadata block, and the Python on it."""

import importlib.util
import json
import os
import re
import shutil
import sys

import harness

STAND_INS = os.path.join(harness.SOURCE, "tests", "docs", "stand_ins")


class Card(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        harness.write_json(os.path.join(cls.base, "run.json"), harness.config(train={"epochs": 1}))
        for arguments in (("train", "--config", "run.json", "--threads", 1, "--quiet"),
                          ("evaluate", "--model", "models/tiny.safetensors", "--quiet")):
            done = harness.run(*arguments, cwd=cls.base)
            if done.code != 0:
                raise AssertionError(done)

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(self.base, "models"), self.path("models"))
        self.results, = (self.path("models/tiny/results", name) for name in os.listdir(self.path("models/tiny/results")))

    def card(self, model="models/tiny.safetensors"):
        result = self.succeed("info", "--card", model)
        self.assertEqual(result.err, "")
        block, text = re.fullmatch(r"---\n(.*?)\n---\n\n(# .*)", result.out, re.DOTALL).groups()
        return block, text

    def metadata(self, block):
        if importlib.util.find_spec("yaml") is None:
            self.skipTest("there is no module yaml")
        import yaml
        return yaml.safe_load(block)

    def change(self, path, change):
        document = harness.read_json(path)
        change(document)
        harness.write_json(path, document)

    def test_states_what_the_files_tell(self):
        evaluation = harness.read_json(os.path.join(self.results, "evaluation.json"))
        about = harness.read_json(os.path.join(self.results, "about.json"))
        summary = harness.read_json(self.path("models/tiny/summary.json"))
        _, text = self.card()
        self.assertIn("# tiny\n\nA network of 8,322 parameters in 5 layers", text)
        low, high = evaluation["accuracy_interval_95"]
        self.assertIn(f"| test of data.safetensors (synthetic) | 120 | {evaluation['accuracy']:.4f} | {low:.4f} to {high:.4f} | "
                      f"{evaluation['expected_calibration_error']:.4f} | {about['split_fingerprint']} |", text)
        self.assertIn("Trained on **synthetic digits**", text)
        self.assertIn(f"- training split: 384 images of data.safetensors\n"
                      f"- fingerprint of source, labels and splits: {summary['data']['fingerprint']}\n"
                      f"- fingerprint of the training split: {summary['data']['split_fingerprint']}\n", text)
        self.assertIn("## Training\n\nTrained: 1 epoch;", text)
        self.assertIn("resized to the size of the input, then greyscale, then scaled to 0..1", text)
        self.assertNotIn(self.base, text, "no path of this machine")

    def test_its_metadata_is_what_hubs_read(self):
        evaluation = harness.read_json(os.path.join(self.results, "evaluation.json"))
        block, _ = self.card()
        metadata = self.metadata(block)
        self.assertEqual((metadata["license"], metadata["library_name"], metadata["metrics"]),
                         ("unknown", "svhn", ["accuracy"]))
        self.assertIn("synthetic-data", metadata["tags"])
        self.assertNotIn("datasets", metadata)
        model, = metadata["model-index"]
        result, = model["results"]
        self.assertEqual((model["name"], result["task"]["type"]), ("tiny", "image-classification"))
        self.assertEqual(result["dataset"], {"type": "svhn-synthetic", "name": "synthetic digits of svhn", "split": "test"})
        self.assertEqual(result["metrics"], [
            {"type": "accuracy", "value": evaluation["accuracy"]},
            {"type": "expected_calibration_error", "value": evaluation["expected_calibration_error"]}])

    def test_a_model_alone_tells_nothing_of_runs(self):
        os.makedirs(self.path("alone"))
        shutil.copy(self.path("models/tiny.safetensors"), self.path("alone"))
        block, text = self.card("alone/tiny.safetensors")
        self.assertNotIn("model-index", block)
        self.assertNotIn("metrics", block)
        self.assertIn("No evaluation of these weights is known.", text)
        self.assertNotIn("## Training", text)
        self.assertNotIn("fingerprint", text)

    def test_results_of_other_weights_are_left_out(self):
        self.change(os.path.join(self.results, "about.json"), lambda about: about["model"].update(digest="0" * 16))
        self.assertIn("No evaluation of these weights is known.", self.card()[1])
        self.change(self.path("models/tiny/summary.json"), lambda summary: summary["parameters"].update(total=1))
        self.assertNotIn("- training split", self.card()[1])

    def rewrite_metadata(self, **changes):
        """Writes the model's metadata anew, without checksums, as another program would."""
        path = self.path("models/tiny.safetensors")
        content = harness.read_bytes(path)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8:8 + length])
        header["__metadata__"].update(changes)
        for key in [key for key in header["__metadata__"] if key.startswith("svhn.checksum")]:
            del header["__metadata__"][key]
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(path, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text + content[8 + length:])

    def test_texts_of_files_are_no_marks(self):
        evil = "a](http://x) <b> | `c` * _d_ : # \"\n---"
        self.rewrite_metadata(synthetic="false")
        for path in (os.path.join(self.results, "about.json"), self.path("models/tiny/summary.json")):
            self.change(path, lambda document: document["data"].update(file=evil, source=evil, synthetic=False))
        block, text = self.card()
        self.assertIn("a\\]\\(http:\\/\\/x\\) \\<b\\> \\| \\`c\\` \\* \\_d\\_ : \\# \\\"\\?---", text)
        self.assertNotIn("<b>", text)
        if importlib.util.find_spec("yaml"):
            self.assertTrue(self.metadata(block)["model-index"][0]["results"][0]["dataset"]["name"].endswith('# "?---'))

    def test_names_the_licence_of_svhn_only_where_the_pictures_are(self):
        for source, known in (("train_32x32.mat, test_32x32.mat", True), ("SVHN.arff", True), ("houses", False)):
            with self.subTest(source):
                self.rewrite_metadata(synthetic="false")
                for path in (os.path.join(self.results, "about.json"), self.path("models/tiny/summary.json")):
                    self.change(path, lambda document: document["data"].update(synthetic=False, source=source))
                block, text = self.card()
                self.assertEqual("license: other\nlicense_name: svhn-non-commercial" in block, known, block)
                self.assertEqual("datasets:\n- ufldl-stanford/svhn" in block, known)
                self.assertEqual("The licence of the pictures is unknown." in text, not known)
                self.assertIn("non-commercial purposes only", text)
                self.assertNotIn("synthetic", text)

    def test_its_python_reads_the_model(self):
        _, text = self.card()
        program, = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        if importlib.util.find_spec("numpy") is None:
            self.skipTest("there is no module numpy")
        sys.path.append(STAND_INS)
        here, names = os.getcwd(), {}
        os.chdir(self.path("models"))
        try:
            exec(compile(program, "card", "exec"), names)  # pylint: disable=exec-used
        finally:
            os.chdir(here)
            sys.path.remove(STAND_INS)
        self.assertEqual(names["weights"]["dense_2.weight"].shape, (10, 8))
        self.assertEqual([layer["type"] for layer in names["layers"]],
                         ["flatten", "dense", "batch_norm", "dropout", "dense"])
        self.assertEqual(names["preprocessing"]["steps"], ["greyscale", "minmax"])
        self.assertEqual(names["classes"], list("1234567890"))

    def test_a_checkpoint_says_that_it_is_one(self):
        _, text = self.card("models/tiny/checkpoints/last.safetensors")
        self.assertIn("It is a checkpoint of a training run", text)

    def test_refuses_other_files(self):
        hint = "a card is of a model: name its file, or its run folder"
        self.assert_error(self.run_svhn("info", "--card", "data.safetensors"), 5,
                          "'data.safetensors': a prepared data file, not a model", hint)
        with open(self.path("weights"), "wb") as file:
            text = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
            file.write(len(text).to_bytes(8, "little") + text + b"\0" * 4)
        self.assert_error(self.run_svhn("info", "--card", "weights"), 5, "'weights': weights alone, not a model", hint)
        self.assertEqual(self.run_svhn("info", "--card", "--json", "models/tiny").code, 2)


if __name__ == "__main__":
    harness.main()
