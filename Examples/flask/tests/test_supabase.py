"""The functions against a stand-in of Supabase's data API, which answers as PostgREST was seen to."""

import http.server
import json
import os
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid
from unittest import mock

import retrain_monitor

MISSING = (404, {"code": "PGRST205", "message": "Could not find the table 'public.system_events' in the schema cache"})

DENIED = (403, {"code": "42501", "message": "permission denied for table system_events"})
# Each says that the table is not there: newer servers, one whose cache is stale, older servers.
ABSENCES = [MISSING, (404, {"code": "42P01", "message": 'relation "public.system_events" does not exist'}), (404, {})]
# What users get; the tests wait for less.
SHIPPED_PAUSE = retrain_monitor.MISSING_TABLE_PAUSE
# Seconds after which a server that was told not to answer gives up; only a broken test waits so long.
SILENCE = 30


class StandIn(http.server.ThreadingHTTPServer):
    """Keeps rows by table. `refusals` says what else to answer to a method and a table: always, or, in a list, one after
    the other. An answer may be `silent`.
    """

    silent = (None, "silent")

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.tables, self.refusals, self.requests, self.paths, self.times = {}, {}, [], [], []
        self.ended = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(None)

    def do_POST(self):
        self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def answer(self, row):
        address = urllib.parse.urlsplit(self.path)
        table, query = address.path.rpartition("/")[2], dict(urllib.parse.parse_qsl(address.query))
        self.server.requests.append((self.command, table, query, {k.lower(): v for k, v in self.headers.items()}))
        self.server.times.append(time.monotonic())
        self.server.paths.append(address.path)
        refusal = self.server.refusals.get((self.command, table), (None, None))
        if isinstance(refusal, list):
            refusal = refusal.pop(0) if refusal else (None, None)
        if refusal == StandIn.silent:
            self.server.ended.wait(SILENCE)
            self.close_connection = True
            return
        status, body = refusal
        if status is None and row is not None:
            self.server.tables.setdefault(table, []).append(row)
            status, body = 201, None
        elif status is None:
            wanted = query.get("metadata->>event_id")
            rows = self.server.tables.get(table, [])
            status, body = 200, [r for r in rows if wanted in (None, "eq." + r.get("metadata", {}).get("event_id", ""))]
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


class SupabaseTests(unittest.TestCase):
    key = "sb_secret_for_tests"

    def setUp(self):
        self.server = StandIn()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.server.ended.set)
        pause = mock.patch.object(retrain_monitor, "MISSING_TABLE_PAUSE", 0)
        pause.start()
        self.addCleanup(pause.stop)
        kept = {name: os.environ[name] for name in ("PATH", "RETRAIND") if name in os.environ}
        variables = {
            **kept, "SUPABASE_URL": "http://127.0.0.1:%d" % self.server.server_port, "SUPABASE_ANON_KEY": self.key,
            "RETRAIND_STATE_DIR": "/nonexistent/state", "HOME": "/nonexistent"}
        environment = mock.patch.dict(os.environ, variables, clear=True)
        environment.start()
        self.addCleanup(environment.stop)
        retrain_monitor._known.clear()

    def test_stats(self):
        self.server.tables["learning_stats"] = [
            {"id": 7, "timestamp": "2026-11-24T10:00:00+00:00", "accept_rate": 0.5, "accepted": 1, "rejected": 1}]
        cycles = retrain_monitor.get_recent_learning_stats(limit=3, model="a:7b")
        self.assertEqual([(cycle["id"], cycle["accept_rate"]) for cycle in cycles], [(7, 0.5)])
        self.assertEqual(set(cycles[0]), set(retrain_monitor.COLUMNS))
        method, table, query, headers = self.server.requests[0]
        self.assertEqual((method, table), ("GET", "learning_stats"))
        self.assertEqual(
            query, {"select": "*", "order": "timestamp.desc.nullslast", "limit": "3", "model": "eq.a:7b"})
        self.assertEqual(headers["apikey"], self.key)
        self.assertNotIn("authorization", headers)

    def test_older_keys_are_bearers_too(self):
        os.environ["SUPABASE_ANON_KEY"] = "eyJhbGciOi.eyJyb2xl.c2ln"
        retrain_monitor.get_recent_learning_stats()
        self.assertEqual(self.server.requests[0][3]["authorization"], "Bearer eyJhbGciOi.eyJyb2xl.c2ln")

    def test_key_is_systemds_credential(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        # The name in the unit's LoadCredential=.
        path = os.path.join(directory.name, "supabase")
        with open(path, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write("sb_secret_credential\n")
        del os.environ["SUPABASE_ANON_KEY"]
        os.environ["CREDENTIALS_DIRECTORY"] = directory.name
        retrain_monitor.get_recent_learning_stats()
        self.assertEqual(self.server.requests[0][3]["apikey"], "sb_secret_credential")
        # Also where the daemon names no file.
        self.assertEqual(retrain_monitor._key(None), "sb_secret_credential")

    def test_address_with_and_without_the_path_of_the_api(self):
        base = os.environ["SUPABASE_URL"]
        for end in ("", "/", "//", "/rest/v1", "/rest/v1/", "/rest/v1//", "//rest/v1"):
            with self.subTest(end=end):
                os.environ["SUPABASE_URL"] = base + end
                retrain_monitor._known.clear()
                retrain_monitor.get_recent_learning_stats()
                self.assertEqual(self.server.paths[-1], "/rest/v1/learning_stats")

    def test_event(self):
        event_id = retrain_monitor.record_retrain_event(0.5, 4)
        row, = self.server.tables["system_events"]
        self.assertEqual(row["event_type"], "model_retrain")
        self.assertEqual((row["metadata"]["event_id"], row["metadata"]["stats_window_size"]), (event_id, 4))
        self.assertNotIn("learning_events", self.server.tables)

    def record_elsewhere(self):
        """Records an event, which lies in `learning_events` alone and is no rejection there; gives its id."""
        self.server.tables.clear()
        event_id = retrain_monitor.record_retrain_event(0.5, 4)
        self.assertEqual(list(self.server.tables), ["learning_events"])
        row, = self.server.tables["learning_events"]
        self.assertEqual((row["event_type"], row["metadata"]["event_id"]), ("model_retrain", event_id))
        self.assertIn("approved", row)
        self.assertIsNone(row["approved"])
        return event_id

    def posts(self):
        return [table for method, table, _, _ in self.server.requests if method == "POST"]

    def test_event_goes_elsewhere_where_the_table_is_missing(self):
        for answer in ABSENCES:
            with self.subTest(answer=answer):
                self.server.requests.clear()
                self.server.refusals["POST", "system_events"] = answer
                event_id = self.record_elsewhere()
                # The table was tried twice.
                self.assertEqual(self.posts(), ["system_events", "system_events", "learning_events"])
                # Where it is there again, a retry finds the event where it lies.
                self.server.refusals.clear()
                retrain_monitor.record_retrain_event(0.5, 4, event_id=event_id)
                self.assertNotIn("system_events", self.server.tables)
                self.assertEqual(len(self.server.tables["learning_events"]), 1)

    def test_event_waits_for_a_new_table(self):
        pause = 0.2
        for answer in ABSENCES:
            with self.subTest(answer=answer), mock.patch.object(retrain_monitor, "MISSING_TABLE_PAUSE", pause):
                self.server.tables.clear()
                self.server.requests.clear()
                self.server.refusals["POST", "system_events"] = [answer]
                retrain_monitor.record_retrain_event(0.5, 4)
                self.assertEqual(len(self.server.tables["system_events"]), 1)
                self.assertEqual(self.posts(), ["system_events", "system_events"])
                first, second = self.server.times[-2:]
                self.assertGreaterEqual(second - first, pause)

    def test_pause_is_that_of_the_daemon(self):
        self.assertEqual(SHIPPED_PAUSE, 5)

    def test_event_goes_elsewhere_where_the_table_is_not_granted(self):
        self.server.refusals["POST", "system_events"] = DENIED
        with self.assertLogs("retrain_monitor", "WARNING") as log:
            event_id = self.record_elsewhere()
        self.assertIn("GRANT SELECT, INSERT ON public.system_events TO service_role;", log.output[0])
        # No second try: nothing about a grant is stale.
        self.assertEqual(self.posts(), ["system_events", "learning_events"])
        # A table that may not be read either does not keep a retry from its event.
        self.server.refusals["GET", "system_events"] = DENIED
        retrain_monitor.record_retrain_event(0.5, 4, event_id=event_id)
        self.assertEqual(len(self.server.tables["learning_events"]), 1)

    def test_event_goes_elsewhere_where_a_new_table_is_not_granted(self):
        self.server.refusals["POST", "system_events"] = [MISSING, DENIED]
        self.record_elsewhere()

    def test_event_goes_nowhere_else_for_anything_else(self):
        answers = [
            (404, {"code": "PGRST125", "message": "Invalid path"}), (404, None), (404, []), (401, {"code": "PGRST301"}),
            (401, {"code": "42501"}), (401, {}), (403, None), (403, {}), (403, {"code": "PGRST205"}), (429, None), (429, {}),
            (400, {"code": "42P01"}), (500, {"code": "57014"}), (500, {"code": "42501"}), (503, {"code": "PGRST002"}),
            (503, {}), (504, {"code": "PGRST003"}), (307, None)]
        for answer in answers:
            # Also where it comes after the pause.
            for refusal in (answer, [MISSING, answer]):
                self.server.refusals["POST", "system_events"] = refusal
                with self.subTest(refusal=str(refusal)), self.assertRaises(retrain_monitor.RetrainStoreError) as caught:
                    retrain_monitor.record_retrain_event(0.5, 4)
                self.assertNotIn(self.key, str(caught.exception))
        self.assertEqual(self.server.tables, {})
        self.assertEqual({table for _, table, _, _ in self.server.requests}, {"system_events"})
        self.assertEqual(len(self.server.requests), 3 * len(answers))

    def test_event_goes_nowhere_else_without_an_answer(self):
        self.server.refusals["POST", "system_events"] = StandIn.silent
        with mock.patch.object(retrain_monitor, "REQUEST_TIMEOUT", 0.2):
            with self.assertRaises(retrain_monitor.RetrainStoreError):
                retrain_monitor.record_retrain_event(0.5, 4)
        self.assertNotIn("learning_events", self.posts())
        self.assertEqual(self.server.tables, {})

    def test_retry_records_once(self):
        own = str(uuid.uuid4())
        for _ in range(2):
            self.assertEqual(retrain_monitor.record_retrain_event(0.5, 4, event_id=own), own)
        self.assertEqual(len(self.server.tables["system_events"]), 1)

    def test_no_answer(self):
        os.environ["SUPABASE_URL"] = "http://127.0.0.1:1"
        with self.assertRaises(retrain_monitor.RetrainStoreError):
            retrain_monitor.get_recent_learning_stats()
