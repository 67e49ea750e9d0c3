"""Counters: how many attempts of each outcome a campaign has, per organisation and along each dimension.

A counter belongs to the organisation the attempts belong to, never to those above it: sums are made when reading, so
moving an association needs no recount, and writers do not queue for one row at the top of the tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Index, Select, String, delete, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock
from canvass.core.db import Base, Id, in_batches, insert, session
from canvass.fieldwork import campaigns

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
    rows = [{**cell._asdict(), "number": number} for cell, number in sorted(changes.items()) if number]
    if not rows:
        return
    touched = sorted({(row["campaign_id"], row["organisation_id"]) for row in rows})
    # executemany on the connection: compiled once, not once per number of rows.
    connection = session.connection()
    connection.execute(_raise(Tally, "number", connection.dialect.name), rows)
    beats = [
        {"campaign_id": campaign, "organisation_id": organisation, "beat": 1} for campaign, organisation in touched
    ]
    connection.execute(_raise(Pulse, "beat", connection.dialect.name), beats)


@cache
def _raise(table: type[Base], column: str, _engine: str) -> Any:
    """A statement that inserts a row, or adds to the column of the one that is there."""
    statement = insert(table)
    added = getattr(table, column) + statement.excluded[column]
    return statement.on_conflict_do_update(index_elements=list(table.__table__.primary_key), set_={column: added})


def by(dimension: str, campaign_id: str, organisation_ids: Select[str]) -> dict[str, Count]:
    """The counts along a dimension, by key, summed over these organisations."""
    return _read(Tally.key, dimension, campaign_id, organisation_ids)


def marginals(dimensions: Iterable[str], campaign_id: str, organisation_id: str) -> dict[str, dict[str, Count]]:
    """The counts of one organisation, without those beneath, by dimension and key."""
    query = _counts(Tally.dimension, Tally.key).where(
        Tally.campaign_id == campaign_id,
        Tally.dimension.in_(list(dimensions)),
        Tally.organisation_id == organisation_id,
    )
    found: dict[str, dict[str, Count]] = {dimension: {} for dimension in dimensions}
    for dimension, key, attempts, conversations in session.execute(query):
        found[dimension][key] = Count(int(attempts), int(conversations))
    return found


def of_shifts(campaign_id: str, shift_ids: Iterable[str]) -> dict[str, Counter[str]]:
    """The number of each outcome by shift id, over all organisations."""
    found: dict[str, Counter[str]] = {}
    for some in in_batches(shift_ids):
        query = select(Tally.key, Tally.outcome, func.sum(Tally.number)).where(
            Tally.campaign_id == campaign_id, _IS_SHIFT, Tally.key.in_(some)
        )
        for key, outcome, number in session.execute(query.group_by(Tally.key, Tally.outcome)):
            found.setdefault(key, Counter())[outcome] = int(number)
    return found


def talked_by_shift(campaign_id: str, organisation_ids: Select[str]) -> Counter[str]:
    """Conversations by shift id, of these organisations. Summed here: the database would sort all rows first."""
    query = select(Tally.key, Tally.number).where(
        Tally.campaign_id == campaign_id,
        Tally.dimension == "shift",
        Tally.organisation_id.in_(organisation_ids),
        Tally.outcome == campaigns.TALKED,
    )
    found: Counter[str] = Counter()
    for key, number in session.execute(query):
        found[key] += number
    return found


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


def beats(campaign_ids: Iterable[str]) -> dict[tuple[str, str], int]:
    """The pulse of each organisation in these campaigns, by (campaign, organisation)."""
    query = select(Pulse.campaign_id, Pulse.organisation_id, Pulse.beat)
    rows = session.execute(query.where(Pulse.campaign_id.in_(sorted(campaign_ids))))
    return {(campaign_id, organisation_id): beat for campaign_id, organisation_id, beat in rows}


def replace(counted: Counter[Cell]) -> None:
    """Set all counters to these. For `recount`."""
    present = Counter(everything())
    move({cell: counted[cell] - present[cell] for cell in set(counted) | set(present)})
    session.execute(delete(Tally).where(Tally.number == 0))


def everything() -> dict[Cell, int]:
    """Every counter that is not zero."""
    query = select(Tally.campaign_id, Tally.dimension, Tally.organisation_id, Tally.key, Tally.outcome, Tally.number)
    return {Cell(*row[:5]): row[5] for row in session.execute(query.where(Tally.number != 0))}


def _read(column: Any, dimension: str, campaign_id: str, organisation_ids: Select[str]) -> dict[str, Count]:
    query = _counts(column).where(
        Tally.campaign_id == campaign_id,
        Tally.dimension == dimension,
        Tally.organisation_id.in_(organisation_ids),
    )
    return {key: Count(int(attempts), int(conversations)) for key, attempts, conversations in session.execute(query)}


def _counts(*columns: Any) -> Select[Any]:
    """These columns, the attempts and the conversations of each group of them."""
    talked = func.sum(Tally.number).filter(Tally.outcome == campaigns.TALKED)
    return select(*columns, func.sum(Tally.number), func.coalesce(talked, 0)).group_by(*columns)
