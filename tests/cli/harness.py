"""Shared by the command-line tests: running svhn, small inputs, and reading the files that it wrote.

The program is named by the environment variable SVHN_BIN (CTest sets it). Every test has its own folder.
"""

import contextlib
import ctypes
import glob
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.abspath(os.environ.get("SVHN_BIN", ""))
SECONDS = 300  # Far beyond what any run here takes, also on a busy machine.
CONFIG_HINT = "'svhn config schema' describes every key and its range"
KEPT_HINT = "choose another output; what is read is never written over"
DAMAGED_HINT = "the file is damaged or not a safetensors file; make it again or fetch it anew"

DENSE = [
    {"type": "flatten"},
    {"type": "dense", "units": 8, "activation": "relu"},
    {"type": "batch_norm"},
    {"type": "dropout", "rate": 0.2},
    {"type": "dense", "units": 10, "activation": "softmax"},
]


def library():
    """The library that the program loads."""
    folder = os.path.dirname(os.path.dirname(os.path.realpath(PROGRAM)))
    return next(iter(glob.glob(os.path.join(folder, "lib*", "**", "libsvhn.so.0"), recursive=True)))


class Result:
    """What a finished process said and how it ended (a negative code: killed by that signal)."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def environment(extra=None):
    """No colours, no settings of the person who runs the tests."""
    values = {key: value for key, value in os.environ.items() if not key.startswith("SVHN_")}
    values.update({"NO_COLOR": "1", "LC_ALL": "C.UTF-8", "TERM": "dumb"})
    values.update(extra or {})
    return values


def start(*arguments, cwd, env=None, before=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.Popen(command, cwd=cwd, env=environment(env), stdin=stdin, stdout=stdout,
                            stderr=subprocess.PIPE, text=True, preexec_fn=before)


def finish(process, seconds=SECONDS):
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Result(process.returncode, out, err)


def run(*arguments, cwd, **how):
    return finish(start(*arguments, cwd=cwd, **how))


def children(pid):
    """The processes that one has started, in that order: those of `--nproc` by rank."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(one) for one in file.read().split()]


def obey_permissions():
    """For the child: takes root's right to ignore file permissions away (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; the next exec gets what is left.


def permissions_hold(folder):
    """Whether a child that obeys permissions really is kept out of a file without them."""
    probe = os.path.join(folder, "permission-probe")
    with open(probe, "w", encoding="utf-8"):
        pass
    os.chmod(probe, 0)
    done = subprocess.run(["cat", probe], preexec_fn=obey_permissions, capture_output=True, check=False)
    os.remove(probe)
    return done.returncode != 0


@contextlib.contextmanager
def small_disk(folder, bytes_):
    """A file system of a few bytes at `folder`; skips the test where mounting is not allowed."""
    os.makedirs(folder, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={bytes_}", "svhn-test", folder]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        raise unittest.SkipTest("a full disk needs the right to mount a small tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def config(**changes):
    """A small run; `train` is merged, everything else replaced."""
    document = {
        "schema": 1,
        "name": "tiny",
        "data": {"file": "data.safetensors", "preprocess": ["greyscale", "minmax"]},
        "model": {"layers": DENSE},
        "train": {"epochs": 2, "batch_size": 64, "precision": "float32"},
    }
    document["train"].update(changes.pop("train", {}))
    document.update(changes)
    return document


def write_json(path, document):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    return path


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def read_json(path):
    return json.loads(read_bytes(path))


def tree(folder):
    """The paths of all files below a folder, relative to it and sorted."""
    found = []
    for base, _, files in os.walk(folder):
        found += [os.path.relpath(os.path.join(base, name), folder) for name in files]
    return sorted(found)


def state_of(folder):
    """Content and time of every file and folder: equal before and after means that nothing was touched."""
    found = {}
    for base, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(base, name)
            content = hashlib.sha256(read_bytes(path)).hexdigest() if name in files else None
            found[os.path.relpath(path, folder)] = (content, os.stat(path).st_mtime_ns)
    return found


def flip_bit(path, offset, bit=0):
    content = bytearray(read_bytes(path))
    content[offset] ^= 1 << bit
    with open(path, "wb") as file:
        file.write(content)


def tensor_place(path, name):
    """Offset and size in the file of a tensor's bytes, from the header of the safetensors format."""
    content = read_bytes(path)
    length = int.from_bytes(content[:8], "little")
    begin, end = json.loads(content[8:8 + length])[name]["data_offsets"]
    return 8 + length + begin, end - begin


def checksum(content):
    """XXH3, as svhn signs what it writes."""
    try:
        xxhash = ctypes.CDLL("libxxhash.so.0")
    except OSError as error:
        raise unittest.SkipTest("signing a file needs libxxhash") from error
    xxhash.XXH3_64bits.restype = ctypes.c_uint64
    return f"{xxhash.XXH3_64bits(content, ctypes.c_size_t(len(content))):016x}"


def rewrite_prepared(source, target, change):
    """Rewrites a prepared file. `change` gets the header and the bytes, and returns the bytes; the header is signed anew."""
    content = read_bytes(source)
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    data = change(header, content[8 + length:])
    header["__metadata__"]["svhn.checksum"] = "0" * 16
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    head = len(text).to_bytes(8, "little") + text
    own = f'"svhn.checksum":"{checksum(head)}'.encode()
    with open(target, "wb") as file:
        file.write(head.replace(b'"svhn.checksum":"' + b"0" * 16, own) + data)


def empty_split(source, target, split):
    """The file without the rows of a split."""
    def change(header, data):
        begin, end = header[split]["data_offsets"]
        header[split] = {"dtype": "I64", "shape": [0], "data_offsets": [begin, begin]}
        header["__metadata__"][f"svhn.checksum.{split}"] = ""
        for name, tensor in header.items():
            if name not in ("__metadata__", split) and tensor["data_offsets"][0] >= end:
                tensor["data_offsets"] = [offset - (end - begin) for offset in tensor["data_offsets"]]
        return data[:begin] + data[end:]
    rewrite_prepared(source, target, change)


def relabel(source, target, digits):
    """The file with other digits in some rows, {row: digit}."""
    def change(header, data):
        begin, end = header["labels"]["data_offsets"]
        labels = bytearray(data[begin:end])
        for row, digit in digits.items():
            labels[row] = (digit + 9) % 10
        header["__metadata__"]["svhn.checksum.labels"] = checksum(bytes(labels))
        return data[:begin] + bytes(labels) + data[end:]
    rewrite_prepared(source, target, change)


def curves(path):
    """The learning curves without what depends on the clock."""
    history = read_json(path)
    return {key: values for key, values in history.items() if key not in ("seconds", "images_per_second")}


def wait_until(condition, seconds=SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("what the test waits for did not happen")
        time.sleep(0.002)


class FolderTest(unittest.TestCase):
    """A folder for the class, and an empty one for each test."""

    @classmethod
    def setUpClass(cls):
        if not os.access(PROGRAM, os.X_OK):
            raise unittest.SkipTest("SVHN_BIN does not name the program")
        cls.base = tempfile.mkdtemp(prefix="svhn-cli-")
        cls.addClassCleanup(shutil.rmtree, cls.base, ignore_errors=True)

    def setUp(self):
        self.dir = tempfile.mkdtemp(dir=self.base)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def run_svhn(self, *arguments, **how):
        return run(*arguments, cwd=how.pop("cwd", self.dir), **how)

    def succeed(self, *arguments, **how):
        result = self.run_svhn(*arguments, **how)
        self.assertEqual(result.code, 0, result)
        return result

    def train(self, document, *arguments, **how):
        """`svhn train` with this config on one thread, since equal bytes need equal thread counts."""
        write_json(self.path("run.json"), document)
        threads = how.pop("threads", 1)
        return self.run_svhn("train", "--config", "run.json", "--threads", threads, *arguments, **how)

    def assert_error(self, result, code, message, hint):
        """The contract of every failure: the exit code, one line and a hint on stderr, nothing on stdout."""
        self.assertEqual(result.err, f"svhn: error: {message}\nhint: {hint}\n")
        self.assertEqual((result.code, result.out), (code, ""), result)

    def assert_no_leftovers(self, folder=None):
        self.assertEqual([name for name in tree(folder or self.dir) if name.endswith(".tmp")], [])


class ProgramTest(FolderTest):
    """Prepared synthetic data (600 digits) for the class, and a link to it in the folder of each test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = os.path.join(cls.base, "data.safetensors")
        made = run("preprocess", "--synthetic", 600, "--output", cls.data, cwd=cls.base)
        if made.code != 0:
            raise AssertionError(f"cannot make the test data: {made}")

    @classmethod
    def train_for_class(cls, document):
        """Leaves a trained model in the class' own folder, models/NAME.safetensors."""
        write_json(os.path.join(cls.base, "run.json"), document)
        done = run("train", "--config", "run.json", "--threads", 1, "--quiet", cwd=cls.base)
        if done.code != 0:
            raise AssertionError(done)

    def setUp(self):
        super().setUp()
        os.symlink(self.data, self.path("data.safetensors"))


class PageTest(ProgramTest):
    """Skipped in a build without the report page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        probe = run("report", "--runs", "none", "--output", "none.html", cwd=cls.base)
        if "no report page" in probe.err:
            raise unittest.SkipTest("this build has no report page: npm was missing")


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    unittest.main(verbosity=2)
