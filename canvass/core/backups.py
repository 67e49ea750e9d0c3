"""Backups, taken while the server runs, verified, and put back. Phones rely on one only after it has been verified.

SQLite copies its database by itself; PostgreSQL has programs for it, see `dumps`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from canvass.core import audit, clock, dumps, journals, locks, schemas, state
from canvass.core.db import session
from canvass.core.sqlite import sqlite3

KEPT = 30  # files; older ones are deleted
A_DAY = timedelta(days=1)


class Failed(RuntimeError):
    """The backup could not be made or used; the message says why."""


def take(folder: Path) -> Path:
    """Write a verified copy of the database into `folder` and return its path. Raises Failed.

    From then on phones may delete what they sent before it began. The caller commits.
    """
    token = state.backup_begins()
    path = keep(folder, session.get_bind().engine)
    state.backup_is_verified(token)
    audit.record("backup.take", file=path.name)
    for old in sorted(file for file in folder.glob("canvass-*") if _is_backup(file))[:-KEPT]:
        old.unlink()
    return path


def keep(folder: Path, engine: Engine) -> Path:
    """Write a verified copy of the database into `folder` and return its path, without telling phones. Raises Failed.

    Any version's database will do, so that it can be kept before an upgrade.
    """
    ending = "db" if engine.dialect.name == "sqlite" else "dump"
    path = folder / f"canvass-{clock.now():%Y%m%dT%H%M%S%f}.{ending}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _draft_of(path) as draft:
            if ending == "db":
                _copy(Path(str(engine.url.database)), draft)
            else:
                _dump(engine, draft)
            draft.replace(path)
            put_on_disk(folder)
    except OSError as error:
        raise Failed(f"The backup could not be written to {folder}: {error.strerror or error}.") from None
    return path


def newest(folder: Path) -> Path | None:
    """Return the newest backup in the folder, if there is any."""
    return max(filter(_is_backup, folder.glob("canvass-*")), default=None)


def check(path: Path) -> None:
    """Raise Failed unless the file is an undamaged backup of this product, with something in it."""
    try:
        if is_dump(path):
            tables, revision, epochs = *dumps.read(path), 1
        else:
            tables, revision, epochs = _read_through(path)
        if schemas.checked(tables, revision, path.name) is None or not epochs:
            raise Failed(f"{path.name} is not a backup of this product: it is empty.")
    except sqlite3.Error as error:
        raise Failed(f"{path.name} is not a backup of this product: {error}.") from None
    except (dumps.Failed, schemas.Foreign) as error:
        raise Failed(f"{path.name} is not a backup that can be used. {error}") from None


def is_dump(path: Path) -> bool:
    """Is the file a dump of a PostgreSQL database, as pg_dump writes them?"""
    with path.open("rb") as file:
        return file.read(5) == b"PGDMP"


def restore(path: Path, database: Path) -> Path | None:
    """Replace the database by a backup and return where the old database was moved. Raises Failed, when in use too.

    The next start sees that the database went back and begins a new epoch: phones then send again what it may lack.
    """
    aside = database.with_name(f"{database.name}.before-{clock.now():%Y%m%dT%H%M%S%f}")
    try:
        if is_dump(path):
            raise Failed(f"{path.name} is a dump of PostgreSQL, and CANVASS_DATABASE_URL does not name one.")
        with locks.Lock(database).alone(), _draft_of(database) as draft:
            journals.check(path)
            check(path)
            _copy(path, draft)
            _make_alike(draft, database)
            was_there = _lay_aside(database, aside)
            # From here to the end a journal and a database that do not belong together are refused by a start.
            draft.replace(database)
            for leftover in journals.beside(database):
                leftover.unlink()
            put_on_disk(database.parent)
    except locks.Taken:
        raise Failed("The database is in use: stop the server, and any other command, first.") from None
    except journals.Stranger as error:
        raise Failed(str(error)) from None
    except OSError as error:
        raise Failed(f"{path.name} could not be put back: {error.strerror or error}.") from None
    return aside if was_there else None


def restore_postgres(path: Path, engine: Engine, folder: Path) -> Path | None:
    """Replace all tables by those of a dump; return the dump of what was there, taken into `folder`. Raises Failed.

    Begin a new epoch afterwards.
    """
    if not is_dump(path):
        raise Failed(f"{path.name} is not a dump of PostgreSQL; from SQLite: python3 app.py restore, then carry-over.")
    check(path)
    with engine.connect().execution_options(reading=True) as connection:
        if dumps.others(connection):
            raise Failed("The database is in use: stop the server, and any other command, first.")
        is_empty = schemas.revision(connection) is None
    aside = None if is_empty else keep(folder, engine)
    try:
        with _draft_of(folder / "restore.sql") as script:
            dumps.put_back(engine, path, script)
    except (dumps.Failed, OSError) as error:
        raise Failed(f"{path.name} could not be put back. {error} Nothing has changed.") from None
    return aside


def put_on_disk(path: Path) -> None:
    """Wait until the file, or the folder's list of names, is on the disk and would survive a power cut."""
    if path.is_dir() and os.name == "nt":
        return  # Windows does that by itself, and opens no folders
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_backup(path: Path) -> bool:
    """Is the file one of those that count? An empty one is what a full disk once left."""
    return path.suffix in (".db", ".dump") and path.stat().st_size > 0


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    """Give the temporary name of a file of its owner's alone beside `path`; what is left of it at the end is deleted.

    What a killed process left is deleted a day later.
    """
    for leftover in path.parent.glob(f"{path.stem.partition('-')[0]}*.new"):
        if leftover.stat().st_mtime < (clock.now() - A_DAY).timestamp():
            leftover.unlink(missing_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
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
        raise Failed(f"{source.name} could not be copied to {draft.parent}: {error}.") from None
    check(draft)
    put_on_disk(draft)


def _dump(engine: Engine, draft: Path) -> None:
    """Write a verified dump of a PostgreSQL database to the disk. Raises Failed."""
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            dumps.write(engine, draft, str(connection.scalar(text("SELECT pg_export_snapshot()"))))
    except dumps.Failed as error:
        raise Failed(str(error)) from None
    check(draft)
    put_on_disk(draft)


def _read(path: Path) -> sqlite3.Connection:
    """A connection that leaves the file, and what is in the journal beside it, as they are."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _read_through(path: Path) -> tuple[set[str], str | None, int]:
    """Return the tables, the revision and the number of epochs of a database. Raises Failed when it is damaged."""
    with closing(_read(path)) as copy:
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise Failed(f"{path.name} is damaged: {verdict}.")
        tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        stamped = "alembic_version" in tables and copy.execute("SELECT version_num FROM alembic_version").fetchone()
        epochs = 0
        if "server_facts" in tables:
            epochs = copy.execute("SELECT count(*) FROM server_facts WHERE name = 'epoch'").fetchone()[0]
        return tables, stamped[0] if stamped else None, epochs


def _make_alike(draft: Path, database: Path) -> None:
    """Give the draft the owner and the mode of the database that it replaces; the folder's owner if there is none."""
    like = (database if database.exists() else database.parent).stat()
    if database.exists():
        draft.chmod(like.st_mode & 0o666)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        os.chown(draft, like.st_uid, like.st_gid)


def _lay_aside(database: Path, aside: Path) -> bool:
    """Give the database and its journal a second name, under which they stay; return whether there is a database."""
    if not database.exists():
        return False
    for path in (database, *journals.beside(database)):
        second = aside.with_name(aside.name + path.name.removeprefix(database.name))
        try:
            os.link(path, second)
        except OSError:  # not every file system has links
            try:
                shutil.copy2(path, second)
                put_on_disk(second)
            except OSError:
                second.unlink(missing_ok=True)
                raise
    return True
