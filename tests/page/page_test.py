#!/usr/bin/env python3
"""The page of `svhn report` in headless Chromium: it says of what its figures are, has addresses, sorts, hovers, chooses and
turns dark."""

import json
import os

import case
import runs

FIRST_CELLS = "[...document.querySelectorAll('#runs tbody tr td:first-child a')].map(n => n.textContent)"
SORT = "#runs th:nth-child(7) button"
MAP = "#run .chart.tall"
HASH = "decodeURIComponent(location.hash)"


class PageTest(case.PageCase):
    def test_shows_hostile_names_as_text(self):
        self.choose(runs.HOSTILE)
        self.assertEqual(self.count("img"), 0)
        self.assertEqual(self.count("script"), 2)

    def test_has_no_panel_and_runs_no_code_but_its_own_without_a_model(self):
        self.assertEqual(self.count("#try, #runtime, #model"), 0)
        self.assertNotIn("wasm", self.run_js("document.querySelector('meta[http-equiv]').content"))

    def test_tells_what_could_not_be_read(self):
        self.assertIn("broken/history.json", self.text("#problems"))
        self.assertIn("⚠", self.text("#runs"))
        self.assertIn("⚠ A file of the run could not be read", self.text("#runs"))

    def test_sorts_by_click_and_by_key(self):
        self.browser.click(SORT)
        self.assertEqual(self.run_js(FIRST_CELLS), ["model_2_1", "model_2_2", runs.HOSTILE, "broken"])
        self.assertEqual(self.run_js("document.querySelector('#runs th:nth-child(7)').getAttribute('aria-sort')"), "descending")
        self.run_js(f"document.querySelector('{SORT}').focus()")
        self.browser.press("Enter")
        self.assertEqual(self.run_js(FIRST_CELLS), [runs.HOSTILE, "model_2_2", "model_2_1", "broken"])

    def test_curves_tell_their_numbers_under_the_pointer(self):
        self.choose("model_2_2")
        self.hover("#run .chart", "validation accuracy: ")

    def test_the_coverage_curve_tells_its_numbers(self):
        self.choose("model_2_2")
        label = self.run_js("document.querySelector('#run .chart[aria-label^=\"Accuracy by coverage\"]').getAttribute('aria-label')")
        self.assertIn("area under the risk-coverage curve 0.0400.", label)
        self.assertRegex(label, r"100\u00a0?\s?% answered: 0\.\d{4} right")
        self.assertIn("Brier score 0.2100", self.text("#run .result"))
        self.hover("#run .chart[aria-label^='Accuracy by coverage']", "answered")

    def test_a_cell_of_the_confusion_matrix_shows_its_images(self):
        self.choose("model_2_2")
        wrong = next(line for line in self.found if line[1] != line[2])
        t, p = runs.DIGITS.index(wrong[1]), runs.DIGITS.index(wrong[2])
        count = sum(line[1:3] == wrong[1:3] for line in self.found)
        self.browser.click(f"[data-cell='{t},{p}']")
        self.assertEqual(self.count(".cell-pictures canvas"), count)
        self.wait_for_pixels(".cell-pictures canvas")
        self.assertRegex(self.text(".cell-pictures p"), rf"^{count} images?: true {wrong[1]}, predicted {wrong[2]}\.")

    def test_cells_are_reached_with_the_keyboard(self):
        self.choose("model_2_2")
        self.run_js("document.querySelector(\"[data-cell='0,0']\").focus()")
        self.browser.press("ArrowRight")
        self.browser.press("ArrowDown")
        self.browser.press("Enter")
        self.assertIn("true 2, predicted 2 (right)", self.text(".cell-pictures p"))

    def test_the_map_shows_the_picture_under_the_pointer_and_filters_digits(self):
        self.choose("model_2_2")
        self.hover(MAP, "Digit ")
        self.browser.wait("document.querySelector('.tip canvas') !== null")
        self.browser.click("#run .digit[aria-label='Digit 3']")
        self.assertEqual(self.run_js("document.querySelector(\"#run .digit[aria-label='Digit 3']\").getAttribute('aria-pressed')"), "false")
        self.run_js(f"document.querySelector('{MAP}').focus()")
        self.browser.press("+")
        self.browser.press("Enter")
        self.browser.wait("document.querySelector('#run [aria-live].bar canvas') !== null")

    def test_layers_can_be_chosen_whatever_they_are_called(self):
        self.choose("model_2_2")
        self.assertEqual(self.count("#run .maps canvas"), 8)
        self.assertIn("percentile 2 to 98", self.text("#run"))
        self.select("#run select[aria-label=Layer]", 1)
        self.assertEqual((self.count("#run .maps canvas"), self.count("#run .number")), (0, 3))

    def test_errors_on_corrupted_images_stand_in_a_shaded_table(self):
        self.choose("model_2_2")
        self.assertEqual(self.texts("#run .errors thead th"), ["1", "5", "mean", "CE", "rel."])
        self.assertEqual(self.texts("#run .errors tbody th"), ["shot noise", "frost", "mean"])
        # CE: 0.6 / 1.2 and 0.6 / 0.6; relative: 0.25 / 0.5 and 0.25 / 0.2.
        self.assertEqual(self.texts("#run .errors tbody td"), ["10.0", "50.0", "30.0", "50.0", "50.0", "20.0", "40.0", "30.0", "100.0", "125.0",
                                                               "15.0", "45.0", "30.0", "75.0", "87.5"])
        self.assertIn("mean corruption error 75.0, relative 87.5", self.text("#run"))
        self.assertIn("frost: ice crystals drawn by svhn", self.text("#run"))

    def test_saliency_stands_beside_its_image_with_a_legend(self):
        self.choose("model_2_2")
        self.assertEqual([text.split(":")[0] for text in self.texts("#run .saliency h4")], ["Grad-CAM", "Integrated gradients", "Occlusion"])
        self.assertIn("regions that support each digit", self.text("#run .saliency h4"))
        self.assertEqual(self.count("#run .saliency .scale"), 3)
        self.assertEqual(self.count("#run .saliency .overlay"), 6)
        for number in range(1, 4):
            self.wait_for_pixels(f"#run .saliency > div:nth-child({number}) .overlay canvas:last-child")

    def test_findings_stand_beside_their_figures(self):
        findings = self.texts(".finding")
        self.assertEqual(len(findings), 3)
        self.assertTrue(all(len(text) < 800 for text in findings), findings)

    def test_turns_dark_by_preference_and_by_its_button(self):
        paper = "getComputedStyle(document.body).backgroundColor"
        light = self.run_js(paper)
        self.browser.click("#theme")
        dark = self.run_js(paper)
        self.assertNotEqual(dark, light)
        self.browser.click("#theme")
        self.assertEqual(self.run_js(paper), light)
        self.run_js("localStorage.clear()")
        self.browser.prefer("dark")
        self.open()
        self.assertEqual(self.run_js(paper), dark)

    def test_every_control_has_a_name(self):
        nameless = self.run_js("[...document.querySelectorAll('button, select, input, a, [role=img], [role=application]')]"
                               ".filter(n => !(n.getAttribute('aria-label') || n.labels?.[0]?.textContent || n.textContent).trim())"
                               ".map(n => n.outerHTML.slice(0, 200))")
        self.assertEqual(nameless, [])


class OfWhatTest(case.PageCase):
    """Each figure says of what it is, and what does not belong together does not stand together."""

    def test_each_part_of_a_result_says_of_what_it_is(self):
        self.choose("model_2_2")
        stamps = self.texts("#run .result .stamp")
        self.assertEqual(len(stamps), 6)
        for stamp in stamps:
            self.assertIn("Best model (epoch 12) · test split (120 images) · data.safetensors, fingerprint ", stamp)
            self.assertRegex(stamp, "fingerprint [0-9a-f]{16} ")
            self.assertIn("synthetic digits", stamp)
        self.assertIn("Training of model_2_2 · data.safetensors, fingerprint of the validation split fedcba9876543210",
                      self.text("#run .stamp"))

    def test_synthetic_is_written_on_headings_tables_card_and_charts(self):
        self.choose("model_2_2")
        self.assertIn("synthetic digits", self.text("#run h2"))
        self.assertIn("synthetic digits", self.text("[data-run=model_2_2]"))
        self.assertIn("(synthetic digits)", self.text("#headline"))
        self.assertEqual(self.count("#run .chart:not([data-mark='synthetic digits'])"), 0)
        self.assertIn("synthetic digits", self.text("#questions"))

    def test_results_are_chosen_and_other_data_stands_apart(self):
        self.choose("model_2_2")
        names = self.texts("#result option")
        self.assertEqual(names[0], "best model (epoch 12), test split, 120 images, synthetic digits")
        self.assertEqual(self.texts("#result optgroup:nth-of-type(2) option"), [name for name in names if "other data: other.safetensors" in name])
        self.assertEqual(self.count("#run .apart"), 0)
        self.select("#result", len(names) - 1)
        self.browser.wait("document.querySelector('#run .apart') !== null")
        self.assertIn("other data (other.safetensors)", self.text("#run .apart .note"))
        self.assertIn("not the training’s data", self.text("#run .apart .stamp"))

    def test_the_table_of_runs_shows_primary_results_alone(self):
        right = sum(line[1] == line[2] for line in self.found) / len(self.found)
        cells = self.texts("[data-run=model_2_2] td")
        self.assertEqual(cells[7], f"{right:.4f}")
        self.assertEqual(cells[2], "384")

    def test_results_of_earlier_weights_are_told(self):
        self.choose("model_2_2")
        self.assertIn("1 result of earlier weights is not shown", self.text("#run .note"))
        self.assertIn("* There are results of earlier weights", self.text("#runs"))

    def test_words_are_plain(self):
        self.choose("model_2_2")
        text = self.text("main")
        for word in ("taken for", "Labels to doubt", "Rather ", "1 epochs", "1 images", "means what it says"):
            self.assertNotIn(word, text)
        for word in ("Possible label errors", "Model says", "perfectly calibrated", "true 3"):
            self.assertIn(word, text)


class AddressTest(case.PageCase):
    def test_an_address_is_made_of_names_and_back_works(self):
        self.choose("model_2_1")
        self.assertEqual(self.run_js(HASH), "#run-model_2_1")
        self.choose("model_2_2")
        self.select("#result", 1)
        self.browser.wait(f"{HASH}.startsWith('#run-model_2_2/')")
        chosen = self.run_js("document.querySelector('#result').value")
        self.assertEqual(self.run_js(HASH), "#run-model_2_2/" + chosen)
        self.run_js("history.back()")
        self.browser.wait("document.querySelector('#result').selectedIndex === 0")
        self.run_js("history.back()")
        self.wait_for_run("model_2_1")

    def test_opens_at_its_address_and_else_on_the_richest_run(self):
        self.wait_for_run("model_2_2")
        self.open("#run-model_2_1")
        self.wait_for_run("model_2_1")
        self.choose("model_2_2")
        last = self.run_js("[...document.querySelectorAll('#result option')].at(-1).value")
        self.open("#run-model_2_2/" + last)
        self.assertEqual(self.run_js("document.querySelector('#result').value"), last)
        self.open("#run-none")
        self.wait_for_run("model_2_2")

    def test_metadata_tells_what_the_page_is(self):
        self.assertIn("model_2_2", self.run_js("document.title"))
        for name in ("meta[name=description]", "meta[property='og:title']", "meta[property='og:description']"):
            content = self.run_js(f"document.querySelector({json.dumps(name)}).content")
            self.assertIn("model_2_2", content)
            self.assertNotIn("{{", content)
        preview = self.run_js("document.querySelector(\"meta[property='og:image']\").content")
        self.assertTrue(os.path.exists(os.path.join(self.folder, preview)), preview)


class QuestionsTest(case.PageCase):
    def test_questions_without_a_run_name_their_command(self):
        folds = self.texts("#questions > .fold")
        self.assertEqual(len(folds), 8)
        open_ones = [text for text in folds if "no run yet" in text]
        self.assertEqual(len(open_ones), 5)
        self.assertTrue(all("scripts/q" in text for text in open_ones), open_ones)

    def test_question_3_shows_its_pictures(self):
        titles = self.texts("#questions h4")
        self.assertRegex(titles[0], r"^The first misclassified images of a \d$")
        self.assertEqual([title for title in titles if title in ("Activations", "What the model looks at", "Map of the images")],
                         ["Activations", "What the model looks at", "Map of the images"])
        self.assertGreater(self.count("#questions .gallery canvas"), 0)
        self.assertEqual(self.count("#questions .maps canvas"), 8)
        self.assertEqual(self.count("#questions .chart.tall"), 1)

    def test_figures_that_do_not_compare_say_so_with_their_circumstances(self):
        for text in self.texts("#questions > .fold"):
            if "no run yet" in text:
                continue
            self.assertIn("do not compare with the assignment’s", text)
            self.assertIn("(the assignment: 63,544)", text)

    def test_a_question_leads_to_its_run(self):
        self.browser.click("#questions a[href^='#run-model_2_1']")
        self.wait_for_run("model_2_1")


if __name__ == "__main__":
    case.main()
