"""The limit: one connection that commits the rows of an operation durably, and does nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.phones import new_id
from benchmarks.rows import Found, Row
from benchmarks.servers import ROOT
from benchmarks.stage import Stage, dsn

TITLE = "The limit"
ABOUT = """\
What the engine itself can do on this machine: one connection of its own driver, with the product's settings (SQLite:
WAL, `synchronous=FULL`; PostgreSQL: `synchronous_commit=on`, `fsync=on`) and the product's tables and indexes. Each
operation is one attempt, one receipt, five counters upserted and the pulse raised; the rows are copies of real ones
with new ids. One operation per transaction, and fifty. The fifty's counters are upserted one by one, not summed
first."""

Trial = Callable[[], dict[str, float]]
BATCH = 50
COUNTERS = ("area", "channel", "day", "hour", "visit")


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """One operation a transaction and fifty, on each engine."""
    return {
        (name, engine): partial(_trial, stage, engine, number)
        for engine in stage.engines
        for name, number in (("limit", 1), ("limit of 50", BATCH))
    }


def rows(found: Found) -> list[Row]:
    """The two rates of each engine, and how quick the disk was."""
    made = []
    for engine in found.engines("limit"):
        most = found.worst("limit", engine, "sync")
        note = f"up to {most:.3g} ms"
        made.append(Row("a sync of the disk", engine, found.median("limit", engine, "sync"), "ms", note=note))
        made.append(Row("one operation per transaction", engine, found.median("limit", engine), "operations/s"))
        if found.has("limit of 50", engine):
            rate = found.median("limit of 50", engine)
            made.append(Row("50 operations per transaction", engine, rate, "operations/s"))
    return made


def _trial(stage: Stage, engine: str, number: int) -> Trial:
    data, url = stage.once(f"limit {engine}", _copied(stage, engine))
    environment = stage.environment(engine)
    order = json.dumps({"data": str(data), "url": url, "seconds": stage.size.seconds, "number": number})

    def once() -> dict[str, float]:
        # A process of its own: the slow disk is a matter of the process, and so is an SQLite library.
        command = [sys.executable, "-m", "benchmarks.limit", order]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr[-1000:])
        return json.loads(done.stdout)

    return once


@contextmanager
def _copied(stage: Stage, engine: str) -> Iterator[tuple[Path, str]]:
    yield stage.copy(engine)


# In the process of its own


class Writer:
    """A connection that knows how to write an operation's rows."""

    def __init__(self, connection: Any, mark: str) -> None:
        self.connection, self.mark = connection, mark
        self.cursor = connection.cursor()
        self.receipt = self._row("SELECT * FROM operations WHERE verdict = 'stored' LIMIT 1")
        self.attempt = self._row(f"SELECT * FROM attempts WHERE id = {mark}", self.receipt["attempt_id"])
        place = (self.attempt["campaign_id"], self.attempt["organisation_id"])
        where = f"campaign_id = {mark} AND organisation_id = {mark}"
        self.tallies = [
            self._row(f"SELECT * FROM tallies WHERE {where} AND dimension = {mark} LIMIT 1", *place, dimension)
            for dimension in COUNTERS
        ]
        self.pulse = self._row(f"SELECT * FROM pulses WHERE {where}", *place)

    def write(self, number: int) -> None:
        """Insert the rows of so many operations; the caller begins and commits."""
        ids = [new_id() for _ in range(number)]
        self._insert("attempts", [{**self.attempt, "id": id_} for id_ in ids])
        self._insert("operations", [{**self.receipt, "id": new_id(), "attempt_id": id_} for id_ in ids])
        add = "ON CONFLICT ({}) DO UPDATE SET {} = {}.{} + 1"
        key = "campaign_id, dimension, organisation_id, key, outcome"
        self._insert("tallies", self.tallies * number, add.format(key, "number", "tallies", "number"))
        self._insert("pulses", [self.pulse], add.format("campaign_id, organisation_id", "beat", "pulses", "beat"))

    def _row(self, query: str, *values: object) -> dict[str, Any]:
        self.cursor.execute(query, values)
        row = self.cursor.fetchone()
        return dict(zip([column[0] for column in self.cursor.description], row, strict=True))

    def _insert(self, table: str, rows: list[dict[str, Any]], conflict: str = "") -> None:
        columns, marks = ", ".join(rows[0]), ", ".join([self.mark] * len(rows[0]))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({marks}) {conflict}"
        self.cursor.executemany(statement, [tuple(row.values()) for row in rows])


def sync_time(folder: Path, times: int = 50) -> float:
    """Milliseconds that the folder's disk takes to sync 8 kB, the median."""
    path, taken = folder / "sync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(b"x" * 8192)
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    path.unlink()
    return median(taken) * 1000


def measure(order: dict[str, Any]) -> dict[str, float]:
    """Write for so many seconds; returns the rate of operations, and what a sync of the disk took then."""
    writer = _postgresql(order["url"]) if order["url"] else _sqlite(Path(order["data"]))
    begin = "BEGIN" if order["url"] else "BEGIN IMMEDIATE"
    count, began = 0, time.monotonic()
    while (passed := time.monotonic() - began) < order["seconds"]:
        writer.cursor.execute(begin)
        writer.write(order["number"])
        writer.cursor.execute("COMMIT")
        count += order["number"]
    writer.connection.close()
    return {"rate": count / passed, "sync": sync_time(Path(order["data"]))}


def _sqlite(data: Path) -> Writer:
    from canvass.core.sqlite import WAL_IS_SAFE, sqlite3

    connection = sqlite3.connect(data / "canvass.db", isolation_level=None)
    for pragma in (f"journal_mode={'WAL' if WAL_IS_SAFE else 'TRUNCATE'}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return Writer(connection, "?")


def _postgresql(url: str) -> Writer:
    import psycopg
    from psycopg.types.json import Json

    writer = Writer(psycopg.connect(dsn(url), autocommit=True), "%s")
    for row in (writer.attempt, writer.receipt):
        row |= {name: Json(value) for name, value in row.items() if isinstance(value, list | dict)}
    return writer


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
