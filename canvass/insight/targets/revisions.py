"""Revisions: setting targets together with others who do so at the same time, and the history of each target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, select

from canvass.core import i18n
from canvass.core.db import session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import targets
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.targets import Target
from canvass.insight.targets.parts import Agreed
from canvass.members import people
from canvass.members.organisations import Organisation
from canvass.members.people import Person


class Revision(NamedTuple):
    """A target in the history: the number, the one before it, who set it when and why."""

    number: int
    before: int | None
    set_at: datetime
    set_by: str
    note: str


class Wish(NamedTuple):
    """A target that somebody wants to set, and the number of the revision they saw when they wrote it."""

    organisation: Organisation
    area_id: str
    number: int
    saw: int


def agreed(campaign: Campaign) -> dict[tuple[str, str], Agreed]:
    """The targets at present by organisation and area id; the area is '' for the organisation itself."""
    newest = (
        select(Target.organisation_id, Target.area_id, func.max(Target.revision).label("revision"))
        .where(Target.campaign_id == campaign.id)
        .group_by(Target.organisation_id, Target.area_id)
        .subquery()
    )
    query = (
        select(Target.organisation_id, Target.area_id, Target.number, Target.revision, Target.set_at, Person.name)
        .join(
            newest,
            and_(
                Target.organisation_id == newest.c.organisation_id,
                Target.area_id == newest.c.area_id,
                Target.revision == newest.c.revision,
            ),
        )
        .outerjoin(Person, Person.id == Target.set_by_id)
        .where(Target.campaign_id == campaign.id)
    )
    return {
        (organisation_id, area_id): Agreed(number, revision, set_at, people.first_name(name))
        for organisation_id, area_id, number, revision, set_at, name in session.execute(query)
    }


def history(campaign: Campaign, organisation_id: str, area_id: str = "") -> list[Revision]:
    """Every number that the target of an organisation, or of its area, has been, the newest first."""
    query = select(Target, Person.name).outerjoin(Person, Person.id == Target.set_by_id)
    query = query.where(
        Target.campaign_id == campaign.id, Target.organisation_id == organisation_id, Target.area_id == area_id
    )
    found: list[Revision] = []
    for target, name in session.execute(query.order_by(Target.revision)):
        before = found[-1].number if found else None
        found.append(Revision(target.number, before, target.set_at, people.first_name(name), target.note))
    return found[::-1]


def save(campaign: Campaign, wishes: Mapping[str, Wish], *, note: str = "", by: Person) -> bool:
    """Set the targets that differ from what the person saw; True when anything changed.

    Numbers that the person did not touch stay, whoever has changed them since. Raises Refused with a sentence by the
    wish's key, also where somebody else has set another number since; the caller then rolls back.
    """
    # Of two leaders at once the second waits here and then sees what the first has set. Logging is not held up.
    session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update(key_share=True))
    present = agreed(campaign)
    before = _seen(campaign, wishes.values())
    errors: dict[str, str] = {}
    has_changed = False
    for key, wish in wishes.items():
        now = present.get((wish.organisation.id, wish.area_id))
        saw = before.get((wish.organisation.id, wish.area_id, wish.saw))
        if wish.number == saw or (now and wish.number == now.number):
            continue
        if now and now.revision > wish.saw:
            errors[key] = _overtaken(now, wish.number)
            continue
        try:
            targets.agree(campaign, wish.organisation, wish.number, area_id=wish.area_id, note=note, by=by)
        except Refused as error:
            errors["note" if "note" in error.errors else key] = str(error)
        has_changed = True
    if errors:
        raise Refused(errors)
    return has_changed


def _seen(campaign: Campaign, wishes: Iterable[Wish]) -> dict[tuple[str, str, int], int]:
    """Every target that the wishes' organisations have had, by organisation, area and revision."""
    query = select(Target.organisation_id, Target.area_id, Target.revision, Target.number).where(
        Target.campaign_id == campaign.id,
        Target.organisation_id.in_({wish.organisation.id for wish in wishes}),
    )
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(query)}


def _overtaken(now: Agreed, number: int) -> str:
    """What to say to somebody who wrote `number` without having seen the target `now`."""
    values = {"theirs": i18n.number(now.number), "yours": i18n.number(number)}
    if not now.set_by:
        return _("Målet ändrades till %(theirs)s medan du skrev %(yours)s. Spara igen om ditt tal ska gälla.", **values)
    return _(
        "%(name)s satte %(theirs)s medan du skrev %(yours)s. Spara igen om ditt tal ska gälla.",
        name=now.set_by,
        **values,
    )
