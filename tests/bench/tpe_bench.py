"""The search `tpe` beside random draws at equal trials: best validation accuracy of each, over seeds.

  python3 tests/bench/tpe_bench.py --program build/release/bin/svhn [--config q1_3|q2_1] [--data FILE] [--seeds 20]

Both searches of a seed begin with the same random trials, so the pairs differ in what follows alone. Prints the mean of
the best accuracy after several numbers of trials with its standard error, how many seeds each search won, and the
probability of that by chance (Wilcoxon's signed rank test, two-sided, with SciPy; a sign test without it).
"""
import argparse
import json
import math
import os
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RATES = {"/train/optimizer/learning_rate": {"log_uniform": [1e-5, 1.0]}, "/train/batch_size": {"choice": [32, 64, 128]}}
ACTIVATIONS = ["relu", "tanh", "selu", "sigmoid"]


def activation(places):
    return {"paths": [f"/model/layers/{place}/activation" for place in places], "choice": ACTIVATIONS}


SPACES = {
    "q1_3": {**RATES, "activation": activation([1, 3, 6]),
             **{f"/model/layers/{place}/units": {"int": [16, 256, 16]} for place in (1, 3, 6)},
             **{f"/model/layers/{place}/rate": {"uniform": [0.0, 0.7]} for place in (5, 8)}},
    "q2_1": {**RATES, "activation": activation([0, 2, 6, 8, 12, 14, 19]),
             **{f"/model/layers/{place}/rate": {"uniform": [0.0, 0.7]} for place in (5, 11, 17, 21)}},
}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--config", default="q1_3", choices=sorted(SPACES))
    parser.add_argument("--data", help="a prepared file; without one 4,000 synthetic digits")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--round", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", help="write all scores there, as JSON")
    return parser.parse_args()


def write_config(how, work, search, seed):
    with open(os.path.join(ROOT, "configs", how.config + ".json"), encoding="utf-8") as file:
        config = json.load(file)
    config["name"] = f"{search}_{seed}"
    config["data"]["file"] = how.data
    config["train"]["epochs"] = how.epochs
    config["tune"] = {"search": search, "trials": how.trials, "seed": seed, "space": SPACES[how.config]}
    if search == "tpe":
        config["tune"]["tpe"] = {"round": how.round}
    path = os.path.join(work, config["name"] + ".json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    return path


def scores(how, work, search, seed):
    """@returns the best score after each trial."""
    command = [how.program, "tune", "--config", write_config(how, work, search, seed), "--output", work, "--threads",
               str(how.threads), "--quiet", "--json"]
    document = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    best, found = 0.0, []
    for trial in document["trials"]:
        best = max(best, trial["score"] or 0.0)
        found.append(best)
    return found


def by_chance(differences):
    """@returns the name of the test and the probability."""
    try:
        from scipy.stats import wilcoxon
        return "Wilcoxon", float(wilcoxon(differences).pvalue)
    except ImportError:
        wins, n = sum(d > 0 for d in differences), sum(d != 0 for d in differences)
        tail = sum(math.comb(n, k) for k in range(max(wins, n - wins), n + 1)) / 2 ** n
        return "sign test", min(1.0, 2 * tail)


def mean_and_error(values):
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1))
    return mean, spread / math.sqrt(len(values))


def show(how, found):
    places = sorted({n for n in (10, 15, 20, 30, 40, 60, 80, 100) if n < how.trials} | {how.trials})
    print("| trials | random | tpe | difference | seeds won / lost | by chance |")
    print("|---|---|---|---|---|---|")
    for n in places:
        random, tpe = ([curve[min(n, len(curve)) - 1] for curve in found[search]] for search in ("random", "tpe"))
        differences = [b - a for a, b in zip(random, tpe)]
        cells = ["{:.4f} ± {:.4f}".format(*mean_and_error(values)) for values in (random, tpe, differences)]
        won, lost = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
        chance = "{0}: {1:.2g}".format(*by_chance(differences)) if won or lost else "-"
        print(f"| {n} | {' | '.join(cells)} | {won} / {lost} | {chance} |", flush=True)


def main():
    how = options()
    how.program = os.path.abspath(how.program)
    with tempfile.TemporaryDirectory() as work:
        if how.data is None:
            how.data = os.path.join(work, "data.safetensors")
            subprocess.run([how.program, "preprocess", "--synthetic", "4000", "--output", how.data, "--quiet"], check=True)
        how.data = os.path.abspath(how.data)
        found, began = {"random": [], "tpe": []}, time.time()
        for seed in range(1, how.seeds + 1):
            for search, curves in found.items():
                curves.append(scores(how, work, search, seed))
            print(f"seed {seed}: random {found['random'][-1][-1]:.4f}, tpe {found['tpe'][-1][-1]:.4f}", flush=True)
    if how.results:
        with open(how.results, "w", encoding="utf-8") as file:
            json.dump({"how": vars(how), "scores": found}, file)
    print(f"{how.config}, {how.seeds} seeds, {how.epochs} epochs, {time.time() - began:.0f} s")
    show(how, found)


if __name__ == "__main__":
    main()
