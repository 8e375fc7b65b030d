"""How the benchmarks measure: one process after another, each contestant in turn, in several rounds.

A ratio is always of two runs of the same round, so that other load on the machine cancels out; the table shows
the median of the rounds and the smallest and largest. Rates leave out each process's first epoch (or pass).
"""
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
# Settings of whoever calls the benchmark: every contestant runs with its own best defaults.
FOREIGN = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "ONEDNN_", "DNNL_", "TF_", "ATEN_", "SVHN_", "MALLOC_",
           "LD_PRELOAD")


class Unavailable(Exception):
    """Why a contestant cannot take part."""


def environment():
    return {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}


@dataclasses.dataclass
class Finished:
    """A process that ended: what it printed, and what it took."""
    out: str
    err: str
    code: int
    seconds: float
    processor_seconds: float
    peak_mb: float
    first_step: float = None


class Watched:
    """A running process whose stderr is read for the line of its first step."""

    def __init__(self, command, cores=None, cwd=None):
        before = (lambda: os.sched_setaffinity(0, cores)) if cores else None
        self.start, self.first_step, self.peak, self.lines = time.perf_counter(), None, None, []
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, cwd=cwd,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                        env=environment(), preexec_fn=before)

    def read(self, stop_at_first_step):
        for line in self.process.stderr:
            self.lines.append(line)
            if self.first_step is None and "first step" in line:
                self.first_step = time.perf_counter() - self.start
                if stop_at_first_step:
                    self.peak = peak_of(self.process.pid)
                    self.process.kill()

    def finish(self, stop_at_first_step):
        reader = threading.Thread(target=self.read, args=(stop_at_first_step,))
        reader.start()
        out = self.process.stdout.read()
        reader.join()
        _, status, usage = os.wait4(self.process.pid, 0)
        seconds = time.perf_counter() - self.start
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return Finished(out, "".join(self.lines), self.process.returncode, seconds, usage.ru_utime + usage.ru_stime,
                        self.peak or usage.ru_maxrss / 1024, self.first_step)


def peak_of(pid):
    """MiB that a process has had resident at most, until now."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def run(command, stop_at_first_step=False, cores=None, cwd=None):
    watched = Watched(command, cores, cwd)
    try:
        done = watched.finish(stop_at_first_step)
    except BaseException:  # Ctrl-C or a signal: nothing may go on in the background.
        watched.process.kill()
        raise
    if done.code != 0 and not stop_at_first_step:
        raise Unavailable(f"{os.path.basename(str(command[0]))} ended with {done.code}: {reason_of(done.err)}")
    return done


def reason_of(text):
    """The line of a program's stderr that says what was wrong: ours with "error:", Python's the last one."""
    lines = [line for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "error: " in line] or lines
    return told[-1][:200] if told else "no message"


def ask_peer(python, script, request, work, cores=None):
    """Runs a peer's script; returns its answer with what its process took."""
    path = os.path.join(work, "request.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(request, file)
    done = run([python, os.path.join(HERE, script), path], cores=cores)
    return {**json.loads(done.out.splitlines()[-1]), "first_step": done.first_step, "seconds": done.seconds}


def tell(message):
    print(message, file=sys.stderr, flush=True)


def rounds(contestants, repeats, measure):
    """{name: [result of each round]}; who fails says why and leaves."""
    results, left = {c.name: [] for c in contestants}, list(contestants)
    for number in range(repeats):
        for contestant in list(left):
            try:
                results[contestant.name].append(measure(contestant))
                tell(f"  round {number + 1}: {contestant.name}")
            except Unavailable as reason:
                tell(f"  {contestant.name} is left out: {reason}")
                left.remove(contestant)
    return {name: found for name, found in results.items() if len(found) == repeats}


@dataclasses.dataclass
class Spread:
    """Median, smallest and largest of some numbers."""
    median: float
    low: float
    high: float

    def text(self, form="{:.2f}"):
        if self.low == self.high:
            return form.format(self.median)
        return " ".join([form.format(self.median), f"({form.format(self.low)} to {form.format(self.high)})"])


def spread(numbers):
    numbers = list(numbers)
    return Spread(statistics.median(numbers), min(numbers), max(numbers))


def ratios(ours, theirs):
    """Of the rounds, one by one."""
    return spread(a / b for a, b in zip(ours, theirs))


def table(head, rows):
    """Lines of columns, the first to the left, the others to the right."""
    cells = [list(map(str, row)) for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]) for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def machine():
    """What the figures were measured on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        facts = dict(line.split(":", 1) for line in file.read().split("\n\n")[0].splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = facts.get("flags", "").split()
    wanted = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    return {"processor": facts.get("model name", "unknown"), "features": wanted,
            "cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0]}
