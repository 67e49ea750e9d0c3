"""How many operations a second can be committed in each journal mode, on the disk. Measures, and asserts nothing.

`python3 app.py test benchmarks/test_journals.py -s` prints it. The statements are those with which one operation of a
phone is taken in, sent straight to the driver: the journals are compared, not what is done beside them. In turns, so
that whatever else the machine does falls on all alike.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import event

import canvass
from canvass.core import clock, db, journals, sqlite, state
from canvass.core.sqlite import sqlite3
from canvass.members import devices
from tests.cast import gather
from tests.conftest import NOW, browser
from tests.counting.phone import Phone

ROUNDS, COMMITS = 9, 200
WAYS = {"TRUNCATE": ("truncate", True), "WAL": ("wal", True), "WAL without stamps": ("wal", False)}
Statements = list[tuple[str, list[tuple[Any, ...]]]]


def test_commits_a_second_in_each_journal_mode(tmp_path: Path) -> None:
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    with ExitStack() as until_then:
        stores = {}
        for way, (mode, _stamped) in WAYS.items():
            path = tmp_path / mode / way / "canvass.db"
            writes = fill(path.parent)
            sqlite.look_over(path, mode)
            connection = until_then.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            connection.execute(f"PRAGMA journal_mode={mode}")
            connection.execute("PRAGMA synchronous=FULL")
            stores[way] = connection, writes
        for _ in range(ROUNDS):
            for way, (connection, writes) in stores.items():
                rates[way].append(commits_a_second(connection, writes, is_stamped=WAYS[way][1]))
    print(f"\nSQLite {sqlite3.sqlite_version}, {ROUNDS} rounds of {COMMITS} commits each, in turns")
    base = statistics.median(rates["TRUNCATE"])
    for way, found in rates.items():
        median = statistics.median(found)
        print(f"{way}: {median:,.0f} commits a second ({min(found):,.0f}–{max(found):,.0f}), {median / base:.1f} times")


def commits_a_second(connection: Any, writes: Statements, *, is_stamped: bool) -> float:
    began = time.perf_counter()
    for _ in range(COMMITS):
        ids = {word: db.new_id() for word in ("operation", "attempt", "install")}
        connection.execute("BEGIN IMMEDIATE")
        if is_stamped:
            journals.stamp(connection)
        for statement, rows in writes:
            for row in rows:
                connection.execute(statement, [ids.get(value, value) for value in row]).fetchall()
        connection.execute("COMMIT")
    return COMMITS / (time.perf_counter() - began)


def fill(folder: Path) -> Statements:
    """The cast in a new database; returns what one operation writes there, with words for the ids that must be new."""
    writes: Statements = []
    app = canvass.create_app(DATA=folder, TESTING=True)
    with app.app_context(), clock.stopped(NOW):
        upgrade()
        state.begin(folder)
        cast = gather()
        client = browser(app)
        client.set_cookie("canvass_device", devices.add(cast.alva))
        db.session.commit()
        phone = Phone(client, cast.alva.id)
        operation = phone.operation(cast, data={"area": cast.hageby_north.id})
        words = {operation["op"]: "operation", operation["attempt"]: "attempt", phone.install: "install"}

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            if statement.startswith(("INSERT", "UPDATE")):
                rows = parameters if isinstance(parameters, list) else [parameters]
                writes.append((statement, [tuple(words.get(value, value) for value in row) for row in rows]))

        event.listen(db.db.engine, "before_cursor_execute", note)
        phone.verdicts(operation)
        db.session.remove()
        db.db.engine.dispose()
    return writes
