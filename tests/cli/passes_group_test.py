"""evaluate and interpret with several processes: the files and output of one process; killed and stopped processes."""

import contextlib
import json
import os
import shutil
import signal
import time

import harness
from group_test import alive, free_port
from harness import children, config, read_bytes, read_json, state_of, tree, write_json

LAYERS = [{"type": "conv2d", "filters": 4, "kernel": 3, "activation": "selu"}, {"type": "batch_norm"},
          {"type": "max_pool2d", "size": 4}, {"type": "flatten"},
          {"type": "dense", "units": 10, "activation": "softmax"}]
# Some seconds for 384 images, so that what shall happen during a pass does.
SLOW = [{"type": "conv2d", "filters": 96, "kernel": 5, "padding": "same"},
        {"type": "conv2d", "filters": 96, "kernel": 5, "padding": "same"}, {"type": "max_pool2d", "size": 8},
        {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}]
TIMES = ("about.json", "evaluation.json", "tsne.json")  # They tell when it was and how long it took, besides.
SECONDS = ("images_per_second", "seconds", "neighbour_seconds", "date")


def timeless(document):
    if not isinstance(document, dict):
        return document
    return {key: timeless(value) for key, value in document.items() if key not in SECONDS}


class PassesTest(harness.ProgramTest):
    """A model, and for each test a folder of its own with its run: 384 training images are three batches."""

    layers, training = LAYERS, {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_json(os.path.join(cls.base, "run.json"), config(model={"layers": cls.layers}, train=cls.training))
        done = harness.run("train", "--config", "run.json", "--output", "made", "--threads", 1, cwd=cls.base)
        if done.code != 0:
            raise AssertionError(done)

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(self.base, "made"), self.path("models"))

    @staticmethod
    def words(command, *more):
        return [command, "--model", "models/tiny.safetensors", "--threads", 1, *more]

    def begin(self, command, *more, cwd=None, **how):
        return harness.start(*self.words(command, *more), cwd=cwd or self.dir, **how)

    def many(self, count, command, *more):
        result = harness.finish(self.begin(command, *more, "--nproc", count))
        self.assertEqual((result.code, result.err), (0, ""), result)
        return result.out

    def begin_two_at_work(self, command, *more):
        """Two processes that have opened the data, and so are about to meet. @returns the launcher and its ranks."""
        process = self.begin(command, *more, "--nproc", 2, "--split", "train")
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)

        def opened():
            ranks = children(process.pid)
            return len(ranks) == 2 and all(b"data.safetensors" in read_bytes(f"/proc/{rank}/maps") for rank in ranks)

        harness.wait_until(lambda: process.poll() is not None or opened())
        return process, children(process.pid)


class Together(PassesTest):
    def test_evaluates_as_one(self):
        def evaluate(count):
            out = self.many(count, "evaluate", "--split", "train", "--json", "--predictions", f"{count}.csv",
                            "--confusion", f"{count}.png")
            return timeless(json.loads(out))

        one = evaluate(1)
        self.assertEqual(one["images"], 384)
        self.assertEqual(evaluate(4), one)  # Three batches: one process has none.
        self.assertEqual(read_bytes(self.path("4.csv")), read_bytes(self.path("1.csv")))
        if shutil.which("gnuplot"):
            self.assertEqual(read_bytes(self.path("4.png")), read_bytes(self.path("1.png")))

    def assert_same_study(self, one, other):
        self.assertEqual(tree(self.path(other)), tree(self.path(one)))
        for name in tree(self.path(one)):
            if name in TIMES:
                self.assertEqual(timeless(read_json(self.path(other, name))), timeless(read_json(self.path(one, name))))
            else:
                self.assertEqual(read_bytes(self.path(other, name)), read_bytes(self.path(one, name)), name)

    def test_interprets_as_one(self):
        for count in (1, 3):
            self.many(count, "interpret", "--split", "train", "--output", f"by{count}")
        self.assert_same_study("by1", "by3")
        for count in (1, 2):
            self.many(count, "interpret", "--what", "tsne", "--onto", "by1/tsne.safetensors", "--output", f"onto{count}")
        self.assert_same_study("onto1", "onto2")
        self.assert_no_leftovers()

    def test_rank_0_alone_speaks_and_writes(self):
        """As on two machines, each with the files that it reads in a folder of its own."""
        places = [self.path("machine0"), self.path("machine1")]
        for place in places:
            shutil.copytree(self.path("models"), os.path.join(place, "models"))
            os.symlink(self.data, os.path.join(place, "data.safetensors"))
        untouched = state_of(places[1])
        where = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
        first, second = [harness.finish(process) for process in
                         [self.begin("interpret", "--output", "out", cwd=place, env={**where, "RANK": str(rank)})
                          for rank, place in enumerate(places)]]
        self.assertEqual((first.code, second.code, second.out, second.err), (0, 0, "", ""), second)
        self.assertEqual(first.out.count("misclassified.json"), 1, first)
        self.assertEqual(state_of(places[1]), untouched)

    def test_refuses_processes_that_differ(self):
        where = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
        first, second = [harness.finish(process) for process in
                         [self.begin("evaluate", "--split", split, env={**where, "RANK": str(rank)})
                          for rank, split in enumerate(("test", "val"))]]
        for result in (first, second):
            self.assert_error(result, 2, "rank 1 has another --split than rank 0",
                              "start every process with the same options, model, data and version of svhn")

    def test_a_map_may_take_longer_than_the_time_out(self):
        """Rank 0 makes it alone; here it is stopped meanwhile for longer than the timeout."""
        process = self.begin("interpret", "--split", "train", "--what", "tsne", "--output", "out", "--tsne-method",
                             "exact", "--timeout", 4, "--nproc", 2)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        harness.wait_until(lambda: process.poll() is not None or len(children(process.pid)) == 2)
        ranks = children(process.pid)
        harness.wait_until(lambda: process.poll() is not None or not all(alive(rank) for rank in ranks))
        for rank in ranks:
            with contextlib.suppress(ProcessLookupError):  # A fast machine may have made the map already.
                os.kill(rank, signal.SIGSTOP)
        time.sleep(5)
        for rank in ranks:
            with contextlib.suppress(ProcessLookupError):
                os.kill(rank, signal.SIGCONT)
        result = harness.finish(process)
        self.assertEqual((result.code, result.err), (0, ""), result)
        self.assertTrue(os.path.exists(self.path("out", "tsne.json")))


class Struck(PassesTest):
    """What was there before stays as it was."""

    layers, training = SLOW, {"epochs": 1, "steps_per_epoch": 1, "batch_size": 2}

    def setUp(self):
        super().setUp()
        self.many(1, "interpret", "--what", "activations", "--output", "old")
        self.before = state_of(self.dir)

    COMMANDS = (("evaluate", "--predictions", "old/about.json"), ("interpret", "--output", "old"))

    def assert_gone(self, ranks):
        harness.wait_until(lambda: not any(os.path.exists(f"/proc/{rank}") for rank in ranks), 10)

    def test_a_killed_process_ends_all_and_is_named(self):
        for rank, command in enumerate(self.COMMANDS):
            process, ranks = self.begin_two_at_work(*command)
            os.kill(ranks[rank], signal.SIGKILL)
            result = harness.finish(process, 30)
            self.assert_error(result, 7, f"rank {rank} was lost: killed by signal 9 (Killed)",
                              "the system may have run out of memory; start it again, a training or a search with "
                              "--resume")
            self.assert_gone(ranks)
            self.assertEqual(state_of(self.dir), self.before)

    def test_a_signal_stops_all(self):
        for command in self.COMMANDS:
            process, ranks = self.begin_two_at_work(*command)
            process.send_signal(signal.SIGTERM)
            result = harness.finish(process, 30)
            self.assertEqual((result.code, result.out, result.err.count("\n")), (143, "", 1), result)
            self.assertRegex(result.err, "^svhn: error: stopped")
            self.assert_gone(ranks)
            self.assertEqual(state_of(self.dir), self.before)


if __name__ == "__main__":
    harness.main()
