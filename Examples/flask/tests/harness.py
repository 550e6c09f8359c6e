"""A directory, a stand-in of Ollama and the servers that run in it: each test has its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

# Ends a wait that hangs; says nothing of how fast something is.
LIMIT = 60.0
PAUSE = 0.05
EXAMPLE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RETRAIND = os.path.realpath(os.environ.get("RETRAIND", shutil.which("retraind") or "retraind"))
STAND_IN = os.environ.get("STAND_IN", "")
MODEL = "psa-engine:latest"
STARTED = "✅ Model retrain monitor started"


def wait_for(what, probe):
    """Waits until `probe` gives something that counts as true, and gives it back."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(PAUSE)
    raise AssertionError("no %s within %d s" % (what, LIMIT))


def is_alive(pid):
    """Whether a process is there and not only its remains."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def parent_of(pid):
    with open("/proc/%d/stat" % pid) as file:
        return int(file.read().rpartition(")")[2].split()[1])


class World(unittest.TestCase):
    """What each test needs; removes it, and ends what is left of it."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="retraind-flask-")
        self.state = os.path.join(self.directory, "state")
        self.database = os.path.join(self.state, "retraind.db")
        self.processes = []
        self.addCleanup(self._clean)
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
        self.environment = {
            **kept, "HOME": self.directory, "RETRAIND": RETRAIND, "RETRAIND_STATE_DIR": self.state,
            "OLLAMA_HOST": "http://127.0.0.1:%d" % self._start_stand_in(), "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1", "PYTHONPATH": EXAMPLE}

    def _start_stand_in(self):
        port_file = os.path.join(self.directory, "port")
        command = [
            STAND_IN, "serve", "--port-file", port_file, "--log", os.path.join(self.directory, "ollama.log"),
            "--models", MODEL, "--changing", "--lifetime", "600"]
        self.start(command, "stand-in.log", {})
        return int(wait_for("port of the stand-in", lambda: self.text("port").strip()).split()[0])

    def start(self, command, log, environment):
        """Starts a program in a session of its own; what it says goes into a file of the world."""
        with open(os.path.join(self.directory, log), "ab") as output:
            process = subprocess.Popen(
                command, cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True)
        self.processes.append(process)
        return process

    def gunicorn(self, *options, environment=None):
        """Starts gunicorn on a free port; gives its process."""
        command = [
            sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--chdir", EXAMPLE, *options, "app:app"]
        process = self.start(command, "server.log", environment or self.environment)
        self.port = self._port_of(process, r"Listening at: http://127\.0\.0\.1:(\d+)")
        return process

    def flask(self, *options, app="app"):
        """Starts Flask's own server on a free port; gives its process."""
        command = [sys.executable, "-m", "flask", "--app", app, "run", "--port", "0", *options]
        process = self.start(command, "server.log", self.environment)
        self.port = self._port_of(process, r"Running on http://127\.0\.0\.1:(\d+)")
        return process

    def _port_of(self, process, pattern):
        def probe():
            self.assertIsNone(process.poll(), self.text("server.log"))
            return re.search(pattern, self.text("server.log"))
        return int(wait_for("port of the server", probe).group(1))

    def get(self, path, body=None):
        """The status and the JSON of an answer; (None, None) where the server does not answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            "http://127.0.0.1:%d%s" % (self.port, path), data=data, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return None, None

    def text(self, name):
        """A file of the world; empty where there is none."""
        try:
            with open(os.path.join(self.directory, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    @property
    def log(self):
        """The daemon's log."""
        return self.text("state/model_retrainer.log")

    def daemons(self):
        """The processes of this world that are `retraind run`."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.readlink("/proc/%s/exe" % entry).removesuffix(" (deleted)") == RETRAIND:
                    with open("/proc/%s/cmdline" % entry, "rb") as file:
                        words = file.read().decode(errors="replace").split("\0")
                    if "run" in words and self.state in words:
                        found.append(int(entry))
            except OSError:
                continue  # It has ended meanwhile, or is somebody else's.
        return found

    def leftovers(self):
        """Every process of this world, also the shells beside the daemons."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                with open("/proc/%s/cmdline" % entry, "rb") as file:
                    if entry.isdigit() and self.directory.encode() in file.read() and is_alive(int(entry)):
                        found.append(int(entry))
            except OSError:
                continue
        return found

    def wait_for_daemon(self, starts=1):
        """Waits until a daemon has started `starts` times and is the only one; gives its process id."""
        wait_for("start of the daemon", lambda: self.log.count(STARTED) >= starts)
        return wait_for("single daemon", lambda: len(self.daemons()) == 1 and self.daemons())[0]

    def wait_for_no_daemon(self):
        wait_for("end of the daemon", lambda: not self.daemons())

    def command(self, *words):
        """Runs a command of `retraind` on this state; gives its exit code and its JSON."""
        result = subprocess.run(
            [RETRAIND, *words, "--json", "--state-dir", self.state], cwd=self.directory, env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)
        return result.returncode, json.loads(result.stdout or b"null")

    def _clean(self):
        # Servers first: the daemons end with them.
        for process in reversed(self.processes):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        try:
            wait_for("end of what the test started", lambda: not self.leftovers())
        finally:
            for pid in self.leftovers():
                os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.directory, ignore_errors=True)
