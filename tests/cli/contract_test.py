"""The parts of the command line that scripts depend on: help, versions, documents on stdout, file formats."""

import csv
import glob
import json
import os
import re
import shutil
import signal
import subprocess

import harness
from harness import config, read_bytes, read_json, write_json

COMMANDS = [("preprocess",), ("train",), ("transfer",), ("tune",), ("evaluate",), ("calibrate",), ("compare",),
            ("interpret",), ("predict",), ("report",), ("info",), ("convert",), ("export",), ("config",),
            ("config", "check"), ("config", "show"), ("config", "schema"), ("env",), ("completion",)]
DIGITS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
CONFIGS = sorted(glob.glob(os.path.join(harness.SOURCE, "configs", "*.json")))
HISTORY = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "images_per_second"]


class Help(harness.ProgramTest):
    def test_help_of_every_command_shows_an_example(self):
        for command in [(), *COMMANDS]:
            for flag in ("--help", "-h"):
                with self.subTest(command=command, flag=flag):
                    result = self.succeed(*command, flag)
                    self.assertEqual(result.err, "")
                    self.assertIn("Usage: " + " ".join(("svhn", *command)), result.out)
                    self.assertIn("\nExample:\n  " + " ".join(("svhn", *(command or ("preprocess",)))), result.out)

    def test_help_of_every_script_is_all_that_it_does(self):
        scripts = set(glob.glob(os.path.join(harness.SOURCE, "scripts", "*.sh")))
        for script in sorted(scripts - {os.path.join(harness.SOURCE, "scripts", "common.sh")}):
            for words in (["--help"], ["-h"], ["--with-checks", "--help"]):
                with self.subTest(script=os.path.basename(script), words=words):
                    result = subprocess.run(["/bin/bash", script, *words], cwd=self.dir, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    self.assertRegex(result.stdout, r"\A[A-Z][^\n]+\.( |\n)")
                    self.assertNotIn("shellcheck source", result.stdout)
                    self.assertLess(len(result.stdout.splitlines()), 40)
        self.assertEqual(harness.tree(self.dir), ["data.safetensors"])

    def test_every_command_is_listed(self):
        listed = re.findall(r"(?m)^  ([a-z]+) {2,}", self.succeed("--help").out)
        self.assertEqual({command[0] for command in COMMANDS} - set(listed), set())

    def test_examples_name_real_options(self):
        """Every option that an example uses stands in the help above it (or in the program's)."""
        common = self.succeed("--help").out
        for command in COMMANDS:
            with self.subTest(command):
                text, example = self.succeed(*command, "--help").out.split("\nExample:\n")
                for option in re.findall(r"--[a-z-]+", example):
                    self.assertIn(option, text + common)

    def test_help_is_in_words_and_in_short_lines(self):
        for command in COMMANDS:
            with self.subTest(command):
                text = self.succeed(*command, "--help").out
                self.assertNotRegex(text, r":\{|INT|FLOAT|REQUIRED|Excludes|Needs|INPUT|OUTPUT")
                self.assertLessEqual(max(map(len, text.splitlines())), 100, text)
        text = self.succeed("interpret", "--help").out
        for line in ("  --split test|val|train      The rows of the data (default: test)\n",
                     "  --digit N                   The true digit whose mistakes are shown (0 to 9; default: 3)\n",
                     "  --model PATH ...            The model file, or its run folder; several models answer together\n"):
            self.assertIn(line, text)
        self.assertIn("\nOptions of every command, see svhn --help: --threads, --device, --precision, --log-level, --quiet\n",
                      text)
        self.assertIn("(not with --find-lr, --overwrite)", self.succeed("train", "--help").out)
        self.assertIn("(default: 1; only with --synthetic)", self.succeed("preprocess", "--help").out)

    def test_version_works_with_every_command(self):
        version = self.succeed("--version").out
        self.assertRegex(version, r"\Asvhn \d+\.\d+\.\d+\S*\n\Z")
        for command in COMMANDS:
            with self.subTest(command):
                result = self.succeed(*command, "--version")
                self.assertEqual((result.out, result.err), (version, ""))


class Libraries(harness.ProgramTest):
    def loaded(self, *arguments):
        """The libraries that the dynamic loader opened, by its own log."""
        result = self.succeed(*arguments, env={"LD_DEBUG": "libs"})
        return re.findall(r"calling init: (\S+)", result.err)

    def test_light_commands_load_neither_libtorch_nor_opencv(self):
        write_json(self.path("run.json"), config())
        for arguments in [("--help",), ("--version",), ("train", "--help"), ("info", "data.safetensors"),
                          ("config", "check", "run.json"), ("config", "show", "run.json"), ("config", "schema")]:
            with self.subTest(arguments):
                libraries = self.loaded(*arguments)
                self.assertTrue(libraries, "the loader's log is empty")
                self.assertEqual([name for name in libraries if re.search(r"torch|c10|opencv|cuda", name)], [])

    def test_the_log_would_show_them(self):
        self.assertTrue(any("torch" in name for name in self.loaded("env")))


class GlobalOptions(harness.ProgramTest):
    def test_they_stand_before_or_after_the_command(self):
        before = json.loads(self.succeed("--threads", "1", "--device", "cpu", "env", "--json").out)
        after = json.loads(self.succeed("env", "--json", "--threads", "1", "--device", "cpu").out)
        self.assertEqual(before, after)
        self.assertEqual((before["threads"], before["device"]), (1, "cpu"))

    def test_they_stand_before_or_after_nested_commands(self):
        write_json(self.path("run.json"), config())
        expected = self.succeed("config", "show", "run.json").out
        for arguments in [("--quiet", "config", "show", "run.json"), ("config", "--quiet", "show", "run.json"),
                          ("config", "show", "--quiet", "run.json"), ("config", "show", "run.json", "--quiet")]:
            self.assertEqual(self.succeed(*arguments).out, expected)

    def test_quiet_keeps_warnings_only(self):
        document = config(train={"epochs": 2})
        result = self.train(document, "--quiet", "--output", "quiet")
        self.assertEqual(result.err, "warning: only 2 epochs: the curves will say little\n")
        self.assertEqual(result.out, "")
        loud = self.train(document, "--output", "loud")
        self.assertIn("Total parameters:", loud.out)
        self.assertEqual(len(re.findall(r"(?m)^epoch \d+/2  loss ", loud.err)), 2)
        silent = self.train(document, "--log-level", "off", "--output", "silent")
        self.assertEqual(silent.err, "")
        quiet = self.succeed("preprocess", "--synthetic", 200, "--output", "few.safetensors", "--quiet")
        self.assertEqual((quiet.out, quiet.err), ("", ""))
        asked_for = self.succeed("evaluate", "--model", "quiet/tiny.safetensors", "--quiet")
        self.assertIn("  accuracy   ", asked_for.out)
        document = json.loads(self.succeed("preprocess", "--synthetic", 200, "--output", "few.safetensors", "--quiet",
                                           "--json").out)
        self.assertEqual(document["images"], 200)


class Documents(harness.ProgramTest):
    """`--json`: exactly one document on stdout, with these keys."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_json(os.path.join(cls.base, "run.json"), config())
        cls.trained = harness.run("train", "--config", "run.json", "--output", "models", "--json", cwd=cls.base)

    def document(self, *arguments):
        result = self.succeed(*arguments, "--json", cwd=self.base)
        return json.loads(result.out)  # Refuses a second document or other text.

    def test_preprocess_and_info_of_data(self):
        made = self.document("preprocess", "--synthetic", 300, "--seed", 5, "--output", "other.safetensors")
        self.assertEqual(made, self.document("info", "other.safetensors"))
        self.assertEqual((made["kind"], made["images"], made["synthetic"]), ("data", 300, True))
        self.assertEqual(list(made["splits"]), ["train", "val", "test"])
        self.assertEqual(made["splits"], {"train": 192, "val": 48, "test": 60})  # 300 * .8 * .8, 300 * .8 * .2, ...
        self.assertEqual((len(made["class_counts"]), sum(made["class_counts"])), (10, 300))
        self.assertIsInstance(made["source"], str)

    def test_train(self):
        self.assertEqual(self.trained.code, 0, self.trained)
        document = json.loads(self.trained.out)
        self.assertEqual(set(document), {"model", "best_model", "run", "charts", "epochs", "synthetic", "fingerprint", "ranges",
                                         "history"})
        self.assertEqual((document["epochs"], document["synthetic"]), (2, True))
        self.assertEqual(document["history"], read_json(os.path.join(self.base, "models/tiny.history.json")))
        self.assertEqual(list(document["history"]), HISTORY)
        for curve in HISTORY[:4]:
            values = document["history"][curve]
            self.assertEqual(document["ranges"][curve], {"min": min(values), "max": max(values)})
        for key in ("model", "best_model", "run"):
            self.assertTrue(os.path.exists(os.path.join(self.base, document[key])), key)

    def test_info_of_a_model_and_of_a_checkpoint(self):
        model = self.document("info", "models/tiny.safetensors")
        # 1024 * 8 + 8; 4 * 8, half of it running statistics; 8 * 10 + 10.
        self.assertEqual(model["parameters"], {"total": 8322, "trainable": 8306, "non_trainable": 16})
        self.assertEqual((model["kind"], model["name"], model["input"]), ("model", "tiny", [1, 32, 32]))
        self.assertEqual(model["layers"], [
            {"name": "flatten_1", "type": "flatten", "output_shape": [1024], "parameters": 0},
            {"name": "dense_1", "type": "dense", "output_shape": [8], "parameters": 8200},
            {"name": "batch_norm_1", "type": "batch_norm", "output_shape": [8], "parameters": 32},
            {"name": "dropout_1", "type": "dropout", "output_shape": [8], "parameters": 0},
            {"name": "dense_2", "type": "dense", "output_shape": [10], "parameters": 90}])
        checkpoint = self.document("info", "models/tiny/checkpoints/last.safetensors")
        self.assertEqual(checkpoint["kind"], "checkpoint")
        self.assertEqual(checkpoint["parameters"], model["parameters"])

    def test_env(self):
        document = self.document("env")
        self.assertEqual(list(document), ["version", "libtorch", "opencv", "blas", "threads", "cpu_features",
                                          "precision_auto", "device", "cuda"])
        self.assertEqual(document["threads"], len(os.sched_getaffinity(0)))
        self.assertIn(document["precision_auto"], ("float32", "bfloat16"))
        self.assertEqual("svhn " + document["version"] + "\n", self.succeed("--version").out)

    def test_evaluate(self):
        document = self.document("evaluate", "--model", "models/tiny.safetensors")
        self.assertEqual(set(document) - {"synthetic"}, {
            "model", "split", "images", "loss", "accuracy", "accuracy_interval_95", "top_k",
            "expected_calibration_error", "brier_score", "aurc", "coverage_curve", "fingerprint", "digits",
            "confusion_matrix", "per_class", "most_confused", "images_per_second"})
        self.assertEqual((document["model"], document["split"], document["images"]), ("tiny", "test", 120))
        self.assertEqual(document["digits"], DIGITS)
        matrix = document["confusion_matrix"]
        self.assertEqual([len(row) for row in matrix], [10] * 10)
        self.assertEqual(sum(map(sum, matrix)), 120)
        self.assertAlmostEqual(document["accuracy"], sum(matrix[i][i] for i in range(10)) / 120, places=12)
        low, high = document["accuracy_interval_95"]
        self.assertTrue(low < document["accuracy"] < high)
        self.assertEqual(set(document["top_k"]), {"2", "3"})
        self.assertTrue(document["accuracy"] <= document["top_k"]["2"] <= document["top_k"]["3"] <= 1)
        self.assertEqual([row["digit"] for row in document["per_class"]], DIGITS)
        self.assertEqual([row["support"] for row in document["per_class"]], [sum(row) for row in matrix])
        for i, row in enumerate(document["per_class"]):
            self.assertAlmostEqual(row["recall"], matrix[i][i] / row["support"], places=12)
        for pair in document["most_confused"]:
            row, column = DIGITS.index(pair["true"]), DIGITS.index(pair["predicted"])
            self.assertEqual(matrix[row][column], pair["count"])

    def test_predictions_agree_with_the_confusion_matrix(self):
        for split, images in (("test", 120), ("val", 96), ("train", 384)):
            document = self.document("evaluate", "--model", "models/tiny.safetensors", "--split", split,
                                     "--predictions", "predictions.csv")
            with open(os.path.join(self.base, "predictions.csv"), encoding="ascii", newline="") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(list(rows[0]), ["row", "true", "predicted", *(f"p{digit}" for digit in range(10))])
            self.assertEqual(len(rows), images)
            self.assertEqual([int(row["row"]) for row in rows], self.rows_of(split))
            matrix = [[0] * 10 for _ in range(10)]
            for row in rows:
                matrix[DIGITS.index(int(row["true"]))][DIGITS.index(int(row["predicted"]))] += 1
                chances = [float(row[f"p{digit}"]) for digit in range(10)]
                self.assertAlmostEqual(sum(chances), 1, places=5)
                self.assertEqual(chances[int(row["predicted"])], max(chances))
            self.assertEqual(matrix, document["confusion_matrix"])

    def rows_of(self, split):
        """The split's row numbers, read from the prepared file (i64, little-endian)."""
        begin, size = harness.tensor_place(self.data, split)
        content = read_bytes(self.data)[begin:begin + size]
        return [int.from_bytes(content[i:i + 8], "little", signed=True) for i in range(0, size, 8)]

    def test_dry_run(self):
        document = self.document("train", "--config", "run.json", "--dry-run")
        self.assertEqual(set(document),
                         {"seconds_per_step", "seconds_total", "peak_megabytes", "checkpoint_megabytes",
                          "features_megabytes", "batch_size", "processes"})
        self.assertEqual(document.pop("features_megabytes"), 0, "nothing is frozen")
        self.assertTrue(all(value > 0 for value in document.values()))

    def test_evaluate_finds_the_data_of_the_run(self):
        """Also for a checkpoint, which lies deeper; --data has the last word."""
        expected = self.document("evaluate", "--model", "models/tiny.safetensors")["confusion_matrix"]
        found = self.document("evaluate", "--model", "models/tiny/checkpoints/last.safetensors")
        self.assertEqual(found["confusion_matrix"], expected)
        result = harness.run("evaluate", "--model", "models/tiny.safetensors", "--data", "none", cwd=self.base)
        self.assert_error(result, 4, "cannot read 'none': No such file or directory",
                          "name the prepared file with --data, or make it with `svhn preprocess`")


class Configs(harness.ProgramTest):
    def test_the_assignments_configs_are_valid(self):
        self.assertGreaterEqual(len(CONFIGS), 6)
        runs = [path for path in CONFIGS if "model" in read_json(path)]
        result = self.succeed("config", "check", *runs)
        self.assertEqual(len(result.out.splitlines()), len(runs))
        for name, total in [("q1_1", "404,010"), ("q1_2", "141,866"), ("q1_3", "142,762"), ("q2_1", "552,298"),
                            ("q2_2", "552,298")]:
            self.assertRegex(result.out, rf"(?m)/{name}\.json: ok, model_{name[1:]}, {total} parameters$")

    def test_what_is_shown_is_a_config_that_shows_the_same(self):
        for path in [path for path in CONFIGS if "model" in read_json(path)]:
            with self.subTest(os.path.basename(path)):
                shown = self.succeed("config", "show", path).out
                with open(self.path("shown.json"), "w", encoding="utf-8") as file:
                    file.write(shown)
                self.assertEqual(self.succeed("config", "show", "shown.json").out, shown)
                self.succeed("config", "check", "shown.json")

    def test_show_fills_in_defaults_below_the_file_below_overrides(self):
        write_json(self.path("run.json"), config(train={"epochs": 7}))
        shown = json.loads(self.succeed("config", "show", "run.json", "--set", "train.batch_size=16",
                                        "--set", "train.optimizer.type=sgd").out)
        self.assertEqual(shown["train"]["seed"], 1)
        self.assertEqual(shown["train"]["epochs"], 7)
        self.assertEqual(shown["train"]["batch_size"], 16)
        self.assertEqual(shown["train"]["optimizer"]["type"], "sgd")

    def test_the_schema_describes_what_is_shown(self):
        schema = json.loads(self.succeed("config", "schema").out)
        self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
        write_json(self.path("run.json"), config())
        shown = json.loads(self.succeed("config", "show", "run.json").out)
        self.assertEqual(set(schema["properties"]), set(shown) | {"tune", "compare"})
        train = schema["properties"]["train"]["properties"]
        self.assertEqual({key for key, value in train.items() if not value.get("deprecated")}, set(shown["train"]))


class Waiting(harness.ProgramTest):
    """How long threads look out for work before they sleep: libgomp reads it once, when it is loaded."""

    def settings(self, **chosen):
        """What libgomp itself says that it has read."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))}
        done = subprocess.run([harness.PROGRAM, "env"], env={**clean, "OMP_DISPLAY_ENV": "verbose", **chosen},
                              check=True, text=True, capture_output=True)
        found = [set(re.findall(rf"\b{name} = '(\w+)'", done.stderr)) for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")]
        self.assertTrue(all(found), done.stderr)
        return found

    def test_threads_look_out_shortly_unless_the_user_has_chosen(self):
        self.assertEqual(self.settings(), [{"PASSIVE"}, {"2000"}])
        self.assertEqual(self.settings(GOMP_SPINCOUNT="7"), [{"PASSIVE"}, {"7"}])
        self.assertEqual(self.settings(OMP_WAIT_POLICY="passive"), [{"PASSIVE"}, {"0"}])
        policy, spins = self.settings(OMP_WAIT_POLICY="active")
        self.assertEqual((policy, "2000" in spins), ({"ACTIVE"}, False))


class Library(harness.ProgramTest):
    """The library beside the program: what it shows to others, and what is said when it cannot be loaded."""

    def test_it_shows_only_what_is_public(self):
        if shutil.which("nm") is None:
            self.skipTest("nm (binutils) is not installed")
        done = subprocess.run(["nm", "-DC", "--defined-only", harness.library()], check=True, text=True,
                              capture_output=True)
        names = [line.split(maxsplit=2)[2] for line in done.stdout.splitlines()]
        self.assertIn("svhn_command_line", names)
        self.assertIn("vtable for svhn::Error", names)
        public = r"svhn_\w+|(typeinfo for |typeinfo name for |vtable for )?svhn::(Error|Model|Data|version|(set_)?threads)\b.*"
        self.assertEqual([name for name in names if not re.fullmatch(public, name)], [])

    def program_alone(self):
        """A copy of the program without its library. @returns it and where it looks for the library."""
        place = os.path.relpath(harness.library(), os.path.dirname(harness.PROGRAM))
        program, library = self.path("bin", "svhn"), os.path.normpath(self.path("bin", place))
        os.makedirs(os.path.dirname(program))
        shutil.copy(harness.PROGRAM, program)
        return program, library

    def failure(self, program, *arguments):
        done = subprocess.run([program, *arguments], env=harness.environment(), check=False, text=True,
                              capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        return done.stderr

    def test_a_program_without_it_names_it(self):
        program, library = self.program_alone()
        for arguments in (["env"], ["train", "--config", "run.json", "--nproc", "2"]):
            self.assertEqual(self.failure(program, *arguments), f"svhn: error: there is no library '{library}'\n"
                                                                "hint: build or install svhn again\n")
        done = subprocess.run([program, "--version"], check=True, text=True, capture_output=True)
        self.assertRegex(done.stdout, r"svhn \d+\.\d+\.\d+\n")

    def test_a_damaged_one_is_refused_in_the_loaders_words(self):
        program, library = self.program_alone()
        os.makedirs(os.path.dirname(library), exist_ok=True)
        with open(library, "wb") as file:
            file.write(b"no library")
        self.assertEqual(self.failure(program, "env"), f"svhn: error: cannot load the library '{library}': {library}: "
                                                       "file too short\nhint: build or install svhn again\n")


class Pipes(harness.ProgramTest):
    def test_a_reader_that_leaves_early_ends_the_program_in_silence(self):
        """As with every tool in a shell's pipeline: the broken pipe's signal, no message."""
        reader, writer = os.pipe()
        os.close(reader)
        try:
            result = harness.finish(harness.start("config", "schema", cwd=self.dir, stdout=writer))
        finally:
            os.close(writer)
        self.assertEqual((result.code, result.err), (-signal.SIGPIPE, ""))


if __name__ == "__main__":
    harness.main()
