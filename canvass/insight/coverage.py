"""Coverage: how each piece of ground stands in a campaign, when somebody was there, and which shifts go there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import ColumnElement, func, or_, select

from canvass.core import clock, geometry
from canvass.core.db import in_batches, session
from canvass.core.i18n import gettext as _
from canvass.core.settings import ROOT
from canvass.counting import tallies
from canvass.counting.tallies import Count, Tally
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift, ShiftArea
from canvass.members import organisations
from canvass.members.organisations import Organisation

MUNICIPALITIES = ROOT / "canvass" / "reference" / "municipalities.geojson"
MEASURES = ("attainment", "visited")
# How much of it is done, from 0 (nothing) to 5 (all), by both measures: the paler, the more we are needed there.
# Each step up to, but without, this many per cent; and each with the days that may have gone since somebody was there.
BELOW_PERCENT = {1: 25, 2: 50, 3: 75, 4: 100}
WITHIN_DAYS = {5: 7, 4: 14, 2: 28}


@dataclass(frozen=True)
class Ground:
    """An area, or from above a municipality, and how it stands in a campaign."""

    id: str
    name: str
    code: str
    count: Count
    target: int | None
    last_on: date | None
    next_at: datetime | None
    households: int | None = None
    area: Area | None = None

    @property
    def basis(self) -> str:
        """What the percentage is of: the agreed `target`, else the `households`, else nothing."""
        return "target" if self.target else "households" if self.households else ""

    @property
    def percentage(self) -> int | None:
        """Conversations ÷ target, else attempts ÷ households; rounded down, so that 100 is never said too early."""
        if self.target:
            return 100 * self.count.conversations // self.target
        return 100 * self.count.attempts // self.households if self.households else None

    @property
    def days_since(self) -> int | None:
        """Days since somebody was there, in whatever way; None when nobody has been."""
        return max(0, (clock.today() - self.last_on).days) if self.last_on else None

    def step(self, measure: str) -> int | None:
        """How much is done, 0–5; None where there is nothing to measure by."""
        if measure == "visited":
            days = self.days_since
            return 0 if days is None else next((step for step, most in WITHIN_DAYS.items() if days < most), 1)
        if self.percentage is None:
            return None
        done = self.count.conversations if self.basis == "target" else self.count.attempts
        return next((step for step, end in BELOW_PERCENT.items() if self.percentage < end), 5) if done else 0


@dataclass(frozen=True)
class Visit:
    """A day on which an organisation's people were in an area."""

    day: date
    organisation: str
    count: Count


# --- looking ------------------------------------------------------------------------------------------------


def by_area(campaign: Campaign, organisation: Organisation, *, also: Area | None = None) -> list[Ground]:
    """The organisation's ground with what it has done there, untouched areas too, and wherever else it has been.

    An organisation without areas of its own walks in those above it. `also` is in the answer whatever it is.
    """
    counts = tallies.by("area", campaign.id, organisations.beneath(organisation.id))
    last_days, planned = _last_days_by_area(campaign, organisation), _planned_by_area(campaign, organisation)
    own = [area for area in areas.owned_beneath(organisation.id) if not area.retired_at]
    known = {area.id: area for area in own or areas.serving(organisation.id)}
    been = {area_id for area_id, count in counts.items() if area_id and count.attempts}
    for ids in in_batches(sorted((been | set(planned) | ({also.id} if also else set())) - set(known))):
        known |= {area.id: area for area in session.scalars(select(Area).where(Area.id.in_(ids)))}
    targets = campaigns.area_targets(campaign)
    return [
        Ground(
            id=area.id,
            name=area.name,
            code=area.code,
            count=counts.get(area.id, Count()),
            target=targets.get(area.id),
            households=area.households,
            last_on=last_days.get(area.id),
            next_at=planned.get(area.id),
            area=area,
        )
        for area in areas.in_order(known.values())
    ]


def by_municipality(campaign: Campaign, organisation: Organisation) -> list[Ground]:
    """The municipal organisations beneath, each with all that has been done under it."""
    tree = organisations.tree([organisation.id])
    municipal_of: dict[str, str] = {}
    for _depth, node in tree:
        municipal_of[node.id] = node.id if node.kind == "municipal" else municipal_of.get(node.parent_id or "", "")
    counts: dict[str, Count] = {}
    for organisation_id, count in tallies.by_organisation(campaign.id, organisations.beneath(organisation.id)).items():
        before = counts.get(municipal_of[organisation_id], Count())
        counts[municipal_of[organisation_id]] = Count(
            before.attempts + count.attempts, before.conversations + count.conversations
        )
    last_days: dict[str, date] = {}
    for organisation_id, day in _last_days_by_organisation(campaign, organisation).items():
        key = municipal_of[organisation_id]
        last_days[key] = max(day, last_days.get(key, day))
    planned: dict[str, datetime] = {}
    for organisation_id, moment in _planned_by_organisation(campaign, organisation).items():
        key = municipal_of.get(organisation_id, "")
        planned[key] = min(moment, planned.get(key, moment))
    targets = campaigns.targets(campaign)
    return [
        Ground(
            id=node.id,
            name=node.name,
            code=node.code,
            count=counts.get(node.id, Count()),
            target=targets.get(node.id),
            last_on=last_days.get(node.id),
            next_at=planned.get(node.id),
        )
        for node in organisations.in_order(node for _depth, node in tree if node.kind == "municipal")
    ]


def outlines(grounds: list[Ground]) -> dict[str, geometry.Geometry]:
    """The outlines there are, by the ground's id."""
    shown = areas.with_outlines(ground.area for ground in grounds if ground.area)
    found = {area.id: outline for area in shown if (outline := area.geometry)}
    coded = {ground.id: ground.code for ground in grounds if not ground.area}
    return found | {id_: outline for id_, code in coded.items() if (outline := _municipalities().get(code))}


def visits(campaign: Campaign, organisation: Organisation, area: Area, most: int = 10) -> list[Visit]:
    """When the organisation's people were there, the latest first, with what came of it."""
    talked = func.sum(Tally.number).filter(Tally.outcome == campaigns.TALKED)
    query = (
        select(Tally.key, Organisation.name, func.sum(Tally.number), func.coalesce(talked, 0))
        .join(Organisation, Organisation.id == Tally.organisation_id)
        .where(
            Tally.campaign_id == campaign.id,
            Tally.dimension == "visit",
            Tally.organisation_id.in_(organisations.beneath(organisation.id)),
            Tally.key.startswith(f"{area.id}:"),
            Tally.number > 0,
        )
        .group_by(Tally.key, Organisation.id, Organisation.name)
        .order_by(Tally.key.desc(), Organisation.name)
        .limit(most)
    )
    return [
        Visit(date.fromisoformat(key.partition(":")[2]), name, Count(int(attempts), int(conversations)))
        for key, name, attempts, conversations in session.execute(query)
    ]


def advice_name(channel: str) -> str:
    """A channel as an advice."""
    return {
        "door": _("Knacka dörr"),
        "phone": _("Ring runt"),
        "stall": _("Stå på torget"),
        "digital": _("Samtala digitalt"),
        "workplace": _("Gå till arbetsplatserna"),
    }[channel]


# --- shifts there -------------------------------------------------------------------------------------------


def upcoming(campaign: Campaign, organisation: Organisation) -> list[Shift]:
    """The shifts to come at the organisation, those beneath it and those above it, the next first."""
    query = select(Shift).where(*_to_come(campaign, organisation)).order_by(Shift.starts_at, Shift.id)
    return list(session.scalars(query))


# --- helpers ------------------------------------------------------------------------------------------------


def _to_come(campaign: Campaign, organisation: Organisation) -> list[ColumnElement[bool]]:
    """What must hold of a shift that the organisation may know of and that has not ended."""
    upwards = [node.id for node in organisations.above(organisation.id)]
    owner = or_(Shift.organisation_id.in_(organisations.beneath(organisation.id)), Shift.organisation_id.in_(upwards))
    return [Shift.campaign_id == campaign.id, Shift.cancelled_at.is_(None), Shift.ends_at > clock.now(), owner]


def _planned_by_area(campaign: Campaign, organisation: Organisation) -> dict[str, datetime]:
    """When the next shift goes to each area."""
    query = select(ShiftArea.area_id, func.min(Shift.starts_at)).join(Shift, Shift.id == ShiftArea.shift_id)
    return dict(iter(session.execute(query.where(*_to_come(campaign, organisation)).group_by(ShiftArea.area_id))))


def _planned_by_organisation(campaign: Campaign, organisation: Organisation) -> dict[str, datetime]:
    """When each organisation has its next shift."""
    query = select(Shift.organisation_id, func.min(Shift.starts_at)).where(*_to_come(campaign, organisation))
    return dict(iter(session.execute(query.group_by(Shift.organisation_id))))


def _last_days_by_area(campaign: Campaign, organisation: Organisation) -> dict[str, date]:
    """The last day the organisation's people were in each area: the latest of its keys, `area:day`."""
    query = (
        select(func.substr(Tally.key, 1, 36).label("area"), func.max(Tally.key))
        .where(
            Tally.campaign_id == campaign.id,
            Tally.dimension == "visit",
            Tally.organisation_id.in_(organisations.beneath(organisation.id)),
            Tally.number > 0,
        )
        .group_by("area")
    )
    return {area_id: date.fromisoformat(key.partition(":")[2]) for area_id, key in session.execute(query)}


def _last_days_by_organisation(campaign: Campaign, organisation: Organisation) -> dict[str, date]:
    """The last day each organisation's people were anywhere."""
    query = (
        select(Tally.organisation_id, func.max(Tally.key))
        .where(
            Tally.campaign_id == campaign.id,
            Tally.dimension == "day",
            Tally.organisation_id.in_(organisations.beneath(organisation.id)),
            Tally.number > 0,
        )
        .group_by(Tally.organisation_id)
    )
    return {organisation_id: date.fromisoformat(day) for organisation_id, day in session.execute(query)}


@cache
def _municipalities() -> dict[str, geometry.Geometry]:
    """The outlines of Sweden's municipalities by code."""
    features = json.loads(MUNICIPALITIES.read_text("utf-8"))["features"]
    return {feature["properties"]["kommun_kod"]: feature["geometry"] for feature in features}
