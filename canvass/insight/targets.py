"""The target tree: a target and its parts, from the party down to the area, proposed, watched and remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import floor
from typing import NamedTuple

from sqlalchemy import Row, Select, and_, func, select

from canvass.board.earlier_years import EarlierImport, EarlierResult
from canvass.core import clock, i18n
from canvass.core.db import session
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting import tallies
from canvass.counting.tallies import Count, Tally
from canvass.fieldwork import campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign, Target
from canvass.insight import forecasts
from canvass.members import organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person

# What a target can be shared out by, and what a list of parts can be sorted by, in the order they are offered.
BASES = ("members", "households", "last_year", "even")
SORTS = ("name", "target", "result", "behind", "unset")


class Agreed(NamedTuple):
    """The number agreed at present, and who set it when: a first name, '' when it was nobody in particular."""

    number: int
    revision: int
    set_at: datetime
    set_by: str


@dataclass(frozen=True)
class Part:
    """An organisation in the target tree, or an area of one, with its target, its result and what can be shared by.

    `owner_id` is the organisation whose target it is: itself, or the one that has the area. `above` are the names
    between the node one looks from and the part. `expected` is what the plan line asks for until last night. `beneath`
    is the sum of its own parts, None while there are none. `last_year` is a number of conversations.
    """

    id: str
    name: str
    code: str
    owner_id: str
    above: tuple[str, ...]
    is_area: bool
    is_direct: bool
    agreed: Agreed | None
    result: int
    expected: int | None
    members: int | None = None
    households: int | None = None
    last_year: int | None = None
    last_year_is_imported: bool = False
    beneath: int | None = None

    @property
    def key(self) -> str:
        """What it is called in forms and addresses."""
        return f"{'area' if self.is_area else 'target'}-{self.id}"

    @property
    def target(self) -> int | None:
        """The number agreed."""
        return self.agreed.number if self.agreed else None

    @property
    def revision(self) -> int:
        """Which revision of its target this is; 0 without one."""
        return self.agreed.revision if self.agreed else 0

    @property
    def attainment(self) -> float | None:
        """Result ÷ target; None without a target."""
        return self.result / self.target if self.target else None

    @property
    def ahead(self) -> int | None:
        """Conversations before the plan line; negative when behind it."""
        return None if self.expected is None else self.result - self.expected

    @property
    def is_behind(self) -> bool:
        """Less than the plan line asks for."""
        return self.ahead is not None and self.ahead < 0

    @property
    def missing(self) -> int | None:
        """What its own parts lack of its target, negative when they are too much; None when there is no such sum."""
        return None if self.target is None or self.beneath is None else self.target - self.beneath


@dataclass(frozen=True)
class Tree:
    """A node and its parts. `sum` is that of the parts directly beneath, shown or not; None while none has a target.

    `of` says which parts: organisations or areas. They are two ways to divide the same target, so never one sum.
    """

    node: Part
    of: str
    ways: list[str]
    parts: list[Part]
    sum: int | None
    year: int

    @property
    def missing(self) -> int | None:
        """What the parts lack of the target, negative when they are too much; None when there is no target."""
        return None if self.node.target is None else self.node.target - (self.sum or 0)

    @property
    def direct(self) -> list[Part]:
        """The parts that the sum is made of."""
        return [part for part in self.parts if part.is_direct and part.is_area == (self.of == "areas")]


class Line(NamedTuple):
    """An organisation as a plain value: thousands of them are gone through several times for one page."""

    depth: int
    id: str
    parent_id: str | None
    name: str
    code: str
    members: int | None


class Milestone(NamedTuple):
    """A number on the way to the target, and the day it was reached; None while it is ahead."""

    number: int
    reached_on: date | None


class Revision(NamedTuple):
    """One target in the history: what it was, what it had been before, who set it when and why."""

    number: int
    before: int | None
    set_at: datetime
    set_by: str
    note: str


class Wish(NamedTuple):
    """A target somebody asks for, and the revision they saw when they wrote it."""

    organisation: Organisation
    area_id: str
    number: int
    saw: int


@dataclass(frozen=True)
class Proposal:
    """Numbers by part id. `guessed` are the names of those that had no figure and got the average of the others'."""

    by: str
    number: int
    numbers: dict[str, int]
    kept: frozenset[str]
    guessed: list[str]


# --- looking ------------------------------------------------------------------------------------------------


def tree(campaign: Campaign, node: Organisation, of: str = "", *, is_deep: bool = False) -> Tree:
    """The node with what lies directly beneath it, or with everything beneath when `is_deep`.

    `of` chooses between organisations and areas where a node has both. A fixed number of questions to the database,
    however large the tree is.
    """
    lines = [
        Line(depth, line.id, line.parent_id if depth else None, line.name, line.code, line.members)
        for depth, line in organisations.tree([node.id])
    ]
    grounds = _grounds(node.id)
    agreed = _agreed(campaign)
    ways = ["organisations"] if len(lines) > 1 else []
    ways += ["areas"] if any(area.organisation_id == node.id for area in grounds) else []
    of = of if of in ways else (ways or ["organisations"])[0]
    top, *parts = _organisation_parts(campaign, lines, grounds, agreed)
    if not is_deep:
        parts = [part for part in parts if part.is_direct]
    if of == "areas" or is_deep:
        parts = parts if is_deep else []
        shown = [area for area in grounds if is_deep or area.organisation_id == node.id]
        parts += _area_parts(campaign, lines, shown, agreed, is_deep=is_deep)
    found = Tree(top, of, ways, parts, None, _last_year(campaign))
    numbers = [part.target for part in found.direct if part.target is not None]
    return Tree(top, of, ways, parts, sum(numbers) if numbers else None, found.year)


def shown(parts: Iterable[Part], wanted: str = "", *, only_behind: bool = False, sort: str = "name") -> list[Part]:
    """The parts with all the wanted words in code or name, in the order asked for; ties by name."""
    words = wanted.casefold().split()
    found = [
        part
        for part in parts
        if all(word in f"{part.code} {part.name}".casefold() for word in words) and (part.is_behind or not only_behind)
    ]
    found.sort(key=lambda part: (i18n.sort_key(part.name), part.above, part.code))
    if sort == "target":
        found.sort(key=lambda part: -1 if part.target is None else part.target, reverse=True)
    elif sort == "result":
        found.sort(key=lambda part: part.result, reverse=True)
    elif sort == "behind":
        found.sort(key=lambda part: (part.ahead is None, part.ahead or 0))
    elif sort == "unset":
        found.sort(key=lambda part: part.target is not None)
    return found


def history(campaign: Campaign, organisation_id: str, area_id: str = "") -> list[Revision]:
    """Every number the target has been, the newest first."""
    query = select(Target, Person.name).outerjoin(Person, Person.id == Target.set_by_id)
    query = query.where(
        Target.campaign_id == campaign.id, Target.organisation_id == organisation_id, Target.area_id == area_id
    )
    found: list[Revision] = []
    for target, name in session.execute(query.order_by(Target.revision)):
        before = found[-1].number if found else None
        found.append(Revision(target.number, before, target.set_at, people.first_name(name), target.note))
    return found[::-1]


def milestones(days: Mapping[str, Count], target: int, earlier: Iterable[int] = ()) -> list[Milestone]:
    """The quarters of the target and the earlier, lower targets, from the lowest up.

    `days` are counts by day as tallies keep them; `earlier` the numbers that were agreed before the target was raised.
    """
    # Rounded up: half of 25 is reached with the thirteenth conversation.
    numbers = {-(-target * quarter // 4) for quarter in (1, 2, 3, 4)} | {
        number for number in earlier if number < target
    }
    left = sorted(number for number in numbers if number > 0)
    found, total = [], 0
    for day in sorted(days):
        total += days[day].conversations
        while left and left[0] <= total:
            found.append(Milestone(left.pop(0), date.fromisoformat(day)))
    return found + [Milestone(number, None) for number in left]


# --- proposing and setting ----------------------------------------------------------------------------------


def propose(parts: Sequence[Part], by: str, number: int, kept: Mapping[str, int] | None = None) -> Proposal:
    """Share a number out in proportion to members, households, last year's result, or evenly; nothing is saved.

    What is `kept` stays as it is, and the rest goes to the others. Raises Refused.
    """
    if not 0 <= number <= campaigns.LARGEST_TARGET:
        raise Refused({"number": _("Målet ska vara ett heltal mellan 0 och 10 miljoner.")})
    kept = {part.id: kept[part.id] for part in parts if kept and part.id in kept}
    left = number - sum(kept.values())
    if left < 0:
        raise Refused({"number": _("Det som ska behållas är redan mer än %(number)s.", number=i18n.number(number))})
    # In the order of names, which is also what decides between equals.
    open_parts = shown(part for part in parts if part.id not in kept)
    figures = [1 if by == "even" else getattr(part, by) for part in open_parts]
    known = [figure for figure in figures if figure is not None]
    if open_parts and not sum(known):
        raise Refused({"number": _nothing_to_share_by(by)})
    # The average would be a fraction: everything is weighed `len(known)` times as heavy instead.
    weights = [sum(known) if figure is None else figure * len(known) for figure in figures]
    numbers = dict(zip((part.id for part in open_parts), share_out(left, weights), strict=True))
    guessed = [part.name for part, figure in zip(open_parts, figures, strict=True) if figure is None]
    return Proposal(by, number, kept | numbers, frozenset(kept), guessed)


def share_out(number: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the weights that sum to `number` exactly; all of them 0 when there is no weight.

    By the largest remainder, ties to whoever stands first.
    """
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares = [number * weight // total for weight in weights]
    nearest_first = sorted(range(len(weights)), key=lambda at: -(number * weights[at] % total))
    for at in nearest_first[: number - sum(shares)]:
        shares[at] += 1
    return shares


def save(campaign: Campaign, wishes: Mapping[str, Wish], *, note: str = "", by: Person) -> bool:
    """Set all these targets; True when anything changed. What was not touched is left to whoever changed it.

    Raises Refused by the wishes' keys, also where somebody else set another number since; the caller rolls back.
    """
    # Two leaders at once: the second waits, and then sees what the first one set. Logging goes on meanwhile.
    session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update(key_share=True))
    agreed = _agreed(campaign)
    before = _seen(campaign, wishes.values())
    errors: dict[str, str] = {}
    has_changed = False
    for key, wish in wishes.items():
        now = agreed.get((wish.organisation.id, wish.area_id))
        saw = before.get((wish.organisation.id, wish.area_id, wish.saw))
        if wish.number == saw or (now and wish.number == now.number):
            continue
        if now and now.revision > wish.saw:
            errors[key] = _overtaken(now, wish.number)
            continue
        try:
            campaigns.set_target(campaign, wish.organisation, wish.number, area_id=wish.area_id, note=note, by=by)
        except Refused as error:
            errors["note" if "note" in error.errors else key] = str(error)
        has_changed = True
    if errors:
        raise Refused(errors)
    return has_changed


def expected(campaign: Campaign, target: int) -> int:
    """What the campaign's rhythm asks for until last night: today is not over yet."""
    first, last = campaign.starts_on, campaign.ends_on
    gone = min((clock.today() - first).days, (last - first).days + 1)
    # Rounded first, since the shares of the days do not add up to the last digit.
    return floor(round(target * _share_of_plan(first, last, campaign.rhythm, gone), 6)) if gone > 0 else 0


@lru_cache(maxsize=64)
def _share_of_plan(first: date, last: date, rhythm: str, days: int) -> float:
    """How much of a target the rhythm puts in the first `days`; the same for a thousand associations."""
    return forecasts.plan_line(first, last, [(first, 1)], rhythm)[days - 1]


# --- words --------------------------------------------------------------------------------------------------


def basis_name(by: str) -> str:
    """What a target is shared out by."""
    return {
        "members": _("Medlemmar"),
        "households": _("Hushåll"),
        "last_year": _("Förra årets resultat"),
        "even": _("Lika till alla"),
    }[by]


def sort_name(sort: str) -> str:
    """What a list is sorted by."""
    return {
        "name": _("Namn"),
        "target": _("Störst mål"),
        "result": _("Flest samtal"),
        "behind": _("Längst efter planen"),
        "unset": _("Utan mål först"),
    }[sort]


def _nothing_to_share_by(by: str) -> str:
    return {
        "members": _("Ingen av dem har ett medlemstal. Fyll i dem först, eller fördela lika."),
        "households": _("Ingen av dem har områden med hushåll. Fyll i dem först, eller fördela lika."),
        "last_year": _("Ingen av dem har något resultat från förra året. Läs in det, eller fördela lika."),
    }[by]


def _overtaken(now: Agreed, number: int) -> str:
    values = {"theirs": i18n.number(now.number), "yours": i18n.number(number)}
    if not now.set_by:
        return _("Målet ändrades till %(theirs)s medan du skrev %(yours)s. Spara igen om ditt tal ska gälla.", **values)
    return _(
        "%(name)s satte %(theirs)s medan du skrev %(yours)s. Spara igen om ditt tal ska gälla.",
        name=now.set_by,
        **values,
    )


# --- what the tree is put together from ---------------------------------------------------------------------


def _organisation_parts(
    campaign: Campaign,
    lines: list[Line],
    grounds: Sequence[Row[str, str, str, str, int | None]],
    agreed: Mapping[tuple[str, str], Agreed],
) -> list[Part]:
    """One for each line, the node itself first."""
    here = organisations.beneath(lines[0].id)
    year = _last_year(campaign)
    counts = tallies.by_organisation(campaign.id, here)
    results = _summed(lines, {key: count.conversations for key, count in counts.items()})
    members = _said(lines, {line.id: line.members for line in lines}, is_whole=True)
    households: dict[str, int] = {}
    area_sums: dict[str, int] = {}
    for area in grounds:
        if area.households is not None:
            households[area.organisation_id] = households.get(area.organisation_id, 0) + area.households
        if (target := agreed.get((area.organisation_id, area.id))) is not None:
            area_sums[area.organisation_id] = area_sums.get(area.organisation_id, 0) + target.number
    households = _summed(lines, households)
    counted = _summed(lines, _counted(year, here))
    imported = _said(lines, _imported(year, here), is_whole=False)
    sums: dict[str, int] = {}
    for line in lines:
        if line.parent_id and (target := agreed.get((line.id, ""))) is not None:
            sums[line.parent_id] = sums.get(line.parent_id, 0) + target.number
    found = []
    path: list[str] = []
    for line in lines:
        del path[line.depth :]
        target = agreed.get((line.id, ""))
        found.append(
            Part(
                id=line.id,
                name=line.name,
                code=line.code,
                owner_id=line.id,
                above=tuple(path[1:]),
                is_area=False,
                is_direct=line.depth == 1,
                agreed=target,
                result=results.get(line.id, 0),
                expected=expected(campaign, target.number) if target else None,
                members=members.get(line.id),
                households=households.get(line.id),
                last_year=counted.get(line.id, imported.get(line.id)),
                last_year_is_imported=line.id not in counted and line.id in imported,
                beneath=sums.get(line.id, area_sums.get(line.id)),
            )
        )
        path.append(line.name)
    return found


def _area_parts(
    campaign: Campaign,
    lines: list[Line],
    areas: Sequence[Row[str, str, str, str, int | None]],
    agreed: Mapping[tuple[str, str], Agreed],
    *,
    is_deep: bool,
) -> list[Part]:
    """One for each area, with what its owner's people, and those beneath the owner, have talked there."""
    top = lines[0]
    parents = {line.id: line.parent_id for line in lines}
    names = {line.id: line.name for line in lines}
    owners = {area.id: area.organisation_id for area in areas}
    results = _talked_in(owners, parents, _by_area(campaign, organisations.beneath(top.id)))
    # From above, areas are only searched for: nobody shares out a nation by them.
    before = {} if is_deep else _talked_in(owners, parents, _visits(_last_year(campaign), top.id))
    found = []
    for area in areas:
        target = agreed.get((area.organisation_id, area.id))
        above = [names[owner] for owner in _upwards(area.organisation_id, parents) if owner != top.id][::-1]
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
                result=results.get(area.id, 0),
                expected=expected(campaign, target.number) if target else None,
                households=area.households,
                last_year=before.get(area.id),
            )
        )
    return found


def _agreed(campaign: Campaign) -> dict[tuple[str, str], Agreed]:
    """What is agreed at present, by organisation and area id, '' for the organisation itself."""
    newest = (
        select(Target.organisation_id, Target.area_id, func.max(Target.revision).label("revision"))
        .where(Target.campaign_id == campaign.id)
        .group_by(Target.organisation_id, Target.area_id)
        .subquery()
    )
    query = (
        select(Target.organisation_id, Target.area_id, Target.number, Target.revision, Target.set_at, Person.name)
        .join(
            newest,
            and_(
                Target.organisation_id == newest.c.organisation_id,
                Target.area_id == newest.c.area_id,
                Target.revision == newest.c.revision,
            ),
        )
        .outerjoin(Person, Person.id == Target.set_by_id)
        .where(Target.campaign_id == campaign.id)
    )
    return {
        (organisation_id, area_id): Agreed(number, revision, set_at, people.first_name(name))
        for organisation_id, area_id, number, revision, set_at, name in session.execute(query)
    }


def _seen(campaign: Campaign, wishes: Iterable[Wish]) -> dict[tuple[str, str, int], int]:
    """Every number the wished for have been, by organisation, area and revision."""
    query = select(Target.organisation_id, Target.area_id, Target.revision, Target.number).where(
        Target.campaign_id == campaign.id,
        Target.organisation_id.in_({wish.organisation.id for wish in wishes}),
    )
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(query)}


def _grounds(organisation_id: str) -> Sequence[Row[str, str, str, str, int | None]]:
    """The areas in use there and beneath, without their outlines."""
    query = select(Area.id, Area.organisation_id, Area.name, Area.code, Area.households).where(
        Area.organisation_id.in_(organisations.beneath(organisation_id)), Area.retired_at.is_(None)
    )
    return session.execute(query).all()


def _last_year(campaign: Campaign) -> int:
    """The calendar year before the campaign's: what it is measured against."""
    return campaign.starts_on.year - 1


def _counted(year: int, here: Select[str]) -> dict[str, int]:
    """The conversations of a calendar year in all campaigns, by organisation; only where there are any."""
    query = select(Tally.organisation_id, func.sum(Tally.number)).where(
        Tally.campaign_id.in_(select(Campaign.id)),
        Tally.dimension == "day",
        Tally.organisation_id.in_(here),
        Tally.key.between(f"{year}-01-01", f"{year}-12-31"),
        Tally.outcome == campaigns.TALKED,
    )
    return {key: int(number) for key, number in session.execute(query.group_by(Tally.organisation_id)) if number}


def _visits(year: int, organisation_id: str) -> list[tuple[str, str, int]]:
    """The same by organisation and area."""
    area_id, on = func.substr(Tally.key, 1, 36), func.substr(Tally.key, 38)
    query = select(Tally.organisation_id, area_id, func.sum(Tally.number)).where(
        Tally.campaign_id.in_(select(Campaign.id)),
        Tally.dimension == "visit",
        Tally.organisation_id.in_(organisations.beneath(organisation_id)),
        on.between(f"{year}-01-01", f"{year}-12-31"),
        Tally.outcome == campaigns.TALKED,
    )
    rows = session.execute(query.group_by(Tally.organisation_id, area_id))
    return [(owner, area, int(number)) for owner, area, number in rows if number]


def _by_area(campaign: Campaign, here: Select[str]) -> list[tuple[str, str, int]]:
    query = select(Tally.organisation_id, Tally.key, Tally.number).where(
        Tally.campaign_id == campaign.id,
        Tally.dimension == "area",
        Tally.organisation_id.in_(here),
        Tally.outcome == campaigns.TALKED,
    )
    return [(owner, area, number) for owner, area, number in session.execute(query)]


def _imported(year: int, here: Select[str]) -> dict[str, int | None]:
    """What the files of earlier years say, by organisation; the file confirmed last counts."""
    query = (
        select(EarlierResult.organisation_id, EarlierImport.id, EarlierResult.channel, EarlierResult.conversations)
        .join(EarlierImport, EarlierImport.id == EarlierResult.import_id)
        .where(
            EarlierResult.year == year,
            EarlierResult.organisation_id.in_(here),
            EarlierImport.confirmed_at.is_not(None),
            EarlierImport.undone_at.is_(None),
        )
        .order_by(EarlierImport.confirmed_at, EarlierImport.id)
    )
    files: dict[str, tuple[str, dict[str, int]]] = {}
    for organisation_id, import_id, channel, number in session.execute(query):
        latest, channels = files.get(organisation_id, ("", {}))
        files[organisation_id] = (import_id, {**(channels if latest == import_id else {}), channel: number})
    return {key: channels.get("", sum(channels.values())) for key, (_import, channels) in files.items()}


def _summed(lines: list[Line], own: Mapping[str, int]) -> dict[str, int]:
    """Each organisation's own number and those of all beneath it; nothing where there is none."""
    found = dict(own)
    for line in reversed(lines):
        if line.parent_id and line.id in found:
            found[line.parent_id] = found.get(line.parent_id, 0) + found[line.id]
    return found


def _said(lines: list[Line], own: Mapping[str, int | None], *, is_whole: bool) -> dict[str, int | None]:
    """What is said of an organisation itself, else the sum of what is said beneath it.

    A sum with a gap is none when `is_whole`: a district where one of twelve has filled in would look like a twelfth.
    """
    found: dict[str, int | None] = {}
    sums: dict[str, int] = {}
    gaps: set[str] = set()
    for line in reversed(lines):
        value = own.get(line.id)
        if value is None and not (is_whole and line.id in gaps):
            value = sums.get(line.id)
        if value is not None:
            found[line.id] = value
        if line.parent_id:
            if value is None:
                gaps.add(line.parent_id)
            else:
                sums[line.parent_id] = sums.get(line.parent_id, 0) + value
    return found


def _talked_in(
    owners: Mapping[str, str], parents: Mapping[str, str | None], counts: Iterable[tuple[str, str, int]]
) -> dict[str, int]:
    """By area, what was talked there by its owner's people. Somebody else's help is counted where they belong."""
    found: dict[str, int] = {}
    for organisation_id, area_id, number in counts:
        if owners.get(area_id) in _upwards(organisation_id, parents):
            found[area_id] = found.get(area_id, 0) + number
    return found


def _upwards(organisation_id: str | None, parents: Mapping[str, str | None]) -> list[str]:
    line: list[str] = []
    while organisation_id is not None:
        line.append(organisation_id)
        organisation_id = parents.get(organisation_id)
    return line
