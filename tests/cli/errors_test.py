"""Every error that a user can cause: exact exit code, exact text on stderr, nothing on stdout, no partial files."""

import json
import os
import pickle
import resource
import shutil
import signal

import harness
from harness import CONFIG_HINT, DAMAGED_HINT, config, read_bytes, read_json, state_of, tree, write_json

# Linear layers and plain gradient descent at the highest allowed rate leave the range of float32 within a few steps.
DIVERGING = {
    "model": {"layers": [{"type": "flatten"}, *({"type": "dense", "units": 8},) * 3,
                         {"type": "dense", "units": 10, "activation": "softmax"}]},
    "train": {"optimizer": {"type": "sgd", "learning_rate": 100}, "epochs": 6},
}
MISSING = ("cannot read 'none': No such file or directory", "check the path")
KEPT_HINT = "lower the learning rate or set train.clip_norm; the last checkpoint is kept"


class SystemCall:
    """Pickles as a call of os.system, the textbook attack."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def diverging(**train):
    return config(model=DIVERGING["model"], train={**DIVERGING["train"], **train})


class Files(harness.ProgramTest):
    def test_missing_files_are_named(self):
        write_json(self.path("run.json"), config())
        for arguments, code in [
            (("info", "none"), 4),
            (("preprocess", "--input", "none", "--output", "x"), 4),
            (("train", "--config", "none"), 3),
            (("evaluate", "--model", "none"), 5),
            (("config", "check", "none"), 3),
            (("config", "show", "none"), 3),
        ]:
            with self.subTest(arguments):
                self.assert_error(self.run_svhn(*arguments), code, *MISSING)
        self.assertEqual(tree(self.dir), ["data.safetensors", "run.json"])

    def test_missing_data_are_named_with_the_option_for_them(self):
        hint = "name the prepared file with --data, or make it with `svhn preprocess`"
        message = "cannot read 'none': No such file or directory"
        self.assert_error(self.train(config(), "--data", "none"), 4, message, hint)
        self.assertFalse(os.path.exists(self.path("models")))
        shutil.copy(self.data, self.path("moved"))
        self.assertEqual(self.train(config(data={"file": "moved"})).code, 0)
        os.remove(self.path("moved"))
        message = "cannot read 'moved': No such file or directory"
        model = ("--model", "models/tiny.safetensors")
        for arguments in (("evaluate", *model), ("interpret", *model, "--output", "out"),
                          ("train", "--config", "run.json", "--resume")):
            with self.subTest(arguments):
                self.assert_error(self.run_svhn(*arguments), 4, message, hint)

    def test_unreadable_files_are_named(self):
        if not harness.permissions_hold(self.dir):
            self.skipTest("file permissions do not bind this user")
        for name in ("secret", "secret.json"):
            shutil.copy(self.data, self.path(name))
            os.chmod(self.path(name), 0)
        hint = "check the file's permissions"
        for arguments, code, name in [
            (("info", "secret"), 4, "secret"),
            (("preprocess", "--input", "secret", "--output", "x"), 4, "secret"),
            (("evaluate", "--model", "secret"), 5, "secret"),
            (("config", "check", "secret.json"), 3, "secret.json"),
        ]:
            with self.subTest(arguments):
                result = self.run_svhn(*arguments, before=harness.obey_permissions)
                self.assert_error(result, code, f"cannot read '{name}': Permission denied", hint)

    def test_folders_and_devices_are_not_files(self):
        os.mkdir(self.path("folder"))
        hint = "name a file, not a folder or device"
        for name in ("folder", "/dev/null"):
            with self.subTest(name):
                self.assert_error(self.run_svhn("info", name), 4, f"'{name}' is not a regular file", hint)
                self.assert_error(self.run_svhn("config", "check", name), 3, f"'{name}' is not a regular file", hint)

    def test_foreign_content_is_refused(self):
        with open(self.path("foreign"), "wb") as file:
            file.write(b"garbage garbage")
        text = "'foreign': this is not a safetensors file"
        hint = "svhn's own data and models are safetensors: 'svhn preprocess' and 'svhn train' make them"
        self.assert_error(self.run_svhn("info", "foreign"), 4, text, hint)
        self.assert_error(self.run_svhn("evaluate", "--model", "foreign"), 5, text, hint)
        self.assert_error(self.train(config(), "--data", "foreign"), 4, text, hint)
        self.assert_error(self.run_svhn("info", "run.json"), 4, "'run.json': this is JSON text, not a safetensors file",
                          hint)
        self.assert_error(self.run_svhn("preprocess", "--input", "foreign", "--output", "x"), 4,
                          "'foreign' is none of the known forms of digits",
                          "known are pickles of protocol 2 to 5, MATLAB 5 files, ARFF text and folders of pictures")
        self.assertFalse(os.path.exists(self.path("x")))

    def test_empty_files_are_refused(self):
        open(self.path("empty"), "wb").close()
        self.assert_error(self.run_svhn("info", "empty"), 4,
                          "'empty': the file has 0 bytes, too few for a safetensors file", DAMAGED_HINT)
        self.assert_error(self.run_svhn("preprocess", "--input", "empty", "--output", "x"), 4, "'empty' is empty",
                          "fetch the file again")

    def test_a_data_file_is_not_a_model_and_the_other_way_round(self):
        self.succeed("train", "--config", write_json(self.path("run.json"), config()), "--output", "models")
        self.assert_error(self.run_svhn("evaluate", "--model", "data.safetensors"), 5,
                          "'data.safetensors': a prepared data file, not a model", "name it with --data")
        self.assert_error(self.train(config(), "--output", "other", "--data", "models/tiny.safetensors"), 4,
                          "'models/tiny.safetensors': not a prepared data file (its metadata lacks format "
                          "svhn-prepared-1)", "make the file with `svhn preprocess`")

    def test_truncated_files_are_refused_by_tensor(self):
        write_json(self.path("run.json"), config())
        self.succeed("train", "--config", "run.json", "--output", "models")
        for source, name, tensor in [("data.safetensors", "cut.data", "images"),
                                     ("models/tiny.safetensors", "cut.model", "dense_1.weight")]:
            begin, size = harness.tensor_place(self.path(source), tensor)
            with open(self.path(name), "wb") as file:
                file.write(read_bytes(self.path(source))[:begin + size - 1])
        data, model = self.run_svhn("info", "cut.data"), self.run_svhn("evaluate", "--model", "cut.model")
        for result, code, name in [(data, 4, "cut.data"), (model, 5, "cut.model")]:
            self.assertRegex(result.err, rf"\Asvhn: error: '{name}': tensor '\w+(\.\w+)?' reaches beyond the end of "
                                         rf"the file\nhint: {DAMAGED_HINT}\n\Z")
            self.assertEqual((result.code, result.out), (code, ""))

    def test_a_flipped_bit_is_refused_by_tensor(self):
        shutil.copy(self.data, self.path("bad"))
        begin, size = harness.tensor_place(self.path("bad"), "labels")
        harness.flip_bit(self.path("bad"), begin + size // 2)
        self.assert_error(self.run_svhn("info", "bad"), 4,
                          f"'bad': tensor 'labels' does not match its checksum between its bytes 0 and {size}",
                          DAMAGED_HINT)

    def test_a_truncated_pickle_is_refused(self):
        whole = pickle.dumps({"image": bytes(range(256)) * 12, "label": [1, 2, 3]}, protocol=4)
        with open(self.path("cut.pkl"), "wb") as file:
            file.write(whole[:len(whole) // 2])
        result = self.run_svhn("preprocess", "--input", "cut.pkl", "--output", "x")
        self.assertEqual((result.code, result.out), (4, ""), result)
        self.assertRegex(result.err, r"\Asvhn: error: 'cut.pkl': the pickle [^\n]*\(byte \d+\)\n"
                                     r"hint: the file is incomplete; fetch or save it again\n\Z")
        self.assertFalse(os.path.exists(self.path("x")))

    def test_a_pickle_that_calls_the_system_is_refused_and_nothing_runs(self):
        witness = self.path("ran")
        for protocol in (2, 3, 4, 5):
            with self.subTest(protocol=protocol):
                with open(self.path("evil.pkl"), "wb") as file:
                    pickle.dump((SystemCall(f"touch {witness}"), [], []), file, protocol)
                result = self.run_svhn("preprocess", "--input", "evil.pkl", "--output", "x")
                self.assertEqual((result.code, result.out), (4, ""), result)
                self.assertIn("'evil.pkl'", result.err)
                self.assertIn("posix.system", result.err.splitlines()[0])
                self.assertEqual(len(result.err.splitlines()), 2, result)
                self.assertFalse(os.path.exists(witness), "the pickle's command ran")
        self.assertEqual(os.system(f"touch {witness}"), 0)  # The command would have worked.


class Configs(harness.ProgramTest):
    def check(self, override, message, hint=CONFIG_HINT, code=3):
        """Train and `config show` refuse alike, and train writes nothing."""
        result = self.train(config(), "--set", override, "--output", "models")
        self.assert_error(result, code, message, hint)
        self.assertEqual(tree(self.dir), ["data.safetensors", "run.json"])

    def test_unknown_keys_get_a_suggestion(self):
        self.check("train.epoch=3", "run.json: /train/epoch (--set train.epoch=3): unknown key; did you mean 'epochs'?")
        self.check("zzz=1", "run.json: /zzz (--set zzz=1): unknown key")

    def test_wrong_types_are_named(self):
        for value, found in [('"3"', "the text '3'"), ("2.9", "2.9"), ("true", "true"), ("null", "null"),
                             ("[3]", "a list")]:
            with self.subTest(value):
                self.check(f"train.epochs={value}", f"run.json: /train/epochs (--set train.epochs={value}): expected "
                                                    f"an integer from 1 to 1000000, found {found}")

    def test_values_out_of_range_are_named(self):
        self.check("train.epochs=0", "run.json: /train/epochs (--set train.epochs=0): 0 is out of range, expected an "
                                     "integer from 1 to 1000000")
        self.check("train.optimizer.learning_rate=1e6",
                   "run.json: /train/optimizer/learning_rate (--set train.optimizer.learning_rate=1e6): 1000000.0 is "
                   "out of range, expected a number above 0.0 and at most 100.0")

    def test_unknown_layer_types_get_a_suggestion(self):
        self.check("model.layers.1.type=conv3d", "run.json: /model/layers/1/type (--set model.layers.1.type=conv3d): "
                                                 "unknown value 'conv3d'; did you mean 'conv2d'?")

    def test_shapes_that_do_not_fit_name_file_layer_and_shapes(self):
        self.check('model.layers.0={"type":"max_pool2d","size":2}',
                   "run.json: layer 'dense_1' (dense): needs a vector, but its input is [1,16,16]",
                   "put a flatten layer before it")
        self.check('model.layers.0={"type":"max_pool2d","size":40}',
                   "run.json: layer 'max_pool2d_1' (max_pool2d): its 40x40 window is larger than its input [1,32,32]",
                   'use a smaller window, "padding": "same" or fewer pooling layers')
        self.check("model.layers.4.units=9",
                   "run.json: layer 'dense_2' (dense): the last layer must give 10 numbers, but gives [9]",
                   'end with {"type": "dense", "units": 10, "activation": "softmax"}')

    def test_overrides_that_lead_nowhere_are_named(self):
        self.check("foo", "--set foo is not of the form path=value", "for example --set train.epochs=3", code=2)
        self.check("model.layers.9.units=1", "run.json: --set model.layers.9.units=1: /model/layers is a list of 5 "
                                             "elements, without '9'", "elements are counted from 0")

    def test_all_problems_come_in_one_report(self):
        write_json(self.path("many.json"), {
            "schema": 2, "name": "x y", "train": {"epochs": 0, "batchsize": 3, "optimizer": {"type": "adma"}},
            "model": {"layers": [{"type": "dens", "units": 3}]}})
        problems = [("/schema", "2 is out of range, expected the integer 1"),
                    ("/name", "expected letters, digits, '.', '_' and '-', not starting with '.', found the text 'x y'"),
                    ("/model/layers/0/type", "unknown value 'dens'; did you mean 'dense'?"),
                    ("/train/epochs", "0 is out of range, expected an integer from 1 to 1000000"),
                    ("/train/optimizer/type", "unknown value 'adma'; did you mean 'adam'?"),
                    ("/train/batchsize", "unknown key; did you mean 'batch_size'?")]
        lines = [f"{pointer}: {text}" for pointer, text in problems]
        for command in (("config", "show"), ("train", "--config")):
            with self.subTest(command):
                self.assert_error(self.run_svhn(*command, "many.json"), 3, "many.json: 6 problems: " + "; ".join(lines),
                                  CONFIG_HINT)
        checked = self.run_svhn("config", "check", "many.json")
        expected = "".join(f"svhn: error: many.json: {line}\n" for line in lines) + f"hint: {CONFIG_HINT}\n"
        self.assertEqual((checked.code, checked.out, checked.err), (3, "", expected))
        write_json(self.path("good.json"), config())
        checked = self.run_svhn("config", "check", "--json", "many.json", "good.json", "none.json")
        self.assertEqual((checked.code, checked.err), (3, ""))
        many, good, none = json.loads(checked.out)
        self.assertEqual(many, {"file": "many.json", "valid": False, "hint": CONFIG_HINT,
                                "problems": [{"pointer": p, "message": text} for p, text in problems]})
        self.assertEqual(good, {"file": "good.json", "valid": True, "kind": "run", "name": "tiny", "parameters": 8322})
        self.assertEqual((none["valid"], none["problems"]),
                         (False, [{"pointer": "", "message": "cannot read 'none.json': No such file or directory"}]))

    def test_changes_are_checked_too(self):
        write_json(self.path("good.json"), config())
        checked = self.run_svhn("config", "check", "good.json", "--set", "train.epochs=0", "--json")
        problem, = json.loads(checked.out)[0]["problems"]
        self.assertEqual((checked.code, problem["pointer"], problem["origin"]), (3, "/train/epochs", "--set train.epochs=0"))

    def test_json_that_is_not_strict_is_refused_by_place(self):
        cases = {
            '{"schema":1,"name":"a","name":"b"}': ("/name: duplicate key", "keep one of the two"),
            "[]": ("expected an object, found a list", CONFIG_HINT),
        }
        for text, (message, hint) in cases.items():
            with self.subTest(text):
                with open(self.path("bad.json"), "w", encoding="utf-8") as file:
                    file.write(text)
                self.assert_error(self.run_svhn("config", "check", "bad.json"), 3, f"bad.json: {message}", hint)
        for text, place in [('{"schema":1,\n', "line 2, column 1"), ('{"schema":1,}', "line 1, column 13"),
                            ("// no\n{}", "line 1, column 1")]:
            with self.subTest(text):
                with open(self.path("bad.json"), "w", encoding="utf-8") as file:
                    file.write(text)
                result = self.run_svhn("config", "check", "bad.json")
                self.assertEqual((result.code, result.out), (3, ""), result)
                self.assertTrue(result.err.startswith(f"svhn: error: bad.json: {place}: "), result)
                self.assertEqual(len(result.err.splitlines()), 2, result)

    def test_config_check_looks_at_every_file(self):
        write_json(self.path("good.json"), config())
        write_json(self.path("bad.json"), config(schema=7))
        result = self.run_svhn("config", "check", "none", "bad.json", "good.json")
        self.assertEqual(result.code, 3)
        self.assertEqual(result.out, "good.json: ok, tiny, 8,322 parameters\n")
        self.assertEqual([line for line in result.err.splitlines() if not line.startswith("hint: ")],
                         ["svhn: error: cannot read 'none': No such file or directory",
                          "svhn: error: bad.json: /schema: 7 is out of range, expected the integer 1"])


class Splits(harness.ProgramTest):
    def test_splits_that_would_be_empty_are_refused(self):
        for arguments, code, message, hint in [
            (("--synthetic", 30), 4, "the test split would have 6 rows, fewer than the 10 digits that occur",
             "use more rows or a larger fraction for it"),
            (("--synthetic", 600, "--test-fraction", "0"), 2, "the test fraction 0 is not between 0 and 1",
             "give a share of the rows, such as 0.2"),
            (("--synthetic", 600, "--test-fraction", "1.5"), 2, "the test fraction 1.5 is not between 0 and 1",
             "give a share of the rows, such as 0.2"),
        ]:
            with self.subTest(arguments):
                self.assert_error(self.run_svhn("preprocess", *arguments, "--output", "x"), code, message, hint)
        self.assertEqual(tree(self.dir), ["data.safetensors"])

    def test_training_on_an_empty_split_is_refused(self):
        """A foreign writer's file: a valid prepared file whose validation rows are none."""
        harness.empty_split(self.data, self.path("empty.safetensors"), "val")
        self.assert_error(self.train(config(), "--data", "empty.safetensors"), 4,
                          "'empty.safetensors': the val split is empty",
                          "prepare the data with more images or other fractions")


class Output(harness.ProgramTest):
    def test_a_file_where_a_folder_should_be(self):
        open(self.path("file"), "wb").close()
        hint = "choose a folder that you may write to"
        self.assert_error(self.run_svhn("preprocess", "--synthetic", 100, "--output", "file/x.safetensors"), 4,
                          "cannot create the folder 'file': Not a directory", hint)
        self.assert_error(self.train(config(), "--output", "file"), 4,
                          "cannot create the folder 'file/tiny': Not a directory", hint)
        self.assertEqual(os.path.getsize(self.path("file")), 0)

    def test_a_folder_where_a_file_should_be(self):
        os.makedirs(self.path("folder", "inside"))
        self.assert_error(self.run_svhn("preprocess", "--synthetic", 100, "--output", "folder"), 4,
                          "cannot write 'folder': it is a folder", "name a file")
        self.assertEqual(os.listdir(self.path("folder")), ["inside"])

    def test_a_folder_without_permission(self):
        if not harness.permissions_hold(self.dir):
            self.skipTest("file permissions do not bind this user")
        os.mkdir(self.path("locked"), 0o500)
        hint = "choose a folder that you may write to"
        result = self.run_svhn("preprocess", "--synthetic", 100, "--output", "locked/x", before=harness.obey_permissions)
        self.assert_error(result, 4, "cannot create 'locked/x': Permission denied", hint)
        result = self.train(config(), "--output", "locked", before=harness.obey_permissions)
        self.assert_error(result, 4, "cannot create the folder 'locked/tiny': Permission denied", hint)
        self.assertEqual(os.listdir(self.path("locked")), [])

    def test_standard_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for arguments in (("config", "schema"), ("--help",), ("info", "data.safetensors", "--json")):
                with self.subTest(arguments):
                    result = harness.finish(harness.start(*arguments, cwd=self.dir, stdout=full))
                    self.assertEqual(result.code, 4)
                    self.assertEqual(result.err, "svhn: error: cannot write to the standard output\n"
                                                 "hint: check the disk's free space and the reader of the pipe\n")

    def test_a_full_disk_leaves_the_earlier_data_whole(self):
        with harness.small_disk(self.path("disk"), "2m"):
            self.succeed("preprocess", "--synthetic", 200, "--output", "disk/data")
            before = read_bytes(self.path("disk/data"))
            result = self.run_svhn("preprocess", "--synthetic", 600, "--output", "disk/data")
            self.assert_error(result, 4, "cannot write 'disk/data': No space left on device",
                              "free some space on the disk")
            self.assertEqual(read_bytes(self.path("disk/data")), before)
            self.assertEqual(os.listdir(self.path("disk")), ["data"])

    def test_a_full_disk_leaves_the_last_checkpoint_and_the_run_can_go_on(self):
        """The weights and two moments of the larger network fill the disk after the first files."""
        self.assertEqual(self.train(config(train={"epochs": 3}), "--output", "whole").code, 0)
        with harness.small_disk(self.path("disk"), "1m"):
            self.assertEqual(self.train(config(), "--output", "disk").code, 0)
            checkpoint = self.path("disk/tiny/checkpoints/last.safetensors")
            before = read_bytes(checkpoint)
            with open(self.path("disk/ballast"), "wb", buffering=0) as ballast:
                with self.assertRaises(OSError):
                    while True:
                        ballast.write(bytes(4096))
            result = self.train(config(train={"epochs": 3}), "--output", "disk", "--resume")
            self.assertIn(result.code, (4, 5), result)
            self.assertRegex(result.err, r"svhn: error: cannot \w+ 'disk/[^']*': No space left on device\n"
                                         r"hint: free some space on the disk\n\Z")
            self.assertEqual(read_bytes(checkpoint), before)
            self.assert_no_leftovers(self.path("disk"))
            os.remove(self.path("disk/ballast"))
            self.assertEqual(self.train(config(train={"epochs": 3}), "--output", "disk", "--resume").code, 0)
            for name in ("tiny.safetensors", "tiny.best.safetensors"):
                self.assertEqual(read_bytes(self.path("disk", name)), read_bytes(self.path("whole", name)))

    def test_a_file_that_may_not_grow_leaves_the_last_checkpoint(self):
        """As a full disk, for those who may not mount one: the checkpoint is larger than a file may be."""
        self.assertEqual(self.train(config(), "--output", "models").code, 0)
        checkpoint = self.path("models/tiny/checkpoints/last.safetensors")
        before = read_bytes(checkpoint)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it.
            resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2,) * 2)

        result = self.train(config(train={"epochs": 3}), "--output", "models", "--resume", before=limit)
        self.assertEqual(result.code, 5, result)
        self.assertTrue(result.err.endswith(
            "svhn: error: cannot write 'models/tiny/checkpoints/last.safetensors': File too large\n"
            "hint: raise the limit on the size of files (ulimit -f)\n"), result)
        self.assertEqual(read_bytes(checkpoint), before)
        self.assert_no_leftovers()


class Usage(harness.ProgramTest):
    def test_wrong_command_lines_end_with_2(self):
        write_json(self.path("run.json"), config())
        write_json(self.path("-run.json"), config())
        for line, message, hint in [
            ("", "A subcommand is required", "see svhn --help"),
            ("evalaute", "unknown command 'evalaute'", "did you mean 'svhn evaluate'?"),
            ("zzzzzz", "unknown command 'zzzzzz'", "see svhn --help"),
            ("config shwo", "unknown command 'shwo'", "did you mean 'svhn config show'?"),
            ("config", "A subcommand is required", "see svhn config --help"),
            ("train", "--config is required", "see svhn train --help"),
            ("evaluate", "--model is required", "see svhn evaluate --help"),
            ("info", "file is required", "see svhn info --help"),
            ("info -run.json", "'-run.json' begins like an option", "name the file './-run.json'"),
            ("predict --model x -run.json", "'-run.json' begins like an option", "name the file './-run.json'"),
            ("preprocess --synthetic 100", "--output is required", "see svhn preprocess --help"),
            ("preprocess --output x", "preprocess needs --input or --synthetic",
             "e.g. svhn preprocess --synthetic 8000 --output data/svhn.safetensors"),
            ("preprocess --synthetic 100 --input a --output x", "--input excludes --synthetic",
             "see svhn preprocess --help"),
            ("preprocess --seed 1 --output x", "--seed requires --synthetic", "see svhn preprocess --help"),
            ("preprocess --synthetic 0 --output x", "--synthetic: Value 0 not in range 1 to 10000000",
             "see svhn preprocess --help"),
            ("preprocess --synthetic ten --output x", "--synthetic: Value ten not in range 1 to 10000000",
             "see svhn preprocess --help"),
            ("preprocess --synthetic 100 --seed -1 --output x", "--seed: -1 is negative", "see svhn preprocess --help"),
            ("train --config run.json --seed -1", "--seed: -1 is negative", "see svhn train --help"),
            ("train --config run.json --seed abc", "Could not convert: --seed = abc", "see svhn train --help"),
            ("train --config run.json --bogus", "The following argument was not expected: --bogus",
             "see svhn train --help"),
            ("train --config run.json --resume --overwrite", "--resume excludes --overwrite", "see svhn train --help"),
            ("env --threads -1", "--threads: Value -1 not in range 0 to 1024", "see svhn env --help"),
            ("env --precision half", "--precision: half not in {auto,float32,bfloat16}", "see svhn env --help"),
            ("env --log-level loud", "--log-level is 'loud'",
             "use trace, debug, info, warning, error, critical or off"),
            ("env --device tpu", "--device is 'tpu', but must be auto, cpu, cuda or cuda:INDEX", "e.g. --device cuda:0"),
            ("env --device cuda:1x", "--device is 'cuda:1x', but must be auto, cpu, cuda or cuda:INDEX",
             "e.g. --device cuda:0"),
            ("evaluate --model m --split dev", "--split: dev not in {test,val,train}", "see svhn evaluate --help"),
        ]:
            with self.subTest(line):
                self.assert_error(self.run_svhn(*line.split()), 2, message, hint)
        self.assertEqual(tree(self.dir), ["-run.json", "data.safetensors", "run.json"])

    def test_an_existing_run_is_not_touched(self):
        self.assertEqual(self.train(config(), "--output", "models").code, 0)
        before = state_of(self.path("models"))
        result = self.train(config(train={"epochs": 1}), "--output", "models")
        self.assert_error(result, 2, "'models/tiny.safetensors' exists: there is a run 'tiny' already",
                          "--resume continues it, --overwrite starts over, --output chooses another folder")
        self.assertEqual(state_of(self.path("models")), before)

    def test_a_refused_overwrite_does_not_touch_the_existing_run(self):
        self.assertEqual(self.train(config(), "--output", "models").code, 0)
        before = state_of(self.path("models"))
        self.assertEqual(self.train(config(), "--output", "models", "--overwrite", "--data", "none").code, 4)
        self.assertEqual(state_of(self.path("models")), before)

    def test_showing_a_run_that_is_not_there(self):
        self.assert_error(self.train(config(), "--output", "models", "--no-train"), 2,
                          "there is no finished run 'tiny' in 'models'",
                          "train it first, or name the folder with --output")
        self.assertFalse(os.path.exists(self.path("models")))

    def test_cuda_where_there_is_none(self):
        if harness.read_json(self.env_file())["cuda"]:
            self.skipTest("this machine has CUDA")
        message = ("CUDA was asked for, but LibTorch sees no CUDA device",
                   "use --device cpu, or build against a LibTorch with CUDA (see README)")
        self.assert_error(self.run_svhn("env", "--device", "cuda"), 7, *message)
        self.assert_error(self.train(config(), "--output", "models", "--device", "cuda:0"), 7, *message)
        self.assertFalse(os.path.exists(self.path("models")))

    def env_file(self):
        with open(self.path("env.json"), "w", encoding="utf-8") as file:
            file.write(self.succeed("env", "--json").out)
        return self.path("env.json")


class Divergence(harness.ProgramTest):
    def assert_diverged(self, result, message):
        self.assertEqual(result.code, 6, result)
        self.assertRegex(result.err, rf"(?m)^svhn: error: {message}\nhint: {KEPT_HINT}\n\Z")

    def test_a_loss_that_is_not_a_number_names_epoch_and_step(self):
        result = self.train(diverging(), "--output", "models")
        self.assert_diverged(result, r"epoch 1, step [2-6]: the loss is -?(nan|inf)")
        self.assertFalse(os.path.exists(self.path("models/tiny.safetensors")))
        self.assert_no_leftovers()

    def test_divergence_seen_in_validation_names_epoch_and_step(self):
        """The third step's weights are finite, but no longer the outputs that they give."""
        result = self.train(diverging(steps_per_epoch=3), "--output", "models")
        self.assert_diverged(result, r"epoch 1, step 3: .*not finite.*|epoch 1, step 3: .*not a finite.*")

    def test_the_last_good_checkpoint_is_kept_and_usable(self):
        """A healthy run that goes on at a rate that ruins it ends with the bytes that it had."""
        healthy = {"optimizer": {"type": "sgd", "learning_rate": 0.001}, "epochs": 2}
        self.assertEqual(self.train(diverging(**healthy), "--output", "models").code, 0)
        checkpoint = self.path("models/tiny/checkpoints/last.safetensors")
        before = read_bytes(checkpoint)
        self.assert_diverged(self.train(diverging(), "--output", "models", "--resume"), r"epoch 3, step \d+: .*")
        self.assertEqual(read_bytes(checkpoint), before)
        healthy["epochs"] = 3
        self.assertEqual(self.train(diverging(**healthy), "--output", "models", "--resume").code, 0)
        self.assertEqual(self.train(diverging(**healthy), "--output", "whole").code, 0)
        self.assertEqual(read_bytes(self.path("models/tiny.safetensors")),
                         read_bytes(self.path("whole/tiny.safetensors")))
        self.assertEqual(len(read_json(self.path("models/tiny.history.json"))["loss"]), 3)


if __name__ == "__main__":
    harness.main()
