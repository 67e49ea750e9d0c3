"""Results of earlier years: imported from files or counted here. Imported ones are never counted as this year's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from canvass.board.earlier_years.models import EarlierImport, EarlierResult
from canvass.core.db import session
from canvass.counting.tallies import Tally
from canvass.fieldwork import campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.targets import Target
from canvass.members import organisations
from canvass.members.organisations import Organisation

# What a figure is about: organisation id, year, and channel ('' for all channels together).
Key = tuple[str, int, str]


@dataclass(frozen=True)
class Year:
    """A year's result at an organisation: imported, or counted here."""

    year: int
    is_imported: bool
    conversations: int
    target: int | None
    # How many organisations beneath it is the sum of; 0 when the file names the organisation itself.
    parts: int = 0

    @property
    def attainment(self) -> float | None:
        """Conversations ÷ target; None without a target."""
        return self.conversations / self.target if self.target else None


@dataclass(frozen=True)
class Imported:
    """The imported result of one organisation and year."""

    conversations: int
    target: int | None


def results(organisation_ids: Select[str] | Iterable[str], year: int) -> dict[str, int]:
    """The conversations of that year at each of these organisations of which anything is known.

    An imported result of the organisation itself is taken for the whole. Without one it is what was counted here for
    the organisation itself, and the results of those directly beneath it.
    """
    wanted = _existing(organisation_ids)
    beneath = organisations.beneath_any(wanted)
    return _results(wanted, _children(wanted), imported_in(year, beneath), counted_in(year, beneath))


def by_year(organisation_ids: Iterable[str]) -> dict[int, dict[str, int]]:
    """The same for each year of which anything is known."""
    wanted = _existing(organisation_ids)
    beneath, children = organisations.beneath_any(wanted), _children(wanted)
    from_files, counts = imported(beneath), counted(beneath)
    return {
        year: _results(wanted, children, from_files.get(year, {}), counts.get(year, {}))
        for year in {*from_files, *counts}
    }


def _existing(organisation_ids: Select[str] | Iterable[str]) -> list[str]:
    return list(session.scalars(select(Organisation.id).where(Organisation.id.in_(organisation_ids))))


def _results(
    wanted: Iterable[str],
    children: Mapping[str | None, list[str]],
    from_files: Mapping[str, Imported],
    counts: Mapping[str, int],
) -> dict[str, int]:
    def of(node: str) -> int | None:
        if node in from_files:
            return from_files[node].conversations
        parts = [counts.get(node), *map(of, children.get(node, []))]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None

    return {node: number for node in wanted if (number := of(node)) is not None}


def compare(organisation: Organisation) -> list[Year]:
    """What is known of each year, the latest first; one both imported and counted here is listed twice."""
    beneath, children = organisations.beneath(organisation.id), _children([organisation.id])
    found = []
    for year, from_files in imported(beneath).items():
        parts = _own_or_beneath(organisation.id, from_files, children)
        targets = [part.target for part in parts if part.target is not None]
        found.append(
            Year(
                year,
                True,
                sum(part.conversations for part in parts),
                # A sum of only some targets would make the result look better than it was.
                sum(targets) if len(targets) == len(parts) else None,
                0 if organisation.id in from_files else len(parts),
            )
        )
    targets_here = _targets(organisation.id)
    for year, counts in counted(beneath).items():
        found.append(Year(year, False, sum(counts.values()), targets_here.get(year)))
    return sorted(found, key=lambda one: (-one.year, not one.is_imported))


# --- what was imported --------------------------------------------------------------------------------------


def imported(organisation_ids: Select[str]) -> dict[int, dict[str, Imported]]:
    """The imported results in effect by year and organisation; not summed up the tree."""
    by_year: dict[int, dict[str, dict[str, EarlierResult]]] = {}
    for (organisation_id, year, channel), row in in_effect(organisation_ids).items():
        by_year.setdefault(year, {}).setdefault(organisation_id, {})[channel] = row
    return {
        year: {organisation_id: _all_channels(rows) for organisation_id, rows in by_organisation.items()}
        for year, by_organisation in by_year.items()
    }


def imported_in(year: int, organisation_ids: Select[str]) -> dict[str, Imported]:
    """The same of one year."""
    by_organisation: dict[str, dict[str, EarlierResult]] = {}
    for (organisation_id, _year, channel), row in in_effect(organisation_ids, year).items():
        by_organisation.setdefault(organisation_id, {})[channel] = row
    return {organisation_id: _all_channels(rows) for organisation_id, rows in by_organisation.items()}


def in_effect(organisation_ids: Select[str], year: int | None = None) -> dict[Key, EarlierResult]:
    """The imported figures in effect: of several for the same key that of the import confirmed last, unless undone."""
    query = (
        select(EarlierResult)
        .join(EarlierImport, EarlierImport.id == EarlierResult.import_id)
        .where(EarlierResult.organisation_id.in_(organisation_ids))
        .where(EarlierImport.confirmed_at.is_not(None), EarlierImport.undone_at.is_(None))
        .order_by(EarlierImport.confirmed_at, EarlierImport.id)
    )
    if year is not None:
        query = query.where(EarlierResult.year == year)
    return {(row.organisation_id, row.year, row.channel): row for row in session.scalars(query)}


def _all_channels(rows: dict[str, EarlierResult]) -> Imported:
    """The figure for all channels together if there is one, else the sum of the separate ones."""
    used = [rows[""]] if "" in rows else list(rows.values())
    targets = [row.target for row in used if row.target is not None]
    target = sum(targets) if len(targets) == len(used) else None
    return Imported(sum(row.conversations for row in used), target)


def _own_or_beneath(
    node: str, from_files: dict[str, Imported], children: dict[str | None, list[str]]
) -> list[Imported]:
    """The organisation's own imported result, else those of the parts beneath it that have one."""
    if node in from_files:
        return [from_files[node]]
    return [part for child in children.get(node, []) for part in _own_or_beneath(child, from_files, children)]


def _children(tops: Sequence[str]) -> dict[str | None, list[str]]:
    """The ids directly beneath each organisation, for all beneath `tops`."""
    query = select(Organisation.parent_id, Organisation.id).where(Organisation.id.in_(organisations.beneath_any(tops)))
    found: dict[str | None, list[str]] = {}
    for parent_id, organisation_id in session.execute(query):
        found.setdefault(parent_id, []).append(organisation_id)
    return found


# --- what was counted here ----------------------------------------------------------------------------------


def counted(organisation_ids: Select[str]) -> dict[int, dict[str, int]]:
    """The conversations in all campaigns by year and organisation; not summed up the tree, zeros left out."""
    year = func.substr(Tally.key, 1, 4)
    query = _talked(organisation_ids, year, Tally.organisation_id)
    found: dict[int, dict[str, int]] = {}
    for one, organisation_id, number in session.execute(query):
        if number:
            found.setdefault(int(one), {})[organisation_id] = int(number)
    return found


def counted_in(year: int, organisation_ids: Select[str]) -> dict[str, int]:
    """The same of one year."""
    query = _talked(organisation_ids, Tally.organisation_id)
    rows = session.execute(query.where(Tally.key.between(f"{year}-01-01", f"{year}-12-31")))
    return {organisation_id: int(number) for organisation_id, number in rows if number}


def _talked(organisation_ids: Select[str], *columns: Any) -> Select[Any]:
    """These columns, and the sum of the conversations by day for each group of them."""
    return (
        select(*columns, func.sum(Tally.number))
        # The campaigns are named so that the database uses the table's primary key and does not read every counter.
        .where(Tally.campaign_id.in_(select(Campaign.id)), Tally.dimension == "day")
        .where(Tally.organisation_id.in_(organisation_ids), Tally.outcome == campaigns.TALKED)
        .group_by(*columns)
    )


def _targets(organisation_id: str) -> dict[int, int]:
    """The organisation's present targets, summed over the campaigns that begin in the same year; drafts left out."""
    query = (
        select(Target.campaign_id, Campaign.starts_on, Target.number)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Target.organisation_id == organisation_id, Target.area_id == "", Campaign.opened_at.is_not(None))
        .order_by(Target.revision)
    )
    latest = {campaign_id: (starts_on.year, number) for campaign_id, starts_on, number in session.execute(query)}
    found: dict[int, int] = {}
    for year, number in latest.values():
        found[year] = found.get(year, 0) + number
    return found
