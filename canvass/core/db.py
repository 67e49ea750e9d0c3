"""The database: one engine, careful transactions, UTC times and ids.

Only this module, and `sqlite` beneath it, know which engine it is.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, Table, literal, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import String, TypeDecorator

from canvass.core import sqlite

T = TypeVar("T")

# PostgreSQL's way of saying "do the whole transaction again": serialization failure and deadlock.
TRY_AGAIN = {"40001", "40P01"}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. A naive one is refused: it is a bug that would only show in October."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time must be aware")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Id(TypeDecorator[str]):
    """A UUID as 36 characters of text, the same in the database, in URLs and on the phone."""

    impl = String(36)
    cache_ok = True


class Base(DeclarativeBase):
    """Every table's parent. The naming convention lets Alembic change constraints on both engines."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UtcDateTime},
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
migrate = Migrate(db=db, render_as_batch=True, compare_type=True)
session = db.session


def attach(app: Flask) -> None:
    """Give the app its engine. Raises RuntimeError when the engine would not keep what it is given."""
    url = make_url(app.config["DATABASE_URL"])
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        options["module"] = sqlite.sqlite3
        options["connect_args"] = {"timeout": sqlite.BUSY_SECONDS, "check_same_thread": False}
    else:
        options["pool_pre_ping"] = True
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    migrate.init_app(app, directory=str(Path(__file__).parents[1] / "migrations"))
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            sqlite.prepare(db.engine)


def complaints(engine: Engine) -> list[str]:
    """What is wrong with the engine's promises, in sentences for an operator; empty when all is well."""
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


def describe(connection: Connection) -> dict[str, str]:
    """Which engine this is, its version, and on SQLite how it keeps a transaction whole."""
    if connection.dialect.name != "sqlite":
        return {"engine": "PostgreSQL", "version": str(connection.scalar(text("SHOW server_version")))}
    mode = str(connection.scalar(text("PRAGMA journal_mode")))
    return {"engine": "SQLite", "version": sqlite.sqlite3.sqlite_version, "journal_mode": mode}


def network(engine: Engine) -> str:
    """The kind of file system that an SQLite database is on if other machines may see it too, else an empty text."""
    return sqlite.network(engine) if engine.dialect.name == "sqlite" else ""


def read_only() -> None:
    """Promise that this transaction only reads; call it before the first query. Both engines then refuse a write.

    All of it sees the database at one moment: a page whose tables are read one after the other adds up.
    """
    options: dict[str, Any] = {"reading": True}
    if session.get_bind().dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    session.connection(execution_options=options)


def is_reading() -> bool:
    """Has this transaction promised to read only?"""
    return bool(session.connection().get_execution_options().get("reading", False))


def note_aside(work: Callable[[], object]) -> None:
    """Do `work` and commit it by itself, before or instead of what the request does; then go on as before.

    For a note beside a request that only reads. What had been read before is read anew.
    """
    was_reading = is_reading()
    session.rollback()
    work()
    session.commit()
    if was_reading:
        read_only()


class Marker:
    """Tells whether anything has been committed, by any process, at the price of a glance.

    On a connection of its own, outside all transactions: it holds up no writer, and waits for none to begin.
    """

    def __init__(self, engine: Engine) -> None:
        is_sqlite = engine.dialect.name == "sqlite"
        # A snapshot names the transactions that are under way, so each commit makes another. Unlike NOTIFY it costs
        # those who commit nothing.
        self._query = "PRAGMA data_version" if is_sqlite else "SELECT pg_current_snapshot()::text"
        self._borrowed = engine.raw_connection()
        if not is_sqlite:
            cast(Any, self._borrowed.driver_connection).autocommit = True
        self._cursor = self._borrowed.cursor()

    def read(self) -> object:
        """Another value than last time if anything was committed in between."""
        self._cursor.execute(self._query)
        return self._cursor.fetchone()

    def close(self) -> None:
        """Close the connection: the pool shall not hand on one that begins no transactions."""
        self._borrowed.invalidate()


def repeat(work: Callable[[], T], times: int = 6) -> T:
    """Do `work` and commit; do all of it again when the database asks for that. `work` must start from nothing."""
    for left in reversed(range(times)):
        try:
            result = work()
            session.commit()
            return result
        except DBAPIError as error:
            session.rollback()
            if getattr(error.orig, "sqlstate", None) not in TRY_AGAIN or not left:
                raise
            time.sleep(0.01 * 2 ** (times - left))  # seconds; lets the other transaction finish
        except BaseException:
            session.rollback()
            raise
    raise AssertionError("unreachable")


def insert(table: type[Base] | Table) -> Any:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update` on either engine."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite_dialect
    return dialect.insert(table)


def insert_once(table: type[Base], **values: Any) -> bool:
    """Insert the row unless its key is taken; True when it was inserted. The unique key decides, in one step."""
    # RETURNING, since a row count after ON CONFLICT is not the same on every driver.
    rows = cast(Table, table.__table__)
    statement = insert(rows).values(**values).on_conflict_do_nothing().returning(literal(1))
    return session.scalar(statement) is not None


def in_batches(items: Iterable[T], size: int = 500) -> Iterable[list[T]]:
    """The items in lists of at most `size`, below every engine's limit of parameters."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def new_id() -> str:
    """A UUIDv7: unique anywhere, and growing with time so that indexes stay dense (RFC 9562)."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (
        (milliseconds << 80) | (0x7 << 76) | ((random >> 64 & 0xFFF) << 64) | (0b10 << 62) | (random & (1 << 62) - 1)
    )
    return str(uuid.UUID(int=value))


def is_id(value: object) -> bool:
    """Is this a UUID written as we write them: 36 characters, lower case?"""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
