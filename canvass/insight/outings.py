"""Outings: who is out on shifts now, how many conversations the latest shifts gave, and who has been where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import lazyload, selectinload

from canvass.core import clock, i18n
from canvass.core.db import built_once, in_batches, session
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
    """A phone that last said it was out on a shift. Only whoever leads the shift may see the name."""

    name: str
    since: datetime | None
    heard_at: datetime
    unsent: int


@dataclass(frozen=True)
class Out:
    """A shift under way, without names, for everybody who may see the campaign."""

    shift: Shift
    phones: int
    unsent: int
    heard_at: datetime | None


def phones(shift: Shift) -> list[Phone]:
    """The phones that last said they were out on the shift, the longest out first."""
    query = select(Installation, Person.name).join(Person, Installation.person_id == Person.id)
    rows = session.execute(query.where(Installation.shift_id == shift.id))
    found = [Phone(people.first_name(name), one.shift_since, one.heard_at, _unsent(one)) for one, name in rows]
    return sorted(found, key=lambda phone: (phone.since or phone.heard_at, phone.name))


def out_now(campaign: Campaign, organisation_ids: Select[str]) -> list[Out]:
    """These organisations' shifts that are under way, with how many phones are out and what they have not sent."""
    now = clock.now()
    # No shift is longer than LONGEST. With both ends given, the index on the beginning finds the few that are on.
    given = {"earliest": now - LONGEST, "latest": now + EARLY, "now": now}
    under_way = list(session.scalars(_under_way(campaign.id, organisation_ids), given))
    out: dict[str, list[Installation]] = {}
    ids = [shift.id for shift in under_way]
    for one in session.scalars(_INSTALLATIONS, {"shifts": ids}) if ids else ():
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


@built_once
def _under_way(campaign_id: str, organisation_ids: Select[str]) -> Select[Shift]:
    return (
        select(Shift)
        .where(
            Shift.campaign_id == campaign_id,
            Shift.organisation_id.in_(organisation_ids),
            Shift.cancelled_at.is_(None),
            Shift.starts_at.between(bindparam("earliest"), bindparam("latest")),
            Shift.ends_at > bindparam("now"),
        )
        .options(lazyload(Shift.campaign), selectinload(Shift.areas).lazyload(Area.organisation))
        .order_by(Shift.starts_at, Shift.id)
    )


_INSTALLATIONS = select(Installation).where(Installation.shift_id.in_(bindparam("shifts", expanding=True)))


def _unsent(one: Installation) -> int:
    """The larger of what the phone says is waiting on it and what the numbering shows has not arrived."""
    return max(one.pending, one.missing)


# --- afterwards ---------------------------------------------------------------------------------------------


def recent(campaign: Campaign, organisation_ids: Select[str], since: date) -> list[tuple[date, int]]:
    """The day and the conversations of each shift of these organisations that is over and began on `since` or later."""
    given = {"now": clock.now(), "since": clock.at(since)}
    rows = session.execute(_over(campaign.id, organisation_ids), given).all()
    talked = tallies.talked_by_shift(campaign.id, organisation_ids)
    return [(clock.local_day(starts_at), talked[key]) for key, starts_at in rows]


@built_once
def _over(campaign_id: str, organisation_ids: Select[str]) -> Select[str, datetime]:
    return select(Shift.id, Shift.starts_at).where(
        Shift.campaign_id == campaign_id,
        Shift.organisation_id.in_(organisation_ids),
        Shift.cancelled_at.is_(None),
        Shift.ends_at <= bindparam("now"),
        Shift.starts_at >= bindparam("since"),
    )


@dataclass(frozen=True)
class Visit:
    """A day on which an organisation's people were in an area: the count, and the channels of its shifts there."""

    area: Area
    day: date
    organisation: Organisation
    count: Count
    channels: list[str]


def visits(
    campaign: Campaign,
    organisation_ids: Select[str],
    first: date = date.min,
    last: date = date.max,
    area_id: str | None = None,
    most: int = 400,
) -> tuple[list[Visit], bool]:
    """Who was where from `first` to `last`, both included: the `most` latest visits, the latest first.

    Also says whether there are more. `area_id` narrows it to one area.
    """
    counts = tallies.visits(campaign.id, organisation_ids, first, last, area_id, most + 1)
    shown = list(counts.items())[:most]
    known = {area.id: area for area in _all(Area, {key[0] for key, _count in shown})}
    nodes = {node.id: node for node in _all(Organisation, {key[2] for key, _count in shown})}
    channels = _channels(campaign, sorted({key[1] for key, _count in shown}), set(known))
    found = [
        Visit(
            known[area],
            date.fromisoformat(day),
            nodes[node],
            count,
            _own_channels(channels.get((area, day), set()), node),
        )
        for (area, day, node), count in shown
        if area in known and node in nodes
    ]
    found.sort(key=lambda v: (-v.day.toordinal(), i18n.sort_key(v.area.name), i18n.sort_key(v.organisation.name)))
    return found, len(counts) > most


def _channels(
    campaign: Campaign, days: Sequence[str], area_ids: set[str]
) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """By area and day, the channels of the shifts that went there and the organisations they were of.

    `days` are in order; shifts from the first of them to the last are looked at.
    """
    if not days:
        return {}
    first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
    query = (
        select(ShiftArea.area_id, Shift.starts_at, Shift.channel, Shift.organisation_id)
        .join(Shift, Shift.id == ShiftArea.shift_id)
        .where(
            Shift.campaign_id == campaign.id,
            Shift.cancelled_at.is_(None),
            Shift.starts_at >= clock.at(first),
            Shift.starts_at < clock.at(last + timedelta(days=1)),
        )
    )
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for some in in_batches(sorted(area_ids)):
        for area_id, starts_at, channel, owner in session.execute(query.where(ShiftArea.area_id.in_(some))):
            found.setdefault((area_id, clock.local_day(starts_at).isoformat()), set()).add((channel, owner))
    return found


def _own_channels(channels: set[tuple[str, str]], organisation_id: str) -> list[str]:
    """The channels of the organisation's own shifts and of those above it, which its people may have been on."""
    line = {node.id for node in organisations.above(organisation_id)} if channels else set()
    return sorted({channel for channel, owner in channels if owner in line})


def _all(kind: Any, ids: set[str]) -> list[Any]:
    """The objects of this kind with these ids."""
    return [one for some in in_batches(sorted(ids)) for one in session.scalars(select(kind).where(kind.id.in_(some)))]
