"""Data-parallel training on one machine, 1 process x T threads against N x T/N, and what follows for many machines.

  python3 tests/bench/data_parallel.py --program build/release/bin/svhn [--precision bfloat16] [--repeats 3]

Prints a table: images a second of a whole step loop (best of the interleaved repeats), processor seconds for 1,000
images, peak memory of each process, bytes that a process hands over for summing in a step, and which share of the
reduction ran while backward did. The model on paper below it is plain arithmetic on these numbers.
"""
import argparse
import json
import os
import resource
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FULL_EPOCH = 63_544  # Training images of the assignment's split.


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--config", default=os.path.join(ROOT, "configs", "q2_1.json"))
    parser.add_argument("--data", help="a prepared file; without one synthetic digits")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def workers(parent, processes):
    """The processes of a run, by number, with the most memory they had (MiB): one is itself, several are children."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/status", encoding="utf-8") as file:
                status = dict(line.split(":\t", 1) for line in file if ":\t" in line)
        except OSError:
            continue
        own = entry if processes == 1 else status.get("PPid", "").strip()
        if own == str(parent) and "VmHWM" in status:
            found[entry] = int(status["VmHWM"].split()[0]) / 1024
    return found


def train(how, work, processes, threads):
    """@returns images a second, processor seconds, memory of each process, and the run's summary."""
    command = [how.program, "train", "--config", how.config, "--data", how.data, "--output", work, "--overwrite",
               "--threads", str(threads), "--precision", how.precision, "--quiet", "--set", "train.epochs=2",
               "--set", f"train.batch_size={how.batch}", "--set", f"train.steps_per_epoch={how.steps}"]
    if processes > 1:
        command += ["--nproc", str(processes)]
    peaks = {}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peaks.update(workers(process.pid, processes))
        time.sleep(0.05)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        raise SystemExit(f"exit {process.returncode}: {' '.join(command)}")
    with open(how.config, encoding="utf-8") as file:
        name = json.load(file)["name"]
    with open(os.path.join(work, name, "summary.json"), encoding="utf-8") as file:
        summary = json.load(file)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with open(os.path.join(work, name + ".history.json"), encoding="utf-8") as file:
        speed = max(json.load(file)["images_per_second"])  # The first epoch warms up.
    return speed, seconds, sorted(peaks.values(), reverse=True), summary


def measure(how, work):
    ways = [(1, how.processes), (how.processes, 1)]
    results = {way: [] for way in ways}
    for _ in range(how.repeats):
        for way in ways:
            results[way].append(train(how, work, *way))
    return results


def show(how, results):
    print(f"{os.path.basename(how.config)}, batch {how.batch}, {results[(1, how.processes)][0][3]['precision']}\n")
    print("| processes x threads | images/s | processor s per 1,000 images | MiB a process | bytes a step | hidden |")
    print("|---|---|---|---|---|---|")
    images = 2 * how.steps * how.batch / 1000
    for (processes, threads), runs in results.items():
        speed, _, peaks, summary = max(runs, key=lambda run: run[0])
        cost = summary.get("reduction", {})
        memory = ", ".join(f"{peak:.0f}" for peak in peaks)
        print(f"| {processes} x {threads} | {speed:.0f} | {min(run[1] for run in runs) / images:.2f} | {memory} | "
              f"{cost.get('bytes_per_step', 0):,.0f} | {cost.get('hidden', 0):.0%} |")


def model(how, results):
    """An epoch on N machines like this one, each with a share of the same global batch, or with a whole batch.

    A ring sends 2 (N - 1) / N times the bytes; each of its sums takes 2 (N - 1) messages of 50 us. The measured
    share of a step's exchange hides behind backward (two thirds of the step), the statistics of batch norms do not.
    """
    speed = max(run[0] for run in results[(1, how.processes)])
    cost = max(results[(how.processes, 1)], key=lambda run: run[0])[3]["reduction"]
    print("\nOn paper: seconds an epoch of 63,544 images on N such machines\n")
    print(f"| N | 1 Gbit/s, batch {how.batch} | 10 Gbit/s, batch {how.batch} | 1 Gbit/s, {how.batch} a machine | "
          f"10 Gbit/s, {how.batch} a machine |\n|---|---|---|---|---|")
    for machines in (1, 2, 4, 8, 16, 32, 64):
        row = []
        for batch in (how.batch, how.batch * machines):
            for gigabits in (1, 10):
                compute = batch / machines / speed
                wire = 2 * (machines - 1) / machines * cost["bytes_per_step"] * 8 / (gigabits * 1e9)
                waits = cost["sums_per_step"] * 2 * (machines - 1) * 50e-6
                exposed = max(0.0, wire - cost["hidden"] * compute * 2 / 3)
                row.append(f"{FULL_EPOCH / batch * (compute + exposed + waits):.1f}")
        print(f"| {machines} | " + " | ".join(row) + " |")


def main():
    how = options()
    how.program = os.path.abspath(how.program)
    with tempfile.TemporaryDirectory() as work:
        if how.data is None:
            how.data = os.path.join(work, "data.safetensors")
            subprocess.run([how.program, "preprocess", "--synthetic", "2000", "--output", how.data], check=True,
                           stdout=subprocess.DEVNULL)
        results = measure(how, work)
    show(how, results)
    model(how, results)


if __name__ == "__main__":
    main()
