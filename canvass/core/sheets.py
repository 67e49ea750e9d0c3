"""Rows as files: CSV, also in the form a Swedish Excel opens directly, and XLSX. No cell becomes a formula.

Both are written while the rows are read, in memory that does not grow with their number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from math import isfinite
from typing import IO, Any, Literal, NamedTuple

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from canvass.core import clock
from canvass.core.i18n import gettext as _

Cell = str | int | float | Decimal | bool | date | datetime | None
Dialect = Literal["excel-sv", "rfc4180"]

# What an XLSX sheet has room for, the heading row included.
MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767

_WIDEST_COLUMN = 60
# How many rows are written between two pauses, which is done in half a millisecond.
_CSV_ROWS, _XLSX_ROWS = 500, 25


class Percent(float):
    """A share: 0.125 is 12.5 %. XLSX shows it as percent; CSV has the share itself, rounded to four decimals."""


class Label:
    """Cells that many rows have in common, such as a name and its code: formatted once however often they are used."""

    def __init__(self, *cells: Cell) -> None:
        self.cells = cells


# A row is as many cells as there are headings, those within its labels included.
Row = Sequence[Cell | Label]


def flat(row: Row) -> list[Cell]:
    """Return the row's cells one by one."""
    cells: list[Cell] = []
    for part in row:
        if isinstance(part, Label):
            cells.extend(part.cells)
        else:
            cells.append(part)
    return cells


# --- CSV ----------------------------------------------------------------------------------------------------


def csv_bytes(headings: Sequence[str], rows: Iterable[Row], dialect: Dialect = "excel-sv") -> Iterator[bytes]:
    """Yield the table as CSV, 500 rows at a time.

    `excel-sv` is UTF-8 with BOM, semicolons and decimal commas; `rfc4180` has commas and decimal points, for
    programs. Times are Swedish local time. Text that a spreadsheet could take for a formula begins with an
    apostrophe. A spreadsheet still drops the leading zeroes of codes in CSV; XLSX keeps them.
    """
    swedish = dialect == "excel-sv"
    separator = ";" if swedish else ","
    written = _Written(separator, swedish)
    start = "\N{BYTE ORDER MARK}" if swedish else ""
    yield f"{start}{separator.join(map(written.__getitem__, headings))}\r\n".encode()
    rows = iter(rows)
    while piece := list(islice(rows, _CSV_ROWS)):
        for width in set(map(len, piece)):
            # All rows of a table are alike: how wide the labels are is looked at in one row of each length.
            _check_width(headings, len(flat(next(row for row in piece if len(row) == width))))
        yield "\r\n".join([*_lines(piece, written), ""]).encode()
        clock.pause()


def _lines(rows: Iterable[Row], written: _Written) -> Iterator[str]:
    # Not csv.writer, which would quote and convert each cell of each row anew: that takes three times as long.
    before: Row | None = None
    line = ""
    for row in rows:
        if row is not before:
            # An empty line would be no row to a reader.
            line, before = written.separator.join(map(written.__getitem__, row)) or '""', row
        yield line


class _Written(dict[Any, str]):
    """What is written for a cell or label. Only labels are kept: they are few, and 1 == True == 1.0 for a dict."""

    def __init__(self, separator: str, swedish: bool) -> None:
        super().__init__()
        self.separator = separator
        self.swedish = swedish
        self.special = re.compile(f'["\r\n{separator}]')

    def __missing__(self, part: Cell | Label) -> str:
        if not isinstance(part, Label):
            return self.quoted(_csv_cell(part, self.swedish))
        text = self[part] = self.separator.join(self.quoted(_csv_cell(cell, self.swedish)) for cell in part.cells)
        return text

    def quoted(self, text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if self.special.search(text) else text


def _csv_cell(value: Cell, swedish: bool) -> str:
    if type(value) is int:
        return str(value)
    value = _plain(value)
    if value is None:
        return ""
    if isinstance(value, str):
        return _csv_text(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Percent):
        value = round(float(value), 4)
    if isinstance(value, int):
        return str(value)
    # Through Decimal, which writes no exponent such as 1e-05.
    number = format(Decimal(repr(float(value))), "f").removesuffix(".0")
    return number.replace(".", ",") if swedish else number


# Where a program that expects another separator would begin a new cell.
_INNER_START = re.compile(r"[;,\t]\s*(?=[=+\-@＝＋－＠−])")


def _csv_text(text: str) -> str:
    text = _clean(text)
    text = _INNER_START.sub(lambda found: found.group() + "'", text)
    return f"'{text}" if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Could a spreadsheet take this text for a formula, once it has dropped leading blanks and invisible characters?"""
    if text[:1] in ("\t", "\r", "\n"):
        return True
    for character in text:
        if not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf"):
            # NFKC folds full-width and small variants; the typographic minus is a letter of its own.
            return unicodedata.normalize("NFKC", character)[0] in "=+-@−"
    return False


# --- XLSX ---------------------------------------------------------------------------------------------------


def write_xlsx(
    file: IO[bytes], title: str, headings: Sequence[str], rows: Iterable[Row], notes: Iterable[tuple[str, Cell]] = ()
) -> None:
    """Write the table to `file` as XLSX; `notes`, if any, become a last sheet about it.

    What one sheet has no room for continues on the next, under the same headings.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    book.use_zip64()  # only takes effect in a file of more than 4 GB
    # The file is passed on: it names neither a person nor a machine.
    book.set_properties({"title": title, "author": "", "company": "", "created": clock.now()})
    formats = _Formats(book)
    try:
        left: Iterator[Row] | None = iter(rows)
        number = 1
        while left is not None:
            sheet = book.add_worksheet(_sheet_name(title, number))
            _write_table(sheet, headings, islice(left, MOST_ROWS - 1), formats)
            left, number = _unless_empty(left), number + 1
        notes = list(notes)
        if notes:
            _write_notes(book.add_worksheet(_about()), notes, formats)
    finally:
        # Also after an exception: it has temporary files open.
        book.close()


class _Formats:
    """The formats of cells, written as XLSX stores them: a Swedish Excel shows #,##0 as 3 412."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        # As if typed with an apostrophe: the cell stays text when somebody edits it.
        quoted = {"quote_prefix": True, "valign": "top"}
        self.quoted: Format = book.add_format(quoted)
        self.prose: Format = book.add_format({**quoted, "text_wrap": True})
        self.key: Format = book.add_format({**quoted, "bold": True})
        self.heading: Format = book.add_format({**quoted, "bold": True, "bottom": 1})
        self.whole: Format = book.add_format({"num_format": "#,##0"})
        self.decimal: Format = book.add_format({"num_format": "#,##0.0"})
        self.percent: Format = book.add_format({"num_format": "0 %"})
        self.date: Format = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.moment: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})


def _unless_empty(rows: Iterator[Row]) -> Iterator[Row] | None:
    for first in rows:
        return chain([first], rows)
    return None


def _write_table(sheet: Worksheet, headings: Sequence[str], rows: Iterable[Row], formats: _Formats) -> None:
    widths = [len(heading) for heading in headings]
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, _storable(heading), formats.heading)
    writers = {"text": sheet.write_string, "number": sheet.write_number, "moment": sheet.write_datetime}
    labels: dict[Label, list[_Shown | None]] = {}
    last = 0
    for last, row in enumerate(rows, 1):
        cells: list[_Shown | None] = []
        for part in row:
            if not isinstance(part, Label):
                cells.append(_shown(part, formats))
                continue
            if part not in labels:
                labels[part] = [_shown(cell, formats) for cell in part.cells]
            cells += labels[part]
        _check_width(headings, len(cells))
        for column, cell in enumerate(cells):
            if cell is not None:
                writers[cell.kind](last, column, cell.value, cell.look)
                widths[column] = max(widths[column], cell.width)
        if last % _XLSX_ROWS == 0:
            clock.pause()
    for column, width in enumerate(widths):
        # Room for the filter's arrow beside the heading.
        sheet.set_column(column, column, min(width, _WIDEST_COLUMN) + 3)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, max(len(headings) - 1, 0))
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def _write_notes(sheet: Worksheet, notes: Iterable[tuple[str, Cell]], formats: _Formats) -> None:
    for row, (key, value) in enumerate(notes):
        sheet.write_string(row, 0, _storable(key), formats.key)
        cell = _shown(value, formats)
        if isinstance(value, str):
            sheet.write_string(row, 1, _storable(value), formats.prose)
        elif cell is not None:
            write = sheet.write_number if cell.kind == "number" else sheet.write_datetime
            write(row, 1, cell.value, cell.look)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 90)


class _Shown(NamedTuple):
    """How a cell is written: "text", "number" or "moment", and how many characters wide it is shown."""

    kind: str
    value: Any
    look: Format | None
    width: int


def _shown(value: Cell, formats: _Formats) -> _Shown | None:
    """Return how a cell is written, by its type; None when it is left empty."""
    value = _plain(value)
    if value is None:
        return None
    if isinstance(value, str):
        text = _storable(value)
        width = max(map(len, text.splitlines()), default=0)
        return _Shown("text", text, formats.quoted if is_formula(text) else None, width)
    if isinstance(value, datetime):
        return _Shown("moment", value, formats.moment, 16)
    if isinstance(value, date):
        return _Shown("moment", value, formats.date, 10)
    if isinstance(value, Percent):
        return _Shown("number", value, formats.percent, 6)
    look = formats.whole if isinstance(value, int) else formats.decimal
    return _Shown("number", value, look, len(f"{value:,.1f}"))


def _sheet_name(title: str, number: int = 1) -> str:
    """Return a name that Excel accepts: 31 characters, none of []:*?/\\, no apostrophe at the ends, not one in use."""
    suffix = f" {number}" if number > 1 else ""
    name = " ".join(re.sub(r"[\[\]:*?/\\]", " ", _clean(title)).split())[: 31 - len(suffix)].strip("' ")
    return (_("Tabell") if name.casefold() in ("", "history", _about().casefold()) else name) + suffix


def _about() -> str:
    return _("Om filen")


def _storable(text: str) -> str:
    text = _clean(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


# --- both ---------------------------------------------------------------------------------------------------


def _check_width(headings: Sequence[str], width: int) -> None:
    """Raise ValueError unless there is a cell for each heading."""
    if width != len(headings):
        raise ValueError(f"a row of {width} cells under {len(headings)} headings")


# Control characters but tab and line feed, and what UTF-8 or XML cannot hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _plain(value: Any) -> str | int | float | date | datetime | None:
    """Return the value as one of the types that are written to cells. Raises TypeError for any other type."""
    if isinstance(value, bool):
        return _("Ja") if value else _("Nej")
    if isinstance(value, Decimal):
        # Sums come as Decimal from some databases.
        value = int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, datetime) and value.tzinfo:
        # Spreadsheets know no zones.
        return value.astimezone(clock.ZONE).replace(tzinfo=None)
    if value is None or isinstance(value, str | int | float | date):
        return value
    raise TypeError(f"a cell cannot hold {type(value).__name__}")
