"""The modes startup, scale and accuracy."""
import glob
import os
import re
import subprocess

import contestants
import ours
import protocol
import speed_modes


def best(command, repeats, cwd=None):
    return min(protocol.run(command, cwd=cwd).seconds for _ in range(repeats))


def library_seconds(options):
    """Seconds to load LibTorch alone, and libsvhn with everything it links, into a program that does nothing."""
    folder = os.path.dirname(os.path.dirname(os.path.realpath(options.program)))
    own = glob.glob(os.path.join(folder, "lib*", "**", "libsvhn.so.0"), recursive=True)[0]
    listed = subprocess.run(["ldd", own], capture_output=True, text=True, check=True).stdout
    torch = ":".join(re.findall(r"=> (\S*/libtorch[^/\s]*)", listed))
    bare = best(["env", "true"], options.repeats)
    return [best(["env", "LD_PRELOAD=" + libraries, "true"], options.repeats) - bare for libraries in (torch, own)]


def light_commands(setup, model):
    data, config = setup.document["data"]["file"], setup.config()
    return [["--version"], ["--help"], ["train", "--help"], ["info", data], ["info", model],
            ["config", "check", config], ["config", "show", config], ["config", "schema"]]


def other_commands(setup, model):
    small = ours.synthetic(setup.options, 64)
    picture = os.path.join(setup.work, "picture.png")
    make = ["preprocess", "--synthetic", 64, "--output", os.path.join(setup.work, "x.safetensors")]
    return [["env"], make + ["--preview", picture], ["evaluate", "--model", model, "--data", small],
            ["predict", "--model", model, picture]]


def command_rows(options, setup, model, load):
    rows = []
    for command in light_commands(setup, model):
        seconds = best([options.program, *command], options.repeats, setup.work)
        rows.append([named(command), f"{seconds * 1000:.0f}", "-"])
    for command in other_commands(setup, model):
        seconds = best([options.program, *command], options.repeats, setup.work)
        rows.append([named(command), f"{seconds * 1000:.0f}", f"{(seconds - load) * 1000:.0f}"])
    return rows


def named(command):
    """A command line as a reader wants it, folders left out."""
    return " ".join(os.path.basename(str(part)) for part in command)


def first_step(contestant, setup, batch):
    command = ours.train_command(contestant, setup, setup.config(batch_size=batch), 1)
    done = protocol.run(command, stop_at_first_step=True)
    if done.first_step is None:
        raise SystemExit("peers: the run never reached its first step: " + protocol.reason_of(done.err))
    return done


def first_step_row(contestant, setup, batch, repeats):
    found = [first_step(contestant, setup, batch) for _ in range(repeats)]
    return [f"{contestant.name}, batch {batch}", protocol.spread(f.first_step for f in found).text(),
            f"{max(f.peak_mb for f in found):,.0f}"]


def startup(options):
    own = [c for c in contestants.present(options) if c.ours]
    setup = ours.Setup(options)
    model = ours.trained_model(own[0], ours.Setup(options, data=ours.synthetic(options, 640)))
    torch, library = library_seconds(options)
    steps = [first_step_row(c, setup, batch, options.repeats) for c in own
             for batch in (1, setup.document["train"]["batch_size"])]
    commands = command_rows(options, setup, model, torch)
    title = f"{options.images:,} prepared images; LibTorch alone loads in {torch:.2f} s, libsvhn in {library:.2f} s"
    text = "\n".join([title, protocol.table(["svhn train", "first step s", "peak MiB"], steps), "",
                      protocol.table(["command", "ms", "beyond LibTorch's load"], commands)])
    return text, {"libtorch_seconds": torch, "library_seconds": library, "first_step": steps, "commands": commands}


def scale_row(options, own, images):
    """Preparing, opening, a part of an epoch, evaluating; time and peak memory of each."""
    path = os.path.join(options.work, f"scale-{images}.safetensors")
    made = protocol.run([options.program, "preprocess", "--synthetic", images, "--output", path])
    setup = ours.Setup(options, data=path)
    opened = protocol.run([options.program, "info", path])
    trained = first_step(own, setup, setup.document["train"]["batch_size"])
    model = ours.trained_model(own, ours.Setup(options, data=ours.synthetic(options, 640)))
    tested = ours.evaluate(own, setup, model, "test", "float32")
    os.remove(path)
    return {"images": images, "prepare_seconds": made.seconds, "prepare_mb": made.peak_mb, "open_seconds": opened.seconds,
            "first_step_seconds": trained.first_step, "first_step_mb": trained.peak_mb,
            "evaluate_images": tested["images"], "evaluate_seconds": tested["seconds"],
            "evaluate_rate": tested["rates"][0], "evaluate_mb": tested["peak_mb"]}


def scale_table(rows):
    head = ["images", "prepare s", "MiB", "open s", "first step s", "MiB", "test images", "evaluate s", "images/s", "MiB"]
    keys = ["prepare_seconds", "prepare_mb", "open_seconds", "first_step_seconds", "first_step_mb", "evaluate_images",
            "evaluate_seconds", "evaluate_rate", "evaluate_mb"]
    forms = ["{:.2f}", "{:,.0f}", "{:.3f}", "{:.2f}", "{:,.0f}", "{:,}", "{:.1f}", "{:,.0f}", "{:,.0f}"]
    return protocol.table(head, [[f"{row['images']:,}", *(f.format(row[k]) for k, f in zip(keys, forms))] for row in rows])


def thread_rates(options, own):
    """Training on one thread and on all cores, in turn."""
    cores, setup, found = options.threads, ours.Setup(options), {}
    for threads in [1, cores] * options.repeats:
        options.threads = threads
        found.setdefault(threads, []).append(speed_modes.steady(ours.train(own, setup, options.epochs + 1)))
    options.threads = cores
    return found


def scale(options):
    own = next(c for c in contestants.present(options) if c.ours)
    rates = thread_rates(options, own)
    rows = [[n, protocol.spread(found).text("{:,.0f}"), protocol.ratios(found, rates[1]).text()]
            for n, found in rates.items()]
    sizes = [scale_row(options, own, images) for images in options.sizes]
    text = protocol.table(["threads", "training images/s", "against one"], rows) + "\n\n" + scale_table(sizes)
    return text, {"threads": rates, "sizes": sizes}


def accuracy_once(contestant, setup, epochs):
    if contestant.ours:
        return ours.train(contestant, setup, epochs)["val_accuracy"]
    request = {**setup.request("train"), "epochs": epochs, "validate": True}
    return protocol.ask_peer(contestant.program, contestant.script, request, setup.work)["val_accuracy"]


def accuracy(options):
    """Whole epochs of real data with each of several seeds."""
    if not options.data:
        raise SystemExit("peers: accuracy needs a prepared file of real digits, --data FILE")
    present = [c for c in contestants.present(options) if c.name != "keras"]
    setup, found = ours.Setup(options, data=os.path.abspath(options.data)), {}
    for seed in range(1, options.seeds + 1):
        setup.seed = seed
        for contestant in present:
            found.setdefault(contestant.name, []).append(accuracy_once(contestant, setup, options.epochs))
            protocol.tell(f"  seed {seed}: {contestant.name} {found[contestant.name][-1][-1]:.4f}")
    rows = [accuracy_row(name, runs) for name, runs in found.items()]
    head = ["", "last epoch: mean", "deviation", "smallest to largest", "best epoch: mean"]
    title = f"validation accuracy of {options.config} after {options.epochs} epochs, {options.seeds} seeds"
    return title + "\n" + protocol.table(head, rows), {"val_accuracy": found}


def accuracy_row(name, runs):
    last, top = [run[-1] for run in runs], [max(run) for run in runs]
    deviation = protocol.statistics.stdev(last) if len(last) > 1 else 0.0
    return [name, f"{protocol.statistics.mean(last):.4f}", f"{deviation:.4f}", f"{min(last):.4f} to {max(last):.4f}",
            f"{protocol.statistics.mean(top):.4f}"]
