"""A headless Chromium driven over its debugging pipe: the DevTools protocol as JSON ended by NUL on two descriptors.

Nothing but the standard library and the browser itself is needed.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60  # Far beyond what any step takes, also on a busy machine.


def find():
    """The browser's path, or None."""
    named = os.environ.get("SVHN_CHROMIUM")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One page. Console messages, exceptions and requests gather in `messages`, `requests`."""

    def __init__(self, width=1280, height=900):
        self.folder = tempfile.mkdtemp(prefix="svhn-page-")
        to_child, from_here = os.pipe()
        from_child, to_here = from_child_pair = os.pipe()
        del from_child_pair
        self.write_end, self.read_end = from_here, from_child

        def adopt():
            # Through high numbers first: either end may already be 3 or 4.
            reader, writer = os.dup(to_child), os.dup(to_here)
            reader, writer = _lift(reader), _lift(writer)
            os.dup2(reader, 3)
            os.dup2(writer, 4)

        self.process = subprocess.Popen(
            [find(), "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-dev-shm-usage", "--disable-background-networking", "--hide-scrollbars", "--force-color-profile=srgb",
             f"--user-data-dir={self.folder}", f"--window-size={width},{height}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=adopt)
        os.close(to_child)
        os.close(to_here)
        self.buffer, self.number, self.messages, self.requests = b"", 0, [], []
        self.loaded = False
        target = self._attach()
        self.session = self.call("Target.attachToTarget", session=False, targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.resize(width, height)

    def _attach(self):
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            pages = [t for t in self.call("Target.getTargets", session=False)["targetInfos"] if t["type"] == "page"]
            if pages:
                return pages[0]["targetId"]
            time.sleep(0.05)
        raise AssertionError("the browser opened no page")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.write_end)
        os.close(self.read_end)
        for _ in range(500):  # The browser's helpers may still write when it has ended.
            shutil.rmtree(self.folder, ignore_errors=True)
            if not os.path.exists(self.folder):
                break
            time.sleep(0.01)

    def call(self, method, session=True, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        wanted = self.number
        while True:
            answer = self._next(SECONDS)
            if answer is None:
                raise AssertionError(f"the browser did not answer {method}")
            if answer.get("id") == wanted:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self, seconds):
        deadline = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.read_end], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return None
            part = os.read(self.read_end, 1 << 20)
            if not part:
                raise AssertionError("the browser ended")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        event = json.loads(text)
        self._note(event)
        return event

    def _note(self, event):
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.consoleAPICalled":
            self.messages.append(" ".join(str(a.get("value", a.get("description"))) for a in parameters["args"]))
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.messages.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Log.entryAdded":
            self.messages.append(parameters["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def open(self, path, address=""):
        self.loaded = False
        self.call("Page.navigate", url="file://" + os.path.abspath(path) + address)
        while not self.loaded:
            if self._next(SECONDS) is None:
                raise AssertionError("the page did not load")

    def run(self, expression):
        """The value of a JavaScript expression, promises awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"].get("exception", {}).get("description"))
        return answer["result"].get("value")

    def wait(self, expression):
        self.wait_until(lambda: self.run(expression), expression)

    def wait_until(self, holds, what):
        deadline = time.monotonic() + SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"did not come true: {what}")
            time.sleep(0.05)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, selector):
        x, y = self.run(f"(() => {{ const n = document.querySelector({json.dumps(selector)}); n.scrollIntoView({{block: 'center', behavior: 'instant'}}); const r = n.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()")
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)

    def press(self, key):
        code = {"Enter": 13, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9}.get(key, 0)
        text = "\r" if key == "Enter" else ""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def prefer(self, scheme, media=""):
        """@param media "print" shows the page as on paper."""
        self.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}])

    def resize(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def print(self):
        """The page as a PDF, through the browser's own printing."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def download_to(self, folder):
        self.call("Browser.setDownloadBehavior", session=False, behavior="allow", downloadPath=folder)

    def picture(self, path, whole=False):
        more = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            more = {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png", **more)["data"]))


def _lift(descriptor):
    """The same file under a number above 10, so that placing 3 and 4 overwrites neither."""
    import fcntl
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 11)
