"""Withdrawals: all that somebody, or a phone, has logged in a campaign taken out of the count, until that is undone.

The rows stay as they are and as their author corrects them; they only do not count. Counters move by their sums.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, ForeignKey, Select, func, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock
from canvass.core.db import Base, Id, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting import attempts
from canvass.counting.attempts import COUNTS, Attempt
from canvass.counting.receipts import Installation, Operation
from canvass.fieldwork.campaigns import TALKED, Campaign
from canvass.members import access
from canvass.members.organisations import Organisation
from canvass.members.people import Membership, Person


class Withdrawal(Base):
    """What was taken out of a campaign's count at once: of a person, or of everybody on one of their phones."""

    __tablename__ = "withdrawals"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    # The campaign's owner, whose leaders decide on its figures.
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id))
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id))
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id), index=True)
    installation_id: Mapped[str | None] = mapped_column(Id)
    attempts: Mapped[int]
    conversations: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    undone_at: Mapped[datetime | None]

    campaign: Mapped[Campaign] = relationship(lazy="joined", innerjoin=True)


@dataclass(frozen=True)
class Part:
    """What a withdrawal would take out of a campaign's count, with the first and the last day of it."""

    campaign: Campaign
    attempts: int
    conversations: int
    first_on: date
    last_on: date


def person(reader: Person, person_id: str) -> Person:
    """The person whose contribution the reader may judge: of their organisations, also when no longer in them.

    Raises access.NotFound.
    """
    mine = access.reach(reader, "quarantine.review")
    is_member = select(Membership.id).where(Membership.person_id == Person.id, Membership.organisation_id.in_(mine))
    query = select(Person).where(Person.id == person_id, Person.association_id.in_(mine) | is_member.exists())
    found = session.scalar(query)
    if found is None:
        raise access.NotFound(person_id)
    return found


def phones(whose: Person) -> list[Installation]:
    """The phones that the person used last, those heard from lately first."""
    query = select(Installation).where(Installation.person_id == whose.id)
    return list(session.scalars(query.order_by(Installation.heard_at.desc(), Installation.id)))


def preview(whose: Person, installation_id: str | None, reader: Person) -> list[Part]:
    """What may be withdrawn, by campaign: in those whose owner the reader reviews for."""
    talked = func.sum(Attempt.number).filter(Attempt.outcome == TALKED)
    query = (
        select(
            Attempt.campaign_id,
            func.sum(Attempt.number),
            func.coalesce(talked, 0),
            func.min(Attempt.happened_on),
            func.max(Attempt.happened_on),
        )
        .where(_of(whose, installation_id), Attempt.campaign_id.in_(_mine(reader)), COUNTS)
        .group_by(Attempt.campaign_id)
    )
    rows = {row[0]: row[1:] for row in session.execute(query)}
    found = session.scalars(select(Campaign).where(Campaign.id.in_(rows)).order_by(Campaign.starts_on, Campaign.id))
    return [
        Part(one, int(tried), int(talks), first, last) for one in found for tried, talks, first, last in [rows[one.id]]
    ]


def withdraw(whose: Person, installation_id: str | None, campaign: Campaign, *, by: Person) -> Withdrawal:
    """Take all of it out of the count. Raises Refused when nothing is left, access.Forbidden without the right."""
    access.require(by, "quarantine.review", campaign.organisation_id)
    found = Withdrawal(
        id=new_id(),
        organisation_id=campaign.organisation_id,
        campaign=campaign,
        person_id=whose.id,
        installation_id=installation_id,
        created_by_id=by.id,
    )
    # The rows are marked first: what is counted below is then exactly what has been marked, whoever logs meanwhile.
    rows = update(Attempt).where(_of(whose, installation_id), Attempt.campaign_id == campaign.id, COUNTS)
    session.execute(rows.values(withdrawal_id=found.id), execution_options={"synchronize_session": False})
    sums = _sums(found.id)
    if not sums:
        raise Refused(_("Det finns inget kvar att ta tillbaka där."))
    found.attempts = sum(sums.values())
    found.conversations = sum(number for group, number in sums.items() if group[6] == TALKED)
    session.add(found)
    attempts.move(sums, -1)
    _note("contribution.withdraw", found, by)
    return found


def undo(one: Withdrawal, *, by: Person) -> bool:
    """Count it again, but for what its author has undone meanwhile. False when that has been done before."""
    access.require(by, "quarantine.review", one.organisation_id)
    session.refresh(one, with_for_update={"of": Withdrawal})
    if one.undone_at is not None:
        return False
    its = Attempt.withdrawal_id == one.id
    session.execute(select(Attempt.id).where(its).order_by(Attempt.id).with_for_update()).all()
    attempts.move(_sums(one.id), 1)
    session.execute(
        update(Attempt).where(its).values(withdrawal_id=None), execution_options={"synchronize_session": False}
    )
    one.undone_at = clock.now()
    _note("contribution.return", one, by)
    return True


def of(whose: Person, reader: Person) -> list[Withdrawal]:
    """The withdrawals of the person that are not undone and the reader may undo, the latest first."""
    query = select(Withdrawal).where(
        Withdrawal.person_id == whose.id, Withdrawal.undone_at.is_(None), Withdrawal.campaign_id.in_(_mine(reader))
    )
    return list(session.scalars(query.order_by(Withdrawal.created_at.desc(), Withdrawal.id)))


def _of(whose: Person, installation_id: str | None) -> ColumnElement[bool]:
    """The condition on the attempts: of a person, or made on one of their phones by anybody; never late reports."""
    is_phoned = Attempt.late_report_id.is_(None)
    if installation_id is None:
        return is_phoned & (Attempt.author_id == whose.id)
    # What was held has changed nothing, and may name somebody else's attempt.
    made_there = select(Operation.attempt_id).where(
        Operation.installation_id == installation_id, Operation.verdict != "quarantined"
    )
    return is_phoned & Attempt.id.in_(made_there)


def _mine(reader: Person) -> Select[str]:
    """The ids of the campaigns whose figures the reader decides on."""
    return select(Campaign.id).where(Campaign.organisation_id.in_(access.reach(reader, "quarantine.review")))


def _sums(withdrawal_id: str) -> Counter[attempts.Group]:
    """The numbers of what was withdrawn, by what decides which counters they move."""
    columns = (
        Attempt.campaign_id,
        Attempt.organisation_id,
        Attempt.area_id,
        Attempt.channel,
        Attempt.happened_at,
        Attempt.topics,
        Attempt.outcome,
        Attempt.shift_id,
        Attempt.number,
    )
    query = select(*columns).where(Attempt.withdrawal_id == withdrawal_id, Attempt.is_deleted.is_(False))
    sums: Counter[attempts.Group] = Counter()
    for campaign, owner, area, channel, at, topics, outcome, shift, number in session.execute(query):
        sums[campaign, owner, area, channel, at, tuple(topics), outcome, shift] += number
    return sums


def _note(action: str, one: Withdrawal, by: Person) -> None:
    session.flush()
    audit.record(
        action,
        person_id=by.id,
        organisation_id=one.organisation_id,
        campaign=one.campaign_id,
        withdrawal=one.id,
        member=one.person_id,
        attempts=one.attempts,
    )
