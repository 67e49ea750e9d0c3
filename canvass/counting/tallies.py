"""Counters: how many attempts of each outcome a campaign has, per organisation and along each dimension.

A counter belongs to the organisation the attempts belong to, never to those above it: sums are made when reading, so
moving an association needs no recount, and writers do not queue for one row at the top of the tree.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Index, Select, String, bindparam, delete, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import bulk, clock
from canvass.core.db import Base, Id, built_once, connection, in_batches, insert, session
from canvass.fieldwork import campaigns
from canvass.members import organisations

# One marginal each: the cube of them all would have nearly as many rows as there are attempts.
DIMENSIONS = ("area", "channel", "day", "hour", "shift", "topic", "visit")
# Position of the day in a visit's key, counted from 1: after an area's id and a colon.
_VISIT_DAY = 38
# Literal rather than bound: only then can the query planner use the partial index.
_IS_SHIFT = text("dimension = 'shift'")


class Tally(Base):
    """One counter. What `key` is depends on the dimension:

    area: an area's id, '' for none · channel: its name · day: 2026-05-01 · topic, shift: its id
    hour: channel, weekday from Monday as 0, hour in Sweden: door-1-18 · visit: an area's id, a colon and a day
    """

    __tablename__ = "tallies"
    # Partial, for looking up one shift: every further index is written at every tap.
    __table_args__ = (
        Index(
            "ix_tallies_key",
            "key",
            sqlite_where=text("dimension = 'shift'"),
            postgresql_where=text("dimension = 'shift'"),
        ),
    )

    campaign_id: Mapped[str] = mapped_column(Id, primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int]


class Pulse(Base):
    """Rises with every change of an organisation's counters in a campaign. Live views wait for it."""

    __tablename__ = "pulses"

    campaign_id: Mapped[str] = mapped_column(Id, primary_key=True)
    organisation_id: Mapped[str] = mapped_column(Id, primary_key=True)
    beat: Mapped[int]


class Cell(NamedTuple):
    """The primary key of a Tally."""

    campaign_id: str
    dimension: str
    organisation_id: str
    key: str
    outcome: str


class Count(NamedTuple):
    """Attempts, and how many of them were conversations."""

    attempts: int = 0
    conversations: int = 0

    @property
    def contact_rate(self) -> float | None:
        """Conversations ÷ attempts; None without attempts."""
        return self.conversations / self.attempts if self.attempts else None


def cells(
    campaign_id: str,
    organisation_id: str,
    area_id: str | None,
    channel: str,
    happened_at: datetime,
    topics: Iterable[str],
    outcome: str,
    shift_id: str | None = None,
) -> list[Cell]:
    """The counters that an attempt with these values adds to. Topics are counted for conversations only."""
    local = happened_at.astimezone(clock.ZONE)
    day = local.date().isoformat()
    found = [
        Cell(campaign_id, "area", organisation_id, area_id or "", outcome),
        Cell(campaign_id, "channel", organisation_id, channel, outcome),
        Cell(campaign_id, "day", organisation_id, day, outcome),
        Cell(campaign_id, "hour", organisation_id, f"{channel}-{local.weekday()}-{local.hour}", outcome),
    ]
    if area_id:
        found.append(Cell(campaign_id, "visit", organisation_id, f"{area_id}:{day}", outcome))
    if shift_id:
        found.append(Cell(campaign_id, "shift", organisation_id, shift_id, outcome))
    if outcome == campaigns.TALKED:
        found += [Cell(campaign_id, "topic", organisation_id, topic, outcome) for topic in topics]
    return found


def move(changes: Mapping[Cell, int]) -> None:
    """Add each difference to its counter, and raise the pulse of every organisation concerned."""
    # Always in key order: two writers of the same counters then wait for each other instead of deadlocking.
    rows = [(*cell, number) for cell, number in sorted(changes.items()) if number]
    touched = sorted({(cell.campaign_id, cell.organisation_id, 1) for cell, number in changes.items() if number})
    engine = connection().dialect.name
    bulk.write(_raise(Tally, "number", engine), (*Cell._fields, "number"), rows)
    bulk.write(_raise(Pulse, "beat", engine), ("campaign_id", "organisation_id", "beat"), touched)


@cache
def _raise(table: type[Base], column: str, _engine: str) -> Any:
    """A statement that inserts a row, or adds to the column of the one that is there."""
    statement = insert(table)
    added = getattr(table, column) + statement.excluded[column]
    return statement.on_conflict_do_update(index_elements=list(table.__table__.primary_key), set_={column: added})


def by(dimension: str, campaign_id: str, organisation_ids: Select[str]) -> dict[str, Count]:
    """The counts along a dimension, by key, summed over these organisations."""
    return _read(Tally.key, dimension, campaign_id, organisation_ids)


def marginals(
    dimensions: Iterable[str], campaign_id: str, organisation_ids: Iterable[str]
) -> dict[str, dict[str, dict[str, Count]]]:
    """The counts of each of the organisations, without those beneath, by organisation, dimension and key."""
    found: dict[str, dict[str, dict[str, Count]]] = {}
    for some in in_batches(organisation_ids):
        found |= {id_: {dimension: {} for dimension in dimensions} for id_ in some}
        given = {"campaign": campaign_id, "dimensions": list(dimensions), "organisations": some}
        for id_, dimension, key, attempts, conversations in session.execute(_MARGINALS, given):
            found[id_][dimension][key] = Count(int(attempts), int(conversations))
    return found


# Built once: phones ask for it when they start.
_OF_SHIFTS = (
    select(Tally.key, Tally.outcome, func.sum(Tally.number))
    .where(
        Tally.campaign_id.in_(bindparam("campaigns", expanding=True)),
        _IS_SHIFT,
        Tally.key.in_(bindparam("shifts", expanding=True)),
    )
    .group_by(Tally.key, Tally.outcome)
)


def of_shifts(campaign_ids: Collection[str], shift_ids: Iterable[str]) -> dict[str, Counter[str]]:
    """The number of each outcome by the id of these campaigns' shifts, over all organisations."""
    found: dict[str, Counter[str]] = {}
    for some in in_batches(shift_ids):
        for key, outcome, number in connection().execute(_OF_SHIFTS, {"campaigns": list(campaign_ids), "shifts": some}):
            found.setdefault(key, Counter())[outcome] = int(number)
    return found


def talked_by_shift(campaign_id: str, organisation_ids: Select[str]) -> Counter[str]:
    """Conversations by shift id, of these organisations. Summed here: the database would sort all rows first."""
    found: Counter[str] = Counter()
    for key, number in session.execute(_talked_by_shift(campaign_id, organisation_ids)):
        found[key] += number
    return found


@built_once
def _talked_by_shift(campaign_id: str, organisation_ids: Select[str]) -> Select[str, int]:
    return select(Tally.key, Tally.number).where(
        Tally.campaign_id == campaign_id,
        Tally.dimension == "shift",
        Tally.organisation_id.in_(organisation_ids),
        Tally.outcome == campaigns.TALKED,
    )


def visits(
    campaign_id: str, organisation_ids: Select[str], first: date, last: date, area_id: str | None, most: int
) -> dict[tuple[str, str, str], Count]:
    """Counts by (area, day, organisation) from `first` to `last` inclusive, latest day first, at most `most`."""
    day = func.substr(Tally.key, _VISIT_DAY)
    talked = func.sum(Tally.number).filter(Tally.outcome == campaigns.TALKED)
    query = select(Tally.key, Tally.organisation_id, func.sum(Tally.number), func.coalesce(talked, 0)).where(
        Tally.campaign_id == campaign_id,
        Tally.dimension == "visit",
        Tally.organisation_id.in_(organisation_ids),
        day.between(first.isoformat(), last.isoformat()),
    )
    if area_id is not None:
        query = query.where(Tally.key.startswith(f"{area_id}:", autoescape=True))
    # Grouped in the order of the primary key, so that only the sums are sorted.
    query = query.group_by(Tally.organisation_id, Tally.key).having(func.sum(Tally.number) > 0)
    rows = session.execute(query.order_by(day.desc(), Tally.key, Tally.organisation_id).limit(most))
    return {
        (key[: _VISIT_DAY - 2], key[_VISIT_DAY - 1 :], organisation_id): Count(int(attempts), int(conversations))
        for key, organisation_id, attempts, conversations in rows
    }


def by_organisation(campaign_id: str, organisation_ids: Select[str]) -> dict[str, Count]:
    """Counts by organisation, each without those beneath it."""
    return _read(Tally.organisation_id, "channel", campaign_id, organisation_ids)


def total(campaign_id: str, organisation_ids: Select[str]) -> Count:
    """All attempts and conversations of these organisations in the campaign."""
    return added(by_organisation(campaign_id, organisation_ids).values())


def at_tops(
    campaign_ids: Iterable[str], organisation_ids: Iterable[str], dimension: str = "channel", key: str | None = None
) -> dict[tuple[str, str], Count]:
    """Counts by (campaign, organisation), of each organisation with all beneath it; those without attempts left out.

    Of all attempts, or of those with this key in the dimension.
    """
    given = {"campaigns": list(campaign_ids), "tops": list(organisation_ids), "key": key}
    return {
        (campaign_id, top): Count(int(attempts), int(conversations))
        for campaign_id, top, attempts, conversations in connection().execute(
            _at_tops(dimension, key is not None), given
        )
    }


@built_once
def _at_tops(dimension: str, has_key: bool) -> Select[Any]:
    tops = organisations.TOPS
    query = (
        _counts(Tally.campaign_id, tops.c.top)
        .join(tops, tops.c.id == Tally.organisation_id)
        .where(Tally.campaign_id.in_(bindparam("campaigns", expanding=True)), Tally.dimension == dimension)
    )
    return query.where(Tally.key == bindparam("key")) if has_key else query


def pulse(campaign_id: str) -> int:
    """A number that rises with every change of the campaign's counters."""
    return session.scalar(select(func.coalesce(func.sum(Pulse.beat), 0)).where(Pulse.campaign_id == campaign_id)) or 0


def added(counts: Iterable[Count]) -> Count:
    """The sum of the counts."""
    attempts = conversations = 0
    for count in counts:
        attempts += count.attempts
        conversations += count.conversations
    return Count(attempts, conversations)


_BEATS = select(Pulse.campaign_id, Pulse.organisation_id, Pulse.beat).where(
    Pulse.campaign_id.in_(bindparam("campaigns", expanding=True))
)


def beats(campaign_ids: Iterable[str]) -> dict[tuple[str, str], int]:
    """The pulse of each organisation in these campaigns, by (campaign, organisation)."""
    rows = session.execute(_BEATS, {"campaigns": sorted(campaign_ids)})
    return {(campaign_id, organisation_id): beat for campaign_id, organisation_id, beat in rows}


def beats_of(campaign_id: str, organisation_ids: Select[str]) -> dict[str, int]:
    """The pulse of each of these organisations in the campaign; those without one are left out."""
    return dict(iter(session.execute(_beats_of(campaign_id, organisation_ids))))


@built_once
def _beats_of(campaign_id: str, organisation_ids: Select[str]) -> Select[str, int]:
    return select(Pulse.organisation_id, Pulse.beat).where(
        Pulse.campaign_id == campaign_id, Pulse.organisation_id.in_(organisation_ids)
    )


# --- counting again -----------------------------------------------------------------------------------------


def everything() -> dict[Cell, int]:
    """Every counter that is not zero."""
    query = select(Tally.campaign_id, Tally.dimension, Tally.organisation_id, Tally.key, Tally.outcome, Tally.number)
    return {Cell(*row[:5]): row[5] for row in session.execute(query.where(Tally.number != 0))}


def owners() -> set[tuple[str, str]]:
    """Whose counters there are: (campaign, organisation)."""
    rows = session.execute(select(Tally.campaign_id, Tally.organisation_id).distinct())
    return {(campaign_id, organisation_id) for campaign_id, organisation_id in rows}


def differences(campaign_id: str, organisation_id: str, rows: Iterable[Sequence[Any]]) -> dict[Cell, tuple[int, int]]:
    """The organisation's counters that differ from its rows: (stored, computed) by cell.

    The rows are (area, channel, happened_at, topics as JSON or None, outcome, shift, number).
    """
    computed = _summed(rows)
    query = select(Tally.dimension, Tally.key, Tally.outcome, Tally.number).where(
        Tally.campaign_id == campaign_id, Tally.dimension.in_(DIMENSIONS), Tally.organisation_id == organisation_id
    )
    stored = {(dimension, key, outcome): number for dimension, key, outcome, number in session.execute(query)}
    return {
        Cell(campaign_id, dimension, organisation_id, key, outcome): (says, should)
        for dimension, key, outcome in {*computed, *stored}
        for says, should in [(stored.get((dimension, key, outcome), 0), computed.get((dimension, key, outcome), 0))]
        if says != should
    }


def correct(found: Mapping[Cell, tuple[int, int]]) -> None:
    """Set the counters to what was computed; `found` is what `differences` found of one organisation."""
    move({cell: should - says for cell, (says, should) in found.items()})
    for campaign_id, organisation_id in {(cell.campaign_id, cell.organisation_id) for cell in found}:
        session.execute(
            delete(Tally).where(
                Tally.campaign_id == campaign_id, Tally.organisation_id == organisation_id, Tally.number == 0
            )
        )


def _summed(rows: Iterable[Sequence[Any]]) -> dict[tuple[str, str, str], int]:
    """The sum of `cells` over the rows, by dimension, key and outcome.

    Not by `cells` itself, which takes minutes for millions of rows. A test holds that both say the same.
    """
    sums: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for area_id, channel, happened_at, topics, outcome, shift_id, number in rows:
        day, hour = _local(happened_at)
        sums["area", area_id or "", outcome] += number
        sums["channel", channel, outcome] += number
        sums["day", day, outcome] += number
        sums["hour", f"{channel}-{hour}", outcome] += number
        if area_id:
            sums["visit", f"{area_id}:{day}", outcome] += number
        if shift_id:
            sums["shift", shift_id, outcome] += number
        for topic in _topics(topics) if topics else ():
            sums["topic", topic, outcome] += number
    return {key: int(number) for key, number in sums.items() if number}


@lru_cache(maxsize=100_000)
def _local(happened_at: datetime | str) -> tuple[str, str]:
    """The Swedish day, and the weekday and hour, of a time as the database gives it. There are few distinct hours."""
    at = datetime.fromisoformat(happened_at) if isinstance(happened_at, str) else happened_at
    local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(clock.ZONE)
    return local.date().isoformat(), f"{local.weekday()}-{local.hour}"


@lru_cache(maxsize=10_000)
def _topics(topics: str) -> tuple[str, ...]:
    return tuple(json.loads(topics))


def _read(column: Any, dimension: str, campaign_id: str, organisation_ids: Select[str]) -> dict[str, Count]:
    query = _reading(column, dimension, campaign_id, organisation_ids)
    return {key: Count(int(attempts), int(conversations)) for key, attempts, conversations in session.execute(query)}


@built_once
def _reading(column: Any, dimension: str, campaign_id: str, organisation_ids: Select[str]) -> Select[Any]:
    return _counts(column).where(
        Tally.campaign_id == campaign_id,
        Tally.dimension == dimension,
        Tally.organisation_id.in_(organisation_ids),
    )


def _counts(*columns: Any) -> Select[Any]:
    """These columns, the attempts and the conversations of each group of them."""
    talked = func.sum(Tally.number).filter(Tally.outcome == campaigns.TALKED)
    return select(*columns, func.sum(Tally.number), func.coalesce(talked, 0)).group_by(*columns)


_MARGINALS = _counts(Tally.organisation_id, Tally.dimension, Tally.key).where(
    Tally.campaign_id == bindparam("campaign"),
    Tally.dimension.in_(bindparam("dimensions", expanding=True)),
    Tally.organisation_id.in_(bindparam("organisations", expanding=True)),
)
