"""What the server remembers about its database: its epoch, and up to when it is backed up."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock
from canvass.core.db import Base, new_id, rows, session, table

MARK = "received.txt"
log = logging.getLogger(__name__)
EARLIEST = "1970-01-01T00:00:00.000000+00:00"


class Fact(Base):
    """One remembered value."""

    __tablename__ = "server_facts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


def epoch() -> str:
    """Return the id of the current epoch; a new one makes phones send again what they still hold. "" before `begin`."""
    return _get("epoch") or ""


def begin(data: Path, last_received_at: datetime | None) -> None:
    """Begin a new epoch when the database lacks something that was received here: then an older copy was restored.

    A file beside the database remembers when something was last received (`note_received`). A database behind it
    has been restored, however that was done: by our command, by hand or from a host's snapshot. Without the file there
    is no telling, so a new epoch begins; sending again is harmless. Commits.
    """
    try:
        noted = datetime.fromisoformat((data / MARK).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        noted = None
    known = last_received_at or datetime.fromisoformat(EARLIEST)
    if not epoch() or noted is None or known < noted:
        new_epoch()
    session.commit()
    note_received(data, last_received_at)


def forget_received(data: Path) -> None:
    """Make the next start begin a new epoch, whatever the database holds: a backup has been restored."""
    (data / MARK).unlink(missing_ok=True)


def note_received(data: Path, at: datetime | None) -> None:
    """Note in a file beside the database when something was last received. Call it after the commit, never before.

    It is not forced to disk: after a power cut the file may be older than the database, which does no harm. Neither
    does a disk that takes no more: what has been committed stands, and whoever sent it is told so.
    """
    text = (at.isoformat(timespec="microseconds") if at else EARLIEST).encode()
    # Overwritten in place, and always of the same length: making the file shorter first takes some file systems as
    # long as a commit.
    try:
        file = os.open(data / MARK, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(file, text)
        finally:
            os.close(file)
    except OSError as error:
        log.warning("%s could not be written: %s", data / MARK, error.strerror)


def new_epoch() -> None:
    """Begin a new epoch: the database may lack what phones take for safe, and nothing counts as backed up any more."""
    _set("epoch", new_id())
    _set("durable_before", "")


def told() -> tuple[str, str | None]:
    """Return what every answer to a phone says: the epoch and, as it is sent, `durable_before`; with one query."""
    found = dict(rows(_ALL))
    return found.get("epoch", ""), found.get("durable_before") or None


def set_durable_before(moment: datetime) -> None:
    """Note that all received before `moment` is in a verified backup: phones then delete what they sent before it."""
    _set("durable_before", clock.text(moment))


def _get(name: str) -> str | None:
    fact = session.get(Fact, name)
    return fact.value if fact else None


def _set(name: str, value: str) -> None:
    fact = session.get(Fact, name)
    if fact is None:
        session.add(Fact(name=name, value=value))
    else:
        fact.value = value
    session.flush()


_ALL = select(table(Fact).c.name, table(Fact).c.value)
