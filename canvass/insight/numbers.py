"""The numbers of a campaign as they are now, for one organisation and everything beneath it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from canvass.core import clock, i18n
from canvass.core.db import is_id, session
from canvass.counting import quarantine, receipts, tallies
from canvass.counting.quarantine import Held
from canvass.counting.tallies import Count
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import sums
from canvass.members import organisations
from canvass.members.organisations import Organisation

Named = TypeVar("Named", Campaign, Area)

# Chapter 5: a topic raised in fewer conversations than this could point at somebody.
SMALLEST_SHOWN = 5


@dataclass(frozen=True)
class Line:
    """One row of a table: what is counted, its number and, where one is agreed, its target."""

    name: str
    count: Count
    id: str = ""
    code: str = ""
    target: int | None = None


@dataclass(frozen=True)
class Numbers:
    """Everything the campaign page shows for one organisation."""

    organisation: Organisation
    total: Count
    target: int | None
    by_organisation: list[Line]
    by_area: list[Line]
    by_channel: list[Line]
    by_day: list[Line]
    days: dict[str, Count]
    by_topic: list[Line]
    few_topics: bool
    today: Count
    waiting: receipts.Waiting
    to_review: int

    @property
    def remaining(self) -> int | None:
        """Conversations left to the target; none below zero."""
        return None if self.target is None else max(0, self.target - self.total.conversations)

    @property
    def attainment(self) -> float | None:
        """Result ÷ target; None without one."""
        return self.total.conversations / self.target if self.target else None


def numbers(campaign: Campaign, organisation: Organisation) -> Numbers:
    """The campaign's numbers for `organisation` and everything beneath it, each table adding up to the total."""
    reading = sums.Reading(campaign.id)
    here = reading.of(organisation.id)
    total = reading.total(organisation.id)
    days = here.get("day", {})
    topics, few_topics = _topics(campaign, here.get("topic", {}), total.conversations)
    targets = campaigns.targets(campaign)
    return Numbers(
        organisation=organisation,
        total=total,
        target=targets.get(organisation.id),
        by_organisation=_children(organisation, reading, targets),
        by_area=_areas(campaign, organisation),
        by_channel=_channels(here.get("channel", {})),
        by_day=_days(days),
        days=days,
        by_topic=topics,
        few_topics=few_topics,
        today=days.get(clock.today().isoformat(), Count()),
        waiting=receipts.waiting(organisation.id),
        to_review=quarantine.to_review([organisation.id]),
    )


@dataclass(frozen=True)
class HeldLine:
    """Something in quarantine as a leader reads it: why it is there, and what it says as far as that can be read."""

    held: Held
    reason: str
    what: str
    is_hopeless: bool


def held(one: Held) -> HeldLine:
    """What a leader needs to see of it, in words; whatever cannot be read is left out."""
    data = one.data
    said = data.get("data")
    facts = said if isinstance(said, dict) else {}
    campaign, area = _named(Campaign, data.get("campaign")), _named(Area, facts.get("area"))
    channel, outcome = str(facts.get("channel")), str(facts.get("outcome"))
    number = facts.get("n")
    parts = [
        campaigns.outcome_name(outcome) if outcome in campaigns.OUTCOMES else "",
        campaigns.channel_name(channel) if channel in campaigns.CHANNELS else "",
        area.name if area else "",
        campaign.name if campaign else "",
    ]
    if data.get("kind") == "delete":
        parts[0] = i18n.gettext("Ett ångrat försök")
    elif parts[0] and type(number) is int and number != 1:
        parts[0] = f"{i18n.number(number)} × {parts[0]}"
    what = " · ".join(part for part in parts if part)
    return HeldLine(one, quarantine.sentence(one.code), what, one.code in quarantine.HOPELESS)


def to_review(campaign: Campaign, organisation: Organisation) -> list[HeldLine]:
    """What waits for a decision at an organisation and beneath: of this campaign, or of nobody knows which."""
    found = quarantine.held([organisation.id])
    return [held(one) for one in found if _named(Campaign, one.data.get("campaign")) in (campaign, None)]


def _named(kind: type[Named], object_id: object) -> Named | None:
    """What an id in a held operation speaks of; None when it is no id at all."""
    return session.get(kind, object_id) if is_id(object_id) else None


def _children(organisation: Organisation, reading: sums.Reading, targets: dict[str, int]) -> list[Line]:
    """One line for each organisation directly beneath, with all under it; and one for what is the node's own."""
    lines = [
        Line(node.name, reading.total(node.id), id=node.id, code=node.code, target=targets.get(node.id))
        for node in organisations.children(organisation.id)
    ]
    own = reading.own(organisation.id)
    if lines and own.attempts:
        lines.append(Line(i18n.gettext("Direkt under %(name)s", name=organisation.name), own))
    return lines


def _areas(campaign: Campaign, organisation: Organisation) -> list[Line]:
    """The organisation's own areas, with zeros, and wherever else its people have been.

    None above a municipal organisation: nobody reads a list of thousands.
    """
    if organisation.kind in organisations.ABOVE_MUNICIPAL:
        return []
    counts = tallies.by("area", campaign.id, organisations.beneath(organisation.id))
    offered = [area for area in areas.owned_beneath(organisation.id) if not area.retired_at]
    known = {area.id: area for area in offered}
    for area_id in counts:
        if area_id and area_id not in known and (elsewhere := session.get(areas.Area, area_id)):
            known[area_id] = elsewhere
    lines = [
        Line(area.name, counts.get(area.id, Count()), id=area.id, code=area.code)
        for area in areas.in_order(known.values())
    ]
    if "" in counts and counts[""].attempts:
        lines.append(Line(i18n.gettext("Utan område"), counts[""]))
    return lines


def _channels(counts: dict[str, Count]) -> list[Line]:
    return [
        Line(campaigns.channel_name(c), counts[c], id=c)
        for c in campaigns.CHANNELS
        if c in counts and counts[c].attempts
    ]


def _days(counts: dict[str, Count]) -> list[Line]:
    """Every day from the first with anything to the last, so that quiet days show."""
    happened = sorted(day for day, count in counts.items() if count.attempts)
    if not happened:
        return []
    days = clock.days_between(date.fromisoformat(happened[0]), date.fromisoformat(happened[-1]))
    return [Line(i18n.day(day, "d MMM"), counts.get(day.isoformat(), Count()), id=day.isoformat()) for day in days]


def is_small(number: int) -> bool:
    """So few that they could be pointed out; none at all points at nobody."""
    return 0 < number < SMALLEST_SHOWN


def _topics(campaign: Campaign, counts: dict[str, Count], talked: int) -> tuple[list[Line], bool]:
    """The topics raised, the most raised first, and whether any was left out because it, or the rest, is too few."""
    names = campaigns.all_topics(campaign)
    lines = [
        Line(names[key].name, count, id=key)
        for key, count in counts.items()
        if key in names and not is_small(count.conversations) and not is_small(talked - count.conversations)
    ]
    few = len(lines) < sum(1 for count in counts.values() if count.conversations)
    return sorted(lines, key=lambda line: (-line.count.conversations, i18n.sort_key(line.name))), few


def standing(campaign: Campaign, organisation: Organisation) -> Line:
    """The campaign's result and target at one organisation: what a list of campaigns shows."""
    count = tallies.total(campaign.id, organisations.beneath(organisation.id))
    return Line(organisation.name, count, id=organisation.id, target=campaigns.targets(campaign).get(organisation.id))
