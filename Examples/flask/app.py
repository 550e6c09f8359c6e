"""A small Flask application that starts the retrain monitor, shows its cycles and records events."""

import logging
import os

from flask import Flask, jsonify, request

from retrain_monitor import RetrainStoreError, get_recent_learning_stats, record_retrain_event, start_retrain_monitor

logging.basicConfig(level=logging.INFO, format="%(asctime)s - %(levelname)s - [%(process)d] %(message)s")

app = Flask(__name__)
monitor = start_retrain_monitor(interval_minutes=60)


@app.get("/")
def index():
    """How the monitor stands, as the process that answers sees it."""
    return jsonify(process=os.getpid(), monitor=monitor.state, daemon=monitor.pid, problem=monitor.problem)


@app.get("/stats")
def stats():
    """The newest learning cycles."""
    return jsonify(get_recent_learning_stats(limit=request.args.get("limit", 5, type=int)))


@app.post("/retrain-events")
def retrain_events():
    """Records an event; the same `event_id` again records it once."""
    event = request.get_json()
    event_id = record_retrain_event(
        event.get("avg_accept_rate"), event.get("stats_window_size"), model=event.get("model"),
        event_id=event.get("event_id"))
    return jsonify(event_id=event_id), 201


@app.errorhandler(RetrainStoreError)
def store_failed(error):
    """The store is away: the application goes on."""
    return jsonify(error=str(error)), 503


@app.errorhandler(ValueError)
def wrong_value(error):
    """What was sent cannot be an event."""
    return jsonify(error=str(error)), 400
