"""Receipts: every operation received, and from them what each phone has made that has not arrived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter

import msgspec
from sqlalchemy import ForeignKey, Index, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import bulk, clock
from canvass.core.db import Base, Id, among, rows_of, session, table
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# A phone not heard from for this long is called silent: its operations may be lost.
SILENT_AFTER = timedelta(days=3)
# How many missing sequence numbers an answer names.
MOST_MISSING_TOLD = 200
# More than a phone makes while nobody hears from it: a tap every ten seconds for a day and a night is 8 640. What it
# claims beyond that is not believed.
MOST_UNHEARD = 10_000


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


class Receipt(msgspec.Struct, frozen=True):
    """What a receipt says of an operation, by the names of the columns."""

    id: str
    digest: str
    installation_id: str
    seq: int
    attempt_id: str
    rev: int
    verdict: str


class Phone(msgspec.Struct):
    """An installation's row, by the names of its columns, and the numbers that arrived after a missing one."""

    id: str
    person_id: str
    organisation_id: str
    heard_at: datetime
    max_seq: int = 0
    low_seq: int = 0
    missing: int = 0
    pending: int = 0
    shift_id: str | None = None
    shift_since: datetime | None = None
    is_new: bool = False
    later: set[int] = msgspec.field(default_factory=set)


@dataclass(frozen=True)
class Waiting:
    """Operations known to be missing: on phones heard from lately, on silent ones, and those that no phone has.

    A phone says how many it holds; what is missing beyond that is lost.
    """

    operations: int = 0
    phones: int = 0
    silent_operations: int = 0
    silent_phones: int = 0
    silent_since: datetime | None = None
    lost: int = 0


def find(operation_ids: Iterable[str]) -> dict[str, Receipt]:
    """The receipts that have been given for these operations, by operation id."""
    return {row[0]: Receipt(*row) for row in rows_of(_FIND, operation_ids)}


def give(receipts: Iterable[Receipt]) -> None:
    """Insert the receipts. Raises IntegrityError when somebody else has given one meanwhile."""
    now = clock.now()
    rows = ((*msgspec.structs.astuple(each), now) for each in sorted(receipts, key=lambda receipt: receipt.id))
    bulk.write(_GIVE, (*Receipt.__struct_fields__, "received_at"), rows)


def phones(used_by: Mapping[str, tuple[str, str]]) -> dict[str, Phone]:
    """The phones with these installation ids, locked, as used now by (person, association); new ones too.

    Save them with `save`.
    """
    found = {row[0]: Phone(*row) for row in rows_of(_PHONES, sorted(used_by))}
    for installation_id, (person_id, association_id) in used_by.items():
        phone = found.get(installation_id)
        if phone is None:
            found[installation_id] = Phone(installation_id, person_id, association_id, clock.now(), is_new=True)
        else:
            phone.person_id, phone.organisation_id, phone.heard_at = person_id, association_id, clock.now()
    _find_later(found)
    return found


def _find_later(found: Mapping[str, Phone]) -> None:
    """Read which numbers have arrived after a missing one. Most phones miss none."""
    with_gaps = sorted(phone.id for phone in found.values() if phone.max_seq > phone.low_seq)
    for installation_id, seq in rows_of(_LATER, with_gaps):
        found[installation_id].later.add(seq)


def save(found: Iterable[Phone]) -> None:
    """Write the phones. Raises IntegrityError when somebody else has inserted one meanwhile."""
    added, changed = [], []
    for phone in sorted(found, key=lambda phone: phone.id):
        if phone.is_new:
            added.append(_values(phone))
        else:
            changed.append(_values(phone))
    bulk.write(_ADD, _NAMES, added)
    bulk.write(_UPDATE, _NEW, changed)


def note_shift(phone: Phone, shift_id: str | None) -> None:
    """Note which shift the phone is out on, None for none, and since when."""
    if phone.shift_id != shift_id:
        phone.shift_id, phone.shift_since = shift_id, clock.now() if shift_id else None


def note_gaps(phone: Phone, arrived: Iterable[int], max_seq: int, pending: int, *, is_own: bool = True) -> list[int]:
    """Note what has arrived and how many operations the phone says it has made and still holds.

    Returns the first sequence numbers that are missing. Other people's operations on the same phone are among them:
    those wait until they sign in on it again. The phone's own word replaces what it said before; another phone, which
    hands in from a file (not `is_own`), only knows a number that was given out.
    """
    numbers = sorted(phone.later.union(arrived))
    if phone.is_new:  # it may have been at work while the server was another one
        phone.low_seq = max(0, max([max_seq, *numbers]) - MOST_UNHEARD)
    highest, later = phone.low_seq, set[int]()
    for seq in numbers:
        if highest < seq <= highest + MOST_UNHEARD:
            later.add(seq)
            highest = seq
    before = 0 if is_own else min(phone.max_seq, highest + MOST_UNHEARD)
    phone.max_seq = max(before, highest, min(max_seq, highest + MOST_UNHEARD))
    while phone.low_seq + 1 in later:
        phone.low_seq += 1
        later.remove(phone.low_seq)
    phone.missing = phone.max_seq - phone.low_seq - len(later)
    phone.pending = max(0, min(pending, MOST_UNHEARD))
    # Lazily: a phone may claim any number.
    gaps = (seq for seq in range(phone.low_seq + 1, phone.max_seq + 1) if seq not in later)
    return list(islice(gaps, MOST_MISSING_TOLD))


def waiting(organisation_id: str) -> Waiting:
    """What is missing from the phones of an organisation and those beneath it."""
    query = select(Installation).where(
        Installation.organisation_id.in_(organisations.beneath(organisation_id)), Installation.missing > 0
    )
    recent: list[Installation] = []
    silent: list[Installation] = []
    lost = 0
    for found in session.scalars(query):
        lost += max(0, found.missing - found.pending)
        if found.pending:
            (recent if clock.now() - found.heard_at < SILENT_AFTER else silent).append(found)
    return Waiting(
        operations=sum(min(found.missing, found.pending) for found in recent),
        phones=len(recent),
        silent_operations=sum(min(found.missing, found.pending) for found in silent),
        silent_phones=len(silent),
        silent_since=min((found.heard_at for found in silent), default=None),
        lost=lost,
    )


_OPERATIONS, _INSTALLATIONS = table(Operation), table(Installation)
_NAMES = tuple(name for name in Phone.__struct_fields__ if name in _INSTALLATIONS.c)
_values = attrgetter(*_NAMES)
_FIND = select(*(_OPERATIONS.c[name] for name in Receipt.__struct_fields__)).where(among(_OPERATIONS.c.id))
_GIVE, _ADD = insert(_OPERATIONS), insert(_INSTALLATIONS)
_PHONES = select(*(_INSTALLATIONS.c[name] for name in _NAMES)).where(among(_INSTALLATIONS.c.id))
_PHONES = _PHONES.order_by(_INSTALLATIONS.c.id).with_for_update()
_LATER = (
    select(_OPERATIONS.c.installation_id, _OPERATIONS.c.seq)
    .join(_INSTALLATIONS, _INSTALLATIONS.c.id == _OPERATIONS.c.installation_id)
    .where(among(_INSTALLATIONS.c.id), _OPERATIONS.c.seq > _INSTALLATIONS.c.low_seq)
)
_UPDATE, _NEW = bulk.replacing(_INSTALLATIONS, _NAMES)
