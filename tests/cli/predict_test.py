"""`svhn predict`: pictures of any size and format, folders, unreadable files, text and JSON output."""

import csv
import json
import os
import subprocess

import harness

DIGITS = [str(digit) for digit in range(10)]


def write_ppm(path, pixels, side=32, scale=1):
    """Writes RGB bytes of a square picture, each pixel `scale` times as large each way."""
    rows = [pixels[3 * side * y:3 * side * (y + 1)] for y in range(side)]
    large = b"".join(b"".join(row[3 * x:3 * x + 3] * scale for x in range(side)) * scale for row in rows)
    with open(path, "wb") as file:
        file.write(b"P6\n%d %d\n255\n" % (side * scale, side * scale) + large)


class PredictCase(harness.ProgramTest):
    """A trained model, and what `evaluate` tells of some pictures."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        harness.write_json(os.path.join(cls.base, "run.json"), harness.config(train={"epochs": 3}))
        done = harness.run("train", "--config", "run.json", "--threads", 1, cwd=cls.base)
        told = harness.run("evaluate", "--model", "models/tiny.safetensors", "--predictions", "p.csv", cwd=cls.base)
        if done.code != 0 or told.code != 0:
            raise AssertionError((done, told))
        cls.model = os.path.join(cls.base, "models", "tiny.safetensors")
        with open(os.path.join(cls.base, "p.csv"), newline="", encoding="ascii") as file:
            cls.known = list(csv.DictReader(file))[:6]

    def pixels(self, row, data=None):
        begin, _ = harness.tensor_place(data or self.data, "images")
        return harness.read_bytes(data or self.data)[begin + 3072 * int(row):begin + 3072 * (int(row) + 1)]

    def pictures(self, scale=1):
        names = []
        for i, line in enumerate(self.known):
            names.append(f"{i}.ppm")
            write_ppm(self.path(names[-1]), self.pixels(line["row"]), scale=scale)
        return names

    def predict(self, *arguments, **how):
        return self.run_svhn("predict", "--model", self.model, *arguments, **how)

    def assert_known(self, entries, places):
        for entry, line in zip(entries, self.known):
            self.assertEqual(entry["digit"], int(line["predicted"]))
            self.assertEqual(sorted(entry["probabilities"]), DIGITS)
            self.assertAlmostEqual(entry["probability"], max(entry["probabilities"].values()), 12)
            self.assertAlmostEqual(sum(entry["probabilities"].values()), 1.0, 9)
            for digit in DIGITS:
                self.assertAlmostEqual(entry["probabilities"][digit], float(line["p" + digit]), places)


class Predict(PredictCase):
    def test_tells_what_evaluate_tells_of_the_same_pictures(self):
        names = self.pictures()
        result = self.predict(*names, "--json")
        self.assertEqual((result.code, result.err), (0, ""), result)
        entries = json.loads(result.out)
        self.assertEqual([entry["file"] for entry in entries], names)
        self.assert_known(entries, 5)

    def test_gives_the_bits_of_evaluate_whatever_the_batch(self):
        """A dense and a convolutional network; pictures of full batches and of the last, smaller one, one or several."""
        layers = [{"type": "conv2d", "filters": 32, "padding": "same", "activation": "selu"}, {"type": "batch_norm"},
                  {"type": "conv2d", "filters": 32, "padding": "same", "activation": "relu"},
                  {"type": "max_pool2d"}, {"type": "flatten"}, {"type": "dense", "units": 96, "activation": "tanh"},
                  {"type": "dense", "units": 10, "activation": "softmax"}]
        harness.write_json(self.path("conv.json"), harness.config(name="conv", model={"layers": layers},
                                                                  train={"epochs": 1}))
        self.run_svhn("train", "--config", "conv.json", "--data", self.data, "--threads", 1)
        data = self.path("more.safetensors")  # 140 test images: a batch of 128 and one of 12.
        self.run_svhn("preprocess", "--synthetic", 700, "--seed", 3, "--output", data)
        for model in (self.model, self.path("models", "conv.safetensors")):
            told = self.run_svhn("evaluate", "--model", model, "--data", data, "--predictions", "p.csv",
                                 "--threads", 1)
            self.assertEqual(told.code, 0, told)
            with open(self.path("p.csv"), newline="", encoding="ascii") as file:
                lines = list(csv.DictReader(file))
            self.assertEqual(len(lines), 140)
            lines = [lines[0], lines[100], lines[-12], lines[-1]]
            names = [f"{i}.ppm" for i in range(len(lines))]
            for name, line in zip(names, lines):
                write_ppm(self.path(name), self.pixels(line["row"], data))
            alone = json.loads(self.run_svhn("predict", "--model", model, "--threads", 1, names[0], "--json").out)
            together = json.loads(self.run_svhn("predict", "--model", model, "--threads", 1, *names, "--json").out)
            self.assertEqual(alone[0], together[0])
            for entry, line in zip(together, lines):
                self.assertEqual([f"{entry['probabilities'][digit]:.9g}" for digit in DIGITS],
                                 [line["p" + digit] for digit in DIGITS])

    def test_takes_pictures_of_any_size(self):
        result = self.predict(*self.pictures(scale=5), "--json")  # Reduced by area, that is the picture itself.
        self.assert_known(json.loads(result.out), 5)

    def test_takes_folders_and_those_within(self):
        os.makedirs(self.path("all", "more", ".hidden"))
        for i, where in enumerate(("all/b.ppm", "all/more/a.ppm", "all/.x.ppm", "all/more/.hidden/a.ppm")):
            write_ppm(self.path(where), self.pixels(self.known[i]["row"]))
        entries = json.loads(self.predict("all", "--json").out)
        self.assertEqual([entry["file"] for entry in entries], ["all/b.ppm", "all/more/a.ppm"])
        self.assert_known(entries, 5)

    def test_goes_on_after_an_unreadable_file(self):
        names = self.pictures()
        with open(self.path("text.png"), "w", encoding="ascii") as file:
            file.write("no picture")
        with open(self.path("huge.ppm"), "wb") as file:
            file.write(b"P6\n100000 100000\n255\n")
        os.makedirs(self.path("empty"))
        result = self.predict(names[0], "text.png", "none.png", "huge.ppm", "empty", names[1], "--json")
        self.assertEqual(result.code, 4)
        entries = json.loads(result.out)
        self.assertEqual([sorted(entry) for entry in entries[1:5]], [["error", "file"]] * 4)
        self.assertEqual([entry["file"] for entry in entries],
                         [names[0], "text.png", "none.png", "huge.ppm", "empty", names[1]])
        self.assertIn("100000x100000 pixels", entries[3]["error"])
        self.assertEqual(entries[4]["error"], "the folder holds no files")
        self.assert_known([entries[0], entries[5]], 5)
        lines = result.err.splitlines()
        self.assertEqual([line.split("'")[1] for line in lines], ["text.png", "none.png", "huge.ppm", "empty"])
        self.assertEqual(lines[0], "svhn: error: 'text.png': no picture of a known kind, or one that was cut short")
        self.assertEqual(lines[1], "svhn: error: cannot read 'none.png': No such file or directory")

    def test_prints_a_table(self):
        names = self.pictures()[:2]
        result = self.predict(*names, "--top-k", 2, "--reject", 0)
        lines = result.out.splitlines()
        self.assertEqual(lines[0], "file   digit  probability  runners-up")
        for name, line, known in zip(names, lines[1:], self.known):
            ranked = sorted(DIGITS, key=lambda digit: -float(known["p" + digit]))
            first, second = (float(known["p" + digit]) for digit in ranked[:2])
            self.assertEqual(line, f"{name}  {ranked[0]}      {first:.4f}       {ranked[1]} ({second:.4f})")
        self.assertEqual(self.predict(names[0], "--top-k", 1).out.splitlines()[0], "file   digit  probability")
        self.assertEqual(self.predict("none.png").out, "")

    def test_rejects_an_answer_below_the_threshold(self):
        name = self.pictures()[0]
        whole = json.loads(self.predict(name, "--json").out)[0]
        for threshold, rejected in ((whole["probability"] + 1e-3, True), (whole["probability"], False)):
            result = self.predict(name, "--reject", threshold)
            self.assertEqual(result.code, 0, result)
            file, digit, *rest = result.out.splitlines()[1].split()
            self.assertEqual((file, digit, rest[-1] == "rejected"), (name, "-" if rejected else str(whole["digit"]), rejected))
            changed = {"digit": None, "rejected": True} if rejected else {}
            self.assertEqual(json.loads(self.predict(name, "--reject", threshold, "--json").out), [whole | changed])
            self.assertEqual(json.loads(self.predict(name, "--reject", threshold, "--jsonl").out), whole | changed)

    def test_doubts_an_unsure_answer_where_none_is_rejected(self):
        names = self.pictures()
        told = json.loads(self.predict(*names, "--json").out)
        lines = self.predict(*names).out.splitlines()[1:]
        self.assertEqual([line.endswith("  no digit?") for line in lines], [entry["probability"] < 0.5 for entry in told])
        self.assertNotIn("rejected", str(told))

    def test_names_the_range_of_the_threshold(self):
        for bad in ("1.5", "-0.1", "nan"):
            self.assert_error(self.predict("none.png", f"--reject={bad}"), 3, f"--reject is {bad}, not within 0 to 1",
                              "it is a probability: with 0.9, answers below 0.9 are not given")

    def test_top_k_counts_the_ranked_digits_of_the_document(self):
        name = self.pictures()[0]
        ranked = sorted(DIGITS, key=lambda digit: -float(self.known[0]["p" + digit]))
        for top_k in (1, 3, 10):
            entry = json.loads(self.predict(name, "--top-k", top_k, "--json").out)[0]
            self.assertEqual([str(one["digit"]) for one in entry["top_k"]], ranked[:top_k])
            self.assertEqual([one["probability"] for one in entry["top_k"]],
                             [entry["probabilities"][digit] for digit in ranked[:top_k]])

    def test_leaves_out_what_lies_beside_pictures(self):
        os.makedirs(self.path("beside/more"))
        write_ppm(self.path("beside/a.ppm"), self.pixels(self.known[0]["row"]))
        for name in ("notes.txt", "more/Thumbs.db"):
            with open(self.path("beside", name), "w", encoding="ascii") as file:
                file.write("no picture")
        result = self.predict("beside", "--json")
        self.assertEqual((result.code, result.err),
                         (0, "'beside': left out 2 files (more/Thumbs.db, notes.txt), which are no pictures\n"))
        self.assertEqual([entry["file"] for entry in json.loads(result.out)], ["beside/a.ppm"])
        os.remove(self.path("beside/a.ppm"))
        none = self.predict("beside")
        self.assertEqual((none.code, none.out), (4, ""), none)
        self.assertIn("svhn: error: 'beside': the folder holds no pictures\n", none.err)
        self.assertEqual(self.predict("beside/notes.txt").code, 4, "a file that is named must be a picture")

    def test_tells_of_strips(self):
        for width, height, note in [(64, 32, "2.0 times as wide as high: a strip of several digits?"), (63, 32, None),
                                    (32, 96, "3.0 times as high as wide, and squeezed into a square"), (32, 95, None)]:
            with self.subTest(width=width, height=height):
                with open(self.path("strip.ppm"), "wb") as file:
                    file.write(b"P6\n%d %d\n255\n" % (width, height) + bytes(range(256)) * (width * height * 3 // 256 + 1))
                result = self.predict("strip.ppm", "--json")
                self.assertEqual(result.code, 0, result)
                self.assertEqual(json.loads(result.out)[0].get("note"), note)
                self.assertEqual(result.err, f"'strip.ppm': {note}\n" if note else "")

    def piped(self, content, form="--json"):
        """`svhn predict … -` with these bytes as its standard input."""
        with open(self.path("input"), "wb") as file:
            file.write(content)
        cat = subprocess.Popen(["cat", self.path("input")], stdout=subprocess.PIPE)
        try:
            return self.predict("-", form, stdin=cat.stdout)
        finally:
            cat.stdout.close()
            cat.wait()

    def test_reads_a_picture_from_the_standard_input(self):
        with open(self.path(self.pictures()[0]), "rb") as file:
            result = self.piped(file.read())
        self.assertEqual(result.code, 0, result)
        entry, = json.loads(result.out)
        self.assertEqual(entry["file"], "/dev/stdin")
        self.assert_known([entry], 5)

    def test_reads_names_from_the_standard_input(self):
        names = self.pictures()
        texts = ("\n".join(names), "\r\n".join(names) + "\r\n", "\0".join(names) + "\0")
        for text, form in ((text, form) for text in texts for form in ("--json", "--jsonl")):
            result = self.piped(text.encode(), form)
            self.assertEqual(result.code, 0, result)
            entries = json.loads(result.out) if form == "--json" else list(map(json.loads, result.out.splitlines()))
            self.assertEqual([entry["file"] for entry in entries], names)
            self.assert_known(entries, 5)
        self.assertEqual(self.piped(b"none.png\n").code, 4)

    def test_averages_over_shifts_when_asked(self):
        name = self.pictures()[0]
        plain, shifted = (json.loads(self.predict(name, "--json", *more).out)[0]["probabilities"]
                          for more in ((), ("--tta",)))
        self.assertNotEqual(plain, shifted)
        self.assertAlmostEqual(sum(shifted.values()), 1.0, 9)

    def test_refuses_a_file_that_is_no_model(self):
        result = self.run_svhn("predict", "--model", "data.safetensors", "x.png")
        self.assertEqual((result.code, result.out), (5, ""), result)
        result = self.predict("x.png", "--top-k", 11)
        self.assertEqual((result.code, result.out), (2, ""), result)


if __name__ == "__main__":
    harness.main()
