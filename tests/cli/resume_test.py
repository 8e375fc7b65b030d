"""Exact resume: a run that was ended in any way and resumed gives the bytes of an uninterrupted run."""

import os
import random
import re
import shutil
import signal
import time

import harness
from harness import config, curves, read_bytes, tree, write_json

MODELS = ["tiny.safetensors", "tiny.best.safetensors"]
CHECKPOINT = "tiny/checkpoints/last.safetensors"
WIDE = [{"type": "flatten"}, {"type": "dense", "units": 64, "activation": "selu"}, {"type": "batch_norm"},
        {"type": "dropout", "rate": 0.3}, {"type": "dense", "units": 10, "activation": "softmax"}]
# Everything that has a state of its own: averaged weights, momenta, early stopping, dropout, batch norm, a schedule.
STATEFUL = {
    "epochs": 8, "batch_size": 32, "ema_decay": 0.9, "checkpoint_every_steps": 1,
    "schedule": {"type": "cosine", "warmup_epochs": 1},
    "optimizer": {"type": "adamw", "learning_rate": 0.01, "weight_decay": 0.01},
    "early_stopping": {"monitor": "val_accuracy", "patience": 3, "restore_best": True},
}
PLATEAU = {"epochs": 8, "batch_size": 32, "checkpoint_every_steps": 5,
           "schedule": {"type": "reduce_on_plateau", "patience": 1, "factor": 0.5},
           "optimizer": {"type": "rmsprop", "learning_rate": 0.01, "momentum": 0.9}}


class ResumeTest(harness.ProgramTest):
    def reference(self, document):
        """The uninterrupted run. @returns its seconds."""
        begin = time.monotonic()
        result = self.train(document, "--output", "whole")
        self.assertEqual(result.code, 0, result)
        return time.monotonic() - begin

    def assert_same_run(self, folder="models"):
        for name in MODELS:
            self.assertEqual(read_bytes(self.path(folder, name)), read_bytes(self.path("whole", name)), name)
        for name in ("tiny.history.json", "tiny/history.json"):
            self.assertEqual(curves(self.path(folder, name)), curves(self.path("whole", name)), name)
        self.assertEqual(tree(self.path(folder)), tree(self.path("whole")))

    def start_training(self, document, *arguments):
        write_json(self.path("run.json"), document)
        return harness.start("train", "--config", "run.json", "--threads", 1, "--output", "models", *arguments,
                             cwd=self.dir)

    def checkpoint_time(self):
        try:
            return os.stat(self.path("models", CHECKPOINT)).st_mtime_ns
        except FileNotFoundError:
            return 0

    def wait_for_checkpoints(self, process, count):
        """Until the run has replaced its checkpoint `count` times, or has ended."""
        for _ in range(count):
            seen = self.checkpoint_time()
            harness.wait_until(lambda: self.checkpoint_time() != seen or process.poll() is not None)

    def kill_and_resume(self, document, moment, most=60):
        """Kills the run after `moment(process)` again and again, until it ends by itself. @returns the kills."""
        for kills in range(most):
            process = self.start_training(document, "--resume")
            moment(process)
            process.kill()
            result = harness.finish(process)
            if result.code == 0:
                return kills
            self.assertEqual(result.code, -signal.SIGKILL, result)
        self.fail(f"the run did not come to its end with {most} kills")

    def assert_readable(self, name):
        """A file under a final name is whole at any moment."""
        if os.path.exists(self.path("models", name)):
            self.assertEqual(self.run_svhn("info", f"models/{name}").code, 0, name)


class Killed(ResumeTest):
    def test_at_random_moments_while_every_step_saves(self):
        """A checkpoint a step: nearly every kill falls into the writing of one."""
        document = config(model={"layers": WIDE}, train=STATEFUL)
        self.reference(document)
        draw = random.Random(1)

        def moment(process):
            self.wait_for_checkpoints(process, draw.randint(1, 12))
            time.sleep(draw.uniform(0, 0.01))

        kills = self.kill_and_resume(document, moment)
        self.assertGreaterEqual(kills, 3)
        self.assert_same_run()

    def test_at_random_times_from_the_first_moment_on(self):
        """Also before anything is saved, during validation and between the last epoch and the final files."""
        document = config(model={"layers": WIDE}, train=PLATEAU)
        seconds = self.reference(document)
        draw = random.Random(2)
        for _ in range(6):
            process = self.start_training(document, "--resume")
            time.sleep(draw.uniform(0, 1.2 * seconds))
            process.kill()
            result = harness.finish(process)
            self.assertIn(result.code, (0, -signal.SIGKILL), result)
            for name in (*MODELS, CHECKPOINT):
                self.assert_readable(name)
        self.assertEqual(self.train(document, "--output", "models", "--resume").code, 0)
        self.assert_same_run()

    def test_temporary_files_of_the_killed_are_removed_and_no_others(self):
        document = config()
        self.reference(document)
        self.assertEqual(self.train(document, "--output", "models", "--set", "train.epochs=1").code, 0)
        stale = ["tiny.safetensors.AbC123.tmp", f"{CHECKPOINT}.AbC123.tmp", "tiny/history.json.AbC123.tmp"]
        foreign = ["other.safetensors.AbC123.tmp", "notes.tmp"]
        for name in stale + foreign:
            with open(self.path("models", name), "w", encoding="utf-8") as file:
                file.write("half")
        self.assertEqual(self.train(document, "--output", "models", "--resume").code, 0)
        for name in foreign:
            os.remove(self.path("models", name))
        self.assert_same_run()


class Stopped(ResumeTest):
    def stop(self, document, number, checkpoints=3):
        process = self.start_training(document, "--resume")
        self.wait_for_checkpoints(process, checkpoints)
        process.send_signal(number)
        return harness.finish(process)

    def test_by_a_signal_saves_says_where_and_goes_on(self):
        document = config(model={"layers": WIDE}, train=STATEFUL)
        self.reference(document)
        for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            result = self.stop(document, number)
            self.assertEqual(result.code, code, result)
            last = result.err.splitlines()[-1]
            self.assertRegex(last, rf"\Asvhn: error: stopped by signal {int(number)} after epoch \d+, step \d+; resume "
                                   r"with --resume\Z")
            where = re.search(r"after epoch (\d+), step (\d+)", last)
            self.assert_no_leftovers()
            self.assertFalse(os.path.exists(self.path("models/tiny.safetensors")))
        result = self.train(document, "--output", "models", "--resume")
        self.assertEqual(result.code, 0, result)
        self.assertIn(f"Resuming after epoch {where[1]}, step {where[2]}\n", result.err)
        self.assert_same_run()

    def test_another_count_of_threads_is_told(self):
        self.assertEqual(self.train(config(train={"epochs": 1})).code, 0)
        more = config(train={"epochs": 2})
        said = "the run was trained with 1 thread so far; with 2 threads it ends a little differently"
        self.assertIn(said, self.train(more, "--resume", threads=2).err)
        self.assertNotIn(" so far", self.train(config(train={"epochs": 3}), "--resume", threads=2).err)

    def test_in_the_middle_of_an_epoch_without_checkpoints_of_its_own(self):
        """The signal itself makes the checkpoint; the epoch's sums go on where they were."""
        document = config(model={"layers": WIDE}, train={
            "epochs": 2, "batch_size": 16, "steps_per_epoch": 12000, "checkpoint_every_epochs": 0,
            "schedule": {"type": "one_cycle"}, "optimizer": {"type": "sgd", "momentum": 0.9, "nesterov": True}})
        self.reference(document)
        process = self.start_training(document)
        harness.wait_until(lambda: os.path.exists(self.path("models/tiny/train.log")))
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        result = harness.finish(process)
        self.assertEqual(result.code, 143, result)
        step = int(re.search(r"step (\d+); resume", result.err)[1])
        self.assertTrue(0 < step < 12000, result)
        self.assertEqual(self.train(document, "--output", "models", "--resume").code, 0)
        self.assert_same_run()


class EarlyStopping(harness.ProgramTest):
    """No epoch is better than the first by 1,000, so that patience alone decides when a run ends."""

    WATCH = {"monitor": "val_loss", "min_delta": 1000}

    def train(self, epochs, early, *arguments):
        return super().train(config(train={
            "epochs": epochs, "early_stopping": early and {**self.WATCH, **early}}), *arguments)

    def assert_epochs(self, result, count):
        self.assertEqual(result.code, 0, result)
        self.assertEqual(len(harness.read_json(self.path("models/tiny.history.json"))["loss"]), count, result)

    def setUp(self):
        super().setUp()
        stopped = self.train(9, {"patience": 2})
        self.assertIn("Early stopping ended the run after epoch 3: no better val_loss than in epoch 1\n", stopped.err)
        self.assert_epochs(stopped, 3)

    def test_the_same_again_says_why_nothing_happens(self):
        again = self.train(12, {"patience": 2}, "--resume")
        self.assertIn("Early stopping ended the run after epoch 3: no better val_loss than in epoch 1; "
                      "to train it further, raise early_stopping's patience or leave early_stopping out\n", again.err)
        self.assert_epochs(again, 3)

    def test_more_patience_goes_on_counting_where_it_was(self):
        more = self.train(12, {"patience": 5}, "--resume")
        self.assertIn("Resuming after epoch 3", more.err)
        self.assertIn("Early stopping ended the run after epoch 6: no better val_loss than in epoch 1\n", more.err)
        self.assert_epochs(more, 6)

    def test_none_of_it_trains_to_the_end(self):
        self.assert_epochs(self.train(4, None, "--resume"), 4)
        whole = self.train(4, None, "--resume")
        self.assertIn("The run is complete: 4 epochs; to train it further, raise train.epochs\n", whole.err)

    def test_weights_that_were_not_kept_cannot_be_restored(self):
        before = harness.state_of(self.path("models"))
        self.assert_error(
            self.train(9, {"patience": 5, "restore_best": True}, "--resume"), 2,
            "early stopping would restore the weights of epoch 1, the best so far by val_loss, and the run has "
            "not kept them", "resume without restore_best, or start over with --overwrite")
        self.assertEqual(harness.state_of(self.path("models")), before)


class Refused(ResumeTest):
    """A checkpoint that is damaged, or of another run, is named; nothing is touched."""

    def setUp(self):
        super().setUp()
        self.assertEqual(self.train(config(), "--output", "models").code, 0)
        self.before = harness.state_of(self.path("models"))

    def assert_refused(self, message, hint, *arguments):
        self.assert_error(self.train(config(), "--output", "models", "--resume", *arguments), 5, message, hint)
        self.assertEqual(harness.state_of(self.path("models")), self.before)

    def test_a_flipped_bit_is_refused_by_tensor(self):
        path = self.path("models", CHECKPOINT)
        for tensor in ("dense_1.weight", "optimizer.v.dense_2.bias"):
            with self.subTest(tensor):
                whole = read_bytes(path)
                begin, size = harness.tensor_place(path, tensor)
                harness.flip_bit(path, begin + size // 2, 5)
                self.before = harness.state_of(self.path("models"))
                self.assert_refused(f"'models/{CHECKPOINT}': tensor '{tensor}' does not match its checksum between "
                                    f"its bytes 0 and {size}", harness.DAMAGED_HINT)
                with open(path, "wb") as file:
                    file.write(whole)

    def test_a_flipped_bit_in_the_header_is_refused(self):
        path = self.path("models", CHECKPOINT)
        harness.flip_bit(path, read_bytes(path).index(b'\\"best_epoch\\":') + 16)
        self.before = harness.state_of(self.path("models"))
        self.assert_refused(f"'models/{CHECKPOINT}': the header does not match its checksum", harness.DAMAGED_HINT)

    def test_another_config_is_refused_by_key(self):
        hint = "resume with the same config, or start over with --overwrite"
        for override, key, old, new in [("train.seed=3", "/train/seed", 1, 3),
                                        ("train.batch_size=32", "/train/batch_size", 64, 32),
                                        ("model.layers.1.units=9", "/model/layers/1/units", 8, 9),
                                        ("train.optimizer.type=sgd", "/train/optimizer/type", '"adam"', '"sgd"')]:
            with self.subTest(override):
                result = self.train(config(), "--output", "models", "--resume", "--set", override)
                self.assertEqual((result.code, result.out), (5, ""), result)
                if key == "/train/optimizer/type":  # Its other keys differ too, and which is named first is free.
                    self.assertIn("/train/optimizer/", result.err)
                else:
                    self.assertEqual(result.err, f"svhn: error: 'models/{CHECKPOINT}' was made with {key} = {old}, not "
                                                 f"{new}\nhint: {hint}\n")
                self.assertEqual(harness.state_of(self.path("models")), self.before)

    def test_other_data_is_refused(self):
        self.succeed("preprocess", "--synthetic", 600, "--seed", 2, "--output", "other.safetensors")
        self.assert_refused(f"'models/{CHECKPOINT}' was trained on other data than 'other.safetensors'",
                            "resume with the same prepared file, or start over with --overwrite",
                            "--data", "other.safetensors")

    def test_a_tensor_of_another_shape_is_refused(self):
        """The checkpoint of a wider network under the same name: its config gives it away first."""
        wide = config(model={"layers": WIDE})
        self.assertEqual(self.train(wide, "--output", "wide").code, 0)
        shutil.copy(self.path("wide", CHECKPOINT), self.path("models", CHECKPOINT))
        self.before = harness.state_of(self.path("models"))
        result = self.train(config(), "--output", "models", "--resume")
        self.assertEqual((result.code, result.out), (5, ""), result)
        self.assertRegex(result.err, rf"\Asvhn: error: 'models/{CHECKPOINT}' was made with /model/layers/1/\w+ = ")

    def test_a_model_is_not_a_checkpoint(self):
        shutil.copy(self.path("models/tiny.safetensors"), self.path("models", CHECKPOINT))
        self.before = harness.state_of(self.path("models"))
        self.assert_refused(f"'models/{CHECKPOINT}' is a model, not a checkpoint (no 'state')",
                            "a run's checkpoints lie in OUTPUT/NAME/checkpoints")


if __name__ == "__main__":
    harness.main()
