"""`svhn evaluate --corrupt`: errors on corrupted images, as text, JSON and chart, and kept for the report."""

import json
import os
import shutil
import statistics

import harness

NAMES = ["gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur", "snow",
         "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression"]


class Robustness(harness.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, units in (("tiny", 32), ("other", 16)):
            layers = [{"type": "flatten"}, {"type": "dense", "units": units, "activation": "selu"}, {"type": "batch_norm"},
                      {"type": "dense", "units": 10, "activation": "softmax"}]
            harness.write_json(os.path.join(cls.base, "run.json"),
                               harness.config(name=name, train={"epochs": 8}, model={"layers": layers}))
            done = harness.run("train", "--config", "run.json", "--threads", 1, "--quiet", cwd=cls.base)
            if done.code != 0:
                raise AssertionError(done)

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(self.base, "models"), self.path("models"))

    def evaluate(self, *more, **how):
        return self.succeed("evaluate", "--model", "models/tiny.safetensors", "--threads", 1, *more, **how)

    def document(self, *more):
        return json.loads(self.evaluate("--json", *more).out)

    def kept(self):
        folder, = os.listdir(self.path("models/tiny/results"))
        return harness.read_json(self.path("models/tiny/results", folder, "robustness.json"))

    def test_all_corruptions_and_severities(self):
        document = self.document("--corrupt", "all")
        found = document["robustness"]
        self.assertEqual([entry["name"] for entry in found["corruptions"]], NAMES)
        self.assertEqual(found["severities"], [1, 2, 3, 4, 5])
        self.assertAlmostEqual(found["clean_error"], 1 - document["accuracy"])
        for entry in found["corruptions"]:
            self.assertEqual(len(entry["error"]), 5)
            self.assertAlmostEqual(entry["mean_error"], statistics.mean(entry["error"]))
            for error, accuracy in zip(entry["error"], entry["accuracy"]):
                self.assertAlmostEqual(error + accuracy, 1)
                whole = error * document["images"]
                self.assertAlmostEqual(whole, round(whole), places=6)
        self.assertAlmostEqual(found["mean_error"], statistics.mean(entry["mean_error"] for entry in found["corruptions"]))
        self.assertIn("photographs", found["note"])
        self.assertGreater(len({tuple(entry["error"]) for entry in found["corruptions"]}), 5)
        kept = self.kept()
        self.assertEqual((kept.pop("model"), kept.pop("split"), kept.pop("images"), kept.pop("synthetic")),
                         ("tiny", "test", document["images"], True))
        self.assertEqual(kept, found)

    def test_some_of_them_are_those_of_all(self):
        some = self.document("--corrupt", "fog,contrast", "--severity", "5,2,5")["robustness"]
        self.assertEqual([entry["name"] for entry in some["corruptions"]], ["fog", "contrast"])
        self.assertEqual(some["severities"], [2, 5])
        self.assertNotIn("note", some)
        fog = self.document("--corrupt", "fog")["robustness"]["corruptions"][0]
        self.assertEqual(some["corruptions"][0]["error"], [fog["error"][1], fog["error"][4]])

    def test_the_seed_decides(self):
        errors = [self.document("--corrupt", "gaussian_noise,elastic_transform,contrast", "--corrupt-seed", seed)["robustness"]
                  ["corruptions"] for seed in (1, 1, 2)]
        self.assertEqual(errors[0], errors[1])
        for drawn in (0, 2):
            self.assertNotEqual(errors[0][drawn], errors[2][drawn])
        self.assertEqual(errors[0][1], errors[2][1])  # Contrast.

    def test_threads_and_processes_do_not(self):
        one = self.document("--corrupt", "all", "--severity", 3, "--split", "train")["robustness"]
        for more in (("--threads", 2), ("--nproc", 2)):
            told = json.loads(self.succeed("evaluate", "--model", "models/tiny.safetensors", "--json", "--corrupt", "all",
                                           "--severity", 3, "--split", "train", *more).out)
            self.assertEqual(told["robustness"], one, more)

    def test_a_baseline_gives_the_papers_figures(self):
        found = self.document("--corrupt", "fog,snow", "--corrupt-baseline", "models/other.safetensors")["robustness"]
        alone = json.loads(self.succeed("evaluate", "--model", "models/other.safetensors", "--json", "--threads", 1,
                                        "--corrupt", "fog,snow").out)["robustness"]
        self.assertEqual(found["baseline"]["error"], [entry["error"] for entry in alone["corruptions"]])
        self.assertEqual(found["baseline"]["clean_error"], alone["clean_error"])
        for entry, other in zip(found["corruptions"], alone["corruptions"]):
            self.assertAlmostEqual(entry["ce"], sum(entry["error"]) / sum(other["error"]))
            self.assertAlmostEqual(entry["relative_ce"], (entry["mean_error"] - found["clean_error"]) /
                                   (other["mean_error"] - alone["clean_error"]), places=6)
        self.assertAlmostEqual(found["mean_ce"], statistics.mean(entry["ce"] for entry in found["corruptions"]))
        text = self.evaluate("--corrupt", "fog", "--corrupt-baseline", "models/other.safetensors").out
        self.assertRegex(text, r"Against other \(clean [\d.]+, mean [\d.]+\): mCE [\d.]+, relative mCE -?[\d.]+\n")

    def test_the_text(self):
        text = self.evaluate("--corrupt", "frost,jpeg_compression", "--severity", "1,2").out
        self.assertRegex(text, r"\nErrors on corrupted images in percent \(seed 1\); clean [\d.]+\n"
                               r"corruption +group +1 +2 +mean\nfrost +weather( +[\d.]+){3}\njpeg_compression +digital")
        self.assertIn("\nMean corruption error, not normalized by a baseline: ", text)
        self.assertIn("\nfrost: ice crystals drawn by svhn", text)
        self.assertNotIn("orrupt", self.evaluate().out)

    def test_later_evaluations_leave_it(self):
        self.evaluate("--corrupt", "fog")
        kept = self.kept()
        self.evaluate()
        self.assertEqual(self.kept(), kept)
        folder, = os.listdir(self.path("models/tiny/results"))
        about = harness.read_json(self.path("models/tiny/results", folder, "about.json"))
        self.assertEqual(about["kinds"]["robustness"]["corruptions"], 1)

    def test_chart_and_preview(self):
        self.evaluate("--corrupt", "fog", "--corrupt-chart", "c.svg", "--corrupt-preview", "p.png")
        if shutil.which("gnuplot"):
            self.assertIn("Severity", harness.read_bytes(self.path("c.svg")).decode())
        self.assertEqual(harness.read_bytes(self.path("p.png"))[:4], b"\x89PNG")
        self.evaluate("--corrupt-preview", "all.png")
        height = int.from_bytes(harness.read_bytes(self.path("all.png"))[20:24], "big")
        self.assertGreater(height, 15 * 96)

    def test_refusals(self):
        def refused(*more):
            return self.run_svhn("evaluate", "--model", "none", *more)

        self.assert_error(refused("--corrupt", "fogg"), 3, "there is no corruption 'fogg'", "did you mean 'fog'?")
        self.assert_error(refused("--corrupt", "all", "--severity", 6), 3, "there is no severity 6 of a corruption",
                          "severities are 1 to 5; the paper means over all five, as without --severity")
        self.assertEqual(refused("--corrupt", "all", "--severity", "most").code, 2)
        self.assertEqual(refused("--corrupt-chart", "c.png").code, 2)
        self.assertEqual(refused("--corrupt", "all", "--corrupt-chart", "c.gif").code, 2)
        self.assertEqual(refused("--corrupt", "all", "--corrupt-seed", "-1").code, 2)
        result = self.run_svhn("evaluate", "--model", "models/tiny.safetensors", "--corrupt", "fog", "--corrupt-baseline", "none")
        self.assertEqual(result.code, 5, result)


if __name__ == "__main__":
    harness.main()
