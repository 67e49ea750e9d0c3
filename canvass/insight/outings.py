"""Outings: who is out on the shifts right now, what the latest shifts gave, and who has been where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, select

from canvass.core import clock, i18n
from canvass.core.db import in_batches, session
from canvass.counting import tallies
from canvass.counting.receipts import Installation
from canvass.counting.tallies import Count
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import EARLY, LONGEST, Shift, ShiftArea
from canvass.members import organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# --- out now ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Phone:
    """A phone that says it is out on a shift. The name is for the shift's leader only."""

    name: str
    since: datetime | None
    heard_at: datetime
    unsent: int


@dataclass(frozen=True)
class Out:
    """A shift under way, without names: whoever watches the campaign may see it."""

    shift: Shift
    phones: int
    unsent: int
    heard_at: datetime | None


def phones(shift: Shift) -> list[Phone]:
    """The phones that are out on the shift, as they last said, the longest out first."""
    query = select(Installation, Person.name).join(Person, Installation.person_id == Person.id)
    rows = session.execute(query.where(Installation.shift_id == shift.id))
    found = [Phone(people.first_name(name), one.shift_since, one.heard_at, _unsent(one)) for one, name in rows]
    return sorted(found, key=lambda phone: (phone.since or phone.heard_at, phone.name))


def out_now(campaign: Campaign, organisation_ids: Select[str]) -> list[Out]:
    """The organisations' shifts that are under way, with how many phones are out and what they have not sent."""
    now = clock.now()
    query = select(Shift).where(
        Shift.campaign_id == campaign.id,
        Shift.organisation_id.in_(organisation_ids),
        Shift.cancelled_at.is_(None),
        # No shift is longer, so the index on its beginning finds the few of them among a year's.
        Shift.starts_at.between(now - LONGEST, now + EARLY),
        Shift.ends_at > now,
    )
    under_way = list(session.scalars(query.order_by(Shift.starts_at, Shift.id)))
    out: dict[str, list[Installation]] = {}
    ids = [shift.id for shift in under_way]
    for one in session.scalars(select(Installation).where(Installation.shift_id.in_(ids))) if ids else ():
        out.setdefault(one.shift_id or "", []).append(one)
    return [
        Out(
            shift,
            phones=len(out.get(shift.id, ())),
            unsent=sum(_unsent(one) for one in out.get(shift.id, ())),
            heard_at=max((one.heard_at for one in out.get(shift.id, ())), default=None),
        )
        for shift in under_way
    ]


def _unsent(one: Installation) -> int:
    """What the phone says waits on it, or what its numbers say has not arrived, whichever is more."""
    return max(one.pending, one.missing)


# --- afterwards ---------------------------------------------------------------------------------------------


def recent(campaign: Campaign, organisation_ids: Select[str], since: date) -> list[tuple[date, int]]:
    """The day of each shift from `since` on that is over, and how many conversations came of it."""
    query = select(Shift.id, Shift.starts_at).where(
        Shift.campaign_id == campaign.id,
        Shift.organisation_id.in_(organisation_ids),
        Shift.cancelled_at.is_(None),
        Shift.ends_at <= clock.now(),
        Shift.starts_at >= datetime.combine(since, time(), clock.ZONE),
    )
    rows = session.execute(query).all()
    talked = tallies.talked_by_shift(campaign.id, organisation_ids)
    return [(clock.local_day(starts_at), talked[key]) for key, starts_at in rows]


@dataclass(frozen=True)
class Visit:
    """An evening in an area: who was there, in what way, and what came of it. No homes and no names."""

    area: Area
    day: date
    organisation: Organisation
    count: Count
    channels: list[str]


def visits(
    campaign: Campaign,
    organisation_ids: Select[str],
    first: date,
    last: date,
    area_id: str | None = None,
    most: int = 400,
) -> tuple[list[Visit], bool]:
    """Who has been where: by area, day and association, the latest first; and whether there are more than `most`."""
    counts = tallies.visits(campaign.id, organisation_ids, first, last, area_id, most + 1)
    shown = list(counts.items())[:most]
    known = {area.id: area for area in _all(Area, {key[0] for key, _count in shown})}
    nodes = {node.id: node for node in _all(Organisation, {key[2] for key, _count in shown})}
    ways = _ways(campaign, first, last, set(known))
    found = [
        Visit(known[area], date.fromisoformat(day), nodes[node], count, _own_ways(ways.get((area, day), set()), node))
        for (area, day, node), count in shown
        if area in known and node in nodes
    ]
    found.sort(key=lambda v: (-v.day.toordinal(), i18n.sort_key(v.area.name), i18n.sort_key(v.organisation.name)))
    return found, len(counts) > most


def _ways(
    campaign: Campaign, first: date, last: date, area_ids: set[str]
) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """How the shifts of each day in each area were to talk, and whose they were."""
    query = (
        select(ShiftArea.area_id, Shift.starts_at, Shift.channel, Shift.organisation_id)
        .join(Shift, Shift.id == ShiftArea.shift_id)
        .where(
            Shift.campaign_id == campaign.id,
            Shift.cancelled_at.is_(None),
            Shift.starts_at >= datetime.combine(first, time(), clock.ZONE),
            Shift.starts_at < datetime.combine(last + timedelta(days=1), time(), clock.ZONE),
        )
    )
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for some in in_batches(sorted(area_ids)):
        for area_id, starts_at, channel, owner in session.execute(query.where(ShiftArea.area_id.in_(some))):
            found.setdefault((area_id, clock.local_day(starts_at).isoformat()), set()).add((channel, owner))
    return found


def _own_ways(ways: set[tuple[str, str]], organisation_id: str) -> list[str]:
    """Those of the organisation's own shifts, and of the shifts above it that it may have been on."""
    line = {node.id for node in organisations.above(organisation_id)} if ways else set()
    return sorted({channel for channel, owner in ways if owner in line})


def _all(kind: Any, ids: set[str]) -> list[Any]:
    return [one for some in in_batches(sorted(ids)) for one in session.scalars(select(kind).where(kind.id.in_(some)))]
