"""Targets: the numbers of conversations agreed in a campaign, with their history."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import audit, clock
from canvass.core.db import Base, Id, connection, new_id, session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person

LARGEST_TARGET = 10_000_000
LONGEST_NOTE = 200


class Target(Base):
    """The number of conversations agreed for a campaign at one organisation, or in one of its areas.

    Append-only: a new number is a new revision.
    """

    __tablename__ = "targets"
    __table_args__ = (UniqueConstraint("campaign_id", "organisation_id", "area_id", "revision"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    campaign_id: Mapped[str] = mapped_column(Id, ForeignKey(Campaign.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    # '' for the organisation itself: NULLs would not be unique.
    area_id: Mapped[str] = mapped_column(Id, default="")
    revision: Mapped[int]
    number: Mapped[int]
    note: Mapped[str] = mapped_column(String(200), default="")
    set_at: Mapped[datetime] = mapped_column(default=clock.now)
    set_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))


def agree(
    campaign: Campaign,
    organisation: Organisation,
    number: int | None,
    *,
    area_id: str = "",
    note: str = "",
    by: Person | None = None,
) -> None:
    """Agree on a number of conversations for an organisation, or for one of its areas. None changes nothing.

    Earlier numbers are kept as the history, each with `note` on why. Raises Refused.
    """
    if number is None:
        return
    _check(campaign, organisation, number, note)
    latest = _latest(campaign, organisation, area_id)
    if latest is not None and latest.number == number:
        return
    session.add(
        Target(
            campaign_id=campaign.id,
            organisation_id=organisation.id,
            area_id=area_id,
            revision=latest.revision + 1 if latest else 1,
            number=number,
            note=" ".join(note.split()),
            set_by_id=by.id if by else None,
        )
    )
    session.flush()
    audit.record(
        "target.set",
        person_id=by.id if by else None,
        organisation_id=campaign.organisation_id,
        campaign=campaign.id,
        organisation=organisation.id,
        number=number,
        **({"area": area_id} if area_id else {}),
    )


def _check(campaign: Campaign, organisation: Organisation, number: int, note: str) -> None:
    if sentence := wrong(number):
        raise Refused({"target": sentence})
    if len(note) > LONGEST_NOTE:
        raise Refused({"note": _("Skriv högst 200 tecken.")})
    if not organisations.is_beneath(organisation.id, campaign.organisation_id):
        raise Refused({"target": _("%(name)s är inte med i kampanjen.", name=organisation.name)})


def wrong(number: int | None) -> str:
    """What is wrong with a number, in a sentence; empty when nothing is."""
    if number is None or 0 <= number <= LARGEST_TARGET:
        return ""
    return _("Målet ska vara ett heltal mellan 0 och 10 miljoner.")


def _latest(campaign: Campaign, organisation: Organisation, area_id: str) -> Target | None:
    query = select(Target).where(
        Target.campaign_id == campaign.id, Target.organisation_id == organisation.id, Target.area_id == area_id
    )
    return session.scalar(query.order_by(Target.revision.desc()).limit(1))


_AGREED = (
    select(Target.campaign_id, Target.organisation_id, Target.number)
    .where(Target.campaign_id.in_(bindparam("campaigns", expanding=True)), Target.area_id == "")
    .order_by(Target.revision)
)


def agreed(campaign: Campaign) -> dict[str, int]:
    """The present targets by organisation id, without those of areas."""
    return {organisation_id: number for (_campaign, organisation_id), number in agreed_in([campaign.id]).items()}


def agreed_in(campaign_ids: Collection[str]) -> dict[tuple[str, str], int]:
    """The present targets by campaign id and organisation id, without those of areas."""
    rows = connection().execute(_AGREED, {"campaigns": list(campaign_ids)})
    # The latest last, so that it wins.
    return {(campaign_id, organisation_id): number for campaign_id, organisation_id, number in rows}


_REVISIONS = (
    select(Target.set_at, Target.number)
    .where(
        Target.campaign_id == bindparam("campaign"),
        Target.organisation_id == bindparam("organisation"),
        Target.area_id == "",
    )
    .order_by(Target.revision)
)


def revisions(campaign: Campaign, organisation_id: str) -> list[tuple[date, int]]:
    """(day set, number) of every revision of an organisation's target, the first first."""
    rows = session.execute(_REVISIONS, {"campaign": campaign.id, "organisation": organisation_id})
    return [(clock.local_day(set_at), number) for set_at, number in rows]


def all_revisions(campaign: Campaign) -> dict[tuple[str, str], list[tuple[date, int]]]:
    """The same for every organisation and area of the campaign, by their ids; the area is '' for the organisation."""
    query = select(Target.organisation_id, Target.area_id, Target.set_at, Target.number)
    found: dict[tuple[str, str], list[tuple[date, int]]] = {}
    rows = session.execute(query.where(Target.campaign_id == campaign.id).order_by(Target.revision))
    for organisation_id, area_id, set_at, number in rows:
        found.setdefault((organisation_id, area_id), []).append((clock.local_day(set_at), number))
    return found


def agreed_for_areas(campaign: Campaign) -> dict[str, int]:
    """The present targets of areas, by area id."""
    query = select(Target.area_id, Target.number).where(Target.campaign_id == campaign.id, Target.area_id != "")
    # The latest last, so that it wins: an area that has changed owner has revisions under both.
    return dict(iter(session.execute(query.order_by(Target.set_at, Target.revision))))
