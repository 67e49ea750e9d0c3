"""The target tree: a campaign's target at one organisation and the parts it is divided into, down to the areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from canvass.fieldwork.campaigns import Campaign
from canvass.insight.targets import figures, revisions
from canvass.insight.targets.figures import AreaRow, Node
from canvass.insight.targets.parts import Agreed, Part
from canvass.insight.targets.plans import Plans
from canvass.members import organisations
from canvass.members.organisations import Organisation

AgreedByKey = Mapping[tuple[str, str], Agreed]


@dataclass(frozen=True)
class Tree:
    """An organisation and its parts.

    `of` is organisations or areas: two ways to divide the same target, of which the tree shows one and never a sum of
    both. `ways` are those that the organisation has. `sum` is that of the targets of `direct`, None while none of them
    has one. `year` is the one that `last_year` of its parts is about.
    """

    node: Part
    of: str
    ways: list[str]
    parts: list[Part]
    sum: int | None
    year: int

    @property
    def missing(self) -> int | None:
        """How much the parts' targets lack of the target, negative when they exceed it; None without a target."""
        return None if self.node.target is None else self.node.target - (self.sum or 0)

    @property
    def direct(self) -> list[Part]:
        """The parts directly beneath, of the kind that `of` says."""
        return [part for part in self.parts if part.is_direct and part.is_area == (self.of == "areas")]


def tree(campaign: Campaign, organisation: Organisation, of: str = "", *, is_deep: bool = False) -> Tree:
    """The organisation with what lies directly beneath it, or with everything beneath it when `is_deep`.

    `of` chooses between organisations and areas where there are both; organisations come first. The number of
    database queries is the same however large the tree is.
    """
    nodes = [
        Node(depth, node.id, node.parent_id if depth else None, node.kind, node.name, node.code, node.members)
        for depth, node in organisations.tree([organisation.id])
    ]
    areas = figures.areas_in_use(organisation.id)
    agreed = revisions.agreed(campaign)
    plans = Plans(campaign, nodes)
    ways = ["organisations"] if len(nodes) > 1 else []
    ways += ["areas"] if any(area.organisation_id == organisation.id for area in areas) else []
    of = of if of in ways else (ways or ["organisations"])[0]
    top, *below = _organisation_parts(campaign, nodes, areas, agreed, plans)
    if is_deep:
        below += _area_parts(campaign, nodes, areas, agreed, plans, is_deep=True)
    elif of == "areas":
        own = [area for area in areas if area.organisation_id == organisation.id]
        below = _area_parts(campaign, nodes, own, agreed, plans, is_deep=False)
    else:
        below = [part for part in below if part.is_direct]
    found = Tree(top, of, ways, below, None, figures.last_year(campaign))
    numbers = [part.target for part in found.direct if part.target is not None]
    return Tree(top, of, ways, below, sum(numbers) if numbers else None, found.year)


def _organisation_parts(
    campaign: Campaign, nodes: Sequence[Node], areas: Sequence[AreaRow], agreed: AgreedByKey, plans: Plans
) -> list[Part]:
    """One part for each node, in their order."""
    known = figures.of_organisations(campaign, nodes, areas)
    beneath = _sums_beneath(nodes, areas, agreed)
    found = []
    path: list[str] = []
    for node in nodes:
        del path[node.depth :]
        target = agreed.get((node.id, ""))
        found.append(
            Part(
                id=node.id,
                name=node.name,
                code=node.code,
                owner_id=node.id,
                above=tuple(path[1:]),
                is_area=False,
                is_direct=node.depth == 1,
                agreed=target,
                result=(result := known.results.get(node.id, 0)),
                ahead=plans.ahead(node.id, "", result),
                members=known.members.get(node.id),
                households=known.households.get(node.id),
                last_year=known.last_year.get(node.id),
                beneath=beneath.get(node.id),
            )
        )
        path.append(node.name)
    return found


def _sums_beneath(nodes: Sequence[Node], areas: Sequence[AreaRow], agreed: AgreedByKey) -> dict[str, int]:
    """By organisation, the sum of the targets directly beneath it; of its areas where no organisation has one."""
    of_areas: dict[str, int] = {}
    for area in areas:
        if (target := agreed.get((area.organisation_id, area.id))) is not None:
            of_areas[area.organisation_id] = of_areas.get(area.organisation_id, 0) + target.number
    sums: dict[str, int] = {}
    for node in nodes:
        if node.parent_id and (target := agreed.get((node.id, ""))) is not None:
            sums[node.parent_id] = sums.get(node.parent_id, 0) + target.number
    return of_areas | sums


def _area_parts(
    campaign: Campaign,
    nodes: Sequence[Node],
    areas: Sequence[AreaRow],
    agreed: AgreedByKey,
    plans: Plans,
    *,
    is_deep: bool,
) -> list[Part]:
    """One part for each of the areas, in their order."""
    top = nodes[0]
    parents = {node.id: node.parent_id for node in nodes}
    names = {node.id: node.name for node in nodes}
    results = figures.results_in(campaign, nodes, areas)
    # When the whole tree is listed, areas are there to be searched for: nobody shares a target out among all of them.
    last_year = {} if is_deep else figures.last_year_in(campaign, nodes, areas)
    found = []
    for area in areas:
        target = agreed.get((area.organisation_id, area.id))
        above = [names[owner] for owner in figures.upwards(area.organisation_id, parents) if owner != top.id][::-1]
        found.append(
            Part(
                id=area.id,
                name=area.name,
                code=area.code,
                owner_id=area.organisation_id,
                above=tuple(above),
                is_area=True,
                is_direct=area.organisation_id == top.id,
                agreed=target,
                result=(result := results.get(area.id, 0)),
                ahead=plans.ahead(area.organisation_id, area.id, result),
                households=area.households,
                last_year=last_year.get(area.id),
            )
        )
    return found
