"""Names and texts from files and paths are shown without what would move the cursor or other text of a terminal."""

import json
import os
import struct
import unicodedata

import harness
from harness import config, write_json

# Sets a window's title, rings, turns red; the C1 control CSI; right-to-left override; a second line.
EVIL = "a\x1b]0;owned\x07\x1b[31m\u009b31m\u202eb\nsvhn: error: forged"
SHOWN = "a?]0;owned??[31m?31m?b?svhn: error: forged"


def safetensors(names, metadata):
    header = {"__metadata__": metadata}
    for index, name in enumerate(names):
        header[name] = {"dtype": "F32", "shape": [1], "data_offsets": [4 * index, 4 * index + 4]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(4 * len(names))


def pickled(text):
    return b"\x8c" + bytes([len(text.encode())]) + text.encode()


class ForeignNames(harness.ProgramTest):
    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return name

    def assert_plain(self, text):
        bad = [c for c in text if c != "\n" and (unicodedata.category(c) == "Cc" or c in "\u202e\u2028")]
        self.assertEqual(bad, [], repr(text))

    def assert_refused(self, code, part, *arguments):
        """One line and a hint, in which the foreign name stands as `part`."""
        result = self.run_svhn(*arguments)
        self.assertEqual(result.code, code, result)
        self.assert_plain(result.err + result.out)
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 2, result)
        self.assertIn(part, lines[0])

    def preprocess(self, name):
        return ("preprocess", "--input", name, "--output", "out.safetensors")

    def test_of_arff(self):
        evil = EVIL.replace("\n", "\\n")  # ARFF's own escape.
        for declaration in (f'"{evil}" string', f'"{evil}" {{1', f'"{evil}" {{"'):
            name = self.write("a.arff", f"@RELATION x\n@ATTRIBUTE {declaration}\n@DATA\n1\n".encode())
            self.assert_refused(4, "attribute 'a?]0;owned??[31m?31m?b?svhn: error: ", *self.preprocess(name))
        columns = "".join(f"@ATTRIBUTE p{i} numeric\n" for i in range(3072))
        name = self.write("b.arff", f'@RELATION x\n{columns}@ATTRIBUTE class {{"{evil}"}}\n@DATA\n'.encode())
        self.assert_refused(4, f"the class '{SHOWN}' is no whole number", *self.preprocess(name))

    def test_of_python(self):
        evil = EVIL.encode().replace(b"\n", b"?")
        name = self.write("a.pkl", b"\x80\x02c" + evil + b"\nsystem\n(S'touch ran'\ntR.")
        self.assert_refused(4, f"the pickle asks for '{SHOWN}.system'", *self.preprocess(name), "--format", "pickle")
        name = self.write("b.pkl", b"\x80\x04}" + pickled(EVIL) + b"]" + pickled("text") + b"as.")
        self.assert_refused(4, f"the curve '{SHOWN}' holds text", "convert", "--input", name, "--output", "curves.json")

    def test_of_tensors(self):
        name = self.write("a.safetensors", safetensors([EVIL], {EVIL: EVIL}))
        result = self.succeed("info", name)
        self.assert_plain(result.out)
        self.assertIn(f"  {SHOWN}  F32", result.out)
        self.assertEqual(result.out.count("\n"), 2)
        result = self.succeed("info", name, "--json")
        self.assert_plain(result.out)
        document = json.loads(result.out)
        self.assertEqual((document["tensors"][0]["name"], document["metadata"]), (EVIL, {EVIL: EVIL}))

    def test_of_json(self):
        write_json(self.path("run.json"), config(**{EVIL: 1}))
        self.assert_refused(3, SHOWN, "config", "check", "run.json")
        write_json(self.path("run.json"), config(train={"optimizer": {"type": EVIL}}))
        self.assert_refused(3, "a?]0;owned??[31m?31m?b?svhn: error: forged", "config", "check", "run.json")

    def test_of_paths_and_options(self):
        self.assert_refused(4, f"'{SHOWN}'", "info", EVIL)
        self.assert_refused(2, SHOWN, EVIL)
        self.assert_refused(2, SHOWN.split("?svhn")[0], "info", "x", "--" + EVIL)
        self.assert_refused(4, f"'{SHOWN}'", "preprocess", "--input", EVIL, "--output", "x")
        os.mkdir(self.path(EVIL))
        result = self.succeed("preprocess", "--synthetic", 200, "--output", os.path.join(EVIL, "x"))
        self.assert_plain(result.out + result.err)
        result = self.succeed("info", os.path.join(EVIL, "x"))
        self.assertIn(f"Prepared data: {SHOWN}/x\n", result.out)


if __name__ == "__main__":
    harness.main()
