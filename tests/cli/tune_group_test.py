"""svhn tune with several processes: the results of one process; killed and stopped processes."""

import os
import signal
import tempfile
import time

import harness
from harness import children, read_bytes, read_json, write_json
from tune_test import TuneTest, search, timeless

HALVING = search({"objective": "val_loss", "trials": 5, "folds": 2, "stopping": {"type": "halving", "reduction": 2}},
                 epochs=4)
TPE = search({"search": "tpe", "trials": 9, "tpe": {"startup": 3, "round": 2}, "stopping": {"type": "median", "min_trials": 2}},
             epochs=4)
LONG = search({"objective": "val_loss", "trials": 4}, epochs=150)  # A second or two each.


class GroupTest(TuneTest):
    """The reference for all tests: the same searches by one process."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wholes = {}
        for name, document in (("halving", HALVING), ("tpe", TPE), ("long", LONG)):
            folder = tempfile.mkdtemp(dir=cls.base)
            os.symlink(cls.data, os.path.join(folder, "data.safetensors"))
            write_json(os.path.join(folder, "search.json"), document)
            done = harness.run("tune", "--config", "search.json", "--threads", 1, cwd=folder)
            if done.code != 0:
                raise AssertionError(f"cannot make the reference: {done}")
            cls.wholes[name] = os.path.join(folder, "models")

    def start_two(self, document, *arguments):
        write_json(self.path("search.json"), document)
        return harness.start("tune", "--config", "search.json", "--threads", 1, "--nproc", 2, *arguments, cwd=self.dir)

    def start_midway(self):
        """Two processes, each in the middle of a trial. @returns the launcher and its ranks' numbers."""
        process = self.start_two(LONG)
        lines = [self.path(f"models/tiny/trials/trial-000{trial}/metrics.jsonl") for trial in (1, 2)]
        harness.wait_until(lambda: process.poll() is not None or
                           all(os.path.exists(path) and read_bytes(path).count(b"\n") > 1 for path in lines))
        return process, children(process.pid)

    def assert_same_results(self, name):
        """The record and the models of each trial, and the results of all."""
        whole = self.wholes[name]
        self.assertEqual(self.results(), timeless(read_json(os.path.join(whole, "tiny/results.json"))))
        self.assertEqual(harness.tree(self.path("models")), harness.tree(whole))
        for file in harness.tree(whole):
            if file.endswith((".safetensors", "config.json")):
                self.assertEqual(read_bytes(self.path("models", file)), read_bytes(os.path.join(whole, file)), file)

    def records(self):
        folder = self.path("models/tiny/trials")
        return [name for name in os.listdir(folder) if name.endswith(".json") and "history" not in name]


class Shared(GroupTest):
    def test_gives_the_results_of_one_process_and_one_output(self):
        result = harness.finish(self.start_two(HALVING, "--json"))
        self.assertEqual(result.code, 0, result)
        document = harness.json.loads(result.out)
        self.assertEqual([trial["id"] for trial in document["trials"]], [1, 2, 3, 4, 5])
        self.assertEqual(result.err.count("\n"), 5, result)
        self.assert_same_results("halving")

    def test_proposes_what_one_process_proposes(self):
        result = harness.finish(self.start_two(TPE))
        self.assertEqual(result.code, 0, result)
        self.assertEqual(self.results(), timeless(read_json(os.path.join(self.wholes["tpe"], "tiny/results.json"))))
        self.assertEqual(len(self.results()["trials"]), 9)

    def test_refuses_processes_that_differ(self):
        write_json(self.path("search.json"), LONG)
        place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(20000 + os.getpid() % 10000)}
        processes = [harness.start("tune", "--config", "search.json", "--threads", rank + 1, cwd=self.dir,
                                   env={**place, "RANK": str(rank)}) for rank in (0, 1)]
        first, second = [harness.finish(process) for process in processes]
        self.assert_error(second, 2, "rank 1 has /threads = 2, rank 0 has 1",
                          "give all processes the same config, data, --threads, --precision and --device")
        self.assertEqual(first.code, 2, first)
        self.assertIn("svhn: error: rank 1 failed: rank 1 has /threads = 2", first.err)


class Struck(GroupTest):
    def test_a_killed_process_leaves_its_trial_to_the_other(self):
        process, ranks = self.start_midway()
        os.kill(ranks[1], signal.SIGKILL)
        result = harness.finish(process)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(result.err.count("rank 1 was lost"), 1, result)
        self.assert_same_results("long")

    def test_rank_0s_death_ends_all_and_one_process_goes_on(self):
        process, ranks = self.start_midway()
        os.kill(ranks[0], signal.SIGKILL)
        result = harness.finish(process)
        self.assertEqual(result.code, 7, result)
        self.assertIn("rank 0 was lost", result.err)
        self.assertFalse(os.path.exists(f"/proc/{ranks[1]}"))
        result = self.tune(LONG, "--resume")
        self.assertEqual(result.code, 0, result)
        self.assert_same_results("long")

    def test_a_stopped_process_keeps_its_trial(self):
        process, ranks = self.start_midway()
        os.kill(ranks[1], signal.SIGSTOP)
        harness.wait_until(lambda: process.poll() is not None or len(self.records()) == 3)
        time.sleep(0.5)
        self.assertIsNone(process.poll(), "one trial is held by the stopped process")
        os.kill(ranks[1], signal.SIGCONT)
        result = harness.finish(process)
        self.assertEqual(result.code, 0, result)
        self.assert_same_results("long")

    def test_a_signal_stops_all_and_two_processes_go_on(self):
        process, ranks = self.start_midway()
        # One of them alone; it is the others' affair as well.
        os.kill(ranks[1], signal.SIGTERM)
        result = harness.finish(process)
        self.assertEqual(result.code, 143, result)
        self.assertEqual(result.err.count("svhn: error:"), 1, result)
        self.assertRegex(result.err, r"trial \d: stopped by signal 15 after epoch \d+, step \d+; resume with --resume")
        result = harness.finish(self.start_two(LONG, "--resume"))
        self.assertEqual(result.code, 0, result)
        self.assert_same_results("long")


if __name__ == "__main__":
    harness.main()
