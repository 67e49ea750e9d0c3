"""Rows: every attempt by itself, told as finely as totals may be divided, for those who make tables of their own.

What else an attempt holds is left out: the author and the id because nobody is followed, the hour because in a small
association it is one volunteer's, and topics because none may be known of fewer than five conversations.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, repeat
from typing import IO, Any

from sqlalchemy import Select, String, cast, select

from canvass.board.reports import labels, selections
from canvass.board.reports.selections import Selection
from canvass.core import db
from canvass.core.i18n import gettext as _
from canvass.core.sheets import Label, Row
from canvass.counting.attempts import Attempt
from canvass.members.people import Person

# What a row says of an attempt, besides its number and whether it is from a late report.
KINDS = ("campaign", "association", "day", "area", "channel", "outcome")


@dataclass(frozen=True)
class Log:
    """A table of attempts. Close it after use.

    `_kept` has them as whole numbers: places in the lists of cells of each column. Of equal rows only one is kept.
    """

    headings: list[str]
    count: int
    has_late: bool
    _kept: IO[bytes]
    _cells: list[list[Any]]

    @property
    def rows(self) -> Iterator[Row]:
        """The rows, read anew each time: there may be more than fit in memory."""
        self._kept.seek(0)
        for *places, times in _pieces(self._kept, len(self._cells) + 1):
            shown = zip(*(map(c.__getitem__, p) for c, p in zip(self._cells, places, strict=True)), strict=True)
            yield from chain.from_iterable(map(repeat, shown, times))

    def close(self) -> None:
        """Delete the rows."""
        self._kept.close()


def rows(person: Person, selection: Selection) -> Log:
    """The attempts of the organisations that the person may export, whatever the selection is divided by.

    They are read here, into a file, as quickly as the database gives them; the rows then need no transaction.
    """
    kept = tempfile.TemporaryFile()  # noqa: SIM115 -- closed by whoever gets the table
    places: list[dict[Any, int]] = [{} for _column in (*KINDS, "number", "late")]
    count = 0
    try:
        for piece in db.in_pieces(_query(person, selection)):
            count += len(piece)
            _keep(kept, piece, places)
        *keys, numbers, late = [list(found) for found in places]
        found = [labels.labels(kind, set(known)) for kind, known in zip(KINDS, keys, strict=True)]
    except BaseException:
        kept.close()
        raise
    cells: list[list[Any]] = [[column.cells[key] for key in known] for column, known in zip(found, keys, strict=True)]
    cells += [numbers, [Label(_("Ja") if is_late else _("Nej")) for is_late in late]]
    headings = [heading for column in found for heading in column.headings]
    return Log([*headings, _("Försök"), _("Efterrapport")], count, any(late), kept, cells)


def _query(person: Person, selection: Selection) -> Select[Any]:
    day = Attempt.happened_on
    before: list[Any] = [Attempt.campaign_id, Attempt.organisation_id]
    after = [Attempt.area_id, Attempt.channel, Attempt.outcome, Attempt.number, Attempt.late_report_id.is_not(None)]
    # In an order made of what is shown: that in which the rows are stored tells who came first, finer than the hour.
    # It begins as an index does, so that only the attempts of one association at a time are sorted, and fit in memory.
    query = select(*before, cast(day, String), *after).where(*selections.attempts(person, selection))
    return query.order_by(*before, day, *after)


def _keep(file: IO[bytes], piece: Iterable[Sequence[Any]], places: list[dict[Any, int]]) -> None:
    """Write the rows column by column, each value as its place in its column's dict, then how often each row comes."""
    alike = [(row, len(list(same))) for row, same in groupby(piece)]
    columns = zip(*(row for row, _times in alike), strict=True)
    array("I", [len(alike)]).tofile(file)
    for known, column in zip(places, columns, strict=True):
        array("I", [known.setdefault(value, len(known)) for value in column]).tofile(file)
    array("I", [times for _row, times in alike]).tofile(file)


def _pieces(file: IO[bytes], columns: int) -> Iterator[list[array[int]]]:
    """Yield the columns of each piece that was kept."""
    while size := file.read(array("I").itemsize):
        (length,) = array("I", size)
        yield [array("I", file.read(length * len(size))) for _column in range(columns)]
