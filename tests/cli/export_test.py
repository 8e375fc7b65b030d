"""`svhn export`: what is in the file, that it answers as `svhn predict` does, and back again with `svhn convert`."""

import json
import os
import sys
import unittest

import harness
from predict_test import write_ppm

sys.path.insert(0, os.path.join(harness.SOURCE, "tests", "parity"))
try:
    import numpy as np
    import onnx
    import onnx_cases
    import onnx_numpy
except ImportError:
    onnx = None

OWN_ONLY = "convert reads the ONNX files that 'svhn export' writes"


def conv(**more):
    return {"type": "conv2d", "filters": 6, "kernel": 3, "padding": "same"} | more


RESIDUAL = [conv(name="stem"), {"type": "batch_norm"}, {"type": "activation", "activation": "relu", "name": "start"},
            conv(), {"type": "batch_norm", "name": "norm"},
            {"type": "add", "inputs": ["norm", "start"], "activation": "relu"}, {"type": "global_average_pool"},
            {"type": "dense", "units": 10, "activation": "softmax"}]


@unittest.skipIf(onnx is None, "needs numpy and onnx (Debian: python3-onnx)")
class Export(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        harness.write_json(os.path.join(cls.base, "run.json"), harness.config(train={"epochs": 1}))
        for arguments in (("train", "--config", "run.json", "--quiet"),
                          ("evaluate", "--model", "models/tiny", "--quiet")):
            done = harness.run(*arguments, cwd=cls.base)
            if done.code != 0:
                raise AssertionError(done)

    def setUp(self):
        super().setUp()
        os.symlink(os.path.join(self.base, "models"), self.path("models"))

    def trained(self, layers, steps):
        """A model of one epoch."""
        document = harness.config(name="net", data={"file": "data.safetensors", "preprocess": steps},
                                  model={"layers": layers}, train={"epochs": 1})
        result = self.train(document, "--output", "nets", "--overwrite", "--quiet")
        self.assertEqual(result.code, 0, result)
        return "nets/net.safetensors"

    def exported(self, model, *arguments):
        self.succeed("export", "--model", model, "--output", "m.onnx", "--quiet", *arguments)
        onnx.checker.check_model(self.path("m.onnx"), full_check=True)
        return onnx.load(self.path("m.onnx"))

    def pictures(self, height=32, width=32):
        draw, names, images = np.random.default_rng(5), [], []
        for i, level in enumerate((0, 60, 120, 180)):
            image = draw.integers(level, level + 75, [height, width, 3]).astype(np.uint8)
            names.append(f"{i}.ppm")
            write_ppm(self.path(names[-1]), image.tobytes())
            images.append(image)
        return names, np.stack(images)

    def predicted(self, model, names):
        told = json.loads(self.succeed("predict", "--json", "--model", model, *names).out)
        return np.array([[one["probabilities"][str(digit)] for digit in range(10)] for one in told])

    def assert_same_answers(self, model, *arguments):
        names, images = self.pictures()
        expected = self.predicted(model, names)
        self.assertGreater(expected.std(axis=0).max(), 1e-4, "the answers hardly depend on the picture")
        outputs = onnx_numpy.run(self.exported(model, *arguments), images)
        self.assertLess(np.abs(outputs["probabilities"] - expected).max(), 1e-5)
        self.assertEqual(outputs["digit"].tolist(), expected.argmax(axis=1).tolist())
        self.succeed("convert", "--input", "m.onnx", "--output", "back.safetensors")
        self.assertLess(np.abs(self.predicted("back.safetensors", names) - expected).max(), 1e-5)

    def test_answers_are_those_of_predict(self):
        networks = {"dense": (harness.DENSE, ["greyscale", "minmax"], ()),
                    "residual": (RESIDUAL, ["minmax_per_split"], ("--opset", 13)),
                    "colour": (harness.DENSE, ["standardize"], ()),
                    "grey": (RESIDUAL, ["greyscale", "standardize"], ())}
        for name, (layers, steps, arguments) in networks.items():
            with self.subTest(name):
                self.assert_same_answers(self.trained(layers, steps), *arguments)

    def test_a_calibrated_model_answers_as_predict_does(self):
        model = self.trained(harness.DENSE, ["greyscale", "minmax"])
        names, images = self.pictures()
        before = onnx_numpy.run(self.exported(model), images)["probabilities"]
        told = json.loads(self.succeed("calibrate", "--model", model, "--data", "data.safetensors", "--json").out)
        self.assertGreater(abs(told["temperature"] - 1), 0.05)
        self.assert_same_answers(model)
        after = onnx_numpy.run(self.exported(model), images)["probabilities"]
        powers = before ** (1 / told["temperature"])
        self.assertLess(np.abs(after - powers / powers.sum(axis=1, keepdims=True)).max(), 1e-5)
        self.assertIn(f"temperature    {told['temperature']:.4f}",
                      self.succeed("convert", "--input", "m.onnx", "--output", "back.safetensors").out)
        back = json.loads(self.succeed("info", "back.safetensors", "--json").out)
        self.assertAlmostEqual(back["temperature"], told["temperature"], delta=1e-6)

    def test_every_layer_can_be_exported(self):
        for name in ("every_op", "activations"):
            with self.subTest(name):
                self.assert_same_answers(self.trained(onnx_cases.cases()[name][0], []))

    def test_the_document_says_what_is_in_the_file(self):
        result = self.succeed("export", "--model", "models/tiny", "--output", "m.onnx", "--json")
        self.assertEqual(json.loads(result.out), {
            "output": "m.onnx", "opset": 17,
            "inputs": [{"name": "images", "dtype": "uint8", "shape": ["N", 32, 32, 3]}],
            "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["N", 10]},
                        {"name": "digit", "dtype": "int64", "shape": ["N"]}],
            "bytes": os.path.getsize(self.path("m.onnx"))})
        self.assertEqual(result.err, "")
        self.assert_no_leftovers()

    def test_the_summary_names_inputs_and_outputs(self):
        said = self.succeed("export", "--model", "models/tiny", "--output", "m.onnx").out
        self.assertRegex(said, r"\Am\.onnx: ONNX model, opset 17, [\d,]+ bytes\n"
                               r"  input   images         uint8 \[N,32,32,3\]\n"
                               r"  output  probabilities  float32 \[N,10\]\n"
                               r"  output  digit          int64 \[N\]\n\Z")

    def test_metadata_tells_of_the_model(self):
        model = self.exported("models/tiny.safetensors")
        metadata = {item.key: item.value for item in model.metadata_props}
        results, = os.listdir(self.path("models/tiny/results"))
        evaluation = harness.read_json(self.path("models/tiny/results", results, "evaluation.json"))
        summary = harness.read_json(self.path("models/tiny/summary.json"))
        self.assertEqual(set(metadata), {"labels", "svhn_model", "svhn_version", "preprocessing", "svhn_preprocessing",
                                         "svhn_synthetic", "license_note", "data_fingerprint"} |
                         ({"accuracy"} if results.startswith("last") else set()))
        self.assertEqual(metadata["labels"], "0,1,2,3,4,5,6,7,8,9")
        self.assertEqual(metadata["svhn_model"], "tiny")
        self.assertEqual(metadata["data_fingerprint"], summary["data"]["fingerprint"])
        self.assertIn("digits that svhn drew itself", metadata["license_note"])
        self.assertTrue(metadata["preprocessing"].startswith("greyscale, then scaled to 0..1"), metadata)
        best = {item.key: item.value for item in self.exported("models/tiny").metadata_props}
        self.assertEqual(best["accuracy"], f"{evaluation['accuracy']} on the test split of data.safetensors, 120 images, "
                         f"fingerprint {evaluation['fingerprint']}")

    def test_without_preprocessing_the_input_is_numbers(self):
        model = self.exported("models/tiny", "--without-preprocessing")
        given = model.graph.input[0]
        self.assertEqual((given.name, given.type.tensor_type.elem_type), ("input", onnx.TensorProto.FLOAT))
        self.assertEqual([size.dim_value for size in given.type.tensor_type.shape.dim][1:], [1, 32, 32])
        self.succeed("convert", "--input", "m.onnx", "--output", "back.safetensors")
        names, _ = self.pictures()
        self.assertLess(np.abs(self.predicted("back.safetensors", names) - self.predicted("models/tiny", names)).max(), 1e-5)

    def test_what_cannot_be_exported_is_refused(self):
        for opset in (12, 18):
            result = self.run_svhn("export", "--model", "models/tiny", "--output", "m.onnx", "--opset", opset)
            self.assertEqual(result.code, 2)
            self.assertIn("13", result.err)
            self.assertIn("17", result.err)
        layers = [{"type": "layer_norm"}] + harness.DENSE
        model = self.trained(layers, ["greyscale"])
        self.assert_error(self.run_svhn("export", "--model", model, "--output", "m.onnx", "--opset", 16), 2,
                          f"'{model}': layer 'layer_norm_1' is a layer_norm, which ONNX has from opset 17 on",
                          "choose --opset 17")
        self.assertFalse(os.path.exists(self.path("m.onnx")))

    def test_other_files_are_refused_by_their_operators(self):
        from onnx import TensorProto, helper
        given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 32, 32])
        gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        nodes = [helper.make_node("Relu", ["x"], ["z"], "first"), helper.make_node("LRN", ["z"], ["y"], "second", size=3)]
        model = helper.make_model(helper.make_graph(nodes, "other", [given], [gives]), producer_name="other",
                                  opset_imports=[helper.make_opsetid("", 15)])
        onnx.save(model, self.path("other.onnx"))
        self.assert_error(self.run_svhn("convert", "--input", "other.onnx", "--output", "o.safetensors"), 5,
                          "'other.onnx': operator 'second' (LRN) is not one that svhn writes", OWN_ONLY)
        self.assertFalse(os.path.exists(self.path("o.safetensors")))

    def test_damaged_files_are_refused_in_one_line(self):
        self.exported("models/tiny")
        whole = harness.read_bytes(self.path("m.onnx"))
        for part in (0.1, 0.5, 0.99):
            with open(self.path("cut.onnx"), "wb") as file:
                file.write(whole[:int(part * len(whole))])
            self.assert_error(self.run_svhn("convert", "--input", "cut.onnx", "--output", "o.safetensors"), 5,
                              "'cut.onnx': not a whole ONNX file", "the file is damaged; export or fetch it again")

    def test_other_commands_name_what_reads_it(self):
        self.exported("models/tiny")
        result = self.run_svhn("predict", "--model", "m.onnx", "0.ppm")
        self.assertEqual(result.code, 5)
        self.assertIn("an ONNX model", result.err)
        self.assertIn("'svhn convert --input FILE --output OUT.safetensors' reads those that 'svhn export' wrote", result.err)


if __name__ == "__main__":
    harness.main()
