"""`svhn convert`: Keras' models and weights, PyTorch's checkpoints, pickled curves, refused files."""

import csv
import json
import os
import pickle
import struct
import sys
import unittest
import zipfile

import harness
from harness import read_bytes, read_json, tree

sys.path.insert(0, os.path.join(harness.SOURCE, "tests", "parity"))
try:
    import numpy as np
    import tiny_safetensors
except ImportError:
    np = None
try:
    import h5py
except ImportError:
    h5py = None
try:
    import torch
except ImportError:
    torch = None

import keras_files
from keras_files import input_layer, layer, sequential

HDF5_HINT = "the file is damaged or incomplete; save or fetch it again"
LAYERS_HINT = "rebuild the model from layers that 'svhn config schema' lists"
GREYSCALE = ["greyscale", "minmax_per_split"]


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def enlarged(images):
    """[N,32,32,3] to twice the size, linear between the centres of the pixels."""
    for axis in (1, 2):
        ends = np.take(images, [0], axis), np.take(images, [-1], axis)
        padded = np.concatenate((ends[0], images, ends[1]), axis)
        size = images.shape[axis]
        before, here, after = (np.take(padded, range(i, i + size), axis) for i in range(3))
        both = np.stack((0.25 * before + 0.75 * here, 0.75 * here + 0.25 * after), axis + 1)
        images = both.reshape([2 * n if i == axis else n for i, n in enumerate(images.shape)])
    return images


def reduced(images):
    """[N,32,32,3] to half the size, means over four pixels."""
    return images.reshape(len(images), 16, 2, 16, 2, 3).mean(axis=(2, 4))


class Convert(harness.ProgramTest):
    def convert(self, source, target="out.safetensors", **how):
        return self.run_svhn("convert", "--input", source, "--output", target, **how)

    def converted(self, source, target="out.safetensors"):
        """Returns what was said, and the arrays and metadata of the result."""
        result = self.convert(source, target)
        self.assertEqual((result.code, result.err), (0, ""), result)
        self.assert_no_leftovers()
        return result.out, *tiny_safetensors.load(self.path(target))

    def refused(self, source, message, hint, code=5, target="out.safetensors"):
        self.assert_error(self.convert(source, target), code, message, hint)
        self.assertFalse(os.path.exists(self.path(target)))
        self.assert_no_leftovers()


@unittest.skipIf(np is None or h5py is None, "needs numpy and h5py (Debian: python3-h5py)")
class KerasModels(Convert):
    def write(self, model, weights, name="model_2_2.h5", **how):
        keras_files.write(self.path(name), model, weights, **how)
        return name

    def greyscale_rows(self):
        """The test split as the assignment prepares it: greyscale, then the split's own range."""
        arrays, _ = tiny_safetensors.load(self.path("data.safetensors"))
        rows = arrays["test"]
        grey = arrays["images"][rows].astype(np.float64) / 255 @ [0.2990, 0.5870, 0.1140]
        return rows, ((grey - grey.min()) / np.ptp(grey)).reshape(len(rows), 1024)

    def test_a_model_gives_keras_own_predictions(self):
        layers, weights = keras_files.small_model(np.random.default_rng(1))
        rows, images = self.greyscale_rows()
        expected = keras_files.small_forward(weights, images)
        for make in (sequential, keras_files.functional):
            with self.subTest(make.__name__):
                said, _, _ = self.converted(self.write(make(*layers), weights))
                self.assertEqual(said.splitlines()[0], "out.safetensors: Keras model, 8 layers, 8,346 parameters")
                self.assertIn("[1024] in Keras, [1,32,32] here (channels first)", said)
                self.assertIn("assumed: greyscale, minmax_per_split; a Keras file does not say", said)
                self.succeed("evaluate", "--model", "out.safetensors", "--data", "data.safetensors", "--predictions",
                             "predictions.csv")
                with open(self.path("predictions.csv"), encoding="utf-8") as file:
                    table = list(csv.DictReader(file))
                self.assertEqual([int(line["row"]) for line in table], list(rows))
                # Class index i is digit (i + 1) % 10.
                ours = np.array([[float(line[f"p{(i + 1) % 10}"]) for i in range(10)] for line in table])
                self.assertLess(np.abs(ours - expected).max(), 1e-5)
                self.assertGreater(expected.std(axis=0).max(), 0.005)

    def test_the_model_file_says_what_it_is(self):
        layers, weights = keras_files.small_model(np.random.default_rng(1))
        _, arrays, metadata = self.converted(self.write(sequential(*layers), weights))
        self.assertEqual(metadata["name"], "model_2_2")
        self.assertEqual(json.loads(metadata["preprocessing"])["steps"], GREYSCALE)
        self.assertEqual(metadata["synthetic"], "false")
        kernel = dict(weights["conv2d"])["conv2d/kernel:0"]
        np.testing.assert_array_equal(arrays["conv2d.weight"], kernel.transpose(3, 2, 0, 1))
        dense = dict(weights["dense"])["dense/kernel:0"].reshape(16, 16, 4, 8)
        np.testing.assert_array_equal(arrays["dense.weight"], dense.transpose(3, 2, 0, 1).reshape(8, 1024))
        np.testing.assert_array_equal(arrays["bn.running_var"], dict(weights["bn"])["bn/moving_variance:0"])
        document = json.loads(self.succeed("info", "out.safetensors", "--json").out)
        self.assertEqual((document["kind"], document["input"]), ("model", [1, 32, 32]))
        self.assertEqual([item["name"] for item in document["layers"]], list(weights))

    def test_the_same_file_gives_the_same_bytes(self):
        layers, weights = keras_files.small_model(np.random.default_rng(1))
        source = self.write(sequential(*layers), weights)
        self.converted(source, "a.safetensors")
        self.write(sequential(*layers), weights, fixed_texts=True)  # As older versions of h5py wrote texts.
        self.converted(source, "b.safetensors")
        self.assertEqual(read_bytes(self.path("a.safetensors")), read_bytes(self.path("b.safetensors")))

    def test_flat_colour_images(self):
        draw = np.random.default_rng(2)
        kernel = draw.normal(0, 1, (3072, 10)).astype(np.float32)
        model = sequential(input_layer(3072), layer("Dense", "dense", units=10, activation="softmax", use_bias=False))
        said, arrays, metadata = self.converted(self.write(model, {"dense": [("dense/kernel:0", kernel)]}))
        self.assertIn("[3072] in Keras, [3,32,32] here", said)
        self.assertIn("assumed: none (pixels / 255)", said)
        self.assertEqual(json.loads(metadata["preprocessing"])["steps"], [])
        expected = kernel.reshape(32, 32, 3, 10).transpose(3, 2, 0, 1).reshape(10, 3072)
        np.testing.assert_array_equal(arrays["dense.weight"], expected)

    def test_what_is_not_read_is_refused_by_name(self):
        cases = [
            ([input_layer(32, 32, 1), layer("LSTM", "lstm_1", units=3)],
             "layer 'lstm_1' (LSTM): layers of this class are not read"),
            ([input_layer(3072), layer("Reshape", "r", target_shape=[3, 32, 32])],
             "layer 'r' (Reshape): reshaping [3072] to [3,32,32] would need the numbers in another order"),
        ]
        for layers, message in cases:
            with self.subTest(message):
                self.write(sequential(*layers), {"x": []}, "bad.h5")
                self.refused("bad.h5", f"'bad.h5': {message}", LAYERS_HINT)

    def test_weights_that_do_not_fit_are_refused(self):
        layers, weights = keras_files.small_model(np.random.default_rng(1))
        missing = dict(weights, dense=weights["dense"][:1])
        self.write(sequential(*layers), missing, "bad.h5")
        self.refused("bad.h5", "'bad.h5': layer 'dense' (Dense): the file has no bias for it", LAYERS_HINT)
        more = dict(weights, extra=[("extra/kernel:0", np.zeros((2, 2), np.float32))])
        self.write(sequential(*layers), more, "bad.h5")
        self.refused("bad.h5", "'bad.h5': the array 'extra/kernel:0' of layer 'extra' belongs to no layer of the model",
                     "the file is not what it says it is")

    def test_broken_connections_are_refused(self):
        layers, weights = keras_files.small_model(np.random.default_rng(1))
        model = keras_files.functional(*layers)
        for nodes, message in (([[["conv2d", 0, 0, {}], ["reshape", 0, 0, {}]]], "it is called with 2 inputs"),
                               ([[["none", 0, 0, {}]]], "it reads 'none', which is no layer of the model")):
            model["config"]["layers"][3]["inbound_nodes"] = nodes
            self.write(model, weights, "bad.h5")
            self.refused("bad.h5", f"'bad.h5': layer 'bn' (BatchNormalization): {message}", LAYERS_HINT)

    def dense_of(self, *shape):
        """A model that is one dense layer on an image or its numbers: its file and its kernel."""
        kernel = np.random.default_rng(4).normal(0, 0.1, (int(np.prod(shape)), 10)).astype(np.float32)
        flatten = [layer("Flatten", "flat")] if len(shape) > 1 else []
        model = sequential(input_layer(*shape), *flatten,
                           layer("Dense", "out", units=10, activation="softmax", use_bias=False))
        return self.write(model, {"out": [("out/kernel:0", kernel)]}, "dense.h5"), kernel

    def write_ppm(self, name, image):
        with open(self.path(name), "wb") as file:
            file.write(b"P6\n%d %d\n255\n" % (image.shape[1], image.shape[0]) + image.tobytes())

    def probabilities(self, *pictures):
        answers = json.loads(self.succeed("predict", "--model", "out.safetensors", *pictures, "--json").out)
        # Class index i is digit (i + 1) % 10.
        return np.array([[answer["probabilities"][str((i + 1) % 10)] for i in range(10)] for answer in answers])

    def test_models_take_pictures_of_their_own_size(self):
        """Pictures of the model's size are not resized, so that numpy computes the same."""
        draw = np.random.default_rng(3)
        for shape, height, width in (((28, 28, 1), 28, 28), ((784,), 28, 28), ((64, 64, 3), 64, 64), ((16, 64, 3), 16, 64),
                                     ((40, 24), 40, 24)):
            with self.subTest(shape):
                source, kernel = self.dense_of(*shape)
                said, _, _ = self.converted(source)
                channels = 3 if shape[-1] == 3 else 1
                self.assertIn(f"[{channels},{height},{width}] here (channels first); images are resized to it\n", said)
                images = draw.integers(0, 256, (3, height, width, 3), np.uint8)
                for i, image in enumerate(images):
                    self.write_ppm(f"{i}.ppm", image)
                pixels = images / 255 if channels == 3 else images / 255 @ [0.2990, 0.5870, 0.1140]
                expected = softmax(pixels.reshape(3, -1) @ kernel)
                self.assertLess(np.abs(self.probabilities("0.ppm", "1.ppm", "2.ppm") - expected).max(), 1e-5)
                self.assertGreater(expected.std(axis=0).max(), 0.005)

    def test_prepared_data_are_resized_as_pictures_are(self):
        arrays, _ = tiny_safetensors.load(self.path("data.safetensors"))
        rows = arrays["test"]
        for side, resize in ((64, enlarged), (16, reduced)):
            with self.subTest(side=side):
                source, kernel = self.dense_of(side, side, 3)
                self.converted(source)
                result = self.succeed("evaluate", "--model", "out.safetensors", "--data", "data.safetensors",
                                      "--predictions", "p.csv")
                self.assertIn(f" images, resized from 32x32 to {side}x{side} pixels, which the model takes\n", result.out)
                with open(self.path("p.csv"), encoding="utf-8") as file:
                    lines = list(csv.DictReader(file))
                ours = np.array([[float(line[f"p{(i + 1) % 10}"]) for i in range(10)] for line in lines])
                images = np.floor(resize(arrays["images"][rows].astype(float)) + 0.5)
                expected = softmax(images.reshape(len(rows), -1) / 255 @ kernel)
                self.assertLess(np.abs(ours - expected).max(), 1e-4)
                for i in range(3):
                    self.write_ppm(f"{i}.ppm", arrays["images"][rows[i]])
                found = self.probabilities("0.ppm", "1.ppm", "2.ppm")
                self.assertEqual([[f"{p:.9g}" for p in row] for row in found],
                                 [[line[f"p{(i + 1) % 10}"] for i in range(10)] for line in lines[:3]])

    def test_what_interpret_shows_has_the_models_size(self):
        source, _ = self.dense_of(40, 40, 3)
        self.converted(source)
        result = self.succeed("interpret", "--model", "out.safetensors", "--data", "data.safetensors", "--output", "i",
                              "--what", "confusion,misclassified,activations,saliency,embeddings", "--json")
        self.assertEqual(json.loads(result.out)["resized_to"], [40, 40])
        arrays, _ = tiny_safetensors.load(self.path("i/saliency.safetensors"))
        self.assertEqual({array.shape[-2:] for array in arrays.values()}, {(40, 40)})

    def test_inputs_that_no_digit_has_are_refused(self):
        for shape, what, hint in (
                ((32, 32, 2), "has 2 channels; digits have 1 or 3", "convert a model of greyscale or RGB images"),
                ((3, 32, 32), "has 32 channels; digits have 1 or 3",
                 "build it with the channels last, [height,width,channels]"),
                ((1, 4000, 1), "is too large for a digit", "convert a model of images of up to 2048x2048 pixels")):
            with self.subTest(shape):
                source, _ = self.dense_of(*shape)
                text = ",".join(map(str, shape))
                self.refused(source, f"'dense.h5': its input [{text}] {what}", hint)
        source, _ = self.dense_of(1000)
        self.refused(source, "'dense.h5': layer 'out' (Dense): the model's input [1000] is no image",
                     "digits enter as [height,width,1 or 3], or as a square image's numbers, such as 1024 or 3072")

    def test_model_files_that_cannot_be_served_are_refused_before_anything_is_read(self):
        """Files whose input does not fit their preprocessing, as another program may write them."""
        for shape, steps, message, hint in (
                ((2, 32, 32), [], "its network takes 2 channels, but its preprocessing gives 3",
                 "networks of greyscale or RGB images are served; convert or train the model again"),
                ((3, 32, 32), ["greyscale"], "its network takes 3 channels, but its preprocessing gives 1",
                 "networks of greyscale or RGB images are served; convert or train the model again"),
                ((3, 4096, 1), [], "its network takes images of 4096x1 pixels", "up to 2048x2048 pixels are served")):
            source, _ = self.dense_of(32, 32, 3)
            _, arrays, metadata = self.converted(source)
            preprocessing = dict(json.loads(metadata["preprocessing"]), steps=steps)
            metadata.update(input=json.dumps(shape), preprocessing=json.dumps(preprocessing))
            arrays["out.weight"] = np.zeros((10, int(np.prod(shape))), np.float32)
            metadata = {key: text for key, text in metadata.items() if not key.startswith("svhn.checksum")}
            tiny_safetensors.save(self.path("odd.safetensors"), arrays, metadata)
            for command in (["predict", "none.png"], ["evaluate", "--data", "none"],
                            ["interpret", "--data", "none", "--output", "i"]):
                with self.subTest(message, command=command):
                    result = self.run_svhn(command[0], "--model", "odd.safetensors", *command[1:])
                    self.assert_error(result, 5, f"'odd.safetensors': {message}", hint)
                    self.assertFalse(os.path.exists(self.path("i")))

    def tell_apart(self, shift):
        """A model that knows the rows of the test split by heart: its output for a digit d is d + shift, modulo 10."""
        arrays, _ = tiny_safetensors.load(self.path("data.safetensors"))
        rows = arrays["test"]
        images = arrays["images"][rows].reshape(len(rows), -1).astype(np.float64) / 255
        outputs = ((arrays["labels"][rows].astype(int) + 1) % 10 + shift) % 10
        wanted = 10.0 * np.eye(10)[outputs]
        return np.linalg.lstsq(images, wanted, rcond=None)[0].astype(np.float32)

    def test_the_order_of_the_classes_can_be_told(self):
        kernel = self.tell_apart(0)  # Output d is the digit d.
        model = sequential(input_layer(3072), layer("Dense", "out", units=10, activation="softmax", use_bias=False))
        source = self.write(model, {"out": [("out/kernel:0", kernel)]})
        said, _, metadata = self.converted(source, "wrong.safetensors")
        self.assertIn("  classes        assumed: index: output 0 is the digit 1, output 9 the digit 0; a Keras file does "
                      "not say\n", said)
        self.assertEqual(metadata["imported_classes"], "index")
        wrong = json.loads(self.succeed("evaluate", "--model", "wrong.safetensors", "--data", "data.safetensors",
                                        "--json").out)
        self.assertLess(wrong["accuracy"], 0.1)
        self.assertGreater(wrong["class_rule"]["accuracy"], 0.9)
        self.assertEqual(wrong["class_rule"]["advice"], "convert the model again with --classes digit")
        text = self.succeed("evaluate", "--model", "wrong.safetensors", "--data", "data.safetensors").out
        self.assertEqual(text.splitlines()[2], "  note       the digits are numbered differently: by another rule the accuracy "
                                               "would be 1.0000; convert the model again with --classes digit")
        told = self.run_svhn("convert", "--input", source, "--output", "right.safetensors", "--classes", "digit")
        self.assertIn("  classes        digit: output i is the digit i\n", told.out)
        right = json.loads(self.succeed("evaluate", "--model", "right.safetensors", "--data", "data.safetensors",
                                        "--json").out)
        self.assertEqual(right["accuracy"], wrong["class_rule"]["accuracy"])
        self.assertNotIn("class_rule", right)

    def test_a_wrong_order_that_was_asked_for_is_told_as_well(self):
        kernel = self.tell_apart(-1)  # Output i is the digit i + 1.
        model = sequential(input_layer(3072), layer("Dense", "out", units=10, activation="softmax", use_bias=False))
        source = self.write(model, {"out": [("out/kernel:0", kernel)]})
        self.succeed("convert", "--input", source, "--output", "wrong.safetensors", "--classes", "digit")
        found = json.loads(self.succeed("evaluate", "--model", "wrong.safetensors", "--data", "data.safetensors",
                                        "--json").out)
        self.assertEqual(found["class_rule"]["advice"], "convert the model again with --classes index")

    def test_eleven_outputs_are_stanfords_labels(self):
        kernel = np.zeros((3072, 11), np.float32)
        kernel[:, 1:10] = self.tell_apart(0)[:, 1:]
        kernel[:, 10] = self.tell_apart(0)[:, 0]
        model = sequential(input_layer(3072), layer("Dense", "out", units=11, activation="softmax", use_bias=False))
        source = self.write(model, {"out": [("out/kernel:0", kernel)]})
        said, _, _ = self.converted(source)
        self.assertIn("  classes        assumed: svhn: Stanford's labels, 10 is the digit 0; a Keras file does not say\n",
                      said)
        found = json.loads(self.succeed("evaluate", "--model", "out.safetensors", "--data", "data.safetensors",
                                        "--json").out)
        self.assertGreater(found["accuracy"], 0.9)
        result = self.run_svhn("convert", "--input", source, "--output", "x.safetensors", "--classes", "digit")
        self.assert_error(result, 5, f"'{source}': its output is [11], but digits have 10 classes",
                          "--classes svhn takes outputs 1 to 10, the last for the digit 0")

    def test_sigmoids_are_read_as_one_distribution(self):
        draw = np.random.default_rng(6)
        kernel = draw.normal(0, 0.1, (3072, 10)).astype(np.float32)
        model = sequential(input_layer(3072), layer("Dense", "out", units=10, activation="sigmoid", use_bias=False))
        said, _, _ = self.converted(self.write(model, {"out": [("out/kernel:0", kernel)]}))
        self.assertIn("the model ends in sigmoid", said)
        image = draw.integers(0, 256, (32, 32, 3), np.uint8)
        self.write_ppm("0.ppm", image)
        each = 1 / (1 + np.exp(-(image.reshape(1, -1) / 255 @ kernel.astype(np.float64))))
        # Given that exactly one of the ten is there.
        only = each / (1 - each)
        self.assertLess(np.abs(self.probabilities("0.ppm") - only / only.sum()).max(), 1e-5)

    def test_damage_is_refused_and_what_was_there_stays(self):
        layers, weights = keras_files.small_model(np.random.default_rng(1))
        whole = read_bytes(self.path(self.write(sequential(*layers), weights)))
        with open(self.path("out.safetensors"), "wb") as file:
            file.write(b"before")
        with open(self.path("cut.h5"), "wb") as file:
            file.write(whole[:-100])
        message = f"'cut.h5': the file has {len(whole) - 100} of {len(whole)} bytes"
        self.assert_error(self.convert("cut.h5"), 5, message, HDF5_HINT)
        self.assertEqual(read_bytes(self.path("out.safetensors")), b"before")
        self.assert_no_leftovers()

    def test_links_out_of_the_file_are_not_followed(self):
        layers, weights = keras_files.small_model(np.random.default_rng(1))
        source = self.path(self.write(sequential(*layers), weights))
        with h5py.File(source, "a") as file:
            file["model_weights/dense/other"] = h5py.ExternalLink("/etc/passwd", "/")
        self.refused("model_2_2.h5", "'model_2_2.h5': 'model_weights/dense/other' is a link to another place, which "
                     "is not followed", "a file of weights holds its arrays itself; save it again")


KERAS = os.path.join(harness.SOURCE, "tests", "fixtures", "keras")


@unittest.skipIf(np is None, "needs numpy")
class KerasArchives(Convert):
    """Files that Keras wrote; tests/parity/keras_import_parity.py compares the outputs."""

    def damaged(self, name, change):
        """Writes tests/fixtures/keras/residual.keras with other entries."""
        with zipfile.ZipFile(os.path.join(KERAS, "residual.keras")) as archive:
            entries = {entry: archive.read(entry) for entry in archive.namelist()}
        change(entries)
        with zipfile.ZipFile(self.path(name), "w") as archive:
            for entry, content in entries.items():
                archive.writestr(entry, content)
        return name

    def test_both_formats_give_the_same_bytes(self):
        for name in ("residual", "two_towers", "nested_thrice", "normalization", "functional_in_functional_2"):
            with self.subTest(name):
                said, _, _ = self.converted(os.path.join(KERAS, name + ".keras"), "a.safetensors")
                other, _, _ = self.converted(os.path.join(KERAS, name + ".h5"), "b.safetensors")
                self.assertEqual(said.replace("a.safetensors", "b.safetensors"), other)
                self.assertEqual(read_bytes(self.path("a.safetensors")), read_bytes(self.path("b.safetensors")))

    def test_branches_keep_their_names(self):
        self.converted(os.path.join(KERAS, "residual.keras"))
        document = json.loads(self.succeed("info", "out.safetensors", "--json").out)
        layers = {item["name"]: item["type"] for item in document["layers"]}
        self.assertEqual((layers["add1"], layers["add2"], layers["conv2_s"]), ("add", "add", "conv2d"))
        self.succeed("evaluate", "--model", "out.safetensors", "--data", "data.safetensors")

    def test_what_is_left_out_is_told(self):
        said, _, _ = self.converted(os.path.join(KERAS, "augmentation.keras"))
        lines = [line for line in said.splitlines() if line.startswith("  note")]
        self.assertEqual(len(lines), 6)
        self.assertEqual(lines[0], "  note           layer 'augment/random_flip' (RandomFlip) is left out: it does nothing "
                                   "in inference")
        self.assertEqual(lines[5], "  note           layer 'rescaling' takes pixels from 0 to 255; pixels are 0 to 1 here, "
                                   "and layer 'pixels' multiplies them by 255")

    def test_refusals_name_the_layer(self):
        self.refused(os.path.join(KERAS, "shared_conv.keras"),
                     f"'{KERAS}/shared_conv.keras': layer 'twice' (Conv2D): it is called 2 times, and shared weights are "
                     "not read", "use a layer of its own for each call")
        self.refused(os.path.join(KERAS, "multiply.h5"),
                     f"'{KERAS}/multiply.h5': layer 'multiply' (Multiply): layers of this class are not read",
                     "branches are joined by Add and Concatenate")

    def test_damaged_archives_are_refused(self):
        with open(os.path.join(KERAS, "residual.keras"), "rb") as file:
            whole = file.read()
        with open(self.path("cut.keras"), "wb") as file:
            file.write(whole[:-100])
        self.assertEqual(self.convert("cut.keras").code, 5)
        for change, message, hint in (
                (lambda entries: entries.pop("model.weights.h5"), "'bad.keras': the archive has no 'model.weights.h5'",
                 "save the model in one file: model.save('NAME.keras')"),
                (lambda entries: entries.update({"model.weights.h5": b"no HDF5"}),
                 "'bad.keras/model.weights.h5': not an HDF5 file", HDF5_HINT),
                (lambda entries: entries.update({"config.json": b"[]"}),
                 "'bad.keras': its model_config describes no model",
                 "Sequential and functional models of one input and one output are read")):
            self.refused(self.damaged("bad.keras", change), message, hint)


@unittest.skipIf(np is None or h5py is None, "needs numpy and h5py (Debian: python3-h5py)")
class KerasWeights(Convert):
    def test_names_and_layouts(self):
        draw = np.random.default_rng(1)
        arrays = {"block1_conv1_W_1:0": draw.normal(size=(3, 3, 3, 8)), "block1_conv1_b_1:0": draw.normal(size=8),
                  "conv1/bn/gamma:0": draw.normal(size=4), "conv1/bn/moving_variance:0": draw.normal(size=4),
                  "sep/depthwise_kernel:0": draw.normal(size=(5, 3, 4, 2)),
                  "sep/pointwise_kernel:0": draw.normal(size=(1, 1, 8, 6)), "fc/kernel:0": draw.normal(size=(6, 7))}
        arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
        groups = {"block1_conv1": "block1", "conv1/bn": "conv1/bn", "sep": "sep", "fc": "fc", "pool": "none"}
        weights = {group: [(name, array) for name, array in arrays.items() if name.startswith(start)]
                   for group, start in groups.items()}
        keras_files.write(self.path("net_notop.h5"), None, weights)
        said, found, metadata = self.converted("net_notop.h5")
        self.assertEqual(said, "out.safetensors: weights from Keras HDF5, 7 arrays, 442 numbers; names as in Keras\n")
        self.assertEqual(metadata["origin"], "keras")
        expected = {
            "block1_conv1.weight": arrays["block1_conv1_W_1:0"].transpose(3, 2, 0, 1),
            "block1_conv1.bias": arrays["block1_conv1_b_1:0"],
            "conv1/bn.weight": arrays["conv1/bn/gamma:0"],
            "conv1/bn.running_var": arrays["conv1/bn/moving_variance:0"],
            "sep.depthwise.weight": arrays["sep/depthwise_kernel:0"].reshape(5, 3, 8).transpose(2, 0, 1)[:, None],
            "sep.pointwise.weight": arrays["sep/pointwise_kernel:0"].transpose(3, 2, 0, 1),
            "fc.weight": arrays["fc/kernel:0"].T,
        }
        self.assertEqual(set(found), set(expected))
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array, err_msg=name)
        listed = json.loads(self.succeed("info", "out.safetensors", "--json").out)
        self.assertEqual((listed["kind"], len(listed["tensors"])), ("weights", 7))

    def test_files_without_weights_are_refused(self):
        with h5py.File(self.path("other.h5"), "w") as file:
            file["numbers"] = np.zeros(3)
        self.refused("other.h5", "'other.h5': the HDF5 file holds no Keras weights (no 'layer_names')",
                     "Keras saves such files with model.save('NAME.h5') and model.save_weights('NAME.h5')")


@unittest.skipIf(np is None or torch is None, "needs numpy and torch (Debian: python3-torch)")
class TorchWeights(Convert):
    def state(self):
        torch.manual_seed(1)
        network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(),
                                      torch.nn.Linear(8, 5))
        state = network.state_dict()
        shared = torch.arange(24, dtype=torch.float32).reshape(4, 6)
        state["turned"] = shared.t()
        state["part"] = shared[1:3, 2:5]
        state["half"] = torch.tensor([1.5, -2.0], dtype=torch.float16)
        state["wide"] = torch.tensor([1.0, 1e-3], dtype=torch.float64)
        state["brain"] = torch.tensor([1.0, -0.5], dtype=torch.bfloat16)
        state["parameter"] = torch.nn.Parameter(torch.ones(2, 2))
        return state

    def test_state_dicts_in_every_container(self):
        state = self.state()
        wanted = {name: value for name, value in state.items() if "num_batches" not in name}
        for zipped, content in ((True, state), (False, {"epoch": 3, "state_dict": state})):
            with self.subTest(zipped=zipped):
                torch.save(content, self.path("net.pth"), _use_new_zipfile_serialization=zipped)
                said, found, metadata = self.converted("net.pth")
                self.assertIn("weights from PyTorch, 14 arrays, ", said)
                self.assertEqual(metadata["origin"], "torch")
                self.assertEqual(set(found), set(wanted))
                for name, value in wanted.items():
                    np.testing.assert_array_equal(found[name], value.detach().float().numpy(), err_msg=name)

    def test_checkpoints_of_training_scripts(self):
        """What people save: an optimizer, arguments and NumPy's numbers beside weights of DataParallel or torch.compile."""
        import argparse
        state = {name: value for name, value in self.state().items() if name != "parameter"}
        network = torch.nn.Linear(2, 3)
        optimizer = torch.optim.Adam(network.parameters())
        network(torch.ones(1, 2)).sum().backward()
        optimizer.step()
        wanted = {name: value for name, value in state.items() if "num_batches" not in name}
        for prefix in ("module.", "_orig_mod.", "module._orig_mod.", ""):
            checkpoint = {"epoch": 3, "arch": "small", "args": argparse.Namespace(lr=0.1, gpus=[0, 1]),
                          "best": np.float64(0.93), "curve": np.arange(3.0), "optimizer": optimizer.state_dict(),
                          "state_dict": {prefix + name: value for name, value in state.items()}}
            for content in (checkpoint, {"checkpoint": checkpoint}, {"model": checkpoint["state_dict"], "seen": {1, 2}}):
                for zipped in (True, False):
                    with self.subTest(prefix=prefix, keys=list(content), zipped=zipped):
                        torch.save(content, self.path("net.pth"), _use_new_zipfile_serialization=zipped)
                        said, found, _ = self.converted("net.pth")
                        self.assertEqual("left out of the names: module., _orig_mod." in said, prefix != "")
                        self.assertEqual(set(found), set(wanted))
                        np.testing.assert_array_equal(found["turned"], wanted["turned"].numpy())

    def test_what_holds_nothing_is_refused(self):
        for content in ({}, {"state_dict": {}}, {"epoch": 3, "args": None}):
            torch.save(content, self.path("net.pth"))
            result = self.convert("net.pth")
            self.assertEqual(result.code, 5)
            self.assertRegex(result.err, r"\Asvhn: error: 'net.pth': the checkpoint holds no weights \(byte \d+\)\nhint: save "
                                         r"the weights alone: torch.save\(model.state_dict\(\), 'weights.pth'\)\n\Z")
            self.assertFalse(os.path.exists(self.path("out.safetensors")))
        torch.save({"a": {"w": torch.ones(2)}, "b": {"w": torch.ones(2)}}, self.path("net.pth"))
        self.assertIn("the checkpoint holds several state dicts: 'a', 'b'", self.convert("net.pth").err)

    def test_nothing_is_run(self):
        class Evil:
            def __reduce__(self):
                return os.system, ("touch evil",)

        torch.save({"weight": torch.ones(2), "x": Evil()}, self.path("evil.pth"))
        result = self.convert("evil.pth")
        self.assertEqual(result.code, 5)
        self.assertRegex(result.err, r"\Asvhn: error: 'evil.pth': the pickle asks for 'posix.system' \(byte \d+\), "
                                     r"which a state dict does not need\nhint: nothing of the file was run; save the weights alone: "
                                     r"torch.save\(model.state_dict\(\), 'weights.pth'\)\n\Z")
        self.assertEqual([name for name in tree(self.dir) if "evil" in name], ["evil.pth"])

    def test_whole_modules_are_refused(self):
        torch.save(torch.nn.Linear(2, 2), self.path("module.pth"))
        result = self.convert("module.pth")
        self.assertEqual(result.code, 5)
        self.assertIn("which a state dict does not need", result.err)


class Curves(Convert):
    def dump(self, value, protocol=4):
        with open(self.path("curves.p"), "wb") as file:
            pickle.dump(value, file, protocol)

    def test_keras_curves_become_a_history(self):
        curves = {"loss": [1.5, 0.5], "acc": [0.25, 0.75], "val_loss": [1.25, 0.625], "val_acc": [0.5, 1.0]}
        for protocol in (2, 4):
            with self.subTest(protocol=protocol):
                self.dump(curves, protocol)
                result = self.convert("curves.p", "out.json")
                self.assertEqual((result.code, result.out), (0, "out.json: learning curves of 2 epochs\n"), result)
                self.assertEqual(read_json(self.path("out.json")), {
                    "loss": [1.5, 0.5], "accuracy": [0.25, 0.75], "val_loss": [1.25, 0.625], "val_accuracy": [0.5, 1.0],
                    "learning_rate": [], "seconds": [], "images_per_second": []})

    def test_accuracies_that_are_named_after_their_function(self):
        for function in ("categorical_accuracy", "sparse_categorical_accuracy"):
            self.dump({"loss": [1.5], function: [0.25], "val_loss": [1.25], "val_" + function: [0.5]})
            result = self.convert("curves.p", "out.json")
            self.assertEqual(result.out, "out.json: learning curves of 1 epochs\n", result)
            found = read_json(self.path("out.json"))
            self.assertEqual((found["accuracy"], found["val_accuracy"]), ([0.25], [0.5]))
        self.dump({"loss": [1.5], "accuracy": [0.125], "categorical_accuracy": [0.25], "val_loss": [1.25],
                   "val_accuracy": [0.5]})
        result = self.convert("curves.p", "out.json")
        self.assertEqual(result.out, "out.json: learning curves of 1 epochs; left out: categorical_accuracy\n", result)
        self.assertEqual(read_json(self.path("out.json"))["accuracy"], [0.125])

    @unittest.skipIf(np is None, "needs numpy")
    def test_numpy_numbers_and_further_curves(self):
        self.dump({"loss": [np.float32(0.5)], "accuracy": np.array([0.25]), "val_loss": [np.float64(2)],
                   "val_accuracy": [1], "lr": [np.float32(0.125)], "top_k": [0.5]})
        result = self.convert("curves.p", "out.json")
        self.assertEqual(result.out, "out.json: learning curves of 1 epochs; left out: top_k\n", result)
        found = read_json(self.path("out.json"))
        self.assertEqual((found["loss"], found["accuracy"], found["learning_rate"]), ([0.5], [0.25], [0.125]))

    def test_other_curves_keep_their_names(self):
        self.dump({"loss": [1.0], "mse": [2.0]})
        result = self.convert("curves.p", "out.json")
        self.assertEqual(result.out, "out.json: 2 curves of 1 epochs (not all of loss, accuracy, val_loss, "
                                     "val_accuracy)\n", result)
        self.assertEqual(read_json(self.path("out.json")), {"loss": [1.0], "mse": [2.0]})

    def test_what_is_no_curve_is_refused(self):
        hint = "expected the dict that fit() leaves in history.history, saved with pickle.dump"
        for value, message, code in [
                ([1.0], "the pickle is not a dict of curves", 4),
                ({"loss": [1.0], "acc": [1.0, 2.0]}, "the curves are not equally long", 4),
                ({"loss": ["a"]}, "the curve 'loss' holds text", 4),
                ({"acc": [1.0], "accuracy": [1.0]}, "the curve 'accuracy' is there twice", 4),
                ({}, "the pickle holds 0 curves", 4),
                ({"loss": [], "acc": []}, "the curves have no epochs", 4),
                ({"loss": [float("inf")]}, "the curve 'loss' holds a number that is not finite", 6)]:
            with self.subTest(message):
                self.dump(value)
                result = self.convert("curves.p", "out.json")
                self.assertEqual(result.code, code, result)
                self.assertTrue(result.err.startswith(f"svhn: error: 'curves.p': {message}"), result)
                self.assertTrue(code == 6 or result.err.endswith(f"hint: {hint}\n"), result)
                self.assertFalse(os.path.exists(self.path("out.json")))


class Kinds(Convert):
    def test_the_ending_of_the_output_must_fit(self):
        with open(self.path("curves.p"), "wb") as file:
            pickle.dump({"loss": [1.0]}, file, 4)
        self.refused("curves.p", "'out.safetensors': learning curves become a .json file",
                     "name the output with the ending .json", code=2)
        with open(self.path("net.h5"), "wb") as file:
            file.write(b"\x89HDF\r\n\x1a\n" + bytes(100))
        self.refused("net.h5", "'out.json': models and weights become a .safetensors file",
                     "name the output with the ending .safetensors", code=2, target="out.json")

    def test_unknown_and_missing_files_are_refused(self):
        with open(self.path("net.h5"), "wb") as file:
            file.write(b"hello, world")
        self.refused("net.h5", "'net.h5' is neither HDF5, a PyTorch file, ONNX, a pickle nor safetensors",
                     "convert reads Keras' .keras and .h5, PyTorch's .pth, safetensors, svhn's own ONNX files, and "
                     "pickled learning curves")
        self.refused("gone.h5", "cannot read 'gone.h5': No such file or directory", "check the path")

    def test_the_order_of_classes_is_for_models(self):
        with open(self.path("curves.p"), "wb") as file:
            pickle.dump({"loss": [1.0]}, file, 4)
        result = self.run_svhn("convert", "--input", "curves.p", "--output", "out.json", "--classes", "digit")
        self.assert_error(result, 2, "--classes is for Keras models, and 'curves.p' is none", "leave --classes out")

    def test_files_of_other_kinds_are_named(self):
        """By convert, by info and by whatever takes a model."""
        listed = ("convert reads Keras' .keras and .h5, PyTorch's .pth, safetensors, svhn's own ONNX files, and pickled "
                  "learning curves")
        again = "fetch the file again"
        with zipfile.ZipFile(self.path("images.npz"), "w") as archive:
            archive.writestr("X.npy", "x")
        os.makedirs(self.path("saved"))
        files = {
            "pointer.h5": (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 12\n",
                           "a Git LFS pointer, not the file itself", "fetch the file: git lfs pull"),
            "page.pth": (b"<!DOCTYPE html>\n<html></html>", "a web page", again),
            "images.npz": (None, "a NumPy archive (.npz)", listed),
            "v73.mat": (b"MATLAB 7.3 MAT-file, Platform: GLNXA64", "a MATLAB 7.3 file", listed),
            "saved/saved_model.pb": (b"\x08\x01\x12\x80\x01\x0a", "a TensorFlow SavedModel",
                                     "save the model in Keras: model.save('NAME.keras')"),
            "state.pkl": (b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n.",
                          "a pickle of PyTorch's tensors, which torch.save did not write",
                          "save it with torch.save(state_dict, 'weights.pth')"),
            "empty.h5": (b"", "empty", again),
        }
        for name, (content, what, hint) in files.items():
            if content is not None:
                with open(self.path(name), "wb") as file:
                    file.write(content)
            with self.subTest(name):
                self.refused(name, f"'{name}' is {what}, which convert does not read", hint)
                if name == "empty.h5":
                    continue
                for command in (["info"], ["evaluate", "--model"]):
                    result = self.run_svhn(*command, name)
                    self.assertEqual(result.code, 4 if command == ["info"] else 5)
                    self.assertTrue(result.err.startswith(f"svhn: error: '{name}': this is {what}, not a safetensors "
                                                          "file\nhint: "), result)
        self.refused("saved", "'saved' is a TensorFlow SavedModel, which convert does not read",
                     "save the model in Keras: model.save('NAME.keras')")

    def test_numbers_of_other_types_are_named(self):
        for dtype in ("F8_E4M3", "C64"):
            size = 8 if dtype == "C64" else 1
            header = json.dumps({"w": {"dtype": dtype, "shape": [1], "data_offsets": [0, size]}}).encode()
            with open(self.path("odd.safetensors"), "wb") as file:
                file.write(struct.pack("<Q", len(header)) + header + bytes(size))
            self.refused("odd.safetensors", f"'odd.safetensors': tensor 'w' holds {dtype} numbers, which are not read",
                         "save it as float32, float16 or bfloat16")

    def test_own_files_are_refused(self):
        self.refused("data.safetensors", "'data.safetensors' is a file of this program already", "use it as it is")

    def test_half_precision_safetensors_become_float32(self):
        header = json.dumps({"w": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}).encode()
        with open(self.path("half.safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header + struct.pack("<HH", 0x3C00, 0xC000))  # 1 and -2.
        result = self.convert("half.safetensors")
        self.assertEqual(result.out, "out.safetensors: weights from safetensors, 1 array, 2 numbers; names as in the "
                                     "file\n", result)
        info = json.loads(self.succeed("info", "out.safetensors", "--json").out)
        self.assertEqual(info["tensors"], [{"name": "w", "dtype": "F32", "shape": [2]}])


if __name__ == "__main__":
    harness.main()
