"""Plausibility: rates and paces far out of the ordinary become a question, to the team first and then to its leader.

A question is about a team's day, never about a person, and nobody's position is asked for. It changes no number: the
team says that it is right as it stands, or corrects what it logged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ForeignKey, Select, String, UniqueConstraint, func, select
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

# The contact rates that people who knock and call for a living see; 10–30 % is normal at doors. Where only those are
# counted who stop to talk, as at a stall, any rate is ordinary.
ORDINARY_RATES = {"door": (0.02, 0.6), "phone": (0.02, 0.7)}
# Attempts in an hour by one phone. A recorder who logs for six at doors stays below.
FASTEST = {"door": 150, "phone": 90, "stall": 300, "digital": 150, "workplace": 150}
FEWEST = 20  # attempts; of fewer, any rate is chance
# How far back a day is asked about, and how long the team has to itself before its leader sees an open question.
LOOKED_AT = timedelta(days=14)
TEAMS_TIME = timedelta(days=2)
ANSWERS = ("right", "wrong")


class Answer(Base):
    """What a team says of a day that looked odd: `right` as it stands, or `wrong` and to be corrected."""

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
    """A team's day by one channel that is out of the ordinary: too much talk, too little, or too fast.

    `pace` is the most attempts that one phone logged in one hour. `answer` is the team's, '' while there is none.
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
        """Does the team still have it to itself?"""
        return not self.answer and clock.today() - self.day < TEAMS_TIME


def questions(campaign: Campaign, person: Person, organisation: Organisation) -> list[Question]:
    """What to ask this person about the days lately at an organisation and beneath, the latest first.

    Their own team's open questions; and for leaders those that their teams left open, or answered with "wrong".
    Nothing above a municipal organisation: nobody there knows the teams, and it would read every row of two weeks.
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
    """Every day lately that is out of the ordinary, with the team's answer."""
    since = clock.today() - LOOKED_AT
    days: dict[tuple[str, date, str], Count] = {}
    lately = (
        Attempt.campaign_id == campaign.id,
        Attempt.happened_on >= since,
        Attempt.is_deleted.is_(False),
        Attempt.organisation_id.in_(organisation_ids),
    )
    whose = (Attempt.organisation_id, Attempt.happened_on, Attempt.channel)
    talked = func.coalesce(func.sum(Attempt.number).filter(Attempt.outcome == TALKED), 0)
    for organisation_id, day, channel, attempts, conversations in session.execute(
        select(*whose, func.sum(Attempt.number), talked).where(*lately).group_by(*whose)
    ):
        days[organisation_id, day, channel] = Count(int(attempts), int(conversations))
    # Paper totals have no hours, so they have no pace.
    in_an_hour = (
        select(*whose, func.sum(Attempt.number).label("number"))
        .where(*lately, Attempt.late_report_id.is_(None))
        .group_by(*whose, Attempt.author_id, Attempt.happened_at)
        .subquery()
    )
    columns = (in_an_hour.c.organisation_id, in_an_hour.c.happened_on, in_an_hour.c.channel)
    paces = {
        (organisation_id, day, channel): int(pace)
        for organisation_id, day, channel, pace in session.execute(
            select(*columns, func.max(in_an_hour.c.number)).group_by(*columns)
        )
    }
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
    """In which ways a day is out of the ordinary: only what chance does not explain."""
    if channel in ORDINARY_RATES and count.attempts >= FEWEST:
        lowest, highest = ORDINARY_RATES[channel]
        low, high = hours.interval(count)
        if low > highest:
            yield "high"
        if high < lowest:
            yield "low"
    if pace > FASTEST[channel]:
        yield "fast"


def answer(question: Question, campaign: Campaign, said: str, *, by: Person) -> None:
    """Note what the team says. The latest answer stands. Raises ValueError for an answer that there is not."""
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


def _answers(campaign: Campaign, since: date) -> dict[tuple[str, date, str, str], str]:
    query = select(Answer).where(Answer.campaign_id == campaign.id, Answer.day >= since)
    return {(row.organisation_id, row.day, row.channel, row.kind): row.answer for row in session.scalars(query)}
