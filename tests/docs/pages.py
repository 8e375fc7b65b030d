"""The project's pages: their blocks of commands are run, their links are followed.

A page is a Markdown file. In it

  ```sh        commands, run in the order of the page by one shell, in a scratch folder of the page's own
  ```python    a program, run in the same folder; left out where a module that it imports is missing
  ```json      must be JSON; a whole config ("schema" and "model") must pass `svhn config check`

and on the line before a block

  <!-- not run: REASON -->   leaves the block out, for the reason that it states
  <!-- file: NAME -->        saves the block, of whatever tag, as a file of the scratch folder

A comment that begins with `<!-- setup` in one line and ends in another holds commands that a reader does not need to
see; they are run where they stand. The scratch folder holds links to configs/ and scripts/, and the models that come with the
project; `svhn` is on the PATH.

Only the standard library is used.
"""

import ast
import collections
import glob
import importlib.util
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

STAND_INS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stand_ins")  # For packages that Debian lacks.
SECONDS = 300  # Far beyond what any command here takes, also on a busy machine.
RUN_TAGS = ("sh", "python", "json")
REFUSED_TAGS = {"bash": "sh", "shell": "sh", "console": "sh", "zsh": "sh", "py": "python", "python3": "python"}
LOOKS_LIKE_COMMAND = re.compile(r"(\$ |svhn [a-z]|scripts/\w+\.sh|cmake --|ctest )")
FENCE = re.compile(r"(\s*)(`{3,}|~{3,})\s*([\w+-]*)")
MARKER = re.compile(r"\s*<!--\s*(not run|file)\b:?\s*(.*?)\s*-->\s*$")
WORD_WITHOUT = {"not run": "its reason: <!-- not run: REASON -->", "file": "a name: <!-- file: NAME -->"}
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
HTML_LINK = re.compile(r"<(?:img|a)\b[^>]*?\b(?:src|href)\s*=\s*[\"']([^\"']+)[\"']")
REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)")
IN_REPOSITORY = re.compile(r"(?:\.ci|cmake|configs|docs|include|scripts|src|tests|third_party)/[\w./+-]+$")

# A fault is said once, with its place: "page:line: what is wrong".
Fault = collections.namedtuple("Fault", "page line text")
Marker = collections.namedtuple("Marker", "kind text")
# line: of the first line of text. reason: why it is not run, or None. file: what it is saved as, or None.
Block = collections.namedtuple("Block", "tag line text reason file", defaults=(None, None))


def told(fault):
    return f"{fault.page}:{fault.line}: {fault.text}"


def pages_of(root):
    """The pages of a checkout, as paths relative to it."""
    found = [name for name in ("README.md", "CONTRIBUTING.md", "models/README.md", "src/README.md") if os.path.isfile(os.path.join(root, name))]
    folder = os.path.join(root, "docs")
    if os.path.isdir(folder):
        found += sorted("docs/" + name for name in os.listdir(folder) if name.endswith(".md"))
    return found


class Page:
    """What a page consists of: `blocks`, `prose` (its lines without blocks and comments, by number) and `faults`."""

    def __init__(self, root, name):
        self.root, self.name = root, name
        with open(os.path.join(root, name), encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self.blocks, self.prose, self.faults = [], [], []
        self._read()

    def fault(self, line, text):
        self.faults.append(Fault(self.name, line, text))

    def _read(self):
        i, marker = 0, None
        while i < len(self.lines):
            line = self.lines[i]
            fence, marked = FENCE.match(line), MARKER.match(line)
            if fence:
                i = self._read_block(i, fence, marker)
            elif line.strip().startswith("<!--") and "-->" not in line:
                i = self._read_comment(i)
            elif re.match(r"\s*<!--\s*(setup|not)\b", line) and not marked:
                self.fault(i + 1, "this comment is neither <!-- not run: REASON --> nor a setup that ends in another line")
            elif not marked:
                self.prose.append((i + 1, line))
            if marker and not fence:
                self.fault(i, f"a '{marker.kind}' marker must stand on the line before a block")
            marker = Marker(*marked.groups()) if marked else None
            if marker and not marker.text:
                self.fault(i + 1, f"a '{marker.kind}' marker must state {WORD_WITHOUT[marker.kind]}")
            i += 1

    def _end_of(self, begin, ends, what):
        for i in range(begin + 1, len(self.lines)):
            if ends(self.lines[i]):
                return i
        self.fault(begin + 1, f"this {what} has no end")
        return len(self.lines)

    def _read_block(self, begin, fence, marker):
        """@returns the number of the block's last line."""
        indent, ticks, tag = fence.groups()
        end = self._end_of(begin, lambda line: line.strip().startswith(ticks) and not line.strip(" " + ticks[0]), "block")
        body = [line[len(indent):] if line.startswith(indent) else line.lstrip() for line in self.lines[begin + 1:end]]
        if tag in REFUSED_TAGS:
            self.fault(begin + 1, f"the block's tag is '{tag}'; write '{REFUSED_TAGS[tag]}'")
        if not tag and body and LOOKS_LIKE_COMMAND.match(body[0]):
            self.fault(begin + 1, "a block of commands needs the tag 'sh'")
        reason, file = (marker.text if marker and marker.kind == kind else None for kind in ("not run", "file"))
        if tag in RUN_TAGS or file:
            self.blocks.append(Block(tag, begin + 2, "\n".join(body) + "\n", reason, file))
        elif reason is not None:
            self.fault(begin, f"a 'not run' marker before a block that is not run anyway (tag '{tag}')")
        return end

    def _read_comment(self, begin):
        end = self._end_of(begin, lambda line: "-->" in line, "comment")
        if re.match(r"\s*<!--\s*setup\b", self.lines[begin]):
            self.blocks.append(Block("sh", begin + 2, "\n".join(self.lines[begin + 1:end]) + "\n"))
        return end


def slug(heading):
    """The anchor that code hosts make of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors_of(page):
    found, seen = set(), collections.Counter()
    for _, line in page.prose:
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            name = slug(heading[1])
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
        found.update(re.findall(r"<a\s+(?:id|name)=[\"']([^\"']+)", line))
    return found


def links_of(page):
    """(line, target) of every link and picture outside of blocks and inline code."""
    for number, line in page.prose:
        plain = re.sub(r"(`+).*?\1", "", line)
        for pattern in (LINK, HTML_LINK, REFERENCE):
            for target in pattern.findall(plain):
                yield number, target


def link_fault(page, target, anchors):
    """@returns what is wrong with a link, or None. Addresses elsewhere are not visited."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    path, _, anchor = target.partition("#")
    full = os.path.normpath(os.path.join(page.root, os.path.dirname(page.name), path)) if path else os.path.join(page.root, page.name)
    if not (full + os.sep).startswith(os.path.normpath(page.root) + os.sep):
        return f"the link '{target}' leaves the repository"
    if not os.path.exists(full):
        return f"the link '{target}' leads nowhere"
    if anchor and full.endswith(".md"):
        name = os.path.relpath(full, page.root)
        if name not in anchors:
            anchors[name] = anchors_of(Page(page.root, name))
        if anchor not in anchors[name]:
            return f"the link '{target}' names a heading that '{name}' does not have"
    return None


def named_paths(page):
    """(line, path) of every `path/in/the/repository` in inline code; placeholders such as NAME are no paths."""
    for number, line in page.prose:
        for text in re.findall(r"(?<!`)`([^`]+)`(?!`)", line):
            for word in text.split():
                if IN_REPOSITORY.match(word) and not re.search(r"\b[A-Z]{2,}\b", word.replace("README", "").replace("CMake", "")):
                    yield number, word.rstrip(".")


def check_links(page):
    """Adds a fault for each link, picture and named file that is not there."""
    anchors = {}
    for number, target in links_of(page):
        wrong = link_fault(page, target, anchors)
        if wrong:
            page.fault(number, wrong)
    for number, path in named_paths(page):
        # A program of the build is named as its source is, without the ending.
        full = os.path.join(page.root, path)
        if not os.path.exists(full) and not glob.glob(glob.escape(full) + ".*"):
            page.fault(number, f"`{path}` is not in the repository")


def commands_of(text, line):
    """(line, command) of each complete command of a block; lines that belong together stay together."""
    pending, begin = [], line
    for offset, part in enumerate(text.rstrip("\n").split("\n")):
        if not pending and (not part.strip() or part.lstrip().startswith("#")):
            continue
        if not pending:
            begin = line + offset
        pending.append(part)
        if not part.endswith("\\") and is_complete("\n".join(pending)):
            yield begin, "\n".join(pending)
            pending = []
    if pending:
        yield begin, "\n".join(pending)


def is_complete(text):
    # An open quote is an error for bash, an open here-document a warning.
    done = subprocess.run(["bash", "-n"], input=text + "\n", capture_output=True, text=True, check=False)
    return done.returncode == 0 and not done.stderr


def missing_modules(text):
    """The modules that a program imports and this Python does not have, by their first name."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    names -= set(os.listdir(STAND_INS))
    return sorted(name for name in names if importlib.util.find_spec(name) is None)


def environment(scratch):
    """No colours, no settings of the person who runs the tests; `svhn` first on the PATH."""
    values = {key: value for key, value in os.environ.items() if not key.startswith("SVHN_")}
    values.update({"NO_COLOR": "1", "LC_ALL": "C.UTF-8", "TERM": "dumb", "PYTHONDONTWRITEBYTECODE": "1",
                   "PATH": os.path.join(scratch, "build", "release", "bin") + os.pathsep + values.get("PATH", os.defpath)})
    return values


def make_scratch(root, program):
    """A folder in which the commands of a page find what they would in a checkout where svhn has been built."""
    scratch = tempfile.mkdtemp(prefix="svhn-page-")
    for name in ("configs", "scripts"):
        if os.path.isdir(os.path.join(root, name)):
            os.symlink(os.path.join(root, name), os.path.join(scratch, name))
    os.makedirs(os.path.join(scratch, "models"))
    for path in glob.glob(os.path.join(root, "models", "demo.*")):
        shutil.copy(path, os.path.join(scratch, "models"))
    folder = os.path.join(scratch, "build", "release", "bin")
    os.makedirs(folder)
    if program:
        os.symlink(os.path.realpath(program), os.path.join(folder, "svhn"))
    return scratch


class Shell:
    """A shell that stays open from command to command, as a reader's terminal does."""

    def __init__(self, scratch, log):
        self.log, self.script = log, log + ".sh"
        self.answers, answer = os.pipe()
        self.number = answer
        with open(log, "wb") as out:
            self.process = subprocess.Popen(["bash", "--norc", "--noprofile", "-o", "pipefail"], cwd=scratch, stdin=subprocess.PIPE,
                                            stdout=out, stderr=subprocess.STDOUT, env=environment(scratch),
                                            pass_fds=(answer,), start_new_session=True, text=True)
        os.close(answer)

    def run(self, command):
        """@returns exit status (None: no answer in time) and what the command printed."""
        begin = os.path.getsize(self.log)
        with open(self.script, "w", encoding="utf-8") as file:
            file.write(command + "\n")
        try:
            # The commands must not inherit the pipe, or a process left behind would hold it open.
            self.process.stdin.write(f". '{self.script}' </dev/null {self.number}>&-; echo $? >&{self.number}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        ready, _, _ = select.select([self.answers], [], [], SECONDS)
        answer = os.read(self.answers, 64).decode().strip() if ready else ""
        with open(self.log, "rb") as file:
            file.seek(begin)
            printed = file.read().decode(errors="replace")
        if ready and not answer:  # The command ended the shell itself.
            return self.process.wait(), printed
        return (int(answer) if ready else None), printed

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        os.close(self.answers)


class Runner:
    """Runs the blocks of one page. `notes` says what was left out and why, `timings` what each command took."""

    def __init__(self, page, program):
        self.page, self.program = page, program
        self.notes, self.timings = [], []

    def note(self, line, text):
        self.notes.append(f"{self.page.name}:{line}: {text}")

    def run(self):
        """Adds a fault to the page for the first command that fails: what comes after it may need it."""
        scratch, logs = make_scratch(self.page.root, self.program), tempfile.mkdtemp(prefix="svhn-page-log-")
        shell = Shell(scratch, os.path.join(logs, "log"))
        try:
            for block in self.page.blocks:
                if not self._run_block(block, shell, scratch):
                    break
        finally:
            shell.close()
            shutil.rmtree(scratch, ignore_errors=True)
            shutil.rmtree(logs, ignore_errors=True)

    def _run_block(self, block, shell, scratch):
        if block.reason is not None:
            self.note(block.line, f"not run: {block.reason}")
            return True
        if block.file:
            with open(os.path.join(scratch, block.file), "w", encoding="utf-8") as file:
                file.write(block.text)
        if block.tag == "sh":
            return all(self._run_command(line, command, shell) for line, command in commands_of(block.text, block.line))
        if block.tag == "python":
            return self._run_python(block, scratch)
        return block.tag != "json" or self._check_json(block, scratch)

    def _run_command(self, line, command, shell):
        begin = time.monotonic()
        status, printed = shell.run(command)
        self.timings.append((time.monotonic() - begin, self.page.name, line, command))
        if status == 0:
            return True
        if "has no report page" in printed or "no report page" in printed:
            self.note(line, "left out: this build has no report page, since npm was missing")
            return True
        return self._failed(line, command, status, printed)

    def _run_python(self, block, scratch):
        try:
            missing = missing_modules(block.text)
        except SyntaxError as error:
            return self._failed(block.line + (error.lineno or 1) - 1, "python", error.msg, "")
        if missing:
            self.note(block.line, f"left out: there is no module {', '.join(missing)}")
            return True
        # Blank lines in front make Python's messages name the page's own lines.
        program = (f"import sys; sys.path.append({STAND_INS!r}); "
                   f"exec(compile({chr(10) * (block.line - 1) + block.text!r}, {self.page.name!r}, 'exec'))")
        done = self._finish([sys.executable, "-c", program], scratch)
        return done[0] == 0 or self._failed(block.line, "python", *done)

    def _check_json(self, block, scratch):
        try:
            document = json.loads(block.text)
        except ValueError as error:
            return self._failed(block.line, "json", str(error), "")
        if not isinstance(document, dict) or not {"schema", "model"} <= set(document):
            return True
        path = os.path.join(scratch, ".page.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(block.text)
        done = self._finish(["svhn", "config", "check", path], scratch)
        return done[0] == 0 or self._failed(block.line, "svhn config check", *done)

    def _finish(self, command, scratch):
        begin, values = time.monotonic(), environment(scratch)
        command[0] = shutil.which(command[0], path=values["PATH"]) or command[0]
        try:
            done = subprocess.run(command, cwd=scratch, env=values, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=SECONDS, text=True, check=False)
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired:
            return None, ""
        finally:
            self.timings.append((time.monotonic() - begin, self.page.name, 0, command[0]))

    def _failed(self, line, command, status, printed):
        how = "did not end in time" if status is None else f"ended with {status}"
        last = "\n".join("    " + text for text in printed.strip().split("\n")[-15:])
        self.page.fault(line, f"{command}\n    {how}\n{last}".rstrip())
        return False


def check_page(root, name, program):
    """Reads, follows and runs one page. @returns the page and its runner."""
    page = Page(root, name)
    check_links(page)
    runner = Runner(page, program)
    runner.run()
    return page, runner
