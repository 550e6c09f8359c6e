"""What the functions read and record in the SQLite file, while the daemon runs and without it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from datetime import datetime, timedelta, timezone

from .harness import LIMIT, MODEL, World, is_alive, wait_for

COLUMNS = {
    "id", "timestamp", "model", "model_version", "window_minutes", "total_events", "accepted", "rejected", "edited",
    "accept_rate", "avg_accepted_confidence", "avg_rejected_confidence", "confidence_gap", "metrics", "created_at"}


class FunctionTests(World):
    def python(self, script):
        """Runs a script that has the module's names; gives what it prints, as JSON."""
        result = subprocess.run(
            [sys.executable, "-c", "import json, os, sys\nfrom retrain_monitor import *\n" + script], cwd=self.directory,
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def add_cycles(self, *rates):
        """Cycles of an hour each, the last one just now, through `retraind record`."""
        now = datetime.now(timezone.utc)
        for index, rate in enumerate(rates):
            end = (now - timedelta(hours=len(rates) - 1 - index)).strftime("%Y-%m-%dT%H:%M:%SZ")
            code, _ = self.command(
                "record", "--model", MODEL, "--accepted", str(rate), "--rejected", str(100 - rate), "--timestamp", end)
            self.assertEqual(code, 0)

    def rows(self, query):
        database = sqlite3.connect(self.database)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def server(self):
        self.flask()
        daemon = self.wait_for_daemon()
        wait_for("answer", lambda: self.get("/")[0] == 200)
        return daemon

    def stop_server(self):
        self.processes[-1].send_signal(signal.SIGINT)
        self.processes[-1].wait(LIMIT)
        self.wait_for_no_daemon()

    def test_stats_with_the_daemon_and_without(self):
        self.assertEqual(self.python("print(json.dumps(get_recent_learning_stats()))"), [])
        self.server()
        self.assertEqual(self.get("/stats"), (200, []))
        self.add_cycles(90, 80, 70, 85, 75, 95)
        status, cycles = self.get("/stats")
        self.assertEqual(status, 200)
        self.assertEqual([cycle["accept_rate"] for cycle in cycles], [0.95, 0.75, 0.85, 0.7, 0.8])
        self.assertEqual(set(cycles[0]), COLUMNS)
        self.assertEqual((cycles[0]["accepted"], cycles[0]["rejected"], cycles[0]["model"]), (95, 5, MODEL))
        self.assertEqual([cycle["accepted"] for cycle in self.get("/stats?limit=2")[1]], [95, 75])
        self.stop_server()
        self.assertEqual(self.python("print(json.dumps(get_recent_learning_stats()))"), cycles)
        self.assertEqual(self.python("print(json.dumps(get_recent_learning_stats(model='other:7b')))"), [])

    def test_rows_of_other_writers(self):
        self.server()
        database = sqlite3.connect(self.database)
        with database:
            # Another form of the stamp, a rate left out, no stamp at all, metrics.
            database.execute(
                "INSERT INTO learning_stats (id, timestamp, accepted, rejected, metrics) "
                "VALUES ('old', '2026-11-23 23:00:00', 3, 1, '{\"a\": 1}')")
            database.execute(
                "INSERT INTO learning_stats (id, timestamp, accept_rate) VALUES ('older', '2026-11-23T22:00:00Z', 0.5)")
            database.execute("INSERT INTO learning_stats (id, timestamp, edited) VALUES ('none', NULL, 4)")
        database.close()
        _, cycles = self.get("/stats")
        self.assertEqual([cycle["id"] for cycle in cycles], ["old", "older", "none"])
        self.assertEqual([cycle["accept_rate"] for cycle in cycles], [0.75, 0.5, None])
        self.assertEqual(cycles[0]["metrics"], {"a": 1})

    def test_event_with_the_daemon_and_without(self):
        self.server()
        status, answer = self.get("/retrain-events", {"avg_accept_rate": 0.52, "stats_window_size": 5, "model": MODEL})
        self.assertEqual(status, 201)
        self.stop_server()
        own = str(uuid.uuid4())
        script = "print(json.dumps(record_retrain_event(0.4, 3, event_id=%r)))" % own
        self.assertEqual([self.python(script), self.python(script)], [own, own])
        code, events = self.command("history", "--events")
        self.assertEqual(code, 0)
        self.assertEqual([event["id"] for event in events], [own, answer["event_id"]])
        self.assertEqual({event["event_type"] for event in events}, {"model_retrain"})
        metadata = json.loads(
            self.rows("SELECT metadata FROM system_events WHERE id = '%s'" % answer["event_id"])[0][0])
        stamp = metadata.pop("triggered_at")
        self.assertIsNotNone(datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ"))
        self.assertEqual(metadata, {
            "event_id": answer["event_id"], "run_id": None, "model": MODEL, "avg_accept_rate": 0.52, "threshold": 0.6,
            "stats_window_size": 5})

    def test_event_that_another_writer_keeps_out(self):
        self.server()
        own = str(uuid.uuid4())
        event = {"avg_accept_rate": 0.5, "stats_window_size": 3, "event_id": own}
        other = sqlite3.connect(self.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        status, answer = self.get("/retrain-events", event)
        other.execute("COMMIT")
        other.close()
        self.assertEqual(status, 503)
        self.assertIn("locked", answer["error"])
        self.assertEqual(self.rows("SELECT count(*) FROM system_events"), [(0,)])
        self.assertEqual(self.get("/retrain-events", event), (201, {"event_id": own}))
        self.assertEqual(self.rows("SELECT id FROM system_events"), [(own,)])

    def test_event_where_system_events_does_not_exist(self):
        self.server()
        self.stop_server()
        database = sqlite3.connect(self.database)
        database.execute("DROP TABLE system_events")
        database.close()
        own = str(uuid.uuid4())
        script = "print(json.dumps(record_retrain_event(0.4, 3, event_id=%r)))" % own
        self.assertEqual([self.python(script), self.python(script)], [own, own])
        self.assertEqual(
            self.rows("SELECT id, event_type, approved FROM learning_events"), [(own, "model_retrain", None)])

    def test_what_cannot_be_recorded_says_so(self):
        script = "\n".join([
            "try: record_retrain_event(0.5, 3)",
            "except RetrainStoreError as error: print(json.dumps(str(error)))"])
        self.assertIn("no store at %s" % self.database, self.python(script))
        self.server()
        for event in ({"avg_accept_rate": 40, "stats_window_size": 3}, {"stats_window_size": 3},
                      {"avg_accept_rate": 0.5, "stats_window_size": 3, "event_id": "not-a-uuid"}):
            self.assertEqual(self.get("/retrain-events", event)[0], 400)
        self.assertEqual(self.rows("SELECT count(*) FROM system_events"), [(0,)])

    def test_decline_is_acted_upon(self):
        with open(os.path.join(self.directory, "retraind.json5"), "w") as file:
            file.write("{ model: '%s' }" % MODEL)
        self.environment["RETRAIND_CONFIG"] = file.name
        self.add_cycles(30, 30, 30, 30, 30)
        self.server()
        wait_for("event", lambda: self.rows("SELECT 1 FROM system_events WHERE event_type = 'model_retrain'"))
        wait_for("end of the run", lambda: self.command("history", "--runs")[1][0]["state"] == "succeeded")
        self.assertEqual(len(self.get("/stats")[1]), 5)


class MonitorTests(World):
    def program(self, script):
        """Starts a program with the module's names; what it prints is `program.log`."""
        head = "import logging, os, sys, time\nfrom retrain_monitor import *\nlogging.basicConfig(level='INFO')\n"
        return self.start([sys.executable, "-u", "-c", head + script], "program.log", self.environment)

    def test_second_call_is_the_first_one(self):
        program = self.program("\n".join([
            "first = start_retrain_monitor()",
            "while first.state != 'running': time.sleep(0.05)",
            "print('same', start_retrain_monitor(5) is first)",
            "print('stopped', first.stop(60), first.state, first.pid)",
            "second = start_retrain_monitor()",
            "while second.state != 'running': time.sleep(0.05)",
            "print('again', second is not first)"]))
        program.wait(LIMIT)
        text = self.text("program.log")
        for line in ("same True", "stopped True stopped None", "again True"):
            self.assertIn(line, text)
        self.wait_for_no_daemon()

    def test_end_of_the_program_waits_for_the_daemons(self):
        program = self.program("\n".join([
            "import atexit",
            # What is registered first is called last.
            "atexit.register(lambda: print('daemon is there', os.path.exists('/proc/%d' % daemon)))",
            "monitor = start_retrain_monitor()",
            "while monitor.state != 'running': time.sleep(0.05)",
            "daemon = monitor.pid"]))
        self.assertEqual(program.wait(LIMIT), 0)
        self.assertIn("daemon is there False", self.text("program.log"))

    def test_stop_under_gevent(self):
        head = "from gevent import monkey; monkey.patch_all()\n"
        program = self.start([sys.executable, "-u", "-c", head + "\n".join([
            "import time",
            "from retrain_monitor import start_retrain_monitor",
            "monitor = start_retrain_monitor()",
            "while monitor.state != 'running': time.sleep(0.05)",
            "print('stopped', monitor.stop(60), monitor.state)"])], "program.log", self.environment)
        self.assertEqual(program.wait(LIMIT), 0)
        self.assertIn("stopped True stopped", self.text("program.log"))

    def test_child_that_outlives_its_parent_does_not_keep_the_daemon(self):
        program = self.program("\n".join([
            "monitor = start_retrain_monitor()",
            "while monitor.state != 'running': time.sleep(0.05)",
            "child = os.fork()",
            "if child == 0:",
            "    print('child', os.getpid(), monitor.state, flush=True)",
            "    time.sleep(300)",
            "time.sleep(300)"]))
        self.wait_for_daemon()
        line = wait_for("child", lambda: [l for l in self.text("program.log").splitlines() if l.startswith("child ")])[0]
        _, child, state = line.split()
        self.assertEqual(state, "inherited")
        program.kill()
        program.wait(LIMIT)
        self.wait_for_no_daemon()
        self.assertTrue(is_alive(int(child)))

    def test_wrong_configuration_is_told_and_gone_on_from(self):
        configuration = os.path.join(self.directory, "retraind.json5")
        with open(configuration, "w") as file:
            file.write("{ threshold: 40 }")
        self.environment["RETRAIND_CONFIG"] = configuration
        self.program("monitor = start_retrain_monitor()\ntime.sleep(300)")
        wait_for("refusal", lambda: "threshold" in self.text("program.log"))
        self.assertEqual(self.daemons(), [])
        with open(configuration, "w") as file:
            file.write("{ threshold: 0.4 }")
        self.wait_for_daemon()

    def test_service_manager_of_the_application_is_not_the_daemons(self):
        self.environment.update(NOTIFY_SOCKET="/nonexistent/notify", WATCHDOG_USEC="1000000")
        self.program("start_retrain_monitor()\ntime.sleep(300)")
        with open("/proc/%d/environ" % self.wait_for_daemon(), "rb") as file:
            names = {variable.partition(b"=")[0] for variable in file.read().split(b"\0")}
        self.assertIn(b"OLLAMA_HOST", names)
        self.assertEqual(names & {b"NOTIFY_SOCKET", b"WATCHDOG_USEC"}, set())

    def test_interval_and_place(self):
        self.program("start_retrain_monitor(interval_minutes=7)\ntime.sleep(300)")
        self.wait_for_daemon()
        self.assertIn("Model retrain monitor started (checking every 7 minutes)", self.log)
        self.assertTrue(os.path.exists(self.database))
