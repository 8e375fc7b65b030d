"""Networks with branches, those of configs/: trained twice, resumed, by two processes, in bfloat16, shown and explained."""

import json
import os
import struct

import harness
from harness import curves, read_bytes, read_json

NAMES = ("preact_resnet16", "resnet_shortcut", "dense_block")


def document(name, **train):
    """The network of a config, two short epochs: checkpoints in the middle, momenta, averaged weights, a schedule."""
    model = read_json(os.path.join(harness.SOURCE, "configs", f"{name}.json"))["model"]
    few = {"epochs": 2, "batch_size": 24, "steps_per_epoch": 4, "ema_decay": 0.9, "checkpoint_every_steps": 1,
           "schedule": {"type": "cosine"}, "optimizer": {"type": "sgd", "learning_rate": 0.01, "momentum": 0.9}}
    return harness.config(name="net", model=model, data={"file": "data.safetensors", "preprocess": []},
                          train={**few, **train})


def header(path):
    content = read_bytes(path)
    return json.loads(content[8:8 + int.from_bytes(content[:8], "little")])


def floats(path, name):
    begin, size = harness.tensor_place(path, name)
    return struct.unpack(f"<{size // 4}f", read_bytes(path)[begin:begin + size])


class Branches(harness.ProgramTest):
    def trained(self, run, folder, *arguments):
        result = self.train(run, "--output", folder, *arguments)
        self.assertEqual(result.code, 0, result)
        return self.path(folder, "net.safetensors")

    def assert_same_bytes(self, one, other):
        for name in ("net.safetensors", "net.best.safetensors"):
            self.assertEqual(read_bytes(self.path(one, name)), read_bytes(self.path(other, name)), name)
        self.assertEqual(curves(self.path(one, "net.history.json")), curves(self.path(other, "net.history.json")))

    def test_the_same_seed_gives_the_same_bytes(self):
        for name in NAMES:
            with self.subTest(name):
                first = self.trained(document(name), f"{name}_one")
                self.trained(document(name), f"{name}_two")
                self.assert_same_bytes(f"{name}_one", f"{name}_two")
                other = self.trained(document(name, seed=5), f"{name}_other")
                self.assertNotEqual(read_bytes(first), read_bytes(other))

    def test_a_run_that_was_cut_short_goes_on_to_the_same_bytes(self):
        for name in NAMES:
            with self.subTest(name):
                whole, cut = f"{name}_whole", f"{name}_cut"
                self.trained(document(name), whole)
                harness.write_json(self.path("run.json"), document(name))
                process = harness.start("train", "--config", "run.json", "--threads", 1, "--output", cut, cwd=self.dir)
                checkpoint = self.path(cut, "net/checkpoints/last.safetensors")
                harness.wait_until(lambda: os.path.exists(checkpoint) or process.poll() is not None)
                process.kill()  # In the middle of the first epoch, as every step saves.
                harness.finish(process)
                self.trained(document(name), cut, "--resume")
                self.assert_same_bytes(cut, whole)

    def test_two_processes_end_where_one_does(self):
        """To some percent of the way that the weights go: a ReLU whose input is 0 up to rounding, on a picture's flat
        background that is many pixels at once, decides for each run alone."""
        for name in NAMES:
            with self.subTest(name):
                start = self.trained(document(name, optimizer={"type": "sgd", "learning_rate": 1e-9}), f"{name}_0")
                one = self.trained(document(name), f"{name}_1")
                two = self.trained(document(name), f"{name}_2", "--nproc", 2)
                tensors = [tensor for tensor in header(one) if tensor.endswith((".weight", ".bias"))]
                self.assertEqual(header(two).keys(), header(one).keys())

                def distance(a, b):
                    return sum((x - y) ** 2 for t in tensors for x, y in zip(floats(a, t), floats(b, t))) ** 0.5

                self.assertLess(distance(one, two), 0.05 * distance(one, start))
                for key, values in curves(self.path(f"{name}_1", "net.history.json")).items():
                    for a, b in zip(values, curves(self.path(f"{name}_2", "net.history.json"))[key]):
                        self.assertAlmostEqual(a, b, delta=5e-3 if "loss" in key else 0.05, msg=key)

    def test_bfloat16_trains_and_evaluates_near_float32(self):
        for name in NAMES:
            with self.subTest(name):
                model = self.trained(document(name), f"{name}_exact")
                self.trained(document(name, precision="bfloat16"), f"{name}_rounded")
                exact, rounded = (read_json(self.path(f"{name}_{kind}", "net.history.json"))["loss"]
                                  for kind in ("exact", "rounded"))
                for a, b in zip(exact, rounded):
                    self.assertAlmostEqual(a, b, delta=0.1)
                told = [json.loads(self.succeed("evaluate", "--model", model, "--precision", precision, "--json").out)
                        for precision in ("float32", "bfloat16")]
                self.assertAlmostEqual(told[0]["loss"], told[1]["loss"], delta=0.05)

    def test_info_and_the_summary_show_what_a_layer_reads(self):
        path = self.trained(document("resnet_shortcut", epochs=1, steps_per_epoch=1), "one")
        layers = {layer["name"]: layer for layer in json.loads(self.succeed("info", path, "--json").out)["layers"]}
        self.assertEqual(layers["block2"]["inputs"], ["block2_body", "block2_shortcut"])
        self.assertEqual(layers["block1"]["inputs"], ["block1_body", "stem"])
        self.assertEqual(layers["block2"]["output_shape"], [64, 16, 16])
        self.assertNotIn("inputs", layers["block2_body"])
        text = self.succeed("info", path).out
        self.assertRegex(text, r"\nblock2 \(add\) +\[64,16,16\] +0  block2_body, block2_shortcut\n")
        self.assertRegex(text, r"\nLayer \(type\) +Output shape +Parameters  Inputs\n")

    def test_interpret_reads_any_layer_of_a_branch(self):
        path = self.trained(document("preact_resnet16", epochs=1, steps_per_epoch=2), "one")
        self.succeed("interpret", "--model", path, "--threads", 1, "--output", "out", "--what", "activations,saliency",
                     "--layer", "stage2_block1_shortcut", "--layer", "stage2_block2")
        shapes = header(self.path("out", "activations.safetensors"))
        self.assertEqual(shapes["stage2_block1_shortcut"]["shape"], [32, 16, 16])
        self.assertEqual(shapes["stage2_block2"]["shape"], [32, 16, 16])
        self.assertTrue(os.path.exists(self.path("out", "activations", "stage2_block1_shortcut.png")))
        told = json.loads(self.succeed("interpret", "--model", path, "--threads", 1, "--output", "more", "--what",
                                       "saliency", "--layer", "stage2_block1_act", "--json").out)
        self.assertEqual(told["saliency"]["grad_cam_layer"], "stage2_block1_act")
        told = json.loads(self.succeed("interpret", "--model", path, "--threads", 1, "--output", "more", "--what",
                                       "saliency", "--json").out)
        self.assertEqual(told["saliency"]["grad_cam_layer"], "stage3_block2_conv", "the last convolution")
        refused = self.run_svhn("interpret", "--model", path, "--output", "x", "--layer", "stage2_blok2")
        self.assert_error(refused, 2, "the model has no layer 'stage2_blok2'", "did you mean 'stage2_block2'?")

    def test_a_config_that_branches_wrongly_is_refused(self):
        layers = [{"type": "conv2d", "filters": 4, "name": "a"}, {"type": "conv2d", "filters": 4, "name": "b"},
                  {"type": "add", "inputs": ["a", "bb"]}, {"type": "global_average_pool"},
                  {"type": "dense", "units": 10}]
        harness.write_json(self.path("run.json"), harness.config(model={"layers": layers}))
        self.assert_error(self.run_svhn("config", "check", "run.json"), 3,
                          "run.json: layer 'add_1' (add): reads 'bb', but no earlier layer is called that",
                          "did you mean 'b'?")


if __name__ == "__main__":
    harness.main()
