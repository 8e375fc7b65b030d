#!/usr/bin/env python3
"""The panel of `svhn report --with-model` in headless Chromium: its answers are those of `svhn predict`."""

import base64
import json
import os
import struct
import zlib

import case
import runs

ANSWERED = "!document.querySelector('.try-out').hidden"
REFUSED = "!document.querySelector('#try [role=alert]').hidden"
STAGE = "document.querySelector('#try .stage')"
SHIFT = 8  # As the DevTools protocol counts modifiers.
DROP = ("const take = new DataTransfer(); take.items.add(new File([Uint8Array.from(atob(%s), c => c.charCodeAt(0))], 'given.png'));"
        "%s.dispatchEvent(new %s); return 0;")


def png(path, width, height, pixel, channels=3):
    """Writes a picture. @param pixel of a column and a row: a list of bytes."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes(byte for x in range(width) for byte in pixel(x, y)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def turned(jpeg, orientation):
    """A JPEG file's bytes with an Exif orientation."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


class PanelCase(case.PageCase):
    OPTIONS = ("--with-model",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = os.path.join(cls.folder, "runs", "model_2_2.best.safetensors")
        header, content = runs.prepared(os.path.join(cls.folder, "data.safetensors"))
        begin, end = header["images"]["data_offsets"]
        cls.digits = content[begin:end]

    def path(self, name):
        return os.path.join(self.folder, name)

    def digit(self, number):
        """A function that gives the pixels of an image of the prepared file."""
        start = number * 3072
        return lambda x, y: self.digits[start + (32 * y + x) * 3:start + (32 * y + x) * 3 + 3]

    def grown(self, name, number, width, height):
        """An image, enlarged, with a pattern on it that any error of resizing would show in."""
        pixel = self.digit(number)
        return png(self.path(name), width, height, lambda x, y: [
            (value + 37 * x * y + 11 * x) % 256 if (x + y) % 3 == 0 else value for value in pixel(32 * x // width, 32 * y // height)])

    def predict(self, path):
        done = case.svhn("predict", "--model", self.model, "--json", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        answer, = json.loads(done.stdout)
        return answer

    def choose_file(self, path):
        self.browser.run("document.querySelector('.try-out').hidden = document.querySelector('#try [role=alert]').hidden = true")
        document = self.browser.call("DOM.getDocument")["root"]["nodeId"]
        node = self.browser.call("DOM.querySelector", nodeId=document, selector="#try input[type=file]")["nodeId"]
        self.browser.call("DOM.setFileInputFiles", nodeId=node, files=[path])
        self.browser.wait(f"({ANSWERED}) || ({REFUSED})")

    def shown(self):
        return self.run_js("[...document.querySelectorAll('.shares li')].map(n => Number(n.dataset.probability))")

    def assert_answers(self, path, within):
        """The panel shows what `svhn predict` says about a picture."""
        said = self.predict(path)
        self.assertFalse(self.run_js(REFUSED), self.text("#try [role=alert]"))
        for digit, probability in enumerate(self.shown()):
            self.assertAlmostEqual(probability, said["probabilities"][str(digit)], delta=within, msg=(path, digit))
        self.assertEqual(self.text(".says"), "no digit?" if said["probability"] < 0.5 else str(said["digit"]))
        return said

    def save_jpeg(self, name, number):
        """An image as the browser writes it as JPEG. Returns its bytes."""
        pixels = list(self.digits[number * 3072:(number + 1) * 3072])
        text = self.run_js(
            f"(() => {{ const p = {pixels}, c = document.createElement('canvas'); c.width = 48; c.height = 64;"
            "const k = c.getContext('2d'); for (let i = 0; i < 1024; ++i) {"
            "k.fillStyle = `rgb(${p[3 * i]}, ${p[3 * i + 1]}, ${p[3 * i + 2]})`; k.fillRect(i % 32 * 1.5, Math.floor(i / 32) * 2, 1.5, 2); }"
            "return c.toDataURL('image/jpeg', 0.95).split(',')[1]; })()")
        return base64.b64decode(text)


class AnswerTest(PanelCase):
    def test_answers_pictures_of_its_own_size_as_predict_does(self):
        doubted = set()
        for number in range(12):
            path = png(self.path(f"digit_{number}.png"), 32, 32, self.digit(number))
            self.choose_file(path)
            doubted.add(self.assert_answers(path, 1e-5)["probability"] < 0.5)
        self.assertEqual(doubted, {True, False})

    def test_answers_pictures_of_any_size_as_predict_does(self):
        for name, width, height in (("tall.png", 77, 100), ("halves.png", 64, 64), ("fourths.png", 128, 128), ("large.png", 500, 333),
                                    ("tiny.png", 20, 13), ("mixed.png", 90, 20)):
            with self.subTest(name=name):
                path = self.grown(name, 5, width, height)
                self.choose_file(path)
                # By area nothing differs; linear neighbours are rounded in other ways by other versions of OpenCV.
                self.assert_answers(path, 1e-4 if width >= 32 and height >= 32 else 1e-2)

    def test_transparent_parts_lie_on_the_ground_that_predict_takes(self):
        for name, dark in (("dark.png", True), ("bright.png", False)):
            pixel = self.digit(3)
            path = png(self.path(name), 40, 40, lambda x, y, pixel=pixel, dark=dark: [
                *(value // 3 if dark else 170 + value // 3 for value in pixel(x * 4 // 5, y * 4 // 5)), (x * 6 + y) % 256], 4)
            self.choose_file(path)
            said = self.assert_answers(path, 1e-2)
            self.assertEqual(said["note"], "transparent parts are laid on " + ("white" if dark else "black"))
            self.assertIn("T" + said["note"][1:], self.text("#try"))

    def test_photos_are_turned_as_their_exif_says(self):
        jpeg = self.save_jpeg("photo.jpg", 7)
        answers = []
        for orientation in (1, 6, 3):
            path = self.path(f"turned_{orientation}.jpg")
            with open(path, "wb") as file:
                file.write(turned(jpeg, orientation))
            self.choose_file(path)
            self.assert_answers(path, 0.05)  # Decoders of JPEG differ by a few values.
            answers.append(self.shown())
        self.assertGreater(max(abs(a - b) for a, b in zip(answers[0], answers[1])), 0.1)

    def test_takes_what_is_dropped_and_pasted(self):
        for event, where in (("DragEvent('drop', {dataTransfer: take, bubbles: true, cancelable: true})", "document.querySelector('#try')"),
                             ("ClipboardEvent('paste', {clipboardData: take, bubbles: true})", "document.body")):
            with self.subTest(event=event):
                self.open()
                path = png(self.path("given.png"), 32, 32, self.digit(9))
                with open(path, "rb") as file:
                    text = base64.b64encode(file.read()).decode()
                self.run_js(f"(() => {{ {DROP % (json.dumps(text), where, event)} }})()")
                self.browser.wait(ANSWERED)
                self.assert_answers(path, 1e-5)

    def test_shows_the_picture_as_the_model_sees_it(self):
        self.choose_file(png(self.path("seen.png"), 32, 32, self.digit(2)))
        seen = self.run_js("(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((v, i) => i % 4 !== 3))(document.querySelector('.seen'))")
        self.assertEqual(bytes(seen), self.digits[2 * 3072:3 * 3072])
        self.assertIn("As the model sees it: 32 × 32", self.text("#try"))
        self.assertRegex(self.text(".says + p"), r" · \d+\.\d\sms$")

    def test_says_that_a_strip_may_hold_several_digits(self):
        path = self.grown("strip.png", 4, 200, 50)
        self.choose_file(path)
        self.assertIn(self.predict(path)["note"], self.text("#try").replace("It is ", ""))


class StageTest(PanelCase):
    def key(self, key, modifiers=0):
        for kind in ("keyDown", "keyUp"):
            self.browser.call("Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers,
                              **({"text": key} if kind == "keyDown" and len(key) == 1 else {}))
        self.settle()

    def settle(self):
        self.browser.wait("!document.querySelector('#try').hasAttribute('aria-busy')")

    def drag(self, *points):
        """Moves the held pointer over points of the stage, whose sides are 1."""
        x, y, side = self.run_js(f"(() => {{ {STAGE}.scrollIntoView({{block: 'center', behavior: 'instant'}});"
                                 f"const r = {STAGE}.getBoundingClientRect(); return [r.x, r.y, r.width]; }})()")
        places = [(x + side * a, y + side * b) for a, b in points]
        self.browser.mouse("mousePressed", *places[0], button="left", buttons=1, clickCount=1)
        for place in places[1:]:
            self.browser.mouse("mouseMoved", *place, button="left", buttons=1)
        self.browser.mouse("mouseReleased", *places[-1], button="left", clickCount=1)
        self.settle()

    def save_stage(self):
        path = self.path("stage.png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.run_js(f"{STAGE}.toDataURL().split(',')[1]")))
        return path

    def test_answers_a_drawing(self):
        self.assertFalse(self.run_js(ANSWERED))
        self.drag((0.5, 0.2), (0.5, 0.5), (0.5, 0.8))
        self.browser.wait(ANSWERED)
        self.assert_answers(self.save_stage(), 1e-4)
        before = self.shown()
        self.drag((0.3, 0.4), (0.5, 0.2))
        self.assertNotEqual(self.shown(), before)
        self.assert_answers(self.save_stage(), 1e-4)

    def test_a_new_drawing_has_other_colours_and_no_answer(self):
        self.drag((0.5, 0.2), (0.5, 0.8))
        self.browser.wait(ANSWERED)
        before = self.run_js(f"[...{STAGE}.getContext('2d').getImageData(5, 5, 1, 1).data]")
        self.select("#try select", 1)
        self.settle()
        self.assertFalse(self.run_js(ANSWERED))
        self.assertNotEqual(self.run_js(f"[...{STAGE}.getContext('2d').getImageData(5, 5, 1, 1).data]"), before)
        self.assertEqual(self.run_js(f"new Set({STAGE}.getContext('2d').getImageData(0, 0, 320, 320).data).size"), 4)

    def test_draws_with_keys(self):
        self.run_js(f"{STAGE}.focus()")
        self.key("ArrowDown")
        self.assertFalse(self.run_js(ANSWERED))
        for _ in range(8):
            self.key("ArrowDown", SHIFT)
        self.browser.wait(ANSWERED)
        self.assert_answers(self.save_stage(), 1e-4)

    def test_a_part_of_a_picture_is_chosen_with_keys(self):
        pixel = self.digit(6)

        def photo(x, y):
            return pixel(x // 5, y // 5)
        self.choose_file(png(self.path("whole.png"), 160, 160, photo))
        self.run_js(f"{STAGE}.focus()")
        for key in ("-", "-", "-", "-", "-", "+", "ArrowRight", "ArrowRight", "ArrowUp"):
            self.key(key)
        # Each step is a 40th of the picture: four steps off each side, two to the right, one up.
        self.assert_answers(png(self.path("part.png"), 128, 128, lambda x, y: photo(x + 24, y + 12)), 1e-4)
        self.key("Escape")
        self.assert_answers(self.path("whole.png"), 1e-4)

    def test_a_part_of_a_picture_is_chosen_with_the_pointer(self):
        path = self.grown("wide.png", 8, 300, 200)
        self.choose_file(path)
        whole = self.shown()
        button = "[...document.querySelectorAll('#try button')].find(n => n.textContent === 'Whole picture')"
        self.assertTrue(self.run_js(f"{button}.hidden"))
        self.drag((0.2, 0.3), (0.5, 0.5), (0.6, 0.7))
        self.assertNotEqual(self.shown(), whole)
        self.run_js(f"{button}.click()")
        self.settle()
        self.assertEqual(self.shown(), whole)


class WordsTest(PanelCase):
    def test_refuses_what_is_no_picture_and_goes_on(self):
        text = self.path("notes.txt")
        runs.write(text, "no picture")
        good = png(self.path("good.png"), 32, 32, self.digit(1))
        self.choose_file(good)
        self.choose_file(text)
        self.assertTrue(self.run_js(REFUSED))
        self.assertRegex(self.text("#try [role=alert]"), "^“notes.txt” is no picture that this browser can read")
        self.assertFalse(self.run_js(ANSWERED))
        png(self.path("clear.png"), 8, 8, lambda x, y: [1, 2, 3, 0], 4)
        self.choose_file(self.path("clear.png"))
        self.assertEqual(self.text("#try [role=alert]"), "Every pixel of this picture is transparent.")
        self.choose_file(good)
        self.assert_answers(good, 1e-5)

    def test_tells_its_model_its_data_and_its_size(self):
        words = self.text("#try")
        for word in ("model_2_2.best.safetensors", "single digits only", "trained on synthetic digits", "384 training images", "onnxruntime-web (3.", "MB, packed)"):
            self.assertIn(word, words)
        self.assertIn("'wasm-unsafe-eval'", self.run_js("document.querySelector('meta[http-equiv]').content"))

    def test_every_control_has_a_name_and_is_reached_by_key(self):
        controls = self.run_js("[...document.querySelectorAll('#try button, #try select, #try input, #try .stage')].filter(n => !n.hidden)"
                               ".map(n => [n.getAttribute('aria-label') || n.textContent, n.tabIndex])")
        self.assertGreaterEqual(len(controls), 4)
        for name, index in controls:
            self.assertTrue(name.strip())
            self.assertEqual(index, 0, name)

    def test_fits_every_width_in_both_themes_and_stays_off_paper(self):
        path = self.grown("layout.png", 0, 120, 90)
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            for width in case.WIDTHS:
                with self.subTest(scheme=scheme, width=width):
                    self.browser.resize(width)
                    self.choose_file(path)
                    self.assertEqual(self.run_js("document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0)
                    cut = self.run_js("(s => [...s.querySelectorAll('*')].filter(n => n.offsetParent && n.getBoundingClientRect().right > s.getBoundingClientRect().right).length)(document.querySelector('#try'))")
                    self.assertEqual(cut, 0)
        self.browser.prefer("light", media="print")
        self.assertEqual(self.run_js("document.querySelector('#try').offsetParent"), None)


if __name__ == "__main__":
    case.main("--with-model")
