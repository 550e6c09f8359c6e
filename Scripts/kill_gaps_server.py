"""What stands for Supabase and for the receiver of webhooks in `Scripts/kill-gaps`: one server, a world for each round.

The path names the world, so that a request of a daemon that was killed never reaches the next round. A world answers as
PostgREST does, as far as the daemon asks: an unknown question is refused, noted, and loses the round.
"""

import base64
import datetime
import hashlib
import hmac
import http.server
import json
import random
import threading
import time
import urllib.parse

KEY = "sb_secret_kill-gaps-0123456789"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
LARGEST_DELAY = 0.006
# The columns of the events' table; where ids are its own it refuses ours.
EVENT_COLUMNS = ["id", "timestamp", "event_type", "notes", "metadata"]


class Refused(Exception):
    """An answer other than success: status, code, message."""


class World:
    """The tables of one project, the messages that one receiver took, and everything that was unexpected."""

    def __init__(self, cycles, counts_ids, seed):
        self.lock = threading.Lock()
        self.cycles = cycles
        self.counts_ids = counts_ids
        # Rows in the order in which they were written; none is ever removed.
        self.events = []
        # Ids of our own that were sent with an event, whatever became of it.
        self.sent_ids = []
        # `webhook-id` and body of every message that was taken, and of those whose answer went out.
        self.messages, self.answered = [], []
        self.unexpected = []
        self.chance = random.Random(seed)

    def delay(self):
        """Before something is done, and before it is answered: a kill falls between."""
        with self.lock:
            pause = self.chance.uniform(0, LARGEST_DELAY)
        time.sleep(pause)

    def rows(self, table, query):
        """What a GET asks for."""
        if table not in ("learning_stats", "system_events", "learning_events"):
            raise Refused(404, "PGRST205", f"Could not find the table 'public.{table}' in the schema cache")
        stored = {"learning_stats": self.cycles, "system_events": self.events, "learning_events": []}[table]
        names, limit, offset, order, conditions = ["*"], None, 0, [], []
        for name, value in query:
            if name == "select":
                names = value.split(",")
            elif name == "limit":
                limit = int(value)
            elif name == "offset":
                offset = int(value)
            elif name == "order":
                order = [key.split(".") for key in value.split(",")]
            elif name == "or":
                conditions.append(lambda row, terms=members(value): any(holds(term, row) for term in terms))
            else:
                conditions.append(lambda row, term=f"{name}.{value}": holds(term, row))
        found = [row for row in stored if all(condition(row) for condition in conditions)]
        for column, direction in reversed(order):
            found.sort(key=lambda row, column=column: comparable(cell(column, row)), reverse=direction == "desc")
        found = found[offset:][:limit]
        if names == ["*"]:
            return found
        return [{name.split("->>")[-1]: cell(name, row) for name in names} for row in found]

    def insert(self, table, query, headers, rows):
        """What a POST asks for: all rows or none."""
        if table != "system_events":
            raise Refused(400, "P0001", f"nothing is written to {table} here")
        columns = dict(query)["columns"].split(",")
        new = []
        with self.lock:
            for row in rows:
                unknown = [name for name in columns if name not in EVENT_COLUMNS]
                if unknown:
                    raise Refused(400, "PGRST204", f"Could not find the '{unknown[0]}' column of '{table}' in the schema cache")
                row = {name: row.get(name) for name in columns}
                self.sent_ids.append(row["metadata"]["event_id"])
                if self.counts_ids:
                    if "id" in columns:
                        raise Refused(400, "22P02", f"invalid input syntax for type bigint: \"{row['id']}\"")
                    row["id"] = len(self.events) + len(new) + 1
                elif any(other["id"] == row["id"] for other in self.events + new):
                    if "resolution=ignore-duplicates" in headers.get("Prefer", ""):
                        continue
                    raise Refused(409, "23505", 'duplicate key value violates unique constraint "system_events_pkey"')
                new.append(row)
            self.events += new

    def take(self, headers, body):
        """A message for people; one that is not signed is refused."""
        name, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        digest = hmac.new(base64.b64decode(SECRET[6:]), f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
        if headers["webhook-signature"] != "v1," + base64.b64encode(digest).decode():
            raise Refused(401, "signature", "the signature is wrong")
        with self.lock:
            self.messages.append((name, body.decode()))


def cell(name, row):
    """A cell, or what a JSON path leads to."""
    column, arrow, key = name.partition("->>")
    if column not in row:
        raise Refused(400, "42703", f"column {column} does not exist")
    return (row[column] or {}).get(key) if arrow else row[column]


def comparable(value):
    """A time as a number, whatever its form; everything else as it is."""
    try:
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    except (AttributeError, ValueError):
        return value


def members(text):
    """The members of `(a,b(c,d),"e,f")`."""
    found, depth, quoted = [""], 0, False
    for character in text[1:-1]:
        quoted ^= character == '"'
        depth += 0 if quoted else {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth and not quoted:
            found.append("")
        else:
            found[-1] += character
    return found


def holds(term, row):
    """Whether `column.eq.value`, or `and(...)` of such, holds for a row."""
    if term.startswith("and("):
        return all(holds(part, row) for part in members(term[3:]))
    column, operator, wanted = term.split(".", 2)
    value = cell(column, row)
    if f"{operator}.{wanted}" in ("is.null", "not.is.null"):
        return (value is None) == (operator == "is")
    if operator == "in":
        return str(value) in [member.strip('"') for member in members(wanted)]
    if value is None:
        return False
    wanted = comparable(wanted.strip('"'))
    value = comparable(value if isinstance(wanted, float) else str(value))
    if operator not in ("eq", "lt", "gte"):
        raise Refused(400, "PGRST100", f"unknown operator: {operator}")
    return value == wanted if operator == "eq" else value < wanted if operator == "lt" else value >= wanted


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection: `/WORLD/rest/v1/TABLE` and `/WORLD/hook`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.respond()

    def do_POST(self):
        self.respond()

    def respond(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urllib.parse.urlsplit(self.path)
        _, name, *rest = parts.path.split("/")
        world = self.server.worlds.get(name)
        if world is None:
            return self.answer(404, {"error": "requested path is invalid"})
        query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        world.delay()
        try:
            if self.command == "POST" and rest == ["hook"]:
                world.take(self.headers, body)
                status, found = 204, None
            elif rest[:2] != ["rest", "v1"] or len(rest) != 3 or self.headers.get("apikey") != KEY:
                raise Refused(401, "PGRST301", "no such place, or a wrong key")
            elif self.command == "POST":
                world.insert(rest[2], query, self.headers, json.loads(body))
                status, found = 201, None
            else:
                status, found = 200, world.rows(rest[2], query)
        except Exception as error:  # a fault of this script is as unexpected as one of the daemon
            status, code, message = error.args if isinstance(error, Refused) else (500, "kill-gaps", repr(error))
            found = {"code": code, "details": None, "hint": None, "message": message}
            if not (world.counts_ids and code == "22P02"):
                world.unexpected.append(f"{self.command} {self.path}: {status} {code}: {message}")
        world.delay()
        self.answer(status, found)
        if status == 204:
            world.answered.append(self.headers["webhook-id"])

    def answer(self, status, found):
        """One piece, so that it is sent as a whole or not at all. Who asked may be dead."""
        text = b"" if found is None else json.dumps(found).encode()
        try:
            self.send_response(status)
            if found is not None:
                self.send_header("Content-Type", "application/json; charset=utf-8")
            if status != 204:
                self.send_header("Content-Length", str(len(text)))
            self._headers_buffer.append(b"\r\n" + text)
            self.flush_headers()
        except OSError:
            self.close_connection = True

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Listens on this machine only, and ends with this process."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.worlds = {}
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        """A daemon that was killed leaves connections behind."""
