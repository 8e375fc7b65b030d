"""docs/config.md: it is what the program's schema says, its examples are valid configs, and its tables are complete.

The program is named by the environment variable SVHN_BIN (CTest sets it).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.path.abspath(os.environ.get("SVHN_BIN", ""))
PAGE = (SOURCE / "docs" / "config.md").read_text(encoding="utf-8")
OF_TORCHSCRIPT = {"feature_shape", "tensors"}  # A test of their own looks at them.
SIDES = "Values of `name`; the smallest side"  # What stands above the table of backbones.


def generate(script, *arguments):
    environment = {**os.environ, "SVHN_BIN": PROGRAM}
    return subprocess.run([sys.executable, str(script), *arguments], env=environment, capture_output=True, text=True,
                          check=False)


def merged(base, change):
    """`base` with the keys of `change`; lists and values are replaced, objects merged."""
    if not isinstance(base, dict) or not isinstance(change, dict):
        return change
    return {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}


def anchor(title):
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def sections():
    """Heading and text of each part of the page, in order."""
    parts = re.split(r"^##+ (.+)$", PAGE, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def examples():
    """The page's examples as whole configs: what each shows, put into the first one."""
    found = [(title, json.loads(text)) for title, section in sections().items()
             for text in re.findall(r"^```json\n(.*?)^```$", section, flags=re.M | re.S)]
    first = found[0][1]
    return [(title, merged(first, document)) for title, document in found]


def documented_keys():
    """The keys in the tables of each heading."""
    keys = {}
    for title, section in sections().items():
        for rows in re.findall(r"^\| key \|.*\n\|[-|]+\n((?:\|.*\n)+)", section, flags=re.M):
            keys[title] = set(re.findall(r"^\| `(\w+)` \|", rows, flags=re.M))
    return keys


def objects_in(document):
    """Heading and object of everything in a config that `svhn config show` has printed."""
    yield "Top level", document
    for layer in document["model"]["layers"]:
        yield layer["type"], layer
    yield from (("tune.space", each) for each in document.get("tune", {}).get("space", {}).values())
    yield from (("tune.list", each) for each in document.get("tune", {}).get("list", []))
    yield from (("compare.backbones", each) for each in document.get("compare", {}).get("backbones", []))
    for path in ("data", "data.augment", "model", "train", "train.optimizer", "train.schedule",
                 "train.early_stopping", "tune", "tune.tpe", "tune.stopping", "compare"):
        value = document
        for key in path.split("."):
            value = (value or {}).get(key)
        if value is not None:
            yield path, value


class ConfigReference(unittest.TestCase):
    def setUp(self):
        self.assertTrue(os.access(PROGRAM, os.X_OK), "SVHN_BIN does not name the program")
        self.dir = Path(tempfile.mkdtemp(prefix="svhn-docs-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def write(self, name, document):
        (self.dir / name).write_text(json.dumps(document), encoding="utf-8")
        return name

    def svhn(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=self.dir, capture_output=True, text=True, check=False)

    def valid(self, names):
        """Those of the files that `svhn config check` finds valid, and what it says of the others."""
        result = self.svhn("config", "check", *names)
        return set(re.findall(r"^(\S+): ok, ", result.stdout, flags=re.M)), result.stderr

    def shown(self, document):
        result = self.svhn("config", "show", self.write("shown.json", document))
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def test_the_page_is_what_the_schema_says(self):
        result = generate(SOURCE / "scripts" / "make_config_reference", "--check")
        self.assertEqual(result.returncode, 0, f"\n{result.stdout}{result.stderr}")

    def test_a_changed_line_is_found_and_the_command_that_corrects_it_told(self):
        (self.dir / "scripts").mkdir()
        (self.dir / "docs").mkdir()
        script = shutil.copy(SOURCE / "scripts" / "make_config_reference", self.dir / "scripts")
        page = self.dir / "docs" / "config.md"
        page.write_text(PAGE.replace("| `epochs` | integer |", "| `epochs` | number |"), encoding="utf-8")
        result = generate(script, "--check")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("-| `epochs` | number |", result.stdout)
        self.assertIn(f"write it anew with: SVHN_BIN={PROGRAM} scripts/make_config_reference", result.stdout)
        self.assertEqual(generate(script).returncode, 0)
        self.assertEqual(generate(script, "--check").returncode, 0)
        self.assertNotIn("| `epochs` | number |", page.read_text(encoding="utf-8"))

    def test_every_example_is_a_valid_config(self):
        names = [self.write(f"{number:02}_{anchor(title)}.json", document)
                 for number, (title, document) in enumerate(examples())]
        valid, errors = self.valid(names)
        self.assertEqual(sorted(set(names) - valid), [], errors)
        self.assertLessEqual({"data", "model.layers", "train", "tune", "compare"}, {title for title, _ in examples()})

    def test_every_section_with_keys_has_an_example(self):
        shown = {title for title, _ in examples()}
        for title in set(documented_keys()) - {"Top level", "model", "compare.backbones"}:
            self.assertIn(title, shown)

    def test_the_tables_have_exactly_the_keys_that_the_program_reads(self):
        documented, read = documented_keys(), {}
        for _, document in examples():
            for heading, value in objects_in(self.shown(document)):
                read.setdefault(heading, set()).update(value)
        documented["backbone"] -= OF_TORCHSCRIPT
        read["backbone"] -= OF_TORCHSCRIPT
        of_layers, of_backbones = documented.pop("model.layers") | {"type"}, documented["backbone"] - {"layer_name"}
        for heading, keys in read.items():
            own = keys - {"type"} if heading == "backbone" else keys
            own = own - of_layers if heading in anchors_of_layers() else own
            own = own - of_backbones if heading == "compare.backbones" else own
            self.assertEqual(sorted(own), sorted(documented.pop(heading, set())), heading)
        self.assertEqual(documented, {})

    def test_the_keys_of_a_torchscript_backbone_are_documented(self):
        self.assertIn("feature_shape", documented_keys()["backbone"])

    def test_backbones_take_the_sides_and_variants_in_their_table(self):
        names, expected = [], set()
        rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", PAGE[PAGE.index(SIDES):], flags=re.M)
        self.assertEqual(len(rows), 14)
        for name, side, variants in rows:
            for less in (0, 1):
                for variant in ("keras", "torch"):
                    layers = [{"type": "resize", "height": int(side) - less, "width": int(side) - less},
                              {"type": "backbone", "name": name, "variant": variant},
                              {"type": "flatten"}, {"type": "dense", "units": 10}]
                    names.append(self.write(f"{name}_{variant}_{less}.json",
                                            {"schema": 1, "name": "m", "model": {"layers": layers}}))
                    if less == 0 and f"`{variant}`" in variants:
                        expected.add(names[-1])
        self.assertEqual(sorted(self.valid(names)[0]), sorted(expected))

    def test_other_spellings_of_backbones_mean_what_the_table_says(self):
        rows = re.findall(r"^\| `(\w+)` \| \| another spelling of `(\w+)` \|$", PAGE, flags=re.M)
        self.assertEqual(len(rows), 5)
        for spelling, name in rows:
            layers = [{"type": "backbone", "name": spelling}]
            shown = self.shown({"schema": 1, "name": "m", "model": {"layers": layers}})
            self.assertEqual(shown["model"]["layers"][0]["name"], name)

    def test_every_link_leads_to_a_heading(self):
        anchors = {anchor(title) for title in sections()}
        links = set(re.findall(r"\]\(#([^)]*)\)", PAGE))
        self.assertGreater(len(links), 20)
        self.assertEqual(links - anchors, set())


def anchors_of_layers():
    """The headings of layers but backbones, whose keys in common have a table of their own."""
    table = re.search(r"^\| type \| input → output .*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, flags=re.M)
    return set(re.findall(r"^\| `(\w+)` \|", table[1], flags=re.M)) - {"backbone"}


if __name__ == "__main__":
    unittest.main(verbosity=2)
