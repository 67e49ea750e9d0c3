"""Plausibility: contact rates and paces out of the ordinary become a question to the team, and later to its leader.

A question is about a team's day, never about a person, and it changes no number: the team answers that the figures are
right, or that they are wrong and corrects what it logged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock, db
from canvass.core.db import Base, Id, in_batches, insert, new_id, session
from canvass.counting import tallies
from canvass.counting.attempts import COUNTS, Attempt
from canvass.counting.tallies import Count
from canvass.fieldwork.campaigns import TALKED, Campaign
from canvass.insight import hours
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# The contact rates that are within the ordinary; 10–30 % is usual at doors. In the other channels any rate is ordinary:
# at a stall, only those who stop to talk may have been logged.
ORDINARY_RATES = {"door": (0.02, 0.6), "phone": (0.02, 0.7)}
# Attempts that one person can log in an hour. A recorder who logs for a group of six at doors stays below.
FASTEST = {"door": 150, "phone": 90, "stall": 300, "digital": 150, "workplace": 150}
FEWEST = 20  # attempts; with fewer, any rate is ordinary
# How far back days are looked at, and how long the team has a question to itself before its leader sees it.
LOOKED_AT = timedelta(days=14)
TEAMS_TIME = timedelta(days=2)
ANSWERS = ("right", "wrong")
MOST_CACHED = 10_000  # organisations of campaigns


class Answer(Base):
    """What a team says of a day out of the ordinary: the figures are `right`, or they are `wrong`."""

    __tablename__ = "odd_days"
    __table_args__ = (UniqueConstraint("campaign_id", "organisation_id", "day", "channel", "kind"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    day: Mapped[date]
    channel: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    answer: Mapped[str] = mapped_column(String(10))
    answered_at: Mapped[datetime] = mapped_column(default=clock.now)
    answered_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))


class Day(NamedTuple):
    """An organisation's day in one channel. `pace` is the most attempts that one person logged in an hour."""

    day: date
    channel: str
    counted: Count
    pace: int


# By campaign and organisation: the first day looked at and the pulse, and the days that were out of the ordinary then.
_cache: dict[tuple[str, str], tuple[tuple[date, int], list[Day]]] = {}


@dataclass(frozen=True)
class Question:
    """A team's day in one channel that is out of the ordinary: its contact rate is high or low, or its pace is fast.

    `kind` says which. `answer` is the team's, '' while
    there is none.
    """

    organisation: Organisation
    day: date
    channel: str
    kind: str
    count: Count
    pace: int
    answer: str = ""

    @property
    def is_the_teams(self) -> bool:
        """Has the team still the question to itself?"""
        return not self.answer and clock.today() - self.day < TEAMS_TIME


def questions(campaign: Campaign, person: Person, organisation: Organisation) -> list[Question]:
    """The questions for this person about the last two weeks at the organisation and beneath, the latest day first.

    Everybody gets their own association's unanswered ones. Whoever reviews the quarantine gets those that the team no
    longer has to itself and has not answered with "right". Empty above a municipal organisation: nobody there knows
    the teams, and it would read every attempt of two weeks.
    """
    if organisation.kind in organisations.ABOVE_MUNICIPAL:
        return []
    team = person.association_id
    return [
        question
        for question in found(campaign, organisations.beneath(organisation.id))
        if (question.organisation.id == team and not question.answer)
        or (
            access.may(person, "quarantine.review", question.organisation.id)
            and not question.is_the_teams
            and question.answer != "right"
        )
    ]


def found(campaign: Campaign, organisation_ids: Select[str]) -> list[Question]:
    """Every day of the last two weeks that is out of the ordinary, with the team's answer, the latest first."""
    since = clock.today() - LOOKED_AT
    odd = [(id_, day) for id_, days in _odd_days(campaign, organisation_ids, since).items() for day in days]
    if not odd:
        return []
    answers = _answers(campaign, since)
    teams = session.scalars(select(Organisation).where(Organisation.id.in_({id_ for id_, _day in odd})))
    named = {team.id: team for team in teams}
    questions = [
        Question(named[id_], day, channel, kind, count, pace, answers.get((id_, day, channel, kind), ""))
        for id_, (day, channel, count, pace) in odd
        for kind in kinds(channel, count, pace)
    ]
    return sorted(questions, key=lambda q: (q.day, q.organisation.name, q.channel, q.kind), reverse=True)


def kinds(channel: str, count: Count, pace: int) -> Iterable[str]:
    """In which ways a day is out of the ordinary: high, low (both by more than chance), fast."""
    if channel in ORDINARY_RATES and count.attempts >= FEWEST:
        lowest, highest = ORDINARY_RATES[channel]
        low, high = hours.wilson(count)
        if low > highest:
            yield "high"
        if high < lowest:
            yield "low"
    if pace > FASTEST[channel]:
        yield "fast"


def answer(question: Question, campaign: Campaign, said: str, *, by: Person) -> None:
    """Save what the team says, instead of any earlier answer. Raises ValueError for what is not one of ANSWERS."""
    if said not in ANSWERS:
        raise ValueError(said)
    facts = {"answer": said, "answered_at": clock.now(), "answered_by_id": by.id}
    row = {
        "campaign_id": campaign.id,
        "organisation_id": question.organisation.id,
        "day": question.day,
        "channel": question.channel,
        "kind": question.kind,
    }
    statement = insert(Answer).values(id=new_id(), **row, **facts)
    session.execute(statement.on_conflict_do_update(index_elements=list(row), set_=facts))


def _odd_days(campaign: Campaign, organisation_ids: Select[str], since: date) -> dict[str, list[Day]]:
    """The days since then that are out of the ordinary, by organisation.

    Reading two weeks of attempts is half of the work of a campaign's page, and an organisation's pulse rises with each
    change of them: only those whose pulse has risen since the last time are read.
    """
    pulses = tallies.beats_of(campaign.id, organisation_ids)
    marks = {id_: (since, beat) for id_, beat in pulses.items()}
    # A transaction that writes may be rolled back, so what it reads must not be cached.
    known = _cache if db.is_reading() else {}
    if len(known) > MOST_CACHED:
        known.clear()
    unread = [id_ for id_, mark in marks.items() if known.get((campaign.id, id_), (None,))[0] != mark]
    found = _read(campaign, unread, since)
    for id_ in unread:
        known[campaign.id, id_] = marks[id_], found[id_]
    return {id_: known[campaign.id, id_][1] for id_ in marks}


def _read(campaign: Campaign, organisation_ids: list[str], since: date) -> dict[str, list[Day]]:
    """The days that are out of the ordinary, read from the attempts."""
    found: dict[str, list[Day]] = {id_: [] for id_ in organisation_ids}
    for some in in_batches(organisation_ids):
        for id_, day, channel, attempts, conversations, pace in session.execute(_days(campaign, some, since)):
            odd = Day(day, channel, Count(int(attempts), int(conversations)), int(pace or 0))
            if any(kinds(channel, odd.counted, odd.pace)):
                found[id_].append(odd)
    return found


def _days(campaign: Campaign, organisation_ids: list[str], since: date) -> Select[Any]:
    """A query for the attempts, the conversations and the pace of each organisation, day and channel.

    Late reports count; but they tell no hours, so they have no pace.
    """
    key = (Attempt.organisation_id, Attempt.happened_on, Attempt.channel)
    is_late = Attempt.late_report_id.is_not(None).label("is_late")
    talked = func.coalesce(func.sum(Attempt.number).filter(Attempt.outcome == TALKED), 0).label("talked")
    hours = (
        select(*key, is_late, func.sum(Attempt.number).label("number"), talked)
        .where(
            Attempt.campaign_id == campaign.id,
            Attempt.happened_on >= since,
            COUNTS,
            Attempt.organisation_id.in_(organisation_ids),
        )
        .group_by(*key, is_late, Attempt.author_id, Attempt.happened_at)
        .subquery()
    )
    columns = (hours.c.organisation_id, hours.c.happened_on, hours.c.channel)
    pace = func.max(hours.c.number).filter(hours.c.is_late.is_(False))
    return select(*columns, func.sum(hours.c.number), func.sum(hours.c.talked), pace).group_by(*columns)


def _answers(campaign: Campaign, since: date) -> dict[tuple[str, date, str, str], str]:
    """The answers by organisation, day, channel and kind."""
    query = select(Answer).where(Answer.campaign_id == campaign.id, Answer.day >= since)
    return {(row.organisation_id, row.day, row.channel, row.kind): row.answer for row in session.scalars(query)}
