"""Outputs and what is there already: inputs, other outputs, links, devices, and what killed processes have left."""

import fcntl
import os
import pickle
import shutil
import stat
import threading

import harness
from harness import KEPT_HINT, config, read_bytes, state_of, write_json

SEARCH = {"search": "grid", "space": {"/train/batch_size": {"choice": [32, 64]}}}
SQUEEZENET = {"type": "backbone", "name": "squeezenet1_1", "weights": "random", "input": "torch"}


def write_picture(path, brightness):
    with open(path, "wb") as file:
        file.write(b"P6\n32 32\n255\n" + bytes([brightness]) * 3072)


class OutputsTest(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_json(os.path.join(cls.base, "run.json"), config(train={"epochs": 1}))
        done = harness.run("train", "--config", "run.json", "--threads", 1, "--output", "trained", cwd=cls.base)
        if done.code != 0:
            raise AssertionError(done)

    def setUp(self):
        super().setUp()
        os.remove(self.path("data.safetensors"))
        shutil.copy(self.data, self.path("data.safetensors"))
        shutil.copytree(os.path.join(self.base, "trained"), self.path("models"))
        write_json(self.path("run.json"), config())

    def assert_kept(self, said, *arguments, hint=KEPT_HINT):
        """The command ends before it writes anything, and says why."""
        before = state_of(self.dir)
        self.assert_error(self.run_svhn(*arguments, "--threads", 1), 2, said, hint)
        self.assertEqual(state_of(self.dir), before)


class CommandLine(OutputsTest):
    """Paths that stand on the command line."""

    def test_the_same_file_under_any_name(self):
        os.link(self.path("data.safetensors"), self.path("hard.csv"))
        os.symlink("data.safetensors", self.path("soft.csv"))
        os.symlink("models", self.path("short"))
        model = "models/tiny.safetensors"
        for output, kind, taken in [("data.safetensors", "--data", "data.safetensors"),
                                    ("hard.csv", "--data", "data.safetensors"),
                                    ("soft.csv", "--data", "data.safetensors"),
                                    (self.path("models/../data.safetensors"), "--data", "data.safetensors"),
                                    ("short/tiny.safetensors", "--model", model)]:
            with self.subTest(output):
                self.assert_kept(f"--predictions '{output}' is the same file as {kind} '{taken}'", "evaluate", "--model",
                                 model, "--data", "data.safetensors", "--predictions", output)

    def test_every_output_of_every_command(self):
        os.makedirs(self.path("pictures/1"))
        write_picture(self.path("pictures/1/a.png"), 9)
        with open(self.path("curves.json"), "wb") as file:
            pickle.dump({"loss": [1.0]}, file)
        evaluate = ("evaluate", "--model", "models/tiny.safetensors", "--data", "data.safetensors")
        for name in ("chart.png", "chart.svg"):
            os.link(self.path("data.safetensors"), self.path(name))
        for said, arguments in [
                ("--output 'run.json' is the same file as --input 'run.json'",
                 ("preprocess", "--input", "pictures", "run.json", "--output", "run.json")),
                ("--preview 'run.json' is the same file as --input 'run.json'",
                 ("preprocess", "--input", "run.json", "--output", "new.safetensors", "--preview", "run.json")),
                ("--output 'pictures' is the same file as --input 'pictures'",
                 ("preprocess", "--input", "pictures", "--output", "pictures")),
                ("--output 'curves.json' is the same file as --input 'curves.json'",
                 ("convert", "--input", "curves.json", "--output", "curves.json")),
                ("--confusion 'chart.png' is the same file as --data 'data.safetensors'",
                 (*evaluate, "--confusion", "chart.png")),
                ("--reliability 'chart.svg' is the same file as --data 'data.safetensors'",
                 (*evaluate, "--reliability", "chart.svg"))]:
            with self.subTest(said):
                self.assert_kept(said, *arguments)

    def test_two_outputs_in_one_file(self):
        os.mkdir(self.path("deep"))
        os.symlink("deep", self.path("short"))
        evaluate = ("evaluate", "--model", "models/tiny.safetensors", "--data", "data.safetensors")
        for said, arguments in [
                ("--preview './new' is the same file as --output 'new'",
                 ("preprocess", "--synthetic", 200, "--output", "new", "--preview", "./new")),
                ("--reliability 'short/new.png' is the same file as --confusion 'deep/new.png'",
                 (*evaluate, "--confusion", "deep/new.png", "--reliability", "short/new.png"))]:
            with self.subTest(said):
                self.assert_kept(said, *arguments, hint="give each output a file of its own")

    def test_an_output_of_its_own_is_replaced_as_ever(self):
        for _ in range(2):
            self.succeed("preprocess", "--synthetic", 200, "--output", "new", "--preview", "new.png")
            self.succeed("evaluate", "--model", "models/tiny.safetensors", "--data", "new", "--predictions", "p.csv")
        self.assertTrue(read_bytes(self.path("p.csv")).startswith(b"row,"))


class FoundFiles(OutputsTest):
    """Inputs that do not stand on the command line."""

    def test_the_pictures_of_a_folder(self):
        for digit in range(1, 3):
            os.makedirs(self.path(f"pictures/{digit}"))
            for i in range(20):
                write_picture(self.path(f"pictures/{digit}/{i}.ppm"), 20 * digit + i)
        picture = "pictures/1/3.ppm"
        preprocess = ("preprocess", "--input", "pictures")
        self.assert_kept(f"--output '{picture}' is the same file as the input '{picture}'", *preprocess, "--output", picture)
        self.assert_kept(f"--preview '{picture}' is the same file as the input '{picture}'", *preprocess, "--output", "new",
                         "--preview", picture)
        for _ in range(2):
            self.succeed(*preprocess, "--output", "pictures/digits.safetensors")

    def test_the_data_that_the_models_run_names(self):
        self.assert_kept("--predictions 'data.safetensors' is the same file as the input 'data.safetensors'", "evaluate",
                         "--model", "models/tiny.safetensors", "--predictions", "data.safetensors")

    def test_the_runs_of_a_report(self):
        probe = self.run_svhn("report", "--runs", "none", "--output", "none.html")
        if "no report page" in probe.err:
            self.skipTest("this build has no report page: npm was missing")
        history = "models/tiny/history.json"
        self.assert_kept(f"--output '{history}' is the same file as the input '{history}'", "report", "--runs", "models",
                         "--output", history)
        for _ in range(2):
            self.succeed("report", "--runs", "models", "--output", "models/report.html")


class RunFolders(OutputsTest):
    """Commands that choose the names of their files themselves."""

    def test_data_config_and_weights_of_a_training(self):
        shutil.rmtree(self.path("models"))
        for name in ("tiny.safetensors", "tiny/checkpoints/epoch-0001.safetensors", "tiny/config.resolved.json",
                     "tiny.history.json"):
            with self.subTest(name):
                os.makedirs(self.path("models/tiny/checkpoints"))
                config_path = "models/" + name if name.endswith(".json") else "run.json"
                data = "models/" + name if name.endswith(".safetensors") else "data.safetensors"
                shutil.copy(self.path("run.json"), self.path(config_path)) if config_path != "run.json" else None
                shutil.copy(self.data, self.path(data))
                said = f"the output 'models/{name}' is the same file as "
                said += f"--config '{config_path}'" if name.endswith(".json") else f"--data '{data}'"
                if "epoch" in name:
                    said = f"--data '{data}' is in the folder 'models/tiny/checkpoints', whose files are replaced"
                self.assert_kept(said, "train", "--config", config_path, "--data", data, "--output", "models", "--overwrite")
                shutil.rmtree(self.path("models"))

    def test_it_is_told_before_an_existing_run_is(self):
        """The hint to use --overwrite would be the end of the data."""
        shutil.copy(self.data, self.path("models/tiny.safetensors"))
        write_json(self.path("run.json"), config(data={"file": "models/tiny.safetensors"}))
        self.assert_kept("the output 'models/tiny.safetensors' is the same file as the input 'models/tiny.safetensors'",
                         "train", "--config", "run.json")

    def test_a_dry_run_writes_nothing_and_minds_nothing(self):
        shutil.copy(self.data, self.path("models/tiny.safetensors"))
        self.succeed("train", "--config", "run.json", "--data", "models/tiny.safetensors", "--dry-run")

    def test_a_run_may_be_resumed_with_its_own_config(self):
        own = "models/tiny/config.resolved.json"
        before = read_bytes(self.path(own))
        for how in ("--resume", "--overwrite"):
            self.succeed("train", "--config", own, how, "--threads", 1)
            self.assertEqual(read_bytes(self.path(own)), before)
        self.assert_kept(f"the output '{own}' is the same file as --config '{own}'", "train", "--config", own, "--resume",
                         "--set", "train.epochs=3")

    def test_weights_of_a_backbone(self):
        """The own model of an earlier run, whose name the new run has."""
        shutil.rmtree(self.path("models"))
        os.mkdir(self.path("models"))
        layers = [SQUEEZENET, {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}]
        write_json(self.path("run.json"), config(model={"layers": layers}, data={"file": "data.safetensors", "preprocess": []}))
        shutil.copy(self.data, self.path("models/tiny.best.safetensors"))
        self.assert_kept("the output 'models/tiny.best.safetensors' is the same file as --weights "
                         "'models/tiny.best.safetensors'", "transfer", "--config", "run.json", "--weights",
                         "models/tiny.best.safetensors", "--quiet")
        compare = config(model={"layers": layers}, data={"file": "data.safetensors", "preprocess": []})
        compare["compare"] = {"backbones": [{"name": "squeezenet1_1", "weights": "models/tiny/comparison.csv",
                                             "input": "torch"}]}
        write_json(self.path("compare.json"), compare)
        os.makedirs(self.path("models/tiny"))
        shutil.copy(self.data, self.path("models/tiny/comparison.csv"))
        self.assert_kept("the output 'models/tiny/comparison.csv' is the same file as the input "
                         "'models/tiny/comparison.csv'", "transfer", "--compare", "compare.json", "--quiet")

    def test_data_and_config_of_a_search(self):
        shutil.rmtree(self.path("models"))
        os.makedirs(self.path("models/tiny/trials/trial-0001"))
        document = config(tune=SEARCH)
        write_json(self.path("search.json"), document)
        data = "models/tiny/trials/trial-0001/data"
        shutil.copy(self.data, self.path(data))
        self.assert_kept(f"--data '{data}' is in the folder 'models/tiny/trials', whose files are replaced", "tune",
                         "--config", "search.json", "--data", data, "--overwrite", "--quiet", "--json")
        write_json(self.path("models/tiny/search.json"), document)
        self.assert_kept("the output 'models/tiny/search.json' is the same file as --config 'models/tiny/search.json'",
                         "tune", "--config", "models/tiny/search.json", "--overwrite", "--quiet", "--json")

    def test_model_and_data_of_an_interpretation(self):
        os.mkdir(self.path("made"))
        os.rename(self.path("models/tiny.safetensors"), self.path("made/predictions.csv"))
        os.rename(self.path("data.safetensors"), self.path("made/embeddings.safetensors"))
        interpret = ("interpret", "--output", "made")
        self.assert_kept("the output 'made/predictions.csv' is the same file as --model 'made/predictions.csv'", *interpret,
                         "--model", "made/predictions.csv", "--data", self.data)
        self.assert_kept("the output 'made/embeddings.safetensors' is the same file as --data "
                         "'made/embeddings.safetensors'", *interpret, "--model", "models/tiny.best.safetensors", "--data",
                         "made/embeddings.safetensors")


STREAM_HINT = "name a file; only text goes to a device or a pipe"


class Streams(OutputsTest):
    """Links, devices, pipes, and descriptors such as /dev/stdout."""

    def evaluate(self, *arguments, **how):
        return self.run_svhn("evaluate", "--model", "models/tiny.safetensors", "--data", "data.safetensors", "--threads", 1,
                             *arguments, **how)

    def test_a_link_is_followed(self):
        os.mkdir(self.path("deep"))
        for link, target in [("link.safetensors", "deep/old.safetensors"), ("dangling.safetensors", "deep/new.safetensors")]:
            os.symlink(target, self.path(link))
        with open(self.path("deep/old.safetensors"), "w", encoding="ascii") as file:
            file.write("old")
        for link in ("link.safetensors", "dangling.safetensors"):
            self.succeed("preprocess", "--synthetic", 200, "--output", link)
            self.assertTrue(os.path.islink(self.path(link)))
            self.succeed("info", os.path.join("deep", os.path.basename(os.readlink(self.path(link)))))
        self.assertEqual(sorted(os.listdir(self.path("deep"))), ["new.safetensors", "old.safetensors"])

    def test_the_links_of_a_run_are_kept(self):
        for name in ("tiny.safetensors", "tiny/history.json", "tiny/checkpoints"):
            moved = name.replace("/", "-")
            os.rename(self.path("models", name), self.path(moved))
            os.symlink(self.path(moved), self.path("models", name))
        old = os.stat(self.path("tiny.safetensors")).st_ino
        self.succeed("train", "--config", "run.json", "--overwrite", "--threads", 1)
        for name in ("tiny.safetensors", "tiny/history.json", "tiny/checkpoints"):
            self.assertTrue(os.path.islink(self.path("models", name)), name)
        self.assertNotEqual(os.stat(self.path("tiny.safetensors")).st_ino, old)
        self.succeed("info", "tiny-checkpoints/last.safetensors")

    def assert_stream_refused(self, name, *arguments):
        before = os.lstat(self.path(name))
        self.assert_error(self.run_svhn(*arguments), 2, f"cannot write '{name}': it is a device or a pipe, not a file",
                          STREAM_HINT)
        after = os.lstat(self.path(name))
        self.assertEqual((after.st_mode, after.st_ino, after.st_rdev), (before.st_mode, before.st_ino, before.st_rdev))

    def test_binary_files_need_a_file(self):
        os.mkfifo(self.path("pipe.png"))
        os.symlink("/dev/null", self.path("null.safetensors"))
        evaluate = ("evaluate", "--model", "models/tiny.safetensors", "--data", "data.safetensors")
        for name, arguments in [("pipe.png", ("preprocess", "--synthetic", 200, "--output", "x", "--preview", "pipe.png")),
                                ("pipe.png", ("preprocess", "--synthetic", 200, "--output", "pipe.png")),
                                ("pipe.png", (*evaluate, "--confusion", "pipe.png")),
                                ("null.safetensors", ("preprocess", "--synthetic", 200, "--output", "null.safetensors")),
                                ("null.safetensors", ("convert", "--input", "x.h5", "--output", "null.safetensors")),
                                ("/dev/null", ("preprocess", "--synthetic", 200, "--output", "/dev/null")),
                                ("/dev/stdout", ("preprocess", "--synthetic", 200, "--output", "/dev/stdout"))]:
            with self.subTest(name=name, command=arguments[0]):
                self.assert_stream_refused(name, *arguments)
        self.assertFalse(os.path.exists(self.path("x")))

    def test_a_device_of_its_own_is_neither_replaced_nor_removed(self):
        try:
            os.mknod(self.path("null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            self.skipTest("making a device needs the right to")
        self.assert_stream_refused("null", "preprocess", "--synthetic", 200, "--output", "null")
        self.assertEqual(self.evaluate("--predictions", "null").code, 0)
        os.remove(self.path("models/tiny/history.json"))
        os.rename(self.path("null"), self.path("models/tiny/history.json"))
        self.succeed("train", "--config", "run.json", "--overwrite", "--threads", 1)
        self.assertTrue(stat.S_ISCHR(os.lstat(self.path("models/tiny/history.json")).st_mode))

    def test_text_goes_to_a_pipe(self):
        self.assertEqual(self.evaluate("--predictions", "p.csv").code, 0)
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        read = []
        reader = threading.Thread(target=lambda: read.append(read_bytes(pipe)))
        reader.start()
        self.assertEqual(self.evaluate("--predictions", "pipe").code, 0)
        reader.join()
        self.assertEqual(read, [read_bytes(self.path("p.csv"))])
        self.assertTrue(stat.S_ISFIFO(os.lstat(pipe).st_mode))

    def test_text_goes_to_the_standard_output_before_the_results(self):
        results = self.evaluate("--predictions", "p.csv")
        lines = results.out.splitlines()
        predictions = read_bytes(self.path("p.csv")).decode().splitlines()

        def assert_both(text):
            given = text.splitlines()
            self.assertEqual(given[:len(predictions)], predictions)
            self.assertEqual([line for line in given[len(predictions):] if "speed" not in line],
                             [line for line in lines if "speed" not in line])

        assert_both(self.evaluate("--predictions", "/dev/stdout").out)
        with open(self.path("both.txt"), "wb") as file:
            self.assertEqual(self.evaluate("--predictions", "/dev/stdout", stdout=file).code, 0)
        assert_both(read_bytes(self.path("both.txt")).decode())

    def test_a_full_device_is_told(self):
        self.assert_error(self.evaluate("--predictions", "/dev/full"), 4, "cannot write '/dev/full': No space left on device",
                          "free some space on the disk")


class Temporaries(OutputsTest):
    """What a killed process has left beside its file goes with the next that writes this file."""

    def setUp(self):
        super().setUp()
        self.succeed("evaluate", "--model", "models/tiny.safetensors", "--data", "data.safetensors")
        kept, = os.listdir(self.path("models/tiny/results"))
        self.left = ["p.csv.Ab12Cd.tmp", "new.Ab12Cd.tmp", "new.png.Ab12Cd.tmp", "made/confusion.json.Ab12Cd.tmp",
                     f"models/tiny/results/{kept}/confusion.json.Ab12Cd.tmp", "chart.svg.Ab12Cd.tmp"]

    def leave(self, names):
        for name in names:
            os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
            with open(self.path(name), "w", encoding="ascii") as file:
                file.write("half")

    def write_all(self):
        self.succeed("preprocess", "--synthetic", 200, "--output", "new", "--preview", "new.png")
        model = ("--model", "models/tiny.safetensors", "--data", "data.safetensors")
        self.succeed("evaluate", *model, "--predictions", "p.csv", "--confusion", "chart.svg")
        self.succeed("interpret", *model, "--output", "made", "--what", "confusion")

    def test_of_the_dead_are_removed_by_every_command(self):
        foreign = ["q.csv.Ab12Cd.tmp", "p.csv.backup.tmp", "p.csv.tmp"]
        self.leave(self.left + foreign)
        self.write_all()
        self.assertEqual([name for name in harness.tree(self.dir) if name.endswith(".tmp")], sorted(foreign))

    def test_of_the_living_are_left(self):
        self.leave(self.left)
        held = [open(self.path(name), "r+b") for name in self.left]
        for file in held:
            fcntl.lockf(file, fcntl.LOCK_EX)
        self.write_all()
        for file in held:
            file.close()
        self.assertEqual([name for name in harness.tree(self.dir) if name.endswith(".tmp")], sorted(self.left))


if __name__ == "__main__":
    harness.main()
