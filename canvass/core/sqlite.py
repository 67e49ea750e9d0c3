"""SQLite as Canvass uses it: the library, how a connection is set up, and the queue of writers."""

from __future__ import annotations

import os
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

from canvass.core import journals, locks

if TYPE_CHECKING:
    import sqlite3 as sqlite3
else:
    # Import SQLite from here only. With two SQLite libraries in one process each drops the other's locks: POSIX
    # releases all of a process's locks on a file whenever the process closes that file once.
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

# How long a writer waits for its turn: longer than any queue under normal load, shorter than a phone waits.
BUSY_SECONDS = 20
# Older SQLite can corrupt a WAL database when several connections write and checkpoint (the WAL-reset bug).
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)


def file_of(engine: Engine) -> Path | None:
    """Return the database file; None for a database in memory or named by a URI."""
    name = engine.url.database or ":memory:"
    return None if name == ":memory:" or name.startswith("file:") else Path(name)


def network(engine: Engine) -> str:
    """Return the kind of network file system that the database is on, "" for none."""
    path = file_of(engine)
    return journals.network(path.absolute().parent) if path else ""


def journal_modes(engine: Engine) -> tuple[str, ...]:
    """Return the journal modes that are safe here, the fastest first: no WAL on an old SQLite or a network disk."""
    return ("wal", "truncate") if WAL_IS_SAFE and not network(engine) else ("truncate",)


def prepare(engine: Engine) -> None:
    """Set up every new connection so that a commit is on disk and two writing transactions never interleave."""

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transaction handling starts them late and deferred; `begin` below does it instead.
        connection.isolation_level = None
        # Whoever opened the database first chose WAL or not, see `look_over`. Later processes keep to that.
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode=TRUNCATE")
        for pragma in (
            "synchronous=FULL",
            "fullfsync=ON",  # on macOS flush the disk's own cache too; elsewhere it has no effect
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    _share(engine)
    _queue(engine)


def _share(engine: Engine) -> None:
    """Hold the database's shared lock from the first connection until the engine is disposed of."""
    path = file_of(engine)
    if path is None:
        return
    lock, mode = locks.Lock(path), journal_modes(engine)[0]

    @event.listens_for(engine, "do_connect")
    def enter(*_how: Any) -> None:
        lock.share(lambda: look_over(path, mode))

    @event.listens_for(engine, "engine_disposed")
    def leave(_engine: Engine) -> None:
        lock.release()


def look_over(database: Path, mode: str) -> None:
    """Replay what a killed process left, set the journal mode, and stamp the file so that no older journal fits it.

    Call it only while nobody has the database open. Raises RuntimeError with a sentence when it cannot or must not be
    opened.
    """
    journals.check(database)
    _keep_private(database)
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")  # without it, leaving WAL would need shared memory
            connection.execute(f"PRAGMA journal_mode={mode}")
            connection.execute("BEGIN IMMEDIATE")
            journals.stamp(connection)
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise RuntimeError(f"{database} cannot be opened: {error}.") from None


def _keep_private(database: Path) -> None:
    """Make the file, which SQLite would let everybody read, or take it from everybody; what is beside it follows."""
    try:
        mode = database.stat().st_mode
    except FileNotFoundError:
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT, 0o600))
    else:
        if mode & 0o007:
            with suppress(PermissionError):  # the owner has to
                database.chmod(mode & 0o770)


def _queue(engine: Engine) -> None:
    """Begin and end transactions, one writer of this process at a time.

    SQLite has no queue: its busy timeout polls, and under load some writers poll in vain for seconds. The timeout
    is left to wait for writers of other processes.
    """
    turn = threading.Lock()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE unless it is read-only: a deferred transaction that begins to write after others have
        # fails at once, whatever the busy timeout is.
        reading = connection.get_execution_options().get("reading", False)
        if not reading:
            # After the timeout go on without the turn: SQLite's own error then says what is wrong.
            connection.info["has_turn"] = turn.acquire(timeout=BUSY_SECONDS)
        try:
            _begin(connection, reading)
        except BaseException:
            give_turn(connection)
            raise

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if connection.info["before"] == _changes(driver):
            driver.execute("ROLLBACK")  # only the stamp was written: spare the disk, and those who watch for commits
        give_turn(connection)

    @event.listens_for(engine, "rollback")
    def give_turn(connection: Connection) -> None:
        if connection.info.pop("has_turn", False):
            turn.release()


def _begin(connection: Connection, reading: bool) -> None:
    driver: Any = connection.connection.driver_connection
    if connection.info.get("query_only") is not reading:
        driver.execute(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
        connection.info["query_only"] = reading
    connection.info["before"] = None
    if reading:
        driver.execute("BEGIN")  # past SQLAlchemy, which takes ten times as long
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # it may fail, with SQLAlchemy's error
        connection.info["before"] = _changes(driver)
        journals.stamp(driver)


def _changes(driver: Any) -> tuple[int, int]:
    """Return a value that differs once a transaction has changed any row or table."""
    return driver.total_changes, driver.execute("PRAGMA schema_version").fetchone()[0]
