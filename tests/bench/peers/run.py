#!/usr/bin/env python3
"""svhn beside PyTorch and TensorFlow/Keras: the same network, data and batch size, one process after another.

The networks are those of configs/*.json; what is measured and how is said in protocol.py. A peer that cannot run here
is left out with a line on stderr; those of PyPI are installed into the cache folder on their first run.

  run.py train                                      q2_1: images/s, memory, first step, ratios
  run.py train --config q1_1 --images 40000         a dense network
  run.py train --config q2_2 --contestants svhn-bf16,svhn-f32,keras
  run.py evaluate                                   images/s on the test split, and whether the predictions agree
  run.py augment                                    augmentation alone on one core, and what it adds to a step
  run.py startup                                    the first step with 99,289 images; every command's own time
  run.py busy                                       while another process burns one of the cores
  run.py accuracy --data data/svhn.safetensors      validation accuracy of five seeds
  run.py scale --sizes 10000,100000,600000          threads; time and memory of more and more images
  run.py smoke                                      a few seconds of each, to see that all of this works
"""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile

import contestants
import product_modes
import protocol
import speed_modes

MODES = {"train": speed_modes.train, "evaluate": speed_modes.evaluate, "augment": speed_modes.augment,
         "busy": speed_modes.busy, "startup": product_modes.startup, "accuracy": product_modes.accuracy,
         "scale": product_modes.scale}
# (images, epochs measured, rounds) where the options do not say.
SIZES = {"train": (6400, 2, 3), "evaluate": (25600, 2, 3), "augment": (6400, 2, 3), "busy": (6400, 2, 2),
         "startup": (99289, 1, 3), "accuracy": (0, 5, 1), "scale": (6400, 2, 2)}
SKIPPED = 77


def venv(text):
    kind, _, folder = text.partition("=")
    if kind not in contestants.PYPI or not folder:
        raise argparse.ArgumentTypeError("write torch=FOLDER or keras=FOLDER")
    return kind, os.path.abspath(folder)


def names(text):
    wanted = text.split(",")
    for name in wanted:
        if name not in contestants.NAMES:
            raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(contestants.NAMES)}")
    return wanted


def parser():
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("mode", choices=[*MODES, "smoke"])
    made.add_argument("--program", default=os.environ.get("SVHN_BIN") or shutil.which("svhn"), help="svhn itself")
    made.add_argument("--augment-bench", help="the build's tests/bench/augment_bench")
    made.add_argument("--config", default="q2_1", help="a name in configs/ (default: %(default)s)")
    made.add_argument("--contestants", type=names, default=list(contestants.NAMES), metavar="NAME,...",
                      help=f"of {','.join(contestants.NAMES)}; all by default")
    made.add_argument("--images", type=int, help="synthetic images, of which 64 %% are for training")
    made.add_argument("--steps", type=int, help="of an epoch; default: the whole training split")
    made.add_argument("--epochs", type=int, help="measured, after one to warm up")
    made.add_argument("--repeats", type=int, help="rounds; every contestant runs once in each")
    made.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all cores")
    made.add_argument("--split", default="test", help="what evaluate looks at")
    made.add_argument("--data", help="a prepared file of real digits, for accuracy")
    made.add_argument("--seeds", type=int, default=5, help="of accuracy")
    made.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")], default=[10000, 100000],
                      help="images of scale, e.g. 10000,100000,600000")
    made.add_argument("--venv", type=venv, action="append", default=[], metavar="KIND=FOLDER",
                      help="an existing virtual environment: torch=FOLDER, keras=FOLDER")
    made.add_argument("--cache", default=os.path.join(os.environ.get("XDG_CACHE_HOME") or
                                                      os.path.expanduser("~/.cache"), "svhn-peers"),
                      help="where the peers' environments are made (default: %(default)s)")
    made.add_argument("--extra-index", help="a further package index, e.g. that of PyTorch's builds without CUDA")
    made.add_argument("--no-install", action="store_true", help="leave peers out that are not there")
    made.add_argument("--json", action="store_true", help="one JSON document on stdout instead of tables")
    return made


def settle(options, mode):
    images, epochs, repeats = SIZES[mode]
    options.images, options.epochs = options.images or images, options.epochs or epochs
    options.repeats = options.repeats or repeats


def smoke(options):
    """All modes on next to nothing, python3-torch where it matters. What comes out is no measurement."""
    if not contestants.imports(contestants.DEBIAN_PYTHON, "torch"):
        print("python3-torch and python3-numpy are not installed: the benchmark is not tried")
        sys.exit(SKIPPED)
    options.no_install, options.seeds, options.sizes = True, 1, [320]
    options.images, options.epochs, options.repeats, options.steps = 320, 1, 1, 2
    options.data = product_modes.ours.synthetic(options, 320)
    documents, texts = {}, []
    for mode, function in MODES.items():
        options.contestants = ["svhn-f32", "torch-debian"] if mode in ("train", "evaluate") else ["svhn-f32"]
        text, documents[mode] = function(options)
        texts.append(text)
    if documents["evaluate"]["same_predictions"]["torch-debian"] != 1.0:
        sys.exit("peers: PyTorch predicts other digits with the same weights")
    return "\n\n".join(texts), documents


def main():
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    options = parser().parse_args()
    options.program = options.program and os.path.abspath(options.program)
    if options.mode != "smoke":
        settle(options, options.mode)
    with tempfile.TemporaryDirectory(prefix="svhn-peers-") as options.work:
        options.data_cache, options.known = options.work, {}
        function = smoke if options.mode == "smoke" else MODES[options.mode]
        try:
            text, document = function(options)
        except protocol.Unavailable as reason:
            sys.exit(f"peers: {reason}")
    if options.json:
        print(json.dumps({"machine": protocol.machine(), options.mode: document}, default=vars))
    else:
        facts = protocol.machine()
        print(f"{facts['processor']} ({' '.join(facts['features'])}), {facts['cores']} cores, load {facts['load']:.1f}")
        print(text)


if __name__ == "__main__":
    main()
