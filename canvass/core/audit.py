"""The audit log: who changed what and when. Each entry holds the digest of the one before it, so a change shows."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock
from canvass.core.db import Base, Id, session


class Entry(Base):
    """One thing somebody did. `details` names objects by id and never holds anything about a resident."""

    __tablename__ = "audit_entries"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    person_id: Mapped[str | None] = mapped_column(Id)
    organisation_id: Mapped[str | None] = mapped_column(Id, index=True)
    action: Mapped[str] = mapped_column(String(60))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class Head(Base):
    """The number and digest of the last entry, in a single row whose lock puts writers in a queue."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(ForeignKey(Entry.number), nullable=True)
    digest: Mapped[str] = mapped_column(String(64))


def record(action: str, *, person_id: str | None = None, organisation_id: str | None = None, **details: Any) -> None:
    """Add one entry in the caller's transaction. Single attempts are not recorded here: their operations are kept."""
    head = session.get(Head, 1, with_for_update=True)
    if head is None:
        head = Head(id=1, number=None, digest="")
        session.add(head)
    entry = Entry(
        number=(head.number or 0) + 1,
        at=clock.now(),
        person_id=person_id,
        organisation_id=organisation_id,
        action=action,
        details=details,
        previous=head.digest,
    )
    entry.digest = _digest(entry)
    session.add(entry)
    session.flush()
    head.number, head.digest = entry.number, entry.digest


def broken_at() -> int | None:
    """Return the number of the first entry that has been changed or is missing; None when the log is whole."""
    previous, expected = "", 1
    for entry in session.scalars(select(Entry).order_by(Entry.number)):
        if entry.number != expected or entry.previous != previous or entry.digest != _digest(entry):
            return expected
        previous, expected = entry.digest, expected + 1
    head = session.get(Head, 1)
    return expected if head is not None and head.digest != previous else None


def _digest(entry: Entry) -> str:
    content = [entry.number, clock.text(entry.at), entry.person_id, entry.organisation_id, entry.action]
    return hashlib.sha256(json.dumps([*content, entry.details, entry.previous], sort_keys=True).encode()).hexdigest()
