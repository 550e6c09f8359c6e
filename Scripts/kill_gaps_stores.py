"""The two places in which `Scripts/kill-gaps` has a daemon keep its cycles and events, and what must hold there."""

import collections
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import uuid

import kill_gaps_server

MODEL = "a:7b"
RATES = [60, 50, 40, 30, 20]
NOTICES = {"degraded": "model.degraded", "succeeded": "run.succeeded"}


class Lost(Exception):
    """What must not happen."""


def read(state, query):
    """Rows of a copy of the journal: a look must not change what it looks at."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(state)) as copy:
        for file in glob.glob(os.path.join(state, "retraind.db*")):
            shutil.copy(file, copy)
        database = sqlite3.connect(os.path.join(copy, "retraind.db"))
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()


def require(holds, what):
    """Raises where something does not hold."""
    if not holds:
        raise Lost(what)


def run_gap(state):
    """Which of its writes about the run a journal has seen."""
    decisions = read(state, "SELECT count(*) FROM retraind_decisions")[0][0]
    steps = read(state, "SELECT state, stage FROM retraind_run_steps ORDER BY id")
    last = "no run" if not steps else f"{steps[-1][0]}: {steps[-1][1].replace(MODEL, 'M')}"
    return f"{min(decisions, 1)} decision, {last}"


def proven_run(state):
    """What holds in either store: one run that succeeded, its decision, nothing on its way. The run's id."""
    runs = read(state, "SELECT id, state, event_id FROM retraind_runs")
    require(len(runs) == 1 and runs[0][1] == "succeeded", f"runs: {runs}")
    decisions = read(state, "SELECT count(*) FROM retraind_decisions WHERE verdict = 'degraded'")[0][0]
    require(decisions, "the decision is gone")
    outbox = read(state, "SELECT event_id, run, state FROM retraind_outbox")
    require(outbox == [(runs[0][2], runs[0][0], "delivered")], f"outbox: {outbox}")
    require(read(state, "PRAGMA integrity_check") == [("ok",)], "the file is damaged")
    return runs[0][0]


def proven_cycles(state, table):
    """The cycles are what they were."""
    cycles = read(state, f"SELECT accepted, rejected FROM {table} ORDER BY timestamp")
    require(cycles == [(rate, 100 - rate) for rate in RATES], f"cycles: {cycles}")


class Embedded:
    """Cycles and events in the journal itself, and nobody to be told."""

    def __init__(self, retraind, directory, environment):
        self.origin = os.path.join(directory, "seeded")
        for index, accepted in enumerate(RATES):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ended(index)))
            subprocess.run(
                [retraind, "record", "--model", MODEL, "--accepted", str(accepted), "--rejected", str(100 - accepted),
                 "--timestamp", stamp, "--state-dir", self.origin],
                env=environment, check=True, stdout=subprocess.DEVNULL)

    def prepare(self, number, place):
        """A state directory and the daemon's further arguments."""
        shutil.copytree(self.origin, os.path.join(place, "state"))
        return []

    def gaps(self, state):
        """The gap that the journal names."""
        events = [row[0] for row in read(state, "SELECT state FROM retraind_outbox")]
        return [f"{run_gap(state)}, event {events[0] if events else 'none'}"]

    def prove(self, state):
        """Nothing is lost, and nothing is there twice."""
        run = proven_run(state)
        events = read(state, "SELECT event_type, metadata FROM system_events")
        require(len(events) == 1 and json.loads(events[0][1])["run_id"] == run, f"events: {events}")
        others = read(state, "SELECT count(*) FROM learning_events")[0][0]
        require(not others, "an event went to learning_events")
        proven_cycles(state, "learning_stats")


class Supabase:
    """Cycles and events in a stand-in of Supabase, and a receiver of webhooks: the journal begins empty.

    In every second round the events' table counts its ids itself, so that no id of ours keeps an event from being there
    twice.
    """

    def __init__(self, retraind, directory, environment):
        self.server = kill_gaps_server.Server()
        self.key, self.secret = os.path.join(directory, "key"), os.path.join(directory, "secret")
        for path, text in ((self.key, kill_gaps_server.KEY), (self.secret, kill_gaps_server.SECRET)):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(text + "\n")

    def prepare(self, number, place):
        """A configuration of its own for each round: the paths of the two URLs name the round."""
        name = f"round-{number}"
        self.server.worlds.clear()
        self.world = self.server.worlds[name] = kill_gaps_server.World(
            [cycle(index, accepted) for index, accepted in enumerate(RATES)], number // 2 % 2 == 1, number)
        url = f"{self.server.url}/{name}"
        configuration = {
            "supabase": {"url": url, "keyFile": self.key},
            "notify": [{"type": "webhook", "name": "people", "url": f"{url}/hook", "secretFile": self.secret}],
        }
        os.mkdir(place)
        path = os.path.join(place, "retraind.json5")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        return ["--config", path]

    def gaps(self, state):
        """A gap for each of those that write at the same time: the run, its event, and each of the two messages."""
        tables = read(state, "SELECT name FROM sqlite_schema")
        if not {("retraind_runs",), ("retraind_mirror",), ("retraind_notifications",)} <= set(tables):
            return [f"run: a journal of version {read(state, 'PRAGMA user_version')[0][0]}"]
        mirrored = read(state, "SELECT 1 FROM retraind_meta WHERE key = 'mirror.completed'")
        run = run_gap(state) if mirrored else f"{len(read(state, 'SELECT 1 FROM retraind_mirror'))} cycles read"
        world = self.world
        with world.lock:
            written, taken, answered = len(world.events), {name for name, _ in world.messages}, set(world.answered)
        event = read(state, "SELECT state FROM retraind_outbox") or [("none",)]
        gaps = [f"run: {run}", f"event: {event[0][0]}, {'in' if written else 'not in'} the store"]
        notices = {kind: (name, how) for kind, name, how in read(
            state, "SELECT kind, event_id, state FROM retraind_notifications")}
        for kind in NOTICES:
            name, how = notices.get(kind, (None, "none"))
            where = "answered" if name in answered else "taken" if name in taken else "not taken"
            gaps.append(f"{kind}: {how}, {where}")
        return gaps

    def prove(self, state):
        """Nothing is lost; nothing is there twice; what was told twice was told under one id."""
        run = proven_run(state)
        world = self.world
        event = read(state, "SELECT event_id FROM retraind_outbox")[0][0]
        with world.lock:
            events, sent, messages = list(world.events), set(world.sent_ids), list(world.messages)
        require(not world.unexpected, f"unexpected: {world.unexpected}")
        require(len(events) == 1, f"events: {events}")
        require(sent == {event}, f"ids of events that were sent: {sent}, but the journal has {event}")
        require(events[0]["id"] == (1 if world.counts_ids else event), f"the event's id: {events}")
        metadata = events[0]["metadata"]
        require((metadata["event_id"], metadata["run_id"]) == (event, run), f"the event's metadata: {metadata}")
        for table in ("system_events", "learning_events", "learning_stats"):
            require(not read(state, f"SELECT 1 FROM {table}"), f"rows in the journal's own {table}")
        proven_cycles(state, "retraind_mirror")

        notices = read(state, "SELECT kind, event_id, state FROM retraind_notifications ORDER BY id")
        require([row[0] for row in notices] == list(NOTICES), f"notices: {notices}")
        require({row[2] for row in notices} == {"delivered"}, f"notices: {notices}")
        bodies = collections.defaultdict(set)
        for name, body in messages:
            bodies[name].add(body)
        told = [(json.loads(body)["type"], name) for name, found in bodies.items() for body in found]
        # In the order in which each came first, one body to each id, and no other.
        require(told == [(NOTICES[kind], name) for kind, name, _ in notices], f"messages: {messages}")


def ended(index):
    """When a cycle ended: one each hour, the last a second ago."""
    return int(time.time()) - 3600 * (len(RATES) - 1 - index) - 1


def cycle(index, accepted):
    """A row of `learning_stats`, with the columns that the replaced system has, and the model's."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(ended(index)))
    return {
        "id": str(uuid.UUID(int=index + 1)), "timestamp": stamp, "model": MODEL, "window_minutes": 60, "total_events": 100,
        "accepted": accepted, "rejected": 100 - accepted, "edited": 0, "accept_rate": accepted / 100,
        "avg_accepted_confidence": None, "avg_rejected_confidence": None, "confidence_gap": None, "created_at": stamp,
    }


STORES = {"embedded": Embedded, "supabase": Supabase}
