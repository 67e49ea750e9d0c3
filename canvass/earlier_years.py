"""Earlier years: results from before, imported from CSV to compare with. They are never counted as this year's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Select, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass import campaigns, clock, organisations, tallies
from canvass.campaigns import Campaign
from canvass.db import Base, Id, new_id, session
from canvass.organisations import Organisation
from canvass.people import Person


class EarlierImport(Base):
    """One file: first a preview, then confirmed, perhaps undone."""

    __tablename__ = "earlier_imports"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    # What was read of the file, until it is confirmed.
    content: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))
    confirmed_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)


class EarlierResult(Base):
    """What an organisation reached in a year; `channel` is '' for all ways of talking together."""

    __tablename__ = "earlier_results"
    __table_args__ = (UniqueConstraint("import_id", "organisation_id", "year", "channel"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    import_id: Mapped[str] = mapped_column(Id, ForeignKey(EarlierImport.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    year: Mapped[int]
    channel: Mapped[str] = mapped_column(String(20), default="")
    conversations: Mapped[int]
    target: Mapped[int | None]


# --- reading ------------------------------------------------------------------------------------------------


def results(organisation_ids: Select[str] | Iterable[str], year: int) -> dict[str, int]:
    """Conversations of that year for each of these organisations of which anything is known.

    An imported result is what somebody has said of the organisation as a whole. Without one it is what was counted
    here together with the results of those beneath.
    """
    wanted = list(session.scalars(select(Organisation.id).where(Organisation.id.in_(organisation_ids))))
    beneath = organisations.beneath_any(wanted)
    parents = select(Organisation.parent_id, Organisation.id).where(Organisation.id.in_(beneath))
    children: dict[str | None, list[str]] = {}
    for parent_id, organisation_id in session.execute(parents):
        children.setdefault(parent_id, []).append(organisation_id)
    said = {key: conversations for key, (conversations, _target) in imported(beneath).get(year, {}).items()}
    counts = counted(beneath).get(year, {})

    def of(node: str) -> int | None:
        parts = [counts.get(node), *map(of, children.get(node, []))]
        known = [part for part in parts if part is not None]
        return said.get(node, sum(known) if known else None)

    return {node: number for node in wanted if (number := of(node)) is not None}


def imported(organisation_ids: Select[str]) -> dict[int, dict[str, tuple[int, int | None]]]:
    """The imported conversations and target by year and organisation, not summed up the tree.

    The latest import that stands wins, figure by figure; then the figure for all ways of talking together wins over
    the sum of the separate ones.
    """
    query = (
        select(EarlierResult)
        .join(EarlierImport, EarlierImport.id == EarlierResult.import_id)
        .where(EarlierResult.organisation_id.in_(organisation_ids))
        .where(EarlierImport.confirmed_at.is_not(None), EarlierImport.undone_at.is_(None))
        .order_by(EarlierImport.confirmed_at, EarlierImport.id)
    )
    latest: dict[tuple[int, str], dict[str, EarlierResult]] = {}
    for row in session.scalars(query):
        latest.setdefault((row.year, row.organisation_id), {})[row.channel] = row
    found: dict[int, dict[str, tuple[int, int | None]]] = {}
    for (year, organisation_id), by_channel in latest.items():
        rows = [by_channel[""]] if "" in by_channel else list(by_channel.values())
        targets = [row.target for row in rows if row.target is not None]
        together = (sum(row.conversations for row in rows), sum(targets) if targets else None)
        found.setdefault(year, {})[organisation_id] = together
    return found


def counted(organisation_ids: Select[str]) -> dict[int, dict[str, int]]:
    """The conversations counted here by year and organisation, over all campaigns; not summed up the tree."""
    year = func.substr(tallies.Tally.key, 1, 4)
    query = (
        select(year, tallies.Tally.organisation_id, func.sum(tallies.Tally.number))
        # Named, so that the counters' key is searched and not all of them read.
        .where(tallies.Tally.campaign_id.in_(select(Campaign.id)), tallies.Tally.dimension == "day")
        .where(tallies.Tally.organisation_id.in_(organisation_ids), tallies.Tally.outcome == campaigns.TALKED)
        .group_by(year, tallies.Tally.organisation_id)
    )
    found: dict[int, dict[str, int]] = {}
    for when, organisation_id, number in session.execute(query):
        if number:
            found.setdefault(int(when), {})[organisation_id] = int(number)
    return found
