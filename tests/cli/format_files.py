"""The runs of tests/fixtures/formats_v1 and how to look at them, for generate.py there and for fixtures_test.py."""

import array
import hashlib
import json
import lzma
import os
import re

import harness

FOLDER = os.path.join(harness.SOURCE, "tests", "fixtures", "formats_v1")
ZEROS = bytes(1 << 20)

OUTPUTS = {"dense": "interrupted", "conv": "interrupted", "script": "transfer", "squeezenet": "transfer",
           "median": "searches", "halving": "searches"}
SETTINGS = ("OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")  # Of users' own.
HARDWARE = ("--threads", "1", "--device", "cpu")  # What the fixtures were written with.
COMMANDS = {"interrupted": ["train", "--resume"], "transfer": ["transfer"], "searches": ["tune", "--resume"]}
PREDICTING = ["models/dense.safetensors", "models/conv.safetensors", "models/script.safetensors"]
EVALUATED = [*PREDICTING, "interrupted/conv/checkpoints/last.safetensors", "backbones/squeezenet1_1.safetensors",
             "backbones/nasnet_mobile.safetensors"]


def command(name):
    """Goes on with a run of the fixtures' folder, or starts it where only cached features are there."""
    output = OUTPUTS[name]
    return [*COMMANDS[output], "--config", f"configs/{name}.json", "--output", output, *HARDWARE]


def models(name, folder):
    """The models that a run leaves, as paths relative to the folder."""
    output = OUTPUTS[name]
    own = [file for file in harness.tree(os.path.join(folder, output)) if re.match(rf"{name}[./]", file)]
    return [f"{output}/{file}" for file in own if file.endswith(".safetensors") and "checkpoints/" not in file]


def digests(name, folder):
    return {file: hashlib.sha256(harness.read_bytes(os.path.join(folder, file))).hexdigest()
            for file in models(name, folder)}


def numbers(name, folder):
    """The curves of a run or the results of a search, without what depends on the clock."""
    ending = "/results.json" if OUTPUTS[name] == "searches" else ".history.json"
    return timeless(harness.read_json(os.path.join(folder, OUTPUTS[name], name + ending)))


def machine(folder):
    """What equal bytes depend on besides seed and thread count: libraries and their settings, processor, compiler."""
    told = json.loads(harness.run("env", "--json", *HARDWARE, cwd=folder).out)
    about = {key: told[key] for key in ("libtorch", "blas", "cpu_features", "device")}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        text = file.read()
    for key in ("vendor_id", "cpu family"):
        found = re.search(rf"(?m)^{key}\s*: (.*)$", text)
        about[key] = found[1] if found else None
    kinds = re.findall(rb"(GCC): \([^)\0]*\) ([\d.]+)|(clang) version ([\d.]+)", harness.read_bytes(harness.library()))
    about["compilers"] = sorted({b" ".join(filter(None, kind)).decode() for kind in kinds})
    about["settings"] = {key: os.environ[key] for key in SETTINGS if key in os.environ}
    return about


def timeless(document):
    """A document without what depends on the clock."""
    if isinstance(document, dict):
        return {key: timeless(value) for key, value in document.items() if key not in ("seconds", "images_per_second")}
    return [timeless(value) for value in document] if isinstance(document, list) else document


def tensors(path):
    """The f32 tensors of a safetensors file by name."""
    content = harness.read_bytes(path)
    begin = 8 + int.from_bytes(content[:8], "little")
    found = {}
    for name, tensor in json.loads(content[8:begin]).items():
        if name == "__metadata__" or tensor["dtype"] != "F32":
            continue
        first, last = tensor["data_offsets"]
        found[name] = array.array("f", content[begin + first:begin + last])
    return found


def unpack(source, target):
    """Unpacks an .xz file; runs of zeros become holes, which take no room on the disk."""
    with lzma.open(source) as packed, open(target, "wb") as file:
        while piece := packed.read(len(ZEROS)):
            if piece == ZEROS[:len(piece)]:
                file.seek(len(piece), os.SEEK_CUR)
            else:
                file.write(piece)
        file.truncate()


def unpack_backbones(folder):
    """In a copy of the fixtures, `backbones/NAME.safetensors.xz` to `NAME.safetensors` beside it."""
    place = os.path.join(folder, "backbones")
    for name in sorted(os.listdir(place)):
        unpack(os.path.join(place, name), os.path.join(place, name[:-len(".xz")]))
