"""Outings: who is out on the shifts right now, what came of those that have been, and who has been where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, select

from canvass import campaigns, clock, i18n, organisations, people, tallies
from canvass.areas import Area
from canvass.campaigns import Campaign
from canvass.db import in_batches, session
from canvass.i18n import ngettext
from canvass.organisations import Organisation
from canvass.people import Person
from canvass.receipts import Installation
from canvass.shifts import EARLY, LONGEST, Shift, ShiftArea
from canvass.tallies import Count

# What an attempt ended in when nobody was reached at all.
UNREACHED = frozenset({"not_home", "inaccessible", "no_answer", "wrong_number"})


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


@dataclass(frozen=True)
class Summary:
    """What came of a shift.

    `reached` are the attempts in which somebody opened or answered: all but "öppnade ej", "kom inte in",
    "svarade ej" and "fel nummer". At a stall, at work and online nobody opens anything: there it is those who talked.
    """

    channel: str
    attempts: int
    conversations: int
    reached: int

    @property
    def sentence(self) -> str:
        """87 samtal, 14 % öppnade, tack!"""
        n, share = self.conversations, i18n.percent(self.reached / self.attempts if self.attempts else None)
        if not self.attempts:
            return ngettext("%(num)s samtal, tack!", "%(num)s samtal, tack!", n)
        if self.channel == "door":
            return ngettext(
                "%(num)s samtal, %(share)s öppnade, tack!", "%(num)s samtal, %(share)s öppnade, tack!", n, share=share
            )
        if self.channel == "phone":
            return ngettext(
                "%(num)s samtal, %(share)s svarade, tack!", "%(num)s samtal, %(share)s svarade, tack!", n, share=share
            )
        return ngettext(
            "%(num)s samtal, %(share)s pratade, tack!", "%(num)s samtal, %(share)s pratade, tack!", n, share=share
        )


def summary(shift: Shift) -> Summary:
    """What came of the shift, whichever association each took part for."""
    return summaries([shift])[shift.id]


def summaries(found: Sequence[Shift]) -> dict[str, Summary]:
    """The same for several shifts of one campaign, by id."""
    campaign_ids = {shift.campaign_id for shift in found}
    counted: dict[str, Counter[str]] = {}
    for campaign_id in campaign_ids:
        counted |= tallies.of_shifts(campaign_id, [s.id for s in found if s.campaign_id == campaign_id])
    return {shift.id: _summed_up(shift.channel, counted.get(shift.id, Counter())) for shift in found}


def _summed_up(channel: str, outcomes: Counter[str]) -> Summary:
    talked = outcomes[campaigns.TALKED]
    answered = sum(number for outcome, number in outcomes.items() if outcome not in UNREACHED)
    reached = answered if channel in ("door", "phone") else talked
    return Summary(channel, attempts=outcomes.total(), conversations=talked, reached=reached)


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
