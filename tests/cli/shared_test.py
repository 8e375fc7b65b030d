"""Files that several processes touch at once: two trainings of one run, a run folder that is removed, data that changes.

A process that must be in the middle of its work is stopped by SIGSTOP there, so no test depends on speed.
"""

import os
import shutil
import signal
import socket

import harness
from harness import config, read_bytes, read_json, write_json

ENDLESS = {"epochs": 3, "batch_size": 16, "steps_per_epoch": 100_000, "checkpoint_every_steps": 1}
IN_USE_HINT = "wait for it or end it, or choose another --output"
CHANGED_HINT = "keep 'data.safetensors' as it is while it is in use; resume a training with --resume"
SQUEEZENET = {"name": "squeezenet1_1", "weights": "random", "input": "torch"}


class SharedTest(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        os.remove(self.path("data.safetensors"))
        shutil.copy(self.data, self.path("data.safetensors"))

    def start(self, *arguments, until="models/tiny/checkpoints/last.safetensors", **how):
        """@returns the process, stopped after it has written the file `until`."""
        if os.path.exists(self.path(until)):
            os.remove(self.path(until))
        process = harness.start(*arguments, "--threads", 1, cwd=self.dir, **how)
        self.addCleanup(self.end, process)
        harness.wait_until(lambda: os.path.exists(self.path(until)) or process.poll() is not None)
        if process.poll() is not None:
            self.fail(harness.finish(process))
        process.send_signal(signal.SIGSTOP)
        return process

    def start_training(self, document=None, *arguments, **how):
        write_json(self.path("run.json"), document or config(train=ENDLESS))
        return self.start("train", "--config", "run.json", *arguments, **how)

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
            process.communicate()

    @staticmethod
    def go_on(process, number=None):
        """@returns how it ended, after the signal if one is given."""
        process.send_signal(signal.SIGCONT)
        if number:
            process.send_signal(number)
        return harness.finish(process)


class OneWriter(SharedTest):
    """Of two processes with one run the second ends before it writes, and names the first."""

    def assert_in_use(self, process, *arguments, folder="models/tiny"):
        result = self.run_svhn(*arguments, "--threads", 1)
        self.assertEqual((result.code, result.out), (2, ""), result)
        who = rf"process {process.pid} on {socket.gethostname()} since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
        self.assertRegex(result.err, rf"\Asvhn: error: '{folder}' is (in use|being searched) by {who}\nhint: {IN_USE_HINT}\n\Z")

    def test_a_training_keeps_others_out(self):
        first = self.start_training()
        before = harness.state_of(self.path("models"))
        for how in ("--resume", "--overwrite"):
            self.assert_in_use(first, "train", "--config", "run.json", how)
        self.assertEqual(harness.state_of(self.path("models")), before)
        self.assertEqual(self.go_on(first, signal.SIGTERM).code, 143)
        self.assertNotIn("tiny/.lock", harness.tree(self.path("models")))

    def test_a_killed_training_keeps_nobody_out(self):
        first = self.start_training()
        first.kill()
        harness.finish(first)
        self.assertIn("tiny/.lock", harness.tree(self.path("models")))
        second = self.start_training(None, "--resume")
        self.assertEqual(self.go_on(second, signal.SIGTERM).code, 143)

    def test_one_beside_it_is_not_kept_out(self):
        self.start_training()
        done = self.train(config(name="other"), "--output", "models")
        self.assertEqual(done.code, 0, done)

    def test_of_several_processes_one_locks(self):
        write_json(self.path("run.json"), config())
        self.succeed("train", "--config", "run.json", "--nproc", 2, "--threads", 1)
        first = self.start_training(config(name="other", train=ENDLESS), until="models/other/checkpoints/last.safetensors")
        result = self.run_svhn("train", "--config", "run.json", "--resume", "--nproc", 2, "--threads", 1)
        self.assertEqual((result.code, result.out), (2, ""), result)
        self.assertEqual(result.err.count(f"'models/other' is in use by process {first.pid} "), 1, result)

    def test_a_transfer_and_a_comparison(self):
        layers = [{"type": "backbone", **SQUEEZENET}, {"type": "flatten"},
                  {"type": "dense", "units": 10, "activation": "softmax"}]
        document = config(model={"layers": layers}, data={"file": "data.safetensors", "preprocess": []}, train=ENDLESS)
        write_json(self.path("transfer.json"), document)
        first = self.start("transfer", "--config", "transfer.json")
        self.assert_in_use(first, "transfer", "--config", "transfer.json", "--resume")
        write_json(self.path("compare.json"), {**document, "name": "all", "compare": {"backbones": [SQUEEZENET]}})
        compare = ("transfer", "--compare", "compare.json")
        second = self.start(*compare, until="models/all/squeezenet1_1/checkpoints/last.safetensors")
        for how in ("--resume", "--overwrite"):
            self.assert_in_use(second, *compare, how, folder="models/all")

    def test_a_search(self):
        space = {"search": "grid", "space": {"/train/batch_size": {"choice": [16]}}}
        write_json(self.path("search.json"), config(train=ENDLESS, tune=space))
        tune = ("tune", "--config", "search.json", "--json", "--quiet")
        first = self.start(*tune, until="models/tiny/trials/trial-0001/checkpoints/last.safetensors")
        for how in ("--resume", "--overwrite"):
            self.assert_in_use(first, *tune, how)


class Hangup(SharedTest):
    """A terminal that is closed sends SIGHUP."""

    def test_saves_like_any_other_stop(self):
        first = self.start_training()
        os.remove(self.path("models/tiny/checkpoints/last.safetensors"))
        result = self.go_on(first, signal.SIGHUP)
        self.assertEqual(result.code, 129, result)
        self.assertRegex(result.err.splitlines()[-1],
                         r"\Asvhn: error: stopped by signal 1 after epoch 0, step \d+; resume with --resume\Z")
        self.succeed("info", "models/tiny/checkpoints/last.safetensors")

    def test_is_ignored_under_nohup(self):
        for count in (1, 2):
            with self.subTest(processes=count):
                first = self.start_training(None, "--nproc", count, "--overwrite",
                                            before=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
                path = self.path("models/tiny/checkpoints/last.safetensors")
                first.send_signal(signal.SIGHUP)
                first.send_signal(signal.SIGCONT)
                for _ in range(3):
                    seen = os.stat(path).st_mtime_ns
                    harness.wait_until(lambda: os.stat(path).st_mtime_ns != seen or first.poll() is not None)
                result = self.go_on(first, signal.SIGTERM)
                self.assertEqual(result.code, 143, result)


class RemovedFolder(SharedTest):
    def test_a_run_folder_that_is_removed_is_made_again(self):
        document = config(train={"epochs": 2, "batch_size": 16, "steps_per_epoch": 500, "checkpoint_every_steps": 1,
                                 "tensorboard": True})
        first = self.start_training(document)
        # It may have been stopped while it wrote one.
        files = {name for name in harness.tree(self.path("models")) if not name.endswith((".lock", ".tmp"))}
        resolved = read_bytes(self.path("models/tiny/config.resolved.json"))
        shutil.rmtree(self.path("models/tiny"))
        result = self.go_on(first)
        self.assertEqual(result.code, 0, result)
        made = set(harness.tree(self.path("models")))
        self.assertEqual(files - made, set())
        self.assertNotIn("tiny/.lock", made)
        self.assertEqual(read_bytes(self.path("models/tiny/config.resolved.json")), resolved)
        self.assertEqual(len(read_json(self.path("models/tiny/history.json"))["loss"]), 2)
        self.assertIn(b"the run folder was removed and is made again\n", read_bytes(self.path("models/tiny/train.log")))
        self.assertIn(b"brain.Event:2", read_bytes(self.path("models/tiny/events.out.tfevents.0.svhn")))
        done = self.train(document, "--output", "models", "--resume", "--set", "train.epochs=3")
        self.assertEqual(done.code, 0, done)

    def test_another_process_that_took_the_folder_ends_the_first(self):
        first = self.start_training()
        shutil.rmtree(self.path("models/tiny"))
        second = self.start_training(config(train=ENDLESS), "--overwrite")
        result = self.go_on(first)
        self.assertEqual(result.code, 4, result)
        self.assertRegex(result.err.splitlines()[-2], "^svhn: error: the folder was removed during the run, and now "
                                                      rf"'models/tiny' is in use by process {second.pid} on ")

    def test_a_best_model_that_is_gone_for_good_is_told(self):
        """With a learning rate of nearly 0 no later epoch is better than the first."""
        document = config(train={"epochs": 2, "optimizer": {"type": "sgd", "learning_rate": 1e-30}, "batch_size": 16,
                                 "steps_per_epoch": 300, "checkpoint_every_steps": 1})
        document["model"] = {"layers": [{"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}]}
        first = self.start_training(document, until="models/tiny.best.safetensors")
        shutil.rmtree(self.path("models"))
        result = self.go_on(first)
        self.assertEqual((result.code, result.err.splitlines()[-2:]), (4, [
            "svhn: error: 'models/tiny.best.safetensors' is missing: it was removed during the run",
            "hint: the run's other files are complete"]), result)
        self.succeed("info", "models/tiny.safetensors")


class ChangedData(SharedTest):
    """`cp` over a file that is mapped: a shorter one ends a process by SIGBUS, others give other pixels."""

    def overwrite(self, content):
        with open(self.path("data.safetensors"), "wb") as file:
            file.write(content)

    def test_ends_a_training_whose_checkpoint_stays_whole(self):
        whole = read_bytes(self.data)
        document = config(train={**ENDLESS, "steps_per_epoch": 300, "epochs": 1000})
        for content in (b"", whole[:5000], whole[:len(whole) // 2], whole[:-1] + b"x", whole + whole):
            with self.subTest(bytes=len(content)):
                first = self.start_training(document, "--overwrite")
                self.overwrite(content)
                result = self.go_on(first)
                self.assertEqual(result.code, 4, result)
                self.assertEqual(result.err.splitlines()[-2:], [
                    "svhn: error: 'data.safetensors' was changed by another process while it was in use",
                    f"hint: {CHANGED_HINT}"])
                self.succeed("info", "models/tiny/checkpoints/last.safetensors")
                self.overwrite(whole)
        done = self.train(document, "--output", "models", "--resume", "--set", "train.epochs=1")
        self.assertEqual(done.code, 0, done)

    def test_a_file_that_is_replaced_is_still_the_former_one(self):
        first = self.start_training(config(train={**ENDLESS, "steps_per_epoch": 300, "epochs": 2}))
        with open(self.path("new"), "wb") as file:
            file.write(b"short")
        os.replace(self.path("new"), self.path("data.safetensors"))
        self.assertEqual(self.go_on(first).code, 0)


if __name__ == "__main__":
    harness.main()
