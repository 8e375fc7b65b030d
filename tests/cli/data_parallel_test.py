"""Data-parallel training: several processes write the files of one run, and a resume gives the same bytes."""

import json
import os
import signal

import harness
from harness import children, config, curves, read_bytes, read_json, tree, write_json

SAVED = ["tiny.safetensors", "tiny.best.safetensors"]
LAYERS = [{"type": "conv2d", "filters": 4, "kernel": 3, "activation": "selu"}, {"type": "batch_norm"},
          {"type": "max_pool2d", "size": 2}, {"type": "dropout", "rate": 0.2}, {"type": "flatten"},
          {"type": "dense", "units": 8, "activation": "selu"}, {"type": "batch_norm"},
          {"type": "dense", "units": 10, "activation": "softmax"}]


def document(**train):
    """384 images in batches of 50: the last one has 34, which two processes share evenly and three do not."""
    return config(model={"layers": LAYERS}, train={"batch_size": 50, "checkpoint_every_steps": 1, **train})


class DataParallel(harness.ProgramTest):
    def train_many(self, run, count, *arguments):
        return self.train(run, "--nproc", count, *arguments)

    def start(self, run, *arguments):
        write_json(self.path("run.json"), run)
        return harness.start("train", "--config", "run.json", "--threads", 1, "--nproc", 2, "--output", "models",
                             *arguments, cwd=self.dir)

    def wait_for_step(self, process):
        place = self.path("models", "tiny/checkpoints/last.safetensors")
        harness.wait_until(lambda: os.path.exists(place) or process.poll() is not None)

    def assert_same_run(self):
        for name in SAVED:
            self.assertEqual(read_bytes(self.path("models", name)), read_bytes(self.path("whole", name)), name)
        self.assertEqual(curves(self.path("models/tiny.history.json")), curves(self.path("whole/tiny.history.json")))
        self.assertEqual(tree(self.path("models")), tree(self.path("whole")))

    def test_processes_end_where_one_does(self):
        run = document(optimizer={"type": "sgd", "learning_rate": 0.01})
        one = self.train(run, "--output", "one")
        three = self.train_many(run, 3, "--output", "three")
        self.assertEqual((one.code, three.code), (0, 0), three)
        self.assertEqual(tree(self.path("three")), tree(self.path("one")))
        for key, values in curves(self.path("three/tiny.history.json")).items():
            for i, expected in enumerate(curves(self.path("one/tiny.history.json"))[key]):
                self.assertAlmostEqual(values[i], expected, delta=1e-3, msg=key)
        self.assertEqual(three.err.count("epoch 2/2"), 1, three)
        self.assertEqual(three.out.count("three/tiny.safetensors"), 1, three)
        summary = read_json(self.path("three/tiny/summary.json"))
        self.assertEqual(summary["processes"], 3)
        self.assertTrue(0 <= summary["reduction"]["hidden"] <= 1, summary)

    def test_a_killed_process_and_a_stop_leave_what_goes_on_to_the_same_bytes(self):
        run = document(epochs=3)
        whole = self.train_many(run, 2, "--output", "whole")
        self.assertEqual(whole.code, 0, whole)
        process = self.start(run)
        self.wait_for_step(process)
        os.kill(children(process.pid)[1], signal.SIGKILL)
        killed = harness.finish(process)
        self.assertEqual(killed.code, 7, killed)
        self.assertIn("rank 1", killed.err)
        stopped = self.stop_soon(run)
        self.assertEqual(stopped.code, 128 + signal.SIGTERM, stopped)
        self.assertEqual(stopped.err.count("resume with --resume"), 1, stopped)
        resumed = self.train_many(run, 2, "--output", "models", "--resume")
        self.assertEqual(resumed.code, 0, resumed)
        self.assertNotIn("ends a little differently", resumed.err)
        self.assert_same_run()

    def stop_soon(self, run):
        """Goes on with the run and asks its launcher to stop once a step was saved."""
        place = self.path("models", "tiny/checkpoints/last.safetensors")
        before = os.stat(place).st_mtime_ns
        process = self.start(run, "--resume")
        harness.wait_until(lambda: os.stat(place).st_mtime_ns != before or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        return harness.finish(process)

    def test_another_number_of_processes_goes_on_and_is_told(self):
        self.assertEqual(self.train_many(document(epochs=1), 2, "--output", "models").code, 0)
        more = self.train(document(epochs=2), "--output", "models", "--resume")
        self.assertEqual(more.code, 0, more)
        self.assertIn("warning: the run was trained with 2 processes", more.err)

    def test_a_dry_run_speaks_once_and_writes_nothing(self):
        before = tree(self.dir) + ["run.json"]
        result = self.train_many(document(), 2, "--dry-run", "--json", "--output", "models")
        self.assertEqual(result.code, 0, result)
        told = json.loads(result.out)
        self.assertEqual((told["batch_size"], told["processes"]), (50, 2))
        self.assertTrue(told["seconds_per_step"] > 0 and told["peak_megabytes"] > 0, told)
        result = self.train_many(document(), 2, "--dry-run", "--output", "models")
        self.assertEqual(result.out.count("Each batch of 50 is shared by 2 processes"), 1, result)
        self.assertEqual(tree(self.dir), sorted(before))

    def test_divergence_is_told_once(self):
        layers = [{"type": "flatten"}, {"type": "dense", "units": 8}, {"type": "dense", "units": 8},
                  {"type": "dense", "units": 10, "activation": "softmax"}]
        wild = config(model={"layers": layers}, train={"optimizer": {"type": "sgd", "learning_rate": 100}})
        result = self.train_many(wild, 2, "--output", "models")
        self.assertEqual(result.code, 6, result)
        self.assertEqual(result.err.count("svhn: error: epoch 1, step "), 1, result)


if __name__ == "__main__":
    harness.main()
