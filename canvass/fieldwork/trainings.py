"""Trainings for leading shifts, and a warning when a campaign depends on one leader."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ForeignKey, Select, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass.core import audit, clock, i18n
from canvass.core.db import Base, Id, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Membership, Person

# The period and the number of shifts from which to judge whether a campaign depends on one leader.
LATELY = timedelta(days=28)
MANY = 4
MOST_TO_CHOOSE = 500


class Training(Base):
    """A person's training for leading shifts."""

    __tablename__ = "trainings"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    done_on: Mapped[date]
    noted_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))

    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


def note(person: Person, organisation: Organisation, done_on: date | None, *, by: Person) -> Training:
    """Note the training; a later date replaces the earlier one. Raises Refused."""
    if done_on is None:
        raise Refused({"done_on": _("Välj en dag.")})
    if done_on > clock.today():
        raise Refused({"done_on": _("Skriv in utbildningen när den är gjord.")})
    known = session.scalar(
        select(Training).where(Training.person_id == person.id, Training.organisation_id == organisation.id)
    )
    if known is None:
        known = Training(person=person, organisation=organisation)
        session.add(known)
    known.done_on, known.noted_by_id = done_on, by.id
    session.flush()
    audit.record("training.note", person_id=by.id, organisation_id=organisation.id, leader=person.id)
    return known


def forget(training: Training, *, by: Person) -> None:
    """Remove a training noted by mistake."""
    audit.record(
        "training.forget", person_id=by.id, organisation_id=training.organisation_id, leader=training.person_id
    )
    session.delete(training)


def at(organisation_ids: Select[str]) -> list[Training]:
    """The trainings at these organisations, by name."""
    found = session.scalars(select(Training).where(Training.organisation_id.in_(organisation_ids)))
    return sorted(found, key=lambda training: (i18n.sort_key(training.person.name), training.id))


def trained(organisation_ids: Select[str]) -> set[str]:
    """The ids of the people trained at these organisations."""
    return set(session.scalars(select(Training.person_id).where(Training.organisation_id.in_(organisation_ids))))


def leaders_to_choose(organisation: Organisation, *, by: Person) -> list[Person]:
    """Who may be put to lead a shift of the organisation: its people and those beneath, and the one who plans it.

    Those who have done the training come first.
    """
    here = organisations.beneath(organisation.id)
    query = select(Person).where(
        Person.id.in_(select(Membership.person_id).where(Membership.organisation_id.in_(here)))
    )
    found = {person.id: person for person in session.scalars(query.limit(MOST_TO_CHOOSE))} | {by.id: by}
    done = trained(here)
    return sorted(found.values(), key=lambda person: (person.id not in done, i18n.sort_key(person.name), person.id))


# --- who comes ----------------------------------------------------------------------------------------------


def leans_on_one(campaign: Campaign, organisation_ids: Select[str]) -> Person | None:
    """The person without whom the campaign would stand still there, if there is one.

    Either they lead more than half of the shifts of the last four weeks and those to come, four shifts or more, or
    nobody else has done the training although shifts are to come.
    """
    query = (
        select(Shift.leader_id, func.count(), func.max(Shift.ends_at))
        .where(
            Shift.campaign_id == campaign.id,
            Shift.organisation_id.in_(organisation_ids),
            Shift.cancelled_at.is_(None),
            Shift.leader_id.is_not(None),
            Shift.starts_at > clock.now() - LATELY,
        )
        .group_by(Shift.leader_id)
    )
    rows = session.execute(query).all()
    total = sum(number for _leader, number, _ends in rows)
    for leader_id, number, _ends in rows:
        if total >= MANY and number > total / 2:
            return session.get(Person, leader_id)
    done = trained(organisation_ids)
    if len(done) == 1 and any(ends_at > clock.now() for _leader, _number, ends_at in rows):
        return session.get(Person, done.pop())
    return None
