"""Several `--model`s as one, and views of each image: against what `evaluate` tells of each model and of shifted images."""

import csv
import json
import os
import shutil

import numpy

import harness

SPREAD = [{"type": "flatten"}, {"type": "dense", "units": 24, "activation": "tanh"},
          {"type": "dense", "units": 10, "activation": "softmax"}]
SHIFTS = {3: [(-1, -1), (1, 1)], 5: [(-1, -1), (1, 1), (-1, 1), (1, -1)],
          25: [(right, down) for down in range(-2, 3) for right in range(-2, 3) if (right, down) != (0, 0)]}

PIECE = 1 << 20  # Bytes of a tensor that have a checksum of their own.


def mean_of_logits(*probabilities):
    product = numpy.exp(sum(numpy.log(one) for one in probabilities) / len(probabilities))
    return product / product.sum(axis=1, keepdims=True)


def shifted(images, right, down):
    """u8 [N,32,32,3], with reflected borders."""
    padded = numpy.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    return padded[:, 2 - down:34 - down, 2 - right:34 - right]


class EnsembleCase(harness.ProgramTest):
    """Three models of the same data: a, b with another network and preprocessing, c like a with another seed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, more in (("a", {}), ("c", {"train": {"epochs": 2, "seed": 7}}),
                           ("b", {"model": {"layers": SPREAD}, "data": {"file": "data.safetensors", "preprocess": []}})):
            harness.write_json(os.path.join(cls.base, "run.json"), harness.config(name=name, **more))
            done = harness.run("train", "--config", "run.json", "--threads", 1, "--quiet", cwd=cls.base)
            if done.code != 0:
                raise AssertionError(done)

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(self.base, "models"), self.path("models"))

    def model(self, name):
        return f"models/{name}.safetensors"

    def evaluate(self, *arguments):
        """The document, and the probabilities [N,10] of the digits."""
        told = json.loads(self.succeed("evaluate", "--predictions", "p.csv", "--json", "--threads", 1, *arguments).out)
        with open(self.path("p.csv"), encoding="ascii") as file:
            rows = list(csv.DictReader(file))
        self.true = numpy.array([int(row["true"]) for row in rows])
        return told, numpy.array([[float(row[f"p{digit}"]) for digit in range(10)] for row in rows])

    def alone(self, *names):
        return [self.evaluate("--model", self.model(name))[1] for name in names]


class Ensembles(EnsembleCase):
    def test_averages_probabilities_or_logits(self):
        answers = self.alone("a", "b", "c")
        models = [self.model(name) for name in "abc"]
        for average, expected in (("probabilities", sum(answers) / 3), ("logits", mean_of_logits(*answers))):
            told, together = self.evaluate("--model", *models, "--average", average)
            numpy.testing.assert_allclose(together, expected, rtol=2e-5, atol=1e-8)
            self.assertEqual(told["accuracy"], numpy.mean(expected.argmax(axis=1) == self.true))
            self.assertAlmostEqual(told["loss"], -numpy.log(expected[range(len(self.true)), self.true]).mean(), 5)
            self.assertEqual((told["model"], told["split"], told["average"]), ("ensemble of 3 models", "test", average))
            self.assertEqual([(one["model"], one["file"]) for one in told["models"]],
                             [(name, self.model(name)) for name in "abc"])
            a, b, c = (one["fingerprint"] for one in told["models"])  # Of grey, coloured and grey images.
            self.assertEqual((a, told["fingerprint"]), (c, None))
            self.assertNotEqual(a, b)
        again, repeated = self.evaluate(*(part for model in models for part in ("--model", model)), "--average", "logits")
        numpy.testing.assert_array_equal(repeated, together)
        self.assertEqual(again["models"], told["models"])

    def test_several_processes_tell_the_same(self):
        arguments = ("--model", self.model("a"), self.model("b"), "--views", 3, "--views-below", 0.9)
        told, alone = self.evaluate(*arguments)
        shared, answers = self.evaluate(*arguments, "--nproc", 2)
        numpy.testing.assert_array_equal(answers, alone)
        for document in (told, shared):
            del document["images_per_second"]
        self.assertEqual(shared, told)

    def test_predict_tells_the_same(self):
        _, expected = self.evaluate("--model", self.model("a"), self.model("b"), "--views", 9)
        content = harness.read_bytes(self.data)
        begin, _ = harness.tensor_place(self.data, "images")
        with open(self.path("p.csv"), encoding="ascii") as file:
            rows = [int(row["row"]) for row in csv.DictReader(file)][:3]
        for row in rows:
            with open(self.path(f"{row}.ppm"), "wb") as file:
                file.write(b"P6\n32 32\n255\n" + content[begin + 3072 * row:begin + 3072 * (row + 1)])
        result = self.succeed("predict", "--model", self.model("a"), "--model", self.model("b"), "--tta", "--json",
                              "--threads", 1, *(f"{row}.ppm" for row in rows))
        for entry, probabilities in zip(json.loads(result.out), expected, strict=False):
            for digit in range(10):
                self.assertAlmostEqual(entry["probabilities"][str(digit)], probabilities[digit], 7)
            self.assertEqual((entry["digit"], entry["views"]), (probabilities.argmax(), 9))

    def test_nothing_is_kept_with_the_runs(self):
        before = harness.state_of(self.path("models"))
        self.succeed("evaluate", "--model", self.model("a"), self.model("b"))
        self.succeed("evaluate", "--model", self.model("a"), "--views", 3)
        self.succeed("interpret", "--model", self.model("a"), self.model("b"), "--output", "seen")
        self.assertEqual(harness.state_of(self.path("models")), before)

    def test_text_names_the_models(self):
        out = self.succeed("evaluate", "--model", self.model("a"), self.model("b")).out
        self.assertTrue(out.startswith("ensemble of 2 models on the test split (synthetic digits): 120 images\n"), out)
        self.assertIn("  models     probabilities averaged of\n             models/a.safetensors\n"
                      "             models/b.safetensors\n", out)

    def test_interpret_shows_the_answers_of_all(self):
        told, _ = self.evaluate("--model", self.model("a"), self.model("b"))
        seen = json.loads(self.succeed("interpret", "--model", self.model("a"), self.model("b"), "--output", "seen",
                                       "--json", "--threads", 1).out)
        self.assertEqual((seen["model"], seen["accuracy"], seen["what"]),
                         ("ensemble of 2 models", told["accuracy"], ["confusion", "misclassified"]))
        self.assertEqual(seen["models"], [{"model": name, "file": self.model(name)} for name in "ab"])
        self.assertEqual(harness.read_json(self.path("seen", "confusion.json"))["confusion_matrix"], told["confusion_matrix"])
        self.assertEqual(harness.read_json(self.path("seen", "misclassified.json"))["model"], "ensemble of 2 models")
        self.assertEqual(harness.read_json(self.path("seen", "about.json"))["model"]["name"], "ensemble of 2 models")

    def test_interpret_refuses_what_is_of_one_network(self):
        for part in ("activations", "embeddings", "tsne", "saliency"):
            result = self.run_svhn("interpret", "--model", self.model("a"), self.model("b"), "--what", f"confusion,{part}")
            self.assert_error(result, 2, f"--what {part} looks into one network, but 2 models are given",
                              "several models have confusion and misclassified; name one --model for the others")

    def test_the_same_model_twice_is_refused(self):
        hint = "an ensemble gains from models that differ, as of other seeds: name each once"
        shutil.copy(self.path(self.model("a")), self.path("copy.safetensors"))
        for command in (("evaluate",), ("interpret",), ("predict", "x.png")):
            result = self.run_svhn(*command, "--model", self.model("a"), "--model", self.model("a"))
            self.assert_error(result, 2, "'models/a.safetensors' is given twice", hint)
        result = self.run_svhn("evaluate", "--model", self.model("a"), "copy.safetensors")
        self.assert_error(result, 2, "'copy.safetensors' is the same model as 'models/a.safetensors'", hint)

    def test_models_of_other_data_are_refused(self):
        self.succeed("preprocess", "--synthetic", 600, "--split-seed", 2, "--output", "other.safetensors")
        self.assertEqual(self.train(harness.config(name="d"), "--data", "other.safetensors").code, 0)
        for command in ("evaluate", "interpret"):
            result = self.run_svhn(command, "--model", self.model("a"), self.model("d"))
            self.assert_error(result, 4, "'models/d.safetensors' has not learnt from the same split of the same data as "
                              "'models/a.safetensors', so that one may know images the other is tested with",
                              "name models that were trained on one prepared file")


class Views(EnsembleCase):
    def views_of(self, name, count):
        """The mean by its definition, from evaluations of files that hold shifted images."""
        begin, size = harness.tensor_place(self.data, "images")
        images = numpy.frombuffer(harness.read_bytes(self.data)[begin:begin + size], numpy.uint8).reshape(-1, 32, 32, 3)
        plain = self.evaluate("--model", self.model(name))[1]
        others = []
        for right, down in SHIFTS[count]:
            moved = shifted(images, right, down).tobytes()

            def change(header, data, moved=moved):
                first, last = header["images"]["data_offsets"]
                pieces = (moved[place:place + PIECE] for place in range(0, len(moved), PIECE))
                header["__metadata__"]["svhn.checksum.images"] = "".join(map(harness.checksum, pieces))
                return data[:first] + moved + data[last:]
            harness.rewrite_prepared(self.data, self.path("moved.safetensors"), change)
            others.append(self.evaluate("--model", self.model(name), "--data", "moved.safetensors")[1])
        return plain, others

    def test_is_the_weighted_mean_over_shifted_images(self):
        for count in (3, 5):
            plain, others = self.views_of("b", count)
            expected = plain / 2 + sum(others) / len(others) / 2
            told, seen = self.evaluate("--model", self.model("b"), "--views", count)
            numpy.testing.assert_allclose(seen, expected, rtol=2e-5, atol=1e-8)
            self.assertGreater(abs(expected - plain).max(), 1e-3)
            self.assertEqual((told["model"], told["views"], told["viewed"]), ("b", count, 1.0))
            self.assertNotIn("models", told)

    def test_all_shifts_by_two_pixels_and_the_mean_of_logits(self):
        plain, others = self.views_of("b", 25)
        logits = numpy.log(plain) / 2 + sum(numpy.log(one) for one in others) / 48
        expected = numpy.exp(logits) / numpy.exp(logits).sum(axis=1, keepdims=True)
        _, seen = self.evaluate("--model", self.model("b"), "--views", 25, "--average", "logits")
        numpy.testing.assert_allclose(seen, expected, rtol=3e-5, atol=1e-8)

    def test_shows_only_uncertain_images_again(self):
        plain, others = self.views_of("b", 3)
        below = numpy.quantile(plain.max(axis=1), 0.4)
        uncertain = plain.max(axis=1) < below
        expected = numpy.where(uncertain[:, None], plain / 2 + sum(others) / 4, plain)
        told, seen = self.evaluate("--model", self.model("b"), "--views", 3, "--views-below", below)
        numpy.testing.assert_allclose(seen, expected, rtol=2e-5, atol=1e-8)
        self.assertAlmostEqual(told["viewed"], uncertain.mean(), 12)
        text = self.succeed("evaluate", "--model", self.model("b"), "--views", 3, "--views-below", 0).out
        self.assertIn("  views      3 of 0.0 % of the images, those below 0\n", text)

    def test_refuses_what_makes_no_sense(self):
        for arguments in (("--views", 4), ("--views-below", 0.5), ("--views", 9, "--views-below", 2),
                          ("--average", "votes")):
            result = self.run_svhn("evaluate", "--model", self.model("b"), *arguments)
            self.assertEqual((result.code, result.out), (2, ""), result)


if __name__ == "__main__":
    harness.main()
