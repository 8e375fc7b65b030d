"""Pictures as `svhn preprocess` and `svhn predict` take them: what folders are called, what cannot be read, what is
said about what is left out, and that decoders say nothing by themselves."""

import base64
import json
import os
import struct
import zlib

import harness

# A grey JPEG of 16 x 16 random pixels, encoded by libjpeg-turbo.
JPEG = base64.b64decode("""
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8yb
qmx5moq6T/wAALCAAQABABAREA/8QAFgABAQEAAAAAAAAAAAAAAAAAAQAC/8QAJBAAAgIBBAAHAQAAAAAAAAAAAQIDESEAEjFBBBMUIkJxgcH/
2gAIAQEAAD8AVhi9q+Y0bRpjaxKq3yCi7Pd/zjU3pzvdyrlVpVcDjFENx3z1nkaXt47aNWRlDIWkIXabBJ3GsGugc/esznw8O6NAoJapDRUqc2
a7ABIrOK/f/9k=
""")


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(pixel, channels=3, more=b""):
    """A PNG of 32 x 32 pixels; `pixel(x, y)` returns the bytes of one."""
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(32)) for y in range(32))
    head = struct.pack(">IIBBBBB", 32, 32, 8, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def plain(*colour):
    return png(lambda x, y: colour)


class Pictures(harness.ProgramTest):
    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)) or ".", exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(content)

    def digits(self, folder="digits", names=tuple(map(str, range(10))), count=6):
        """Folders of pictures, all different."""
        shade = zlib.crc32(folder.encode()) % 200
        for digit, name in enumerate(names):
            for i in range(count):
                self.write(f"{folder}/{name}/{i}.png", plain(shade, 20 * digit, i))

    def prepare(self, *arguments):
        return self.run_svhn("preprocess", "--output", "out.safetensors", "--json", *arguments)

    def prepared(self, *arguments):
        if os.path.exists(self.path("out.safetensors")):
            os.remove(self.path("out.safetensors"))  # That it held other data would be told.
        result = self.prepare(*arguments)
        self.assertEqual(result.code, 0, result)
        return json.loads(result.out), result.err


class Folders(Pictures):
    def test_a_clean_folder_says_nothing(self):
        self.digits()
        document, said = self.prepared("--input", "digits")
        self.assertEqual((document["images"], said), (60, ""))
        self.assertEqual(document["class_counts"], [6] * 10)
        self.assertEqual(document["metadata"]["label_rule"], "digit")

    def test_folders_one_to_ten_are_stanfords(self):
        self.digits(names=[str(digit) for digit in range(1, 11)])
        document, said = self.prepared("--input", "digits")
        self.assertEqual(document["class_counts"], [6] * 10)
        self.assertEqual(document["metadata"]["label_rule"], "svhn")
        self.assertEqual(said, "10 is read as the digit 0, as in Stanford's labels, since nothing is named 0\n")
        self.assertEqual(self.prepared("--input", "digits", "--labels", "svhn")[0]["class_counts"], [6] * 10)

    def test_ten_beside_zero_is_left_out(self):
        self.digits(names=[str(digit) for digit in range(11)])
        document, said = self.prepared("--input", "digits")
        self.assertEqual((document["images"], document["metadata"]["left_out"]), (60, "6"))
        self.assertEqual(said,
                         "left out 6 files (0.png, 1.png, 2.png, …) in '10': beside a folder 0, 10 is no digit\n")

    def test_names_of_digits_in_words_and_with_words(self):
        self.digits(names=["zero", "digit_1", "digit-2", "Class3", "04", "FIVE", "class_six", "7_seven", "Eight",
                           "num9"])
        document, said = self.prepared("--input", "digits")
        self.assertEqual((document["class_counts"], said), ([6] * 10, ""))

    def test_nothing_is_left_out_in_silence(self):
        self.digits()
        self.write("digits/5/deep/er/x.png", plain(200, 0, 0))
        self.write("digits/misc/x.png", plain(201, 0, 0))
        self.write("digits/notes.txt", b"x")
        self.write("digits/5/.DS_Store", b"x")
        self.write("digits/1/7/x.png", plain(202, 0, 0))
        document, said = self.prepared("--input", "digits")
        self.assertEqual((document["images"], document["metadata"]["left_out"]), (61, "3"))
        self.assertEqual(said.splitlines(), [
            "left out 1 file (notes.txt): in no folder that is named for a digit",
            "left out 1 file (x.png) in '1/7': in folders that are named for two digits",
            "left out 1 file (x.png) in 'misc': in no folder that is named for a digit",
            "left out 1 hidden file (5/.DS_Store)"])

    def test_folders_of_splits_become_splits(self):
        self.digits("all/train")
        self.digits("all/extra", count=2)
        self.digits("all/test", count=1)
        self.digits("all/valid", count=1)
        document, said = self.prepared("--input", "all")
        self.assertEqual((document["splits"], said), ({"train": 80, "val": 10, "test": 10}, ""))
        self.assertEqual(document["metadata"]["split"], "folders")
        document, said = self.prepared("--input", "all", "--split", "random")
        self.assertEqual(document["splits"], {"train": 64, "val": 16, "test": 20})
        self.assertEqual(said, "folders are named for splits, but --split random divides all images anew\n")
        document, said = self.prepared("--input", "all/train", "all/test")
        self.assertEqual(document["splits"], {"train": 48, "val": 12, "test": 10})
        self.assertEqual(said, "no folder is named val: 0.2 of the training images become that split\n")


class Damage(Pictures):
    def test_what_cannot_be_read_is_skipped_with_a_line(self):
        self.digits()
        os.symlink("/nowhere", self.path("digits/5/zz.png"))
        os.symlink("zz.png", self.path("digits/6/zz.png"))
        os.mkfifo(self.path("digits/7/zz.png"))
        self.write("digits/8/zz.png", b"")
        document, said = self.prepared("--input", "digits")
        self.assertEqual((document["images"], document["metadata"]["skipped"]), (60, "4"))
        self.assertEqual(said.splitlines(), [
            "skipped 5/zz.png: cannot read 'digits/5/zz.png': No such file or directory",
            "skipped 6/zz.png: cannot read 'digits/6/zz.png': Too many levels of symbolic links",
            "skipped 7/zz.png: 'digits/7/zz.png' is not a regular file",
            "skipped 8/zz.png: no picture of a known kind, or one that was cut short"])
        self.assert_error(self.prepare("--input", "digits", "--strict"), 4,
                          "'digits' holds an unreadable picture: 5/zz.png: cannot read 'digits/5/zz.png': No such file "
                          "or directory", "remove it, or leave out --strict")

    def test_skipped_files_do_not_change_the_checksum(self):
        self.digits()
        clean = self.prepared("--input", "digits")[0]["metadata"]["sha256"]
        self.write("digits/5/zz.png", b"damaged")
        self.assertEqual(self.prepared("--input", "digits")[0]["metadata"]["sha256"], clean)

    def test_files_and_folders_without_permission_are_skipped(self):
        if not harness.permissions_hold(self.dir):
            self.skipTest("file permissions do not bind this user")
        self.digits()
        os.chmod(self.path("digits/5/0.png"), 0)
        os.mkdir(self.path("digits/6/locked"), 0)
        result = self.run_svhn("preprocess", "--input", "digits", "--output", "o", before=harness.obey_permissions)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.err.splitlines(), [
            "skipped 6/locked: cannot be listed: Permission denied",
            "skipped 5/0.png: cannot read 'digits/5/0.png': Permission denied"])

    def test_decoders_say_nothing_by_themselves(self):
        self.digits()
        whole = png(lambda x, y: (x * y % 256, x, y))
        self.write("digits/0/cut.png", whole[:len(whole) // 2] + chunk(b"IEND", b""))
        self.write("digits/0/cut.jpg", JPEG[:-40] + b"\xff\xd9")
        self.write("digits/0/open.jpg", JPEG[:-40])
        self.write("digits/1/whole.jpg", JPEG)
        self.write("digits/2/profile.png", png(lambda x, y: (9, 9, 9), more=chunk(b"iCCP", b"x\0\0junk")))
        for threads in (1, 4):
            document, said = self.prepared("--input", "digits", "--threads", threads)
            self.assertEqual(document["images"], 62)
            lines = said.splitlines()
            self.assertEqual(len(lines), 4, said)
            self.assertRegex(lines[0], r"^2/profile.png: its decoder says: libpng warning: iCCP: ")
            self.assertEqual(lines[1], "skipped 0/cut.jpg: decoded in part only: Corrupt JPEG data: premature end of "
                                       "data segment")
            self.assertRegex(lines[2], r"^skipped 0/cut.png: ")
            self.assertEqual(lines[3], "skipped 0/open.jpg: no picture of a known kind, or one that was cut short")


class Inputs(Pictures):
    @staticmethod
    def arff(rows, separator=","):
        pixels = "".join(f"@attribute p{i} numeric\n" for i in range(3072))
        head = "@relation r\n" + pixels + "@attribute class numeric\n"
        lines = (separator.join([str(row)] * 3072 + [str(row % 10)]) for row in rows)
        return (head + "@data\n" + "\n".join(lines) + "\n").encode()

    def test_images_in_two_splits_are_counted(self):
        self.write("train.arff", self.arff(range(100)))
        self.write("test.arff", self.arff(range(100, 130)))
        self.assertEqual(self.prepared("--input", "train.arff", "test.arff", "--split", "official")[1], "")
        said = self.prepared("--input", "train.arff", "test.arff", "test.arff")[1].splitlines()
        self.assertEqual(said[0], "warning: 'test.arff' has the content of 'test.arff': 30 images are there twice")
        self.assertRegex(said[1], r"^warning: \d+ of the 32 images of the test split are in the training split too")
        os.rename(self.path("test.arff"), self.path("extra.arff"))
        self.write("test.arff", self.arff(range(100, 131)))  # Another file with the same rows.
        said = self.prepared("--input", "train.arff", "test.arff", "extra.arff", "--split", "official")[1]
        self.assertRegex(said, r"(?m)^warning: \d+ of the 31 images of the test split are in the training split too")

    def test_tabs_separate_values_like_commas(self):
        self.write("comma.arff", self.arff(range(100)))
        self.write("tab.arff", self.arff(range(100), "\t"))
        tensors = []
        for name in ("comma.arff", "tab.arff"):
            self.assertEqual(self.prepared("--input", name)[1], "")
            begin, end = harness.tensor_place(self.path("out.safetensors"), "images")
            tensors.append(harness.read_bytes(self.path("out.safetensors"))[begin:end])
        self.assertEqual(tensors[0], tensors[1])

    def test_a_single_digit_is_doubtful(self):
        for i in range(60):
            self.write(f"digits/4/{i}.png", plain(i, 0, 0))
        text = "the digit 4: no model can learn to tell digits apart\n"
        self.assertEqual(self.prepared("--input", "digits")[1], "warning: every image shows " + text)
        result = self.train(harness.config(), "--data", "out.safetensors")
        self.assertEqual(result.code, 0, result)
        self.assertIn("warning: all training images show " + text, result.err)
        self.assertNotIn("show the digit", self.train(harness.config(name="other")).err)


class Predictions(Pictures):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        harness.write_json(os.path.join(cls.base, "run.json"), harness.config(train={"epochs": 1}))
        done = harness.run("train", "--config", "run.json", "--threads", 1, cwd=cls.base)
        if done.code != 0:
            raise AssertionError(done)
        cls.model = os.path.join(cls.base, "models", "tiny.safetensors")

    def predict(self, *arguments):
        return self.run_svhn("predict", "--model", self.model, "--json", *arguments)

    def test_linked_folders_are_walked_once(self):
        self.write("real/a.png", plain(1, 2, 3))
        self.write("p/b.png", plain(1, 2, 3))
        self.write("p/own/c.png", plain(1, 2, 3))
        os.symlink("../real", self.path("p/linked"))
        os.symlink("../../p", self.path("p/own/up"))
        os.symlink("own", self.path("p/again"))
        result = self.predict("p")
        self.assertEqual([entry["file"] for entry in json.loads(result.out)],
                         ["p/b.png", "p/linked/a.png", "p/own/c.png"])
        self.assertEqual((result.code, result.err),
                         (0, "'p': left out 2 folders (again, own/up), read already under another path\n"), result)

    def test_hidden_files_are_counted(self):
        self.write("p/b.png", plain(1, 2, 3))
        self.write("p/.c.png", plain(1, 2, 3))
        self.assertEqual(self.predict("p").err, "'p': left out 1 hidden file (.c.png)\n")

    def test_a_transparent_ground_is_white_or_black_as_the_digit_asks(self):
        def digit(x, y):
            return 12 <= x < 20 and 4 <= y < 28

        for name, colour, ground in (("dark", 0, "white"), ("bright", 255, "black")):
            self.write(name + ".png", png(lambda x, y: (colour,) * 3 + (255 * digit(x, y),), 4))
            self.write(name + "_laid.png", png(lambda x, y: (colour if digit(x, y) else 255 - colour,) * 3))
            result = self.predict(name + ".png", name + "_laid.png")
            transparent, laid = json.loads(result.out)
            self.assertEqual(transparent["probabilities"], laid["probabilities"])
            note = f"transparent parts are laid on {ground}"
            self.assertEqual((transparent["note"], "note" in laid), (note, False))
            self.assertEqual((result.code, result.err), (0, f"'{name}.png': {note}\n"))

    def test_damaged_pictures_are_named_in_the_decoders_place(self):
        self.write("cut.jpg", JPEG[:-40] + b"\xff\xd9")
        self.write("whole.jpg", JPEG)
        result = self.predict("cut.jpg", "whole.jpg")
        self.assertEqual((result.code, result.err), (4, "svhn: error: 'cut.jpg': decoded in part only: "
                                                        "Corrupt JPEG data: premature end of data segment\n"))
        self.assertEqual(["error" in entry for entry in json.loads(result.out)], [True, False])


if __name__ == "__main__":
    harness.main()
