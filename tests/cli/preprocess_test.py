"""`svhn preprocess`: which rule labels are read by, and what the result says about it."""

import json
import os
import pickle
import unittest

import harness

try:
    import numpy as np
except ImportError:
    np = None

COUNTS = [67, 191, 148, 115, 101, 93, 78, 77, 67, 63]  # Of 1000 digits 0 to 9 of SVHN, rounded.


@unittest.skipIf(np is None, "needs numpy")
class Labels(harness.ProgramTest):
    def dump(self, value, name="digits.pkl"):
        with open(self.path(name), "wb") as file:
            pickle.dump(value, file, 4)

    def prepare(self, *more):
        if os.path.exists(self.path("out.safetensors")):
            os.remove(self.path("out.safetensors"))  # That it held other data would be told.
        result = self.run_svhn("preprocess", "--input", "digits.pkl", "--output", "out.safetensors", "--json", *more)
        self.assertEqual(result.code, 0, result)
        document = json.loads(result.out)
        return document["class_counts"], document["metadata"], result.err

    def images(self, labels, channels_first):
        """No two are equal."""
        pixels = np.zeros((len(labels), 3072), np.uint8)
        pixels[:, 0], pixels[:, 1] = np.arange(len(labels)) % 256, np.arange(len(labels)) // 256
        return pixels.reshape((-1, 3, 32, 32) if channels_first else (-1, 32, 32, 3))

    def test_torchvisions_labels_are_digits(self):
        """`data` and `labels` of torchvision.datasets.SVHN, in which 0 is the digit 0."""
        labels = np.repeat(np.arange(10), COUNTS)
        for content in ({"data": self.images(labels, True), "labels": labels}, (self.images(labels, True), labels),
                        {"data": self.images(labels, False), "labels": labels}):
            with self.subTest(type(content)):
                self.dump(content)
                counts, metadata, said = self.prepare()
                self.assertEqual((counts, said), (COUNTS[1:] + COUNTS[:1], ""))
                self.assertEqual(metadata["label_rule"], "digit")
                self.assertEqual(metadata["label_rule_from"], "assumed (as torchvision numbers digits)")

    def test_other_pickles_hold_class_indices(self):
        labels = np.repeat(np.arange(10), COUNTS[1:] + COUNTS[:1])
        self.dump((self.images(labels, False), labels))
        counts, metadata, said = self.prepare()
        self.assertEqual((counts, said), (COUNTS[1:] + COUNTS[:1], ""))
        self.assertEqual(metadata["label_rule_from"], "assumed (the file does not say)")
        self.assertEqual(self.prepare("--labels", "index")[1]["label_rule_from"], "--labels")

    def test_labels_that_look_misread_get_a_warning(self):
        labels = np.repeat(np.arange(10), COUNTS)
        self.dump((self.images(labels, False), labels))
        counts, metadata, said = self.prepare()
        self.assertEqual((counts, metadata["label_rule"]), (COUNTS, "index"))
        self.assertEqual(said, "warning: 'digits.pkl': the labels were read by the rule 'index', but the digits are as "
                               "frequent as in SVHN by the rule 'digit'; if that is right, prepare them with --labels digit\n")
        self.assertEqual(self.prepare("--labels", "digit")[2], "")

    def test_the_official_split_takes_whole_words(self):
        labels = np.tile(np.arange(10), 10)
        for name in ("latest_train.pkl", "digits-test.pkl", "latest.pkl"):
            self.dump((self.images(labels, False), labels), name)
        done = json.loads(self.succeed("preprocess", "--input", "latest_train.pkl", "digits-test.pkl", "--split", "official",
                                       "--output", "out.safetensors", "--json").out)
        self.assertEqual(done["splits"], {"train": 80, "val": 20, "test": 100})
        result = self.run_svhn("preprocess", "--input", "latest.pkl", "--split", "official", "--output", "no.safetensors")
        self.assert_error(result, 4, "the official split cannot place 'latest.pkl': its name has not exactly one of the words "
                          "train, test and extra", "rename it, such as train_latest.pkl, or use --split random")
        self.assertFalse(os.path.exists(self.path("no.safetensors")))


if __name__ == "__main__":
    harness.main()
