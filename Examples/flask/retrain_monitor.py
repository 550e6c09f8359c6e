"""The retrain monitor of a Flask application: `retraind` runs as long as the application does.

    from retrain_monitor import start_retrain_monitor
    start_retrain_monitor(interval_minutes=60)

One file for Python 3.9 or newer that needs nothing but its standard library: copy it into your application. It knows
three functions: `start_retrain_monitor`, `get_recent_learning_stats`, `record_retrain_event`. What it cannot know by
itself it takes from `retraind check-config`, so that the configuration of the daemon is the only one.

    RETRAIND            the program, where it is not `retraind` in PATH
    RETRAIND_STATE_DIR  where database, log and status lie; else where `retraind run` itself would put them

How the daemon ends with the application: the process that owns it holds one end of a pipe, and a shell beside the daemon
reads the other. However the owner ends, also by SIGKILL, the kernel closes the pipe, and the shell sends the daemon one
TERM, at which it drains. (PR_SET_PDEATHSIG would need code between fork and exec, which is not safe in a program with
threads, fires when the *thread* that started the daemon ends, and exists on Linux alone.)

How there is one among several processes: each tries to lock a file beside the database. Who has the lock runs the daemon;
the kernel frees the lock with the process, and another one takes over. The daemon has a lock of its own, too, so that one
which systemd started, say, is never doubled: then it is waited for.
"""

import atexit
import contextlib
import fcntl
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import datetime, timezone

__all__ = [
    "RetrainMonitor", "RetrainStoreError", "get_recent_learning_stats", "record_retrain_event", "start_retrain_monitor"]

# Seconds between two looks whether the process that runs the daemon is still there.
LOCK_PAUSE = 2.0
# Seconds before the daemon is started again: the first pause doubles up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# A daemon that ran for so many seconds was well: the pauses begin anew.
HEALTHY_AFTER = 60.0
# Seconds that the end of the application waits for the daemon's; it drains to its end in any case.
STOP_TIMEOUT = 10.0
# Seconds that `retraind check-config`, the SQLite file and a request to Supabase may take.
SETTINGS_TIMEOUT, BUSY_TIMEOUT, REQUEST_TIMEOUT = 30.0, 5.0, 10.0
# Seconds before a table that Supabase does not know is tried once more: its API may not have seen a new table yet.
MISSING_TABLE_PAUSE = 5.0
# The daemon's exit code where another one holds its state directory.
EXIT_TEMPORARY = 75
# What a service manager told the application is not for the daemon.
FOREIGN_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
# Waits for the end of standard input, then sends TERM to the daemon, which takes this shell's place and process id.
# A line instead of the end says that the daemon has ended already.
WITH_LIFELINE = (
    "exec 3<&0 </dev/null; "
    "{ read -r line || kill -TERM $$; } <&3 3<&- >/dev/null 2>&1 & "
    'exec "$@" 3<&-')
COLUMNS = (
    "id", "timestamp", "model", "model_version", "window_minutes", "total_events", "accepted", "rejected", "edited",
    "accept_rate", "avg_accepted_confidence", "avg_rejected_confidence", "confidence_gap", "metrics", "created_at")

logger = logging.getLogger("retrain_monitor")


class RetrainStoreError(Exception):
    """The store could not be read or written; the text says what to do."""


class RetrainMonitor:
    """The daemon as this process sees it; `start_retrain_monitor` makes the only one.

    `state` is "starting", "running" (here: `pid` is the daemon's), "waiting" (another process of the application runs
    it), "retrying" (it ended, or could not be started; `problem` says why), "missing" (not installed), "stopped", or
    "inherited" (the process that forked this one runs it, as under `gunicorn --preload`).
    """

    def __init__(self, interval_minutes, binary, state_dir):
        self.binary, self.state_dir = binary, state_dir
        self.problem, self.pid = None, None
        self._interval, self._state, self._owner = interval_minutes, "starting", os.getpid()
        self._stopping, self._lifeline = threading.Event(), None
        self._thread = threading.Thread(target=self._run, name="retrain-monitor", daemon=True)

    @property
    def state(self):
        return self._state if os.getpid() == self._owner else "inherited"

    def stop(self, timeout=STOP_TIMEOUT):
        """Ends the daemon where this process runs it. True where it has ended within `timeout` seconds."""
        if os.getpid() != self._owner or not self._thread.is_alive():
            return True
        self._stopping.set()
        self._release()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self):
        pause, told = FIRST_PAUSE, None
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                problem = self._hold()
            except Exception as error:  # Whatever it is: the watch goes on.
                problem = str(error) or repr(error)
            if problem is None:
                continue
            if time.monotonic() - began >= HEALTHY_AFTER:
                pause, told = FIRST_PAUSE, None
            self.problem, self._state = problem, "retrying"
            logger.log(logging.DEBUG if problem == told else logging.WARNING, "%s; next attempt in %.0f s", problem, pause)
            told = problem
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self._state, self.pid = "stopped", None

    def _hold(self):
        """Waits for the lock, and runs the daemon while it has it. Gives the reason why the daemon ended by itself."""
        path = _settings(self.binary, self.state_dir)["paths"]["database"]
        directory = os.path.dirname(path)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        # A POSIX lock: a forked child has no part in it. Nothing else in this process may open the file.
        with open(os.path.join(directory, "retrain_monitor.lock"), "w") as lock:
            while not _try_lock(lock):
                if self._state != "waiting":
                    self._state, self.problem = "waiting", None
                    logger.info("waiting: another process of this application runs the retrain monitor")
                if self._stopping.wait(LOCK_PAUSE):
                    return None
            code = self._serve()
        if self._stopping.is_set():
            return None
        if code == EXIT_TEMPORARY:
            return "another retraind has %s, or the machine is short of something" % directory
        return "retraind ended with code %s; its log says why" % code

    def _serve(self):
        """Runs the daemon to its end; gives its exit code."""
        command = ["/bin/sh", "-c", WITH_LIFELINE, "sh", self.binary, "run", *_place(self.state_dir)]
        if self._interval is not None:
            command += ["--interval", "%gm" % self._interval]
        environment = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
        with _fork_lock:
            if self._stopping.is_set():
                return None
            reading, writing = os.pipe()
            # As files, because gevent's os.close closes later.
            self._lifeline = open(writing, "wb", buffering=0)
            with open(reading, "rb", buffering=0) as stdin:
                # A session of its own: Ctrl-C in the terminal ends the application, which ends the daemon, once.
                process = subprocess.Popen(command, stdin=stdin, env=environment, start_new_session=True)
        self.pid, self.problem, self._state = process.pid, None, "running"
        logger.info("retraind runs as process %d", process.pid)
        code = process.wait()
        self.pid = None
        self._release(has_ended=True)
        return code

    def _release(self, has_ended=False):
        """Lets the pipe go, which asks the daemon to end where it has not ended already."""
        with _fork_lock:
            lifeline, self._lifeline = self._lifeline, None
            if lifeline is None:
                return
            try:
                if has_ended:
                    lifeline.write(b"ended\n")
            except OSError:
                pass  # The shell has gone, too.
            lifeline.close()


_monitor = None
_chosen = (None, None)
_start_lock = threading.Lock()
# Held while pipes are made and while the process forks, so that no child keeps an end that it does not know of.
# Taken twice where Popen itself forks, as gevent's does.
_fork_lock = threading.RLock()


def start_retrain_monitor(interval_minutes=60, binary=None, state_dir=None):
    """Starts `retraind run`, which ends with this process; never raises for what the machine lacks.

    May be called in each of several processes, before or after a fork, and more than once: one daemon runs. The second
    call in a process gives the monitor of the first. With `interval_minutes=None` the daemon's configuration says it.
    """
    global _monitor, _chosen
    with _start_lock:
        if _monitor is not None and _monitor.state not in ("missing", "stopped"):
            return _monitor
        _chosen = (binary, state_dir)
        program, place = _program(), _state_dir()
        monitor = RetrainMonitor(interval_minutes, program, place)
        if shutil.which(program) is None:
            monitor._state = "missing"
            monitor.problem = (
                "%s is not installed: models are not watched. Install it (`make install` in its source), or name it in "
                "$RETRAIND, and start the application again" % program)
            logger.error("%s", monitor.problem)
        else:
            try:
                monitor._thread.start()
                atexit.register(monitor.stop)
            except RuntimeError as error:
                monitor._state, monitor.problem = "stopped", "no thread for the retrain monitor: %s" % error
                logger.error("%s", monitor.problem)
        _monitor = monitor
        return monitor


def get_recent_learning_stats(limit=5, model=None):
    """The newest learning cycles, newest first, as dicts with the columns of `learning_stats`.

    They come from Supabase where that is configured, else from the SQLite file, whether the daemon runs or not. Without
    a file there are none. A rate that its writer left out is that of the counts.
    """
    settings = _settings(_program(), _state_dir())
    limit = max(0, int(limit))
    remote = _Supabase.of(settings)
    if remote is not None:
        filters = {"model": "eq.%s" % model} if model else {}
        rows = remote.get("learning_stats", {"select": "*", "order": "timestamp.desc.nullslast", "limit": limit, **filters})
    elif not os.path.exists(settings["paths"]["database"]):
        return []
    else:
        # julianday, because other programs may have written their stamps in another form.
        query = (
            "SELECT * FROM learning_stats WHERE :model IS NULL OR model = :model "
            "ORDER BY julianday(timestamp) DESC, id DESC LIMIT :limit")
        with _database(settings["paths"]["database"]) as database:
            rows = [dict(row) for row in database.execute(query, {"model": model, "limit": limit})]
    return [_cycle(row) for row in rows]


def record_retrain_event(avg_accept_rate, stats_window_size, model=None, threshold=None, event_id=None):
    """Records that a model was retrained, by whom else than the daemon, and gives the event's id.

    Where it raises, nothing or everything was written: call it again with the same `event_id`, made by `str(uuid.uuid4())`
    beforehand, and the event is there once. The daemon's own events are recorded by itself. Where Supabase does not know
    `system_events`, this waits for `MISSING_TABLE_PAUSE` seconds.
    """
    try:
        rate, cycles = float(avg_accept_rate), int(stats_window_size)
    except TypeError as error:
        raise ValueError("avg_accept_rate and stats_window_size are numbers: %s" % error) from error
    if not 0 <= rate <= 1 or cycles < 0:
        raise ValueError("avg_accept_rate lies between 0 and 1, stats_window_size is a count: %r, %r" % (rate, cycles))
    settings = _settings(_program(), _state_dir())
    configured = settings["settings"]
    model = model or configured.get("model")
    if threshold is None:
        threshold = ((configured.get("models") or {}).get(model) or {}).get("threshold", configured["threshold"])
    is_retry, event_id = event_id is not None, str(uuid.UUID(event_id) if event_id else uuid.uuid4())
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    metadata = {
        "event_id": event_id, "run_id": None, "model": model, "avg_accept_rate": rate, "threshold": float(threshold),
        "stats_window_size": cycles, "triggered_at": now}
    notes = "Model %sretrain triggered: mean accept rate %.3f over %d cycles, threshold %g" % (
        model + " " if model else "", rate, cycles, threshold)
    system = {"timestamp": now, "event_type": "model_retrain", "notes": notes, "metadata": metadata}
    # `approved` stays null: a retrain is no rejection.
    learning = {"event_type": "model_retrain", "approved": None, "metadata": metadata, "created_at": now}
    remote = _Supabase.of(settings)
    if remote is not None:
        remote.record(event_id, is_retry, system, learning)
    else:
        _record_locally(settings["paths"]["database"], event_id, system, learning)
    return event_id


def _record_locally(path, event_id, system, learning):
    with _database(path) as database:
        database.execute("BEGIN IMMEDIATE")
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        present = [table for table in ("system_events", "learning_events") if table in tables]
        if not present:
            raise RetrainStoreError("%s has neither system_events nor learning_events: run `retraind schema`" % path)
        for table in present:
            if database.execute("SELECT 1 FROM %s WHERE id = ?" % table, (event_id,)).fetchone():
                return
        row = {"id": event_id, **(system if present[0] == "system_events" else learning)}
        row["metadata"] = json.dumps(row["metadata"], ensure_ascii=False, separators=(",", ":"))
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        database.execute("INSERT INTO %s (%s) VALUES (%s)" % (present[0], names, marks), list(row.values()))
        database.execute("COMMIT")


@contextlib.contextmanager
def _database(path):
    """The daemon's SQLite file, which answers to others while it runs. What is not committed is rolled back."""
    if not os.path.exists(path):
        raise RetrainStoreError("no store at %s yet: start the monitor, or run `retraind check`" % path)
    connection = None
    try:
        address = "file:%s?mode=rw" % urllib.parse.quote(path)
        connection = sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
        connection.row_factory = sqlite3.Row
        yield connection
    except sqlite3.Error as error:
        raise RetrainStoreError("%s: %s" % (path, error)) from error
    finally:
        if connection is not None:
            connection.close()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key goes nowhere but to the address that was configured."""

    def redirect_request(self, *arguments):
        return None


class _Supabase:
    """The project's tables over PostgREST."""

    def __init__(self, url, key):
        self._rest = url.rstrip("/").removesuffix("/rest/v1").rstrip("/") + "/rest/v1/"
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._headers = {"apikey": key, "Content-Type": "application/json", "User-Agent": "retrain-monitor"}
        if not key.startswith("sb_"):
            self._headers["Authorization"] = "Bearer " + key

    @classmethod
    def of(cls, settings):
        """None where the daemon uses its own file."""
        supabase = settings["settings"].get("supabase") or {}
        if not (supabase.get("url") and supabase.get("key")):
            return None
        return cls(supabase["url"], _key(supabase.get("keyFile")))

    def get(self, table, query):
        return self._send(table + "?" + urllib.parse.urlencode(query), None)

    def record(self, event_id, is_retry, system, learning):
        """Into `system_events`; into `learning_events` only where the server says, twice, that there is no such table, or
        that the key's role may not use it.

        Anything else raises and may have been written: a retry looks first.
        """
        if is_retry and (self._holds("system_events", event_id) or self._holds("learning_events", event_id)):
            return
        try:
            try:
                self._send("system_events", system)
            except _MissingTable:
                time.sleep(MISSING_TABLE_PAUSE)
                self._send("system_events", system)
        except _UnusableTable as error:
            logger.warning("%s. The event goes to learning_events; in the SQL editor run %s", error, error.remedy)
            self._send("learning_events", learning)

    def _holds(self, table, event_id):
        try:
            return bool(self.get(table, {"select": "id", "metadata->>event_id": "eq." + event_id, "limit": 1}))
        except _UnusableTable:
            return False

    def _send(self, path, row):
        data = None if row is None else json.dumps(row).encode()
        request = urllib.request.Request(self._rest + path, data=data, headers=self._headers)
        try:
            with self._opener.open(request, timeout=REQUEST_TIMEOUT) as answer:
                body = answer.read()
            return json.loads(body) if body else None
        except urllib.error.HTTPError as error:
            raise _refusal(path, error) from None
        except (OSError, ValueError) as error:
            raise RetrainStoreError("Supabase did not answer as it should, try again: %s" % error) from error


class _UnusableTable(RetrainStoreError):
    """Nothing was written, nor will be until somebody runs the remedy: the service role has no rights on new tables."""

    remedy = "GRANT SELECT, INSERT ON public.system_events TO service_role; or, for row-level security, CREATE POLICY"


class _MissingTable(_UnusableTable):
    remedy = "what `retraind schema --postgres` prints"


def _refusal(path, error):
    """What the server said, without the details: they may repeat a row's contents."""
    try:
        answer = json.loads(error.read() or b"null")
    except (OSError, ValueError):
        answer = None
    is_object = isinstance(answer, dict)
    code, message = (answer.get("code"), answer.get("message")) if is_object else (None, None)
    is_missing = error.code == 404 and (code in ("PGRST205", "42P01") or answer == {})
    is_denied = (error.code, code) == (403, "42501")
    kind = _MissingTable if is_missing else _UnusableTable if is_denied else RetrainStoreError
    words = [str(word) for word in (error.code, code, message) if word]
    return kind("Supabase refused %s: %s" % (path.split("?")[0], " ".join(words)))


def _key(key_file):
    """The key, found in the order in which the daemon finds it."""
    for name in ("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_ANON_KEY"):
        if os.environ.get(name):
            return os.environ[name].strip()
        if os.environ.get(name + "_FILE"):
            key_file = os.environ[name + "_FILE"]
            break
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if not key_file and credentials:
        key_file = os.path.join(credentials, "supabase")
    try:
        with open(key_file, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, TypeError, ValueError) as error:
        raise RetrainStoreError("Supabase's key cannot be read from %s" % key_file) from error


def _cycle(row):
    cycle = {name: row.get(name) for name in COLUMNS}
    accepted, rejected = cycle["accepted"], cycle["rejected"]
    if cycle["accept_rate"] is None and accepted is not None and rejected is not None and accepted + rejected > 0:
        cycle["accept_rate"] = accepted / (accepted + rejected)
    if isinstance(cycle["metrics"], str):
        try:
            cycle["metrics"] = json.loads(cycle["metrics"])
        except ValueError:
            pass
    return cycle


_known = {}


def _settings(binary, state_dir):
    """What is in force, as the daemon sees it: asked once for each process."""
    if (binary, state_dir) not in _known:
        command = [binary, "check-config", "--print", "--json", *_place(state_dir)]
        try:
            with _fork_lock:
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
            with process:
                try:
                    output, words = process.communicate(timeout=SETTINGS_TIMEOUT)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise
        except (OSError, subprocess.SubprocessError) as error:
            raise RetrainStoreError("retraind cannot be asked for its configuration: %s" % error) from error
        # Not by the exit code: a server may collect its children's before we do.
        try:
            answer = json.loads(output)
            _known[binary, state_dir] = {"settings": answer["settings"], "paths": answer["paths"]}
        except (ValueError, KeyError, TypeError) as error:
            raise RetrainStoreError("the configuration cannot be used: %s" % (_complaint(words) or error)) from error
    return _known[binary, state_dir]


def _complaint(words):
    """What `retraind --json` says that is wrong."""
    try:
        return json.loads(words)["error"]
    except (ValueError, KeyError, TypeError):
        return words.strip()


def _program():
    return _chosen[0] or os.environ.get("RETRAIND") or "retraind"


def _state_dir():
    return _chosen[1] or os.environ.get("RETRAIND_STATE_DIR") or None


def _place(state_dir):
    return ["--state-dir", os.fspath(state_dir)] if state_dir else []


def _try_lock(file):
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except (BlockingIOError, PermissionError):
        return False


def _after_fork_in_child():
    """The parent's daemon stays the parent's: the child lets go of the pipe, and may start a monitor of its own."""
    global _monitor, _start_lock, _fork_lock
    if _monitor is not None and _monitor._lifeline is not None:
        _monitor._lifeline.close()
        _monitor._lifeline = None
    _monitor, _start_lock, _fork_lock = None, threading.Lock(), threading.RLock()


# Looked up at the call: a child has locks of its own.
os.register_at_fork(
    before=lambda: _fork_lock.acquire(), after_in_parent=lambda: _fork_lock.release(), after_in_child=_after_fork_in_child)
