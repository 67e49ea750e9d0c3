"""The numbers of a campaign as they are now, for one organisation and everything beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from canvass.core import clock, i18n
from canvass.counting import quarantine, receipts, tallies
from canvass.counting.tallies import Count
from canvass.fieldwork import areas, campaigns, targets, topics
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import sums
from canvass.members import organisations
from canvass.members.organisations import Organisation

# Privacy: a topic raised in fewer conversations than this could point at somebody, so its number is not shown.
SMALLEST_SHOWN = 5


@dataclass(frozen=True)
class Subtotal:
    """A row of a table that adds up to a total: its name, its count and, where one is agreed, its target."""

    name: str
    count: Count
    id: str = ""
    code: str = ""
    target: int | None = None


@dataclass(frozen=True)
class Numbers:
    """Everything that a campaign's page shows of what was counted for one organisation and everything beneath it.

    `days` are all counts by day, `by_day` the same as a list from the first day with an attempt to the last.
    `few_topics` says that `by_topic` leaves something out. `whole` is the whole campaign, for an organisation beneath
    its owner: it is what the phones show.
    """

    organisation: Organisation
    total: Count
    target: int | None
    by_organisation: list[Subtotal]
    by_area: list[Subtotal]
    by_channel: list[Subtotal]
    by_day: list[Subtotal]
    days: dict[str, Count]
    by_topic: list[Subtotal]
    few_topics: bool
    today: Count
    waiting: receipts.Waiting
    to_review: int
    whole: Subtotal | None

    @property
    def remaining(self) -> int | None:
        """Conversations left to the target, 0 when it is exceeded; None without one."""
        return None if self.target is None else max(0, self.target - self.total.conversations)


def numbers(campaign: Campaign, organisation: Organisation) -> Numbers:
    """The campaign's numbers for the organisation.

    The tables by organisation, channel and day add up to the total; that by area does so unless it is empty, as it is
    above a municipal organisation.
    """
    reading = sums.Reading(campaign.id)
    here = reading.of(organisation.id)
    total = reading.total(organisation.id)
    days = here.get("day", {})
    topics, few_topics = _topics(campaign, here.get("topic", {}), total.conversations)
    agreed = targets.agreed(campaign)
    return Numbers(
        organisation=organisation,
        total=total,
        target=agreed.get(organisation.id),
        by_organisation=_children(organisation, reading, agreed),
        by_area=_areas(campaign, organisation),
        by_channel=_channels(here.get("channel", {})),
        by_day=_days(days),
        days=days,
        by_topic=topics,
        few_topics=few_topics,
        today=days.get(clock.today().isoformat(), Count()),
        waiting=receipts.waiting(organisation.id),
        to_review=quarantine.to_review([organisation.id]),
        whole=None if organisation.id == campaign.organisation_id else _whole(campaign, reading, agreed),
    )


def _whole(campaign: Campaign, reading: sums.Reading, agreed: dict[str, int]) -> Subtotal:
    owner = campaign.organisation
    return Subtotal(owner.name, reading.total(owner.id), id=owner.id, target=agreed.get(owner.id))


def results(shown: Sequence[tuple[Campaign, Organisation]]) -> list[Subtotal]:
    """Each campaign's result and target at one organisation, without the tables: for a list of campaigns."""
    campaign_ids = [campaign.id for campaign, _node in shown]
    counts = tallies.at_tops(campaign_ids, {node.id for _campaign, node in shown})
    agreed = targets.agreed_in(campaign_ids)
    return [
        Subtotal(
            node.name,
            counts.get((campaign.id, node.id), Count()),
            id=node.id,
            target=agreed.get((campaign.id, node.id)),
        )
        for campaign, node in shown
    ]


def _children(organisation: Organisation, reading: sums.Reading, agreed: dict[str, int]) -> list[Subtotal]:
    """A row for each organisation directly beneath with all under it, and one for what is the organisation's own."""
    rows = [
        Subtotal(node.name, reading.total(node.id), id=node.id, code=node.code, target=agreed.get(node.id))
        for node in organisations.children(organisation.id)
    ]
    own = reading.own(organisation.id)
    if rows and own.attempts:
        rows.append(Subtotal(i18n.gettext("Direkt under %(name)s", name=organisation.name), own))
    return rows


def _areas(campaign: Campaign, organisation: Organisation) -> list[Subtotal]:
    """The areas in use of the organisation and those beneath it, zeros too, and wherever else their people have been.

    Empty above a municipal organisation, where it would be a list of thousands.
    """
    if organisation.kind in organisations.ABOVE_MUNICIPAL:
        return []
    counts = tallies.by("area", campaign.id, organisations.beneath(organisation.id))
    offered = [area for area in areas.owned_beneath(organisation.id) if not area.retired_at]
    known = {area.id: area for area in offered}
    known |= areas.with_ids(area_id for area_id in counts if area_id and area_id not in known)
    rows = [
        Subtotal(area.name, counts.get(area.id, Count()), id=area.id, code=area.code)
        for area in areas.in_order(known.values())
    ]
    if "" in counts and counts[""].attempts:
        rows.append(Subtotal(i18n.gettext("Utan område"), counts[""]))
    return rows


def _channels(counts: dict[str, Count]) -> list[Subtotal]:
    return [
        Subtotal(campaigns.channel_name(channel), counts[channel], id=channel)
        for channel in campaigns.CHANNELS
        if channel in counts and counts[channel].attempts
    ]


def _days(counts: dict[str, Count]) -> list[Subtotal]:
    """Every day from the first with an attempt to the last, those without too."""
    happened = sorted(day for day, count in counts.items() if count.attempts)
    if not happened:
        return []
    days = clock.days_between(date.fromisoformat(happened[0]), date.fromisoformat(happened[-1]))
    return [Subtotal(i18n.day(day, "d MMM"), counts.get(day.isoformat(), Count()), id=day.isoformat()) for day in days]


def _topics(campaign: Campaign, counts: dict[str, Count], talked: int) -> tuple[list[Subtotal], bool]:
    """The topics raised, the most raised first, and whether any was left out.

    A topic is left out when it was raised in too few conversations, or in all of them but too few.
    """
    names = topics.all_of(campaign)
    rows = [
        Subtotal(names[key].name, count, id=key)
        for key, count in counts.items()
        if key in names and not _is_small(count.conversations) and not _is_small(talked - count.conversations)
    ]
    few = len(rows) < sum(1 for count in counts.values() if count.conversations)
    return sorted(rows, key=lambda row: (-row.count.conversations, i18n.sort_key(row.name))), few


def _is_small(number: int) -> bool:
    """Could so few be pointed out? None at all cannot."""
    return 0 < number < SMALLEST_SHOWN
