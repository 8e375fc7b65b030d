#!/usr/bin/env python3
"""Our safetensors files are read in Python and Python's here.

    python3 tests/parity/safetensors_interop.py build/tests/parity/safetensors_dump

What needs no package runs everywhere, with a reader and writer of the format in a few lines. The packages
`safetensors` (with numpy) and `xxhash` from PyPI are used where they are installed; the output says which were not.
"""
import importlib.util
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

PIECE = 1 << 20
FLOATS = struct.pack("<600000f", *(i / 8 for i in range(600000)))
EXPECTED = {
    "bytes": ("U8", [3, 1], bytes([0, 1, 255])),
    "large": ("F32", [600, 1000], FLOATS),
    'empty "\u00e9"': ("F16", [0, 4], b""),
    "rows": ("I64", [3], struct.pack("<3q", -1, 0, 2**63 - 1)),
}


def no_duplicates(pairs):
    assert len({key for key, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def read_plain(path):
    """The format in six lines: returns header, {name: (dtype, shape, bytes)} and the bytes before the data."""
    content = pathlib.Path(path).read_bytes()
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:begin], object_pairs_hook=no_duplicates)
    tensors = {name: (t["dtype"], t["shape"], content[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]])
               for name, t in header.items() if name != "__metadata__"}
    return header, tensors, content[:begin]


def write_plain(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, (dtype, shape, raw) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()  # Non-ASCII names as \\u escapes, and no padding.
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def check_checksums(path):
    """What the header's documentation promises about `svhn.checksum...`."""
    import xxhash
    header, tensors, head = read_plain(path)
    metadata = header["__metadata__"]
    assert metadata["svhn.checksums"] == "xxh3-64 1048576"
    for name, (_, _, raw) in tensors.items():
        pieces = [raw[at:at + PIECE] for at in range(0, len(raw), PIECE)]
        joined = "".join(xxhash.xxh3_64_hexdigest(piece) for piece in pieces)
        assert metadata["svhn.checksum." + name] == joined, name
    own = metadata["svhn.checksum"].encode()
    entry = b'"svhn.checksum":"'
    assert head.count(entry + own) == 1
    assert xxhash.xxh3_64_hexdigest(head.replace(entry + own, entry + b"0" * 16)) == own.decode()


def check_package_reads(path):
    import numpy as np
    from safetensors import safe_open
    from safetensors.numpy import load_file
    arrays = load_file(path)
    assert set(arrays) == set(EXPECTED)
    for name, (_, shape, raw) in EXPECTED.items():
        assert list(arrays[name].shape) == shape and arrays[name].tobytes() == raw, name
    assert arrays["large"].dtype == np.float32 and arrays["rows"].dtype == np.int64
    with safe_open(path, framework="np") as file:
        assert file.metadata()["source"] == "line\nbreak"


def check_package_writes(dump, path):
    import numpy as np
    from safetensors.numpy import save_file
    arrays = {name: np.arange(6).reshape(2, 3).astype(name) for name in
              ("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
               "float16", "float32", "float64")}
    save_file(arrays, path, metadata={"framework": "np"})
    back = dump_of(dump, path)
    assert back["metadata"] == {"framework": "np"} and not back["has_checksums"]
    assert {name: t["hex"] for name, t in back["tensors"].items()} == {n: a.tobytes().hex() for n, a in arrays.items()}


def dump_of(dump, path):
    return json.loads(subprocess.run([dump, "read", path], check=True, capture_output=True).stdout)


def check_plain(dump, ours, theirs):
    _, tensors, _ = read_plain(ours)
    assert tensors == EXPECTED
    assert dump_of(dump, ours)["has_checksums"]
    write_plain(theirs, EXPECTED, {"a": "b"})
    back = dump_of(dump, theirs)
    assert back["metadata"] == {"a": "b"} and not back["has_checksums"]
    assert {n: (t["dtype"], t["shape"], bytes.fromhex(t["hex"])) for n, t in back["tensors"].items()} == EXPECTED


def main():
    dump = sys.argv[1]
    installed = {name: importlib.util.find_spec(name) is not None for name in ("numpy", "safetensors", "xxhash")}
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = folder + "/ours.safetensors", folder + "/theirs.safetensors"
        subprocess.run([dump, "write", ours], check=True)
        check_plain(dump, ours, theirs)
        if installed["xxhash"]:
            check_checksums(ours)
        if installed["safetensors"] and installed["numpy"]:
            check_package_reads(ours)
            check_package_writes(dump, theirs)
    for name, present in installed.items():
        if not present:
            print(f"skipped: what needs the package {name}, which is not installed")
    print("safetensors files pass both ways")


if __name__ == "__main__":
    main()
