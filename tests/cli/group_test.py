"""Several processes: collective operations, and how all processes end when one is lost, fails or is disconnected.

Some tests use the process group through the small program group_probe (SVHN_PROBE), the others start svhn.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

import harness
from harness import children, config, read_bytes, write_json

PROBE = os.path.abspath(os.environ.get("SVHN_PROBE", ""))
TIMEOUT_MS = 20000  # Also the time in which all processes must have started.
SHORT_TIMEOUT_MS = 8000  # For tests that wait for its end.
LOST_HINT = ("the process was killed or the network cut; start it again, a training or a "
             "search with --resume")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def stdout_line(process, pattern):
    for line in process.stdout:
        if re.search(pattern, line):
            return line
    raise AssertionError(f"the process ended before it said '{pattern}': {process.stderr.read()}")


class ProbeTest(unittest.TestCase):
    def setUp(self):
        if not os.access(PROBE, os.X_OK):
            self.skipTest("SVHN_PROBE does not name the program")

    def start(self, size, *actions, ranks=None, timeout=TIMEOUT_MS, env=None, prefix=()):
        launch = {"WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()),
                  "OMP_NUM_THREADS": "1", **(env or {})}
        processes = []
        for rank in range(size) if ranks is None else ranks:
            command = [*(prefix[rank] if prefix else ()), PROBE, str(timeout), *actions]
            one = subprocess.Popen(command, env=harness.environment({**launch, "RANK": str(rank)}),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(one.communicate)
            self.addCleanup(one.kill)
            processes.append(one)
        return processes

    def finish(self, processes):
        return [harness.finish(one, 60) for one in processes]

    def assert_end(self, processes, code, message, hint=LOST_HINT):
        for result in self.finish(processes):
            self.assertEqual((result.code, result.err), (code, f"error: {message}\nhint: {hint}\n"), result)

    def looping(self, size, loop="loop", timeout=TIMEOUT_MS):
        processes = self.start(size, loop, timeout=timeout)
        for one in processes:
            stdout_line(one, "step 2")
        return processes


class TogetherTest(ProbeTest):
    def test_reduced_broadcast_and_gathered_values_are_the_same_everywhere(self):
        # By hand for 3 ranks: the sum over r of [0,1,2] + r is [3,6,9]; of r + 1 it is 6.
        expected = ["all_reduce 3.000000 6.000000 9.000000"] * 3
        expected += ["two " + " ".join(["6.000000"] * 4 + ["60.000000"] * 5)]
        expected += ["broadcast 1.000000 1.000000 1.000000"] * 4 + ["text rank 0", "all_gather [][xxx][xxxxxx] 100000"]
        for result in self.finish(self.start(3, "all_reduce", "broadcast", "all_gather")):
            self.assertEqual((result.code, result.err), (0, ""), result)
            self.assertEqual(result.out.splitlines()[2:], expected)

    def test_tickets_are_given_once_each_and_texts_are_shared(self):
        indices = []
        for result in self.finish(self.start(3, "alone", "indices")):
            self.assertEqual((result.code, result.err), (0, ""), result)
            indices += [int(line.split()[1]) for line in result.out.splitlines() if line.startswith("index")]
            self.assertIn("value value\n of 2\nunset\n", result.out)
        self.assertEqual(sorted(indices), list(range(150)))

    def test_everything_listens_on_loopback_alone(self):
        processes = self.looping(2)
        mine = set()
        for one in processes:
            for name in os.listdir(f"/proc/{one.pid}/fd"):
                with contextlib.suppress(OSError):
                    mine.add(os.readlink(f"/proc/{one.pid}/fd/{name}"))
        found = []
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            with open(table, encoding="ascii") as file:
                lines = [line.split() for line in file][1:]
            for fields in lines:
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine:
                    found.append(fields[1].split(":")[0])
        self.assertEqual(set(found), {"0100007F"})  # 127.0.0.1


class LossTest(ProbeTest):
    def test_a_killed_process_is_named(self):
        processes = self.looping(3)
        processes.pop(2).kill()
        self.assert_end(processes, 7, "rank 2 was lost")

    def test_rank_0_is_named_though_it_held_the_store(self):
        processes = self.looping(3)
        processes.pop(0).kill()
        self.assert_end(processes, 7, "rank 0 was lost")

    def test_silent_processes_are_named_after_the_time_out(self):
        groups = [self.looping(2, timeout=SHORT_TIMEOUT_MS), self.looping(2, timeout=SHORT_TIMEOUT_MS)]
        for rank, processes in enumerate(groups):
            processes.pop(rank).send_signal(signal.SIGSTOP)
        for rank, processes in enumerate(groups):
            self.assert_end(processes, 7, f"rank {rank} was lost")

    def test_a_store_without_a_group_outlives_a_worker(self):
        processes = self.start(3, "alone", "indices", "0:watch", "1:watch", "2:sleep")
        stdout_line(processes[2], "unset")
        processes.pop(2).kill()
        results = self.finish(processes)
        self.assertEqual([(result.code, result.err) for result in results], [(0, "")] * 2, results)
        self.assertEqual(sorted(result.out.splitlines()[-1] for result in results),
                         ["lost 2 index 0", "lost 2 index 1"])

    def test_a_failure_is_the_same_for_all(self):
        for rank in (2, 0):
            results = self.finish(self.start(3, "all_reduce", f"{rank}:fail", "loop"))
            for other, result in enumerate(results):
                prefix = "" if other == rank else f"rank {rank} failed: "
                self.assertEqual(result.err, f"error: {prefix}row 7 is damaged\nhint: make it again\n")
                self.assertEqual(result.code, 4)

    def test_a_process_that_is_late_is_not_called_lost(self):
        processes = self.start(2, "1:sleep", "all_reduce", timeout=SHORT_TIMEOUT_MS)
        self.assert_end(processes[:1], 7, "rank 1 lives but keeps the others waiting for too long",
                        "give a longer --timeout, or see what holds it up")

    def test_those_that_never_came_are_named(self):
        self.assert_end(self.start(4, "all_reduce", ranks=[0, 2], timeout=SHORT_TIMEOUT_MS), 7,
                        "ranks 1 and 3 of 4 did not come within 8 s",
                        "start all processes (under Slurm with srun), with the same MASTER_ADDR and MASTER_PORT")

    def test_two_processes_of_one_rank_are_refused(self):
        for result in self.finish(self.start(3, "all_reduce", ranks=[0, 1, 1])):
            self.assertEqual(result.code, 2, result)
            self.assertIn("two processes were told that they are rank 1\n", result.err)


class CutTest(ProbeTest):
    """Two machines, as network namespaces with a cable between them."""

    @staticmethod
    def ip(*words):
        return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0

    def setUp(self):
        super().setUp()
        if shutil.which("ip") is None or os.geteuid() != 0:
            self.skipTest("needs root and the program ip, for network namespaces")
        self.spaces = [f"svhn-{os.getpid()}-{side}" for side in "ab"]
        for space in self.spaces:
            self.addCleanup(self.ip, "netns", "del", space)
        a, b = self.spaces
        if not (self.ip("netns", "add", a) and self.ip("netns", "add", b) and
                self.ip("link", "add", "cable", "netns", a, "type", "veth", "peer", "name", "cable", "netns", b)):
            self.skipTest("network namespaces cannot be made here")
        for space, address in ((a, "10.213.7.1/24"), (b, "10.213.7.2/24")):
            self.assertTrue(self.ip("-n", space, "addr", "add", address, "dev", "cable"))
            for link in ("cable", "lo"):
                self.assertTrue(self.ip("-n", space, "link", "set", link, "up"))

    def start_pair(self, *actions, env=None):
        prefix = [["ip", "netns", "exec", space] for space in self.spaces]
        return self.start(2, *actions, prefix=prefix, timeout=SHORT_TIMEOUT_MS,
                          env={"MASTER_ADDR": "10.213.7.1", "MASTER_PORT": "29500", **(env or {})})

    def test_both_sides_name_the_other_when_the_network_is_cut(self):
        pair = self.start_pair("loop", env={"SVHN_BIND": "cable"})
        for one in pair:
            stdout_line(one, "step 2")
        self.assertTrue(self.ip("-n", self.spaces[0], "link", "set", "cable", "down"))
        self.assert_end(pair[:1], 7, "rank 1 was lost")
        self.assert_end(pair[1:], 7, "rank 0 was lost")

    def test_another_machine_has_to_be_allowed(self):
        for result in self.finish(self.start_pair("all_reduce")):
            self.assertEqual(result.code, 2, result)
            self.assertIn("'10.213.7.1' (MASTER_ADDR), outside this machine\nhint: allow it with --bind", result.err)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class LauncherTest(harness.ProgramTest):
    def launch(self, *arguments, epochs=200, count=3):
        write_json(self.path("run.json"), config(train={"epochs": epochs, "batch_size": 32}))
        return harness.start("train", "--config", "run.json", "--threads", 1, "--nproc", count, "--timeout", 10,
                             *arguments, cwd=self.dir)

    def training(self, *arguments, **how):
        """A run under way, and its processes by rank."""
        process = self.launch(*arguments, **how)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        for line in process.stderr:
            if re.match(r"epoch +2/", line):
                return process, children(process.pid)
        raise AssertionError("the run ended before its second epoch")

    def assert_all_gone(self, ranks):
        harness.wait_until(lambda: not any(alive(pid) for pid in ranks), 10)

    def last_lines(self, result):
        return [line for line in result.err.splitlines() if not line.startswith("epoch")]

    def test_rank_0_alone_speaks_and_writes(self):
        result = harness.finish(self.launch("--set", "name=three", epochs=2))
        self.assertEqual(result.code, 0, result)
        self.assertEqual(len(re.findall(r"^epoch \d/2 ", result.err, re.M)), 2, result)
        self.assertEqual(result.out.count("Model: three\n"), 1, result)
        self.assertIn("3 processes x 1 thread", result.out)
        self.assertTrue(os.path.exists(self.path("models/three.safetensors")))
        self.assert_no_leftovers()

    def test_the_same_number_of_processes_gives_the_same_bytes(self):
        for folder in ("a", "b"):
            result = harness.finish(self.launch("--output", folder, epochs=2, count=2))
            self.assertEqual(result.code, 0, result)
        self.assertEqual(read_bytes(self.path("a/tiny.safetensors")), read_bytes(self.path("b/tiny.safetensors")))

    def test_one_process_is_a_plain_run(self):
        for folder, more in (("a", ["--nproc", "1"]), ("b", [])):
            write_json(self.path("run.json"), config(train={"epochs": 2, "batch_size": 32}))
            self.succeed("train", "--config", "run.json", "--threads", 1, "--output", folder, *more)
        self.assertEqual(read_bytes(self.path("a/tiny.safetensors")), read_bytes(self.path("b/tiny.safetensors")))

    def test_a_killed_process_ends_the_run_and_is_named_once(self):
        runs = [self.training("--output", f"lost{rank}", count=2) for rank in (0, 1)]
        for rank, (process, ranks) in enumerate(runs):
            os.kill(ranks[rank], signal.SIGKILL)
        for rank, (process, ranks) in enumerate(runs):
            result = harness.finish(process, 30)
            self.assertEqual(result.code, 7, result)
            self.assertEqual(self.last_lines(result), [
                f"svhn: error: rank {rank} was lost: killed by signal 9 (Killed)",
                "hint: the system may have run out of memory; start it again, a training or a search with --resume"])
            self.assert_all_gone(ranks)

    def test_a_late_launcher_is_still_the_one_to_name_the_signal(self):
        process, ranks = self.training(count=2)
        os.kill(process.pid, signal.SIGSTOP)
        os.kill(ranks[0], signal.SIGKILL)  # Rank 1 sees the store's connection break.
        time.sleep(0.5)
        os.kill(process.pid, signal.SIGCONT)
        result = harness.finish(process, 30)
        self.assertEqual(result.code, 7, result)
        self.assertEqual(self.last_lines(result)[0], "svhn: error: rank 0 was lost: killed by signal 9 (Killed)")

    def test_a_stopped_process_does_not_stay_behind(self):
        process, ranks = self.training(count=2)
        os.kill(ranks[1], signal.SIGSTOP)
        result = harness.finish(process, 40)
        self.assertEqual(result.code, 7, result)
        self.assertEqual(self.last_lines(result), ["svhn: error: rank 1 was lost", "hint: " + LOST_HINT])
        self.assert_all_gone(ranks)

    def test_a_signal_is_handed_on_and_the_run_can_be_resumed(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            folder = f"stopped{number}"
            process, ranks = self.training("--output", folder)
            process.send_signal(number)
            result = harness.finish(process, 30)
            self.assertEqual(result.code, 128 + number, result)
            self.assertRegex(result.err, rf"svhn: error: stopped by signal {int(number)} after epoch \d+, step \d+; "
                                         r"resume with --resume\n$")
            self.assertEqual(result.err.count("svhn: error"), 1, result)
            self.assert_all_gone(ranks)
            self.assertTrue(os.path.exists(self.path(folder, "tiny/checkpoints/last.safetensors")))

    def test_nothing_survives_the_launcher(self):
        process, ranks = self.training()
        process.kill()
        process.communicate()
        self.assert_all_gone(ranks)

    def test_a_failure_is_told_once_with_its_own_code(self):
        write_json(self.path("run.json"), config(name=3))
        result = self.run_svhn("train", "--config", "run.json", "--nproc", 3)
        self.assertEqual((result.code, result.err.count("svhn: error")), (3, 1), result)
        result = harness.finish(self.launch("--set", 'train.optimizer={"type":"sgd","learning_rate":100}'))
        self.assertEqual((result.code, result.err.count("svhn: error")), (6, 1), result)

    def test_contradictions_are_usage_errors(self):
        torchrun = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
        write_json(self.path("run.json"), config())
        run = ["train", "--config", "run.json"]
        self.assert_error(self.run_svhn(*run, "--nproc", 2, env=torchrun), 2,
                          "--nproc is given in one of 2 processes that a launcher started",
                          "use either --nproc or the launcher")
        self.assert_error(self.run_svhn(*run, env={**torchrun, "RANK": "2"}), 2, "RANK is 2 and WORLD_SIZE is 2",
                          "ranks count from 0 to one less than the number of processes")
        self.assert_error(self.run_svhn("transfer", "--compare", "list.json", env=torchrun), 2,
                          "--compare runs in one process, and this is one of 2", "start it without the launcher")
        self.assert_error(self.run_svhn("transfer", "--compare", "list.json", "--nproc", 2), 2,
                          "--nproc excludes --compare", "see svhn transfer --help")
        # What does not share its work takes no notice of a launcher: each process does all of it.
        self.assertIn("images   600", self.succeed("info", "data.safetensors", env=torchrun).out)
        port = str(free_port())
        self.assert_error(self.run_svhn(*run, "--timeout", 1, env={**torchrun, "RANK": "1", "MASTER_PORT": port}), 7,
                          f"nobody answers at 127.0.0.1 port {port}, where rank 0 should be",
                          "start all processes with the same MASTER_ADDR and MASTER_PORT; rank 0's output may tell more")


if __name__ == "__main__":
    harness.main()
