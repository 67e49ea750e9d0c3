"""Attempts: the rows that are logged. An attempt says nothing about who answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    String,
    Text,
    case,
    cast,
    func,
    insert,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import NullType

from canvass.core import bulk, clock
from canvass.core.db import Base, Id, among, lock, rows_of, session, table
from canvass.counting import tallies
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import TALKED, Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# The largest number one operation may carry: a good hour at a stall, not a campaign.
MOST_AT_ONCE = 50


class Attempt(Base):
    """One attempt, or `number` alike. It has no name, address, coordinate or free text (DESIGN: privacy)."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_campaign_id_organisation_id_happened_on", "campaign_id", "organisation_id", "happened_on"),
        Index("ix_attempts_happened_on", "happened_on"),
        Index("ix_attempts_campaign_id_happened_at", "campaign_id", "happened_at"),
        Index(
            "ix_attempts_withdrawal_id",
            "withdrawal_id",
            sqlite_where=text("withdrawal_id IS NOT NULL"),
            postgresql_where=text("withdrawal_id IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)  # made on the phone
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id))
    area_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Area.id))
    # Only the author may correct or undo.
    author_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    channel: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(20))
    number: Mapped[int]
    happened_at: Mapped[datetime]  # the hour, never finer
    happened_on: Mapped[date]
    topics: Mapped[list[str]] = mapped_column(JSON)
    shift_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Shift.id))
    late_report_id: Mapped[str | None] = mapped_column(Id, ForeignKey("late_reports.id"), index=True)
    rev: Mapped[int]
    is_deleted: Mapped[bool]
    # The withdrawal that took it out of the count, see withdrawals; its author may still correct it meanwhile.
    withdrawal_id: Mapped[str | None] = mapped_column(Id)


# The condition on the rows that count.
COUNTS = Attempt.is_deleted.is_(False) & Attempt.withdrawal_id.is_(None)


class Facts(NamedTuple):
    """What an operation says of an attempt. `topics` are topic ids."""

    area_id: str | None
    channel: str
    outcome: str
    number: int
    topics: Sequence[str]
    shift_id: str | None = None


# What stands in the row of an attempt that was undone before it was told of.
NOTHING = Facts(None, "door", "not_home", 1, ())


class Row(msgspec.Struct, frozen=True):
    """A row of the table, by the names of its columns."""

    id: str
    campaign_id: str
    organisation_id: str
    author_id: str | None
    happened_at: datetime
    happened_on: date
    area_id: str | None
    channel: str
    outcome: str
    number: int
    topics: Sequence[str]
    shift_id: str | None
    rev: int
    is_deleted: bool
    late_report_id: str | None = None
    withdrawal_id: str | None = None

    @property
    def counts(self) -> bool:
        return not self.is_deleted and self.withdrawal_id is None


class Change(NamedTuple):
    """What an operation does to an attempt: brings it to revision `rev`, that is to `facts`, or undone for None.

    `is_first` says that the operation created the attempt, so that `happened_at` is its time.
    """

    attempt_id: str
    author_id: str
    campaign_id: str
    organisation_id: str
    happened_at: datetime
    facts: Facts | None
    rev: int = 1
    is_first: bool = True
    late_report_id: str | None = None


class NotTheAuthor(PermissionError):
    """Somebody other than the author tried to change the attempt."""


class OtherCampaign(ValueError):
    """An operation tried to move the attempt to another campaign, whose figures may be reported already."""


def revised(row: Row | None, change: Change) -> Row:
    """The attempt after the change; `row` is what it was, None when it is new. Raises NotTheAuthor, OtherCampaign.

    Revisions may arrive in any order, a deletion even before the creation: a lower one than the row's only tells the
    hour, if it is the creation.
    """
    if row is None:
        return _new(change)
    if row.author_id != change.author_id:
        raise NotTheAuthor(change.attempt_id)
    if row.campaign_id != change.campaign_id:
        raise OtherCampaign(change.attempt_id)
    changes: dict[str, object] = {}
    if change.is_first:
        hour = _hour(change.happened_at)
        changes |= {"happened_at": hour, "happened_on": clock.local_day(hour)}
    if change.rev > row.rev:
        facts = change.facts._asdict() if change.facts else {}
        changes |= {**facts, "is_deleted": change.facts is None, "rev": change.rev}
    return msgspec.structs.replace(row, **changes) if changes else row


def replaced(row: Row | None, change: Change) -> Row:
    """The attempt after a change that also replaces what the same revision said. Raises NotTheAuthor, OtherCampaign.

    The revision stays the author's: a higher one would have the server ignore their next correction.
    """
    if row is not None and change.rev == row.rev:
        row = msgspec.structs.replace(row, rev=row.rev - 1)
    return revised(row, change)


def _new(change: Change) -> Row:
    hour = _hour(change.happened_at)
    facts = change.facts or NOTHING
    return Row(
        change.attempt_id,
        change.campaign_id,
        change.organisation_id,
        change.author_id,
        hour,
        clock.local_day(hour),
        *facts,
        change.rev,
        change.facts is None,
        change.late_report_id,
    )


def find(attempt_ids: Iterable[str]) -> dict[str, Row]:
    """Those of the attempts that there are, by id, locked."""
    # Locked in order, so that two writers of the same do not deadlock.
    return {row[0]: Row(*row) for row in rows_of(_FIND, sorted(attempt_ids))}


def store(rows: Iterable[Row], before: Mapping[str, Row]) -> None:
    """Write the rows, `before` being what `find` returned for them. Counters move by the difference.

    On PostgreSQL somebody else may have inserted one meanwhile: then IntegrityError, and the caller tries again.
    """
    added: list[Row] = []
    changed: list[Row] = []
    difference: Counter[Group] = Counter()
    for row in rows:
        old = before.get(row.id)
        if row == old:
            continue
        (changed if old else added).append(row)
        if old and old.counts:
            difference[_group(old)] -= old.number
        if row.counts:
            difference[_group(row)] += row.number
    bulk.write(_INSERT, _NAMES, map(msgspec.structs.astuple, _in_order(added)))
    bulk.write(_UPDATE, _NEW, map(msgspec.structs.astuple, _in_order(changed)))
    tallies.move(_counters(difference))


def log(change: Change) -> bool:
    """Make one change; False when a higher revision is already stored. Raises NotTheAuthor, OtherCampaign."""
    before = find([change.attempt_id])
    row = before.get(change.attempt_id)
    store([revised(row, change)], before)
    return row is None or change.rev > row.rev


# What decides which counters an attempt moves: in a batch many attempts have all of it in common.
Group = tuple[str, str, str | None, str, datetime, tuple[str, ...], str, str | None]


def _group(row: Row) -> Group:
    return (
        row.campaign_id,
        row.organisation_id,
        row.area_id,
        row.channel,
        row.happened_at,
        tuple(row.topics),
        row.outcome,
        row.shift_id,
    )


def move(numbers: Mapping[Group, int], sign: int) -> None:
    """Add the numbers of rows to their counters, or with a sign of -1 take them away."""
    tallies.move(_counters({group: sign * number for group, number in numbers.items()}))


def _counters(numbers: Mapping[Group, int]) -> Counter[tallies.Cell]:
    counters: Counter[tallies.Cell] = Counter()
    for group, number in numbers.items():
        if number:
            for cell in tallies.cells(*group):
                counters[cell] += number
    return counters


def drift() -> dict[tallies.Cell, tuple[int, int]]:
    """The counters that differ from the rows: (stored, computed) by cell.

    Needs a snapshot (`db.read_only`), or nobody else who logs.
    """
    return dict(drifting())


def drifting() -> Iterator[tuple[tallies.Cell, tuple[int, int]]]:
    """The same one by one. Holds no more than the rows and counters of one organisation."""
    with_rows = session.execute(select(Attempt.campaign_id, Attempt.organisation_id).distinct())
    for owner in tallies.owners().union((row[0], row[1]) for row in with_rows):
        yield from tallies.differences(*owner, _counting(*owner)).items()


def recount(campaign_id: str, organisation_id: str) -> None:
    """Set an organisation's counters in a campaign to what the rows say. Whoever logs waits until it is committed."""
    lock(tallies.Tally)
    rows = _counting(campaign_id, organisation_id)
    tallies.correct(tallies.differences(campaign_id, organisation_id, rows))


def _counting(campaign_id: str, organisation_id: str) -> Iterable[Sequence[Any]]:
    """An organisation's rows that count, alike ones summed up, as `tallies.differences` reads them.

    One organisation's at a time, which the database finds by an index and can sort in little memory: SQLite may be
    built to sort nowhere else. `happened_at` comes as it is stored.
    """
    # Text, since PostgreSQL does not compare JSON.
    topics = case((Attempt.outcome == TALKED, cast(Attempt.topics, Text)), else_=None)
    at = type_coerce(Attempt.happened_at, NullType())
    columns = (Attempt.area_id, Attempt.channel, at, topics, Attempt.outcome, Attempt.shift_id)
    query = select(*columns, func.sum(Attempt.number)).where(
        Attempt.campaign_id == campaign_id, Attempt.organisation_id == organisation_id, COUNTS
    )
    return session.execute(query.group_by(*columns), execution_options={"yield_per": 5000})


def _in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.id)


def _hour(happened_at: datetime) -> datetime:
    return happened_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


_TABLE = table(Attempt)
_NAMES = Row.__struct_fields__
_FIND = select(*(_TABLE.c[name] for name in _NAMES)).where(among(_TABLE.c.id))
_FIND = _FIND.order_by(_TABLE.c.id).with_for_update()
_INSERT = insert(_TABLE)
_UPDATE, _NEW = bulk.replacing(_TABLE, _NAMES)
