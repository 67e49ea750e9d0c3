"""Attempts: a door knocked, a number called, a passer-by approached. What is logged, and nothing about who answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock
from canvass.core.db import Base, Id, insert_once, session
from canvass.counting import tallies
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# The most that one tap may stand for: a good hour at a stall, not a campaign.
MOST_AT_ONCE = 50


class Attempt(Base):
    """One logged attempt, or several alike. It has no name, address, coordinate or text, by design."""

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
    # For undo and correction; dropped when the campaign is archived.
    author_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    channel: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str] = mapped_column(String(20))
    number: Mapped[int]
    happened_at: Mapped[datetime]  # the hour, never finer
    happened_on: Mapped[date]
    topics: Mapped[list[str]] = mapped_column(JSON)
    # The shift it was made on, when the phone knew of one.
    shift_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Shift.id))
    # Part of an evening's paper totals, entered afterwards.
    late_report_id: Mapped[str | None] = mapped_column(Id, ForeignKey("late_reports.id"), index=True)
    rev: Mapped[int]
    is_deleted: Mapped[bool]


@dataclass(frozen=True)
class Facts:
    """What somebody says of an attempt."""

    area_id: str | None
    channel: str
    outcome: str
    number: int
    topics: Sequence[str]
    shift_id: str | None = None


class NotTheAuthor(PermissionError):
    """Only the one who logged an attempt may change it."""


class OtherCampaign(ValueError):
    """An attempt stays in the campaign it was made in: that of a closed one is reported already."""


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
    """Bring the attempt to revision `rev`: new `facts`, or undone for None. Counters move by the difference.

    `is_first` says that this is how the attempt was first told, so `happened_at` is when it took place.
    False when a higher revision is already here (revisions may arrive in any order, a deletion even before its
    beginning). Raises NotTheAuthor, OtherCampaign.
    """
    nothing_yet = Facts(None, "door", "not_home", 1, ())
    # The row is there before it is locked and read, so that two requests with one new attempt cannot both begin it.
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
        **_columns(nothing_yet),
    )
    attempt = session.get(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    assert attempt is not None
    if attempt.author_id != author.id:
        raise NotTheAuthor(attempt_id)
    if attempt.campaign_id != campaign_id:
        raise OtherCampaign(attempt_id)
    before = counted(attempt)
    is_newer = rev > attempt.rev
    if is_first or attempt.rev == 0:
        # A correction may come before what it corrects; the hour is still the first telling's.
        for column, value in _hour(happened_at).items():
            setattr(attempt, column, value)
    if is_newer:
        for column, value in _columns(facts).items() if facts else ():
            setattr(attempt, column, value)
        attempt.is_deleted = facts is None
        attempt.rev = rev
    difference = counted(attempt)
    difference.subtract(before)
    session.flush()
    tallies.move(difference)
    return is_newer


def counted(attempt: Attempt) -> Counter[tallies.Cell]:
    """How much the attempt adds to each counter it is part of; nothing when undone."""
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


def recount() -> Counter[tallies.Cell]:
    """What every counter should say, from the rows themselves."""
    should: Counter[tallies.Cell] = Counter()
    for attempt in session.scalars(
        select(Attempt).where(Attempt.is_deleted.is_(False)).execution_options(yield_per=2000)
    ):
        should.update(counted(attempt))
    return should


def drift() -> dict[tallies.Cell, tuple[int, int]]:
    """The counters that disagree with the rows, each with what it says and what it should say."""
    should, says = recount(), tallies.everything()
    return {
        cell: (says.get(cell, 0), should[cell]) for cell in set(should) | set(says) if says.get(cell, 0) != should[cell]
    }


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
