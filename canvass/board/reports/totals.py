"""Totals: attempts and conversations counted from the attempts themselves, as a table that every format writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from canvass.board.reports import labels, selections
from canvass.board.reports.labels import Labels
from canvass.board.reports.selections import Selection
from canvass.board.reports.sums import FIGURES, Sums
from canvass.core import db, sheets
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.sheets import Cell, Row
from canvass.counting.attempts import Attempt
from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns
from canvass.members.people import Person


@dataclass(frozen=True)
class Report:
    """A table. The first `labels` columns say what a row is about, the others are its figures. Close it after use."""

    headings: list[str]
    labels: int
    _sums: Sums
    _columns: list[Labels]
    _has_rate: bool

    @property
    def rows(self) -> Iterator[Row]:
        """The rows, read anew each time: there may be more than fit in memory."""
        keys = [column.in_order() for column in self._columns]
        cells = [[column.cells[key] for key in order] for column, order in zip(self._columns, keys, strict=True)]
        # The campaign is a column only where there are several.
        hidden = len(self._sums.keys) - len(cells)
        orders = [list(self._sums.keys[0]), *keys] if hidden else keys
        for row in self._sums.in_order(orders):
            shown = [found[place] for found, place in zip(cells, row[hidden:], strict=False)]
            yield [*shown, *_figures(row[len(orders) :], self._has_rate, bool(self.late.attempts))]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._sums.count

    @property
    def attempts(self) -> int:
        return self._sums.totals[0]

    @property
    def conversations(self) -> int:
        return self._sums.totals[1]

    @property
    def late(self) -> Count:
        """How many of these were entered afterwards from paper."""
        return Count(*self._sums.totals[2:])

    @property
    def contact_rate(self) -> float | None:
        """Conversations ÷ attempts; None without attempts."""
        return self.conversations / self.attempts if self.attempts else None

    def close(self) -> None:
        """Delete the rows."""
        self._sums.close()


def totals(person: Person, selection: Selection) -> Report:
    """Attempts and conversations of the organisations that the person may export, a row per combination of keys.

    Without breakdowns it is a single row, of zeros when nothing has happened. Several campaigns have rows of their
    own. Late reports are included, and are shown in columns of their own too when there are any.
    The attempts are read here; the rows then need no transaction.
    """
    sums = Sums(1 + len(selection.by))
    try:
        for rows in db.in_pieces(_query(person, selection)):
            sums.add([(*row[:-FIGURES], *map(int, row[-FIGURES:])) for row in rows])
        if not selection.by and not sums.count:
            sums.add([("", 0, 0, 0, 0)])
        return _report(selection, sums)
    except BaseException:
        sums.close()
        raise


def _report(selection: Selection, sums: Sums) -> Report:
    campaign_ids, *found = [set(keys) for keys in sums.keys]
    columns = [labels.labels(kind, keys) for kind, keys in zip(selection.by, found, strict=True)]
    if len(campaign_ids) > 1:
        columns.insert(0, labels.labels("campaign", campaign_ids))
    headings = [heading for column in columns for heading in column.headings]
    # The attempts of one outcome are either all conversations or none: a rate would mean nothing.
    has_rate = "outcome" not in selection.by
    has_late = bool(sums.totals[2])
    return Report([*headings, *_figure_headings(has_rate, has_late)], len(headings), sums, columns, has_rate)


def _query(person: Person, selection: Selection) -> Select[Any]:
    """The sums of every combination of campaign and keys that occurs."""
    columns = {
        "association": Attempt.organisation_id,
        "area": Attempt.area_id,
        "day": Attempt.happened_on,
        "channel": Attempt.channel,
        "outcome": Attempt.outcome,
    }
    group: list[Any] = [Attempt.campaign_id, *(columns[kind] for kind in selection.by)]
    talked, is_late = Attempt.outcome == campaigns.TALKED, Attempt.late_report_id.is_not(None)
    parts: tuple[Any, ...] = ((), (talked,), (is_late,), (is_late, talked))
    figures = [func.coalesce(func.sum(Attempt.number).filter(*part), 0) for part in parts]
    return select(*group, *figures).where(*selections.attempts(person, selection)).group_by(*group)


def _figure_headings(has_rate: bool, has_late: bool) -> list[str]:
    figures = [_("Försök"), ngettext("Samtal", "Samtal", 2), *([_("Samtalsandel")] if has_rate else [])]
    late = [_("Försök, varav efterrapport"), _("Samtal, varav efterrapport")] if has_late else []
    return [*figures, *late]


def _figures(sums: Sequence[int], has_rate: bool, has_late: bool) -> list[Cell]:
    attempts, conversations, *late = sums
    rate = sheets.Percent(conversations / attempts) if attempts else None
    return [attempts, conversations, *([rate] if has_rate else []), *(late if has_late else [])]
