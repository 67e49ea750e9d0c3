"""The database: its engine, transactions, UTC times and ids, on SQLite and PostgreSQL.

Differences between the two are dealt with here, in `engines` and in `sqlite`; elsewhere only backups and restoring ask
which it is.
"""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, g
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import DateTime, Engine, MetaData, Select, Table, bindparam, event, literal, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import String, TypeDecorator

from canvass.core import clock, sqlite

P = ParamSpec("P")
T = TypeVar("T")

_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Connections that are kept open: one for each thread that answers requests or makes a long answer, and some to spare
# for live numbers and notes. When more are needed they are opened, and closed again.
CONNECTIONS = 24
# PostgreSQL's codes for a transaction that may succeed when tried again: serialization failure, deadlock, and a row
# that somebody else inserted first, which the next try finds.
TRY_AGAIN = {"40001", "40P01", "23505"}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC. Naive ones are refused: such a bug may show only when summer time ends."""

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
    """The base class of all tables. The naming convention lets Alembic change constraints on both engines."""

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


_READING, FOLDER = "canvass_reading", "canvass_folder"


class Session(FlaskSession):
    """A session of the app's only engine. A promise to read holds until its transaction ends, whether it began or not.

    A connection is taken, and a transaction begun, by the first query only: many requests need none.
    """

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(db, **options)
        self.engine = db.engine
        self.is_reading = g.pop(_READING, False)
        self._connection: Connection | None = None

    def core(self) -> Connection:
        """Return the transaction's connection, which takes the session a while to find each time."""
        if self._connection is None:
            self._connection = self.connection()
        return self._connection

    def begin_nested(self) -> Any:
        self._connection = None  # only finding it anew makes it begin the savepoint
        return super().begin_nested()

    def get_bind(self, *_what: Any, bind: Any = None, **_more: Any) -> Any:
        return bind or (_reading(self.engine) if self.is_reading else self.engine)

    def rollback(self) -> None:
        super().rollback()
        self._end()

    def commit(self) -> None:
        super().commit()
        self._end()

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        self.is_reading, self._connection = False, None


@cache
def _reading(engine: Engine) -> Engine:
    """Return the engine, with its pool, for transactions that only read."""
    options: dict[str, Any] = {"reading": True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options)


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"class_": Session})
migrate = Migrate(db=db, render_as_batch=True, compare_type=True)
session = db.session


def attach(app: Flask) -> None:
    """Connect the app to the database named by its settings, without opening it."""
    url = make_url(app.config["DATABASE_URL"])
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {"pool_size": CONNECTIONS, "execution_options": {FOLDER: app.config["DATA"]}}
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
        _note_writes(db.engine)


def read_only() -> None:
    """Make this transaction read-only; call it before the first query. Both engines then refuse a write.

    All its queries see the same snapshot, so figures on a page that are read one after the other agree.
    """
    if session.registry.has():
        cast(Session, session()).is_reading = True
    else:
        setattr(g, _READING, True)  # many requests never need the session


def give_up() -> None:
    """Roll back, changes included; the rest of the request only reads, as when it shows a form again."""
    session.rollback()
    read_only()


def lock(table: type[Base]) -> None:
    """Have others who write to the table wait until this transaction ends, as on SQLite; before the first query."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {table.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))


def hold(found: Base) -> None:
    """Keep others from changing the row until the transaction ends, and read what they have made of it so far."""
    session.refresh(found, with_for_update={"of": type(found), "key_share": True})


def is_reading() -> bool:
    """Is this transaction read-only?"""
    return cast(Session, session()).is_reading


def let_go() -> None:
    """End the transaction, in which nothing may have been changed, before slow work: no writer waits for it then."""
    if session.registry.has() and session().in_transaction() and not is_reading():
        is_changed = session.new or session.dirty or session.deleted or session.connection().info.get("has_written")
        assert not is_changed, "commit before slow work"
        session.rollback()


def note_write(connection: Connection) -> None:
    """Note that the transaction under way writes; only needed beside statements that SQLAlchemy has not compiled."""
    connection.info["has_written"] = True


def _note_writes(engine: Engine) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def note(connection: Connection, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
        if context is not None and (context.isinsert or context.isupdate or context.isdelete):
            note_write(connection)

    @event.listens_for(engine, "begin")
    def forget(connection: Connection) -> None:
        connection.info["has_written"] = False


def note_aside(work: Callable[[], object]) -> None:
    """Do `work` in a transaction of its own and commit it, then begin another like the one there was.

    For a note beside a request that only reads. The transaction under way is rolled back first, changes included.
    """
    was_reading = is_reading()
    session.rollback()
    work()
    session.commit()
    if was_reading:
        read_only()


def in_pieces(query: Select[Any], size: int = 1000) -> Generator[list[tuple[Any, ...]]]:
    """Yield the rows of a query as they are found, in lists of at most `size`.

    They are what the driver gives, without SQLAlchemy's conversions, which take longer than all else that is done with
    a million rows: on SQLite a day is text. They are read in the transaction under way, and on PostgreSQL through a
    cursor there, which is closed with the iterator. Between two lists other threads get their turn.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"  # it finds row after row as they are fetched anyhow
    options = {} if is_sqlite else {"stream_results": True, "max_row_buffer": size}
    with session.connection().execute(query, execution_options=options) as result:
        cursor: Any = result.cursor
        if not is_sqlite:
            # SQLAlchemy has fetched one row from a cursor in the database, to know its columns.
            first = result.fetchone()
            if first is None:
                return
            yield [tuple(first)]
        while rows := cursor.fetchmany(size):
            yield rows
            clock.pause()


def repeat(
    work: Callable[[], T], times: int = 6, *, commits: bool = True, between: Callable[[], object] = lambda: None
) -> T:
    """Do `work`, commit and return its result; after a conflict do it again, at most `times` in all.

    Without `commits` the work commits by itself. `between` is called before each further try.
    """
    for left in reversed(range(times)):
        try:
            result = work()
            if commits:
                session.commit()
            return result
        except DBAPIError as error:
            session.rollback()
            if getattr(error.orig, "sqlstate", None) not in TRY_AGAIN or not left:
                raise
            time.sleep(0.01 * 2 ** (times - left))  # seconds; lets the other transaction finish
            between()
        except BaseException:
            session.rollback()
            raise
    raise AssertionError("unreachable")


def insert(table: type[Base] | Table) -> Any:
    """Return an INSERT that has `on_conflict_do_nothing` and `on_conflict_do_update`, for the engine in use."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite_dialect
    return dialect.insert(table)


def insert_once(table: type[Base], **values: Any) -> bool:
    """Insert the row unless a unique key is taken, in one statement; return True when it was inserted."""
    # RETURNING, since a row count after ON CONFLICT is not the same on every driver.
    rows = cast(Table, table.__table__)
    statement = insert(rows).values(**values).on_conflict_do_nothing().returning(literal(1))
    return session.scalar(statement) is not None


def built_once(build: Callable[P, T]) -> Callable[P, T]:
    """Cache the statements that `build` makes, by its arguments: making one takes as long as running it.

    Only statements, never their results. What differs each time, such as the time of day, is a `bindparam` in them.
    """
    return cast(Callable[P, T], lru_cache(maxsize=1024)(build))


def in_batches(items: Iterable[T], size: int = 500) -> Iterable[list[T]]:
    """Yield the items in lists of at most `size`, which stays below both engines' limits of parameters."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def connection() -> Connection:
    """Return the connection of the transaction under way, for Core statements."""
    return cast(Session, session()).core()


def rows(statement: Any, /, **parameters: Any) -> Sequence[Any]:
    """Return the rows of a Core statement, which is best made once. Much quicker than the session's `execute`."""
    return connection().execute(statement, parameters).all()


def peek(statement: Any, /, **parameters: Any) -> Sequence[Any]:
    """Return the rows of a Core statement, read beside the session and its transaction. The shortest way to read."""
    with _reading(db.engine).connect() as aside:
        return aside.execute(statement, parameters).all()


def rows_of(statement: Any, ids: Iterable[str]) -> Iterator[Any]:
    """Yield the rows of a Core statement that has the condition `among`, for these ids."""
    for some in in_batches(ids):
        yield from connection().execute(statement, {"ids": some})


def among(column: Any) -> Any:
    """Return the condition that the column is one of the `ids` of `rows_of`."""
    return column.in_(bindparam("ids", expanding=True))


def table(kind: type[Base]) -> Table:
    """Return the class's table, for Core statements."""
    return cast(Table, kind.__table__)


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562): it begins with the time, so that new rows go to the end of an index."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (
        (milliseconds << 80) | (0x7 << 76) | ((random >> 64 & 0xFFF) << 64) | (0b10 << 62) | (random & (1 << 62) - 1)
    )
    return str(uuid.UUID(int=value))


def is_id(value: object) -> bool:
    """Is this a UUID in the form that `new_id` writes: 36 characters, lower case?"""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
