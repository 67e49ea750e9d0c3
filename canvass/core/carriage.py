"""Carries all rows of an SQLite database over to a PostgreSQL one with the same schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, create_engine, func, select
from sqlalchemy.engine import URL, Connection

from canvass.core import db, journals, locks, sqlite

AT_A_TIME = 1000  # rows


class Failed(RuntimeError):
    """The databases do not agree; the message says where. Nothing has been carried over."""


@contextmanager
def still(database: Path) -> Iterator[Engine]:
    """Give an engine on an SQLite database that nobody else has open, for reading. Raises Failed when it is in use."""
    try:
        with locks.Lock(database).alone():
            journals.check(database)
            engine = create_engine(URL.create("sqlite", database=str(database)), module=sqlite.sqlite3)
            try:
                yield engine
            finally:
                engine.dispose()
    except locks.Taken:
        raise Failed(f"{database} is in use: stop the server, and any other command, first.") from None


def carry(source: Engine, target: Engine) -> int:
    """Copy every row in one transaction and compare the number of rows in each table; return the sum. Raises Failed."""
    carried = 0
    with source.connect() as old, target.begin() as new:
        for table in db.Base.metadata.sorted_tables:
            _copy(old, new, table)
            before, after = (connection.scalar(select(func.count()).select_from(table)) for connection in (old, new))
            if before != after:
                raise Failed(
                    f"{table.name} has {before} rows, of which {after} arrived. Nothing has been carried over."
                )
            carried += int(after or 0)
    return carried


def _copy(old: Connection, new: Connection, table: Table) -> None:
    """Insert the rows of a table; those that refer to others of the same table after these."""
    inward = [column for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    query = select(table)
    if inward:
        return _copy_downwards(new, table, [dict(row) for row in old.execute(query).mappings()], inward[0].name)
    with old.execution_options(yield_per=AT_A_TIME).execute(query) as rows:
        for some in rows.mappings().partitions():
            new.execute(table.insert(), [dict(row) for row in some])
    return None


def _copy_downwards(new: Connection, table: Table, rows: list[dict[str, Any]], above: str) -> None:
    key = next(iter(table.primary_key.columns)).name
    there: set[Any] = {None}
    while ready := [row for row in rows if row[above] in there]:
        for some in db.in_batches(ready):
            new.execute(table.insert(), some)
        there |= {row[key] for row in ready}
        rows = [row for row in rows if row[key] not in there]
    if rows:
        raise Failed(f"{len(rows)} rows of {table.name} refer to rows that are missing.")
