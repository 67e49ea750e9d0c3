"""The numbers of a campaign as they are now, for one organisation and everything beneath it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from canvass import areas, campaigns, clock, i18n, organisations, quarantine, receipts, tallies
from canvass.campaigns import Campaign
from canvass.db import session
from canvass.organisations import Organisation
from canvass.tallies import Count

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
    here = organisations.beneath(organisation.id)
    own = tallies.by_organisation(campaign.id, here)
    total = _sum(own.values())
    along = tallies.marginals(campaign.id, here)
    topics, few_topics = _topics(campaign, along["topic"], total.conversations)
    targets = campaigns.targets(campaign)
    return Numbers(
        organisation=organisation,
        total=total,
        target=targets.get(organisation.id),
        by_organisation=_children(organisation, own, targets),
        by_area=_areas(campaign, organisation, along["area"]),
        by_channel=_channels(along["channel"]),
        by_day=_days(along["day"]),
        by_topic=topics,
        few_topics=few_topics,
        today=along["day"].get(clock.today().isoformat(), Count()),
        waiting=receipts.waiting(organisation.id),
        to_review=quarantine.to_review([organisation.id]),
    )


def _children(organisation: Organisation, own: dict[str, Count], targets: dict[str, int]) -> list[Line]:
    """One line for each organisation directly beneath, summed over all under it; and one for what is the node's own."""
    child_of: dict[str, str] = {}
    child = ""
    for depth, node in organisations.tree([organisation.id]):
        if depth == 1:
            child = node.id
        if depth >= 1:
            child_of[node.id] = child
    sums: dict[str, Count] = {}
    for organisation_id, count in own.items():
        key = child_of.get(organisation_id, organisation.id)
        sums[key] = _sum([sums.get(key, Count()), count])
    lines = [
        Line(node.name, sums.get(node.id, Count()), id=node.id, code=node.code, target=targets.get(node.id))
        for node in organisations.children(organisation.id)
    ]
    if organisation.id in sums and lines:
        lines.append(Line(i18n.gettext("Direkt under %(name)s", name=organisation.name), sums[organisation.id]))
    return lines


def _areas(campaign: Campaign, organisation: Organisation, counts: dict[str, Count]) -> list[Line]:
    """The organisation's own areas, with zeros, and wherever else its people have been."""
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


def _sum(counts: Iterable[Count]) -> Count:
    found = list(counts)
    return Count(sum(c.attempts for c in found), sum(c.conversations for c in found))


def standing(campaign: Campaign, organisation: Organisation) -> Line:
    """The campaign's result and target at one organisation: what a list of campaigns shows."""
    count = tallies.total(campaign.id, organisations.beneath(organisation.id))
    return Line(organisation.name, count, id=organisation.id, target=campaigns.targets(campaign).get(organisation.id))
