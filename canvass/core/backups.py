"""Backups of an SQLite database: taken while the server runs, verified, and only then told to the phones."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

from canvass.core import audit, clock, state
from canvass.core.db import session, sqlite3

KEPT = 30  # files; the oldest go


class Failed(RuntimeError):
    """The backup cannot be trusted, or the file is none; the message says why."""


def take(folder: Path) -> Path:
    """Write a verified copy of the database into `folder`; phones may then forget what they sent before it began.

    Raises Failed. On PostgreSQL the host's own backups are used instead: see README.
    """
    engine = session.get_bind()
    if engine.dialect.name != "sqlite":
        raise Failed("Backups of PostgreSQL are taken with its own tools; see README.md.")
    began_at: datetime = clock.now()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"canvass-{began_at:%Y%m%dT%H%M%S%f}.db"
    with closing(sqlite3.connect(str(engine.engine.url.database))) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    check(path)
    state.set_durable_before(began_at)
    audit.record("backup.take", file=path.name)
    for old in sorted(folder.glob("canvass-*.db"))[:-KEPT]:
        old.unlink()
    return path


def check(path: Path) -> None:
    """Is this file a whole database of ours? Raises Failed."""
    try:
        with closing(sqlite3.connect(f"file:{path.as_posix()}?mode=ro", uri=True)) as copy:
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
            copy.execute("SELECT count(*) FROM operations").fetchone()
    except sqlite3.Error as error:
        raise Failed(f"{path.name} is not a backup of this product: {error}.") from None
    if verdict != "ok":
        raise Failed(f"{path.name} is damaged: {verdict}.")


def restore(path: Path, database: Path) -> Path:
    """Put a backup in the database's place while the server is stopped; returns where the old one was laid aside.

    Every phone then sends what the backup may lack: the next start sees that the database went back. Raises Failed.
    """
    check(path)
    aside = database.with_name(f"{database.name}.before-{clock.now():%Y%m%dT%H%M%S}")
    if database.exists():
        with closing(sqlite3.connect(database, timeout=1)) as present:
            try:
                present.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise Failed("The server is running. Stop it first.") from None
        database.replace(aside)
    for suffix in ("-wal", "-shm", "-journal"):
        leftover = database.with_name(database.name + suffix)
        if leftover.exists():
            leftover.replace(aside.with_name(aside.name + suffix))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(database)) as target:
        source.backup(target)
    return aside
