"""A Flask app that does nothing, on granian's WSGI with 8 threads: `python3 -m benchmarks.bare PORT`."""

from __future__ import annotations

import sys

from flask import Flask, Response, jsonify

THREADS = 8

app = Flask(__name__)


@app.get("/healthz")
def health() -> Response:
    """What the product answers."""
    return jsonify(status="ok")


if __name__ == "__main__":
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    Granian(
        "benchmarks.bare:app",
        interface=Interfaces.WSGI,
        address="127.0.0.1",
        port=int(sys.argv[1]),
        blocking_threads=THREADS,
        log_level=LogLevels.error,
    ).serve()
