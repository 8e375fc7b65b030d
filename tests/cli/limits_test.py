"""Limits of the system, on memory, open files and the size of files: one line and a hint, and nothing hangs."""

import resource
import signal

import harness
from harness import config

MIB = 1 << 20
MEMORY_HINT = "raise it (ulimit -v, in KiB), or use fewer --threads"


def limited(kind, soft, hard=None):
    """For the child."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it.
        resource.setrlimit(kind, (soft, soft if hard is None else hard))
    return limit


class Memory(harness.ProgramTest):
    def train_within(self, mebibytes, kind=resource.RLIMIT_AS):
        return self.train(config(train={"epochs": 1}), "--output", f"models-{mebibytes}", "--quiet",
                          before=limited(kind, mebibytes * MIB))

    def test_commands_without_libtorch_need_little(self):
        self.succeed("info", "data.safetensors", before=limited(resource.RLIMIT_AS, 300 * MIB))

    def test_too_little_to_load_the_libraries(self):
        """LibTorch alone takes more than 300 MiB of address space."""
        result = self.train_within(300)
        self.assert_error(result, 7, "the limit on memory, 300 MiB, is too low for LibTorch and its threads", MEMORY_HINT)

    def test_at_every_limit_it_trains_or_says_why_not(self):
        """Between the two there is a library that aborts, one that waits for ever and one that asks for ever."""
        codes = set()
        for mebibytes in (600, 700, 720, 740, 800, 900, 1000, 1200, 1600, 6000):
            with self.subTest(mebibytes):
                result = self.train_within(mebibytes)
                codes.add(result.code)
                self.assertIn(result.code, (0, 7), result)
                if result.code == 7:
                    self.assertRegex(result.err, r"\Asvhn: error: [^\n]+\nhint: raise [^\n]+\n\Z")
        self.assertEqual(codes, {0, 7})

    def test_several_processes_say_it_once(self):
        result = self.train(config(), "--nproc", 2, before=limited(resource.RLIMIT_AS, 300 * MIB))
        self.assert_error(result, 7, "the limit on memory, 300 MiB, is too low for LibTorch and its threads", MEMORY_HINT)


class OpenFiles(harness.ProgramTest):
    def test_too_few_for_several_processes(self):
        result = self.train(config(), "--nproc", 2, before=limited(resource.RLIMIT_NOFILE, 16))
        self.assert_error(result, 7, "only 16 files may be open at a time, and 2 processes need 48",
                          "raise the limit (ulimit -n), or use fewer processes")

    def test_a_soft_limit_is_raised(self):
        result = self.train(config(train={"epochs": 1}), "--nproc", 2, "--quiet",
                            before=limited(resource.RLIMIT_NOFILE, 16, 1024))
        self.assertEqual(result.code, 0, result)

    def test_the_least_number_is_enough(self):
        result = self.train(config(train={"epochs": 5}), "--nproc", 2, "--quiet", before=limited(resource.RLIMIT_NOFILE, 48))
        self.assertEqual((result.code, result.err), (0, ""), result)

    def test_one_process_needs_few(self):
        result = self.train(config(train={"epochs": 1}), "--quiet", before=limited(resource.RLIMIT_NOFILE, 20))
        self.assertEqual(result.code, 0, result)


class FileSize(harness.ProgramTest):
    def test_too_long_a_file_is_an_error_of_its_writer(self):
        result = self.run_svhn("preprocess", "--synthetic", 200, "--output", "x",
                               before=limited(resource.RLIMIT_FSIZE, 1000))
        self.assert_error(result, 4, "cannot write 'x': File too large", "raise the limit on the size of files (ulimit -f)")
        self.assert_no_leftovers()


if __name__ == "__main__":
    harness.main()
