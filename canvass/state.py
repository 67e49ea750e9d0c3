"""What this server remembers of itself: which life it is living (epoch) and up to when it is safely backed up."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from canvass import clock, settings
from canvass.db import Base, new_id, session


class Fact(Base):
    """One remembered value."""

    __tablename__ = "server_facts"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


def epoch() -> str:
    """The id of this database's present life. It changes when the database has been restored: phones then send again."""
    return _get("epoch") or ""


def begin(data: Path) -> None:
    """Note a start of the server, and begin a new epoch when the database is not the one that ran here last.

    Each start is counted both in the database and in a file beside it. A database put back from a backup is behind the
    file (or, beside a new file, ahead of it), however it was put back: by our command, by hand or by a host's snapshot.
    """
    path = data / "starts.json"
    try:
        noted = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        noted = None
    known = {"epoch": epoch(), "starts": int(_get("starts") or 0)}
    if not known["epoch"] or noted != known:
        new_epoch()
    _set("starts", str(known["starts"] + 1))
    session.commit()
    settings.write_privately(path, json.dumps({"epoch": epoch(), "starts": known["starts"] + 1}))


def new_epoch() -> None:
    """Say that this database may lack what phones have been told is safe; nothing in it is safely backed up any more."""
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
