"""SQLite as Canvass uses it: which library, how a connection is set up, and whose turn it is to write."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection

from canvass.core import journals, locks

if TYPE_CHECKING:
    import sqlite3 as sqlite3
else:
    # The only SQLite library of this process, so nobody else imports one: when two of them have a file open, each
    # drops the other's locks, for POSIX takes all of a process's locks away when it closes the file once.
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

# How long a writer waits for its turn. Longer than any honest queue, shorter than a phone's patience.
BUSY_SECONDS = 20
# Older SQLite can corrupt a WAL database when several connections write and checkpoint (the WAL-reset bug).
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)


def file_of(engine: Engine) -> Path | None:
    """The database file; None for one in memory, or when a URI says where it is."""
    name = engine.url.database or ":memory:"
    return None if name == ":memory:" or name.startswith("file:") else Path(name)


def network(engine: Engine) -> str:
    """The kind of file system the database is on if other machines may see it too, else an empty text."""
    path = file_of(engine)
    return journals.network(path.absolute().parent) if path else ""


def journal_modes(engine: Engine) -> tuple[str, ...]:
    """The safe ones, the quickest first: no WAL on an old SQLite, nor where memory cannot be shared."""
    return ("wal", "truncate") if WAL_IS_SAFE and not network(engine) else ("truncate",)


def prepare(engine: Engine) -> None:
    """Set every new connection up so that a commit is on disk and two writers never interleave."""

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        # The driver's own transaction handling starts them late and deferred; `begin` below does it instead.
        connection.isolation_level = None
        # The file says if it is in WAL, see `look_over`; who comes later, perhaps with another SQLite, keeps to that.
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode=TRUNCATE")
        for pragma in (
            "synchronous=FULL",
            "fullfsync=ON",  # on a Mac the disk's own cache too; elsewhere it says nothing
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    _share(engine)
    _queue(engine)


def _share(engine: Engine) -> None:
    """Share the database's lock from the first connection until the engine is disposed of."""
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
    """Play what a killed process left, set the journal mode, and leave one file that no earlier journal belongs to.

    Only while nobody has it open. Raises RuntimeError with a sentence when it cannot be opened, or must not be.
    """
    journals.check(database)
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")  # then even leaving WAL takes no shared memory
            connection.execute(f"PRAGMA journal_mode={mode}")
            connection.execute("BEGIN IMMEDIATE")
            journals.stamp(connection)
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise RuntimeError(f"{database} cannot be opened: {error}.") from None


def _queue(engine: Engine) -> None:
    """Begin and end transactions, one writer of this process at a time.

    SQLite has no queue of its own: who waits asks again now and then, and under load some ask in vain for seconds.
    The busy timeout is for writers of other processes.
    """
    turn = threading.Lock()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE unless promised to be reading: a deferred transaction that turns into a writer
        # loses updates or fails at once, whatever the busy timeout says.
        reading = connection.get_execution_options().get("reading", False)
        if not reading:
            # Without it after that time too: then SQLite says what is wrong.
            connection.info["has_turn"] = turn.acquire(timeout=BUSY_SECONDS)
        try:
            connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
            connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
            driver: Any = connection.connection.driver_connection
            connection.info["before"] = None if reading else _changes(driver)
            if not reading:
                journals.stamp(driver)
        except BaseException:
            give_turn(connection)
            raise

    @event.listens_for(engine, "commit")
    def commit(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if connection.info["before"] == _changes(driver):
            driver.execute("ROLLBACK")  # the stamp alone is worth no writing, and no watcher's attention
        give_turn(connection)

    @event.listens_for(engine, "rollback")
    def give_turn(connection: Connection) -> None:
        if connection.info.pop("has_turn", False):
            turn.release()


def _changes(driver: Any) -> tuple[int, int]:
    """Another value when a transaction has changed any row or table."""
    return driver.total_changes, driver.execute("PRAGMA schema_version").fetchone()[0]
