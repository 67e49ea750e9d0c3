"""Attempts: the rows that are logged. An attempt says nothing about who answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Row, String, Text, case, cast, func, select, type_coerce
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import NullType

from canvass.core import clock
from canvass.core.db import Base, Id, insert_once, lock, session
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
        Index("ix_attempts_campaign_id_organisation_id", "campaign_id", "organisation_id"),
        Index("ix_attempts_happened_on", "happened_on"),
        Index("ix_attempts_campaign_id_happened_at", "campaign_id", "happened_at"),
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


@dataclass(frozen=True)
class Facts:
    """What an operation says of an attempt. `topics` are topic ids."""

    area_id: str | None
    channel: str
    outcome: str
    number: int
    topics: Sequence[str]
    shift_id: str | None = None


class NotTheAuthor(PermissionError):
    """Somebody other than the author tried to change the attempt."""


class OtherCampaign(ValueError):
    """An operation tried to move the attempt to another campaign, whose figures may be reported already."""


def log(
    attempt_id: str,
    *,
    author: Person,
    campaign_id: str,
    organisation_id: str,
    happened_at: datetime,
    facts: Facts | None,
    rev: int = 1,
    is_first: bool = True,
    late_report_id: str | None = None,
) -> bool:
    """Bring the attempt to revision `rev`: to `facts`, or undone for None. Counters move by the difference.

    `is_first` says that the operation created the attempt, so that `happened_at` is its time. Revisions may arrive in
    any order, a deletion even before the creation. Returns False when a higher revision is already stored.
    Raises NotTheAuthor, OtherCampaign.
    """
    attempt = _locked(attempt_id, author, campaign_id, organisation_id, happened_at, late_report_id)
    if attempt.author_id != author.id:
        raise NotTheAuthor(attempt_id)
    if attempt.campaign_id != campaign_id:
        raise OtherCampaign(attempt_id)
    before = counted(attempt)
    is_newer = rev > attempt.rev
    changes: dict[str, object] = {}
    if is_first or attempt.rev == 0:
        # A correction may arrive before the creation; the hour of the creation still counts.
        changes |= _hour(happened_at)
    if is_newer:
        changes |= {**(_columns(facts) if facts else {}), "is_deleted": facts is None, "rev": rev}
    for column, value in changes.items():
        setattr(attempt, column, value)
    difference = counted(attempt)
    difference.subtract(before)
    session.flush()
    tallies.move(difference)
    return is_newer


def _locked(
    attempt_id: str,
    author: Person,
    campaign_id: str,
    organisation_id: str,
    happened_at: datetime,
    late_report_id: str | None,
) -> Attempt:
    """The attempt's row, locked; first inserted as revision 0 if it is not there.

    Inserted before it is read, so that two requests with the same new attempt lock the same row.
    """
    insert_once(
        Attempt,
        id=attempt_id,
        campaign_id=campaign_id,
        organisation_id=organisation_id,
        author_id=author.id,
        rev=0,
        is_deleted=True,
        late_report_id=late_report_id,
        **_hour(happened_at),
        **_columns(Facts(None, "door", "not_home", 1, ())),
    )
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    assert attempt is not None
    return attempt


def counted(attempt: Attempt) -> Counter[tallies.Cell]:
    """What the attempt adds to each counter; nothing when it is undone."""
    if attempt.is_deleted:
        return Counter()
    cells = tallies.cells(
        attempt.campaign_id,
        attempt.organisation_id,
        attempt.area_id,
        attempt.channel,
        attempt.happened_at,
        attempt.topics,
        attempt.outcome,
        attempt.shift_id,
    )
    return Counter(dict.fromkeys(cells, attempt.number))


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


def _counting(campaign_id: str, organisation_id: str) -> Iterable[Row[Any]]:
    """An organisation's rows that count, alike ones summed up, as `tallies.differences` reads them.

    One organisation's at a time, which the database finds by an index and can sort in little memory: SQLite may be
    built to sort nowhere else. `happened_at` comes as it is stored.
    """
    # Text, since PostgreSQL does not compare JSON.
    topics = case((Attempt.outcome == TALKED, cast(Attempt.topics, Text)), else_=None)
    at = type_coerce(Attempt.happened_at, NullType())
    columns = (Attempt.area_id, Attempt.channel, at, topics, Attempt.outcome, Attempt.shift_id)
    query = select(*columns, func.sum(Attempt.number)).where(
        Attempt.campaign_id == campaign_id, Attempt.organisation_id == organisation_id, Attempt.is_deleted.is_(False)
    )
    return session.execute(query.group_by(*columns), execution_options={"yield_per": 5000})


def _hour(happened_at: datetime) -> dict[str, object]:
    return {
        "happened_at": happened_at.replace(minute=0, second=0, microsecond=0),
        "happened_on": clock.local_day(happened_at),
    }


def _columns(facts: Facts) -> dict[str, object]:
    return {
        "area_id": facts.area_id,
        "channel": facts.channel,
        "outcome": facts.outcome,
        "number": facts.number,
        "topics": list(facts.topics),
        "shift_id": facts.shift_id,
    }
