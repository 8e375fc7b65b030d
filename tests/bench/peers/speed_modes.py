"""The modes train, evaluate, augment and busy: images per second, compared with the peers."""
import contextlib
import json
import os
import subprocess
import sys

import contestants
import ours
import protocol

FILLS = ("nearest", "constant", "reflect", "wrap")  # Keras' fill_mode.


def measure_training(contestant, setup):
    """One process; the first epoch warms up, the others are the measurement."""
    if contestant.ours:
        return ours.train(contestant, setup, setup.options.epochs + 1)
    if contestant.script == "torch_peer.py" and "augment" in setup.document["data"]:
        raise protocol.Unavailable("plain PyTorch has no counterpart of this augmentation")
    return protocol.ask_peer(contestant.program, contestant.script, setup.request("train"), setup.work)


def steady(result):
    """The rate after the first epoch."""
    rates = result["rates"]
    return protocol.statistics.median(rates[1:] or rates)


def summary(results, first):
    """The figures of each contestant, and the ratios of `first` to it."""
    return {name: {"images_per_second": protocol.spread(map(steady, found)),
                   "ratio": protocol.ratios(map(steady, results[first]), map(steady, found)),
                   "peak_mb": max(r["peak_mb"] for r in found),
                   "first_step_seconds": min((r["first_step"] for r in found if r.get("first_step")), default=None)}
            for name, found in results.items()}


def versions(present):
    return {contestant.name: contestant.version for contestant in present}


def show(results, title):
    """A table of a mode that ran contestants, with every other one's ratio to each of ours."""
    ours_names = [name for name in results if name.startswith("svhn")]
    columns = {name: summary(results, name) for name in ours_names}
    rows = []
    for name in results:
        facts = columns[ours_names[0]][name]
        first = facts["first_step_seconds"]
        rows.append([name, facts["images_per_second"].text("{:,.0f}"), f"{facts['peak_mb']:,.0f}",
                     f"{first:.2f}" if first else "-", *(columns[own][name]["ratio"].text() for own in ours_names)])
    head = ["", "images/s", "peak MiB", "first step s", *(f"{own} is faster by" for own in ours_names)]
    return title + "\n" + protocol.table(head, rows), columns


def train(options):
    present = contestants.present(options)
    setup = ours.Setup(options)
    results = protocol.rounds(present, options.repeats, lambda c: measure_training(c, setup))
    title = f"train {options.config}, batch {setup.document['train']['batch_size']}, {setup.steps} steps an epoch"
    text, columns = show(results, title)
    return text, {"ratios": columns, "versions": versions(present)}


def measure_evaluation(contestant, setup, model, agreement):
    split, batch = setup.options.split, 256
    if contestant.ours:
        result = ours.evaluate(contestant, setup, model, split, contestant.precision)
    else:
        request = setup.request("evaluate", model=model, split_name=split, evaluation_batch=batch)
        result = protocol.ask_peer(contestant.program, contestant.script, request, setup.work)
    agreement.setdefault(contestant.name, result["predicted"])
    return result


def evaluate(options):
    present = contestants.present(options)
    setup = ours.Setup(options)
    own = next(c for c in present if c.ours)
    model, agreement = ours.trained_model(own, setup), {}
    results = protocol.rounds(present, options.repeats, lambda c: measure_evaluation(c, setup, model, agreement))
    text, columns = show(results, f"evaluate {options.config} on the {options.split} split")
    reference = agreement.get("svhn-f32") or agreement[own.name]
    same = {name: sum(a == b for a, b in zip(reference, agreement[name])) / len(reference) for name in results}
    lines = [f"  {name}: {share:.4%} of {len(reference)} predictions are the same" for name, share in same.items()]
    return "\n".join([text, *lines]), {"ratios": columns, "same_predictions": same, "versions": versions(present)}


def augment_once(options, setup):
    """Our loader on one core, with and without augmentation."""
    done = protocol.run([options.augment_bench, setup.config(), 5], cores={min(os.sched_getaffinity(0))})
    found = json.loads(done.out)
    return {key: protocol.statistics.median(rates) for key, rates in found.items()}


def keras_augment_once(options, setup):
    [keras] = [c for c in options.present if c.name == "keras"]
    request = setup.request("augment")
    answer = protocol.ask_peer(keras.program, keras.script, request, setup.work, {min(os.sched_getaffinity(0))})
    return protocol.statistics.median(answer["rates"])


def augmentation_alone(options):
    """Both generators with each way to fill what comes from outside the image."""
    setup = ours.Setup(options, "q2_2")
    rows, found = [], {}
    for fill in FILLS:
        setup.document["data"]["augment"]["fill"] = fill
        own, keras = [], []
        for _ in range(options.repeats):
            own.append(augment_once(options, setup))
            if any(c.name == "keras" for c in options.present):
                keras.append(keras_augment_once(options, setup))
        for key in ("augmented", "plain") if fill == FILLS[0] else ("augmented",):
            rows.append([f"our loader, {fill}" if key == "augmented" else "our loader without augmentation",
                         protocol.spread(r[key] for r in own).text("{:,.0f}"),
                         protocol.ratios([r[key] for r in own], keras).text("{:.1f}") if keras else "-"])
        if keras:
            rows.append([f"ImageDataGenerator, {fill}", protocol.spread(keras).text("{:,.0f}"), "1"])
        found[fill] = {"ours": own, "keras": keras}
    return protocol.table(["on one core", "images/processor s", "times Keras"], rows), found


def augmentation_in_step(options):
    """Times of a q2_2 step over a q2_1 step, in turn and with the same number of steps."""
    plain, changed = ours.Setup(options, "q2_1"), ours.Setup(options, "q2_2")
    found = {}
    for own in (c for c in options.present if c.ours):
        pairs = [(steady(measure_training(own, plain)), steady(measure_training(own, changed)))
                 for _ in range(options.repeats)]
        found[own.name] = protocol.spread(a / b - 1 for a, b in pairs)
    rows = [[name, added.text("{:.1%}")] for name, added in found.items()]
    return protocol.table(["augmentation adds to a step", "share"], rows), found


def augment(options):
    options.present = contestants.present(options)
    if not options.augment_bench:
        raise SystemExit("peers: name the program augment_bench with --augment-bench")
    first, alone = augmentation_alone(options)
    second, step = augmentation_in_step(options)
    return first + "\n\n" + second, {"alone": alone, "in_step": step}


@contextlib.contextmanager
def burner(wanted):
    """A process that keeps one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if wanted else None
    try:
        yield
    finally:
        if process:
            process.kill()
            process.wait()


def measure_busy(contestant, setup):
    rates = []
    for wanted in (False, True):
        with burner(wanted):
            rates.append(steady(measure_training(contestant, setup)))
    return {"alone": rates[0], "busy": rates[1]}


def busy(options):
    present, setup = contestants.present(options), ours.Setup(options)
    results = protocol.rounds(present, options.repeats, lambda c: measure_busy(c, setup))
    kept = {name: protocol.ratios([r["busy"] for r in found], [r["alone"] for r in found])
            for name, found in results.items()}
    rows = [[name, f"{max(r['alone'] for r in found):,.0f}", f"{max(r['busy'] for r in found):,.0f}",
             kept[name].text("{:.0%}")] for name, found in results.items()]
    head = ["", "alone images/s", "beside a busy process", "kept"]
    title = f"train {options.config} while another process burns one of the cores"
    return title + "\n" + protocol.table(head, rows), {"kept": kept, "versions": versions(present)}
