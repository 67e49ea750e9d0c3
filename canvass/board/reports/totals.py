"""Totals: attempts and conversations counted from the attempts themselves, as a table that every format writes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import func, select

from canvass.board.reports import labels
from canvass.board.reports.selections import Selection
from canvass.core import sheets
from canvass.core.db import session
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.sheets import Cell
from canvass.counting.attempts import Attempt
from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns
from canvass.members import access
from canvass.members.people import Person


@dataclass(frozen=True)
class Report:
    """A table. The first `labels` columns say what a row is about, the others are its figures."""

    headings: list[str]
    rows: list[list[Cell]]
    labels: int
    attempts: int
    conversations: int
    # How many of these were entered afterwards from paper.
    late: Count

    @property
    def contact_rate(self) -> float | None:
        """Conversations ÷ attempts; None without attempts."""
        return self.conversations / self.attempts if self.attempts else None


class _Sum(NamedTuple):
    """The attempts that have the same key in every breakdown, and how many of them came as late reports."""

    campaign_id: str
    keys: tuple[Any, ...]
    attempts: int
    conversations: int
    late_attempts: int
    late_conversations: int


def totals(person: Person, selection: Selection) -> Report:
    """Attempts and conversations of the organisations that the person may export, a row per combination of keys.

    Without breakdowns it is a single row, of zeros when nothing has happened. Several campaigns have rows of their
    own. Late reports are included, and are shown in columns of their own too when there are any.
    """
    sums = _sums(person, selection)
    late = Count(sum(one.late_attempts for one in sums), sum(one.late_conversations for one in sums))
    campaign_ids = {one.campaign_id for one in sums}
    if not selection.by and not sums:
        sums = [_Sum("", (), 0, 0, 0, 0)]
    columns = [labels.labels(kind, {one.keys[i] for one in sums}) for i, kind in enumerate(selection.by)]
    if len(campaign_ids) > 1:
        columns.insert(0, labels.campaign_labels(campaign_ids))
        sums = [one._replace(keys=(one.campaign_id, *one.keys)) for one in sums]
    sums.sort(key=lambda one: [column.order[key] for column, key in zip(columns, one.keys, strict=True)])
    headings = [heading for column in columns for heading in column.headings]
    # The attempts of one outcome are either all conversations or none: a rate would mean nothing.
    has_rate = "outcome" not in selection.by
    return Report(
        headings=[*headings, *_figure_headings(has_rate, bool(late.attempts))],
        rows=[
            [
                *chain.from_iterable(column.cells[key] for column, key in zip(columns, one.keys, strict=True)),
                *_figures(one, has_rate, bool(late.attempts)),
            ]
            for one in sums
        ],
        labels=len(headings),
        attempts=sum(one.attempts for one in sums),
        conversations=sum(one.conversations for one in sums),
        late=late,
    )


def _sums(person: Person, selection: Selection) -> list[_Sum]:
    """The sums of every combination of campaign and keys that occurs."""
    columns = {
        "association": Attempt.organisation_id,
        "area": Attempt.area_id,
        "day": Attempt.happened_on,
        "channel": Attempt.channel,
        "outcome": Attempt.outcome,
    }
    group: list[Any] = [Attempt.campaign_id, *(columns[kind] for kind in selection.by)]
    wanted = [selection.campaign] if selection.campaign else campaigns.seen_by(person)
    talked, is_late = Attempt.outcome == campaigns.TALKED, Attempt.late_report_id.is_not(None)
    parts: tuple[Any, ...] = ((), (talked,), (is_late,), (is_late, talked))
    figures = [func.coalesce(func.sum(Attempt.number).filter(*part), 0) for part in parts]
    query = (
        select(*group, *figures)
        .where(
            Attempt.is_deleted.is_(False),
            Attempt.campaign_id.in_([campaign.id for campaign in wanted]),
            Attempt.organisation_id.in_(access.reach(person, "report.export")),
        )
        .group_by(*group)
    )
    if selection.first:
        query = query.where(Attempt.happened_on >= selection.first)
    if selection.last:
        query = query.where(Attempt.happened_on <= selection.last)
    return [
        _Sum(campaign_id, tuple(rest[: len(selection.by)]), *map(int, rest[len(selection.by) :]))
        for campaign_id, *rest in session.execute(query)
    ]


def _figure_headings(has_rate: bool, has_late: bool) -> list[str]:
    figures = [_("Försök"), ngettext("Samtal", "Samtal", 2), *([_("Samtalsandel")] if has_rate else [])]
    late = [_("Försök, varav efterrapport"), _("Samtal, varav efterrapport")] if has_late else []
    return [*figures, *late]


def _figures(one: _Sum, has_rate: bool, has_late: bool) -> list[Cell]:
    rate = sheets.Percent(one.conversations / one.attempts) if one.attempts else None
    late = [one.late_attempts, one.late_conversations] if has_late else []
    return [one.attempts, one.conversations, *([rate] if has_rate else []), *late]
