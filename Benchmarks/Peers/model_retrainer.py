"""The Python loop that retraind replaces, kept as a peer to measure beside.

It does the job as scripts of its kind do: a daemon thread with `while True`, `requests` against a PostgREST API, and
`ollama pull` as a subprocess. Its faults are kept on purpose, because they are part of what is compared:

* it falls back to the second table on any error, so a timeout can write both;
* fallback rows carry `approved: false`, which the next cycle counts as a rejection;
* rows without a timestamp come first and take a place in the window; a cycle of edits alone counts as a rate of 0;
* it fires again at each check while the old cycles are in the window;
* a restart or a failed write loses the event.

    model_retrainer.py                          the loop, stats from $SUPABASE_URL
    model_retrainer.py --sqlite FILE            the loop, stats from a SQLite file
    model_retrainer.py --once --sqlite FILE     one check, then the end
    model_retrainer.py --once --sqlite FILE --lean    the same without importing what one check does not need

With --sqlite, a model for every one that the rows name; the rows are read in one query.
"""

import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import datetime

if "--lean" not in sys.argv:
    import requests

ACCEPT_RATE_THRESHOLD = 0.6
STATS_WINDOW = 5
MIN_STATS = 3
PULL_TIMEOUT_SECONDS = 600
MODEL_NAME = os.environ.get("MODEL_NAME", "psa-engine:latest")
SUPABASE_URL = os.environ.get("SUPABASE_URL") or os.environ.get("NEXT_PUBLIC_SUPABASE_URL", "")
SUPABASE_KEY = os.environ.get("SUPABASE_SERVICE_ROLE_KEY") or os.environ.get("SUPABASE_ANON_KEY", "")
REQUEST_TIMEOUT_SECONDS = 10

os.makedirs("logs", exist_ok=True)
logging.basicConfig(
    level=logging.INFO,
    format="%(asctime)s - %(levelname)s - %(message)s",
    handlers=[logging.FileHandler("logs/model_retrainer.log", encoding="utf-8"), logging.StreamHandler()],
)
logger = logging.getLogger("model_retrainer")


class PostgREST:
    """Stats from, and events to, a PostgREST API such as Supabase's."""

    def __init__(self, url, key):
        self.rest = url.rstrip("/") + "/rest/v1/"
        self.headers = {"apikey": key, "Authorization": "Bearer " + key}

    def recent_stats(self):
        answer = requests.get(
            self.rest + "learning_stats",
            headers=self.headers,
            params={
                "select": "timestamp,accept_rate,total_events,accepted,rejected,edited",
                "order": "timestamp.desc",
                "limit": STATS_WINDOW,
            },
            timeout=REQUEST_TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        return {MODEL_NAME: [row["accept_rate"] for row in answer.json()]}

    def insert(self, table, row):
        answer = requests.post(
            self.rest + table, headers=self.headers, json=row, timeout=REQUEST_TIMEOUT_SECONDS)
        answer.raise_for_status()


class SQLite:
    """Stats from a SQLite file with the same tables; the newest rows of each model in one query."""

    def __init__(self, path):
        self.path = path

    def recent_stats(self):
        connection = sqlite3.connect(self.path)
        try:
            rows = connection.execute(
                "SELECT model, accept_rate FROM (SELECT model, accept_rate, timestamp, row_number() OVER "
                "(PARTITION BY model ORDER BY timestamp DESC) AS place FROM learning_stats) "
                "WHERE place <= ? ORDER BY model, timestamp DESC",
                (STATS_WINDOW,),
            )
            stats = {}
            for model, rate in rows:
                stats.setdefault(model or MODEL_NAME, []).append(rate)
            return stats
        finally:
            connection.close()

    def insert(self, table, row):
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                names = ", ".join(row)
                marks = ", ".join("?" for _ in row)
                values = [str(value) if isinstance(value, dict) else value for value in row.values()]
                connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
        finally:
            connection.close()


def log_retrain_event(store, model, average, count):
    """Writes the event to `system_events`, or to `learning_events` on any error."""
    now = datetime.utcnow().isoformat()
    metadata = {
        "avg_accept_rate": average,
        "threshold": ACCEPT_RATE_THRESHOLD,
        "stats_window_size": count,
        "triggered_at": now,
    }
    try:
        store.insert("system_events", {
            "timestamp": now,
            "event_type": "model_retrain",
            "notes": f"Model retrain triggered: average accept rate {average:.2%} below {ACCEPT_RATE_THRESHOLD:.0%}",
            "metadata": metadata,
        })
    except Exception as error:
        logger.warning(f"Could not write system_events, falling back to learning_events: {error}")
        try:
            store.insert("learning_events", {
                "event_type": "model_retrain",
                "approved": False,
                "model_version": model,
                "metadata": metadata,
                "created_at": now,
            })
        except Exception as fallback_error:
            logger.error(f"Failed to log retrain event: {fallback_error}")


def retrain(model):
    """Pulls the model; True where the pull succeeded."""
    logger.info(f"🔄 Pulling {model} through Ollama")
    try:
        result = subprocess.run(
            ["ollama", "pull", model], capture_output=True, text=True, timeout=PULL_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        logger.error(f"❌ Pull of {model} timed out after {PULL_TIMEOUT_SECONDS} seconds")
        return False
    except FileNotFoundError:
        logger.error("❌ ollama was not found")
        return False
    if result.returncode != 0:
        logger.error(f"❌ Pull of {model} failed: {result.stderr.strip()}")
        return False
    logger.info(f"✅ Pulled {model}")
    return True


def check_and_retrain(store):
    """One check of every model."""
    try:
        stats = store.recent_stats()
    except Exception as error:
        logger.error(f"Failed to read learning_stats: {error}")
        return
    for model, rates in stats.items():
        if len(rates) < MIN_STATS:
            logger.info(f"Not enough learning stats for {model} ({len(rates)} of {MIN_STATS})")
            continue
        average = sum(rates) / len(rates)
        if average < ACCEPT_RATE_THRESHOLD:
            logger.warning(f"⚠️ {model}: average accept rate {average:.2%} is below {ACCEPT_RATE_THRESHOLD:.0%}")
            log_retrain_event(store, model, average, len(rates))
            retrain(model)
        else:
            logger.info(f"{model}: average accept rate {average:.2%}, healthy")


def monitor_loop(store, interval_minutes):
    """Checks for ever."""
    while True:
        try:
            check_and_retrain(store)
        except Exception as error:
            logger.error(f"Error in the retrain monitor: {error}")
        time.sleep(interval_minutes * 60)


def start_retrain_monitor(interval_minutes=60, store=None):
    """Starts the loop on a daemon thread, as a Flask application would."""
    if store is None:
        store = PostgREST(SUPABASE_URL, SUPABASE_KEY)
    thread = threading.Thread(target=monitor_loop, args=(store, interval_minutes), daemon=True)
    thread.start()
    logger.info(f"✅ Model retrain monitor started (checking every {interval_minutes} minutes)")
    return thread


def main(arguments):
    store = None
    if "--sqlite" in arguments:
        store = SQLite(arguments[arguments.index("--sqlite") + 1])
    if "--once" in arguments:
        check_and_retrain(store or PostgREST(SUPABASE_URL, SUPABASE_KEY))
    else:
        start_retrain_monitor(store=store).join()


if __name__ == "__main__":
    main(sys.argv[1:])
