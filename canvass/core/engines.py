"""What there is to say of the database's engine: which it is, whether it is there, and whether it may be trusted."""

from __future__ import annotations

from contextlib import closing

from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from canvass.core import sqlite
from canvass.core.db import db


def complaints(engine: Engine) -> list[str]:
    """Return what makes the engine unsafe to commit to, in sentences for an operator; empty when nothing does."""
    if engine.dialect.name == "sqlite":
        wanted = {"synchronous": (2, 3), "foreign_keys": (1,), "busy_timeout": (sqlite.BUSY_SECONDS * 1000,)}
        wanted["journal_mode"] = sqlite.journal_modes(engine)  # type: ignore[assignment]
        query = "PRAGMA {}"
    else:
        wanted = {"synchronous_commit": ("on", "remote_apply"), "server_encoding": ("UTF8",)}  # type: ignore[dict-item]
        query = "SHOW {}"
    found = []
    with engine.connect().execution_options(reading=True) as connection:
        for name, allowed in wanted.items():
            value = connection.execute(text(query.format(name))).scalar()
            if value not in allowed:
                found.append(
                    f"The database's {name} is {value!r}; it must be {allowed[0]!r} or saved work can be lost."
                )
    return found


def check() -> None:
    """Ask the database something, by the shortest way. Raises OperationalError when it does not answer."""
    try:
        with closing(db.engine.raw_connection()) as connection:
            connection.cursor().execute("SELECT 1")
    except db.engine.dialect.loaded_dbapi.Error as error:
        raise OperationalError("SELECT 1", None, error) from error


def describe(connection: Connection) -> dict[str, str]:
    """Return the engine's name and version, and on SQLite its journal mode."""
    if connection.dialect.name != "sqlite":
        return {"engine": "PostgreSQL", "version": str(connection.scalar(text("SHOW server_version")))}
    mode = str(connection.scalar(text("PRAGMA journal_mode")))
    return {"engine": "SQLite", "version": sqlite.sqlite3.sqlite_version, "journal_mode": mode}


def network(engine: Engine) -> str:
    """Return the kind of network file system that an SQLite database is on, "" when it is on none or not SQLite."""
    return sqlite.network(engine) if engine.dialect.name == "sqlite" else ""
