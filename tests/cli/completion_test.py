"""Completion in bash, zsh and fish: what the program offers, and what the shells make of it."""

import fcntl
import glob
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
import unittest

import harness
from harness import config, write_json

SHELL_SECONDS = 60
SHELLS = ("bash", "zsh", "fish")
# Names that a shell would read otherwise, and the beginning that is typed of each.
HOSTILE = ["my model.safetensors", "quo\"te's.safetensors", "new\nline.safetensors", "a:b.safetensors",
           "$(touch owned).safetensors", "`touch owned`.safetensors", "semi;touch owned.safetensors",
           "eq=ual.safetensors", "-dash.safetensors", "umläut.safetensors"]


def listed(text):
    """Commands or options in a help text: the words at the beginning of its lines."""
    return re.findall(r"(?m)^  (?:-\w,)?(--[a-z-]+|[a-z]+)\b", text.split("\nExample:")[0])


class CommandsTest(harness.FolderTest):
    def commands(self, *above):
        """Every command, as the helps list them."""
        names = listed(self.succeed(*above, "--help").out.partition("\nSubcommands:\n")[2])
        found = [(*above, name) for name in names]
        return found + [deeper for command in found for deeper in self.commands(*command)]


class Answers(CommandsTest):
    """What `svhn __complete` says, of which the scripts are only the messengers."""

    def ask(self, *words, shell="fish"):
        result = self.succeed("__complete", shell, "", *words)
        self.assertEqual(result.err, "")
        return result.out.split("\0")[:-1]

    def offered(self, *words):
        return [candidate.split("\t")[0] for candidate in self.ask(*words)]

    def test_commands_are_those_of_the_help(self):
        for above in [(), ("config",)]:
            names = [command[-1] for command in self.commands(*above) if len(command) == len(above) + 1]
            self.assertGreater(len(names), 2)
            self.assertEqual(self.offered(*above, ""), names)
        self.assertIn("train\tTrain a network from a config", self.ask(""))

    def test_options_of_every_command_are_those_of_its_help(self):
        common = listed(self.succeed("--help").out.partition("\nSubcommands:\n")[0])
        self.assertIn("--threads", common)
        commands = self.commands()
        self.assertGreater(len(commands), 12)
        for command in commands:
            with self.subTest(command):
                own = [name for name in listed(self.succeed(*command, "--help").out) if name.startswith("--")]
                self.assertEqual(sorted(self.offered(*command, "--")), sorted(set(own + common)))

    def test_commands_for_programs_are_not_offered(self):
        self.assertEqual([name for name in self.offered("") if name.startswith("_")], [])
        self.assertNotIn("__complete", self.succeed("--help").out)
        result = self.run_svhn("__complet")
        self.assert_error(result, 2, "unknown command '__complet'", "see svhn --help")

    def test_options_are_offered_once_and_only_where_they_may_stand(self):
        self.assertNotIn("--split", self.offered("evaluate", "--split", "val", "--"))
        self.assertNotIn("--overwrite", self.offered("train", "--resume", "--"))
        self.assertIn("--set", self.offered("train", "--set", "train.epochs=3", "--"))
        self.assertEqual([name for name in self.offered("info", "--", "--") if name.startswith("-")], [])
        self.assertIn("--quiet", self.offered("--threads", "2", "config", "show", "--"))

    def test_choices(self):
        for words in (["--split", ""], ["--quiet", "--split", "t"], ["--threads", "2", "--split", ""]):
            self.assertEqual(self.offered("evaluate", *words), ["test", "val", "train"])
        self.assertEqual(self.offered("evaluate", "--split=v"), ["--split=test", "--split=val", "--split=train"])
        self.assertEqual(self.offered("--precision", ""), ["auto", "float32", "bfloat16"])
        self.assertEqual(self.offered("completion", ""), list(SHELLS))
        self.assertIn("vgg16", self.offered("transfer", "--backbone", ""))
        self.assertEqual(self.offered("train", "--seed", ""), [], "any number")

    def test_lists_with_commas(self):
        every = self.offered("interpret", "--what", "")
        self.assertIn("tsne", every)
        left = [f"confusion,{part}" for part in every if part != "confusion"]
        self.assertEqual(self.offered("interpret", "--what", "confusion,ts"), left)
        self.assertEqual(self.offered("interpret", "--what=confusion,"), ["--what=" + part for part in left])

    def test_settings_are_the_keys_of_the_schema(self):
        schema = json.loads(self.succeed("config", "schema").out)["properties"]
        optimizer = schema["train"]["properties"]["optimizer"]["properties"]
        for command in ("train", "tune", "transfer"):
            self.assertEqual(self.offered(command, "--set", "train.optimizer."),
                             [f"train.optimizer.{key}=" for key in optimizer])
        self.assertEqual(self.offered("train", "--set", "train.optimizer.type="),
                         ["train.optimizer.type=" + name for name in optimizer["type"]["enum"]])
        self.assertEqual({value.split(".")[0].rstrip("=") for value in self.offered("train", "--set", "")},
                         set(schema))
        self.assertIn("train.optimizer.", self.offered("train", "--set", "train."))
        self.assertNotIn("train.semantics=", self.offered("train", "--set", "train."), "a former name")
        self.assertIn('train.epochs=\tNumber of epochs in all (default: 50)', self.ask("train", "--set", "train.ep"))
        self.assertEqual(self.offered("train", "--set", "train.optimizer.nesterov="),
                         ["train.optimizer.nesterov=true", "train.optimizer.nesterov=false"])
        both = self.offered("train", "--set", "train.early")
        self.assertTrue({"train.early_stopping.", "train.early_stopping="} <= set(both), "an object or null")
        self.assertEqual(self.offered("train", "--set", "train.early_stopping="), ["train.early_stopping=null"])
        self.assertIn("tune.trials=", self.offered("tune", "--set", "tune."))
        self.assertEqual(self.offered("train", "--set", "nothing.here."), [])

    def test_settings_know_the_layers_of_the_config(self):
        write_json(self.path("run.json"), config())
        for line in (["train", "--config", "run.json"], ["train", "--config=run.json"], ["config", "show", "run.json"]):
            with self.subTest(line):
                self.assertEqual(self.ask(*line, "--set", "model.layers."),
                                 ["model.layers.0.\tflatten", "model.layers.1.\tdense", "model.layers.2.\tbatch_norm",
                                  "model.layers.3.\tdropout", "model.layers.4.\tdense"])
        offered = self.offered("train", "--config", "run.json", "--set", "model.layers.1.")
        self.assertIn("model.layers.1.units=", offered)
        self.assertNotIn("model.layers.1.rate=", offered, "that is dropout's")
        self.assertIn("model.layers.1.activation=selu",
                      self.offered("train", "--config", "run.json", "--set", "model.layers.1.activation="))
        self.assertEqual(self.offered("train", "--set", "model.layers."), [])

    def test_configs_by_name_and_by_file(self):
        os.makedirs(self.path("configs"))
        for name in ("q7_1", "q7_2"):
            write_json(self.path("configs", name + ".json"), config())
        write_json(self.path("mine.json"), config())
        for words in (["train", "--config"], ["transfer", "--compare"], ["config", "check"]):
            offered = self.offered(*words, "")
            self.assertEqual(offered[-2:], ["configs/", "mine.json"])
            shipped = {os.path.basename(path)[:-len(".json")] for path in glob.glob(harness.SOURCE + "/configs/*.json")}
            self.assertEqual(offered[:-2], sorted({"q7_1", "q7_2", *shipped}))
        self.succeed("config", "check", *offered[:-2])
        self.assertEqual(self.offered("train", "--config", "configs/q7_2")[-1], "configs/q7_2.json")

    def test_files_by_their_endings(self):
        for name in ("a.safetensors", "b.h5", "c.mat", "d.arff", "e.txt", "data.safetensors", ".hidden.safetensors"):
            with open(self.path(name), "w", encoding="ascii"):
                pass
        os.makedirs(self.path("folder"))
        kept = ["a.safetensors", "data.safetensors", "folder/"]
        for words in (["train", "--data"], ["interpret", "--onto"]):
            self.assertEqual(self.offered(*words, ""), kept)
        for words in (["info"], ["evaluate", "--model"]):
            self.assertEqual([name for name in self.offered(*words, "") if "." in name or "/" in name], kept)
            self.assertIn("demo", self.offered(*words, ""))
            self.succeed("info", "demo")
        self.assertEqual(self.offered("preprocess", "--input", ""), ["c.mat", "d.arff", "folder/"])
        self.assertEqual(self.offered("preprocess", "--input", "c.mat", "d"), ["d.arff"])
        self.assertEqual(self.offered("convert", "--input", "b"), ["b.h5"])
        self.assertEqual(self.offered("report", "--runs", ""), ["folder/"])
        self.assertEqual(self.offered("train", "--output", ""), ["folder/"])
        self.assertEqual(self.offered("evaluate", "--predictions", "e"), ["e.txt"])
        self.assertEqual(self.offered("train", "--data", "."), [".hidden.safetensors"])
        self.assertEqual(self.offered("train", "--data", self.path("a")), [self.path("a.safetensors")])
        home = self.succeed("__complete", "fish", "", "train", "--data", "~/a", env={"HOME": self.dir}).out
        self.assertEqual(home, "~/a.safetensors\0")

    def test_layers_are_those_of_the_model(self):
        document = json.loads(self.succeed("info", "demo", "--json").out)
        layers = [f"{layer['name']}\t{layer['type']}" for layer in document["layers"]]
        self.assertGreater(len(layers), 3)
        for line in (["--model", "demo"], ["--model=models/demo.safetensors"],
                     ["--model", os.path.join(harness.SOURCE, "models/demo.safetensors")]):
            self.assertEqual(self.ask("interpret", *line, "--layer", ""), layers)
        self.assertEqual(self.ask("interpret", "--layer", ""), [])

    def test_damaged_and_strange_files_offer_nothing(self):
        for name, content in (("bad.safetensors", b"\xff" * 100), ("bad.json", b'{"model": ')):
            with open(self.path(name), "wb") as file:
                file.write(content)
        os.mkfifo(self.path("pipe"))
        for model in ("bad.safetensors", "pipe", "none", "/dev/zero"):
            self.assertEqual(self.ask("interpret", "--model", model, "--layer", ""), [], model)
        for name in ("bad.json", "pipe", "none", "/dev/zero"):
            self.assertEqual(self.ask("train", "--config", name, "--set", "model.layers."), [], name)
            self.assertIn("train.epochs=", self.offered("train", "--config", name, "--set", "train."), name)

    def test_words_that_no_command_knows(self):
        for words in (["nothing", "--x", ""], ["evaluate", "--none", "x", "--none=", "--split"], ["--"], ["--", "--", ""]):
            self.run_svhn("__complete", "bash", "", *words)
            self.assertEqual(self.succeed("__complete", "zsh", "", *words).err, "")
        self.assert_error(self.run_svhn("__complete", "bash"), 2, "a shell, a head and words are needed",
                          "svhn completion prints the scripts that call this")
        self.assert_error(self.run_svhn("__complete", "csh", "", ""), 2, "no shell is called 'csh'",
                          "use bash, zsh or fish")

    def test_answers_load_neither_libtorch_nor_opencv(self):
        result = self.succeed("__complete", "fish", "", "train", "--set", "train.", env={"LD_DEBUG": "libs"})
        libraries = re.findall(r"calling init: (\S+)", result.err)
        self.assertTrue(libraries)
        self.assertEqual([name for name in libraries if re.search(r"torch|c10|opencv|cuda", name)], [])


class Scripts(CommandsTest):
    def script(self, shell):
        with open(self.path("script"), "w", encoding="utf-8") as file:
            file.write(self.succeed("completion", shell).out)
        return self.path("script")

    def test_each_shell_finds_its_script_well_formed(self):
        for shell in SHELLS:
            with self.subTest(shell):
                if shutil.which(shell) is None:
                    self.skipTest(f"{shell} is not installed")
                done = subprocess.run([shell, "-n", self.script(shell)], capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    @unittest.skipIf(shutil.which("shellcheck") is None, "shellcheck is not installed")
    def test_shellcheck_has_nothing_to_say(self):
        done = subprocess.run(["shellcheck", "-s", "bash", self.script("bash")], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_another_shell_is_refused(self):
        result = self.run_svhn("completion", "csh")
        self.assertEqual((result.code, result.out), (2, ""))
        self.assertIn("csh not in {bash,zsh,fish}", result.err)


class ShellTest(CommandsTest):
    """A folder of hostile names, in which shells complete."""

    shell = ""

    def setUp(self):
        if shutil.which(self.shell) is None:
            self.skipTest(f"{self.shell} is not installed")
        super().setUp()
        for name in HOSTILE:
            with open(self.path(name), "w", encoding="ascii"):
                pass
        os.makedirs(self.path("run folder"))
        os.makedirs(self.path("configs"))
        write_json(self.path("configs", "q9_9.json"), config())

    def tearDown(self):
        self.assertFalse(os.path.exists(self.path("owned")), "a name was executed")

    def environment(self):
        path = os.path.dirname(harness.PROGRAM) + ":" + os.environ["PATH"]
        return harness.environment({"PATH": path, "HOME": self.base, "TERM": "xterm", "HISTFILE": "/dev/null",
                                    "INPUTRC": "/dev/null"})

    def run_shell(self, *words):
        done = subprocess.run([self.shell, *words], cwd=self.dir, env=self.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=harness.SECONDS, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def type(self, words, setting_up, keys, expected):
        """Types keys at a prompt, and waits for what is expected to appear behind them."""
        terminal = Terminal(words, self.dir, self.environment())
        try:
            terminal.type(setting_up + "; PS1='rea''dy> '\n", "ready> ")
            terminal.type(keys, expected)
        finally:
            terminal.close()


class Terminal:
    """A program on a terminal of 200 columns."""

    def __init__(self, words, folder, environment):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(folder)
                os.execvpe(words[0], words, environment)
            finally:
                os._exit(127)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))

    def type(self, keys, expected):
        os.write(self.descriptor, keys.encode())
        seen, end = "", time.monotonic() + SHELL_SECONDS
        while expected not in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen):  # Without colours and the like.
            if not select.select([self.descriptor], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"{expected!r} did not appear behind {keys!r}, but {seen!r}")
            seen += os.read(self.descriptor, 65536).decode(errors="replace")

    def close(self):
        os.close(self.descriptor)  # Ends the shell: its terminal is gone.
        os.waitpid(self.pid, 0)


class Bash(ShellTest):
    shell = "bash"
    QUESTION = r"""
        source <(svhn completion bash)
        compopt() { told+=("$*"); }
        told=() COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=("${@:2}")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _svhn svhn "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        ((${#COMPREPLY[@]})) && printf '%s\0' "${COMPREPLY[@]}"
        printf '%s\0' "${told[*]}"
    """

    def replies(self, line, *words):
        """What the function leaves in COMPREPLY, and its calls of compopt; the words are bash's pieces."""
        *values, told = self.run_shell("--norc", "-c", self.QUESTION, "bash", line, *words).split("\0")[:-1]
        return values, told

    def test_words(self):
        self.assertEqual(self.replies("svhn ev", "svhn", "ev"), (["evaluate"], "+o default +o bashdefault"))
        self.assertEqual(self.replies("svhn evaluate --sp", "svhn", "evaluate", "--sp")[0], ["--split"])
        self.assertEqual(self.replies("svhn evaluate --split ", "svhn", "evaluate", "--split", "")[0],
                         ["test", "val", "train"])

    def test_pieces_that_bash_breaks_words_into(self):
        pieces = ["svhn", "evaluate", "--split", "="]
        self.assertEqual(self.replies("svhn evaluate --split=", *pieces)[0], ["test", "val", "train"])
        self.assertEqual(self.replies("svhn evaluate --split=va", *pieces, "va")[0], ["val"])
        keys, told = self.replies("svhn train --set train.optimizer.ty", "svhn", "train", "--set", "train.optimizer.ty")
        self.assertEqual(keys, ["train.optimizer.type="])
        self.assertIn("-o nospace", told)
        self.assertEqual(self.replies("svhn train --set train.optimizer.type=rm", "svhn", "train", "--set",
                                      "train.optimizer.type", "=", "rm")[0], ["rmsprop"])
        self.assertEqual(self.replies("svhn info a:", "svhn", "info", "a", ":")[0], ["b.safetensors"])
        self.assertEqual(self.replies("svhn info a:b", "svhn", "info", "a", ":", "b")[0], ["b.safetensors"])

    def test_only_what_stands_before_the_cursor_counts(self):
        question = self.QUESTION.replace("${#1}", "13")
        out = self.run_shell("--norc", "-c", question, "bash", "svhn config shXYZ", "svhn", "config", "shXYZ")
        self.assertEqual(out.split("\0")[0], "show")

    def test_quoted_words(self):
        for typed in ("my\\ m", '"my m', "'my m", "$'my m"):
            values, told = self.replies(f"svhn info {typed}", "svhn", "info", typed)
            self.assertEqual(values, ["my model.safetensors"], typed)
            self.assertIn("-o filenames", told)
        self.assertEqual(self.replies("svhn info '$(", "svhn", "info", "'$(")[0], ["$(touch owned).safetensors"])

    def test_files_with_any_name(self):
        values, _ = self.replies("svhn evaluate --data ", "svhn", "evaluate", "--data", "")
        self.assertEqual(sorted(values), sorted([*HOSTILE, "configs", "run folder"]))

    def test_bash_completes_other_files_and_expands_words_itself(self):
        for line in ("svhn evaluate --predictions ", "svhn info $HO", "svhn info ~/", "svhn info `"):
            values, told = self.replies(line, *line.split(" "))
            self.assertEqual((values, told), ([], ""), line)
        self.assertEqual(self.replies("svhn env > my", "svhn", "env", ">", "my"), ([], ""))

    def test_a_key_on_a_terminal(self):
        for keys, expected in (("svhn info my\t", "my\\ model.safetensors "),
                               ("svhn evaluate --model=\"my\t", "\"my model.safetensors\" "),
                               ("svhn info '$(\t", "'$(touch owned).safetensors' "),
                               ("svhn info sem\t", "semi\\;touch\\ owned.safetensors "),
                               ("svhn info run\t", "run\\ folder/"),
                               ("svhn info a:\t", "a:b.safetensors "),
                               ("svhn train --config q9\t", "q9_9 "),
                               ("svhn train --set train.optimizer.type=rm\t", "type=rmsprop "),
                               ("svhn ev\t", "evaluate ")):
            with self.subTest(keys):
                self.type(["bash", "--norc", "--noprofile"], "source <(svhn completion bash)", keys, expected)


class Zsh(ShellTest):
    shell = "zsh"

    def test_a_key_on_a_terminal(self):
        start = "autoload -Uz compinit; compinit -u -D; source <(svhn completion zsh)"
        for keys, expected in (("svhn info my\t", "\\ model.safetensors"),
                               ("svhn evaluate --model=my\t", "\\ model.safetensors"),
                               ("svhn info new\t", "$'\\n'line.safetensors"),
                               ("svhn info semi\t", "\\;touch\\ owned.safetensors"),
                               ("svhn info a\t", ":b.safetensors"),
                               ("svhn info run\t", "\\ folder/"),
                               ("svhn train --config q9\t", "q9_9 "),
                               ("svhn train --set train.optimizer.type=rm\t", "rmsprop "),
                               ("svhn interpret --what confusion,mis\t", "misclassified "),
                               ("svhn evaluate --split \t", "test "),
                               ("svhn \t", "-- Train a network from a config")):
            with self.subTest(keys):
                self.type(["zsh", "-f"], start, keys, expected)


class Fish(ShellTest):
    shell = "fish"

    def replies(self, line):
        return self.run_shell("--no-config", "-c", 'svhn completion fish | source; complete -C"$argv[1]"', line)

    def test_lines(self):
        self.assertEqual(self.replies("svhn ev"), "evaluate\tEvaluate a model: accuracy, calibration, confusion\n")
        self.assertEqual(self.replies("svhn evaluate --split v"), "val\n")
        self.assertEqual(self.replies("svhn evaluate --split=v"), "--split=val\n")
        self.assertEqual(self.replies("X=1 svhn completion f"), "fish\n")
        self.assertEqual(self.replies("svhn train --config q9"), "q9_9\n")
        self.assertEqual(self.replies("svhn interpret --what confusion,mis"), "confusion,misclassified\n")
        self.assertEqual(self.replies("svhn train --set train.optimizer.type=rm"), "train.optimizer.type=rmsprop\n")
        self.assertIn("train.epochs=\tNumber of epochs in all", self.replies("svhn train --set train.ep"))

    def test_files_with_any_name(self):
        self.assertEqual(self.replies("svhn evaluate --data ").splitlines(),
                         "\n".join(sorted([*HOSTILE, "configs/", "run folder/"])).splitlines())
        for typed in ("my\\ m", '"my m', "'my m"):
            self.assertEqual(self.replies(f"svhn info {typed}"), "my model.safetensors\n")


if __name__ == "__main__":
    harness.main()
