"""The figures of a target tree's parts: results, members, households and last year's results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Row, Select, func, select

from canvass.board.earlier_years import results
from canvass.core.db import session
from canvass.counting import tallies
from canvass.counting.tallies import Tally
from canvass.fieldwork import campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations

# An area's id, owner, name, code and households.
AreaRow = Row[str, str, str, str, int | None]


class Node(NamedTuple):
    """An organisation of the tree as a plain value: a page goes through thousands of them several times."""

    depth: int
    id: str
    parent_id: str | None
    kind: str
    name: str
    code: str
    members: int | None


@dataclass(frozen=True)
class Figures:
    """What is known of the organisations of a tree, by their ids; those of which nothing is known are left out."""

    results: dict[str, int]
    members: dict[str, int]
    households: dict[str, int]
    last_year: dict[str, int]


def last_year(campaign: Campaign) -> int:
    """The calendar year before the one in which the campaign begins: what its results are compared with."""
    return campaign.starts_on.year - 1


def of_organisations(campaign: Campaign, nodes: Sequence[Node], areas: Iterable[AreaRow]) -> Figures:
    """The figures of each organisation with all beneath it. `nodes` are a tree from above, `areas` those in it."""
    here, year = organisations.beneath(nodes[0].id), last_year(campaign)
    counts = tallies.by_organisation(campaign.id, here)
    households: dict[str, int] = {}
    for area in areas:
        if area.households is not None:
            households[area.organisation_id] = households.get(area.organisation_id, 0) + area.households
    return Figures(
        results=_summed(nodes, {key: count.conversations for key, count in counts.items()}),
        members=_own_or_sum(nodes),
        households=_summed(nodes, households),
        last_year=results.results(here, year),
    )


def results_in(campaign: Campaign, nodes: Sequence[Node], areas: Iterable[AreaRow]) -> dict[str, int]:
    """By area, how many conversations its owner's people, and those beneath the owner, have had there.

    What others did there is counted where they belong, not in the area's result.
    """
    return _by_owners(nodes, areas, _by_area(campaign, organisations.beneath(nodes[0].id)))


def last_year_in(campaign: Campaign, nodes: Sequence[Node], areas: Iterable[AreaRow]) -> dict[str, int]:
    """The same for the last calendar year, in all campaigns."""
    return _by_owners(nodes, areas, _by_area_in_year(last_year(campaign), organisations.beneath(nodes[0].id)))


def areas_in_use(organisation_id: str) -> Sequence[AreaRow]:
    """The areas of the organisation and those beneath it that are not retired, without their outlines."""
    query = select(Area.id, Area.organisation_id, Area.name, Area.code, Area.households).where(
        Area.organisation_id.in_(organisations.beneath(organisation_id)), Area.retired_at.is_(None)
    )
    return session.execute(query).all()


def upwards(organisation_id: str | None, parents: Mapping[str, str | None]) -> list[str]:
    """The ids of the organisation and those above it, as far as `parents` reaches."""
    line: list[str] = []
    while organisation_id is not None:
        line.append(organisation_id)
        organisation_id = parents.get(organisation_id)
    return line


# --- what the database says ---------------------------------------------------------------------------------


def _by_area(campaign: Campaign, here: Select[str]) -> list[tuple[str, str, int]]:
    """The campaign's conversations by organisation and area."""
    query = select(Tally.organisation_id, Tally.key, Tally.number).where(
        Tally.campaign_id == campaign.id,
        Tally.dimension == "area",
        Tally.organisation_id.in_(here),
        Tally.outcome == campaigns.TALKED,
    )
    return [(owner, area, number) for owner, area, number in session.execute(query)]


def _by_area_in_year(year: int, here: Select[str]) -> list[tuple[str, str, int]]:
    """The conversations of a calendar year in all campaigns, by organisation and area."""
    area_id, on = func.substr(Tally.key, 1, 36), func.substr(Tally.key, 38)
    query = select(Tally.organisation_id, area_id, func.sum(Tally.number)).where(
        Tally.campaign_id.in_(select(Campaign.id)),
        Tally.dimension == "visit",
        Tally.organisation_id.in_(here),
        on.between(f"{year}-01-01", f"{year}-12-31"),
        Tally.outcome == campaigns.TALKED,
    )
    rows = session.execute(query.group_by(Tally.organisation_id, area_id))
    return [(owner, area, int(number)) for owner, area, number in rows if number]


# --- adding up ----------------------------------------------------------------------------------------------


def _summed(nodes: Sequence[Node], own: Mapping[str, int]) -> dict[str, int]:
    """Each organisation's own figure and those of all beneath it together."""
    found = dict(own)
    for node in reversed(nodes):
        if node.parent_id and node.id in found:
            found[node.parent_id] = found.get(node.parent_id, 0) + found[node.id]
    return found


def _own_or_sum(nodes: Sequence[Node]) -> dict[str, int]:
    """Each organisation's own number of members, else the sum of those beneath it.

    There is no sum while one of those has no number: a district in which one organisation of twelve has filled in its
    members would look like a twelfth of what it is.
    """
    found: dict[str, int] = {}
    sums: dict[str, int] = {}
    gaps: set[str] = set()
    for node in reversed(nodes):
        value = node.members
        if value is None and node.id not in gaps:
            value = sums.get(node.id)
        if value is not None:
            found[node.id] = value
        if node.parent_id:
            if value is None:
                gaps.add(node.parent_id)
            else:
                sums[node.parent_id] = sums.get(node.parent_id, 0) + value
    return found


def _by_owners(
    nodes: Iterable[Node], areas: Iterable[AreaRow], counts: Iterable[tuple[str, str, int]]
) -> dict[str, int]:
    """By area, the sum of `counts` (organisation, area, number) of the area's owner and those beneath it."""
    owners = {area.id: area.organisation_id for area in areas}
    parents = {node.id: node.parent_id for node in nodes}
    found: dict[str, int] = {}
    for organisation_id, area_id, number in counts:
        if owners.get(area_id) in upwards(organisation_id, parents):
            found[area_id] = found.get(area_id, 0) + number
    return found
