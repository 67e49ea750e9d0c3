"""Plausibility: contact rates and paces out of the ordinary become a question to the team, and later to its leader.

A question is about a team's day, never about a person, and it changes no number: the team answers that the figures are
right, or that they are wrong and corrects what it logged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, ForeignKey, Select, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock
from canvass.core.db import Base, Id, insert, new_id, session
from canvass.counting.attempts import Attempt
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
# What a question is about: an organisation, a day and a channel.
Key = tuple[str, date, str]
KEY = (Attempt.organisation_id, Attempt.happened_on, Attempt.channel)


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


@dataclass(frozen=True)
class Question:
    """A team's day in one channel that is out of the ordinary: its contact rate is high or low, or its pace is fast.

    `kind` says which. `pace` is the most attempts that one person logged in an hour. `answer` is the team's, '' while
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
    days, paces = _days(campaign, organisation_ids, since), _paces(campaign, organisation_ids, since)
    answers = _answers(campaign, since)
    questions = [
        Question(
            session.get_one(Organisation, organisation_id),
            day,
            channel,
            kind,
            count,
            paces.get((organisation_id, day, channel), 0),
            answers.get((organisation_id, day, channel, kind), ""),
        )
        for (organisation_id, day, channel), count in days.items()
        for kind in kinds(channel, count, paces.get((organisation_id, day, channel), 0))
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


def _days(campaign: Campaign, organisation_ids: Select[str], since: date) -> dict[Key, Count]:
    """The counts of each organisation, day and channel, late reports included."""
    talked = func.coalesce(func.sum(Attempt.number).filter(Attempt.outcome == TALKED), 0)
    query = (
        select(*KEY, func.sum(Attempt.number), talked).where(*_lately(campaign, organisation_ids, since)).group_by(*KEY)
    )
    return {
        (organisation_id, day, channel): Count(int(attempts), int(conversations))
        for organisation_id, day, channel, attempts, conversations in session.execute(query)
    }


def _paces(campaign: Campaign, organisation_ids: Select[str], since: date) -> dict[Key, int]:
    """The most attempts that one person logged in an hour. Late reports tell no hours, so they have no pace."""
    in_an_hour = (
        select(*KEY, func.sum(Attempt.number).label("number"))
        .where(*_lately(campaign, organisation_ids, since), Attempt.late_report_id.is_(None))
        .group_by(*KEY, Attempt.author_id, Attempt.happened_at)
        .subquery()
    )
    columns = (in_an_hour.c.organisation_id, in_an_hour.c.happened_on, in_an_hour.c.channel)
    query = select(*columns, func.max(in_an_hour.c.number)).group_by(*columns)
    return {
        (organisation_id, day, channel): int(pace) for organisation_id, day, channel, pace in session.execute(query)
    }


def _lately(campaign: Campaign, organisation_ids: Select[str], since: date) -> list[ColumnElement[bool]]:
    """The conditions on attempts that count."""
    return [
        Attempt.campaign_id == campaign.id,
        Attempt.happened_on >= since,
        Attempt.is_deleted.is_(False),
        Attempt.organisation_id.in_(organisation_ids),
    ]


def _answers(campaign: Campaign, since: date) -> dict[tuple[str, date, str, str], str]:
    """The answers by organisation, day, channel and kind."""
    query = select(Answer).where(Answer.campaign_id == campaign.id, Answer.day >= since)
    return {(row.organisation_id, row.day, row.channel, row.kind): row.answer for row in session.scalars(query)}
