"""The functions against a stand-in of Supabase's data API, which answers as PostgREST was seen to."""

import http.server
import json
import os
import threading
import unittest
import urllib.parse
import uuid
from unittest import mock

import retrain_monitor

MISSING = (404, {"code": "PGRST205", "message": "Could not find the table 'public.system_events' in the schema cache"})


class StandIn(http.server.ThreadingHTTPServer):
    """Keeps rows by table; `refusals` says what else to answer to a method and a table."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.tables, self.refusals, self.requests = {}, {}, []
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
        status, body = self.server.refusals.get((self.command, table), (None, None))
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

    def test_event(self):
        event_id = retrain_monitor.record_retrain_event(0.5, 4)
        row, = self.server.tables["system_events"]
        self.assertEqual(row["event_type"], "model_retrain")
        self.assertEqual((row["metadata"]["event_id"], row["metadata"]["stats_window_size"]), (event_id, 4))
        self.assertNotIn("learning_events", self.server.tables)

    def test_event_goes_elsewhere_where_the_table_is_missing(self):
        self.server.refusals["POST", "system_events"] = MISSING
        event_id = retrain_monitor.record_retrain_event(0.5, 4)
        row, = self.server.tables["learning_events"]
        self.assertIsNone(row["approved"])
        self.assertEqual(row["metadata"]["event_id"], event_id)
        # Where the table is there again, a retry finds the event where it lies.
        self.server.refusals.clear()
        retrain_monitor.record_retrain_event(0.5, 4, event_id=event_id)
        self.assertNotIn("system_events", self.server.tables)
        self.assertEqual(len(self.server.tables["learning_events"]), 1)

    def test_event_goes_nowhere_else_for_anything_else(self):
        answers = [
            (404, {"code": "PGRST125", "message": "Invalid path"}), (401, {"code": "PGRST301"}), (403, {"code": "42501"}),
            (429, None), (500, {"code": "57014"}), (503, {"code": "PGRST002"}), (307, None)]
        for answer in answers:
            self.server.refusals["POST", "system_events"] = answer
            with self.subTest(answer=answer), self.assertRaises(retrain_monitor.RetrainStoreError) as caught:
                retrain_monitor.record_retrain_event(0.5, 4)
            self.assertNotIn(self.key, str(caught.exception))
        self.assertEqual(self.server.tables, {})
        self.assertEqual({table for _, table, _, _ in self.server.requests}, {"system_events"})

    def test_retry_records_once(self):
        own = str(uuid.uuid4())
        for _ in range(2):
            self.assertEqual(retrain_monitor.record_retrain_event(0.5, 4, event_id=own), own)
        self.assertEqual(len(self.server.tables["system_events"]), 1)

    def test_no_answer(self):
        os.environ["SUPABASE_URL"] = "http://127.0.0.1:1"
        with self.assertRaises(retrain_monitor.RetrainStoreError):
            retrain_monitor.get_recent_learning_stats()
