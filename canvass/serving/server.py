"""The production server: granian, with one serving process on SQLite, since it has one writer."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import threading
import time
from contextlib import ExitStack

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from canvass import cli
from canvass.core import settings

# Requests and streams that are open at the same time; others wait.
MOST_AT_ONCE = 10_000
# How long open requests may take to finish after the server is told to stop.
PATIENCE_SECONDS = 10
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def serve(host: str, port: int, *, demo: bool = False) -> int:
    """Bring the database up to date, serve until Ctrl-C or SIGTERM, and return the exit code."""
    nearby = EVERYWHERE.get(host, host)
    address = f"http://[{nearby}]:{port}" if ":" in nearby else f"http://{nearby}:{port}"
    try:
        configured = settings.read()
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    with ExitStack() as in_use:
        try:
            lines = in_use.enter_context(
                cli.prepared(configured["DATA"], configured["PUBLIC_URL"] or address, demo=demo)
            )
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
        hello, numeric = [f"Canvass på {address}", *lines], str(socket.getaddrinfo(host, port)[0][4][0])
        return listen(nearby, numeric, port, hello, configured["WORKERS"])


def listen(nearby: str, address: str, port: int, hello: list[str], workers: int = 1) -> int:
    """Serve a prepared database, print `hello` once connections are accepted, and return the exit code."""
    allow_many_connections()
    # Start a new process on Linux too, as on macOS and Windows: a forked one would share our database connections.
    multiprocessing.set_start_method("spawn", force=True)
    # glibc's malloc keeps freed memory for each thread apart, eight times as often as there are cores; with two thousand
    # screens that watch it is a sixth of all memory. The serving processes read this when they start.
    os.environ.setdefault("MALLOC_ARENA_MAX", "2")
    server = Granian(
        "canvass.serving.asgi:serve",
        factory=True,
        interface=Interfaces.ASGI,
        address=address,
        port=port,
        workers=workers,
        backpressure=MOST_AT_ONCE,
        websockets=False,
        workers_kill_timeout=PATIENCE_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.error,
        log_access=False,  # it would list volunteers' IP addresses
    )
    server.on_startup(threading.Thread(target=announce, args=(nearby, port, hello), daemon=True).start)
    try:
        server.serve()
    except SystemExit as stop:
        # Ctrl-C reaches the serving process as well, and when that stops first it looks like a failure.
        if not server.interrupt_signal:
            return int(stop.code or 1)
    return 0


def allow_many_connections() -> None:
    """Raise the limit of open files: each stream is an open connection, and many systems allow a thousand."""
    if sys.platform == "win32":
        return  # it has no such limit
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_AT_ONCE + 1000
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def announce(host: str, port: int, lines: list[str]) -> None:
    """Print the lines once the server accepts connections, so that the links in them work at once."""
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return print(*lines, sep="\n", flush=True)
