"""The contestants: svhn in both precisions, and the peers, each with the Python that has its packages.

A peer from PyPI lives in a virtual environment that the benchmark makes in its cache, or in one that --venv names.
"""
import dataclasses
import json
import os
import shutil
import subprocess
import sys

import protocol

DEBIAN_PYTHON = "/usr/bin/python3"
PYPI = {"torch": ["torch", "numpy"], "keras": ["tensorflow", "numpy", "scipy", "pillow"]}
NAMES = ("svhn-bf16", "svhn-f32", "torch-debian", "torch-pypi", "keras")


@dataclasses.dataclass
class Contestant:
    """`program`: ours, or the Python of a peer. `script`: a peer's; ours has a precision instead."""
    name: str
    program: str
    script: str = None
    precision: str = None
    version: str = ""

    @property
    def ours(self):
        return self.script is None


def imports(python, module):
    """The version of a module that this Python can import, or None."""
    code = f"import numpy, {module}; print({module}.__version__)"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, env=protocol.environment(), check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def install(folder, packages, options):
    protocol.tell(f"  installing {' '.join(packages)} into {folder}")
    subprocess.run([DEBIAN_PYTHON, "-m", "venv", folder], check=True, capture_output=True)
    index = ["--extra-index-url", options.extra_index] if options.extra_index else []
    subprocess.run([os.path.join(folder, "bin", "pip"), "install", "--quiet", *index, *packages], check=True,
                   capture_output=True)


def pypi_python(kind, module, options):
    """The Python of a peer's virtual environment, which is made where it is missing."""
    folder = dict(options.venv).get(kind) or os.path.join(options.cache, kind)
    python = os.path.join(folder, "bin", "python")
    if os.path.exists(python) and imports(python, module):
        return python
    if options.no_install or kind in dict(options.venv):
        raise protocol.Unavailable(f"there is no {module} in '{folder}'")
    try:
        install(folder, PYPI[kind], options)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise protocol.Unavailable(f"{module} cannot be installed from PyPI here ({error})") from error
    return python


def ours(name, options):
    program = options.program
    if not program or not os.access(program, os.X_OK):
        raise protocol.Unavailable("name the program with --program or SVHN_BIN")
    facts = json.loads(protocol.run([program, "env", "--json"]).out)
    precision = {"svhn-bf16": "bfloat16", "svhn-f32": "float32"}[name]
    if precision == "bfloat16" and facts["precision_auto"] != "bfloat16":
        raise protocol.Unavailable("this processor has neither AMX nor AVX512_BF16")
    return Contestant(name, program, precision=precision, version=f"{facts['version']}, LibTorch {facts['libtorch']}")


def debian_torch(name, _options):
    version = imports(DEBIAN_PYTHON, "torch")
    if not version:
        raise protocol.Unavailable("install python3-torch and python3-numpy")
    return Contestant(name, DEBIAN_PYTHON, "torch_peer.py", version=version)


def pypi_torch(name, options):
    python = pypi_python("torch", "torch", options)
    return Contestant(name, python, "torch_peer.py", version=imports(python, "torch"))


def keras(name, options):
    python = pypi_python("keras", "tensorflow", options)
    return Contestant(name, python, "keras_peer.py", version=imports(python, "tensorflow"))


MAKERS = {"svhn-bf16": ours, "svhn-f32": ours, "torch-debian": debian_torch, "torch-pypi": pypi_torch, "keras": keras}


def present(options):
    """Those of the wanted contestants that can run here; a line on stderr for each that cannot.

    `options.known` keeps who was found before.
    """
    found = []
    for name in options.contestants:
        try:
            if name not in options.known:
                options.known[name] = MAKERS[name](name, options)
            found.append(options.known[name])
        except protocol.Unavailable as reason:
            protocol.tell(f"  {name} is left out: {reason}")
    if not any(contestant.ours for contestant in found):
        sys.exit("peers: our own program cannot run, so there is nothing to compare with")
    return found
