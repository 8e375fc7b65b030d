"""`svhn interpret`: every output file, agreement with `evaluate`, copies in the run folder, errors, stop signals."""

import csv
import json
import os
import shutil
import signal
import struct

import harness

CNN = [
    {"type": "conv2d", "filters": 4, "kernel": 3, "activation": "selu"},
    {"type": "batch_norm"},
    {"type": "max_pool2d", "size": 4},
    {"type": "flatten"},
    {"type": "dense", "units": 10, "activation": "softmax"},
]
EVERYTHING = {
    "activations.safetensors", "activations/conv2d_1.png", "activations/max_pool2d_1.png", "confusion.json",
    "about.json", "confusion.png", "confusion.svg", "embeddings.safetensors", "evaluation.json",
    "label_errors.png", "misclassified.json", "misclassified.png", "predictions.csv", "saliency.safetensors",
    "saliency/grad_cam.png", "saliency/integrated_gradients.png", "saliency/occlusion.png", "tsne.json", "tsne.png",
    "tsne.safetensors", "tsne.svg", "worst.png",
}
CHARTS = {"confusion.png", "confusion.svg", "tsne.png", "tsne.svg"}
TIMES = {"about.json", "evaluation.json", "tsne.json"}  # They tell when something was made and how long it took.


def header(path):
    content = harness.read_bytes(path)
    return json.loads(content[8:8 + int.from_bytes(content[:8], "little")])


def numbers(path, name, code, size):
    begin, length = harness.tensor_place(path, name)
    return struct.unpack(f"<{length // size}{code}", harness.read_bytes(path)[begin:begin + length])


def expected_files():
    return EVERYTHING if shutil.which("gnuplot") else EVERYTHING - CHARTS


class Interpret(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, layers in (("cnn", CNN), ("dense", harness.DENSE)):
            config = harness.config(name=name, model={"layers": layers}, train={"epochs": 3})
            harness.write_json(os.path.join(cls.base, "run.json"), config)
            done = harness.run("train", "--config", "run.json", "--output", name, "--threads", 1, cwd=cls.base)
            if done.code != 0:
                raise AssertionError(done)

    def setUp(self):
        super().setUp()
        for name in ("cnn", "dense"):
            shutil.copytree(os.path.join(self.base, name), self.path(name))

    def interpret(self, *arguments, model="cnn/cnn.safetensors", **how):
        return self.run_svhn("interpret", "--model", model, "--threads", 1, *arguments, **how)

    def kept(self, name):
        """The folders of results in a run folder."""
        folder = self.path(name, name, "results")
        return [os.path.join(folder, one) for one in sorted(os.listdir(folder))]

    def refused(self, code, message, hint, *arguments, **how):
        self.assert_error(self.interpret(*arguments, **how), code, message, hint)

    def test_makes_every_file_and_copies_what_a_report_shows(self):
        result = self.interpret("--output", "out", "--json")
        self.assertEqual((result.code, result.err.count("svhn: error")), (0, 0), result)
        document = json.loads(result.out)
        self.assertEqual(set(harness.tree(self.path("out"))), expected_files())
        self.assertEqual(set(document["files"]), expected_files())
        copies, = self.kept("cnn")
        self.assertEqual(self.path(document["run_folder"]), copies)
        self.assertEqual(set(harness.tree(copies)), expected_files() - {"embeddings.safetensors"})
        for name in set(harness.tree(copies)) - {"about.json"}:
            self.assertEqual(harness.read_bytes(os.path.join(copies, name)), harness.read_bytes(self.path("out", name)))
        about, copied = (harness.read_json(os.path.join(folder, "about.json")) for folder in (self.path("out"), copies))
        self.assertEqual((about["model"]["which"], about["split"], about["split_images"], about["data"]["synthetic"]),
                         ("last", "test", 120, True))
        self.assertEqual(set(about["kinds"]), {"evaluation", "confusion", "misclassified", "activations", "embeddings",
                                               "tsne", "saliency"})
        self.assertEqual(about["kinds"]["misclassified"]["digit"], 3)
        self.assertEqual(about["kinds"].keys() - copied["kinds"].keys(), {"embeddings"})
        self.assert_no_leftovers()

    def test_writes_where_a_report_looks_unless_told_otherwise(self):
        result = self.interpret("--what", "confusion", "--json")
        folder, = self.kept("cnn")
        document = json.loads(result.out)
        self.assertEqual([self.path(document["output"]), self.path(document["run_folder"])], [folder, folder])
        self.assertIn("confusion.json", harness.tree(folder))
        shutil.copy(self.path("cnn", "cnn.safetensors"), self.path("copy.safetensors"))
        document = json.loads(self.succeed("interpret", "--model", "copy.safetensors", "--data", "data.safetensors", "--what",
                                           "confusion", "--json").out)
        self.assertEqual((document["output"], document["run_folder"]), ("interpretation", None))
        self.assertIn("confusion.json", harness.tree(self.path("interpretation")))

    def test_keeps_listing_earlier_parts_while_they_are_there(self):
        def made(folder, what, *more):
            self.succeed("interpret", "--model", "dense/dense.safetensors", "--output", folder, "--what", what, *more)
            return set(harness.read_json(self.path(folder, "about.json"))["kinds"])

        self.assertEqual(made("out", "saliency"), {"saliency"})
        self.assertEqual(made("out", "confusion,activations"), {"evaluation", "confusion", "activations", "saliency"})
        os.remove(self.path("out", "saliency.safetensors"))
        self.assertEqual(made("out", "misclassified"), {"evaluation", "confusion", "misclassified", "activations"})
        copies, = self.kept("dense")
        self.assertEqual(set(harness.read_json(os.path.join(copies, "about.json"))["kinds"]),
                         {"evaluation", "confusion", "misclassified", "activations", "saliency"})
        self.assertEqual(made("other", "confusion"), {"evaluation", "confusion"})
        with open(self.path("out", "about.json"), "w", encoding="ascii") as file:
            file.write('{"kinds": [')
        self.assertEqual(made("out", "misclassified"), {"evaluation", "misclassified"})
        self.assertEqual(made("out", "confusion", "--split", "val"), {"evaluation", "confusion"})

    def test_agrees_with_evaluate(self):
        self.succeed("interpret", "--model", "cnn/cnn.safetensors", "--output", "out", "--what",
                     "confusion,misclassified")
        told = json.loads(self.succeed("evaluate", "--model", "cnn/cnn.safetensors", "--predictions", "p.csv",
                                       "--json").out)
        found = harness.read_json(self.path("out", "evaluation.json"))
        del told["images_per_second"], found["images_per_second"]
        self.assertEqual(found, told)
        self.assertEqual(harness.read_bytes(self.path("out", "predictions.csv")),
                         harness.read_bytes(self.path("p.csv")))
        confusion = harness.read_json(self.path("out", "confusion.json"))
        self.assertEqual(confusion["confusion_matrix"], told["confusion_matrix"])
        self.assertEqual(confusion["digits"], [1, 2, 3, 4, 5, 6, 7, 8, 9, 0])

    def test_lists_mistakes_in_the_order_of_the_split(self):
        self.succeed("interpret", "--model", "dense/dense.safetensors", "--output", "out", "--what", "misclassified",
                     "--digit", 7)
        found = harness.read_json(self.path("out", "misclassified.json"))
        with open(self.path("out", "predictions.csv"), newline="", encoding="ascii") as file:
            rows = [dict(line, index=i) for i, line in enumerate(csv.DictReader(file))]
        wrong = [line for line in rows if line["true"] != line["predicted"]]
        sevens = [line for line in wrong if line["true"] == "7"]
        self.assertTrue(sevens, "the network is too good for this test")
        self.assertEqual([(m["row"], m["index"], m["true"], m["predicted"]) for m in found["first"]],
                         [(int(line["row"]), line["index"], 7, int(line["predicted"])) for line in sevens][:50])
        for mistake in found["first"]:
            line = rows[mistake["index"]]
            self.assertAlmostEqual(mistake["probability"], float(line["p" + line["predicted"]]), 6)
        self.assertEqual((found["mistakes"], found["mistakes_of_digit"]), (len(wrong), len(sevens)))
        losses = [mistake["loss"] for mistake in found["worst"]]
        self.assertEqual((losses, len(losses)), (sorted(losses, reverse=True), min(50, len(wrong))))

    def test_writes_arrays_that_others_can_read(self):
        self.succeed("interpret", "--model", "cnn/cnn.safetensors", "--output", "out", "--index", 5, "--what",
                     "activations,saliency,embeddings")
        activations = header(self.path("out", "activations.safetensors"))
        self.assertEqual(activations["conv2d_1"]["shape"], [4, 30, 30])
        self.assertEqual(activations["max_pool2d_1"]["shape"], [4, 7, 7])
        about = activations["__metadata__"]
        self.assertEqual((about["index"], about["model"], about["split"]), ("5", "cnn", "test"))
        path = self.path("out", "embeddings.safetensors")
        self.assertEqual(header(path)["embeddings"]["shape"], [120, 196])
        self.assertEqual(str(numbers(path, "rows", "q", 8)[5]), about["row"])
        label = numbers(path, "labels", "B", 1)[5]
        self.assertEqual(about["true"], str((label + 1) % 10))
        # Flatten is the pooled map in the order of its channels.
        embedded = numbers(path, "embeddings", "f", 4)[5 * 196:6 * 196]
        pooled = numbers(self.path("out", "activations.safetensors"), "max_pool2d_1", "f", 4)
        for one, other in zip(embedded, pooled):
            self.assertAlmostEqual(one, other, 5)
        saliency = header(self.path("out", "saliency.safetensors"))
        self.assertEqual(saliency["integrated_gradients." + about["predicted"]]["shape"], [1, 32, 32])

    def test_embeds_the_softmax_outputs(self):
        self.succeed("interpret", "--model", "cnn/cnn.safetensors", "--output", "out", "--what",
                     "embeddings,confusion", "--layer", "output")
        path = self.path("out", "embeddings.safetensors")
        first = numbers(path, "embeddings", "f", 4)[:10]
        with open(self.path("out", "predictions.csv"), newline="", encoding="ascii") as file:
            line = next(csv.DictReader(file))
        for place, probability in enumerate(first):
            self.assertAlmostEqual(probability, float(line[f"p{(place + 1) % 10}"]), 5)

    def test_places_another_split_on_a_map(self):
        self.succeed("interpret", "--model", "cnn/cnn.safetensors", "--output", "map", "--what", "tsne", "--split",
                     "train", "--layer", "output")
        folder, = self.kept("cnn")
        copied = harness.read_bytes(os.path.join(folder, "tsne.safetensors"))
        self.succeed("interpret", "--model", "cnn/cnn.safetensors", "--output", "placed", "--what", "tsne", "--onto",
                     "map/tsne.safetensors")
        found = harness.read_json(self.path("placed", "tsne.json"))
        self.assertEqual((found["n"], found["layer"], found["onto"]), (120, "output", {"n": 384, "split": "train"}))
        self.assertEqual(header(self.path("placed", "tsne.safetensors"))["map"]["shape"], [120, 2])
        # The run folder keeps the map itself, and no placed one.
        self.assertEqual(harness.read_bytes(os.path.join(folder, "tsne.safetensors")), copied)
        self.assertEqual([os.path.basename(one).rsplit("-", 1)[0] for one in self.kept("cnn")], ["last-train"])
        self.refused(2, "the output 'map/tsne.safetensors' is the same file as --onto 'map/tsne.safetensors'",
                     harness.KEPT_HINT, "--output", "map", "--what", "tsne", "--onto", "map/tsne.safetensors")
        self.refused(4, "'map/tsne.safetensors' is a map of another model, 'cnn' or other weights of it",
                     "make the map with this model first", "--output", "x", "--what", "tsne", "--onto",
                     "map/tsne.safetensors", model="dense/dense.safetensors")

    def test_is_the_same_bytes_again(self):
        for name in ("one", "two"):
            self.assertEqual(self.interpret("--output", name).code, 0)
        for name in sorted(expected_files() - TIMES):
            self.assertEqual(harness.read_bytes(self.path("one", name)), harness.read_bytes(self.path("two", name)), name)

    def test_says_what_a_network_without_convolutions_cannot_show(self):
        result = self.interpret("--output", "out", "--what", "saliency,activations", model="dense/dense.safetensors")
        self.assertIn("no Grad-CAM, since the network has no convolution", result.out)
        self.assertEqual(harness.tree(self.path("out")),
                         ["about.json", "activations.safetensors", "activations/dense_1.png",
                          "activations/dense_2.png", "saliency.safetensors", "saliency/integrated_gradients.png",
                          "saliency/occlusion.png"])

    def test_leaves_other_folders_alone_without_a_run(self):
        shutil.copy(self.path("cnn", "cnn.safetensors"), self.path("cnn", "copy.safetensors"))
        before = harness.state_of(self.path("cnn"))
        result = self.interpret("--output", "out", "--what", "confusion", "--json", model="cnn/copy.safetensors")
        self.assertEqual(json.loads(result.out)["run_folder"], None)
        self.assertEqual(harness.state_of(self.path("cnn")), before)

    def test_refuses_what_is_not_there_before_making_anything(self):
        self.refused(2, "the model has no layer 'conv2d_7'", "did you mean 'conv2d_1'?", "--output", "out", "--layer",
                     "conv2d_7")
        self.refused(2, "--index is 120, but the test split has 120 images", "the first one has the index 0",
                     "--output", "out", "--index", 120)
        self.refused(4, "cannot read 'none.safetensors': No such file or directory", "check the path", "--output", "out",
                     "--onto", "none.safetensors")
        self.refused(4, "'data.safetensors': there is no tensor 'map'", harness.DAMAGED_HINT, "--output", "out",
                     "--onto", "data.safetensors")
        self.refused(2, "--onto is for t-SNE, which --what leaves out", "add tsne to --what", "--output", "out",
                     "--what", "confusion", "--onto", "data.safetensors")
        self.assertFalse(os.path.exists(self.path("out")))

    def test_maps_a_few_images_with_less_perplexity(self):
        self.succeed("preprocess", "--synthetic", 140, "--output", "few.safetensors")
        result = self.interpret("--data", "few.safetensors", "--output", "out")
        self.assertEqual(result.code, 0, result)
        self.assertIn("28 images are few: the perplexity of the t-SNE map is 9, not 30", result.err)
        self.assertEqual(harness.read_json(self.path("out", "tsne.json"))["perplexity"], 9)

    def test_leaves_out_the_map_of_hardly_any_images(self):
        rows = ["@relation digits", *(f"@attribute p{i} numeric" for i in range(3072)), "@attribute class {1,2}", "@data"]
        rows += [",".join([str(i * 7 % 256)] * 3072 + [str(1 + i % 2)]) for i in range(15)]
        with open(self.path("few.arff"), "w", encoding="ascii") as file:
            file.write("\n".join(rows) + "\n")
        self.succeed("preprocess", "--input", "few.arff", "--output", "few.safetensors")
        result = self.interpret("--data", "few.safetensors", "--output", "out")
        self.assertEqual(result.code, 0, result)
        self.assertIn("no t-SNE map: it needs at least 4 images, and the test split has 3", result.err)
        self.assertFalse(os.path.exists(self.path("out", "tsne.json")))
        result = self.interpret("--data", "few.safetensors", "--output", "out", "--what", "tsne")
        self.assertEqual(result.code, 4, result)
        self.assertIn("t-SNE needs at least 4 points", result.err)

    def test_lists_what_was_made_before_an_error(self):
        result = self.interpret("--output", "out", "--what", "confusion,tsne", "--perplexity", 500)
        self.assertEqual((result.code, result.out), (2, ""), result)
        self.assertRegex(result.err, r"warning: made before the error, in 'out': .*confusion\.json.*\n"
                                     r"svhn: error: t-SNE: the perplexity must be ")

    def test_stops_cleanly_and_leaves_whole_files(self):
        process = harness.start("interpret", "--model", "cnn/cnn.safetensors", "--output", "out", "--split", "train",
                                "--what", "embeddings,tsne", "--tsne-method", "exact", "--threads", 1, cwd=self.dir)
        harness.wait_until(lambda: os.path.exists(self.path("out", "embeddings.safetensors"))
                           or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        result = harness.finish(process)
        self.assertEqual((result.code, result.out), (130, ""), result)
        self.assertEqual(harness.tree(self.path("out")), ["about.json", "embeddings.safetensors"])
        self.assertEqual(header(self.path("out", "embeddings.safetensors"))["embeddings"]["shape"], [384, 196])


if __name__ == "__main__":
    harness.main()
