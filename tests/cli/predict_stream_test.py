"""`svhn predict --jsonl`: answers as JSON lines while names are still coming."""

import json
import os
import signal
import subprocess
import threading

import harness
from predict_test import PredictCase


class Stream:
    """A running `svhn predict --jsonl -`, whose input stays open."""

    def __init__(self, test, *arguments):
        self.process = harness.start("predict", "--model", test.model, "--jsonl", *arguments, "-", cwd=test.dir,
                                     stdin=subprocess.PIPE)
        self.limit = threading.Timer(harness.SECONDS, self.process.kill)
        self.limit.start()
        test.addCleanup(self.close)

    def close(self):
        self.limit.cancel()
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        self.process.wait()

    def ask(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def answers(self, count):
        """The next answers, which must come although the input has not ended."""
        found = []
        for _ in range(count):
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(self.process.stderr.read())
            found.append(json.loads(line))
        return found

    def end(self):
        """No more input. @returns exit code, the remaining lines and stderr."""
        out, err = self.process.communicate(timeout=harness.SECONDS)
        return self.process.returncode, out.splitlines(), err


class PredictStream(PredictCase):
    def lines(self, result):
        return [json.loads(line) for line in result.out.splitlines()]

    def given(self, content, *arguments):
        """`svhn predict --jsonl … -` with these bytes as its standard input."""
        with open(self.path("input"), "wb") as file:
            file.write(content)
        with open(self.path("input"), "rb") as file:
            return self.predict("--jsonl", *arguments, "-", stdin=file)

    def test_answers_while_names_are_still_coming(self):
        names = self.pictures()
        stream = Stream(self)
        stream.ask(*names[:2])
        first = stream.answers(2)
        stream.ask(names[2])
        second = stream.answers(1)
        stream.ask(*names[3:])
        third = stream.answers(len(names) - 3)
        self.assertEqual(stream.end(), (0, [], ""))
        self.assertEqual([entry["file"] for entry in first + second + third], names)
        self.assert_known(first + second + third, 5)

    def test_half_a_line_waits_for_its_end(self):
        names = self.pictures()
        stream = Stream(self)
        stream.process.stdin.write(names[0] + "\n" + names[1][:2])
        stream.process.stdin.flush()
        self.assertEqual(stream.answers(1)[0]["file"], names[0])
        stream.ask(names[1][2:])
        self.assertEqual(stream.answers(1)[0]["file"], names[1])
        self.assertEqual(stream.end()[0], 0)

    def test_gives_the_answers_of_json(self):
        names = self.pictures()
        for text in ("\n".join(names), "\r\n".join(names) + "\r\n\n"):
            result = self.given(text.encode(), "--top-k", 2)
            self.assertEqual((result.code, result.err), (0, ""))
            self.assertEqual(self.lines(result), json.loads(self.predict("--json", "--top-k", 2, *names).out))

    def test_takes_files_and_folders_without_the_standard_input(self):
        names = self.pictures()
        os.makedirs(self.path("folder"))
        os.rename(self.path(names[1]), self.path("folder", "a.ppm"))
        with open(self.path("folder", "notes.txt"), "w", encoding="ascii") as file:
            file.write("no picture")
        result = self.predict("--jsonl", names[0], "folder", names[2])
        self.assertEqual((result.code, result.err), (0, "'folder': left out 1 file (notes.txt), which is no picture\n"))
        self.assertEqual([entry["file"] for entry in self.lines(result)], [names[0], "folder/a.ppm", names[2]])
        self.assert_known(self.lines(result), 5)

    def test_gives_ids_back(self):
        names = self.pictures()
        ids = [7, "a", None, {"x": [1.5]}]
        asked = [json.dumps({"file": name, "id": one}) for name, one in zip(names, ids)] + [json.dumps({"file": names[4]})]
        answers = self.lines(self.given("\n".join(asked).encode()))
        self.assertEqual([entry.get("id") for entry in answers], ids + [None])
        self.assertEqual([list(entry)[0] for entry in answers], ["id", "id", "file", "id", "file"])
        self.assert_known(answers, 5)

    def test_goes_on_after_bad_lines_and_pictures(self):
        names = self.pictures()
        asked = [names[0], '{"file": ', "none.png", '{"id": 3}', '{"file": "none.png", "id": 4}', names[1]]
        result = self.given("\n".join(asked).encode())
        self.assertEqual(result.code, 4)
        answers = self.lines(result)
        self.assertEqual([entry["file"] for entry in answers],
                         [names[0], "/dev/stdin", "none.png", "/dev/stdin", "none.png", names[1]])
        self.assert_known([answers[0], answers[5]], 5)
        self.assertIn("input line 2", answers[1]["error"])
        self.assertEqual(answers[3]["error"], "'input line 4': the document has no 'file'")
        self.assertEqual(answers[4], {"id": 4, "file": "none.png",
                                      "error": "cannot read 'none.png': No such file or directory"})
        self.assertEqual(len(result.err.splitlines()), 4, result.err)

    def test_answers_more_lines_than_fit_into_memory_at_once(self):
        name = self.pictures()[0]
        answers = self.lines(self.given("".join(f'{{"file": "{name}", "id": {i}}}\n' for i in range(1100)).encode()))
        self.assertEqual([entry["id"] for entry in answers], list(range(1100)))
        self.assertEqual(len({entry["probability"] for entry in answers}), 1)

    def test_reads_a_picture_from_the_standard_input(self):
        content = harness.read_bytes(self.path(self.pictures()[0]))
        answers = self.lines(self.given(content))
        self.assertEqual([entry["file"] for entry in answers], ["/dev/stdin"])
        self.assert_known(answers, 5)
        cut = self.given(content[:100])
        self.assertEqual((cut.code, [list(entry) for entry in self.lines(cut)]), (4, [["file", "error"]]))

    def test_every_answer_is_one_line_whatever_the_name(self):
        for name in ("a\u202eb.ppm", "a  b, {c}.ppm", "ä.ppm"):
            os.rename(self.path(self.pictures()[0]), self.path(name))
            answers = self.lines(self.predict("--jsonl", name))
            self.assertEqual([entry["file"] for entry in answers], [name])

    def test_refuses_an_endless_line(self):
        result = self.given(b"a" * (2 << 20))
        self.assert_error(result, 4, "cannot read the standard input: a line is longer than 1 MiB",
                          "give a picture, or one name or JSON object a line")

    def test_not_with_json(self):
        self.assertEqual(self.predict("--jsonl", "--json", "x.png").code, 2)

    def test_a_signal_ends_it_after_what_was_answered(self):
        name = self.pictures()[0]
        stream = Stream(self)
        stream.ask(name)
        stream.answers(1)
        stream.process.send_signal(signal.SIGINT)
        self.assertEqual(stream.process.wait(timeout=harness.SECONDS), 128 + signal.SIGINT)
        self.assertEqual(stream.process.stderr.read(), "svhn: error: stopped after 1 answer\n")

    def test_a_reader_that_leaves_ends_it_in_silence(self):
        name = self.pictures()[0]
        stream = Stream(self)
        stream.ask(name)
        stream.answers(1)
        stream.process.stdout.close()
        stream.ask(name)
        self.assertEqual(stream.process.wait(timeout=harness.SECONDS), -signal.SIGPIPE)
        self.assertEqual(stream.process.stderr.read(), "")


if __name__ == "__main__":
    harness.main()
