"""What a start does before it serves: the database made or brought up to date, and the lines that it prints."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_migrate import upgrade
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from canvass.core import backups, db, engines, journals, schemas, settings, sqlite, state
from canvass.core.refusals import Refused
from canvass.insight import walls
from canvass.members import people, tickets


class Misconfigured(ValueError):
    """A setting or a file of settings cannot be used; the message says which, and what to do."""


class Unusable(RuntimeError):
    """The database cannot be used; the message says why, and what to do."""


ADVICE = {
    errno.EACCES: "Run this as who owns the data folder (sudo -u canvass …), or as root.",
    errno.EPERM: "Run this as who owns the data folder (sudo -u canvass …), or as root.",
    errno.EROFS: "The disk can only be read: see what the system's log says of it, or name another folder with --data.",
    errno.ENOSPC: "The disk is full: make room and try again.",
    errno.ENOTDIR: "A folder is meant: see --data and CANVASS_DATA.",
    errno.EEXIST: "A folder is meant: see --data and CANVASS_DATA.",
}
# What is told as a sentence, without a traceback.
EXPECTED = (RuntimeError, OSError, SQLAlchemyError, Refused, Misconfigured)
WHERE = (
    "Say where the database is: --data FOLDER or CANVASS_DATA, or CANVASS_DATABASE_URL. A new one is made by starting "
    "the server: python3 app.py."
)


@contextmanager
def prepared(data: str | os.PathLike[str], base_url: str, demo: bool = False) -> Iterator[list[str]]:
    """Bring the database up to date and hold its lock inside the block; give the lines to print when the server starts.

    Raises RuntimeError with a sentence when the database must not be opened or is not safe to commit to.
    """
    app = _create(DATA=Path(data))
    with app.app_context():
        try:
            lines = bring_up_to_date(app)
            lines += [*database_lines(), *(demo_lines(base_url) if demo else set_up_lines(base_url))]
            db.session.remove()
            yield lines
        finally:
            db.db.engine.dispose()


def opened(*, needs_database: bool) -> Flask:
    """Return the app for a command, which makes no folder and no database. Raises Misconfigured and Unusable."""
    try:
        configured = settings.read()
    except ValueError as error:
        raise Misconfigured(str(error)) from None
    data, url = configured["DATA"], make_url(configured["DATABASE_URL"])
    if not data.is_dir():
        raise Unusable(f"There is no folder {data}. {WHERE}")
    if needs_database and url.get_backend_name() == "sqlite" and not _has_content(Path(str(url.database))):
        raise Unusable(f"There is no database in {Path(str(url.database)).parent}. {WHERE}")
    app = _create()
    if needs_database:
        try:
            with app.app_context():
                _require_this_version()
        except BaseException:
            leave(app)
            raise
    return app


def leave(app: Flask) -> None:
    """Close the app's connections to its database."""
    with app.app_context():
        db.session.remove()
        db.db.engine.dispose()


def _create(**overrides: Any) -> Flask:
    from canvass import create_app

    try:
        return create_app(**overrides)
    except ValueError as error:
        raise Misconfigured(str(error)) from None


def _require_this_version() -> None:
    present = revision_of(db.db.engine)
    if present is None:
        raise Unusable("The database is empty. Start the server once, which makes the tables: python3 app.py.")
    if present != schemas.head():
        raise Unusable(
            f"The database is of an older version ({present}). Start the server once: it takes a backup and upgrades."
        )


def bring_up_to_date(app: Flask) -> list[str]:
    """Make the database or upgrade it, after a backup, and begin a new epoch if it went back; return what was done.

    Only the server does so. Needs an app context. Raises RuntimeError with a sentence when the database is not safe to
    commit to, or must not be opened.
    """
    data, engine = app.config["DATA"], db.db.engine
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = sqlite_file(engine)
    if path and not _has_content(path):
        refuse_to_begin_anew(data, path)
    wrong = engines.complaints(engine)  # before the upgrade, which ends the process on any error of its own
    if wrong:
        raise Unusable(" ".join(wrong))
    present = revision_of(engine)
    if present is None and not path:
        refuse_to_begin_anew(data, path)
    said = []
    if present != schemas.head():
        said = [] if present is None else [_keep_before_upgrade(engine, data, present)]
        upgrade()
    state.begin(data)
    return said


def refuse_to_begin_anew(data: Path, path: Path | None) -> None:
    """Raise Unusable when there has been a database, which is missing or empty now: it is never replaced unasked."""
    traces = [found for found in (data / state.MARK, data / "canvass.db") if _has_content(found)]
    if path:
        traces += journals.beside(path) + sorted(path.parent.glob(f"{path.name}.before-*"))
    newest = backups.newest(data / "backups")
    if newest:
        traces.append(newest)
    if not traces:
        return
    where = f"There is no database in {path.parent}" if path else "The database of CANVASS_DATABASE_URL is empty"
    carry = ""
    if not path and _has_content(data / "canvass.db"):
        carry = f" To carry {data / 'canvass.db'} over to it: python3 app.py carry-over."
    raise Unusable(
        f"{where}, but there has been one: {', '.join(trace.name for trace in traces[:3])} is left in {data}. Nothing "
        f"has been changed.{carry} To put a backup back: python3 app.py restore {newest or 'FILE'}. To begin anew: "
        "name another, empty folder with --data or CANVASS_DATA."
    )


def revision_of(engine: Engine) -> str | None:
    """Return the revision of the database, None for an empty one. Raises schemas.Foreign."""
    with engine.connect().execution_options(reading=True) as connection:
        return schemas.revision(connection)


def sqlite_file(engine: Engine) -> Path | None:
    """Return the database's file; None on PostgreSQL."""
    return sqlite.file_of(engine) if engine.dialect.name == "sqlite" else None


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _keep_before_upgrade(engine: Engine, data: Path, present: str) -> str:
    try:
        kept = backups.keep(data / "backups", engine)
    except backups.Failed as error:
        raise Unusable(f"The database was not upgraded, since no backup could be taken first. {error}") from None
    return f"The database was upgraded from {present} to {schemas.head()}. Backup from before: {kept}"


def database_lines() -> list[str]:
    """Return lines for the operator: the database's engine, and a warning when it is on a network file system."""
    engine = db.db.engine
    with engine.connect().execution_options(reading=True) as connection:
        facts = engines.describe(connection)
    mode = f", journal_mode={facts['journal_mode']}" if "journal_mode" in facts else ""
    lines = [f"Database: {facts['engine']} {facts['version']}{mode}"]
    if kind := engines.network(engine):
        lines.append(
            f"The database is on a file system that several machines can reach ({kind}). It therefore shares no "
            "memory, and saving takes longer. A disk of the machine's own is both faster and safer."
        )
    return lines


def set_up_lines(base_url: str) -> list[str]:
    """Return a line with a new set-up link, none once there are people. Commits."""
    if people.is_anyone():
        return []
    token = tickets.setup_token()
    db.session.commit()
    return [f"Open this link once to set everything up: {address(base_url, 'setup.begin', token=token)}"]


def demo_lines(base_url: str) -> list[str]:
    """Fill the demo; return a line with a one-time sign-in link for each role, and one with the wallboard. Commits."""
    from canvass import demo

    cast = demo.fill()
    lines = [
        f"{role} {address(base_url, 'joining.demo', token=tickets.sign_in_token(person))}"
        for role, person in cast.items()
    ]
    secret = current_app.config["SECRET_KEY"]
    demo.links(secret)
    wall = demo.wall(cast["leader"], secret)
    if wall is not None:
        lines.append(f"wall {address(base_url, 'walls.wall', token=walls.token(wall, secret))}")
    db.session.commit()
    return lines


def address(base_url: str, endpoint: str, **values: str) -> str:
    """Return a view's full address, outside any request."""
    return base_url + current_app.url_map.bind("localhost").build(endpoint, values)


def sentence(error: Exception) -> str:
    """Say what went wrong, for an operator: an error of the files, of the database, or one with a sentence."""
    if isinstance(error, SQLAlchemyError):
        cause = getattr(error, "orig", None) or error
        said = (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
        return (
            f"The database {_place()} cannot be used: {said}. Check its address, its server and the room on its disk."
        )
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'A file'}: {error.strerror}. {ADVICE.get(error.errno or 0, '')}".strip()
    return str(error)


def _place() -> str:
    """Return the database's address without its password."""
    try:
        url = make_url(settings.read()["DATABASE_URL"])
    except (ValueError, SQLAlchemyError):
        return "of CANVASS_DATABASE_URL"
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
