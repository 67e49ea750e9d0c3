"""Receipts: every operation received, and from them what each phone has made that has not arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock
from canvass.core.db import Base, Id, insert_once, session
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# A phone not heard from for this long is called silent: its operations may be lost.
SILENT_AFTER = timedelta(days=3)
# How many missing sequence numbers an answer names.
MOST_MISSING_TOLD = 200


class Operation(Base):
    """The receipt for one operation. Never purged: its primary key makes a resent operation harmless."""

    __tablename__ = "operations"
    __table_args__ = (Index("ix_operations_installation_id_seq", "installation_id", "seq"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)  # made on the phone
    digest: Mapped[str] = mapped_column(String(64))
    installation_id: Mapped[str] = mapped_column(Id)
    seq: Mapped[int]
    attempt_id: Mapped[str] = mapped_column(Id)
    rev: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(12))  # stored, superseded or quarantined
    received_at: Mapped[datetime] = mapped_column(index=True)


class Installation(Base):
    """An installation of the app, as the phone last described it."""

    __tablename__ = "installations"

    id: Mapped[str] = mapped_column(Id, primary_key=True)  # made on the phone
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    max_seq: Mapped[int] = mapped_column(default=0)
    low_seq: Mapped[int] = mapped_column(default=0)  # every number up to here has arrived
    missing: Mapped[int] = mapped_column(default=0)  # numbers up to max_seq that have not
    pending: Mapped[int] = mapped_column(default=0)
    heard_at: Mapped[datetime]
    # The shift it is out on, as it last said, and since when.
    shift_id: Mapped[str | None] = mapped_column(Id, index=True)
    shift_since: Mapped[datetime | None]


@dataclass(frozen=True)
class Waiting:
    """Operations known to be missing, on phones heard from lately and on silent ones."""

    operations: int = 0
    phones: int = 0
    silent_operations: int = 0
    silent_phones: int = 0
    silent_since: datetime | None = None


def give(operation_id: str, **facts: object) -> bool:
    """Insert the receipt; False when the operation has been seen before. The verdict is `quarantined` for now."""
    return insert_once(Operation, id=operation_id, verdict="quarantined", received_at=clock.now(), **facts)


def phone(installation_id: str, person: Person) -> Installation:
    """The phone's row, locked, noted as used by this person now; inserted if it is new."""
    now = clock.now()
    insert_once(
        Installation,
        id=installation_id,
        person_id=person.id,
        organisation_id=person.association_id,
        max_seq=0,
        low_seq=0,
        missing=0,
        pending=0,
        heard_at=now,
    )
    found = session.get(Installation, installation_id, with_for_update=True, populate_existing=True)
    assert found is not None
    found.person_id, found.organisation_id, found.heard_at = person.id, person.association_id, now
    return found


def note_shift(found: Installation, shift_id: str | None) -> None:
    """Note which shift the phone is out on, None for none, and since when."""
    if found.shift_id != shift_id:
        found.shift_id, found.shift_since = shift_id, clock.now() if shift_id else None


def note_gaps(found: Installation, max_seq: int, pending: int) -> list[int]:
    """Note how many operations the phone says it has made; returns the first sequence numbers that are missing.

    Other people's operations on the same phone are among them: those wait until they sign in on it again.
    """
    query = select(Operation.seq).where(Operation.installation_id == found.id, Operation.seq > found.low_seq)
    arrived = set(session.scalars(query))
    found.max_seq = max(found.max_seq, max_seq, *arrived)
    while found.low_seq + 1 in arrived:
        found.low_seq += 1
    later = {seq for seq in arrived if seq > found.low_seq}
    found.missing = found.max_seq - found.low_seq - len(later)
    found.pending = max(0, pending)
    # Lazily: a phone may claim any number.
    gaps = (seq for seq in range(found.low_seq + 1, found.max_seq + 1) if seq not in later)
    return list(islice(gaps, MOST_MISSING_TOLD))


def last_received_at() -> datetime | None:
    """When an operation was last received; None before the first."""
    return session.scalar(select(func.max(Operation.received_at)))


def waiting(organisation_id: str) -> Waiting:
    """What is missing from the phones of an organisation and those beneath it."""
    query = select(Installation).where(
        Installation.organisation_id.in_(organisations.beneath(organisation_id)), Installation.missing > 0
    )
    recent: list[Installation] = []
    silent: list[Installation] = []
    for found in session.scalars(query):
        (recent if clock.now() - found.heard_at < SILENT_AFTER else silent).append(found)
    return Waiting(
        operations=sum(found.missing for found in recent),
        phones=len(recent),
        silent_operations=sum(found.missing for found in silent),
        silent_phones=len(silent),
        silent_since=min((found.heard_at for found in silent), default=None),
    )
