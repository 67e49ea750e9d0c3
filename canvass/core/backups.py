"""Backups of an SQLite database, taken while the server runs. Phones rely on one only after it has been verified."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from canvass.core import audit, clock, journals, locks, state
from canvass.core.db import session
from canvass.core.sqlite import sqlite3

KEPT = 30  # files; older ones are deleted


class Failed(RuntimeError):
    """The backup could not be made or used; the message says why."""


def take(folder: Path) -> Path:
    """Write a verified copy of the database into `folder` and return its path. Raises Failed.

    From then on phones may delete what they sent before it began. The caller commits. On PostgreSQL the host's own
    backups are used instead: see README.
    """
    engine = session.get_bind().engine
    if engine.dialect.name != "sqlite":
        raise Failed("Backups of PostgreSQL are taken with its own tools; see README.md.")
    began_at: datetime = clock.now()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"canvass-{began_at:%Y%m%dT%H%M%S%f}.db"
    with _draft_of(path) as draft:
        _copy(Path(str(engine.url.database)), draft)
        draft.replace(path)
        _put_on_disk(folder)
    state.set_durable_before(began_at)
    audit.record("backup.take", file=path.name)
    for old in sorted(folder.glob("canvass-*.db"))[:-KEPT]:
        old.unlink()
    return path


def check(path: Path) -> None:
    """Raise Failed unless the file is an undamaged database of this product."""
    try:
        with closing(_read(path)) as copy:
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
            copy.execute("SELECT count(*) FROM operations").fetchone()
    except sqlite3.Error as error:
        raise Failed(f"{path.name} is not a backup of this product: {error}.") from None
    if verdict != "ok":
        raise Failed(f"{path.name} is damaged: {verdict}.")


def restore(path: Path, database: Path) -> Path:
    """Replace the database by a backup and return where the old database was moved. Raises Failed, when in use too.

    The next start sees that the database went back and begins a new epoch: phones then send again what it may lack.
    """
    aside = database.with_name(f"{database.name}.before-{clock.now():%Y%m%dT%H%M%S%f}")
    try:
        with locks.Lock(database).alone(), _draft_of(database) as draft:
            journals.check(path)
            check(path)
            _copy(path, draft)
            _lay_aside(database, aside)
            draft.replace(database)
            _put_on_disk(database.parent)
    except locks.Taken:
        raise Failed("The database is in use: stop the server, and any other command, first.") from None
    except journals.Stranger as error:
        raise Failed(str(error)) from None
    return aside


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; what is left under it at the end is deleted."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        yield draft
    finally:
        for leftover in (draft, *journals.beside(draft)):
            leftover.unlink(missing_ok=True)


def _copy(source: Path, draft: Path) -> None:
    """Write a verified copy of a database, including the journal beside it, to the disk. Raises Failed."""
    try:
        with closing(_read(source)) as whole, closing(sqlite3.connect(draft)) as copy:
            copy.execute("PRAGMA locking_mode=EXCLUSIVE")  # the folder may be on the network: no shared memory
            whole.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            journals.stamp(copy)  # the source's journal is not this one's
    except sqlite3.Error as error:
        raise Failed(f"{source.name} could not be copied: {error}.") from None
    check(draft)
    _put_on_disk(draft)


def _read(path: Path) -> sqlite3.Connection:
    """A connection that leaves the file, and what is in the journal beside it, as they are."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _lay_aside(database: Path, aside: Path) -> None:
    """Give the database a second name, under which it stays, and move its journal there."""
    if database.exists():
        try:
            os.link(database, aside)
        except OSError:  # not every file system has links
            shutil.copy2(database, aside)
    for path in journals.beside(database):
        path.replace(aside.with_name(aside.name + path.name.removeprefix(database.name)))


def _put_on_disk(path: Path) -> None:
    """Wait until the file, or the folder's list of names, is on the disk and would survive a power cut."""
    if path.is_dir() and os.name == "nt":
        return  # Windows does that by itself, and opens no folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
