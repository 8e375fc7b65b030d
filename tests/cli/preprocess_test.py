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


@unittest.skipIf(np is None, "needs numpy")
class Photos(harness.ProgramTest):
    """`--group`: the digits of a photo stay in one split."""

    def setUp(self):
        super().setUp()
        draw = np.random.default_rng(1)
        for name, rows in (("train.pkl", 400), ("test.pkl", 100)):
            pixels = draw.integers(0, 256, (rows, 32, 32, 3), np.uint8)
            with open(self.path(name), "wb") as file:
                pickle.dump((pixels, np.arange(rows) % 10), file, 4)

    def table(self, lines, head="file,row,photo,position", name="photos.csv"):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write("\n".join([head, *lines]) + "\n")

    def lines(self, name, rows):
        """Three rows in a row are of one photo."""
        return [f"{name},{row},{row // 3},{row % 3}" for row in range(rows)]

    def prepare(self, *more):
        return self.run_svhn("preprocess", "--input", "train.pkl", "--output", "out.safetensors", *more)

    def tensors(self):
        with open(self.path("out.safetensors"), "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header, start = json.loads(file.read(length)), 8 + length
            found = {}
            for key in ("train", "val", "test", "groups"):
                begin, end = header[key]["data_offsets"]
                file.seek(start + begin)
                found[key] = np.frombuffer(file.read(end - begin), "<i8")
        return found

    def test_no_photo_is_divided(self):
        self.table(self.lines("train.pkl", 400) + self.lines("other.mat", 5))
        done = self.prepare("--group", "photos.csv", "--json")
        self.assertEqual((done.code, done.err), (0, ""), done)
        document = json.loads(done.out)
        self.assertEqual((document["group"], document["photos"]), ("photos.csv", 134))
        self.assertAlmostEqual(document["splits"]["test"], 80, delta=2)
        found = self.tensors()
        self.assertEqual(found["groups"].tolist(), [row // 3 for row in range(400)])
        photos = [set((found[split] // 3).tolist()) for split in ("train", "val", "test")]
        self.assertEqual(sum(map(len, photos)), 134)
        self.assertEqual(len(set.union(*photos)), 134)
        shown = self.succeed("info", "out.safetensors").out
        self.assertIn("  photos   134\n", shown)
        self.assertIn("  group: photos.csv\n", shown)
        self.assertEqual(json.loads(self.succeed("info", "out.safetensors", "--json").out), document)

    def test_the_split_is_the_seeds(self):
        self.table(self.lines("train.pkl", 400))
        rows = {}
        for seed in (1, 1, 2):
            self.succeed("preprocess", "--input", "train.pkl", "--output", f"{seed}.safetensors", "--group", "photos.csv",
                         "--split-seed", str(seed))
            with open(self.path(f"{seed}.safetensors"), "rb") as file:
                content = file.read()
            self.assertEqual(rows.setdefault(seed, content), content)
        self.assertNotEqual(rows[1], rows[2])

    def test_the_official_test_rows_stay(self):
        self.table(self.lines("train.pkl", 400) + self.lines("test.pkl", 100))
        done = json.loads(self.succeed("preprocess", "--input", "train.pkl", "test.pkl", "--split", "official", "--group",
                                       "photos.csv", "--output", "out.safetensors", "--json").out)
        self.assertEqual((done["photos"], done["splits"]["test"]), (168, 100))
        found = self.tensors()
        self.assertEqual(found["test"].tolist(), list(range(400, 500)))
        self.assertFalse(set(found["train"] // 3) & set(found["val"] // 3))

    def test_damaged_tables_are_refused_with_file_and_line(self):
        whole = self.lines("train.pkl", 400)
        cases = [
            (whole[:-1], "'photos.csv': no line tells the photo of row 399 of 'train.pkl'"),
            (self.lines("train.mat", 400), "'photos.csv': no line tells the photo of any row of 'train.pkl'"),
            (whole + ["train.pkl,400,1,1"], "'photos.csv' line 402: row is '400', not a whole number from 0 to 399"),
            (whole + ["train.pkl,7,1,1"], "'photos.csv' line 402: a second line of row 7"),
            (whole[:3] + ["train.pkl,3,x,1"], "'photos.csv' line 5: photo is 'x', not a whole number from 0 to "
                                              "9223372036854775807"),
            (whole + ["train.pkl,7\0,1,1"], "'photos.csv' line 402: a NUL byte"),
            (whole + ['"' + "x" * 100_000 + '"'], "'photos.csv' line 402: longer than 65536 bytes"),
            (whole + ['"x'], "'photos.csv' line 402: a quote is not closed"),
            (whole + ["train.pkl,7"], "'photos.csv' line 402: 2 fields, but the first line names 4"),
        ]
        for lines, message in cases:
            with self.subTest(message):
                self.table(lines)
                done = self.prepare("--group", "photos.csv")
                self.assertEqual((done.code, done.out), (4, ""), done)
                said, hint = done.err.splitlines()
                self.assertEqual(said, "svhn: error: " + message)
                self.assertTrue(hint.startswith("hint: "), done)
                self.assertFalse(os.path.exists(self.path("out.safetensors")))
        self.table(whole, head="file;row;photo")
        self.assert_error(self.prepare("--group", "photos.csv"), 4,
                          "'photos.csv' line 1: no column named 'file' in 'file;row;photo'",
                          "the first line names the columns, separated by commas")

    def test_what_contradicts_groups_is_refused(self):
        self.table(self.lines("train.pkl", 400))
        self.assertEqual(self.prepare("--group", "photos.csv", "--stratify", "label").code, 2)
        done = self.run_svhn("preprocess", "--synthetic", "200", "--group", "photos.csv", "--output", "out.safetensors")
        self.assertEqual(done.code, 2)
        self.assertEqual(self.prepare("--group", "nothing.csv").code, 4)


if __name__ == "__main__":
    harness.main()
