"""Coverage: how much of each area, or municipality, a campaign has done, when somebody was there last, and is next."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from sqlalchemy import ColumnElement, func, select

from canvass.core import clock, geometry
from canvass.core.db import session
from canvass.core.i18n import gettext as _
from canvass.core.settings import ROOT
from canvass.counting import tallies
from canvass.counting.tallies import Count, Tally
from canvass.fieldwork import areas, shifts, targets
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift, ShiftArea
from canvass.members import organisations
from canvass.members.organisations import Organisation

MUNICIPALITIES = ROOT / "canvass" / "reference" / "municipalities.geojson"
MEASURES = ("attainment", "visited")
# By either measure ground has a step from 0 (nothing done) to 5 (all done); the lower, the paler it is on the map.
# Attainment: each step's upper limit in per cent, not included; 100 % and more is step 5.
BELOW_PERCENT = {1: 25, 2: 50, 3: 75, 4: 100}
# Visited: the days within which somebody was there, the limit not included; longer ago is step 1.
WITHIN_DAYS = {5: 7, 4: 14, 2: 28}


@dataclass(frozen=True)
class Ground:
    """An area, or a municipality where whole municipalities are shown, with what a campaign has done there."""

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
        """What the percentage is of: the agreed `target`, else the `households`; '' when there is neither."""
        return "target" if self.target else "households" if self.households else ""

    @property
    def percentage(self) -> int | None:
        """Conversations ÷ target, else attempts ÷ households, rounded down so that 100 means all; None with neither."""
        if self.target:
            return 100 * self.count.conversations // self.target
        return 100 * self.count.attempts // self.households if self.households else None

    @property
    def days_since(self) -> int | None:
        """Days since the last attempt there, in any channel; None when there has been none."""
        return max(0, (clock.today() - self.last_on).days) if self.last_on else None

    def step(self, measure: str) -> int | None:
        """How much is done by one of MEASURES, 0–5; None where there is nothing to measure by."""
        if measure == "visited":
            days = self.days_since
            return 0 if days is None else next((step for step, most in WITHIN_DAYS.items() if days < most), 1)
        if self.percentage is None:
            return None
        done = self.count.conversations if self.basis == "target" else self.count.attempts
        return next((step for step, end in BELOW_PERCENT.items() if self.percentage < end), 5) if done else 0


def by_area(campaign: Campaign, organisation: Organisation, *, also: Area | None = None) -> list[Ground]:
    """The areas in use of the organisation and those beneath it, and all others in which they have been or will be.

    For an organisation without areas, those of the organisations above it. `also` is included in any case. What others
    have done in the areas is not counted.
    """
    counts = tallies.by("area", campaign.id, organisations.beneath(organisation.id))
    last_days, planned = _last_days_by_area(campaign, organisation), _planned_by_area(campaign, organisation)
    own = [area for area in areas.owned_beneath(organisation.id) if not area.retired_at]
    known = {area.id: area for area in own or areas.serving(organisation.id)}
    been = {area_id for area_id, count in counts.items() if area_id and count.attempts}
    known |= areas.with_ids((been | set(planned) | ({also.id} if also else set())) - set(known))
    agreed = targets.agreed_for_areas(campaign)
    return [
        Ground(
            id=area.id,
            name=area.name,
            code=area.code,
            count=counts.get(area.id, Count()),
            target=agreed.get(area.id),
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
        key = municipal_of[organisation_id]
        counts[key] = tallies.added((counts.get(key, Count()), count))
    last_days: dict[str, date] = {}
    for organisation_id, day in _last_days_by_organisation(campaign, organisation).items():
        key = municipal_of[organisation_id]
        last_days[key] = max(day, last_days.get(key, day))
    planned: dict[str, datetime] = {}
    for organisation_id, moment in _planned_by_organisation(campaign, organisation).items():
        key = municipal_of.get(organisation_id, "")
        planned[key] = min(moment, planned.get(key, moment))
    agreed = targets.agreed(campaign)
    return [
        Ground(
            id=node.id,
            name=node.name,
            code=node.code,
            count=counts.get(node.id, Count()),
            target=agreed.get(node.id),
            last_on=last_days.get(node.id),
            next_at=planned.get(node.id),
        )
        for node in organisations.in_order(node for _depth, node in tree if node.kind == "municipal")
    ]


def outlines(grounds: list[Ground]) -> dict[str, geometry.Geometry]:
    """The outlines by the ground's id; ground without an outline is left out."""
    shown = areas.with_outlines(ground.area for ground in grounds if ground.area)
    found = {area.id: outline for area in shown if (outline := area.geometry)}
    coded = {ground.id: ground.code for ground in grounds if not ground.area}
    return found | {id_: outline for id_, code in coded.items() if (outline := _municipalities().get(code))}


def advice_name(channel: str) -> str:
    """The advice to use a channel, as a sentence."""
    return {
        "door": _("Knacka dörr"),
        "phone": _("Ring runt"),
        "stall": _("Stå på torget"),
        "digital": _("Samtala digitalt"),
        "workplace": _("Gå till arbetsplatserna"),
    }[channel]


# --- shifts to come and days that have been -----------------------------------------------------------------


def _to_come(campaign: Campaign, organisation: Organisation) -> list[ColumnElement[bool]]:
    """The conditions on the shifts that are not over or cancelled and that the organisation may know of."""
    return [*shifts.known_at(campaign, organisation), Shift.cancelled_at.is_(None), Shift.ends_at > clock.now()]


def _planned_by_area(campaign: Campaign, organisation: Organisation) -> dict[str, datetime]:
    """When the next shift to each area begins."""
    query = select(ShiftArea.area_id, func.min(Shift.starts_at)).join(Shift, Shift.id == ShiftArea.shift_id)
    return dict(iter(session.execute(query.where(*_to_come(campaign, organisation)).group_by(ShiftArea.area_id))))


def _planned_by_organisation(campaign: Campaign, organisation: Organisation) -> dict[str, datetime]:
    """When each organisation's next shift begins."""
    query = select(Shift.organisation_id, func.min(Shift.starts_at)).where(*_to_come(campaign, organisation))
    return dict(iter(session.execute(query.group_by(Shift.organisation_id))))


def _last_days_by_area(campaign: Campaign, organisation: Organisation) -> dict[str, date]:
    """The last day on which the organisation's people were in each area; the keys of its counters are `area:day`."""
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
    """The last day with an attempt of each organisation."""
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
    """The outlines of Sweden's municipalities by code, read once."""
    features = json.loads(MUNICIPALITIES.read_text("utf-8"))["features"]
    return {feature["properties"]["kommun_kod"]: feature["geometry"] for feature in features}
