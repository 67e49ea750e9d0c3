"""What this server remembers of itself: which life it is living (epoch) and up to when it is safely backed up."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock
from canvass.core.db import Base, new_id, session

MARK = "received.txt"
EARLIEST = "1970-01-01T00:00:00+00:00"


class Fact(Base):
    """One remembered value."""

    __tablename__ = "server_facts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


def epoch() -> str:
    """The id of this database's present life. Another one makes phones send again what they still hold."""
    return _get("epoch") or ""


def begin(data: Path, last_received_at: datetime | None) -> None:
    """Begin a new epoch when the database lacks something that was received here: then it has been put back.

    A file beside the database remembers when something was last received (`note_received`). A database behind it
    has been restored, however that was done: by our command, by hand or from a host's snapshot. Without the file nobody
    can tell, so phones are asked to send again, which is harmless.
    """
    try:
        noted = datetime.fromisoformat((data / MARK).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        noted = None
    known = last_received_at or datetime.fromisoformat(EARLIEST)
    if not epoch() or noted is None or known < noted:
        new_epoch()
    session.commit()
    data.mkdir(parents=True, exist_ok=True)
    note_received(data, last_received_at)


def forget_received(data: Path) -> None:
    """The database has been put back on purpose: the next start begins a new epoch, whatever it holds."""
    (data / MARK).unlink(missing_ok=True)


def note_received(data: Path, at: datetime | None) -> None:
    """Remember outside the database that something was received; after the commit, so that it is never ahead of it.

    Not forced to disk: a mark that is lost with the power is only an older one.
    """
    (data / MARK).write_text(at.isoformat() if at else EARLIEST, "utf-8")


def new_epoch() -> None:
    """Say that this database may lack what phones believe to be safe; nothing in it counts as backed up any more."""
    _set("epoch", new_id())
    _set("durable_before", "")


def durable_before() -> datetime | None:
    """What was received before this moment is in a verified backup."""
    value = _get("durable_before")
    return clock.parse(value) if value else None


def set_durable_before(moment: datetime) -> None:
    """Only after the backup has been verified: phones then forget what they sent before `moment`."""
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
