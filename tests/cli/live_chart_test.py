"""`svhn train --live-chart` on a terminal: however a run ends, its last chart is that of its last epoch."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import unittest

import harness

CLEAR = "\x1b[J"
TITLE = re.compile(r"tiny \(synthetic digits\): (\d+) epochs?[,\s]")


class Terminal:
    """A run whose standard error is a terminal of 40 lines and 110 columns."""

    def __init__(self, *arguments, cwd):
        leader, follower = pty.openpty()
        subprocess.run(["stty", "rows", "40", "cols", "110"], stdin=follower, check=True)
        self.leader, self.text = leader, ""
        self.process = subprocess.Popen([harness.PROGRAM, *arguments], cwd=cwd, env=harness.environment({"TERM": "xterm"}),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=follower)
        os.close(follower)

    def read(self, until=lambda text: False):
        """Reads until the condition holds or the program has closed the terminal. @returns whether it holds"""
        deadline = time.monotonic() + harness.SECONDS
        while not until(self.text):
            ready, _, _ = select.select([self.leader], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self.process.kill()
                raise AssertionError(f"the program is silent: {self.text[-2000:]}")
            try:
                part = os.read(self.leader, 1 << 16)
            except OSError:  # EIO: the other side is closed.
                part = b""
            if not part:
                return False
            self.text += part.decode(errors="replace")
        return True

    def finish(self):
        self.read()
        os.close(self.leader)
        return self.process.wait(timeout=harness.SECONDS)


@unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not in PATH")
class LiveChartTest(harness.ProgramTest):
    def start(self, **train):
        harness.write_json(self.path("run.json"), harness.config(train=train))
        return Terminal("train", "--config", "run.json", "--output", "models", "--live-chart", cwd=self.dir)

    def assert_last_chart(self, text):
        """What is left on the terminal is one chart, of as many epochs as the history has."""
        epochs = len(harness.read_json(self.path("models", "tiny", "history.json"))["loss"])
        shown = text[text.rfind(CLEAR):]
        self.assertEqual(TITLE.findall(shown), [str(epochs)], shown)
        self.assertGreaterEqual(epochs, 2)

    # The epochs are much shorter than a chart takes, so that most of them get none.
    def test_after_the_last_epoch(self):
        terminal = self.start(epochs=12, steps_per_epoch=1)
        self.assertEqual(terminal.finish(), 0, terminal.text)
        self.assert_last_chart(terminal.text)

    def test_after_early_stopping(self):
        terminal = self.start(epochs=200, steps_per_epoch=1, optimizer={"type": "sgd", "learning_rate": 1e-9},
                              early_stopping={"monitor": "val_accuracy", "patience": 6})
        self.assertEqual(terminal.finish(), 0, terminal.text)
        self.assert_last_chart(terminal.text)

    def test_after_a_signal(self):
        terminal = self.start(epochs=100_000, steps_per_epoch=1)
        self.assertTrue(terminal.read(lambda text: "epoch 12/" in re.sub(r" +", " ", text)), terminal.text)
        terminal.process.send_signal(signal.SIGINT)
        self.assertEqual(terminal.finish(), 128 + signal.SIGINT, terminal.text)
        self.assert_last_chart(terminal.text)

    def test_after_an_error(self):
        terminal = self.start(epochs=100, steps_per_epoch=1, optimizer={"type": "sgd", "learning_rate": 100.0},
                              schedule={"type": "one_cycle", "start_divisor": 1e9})
        self.assertEqual(terminal.finish(), 6, terminal.text)
        self.assert_last_chart(terminal.text)


if __name__ == "__main__":
    unittest.main()
