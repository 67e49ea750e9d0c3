"""Rows as files: CSV, also in the form a Swedish Excel opens directly, and XLSX. No cell becomes a formula."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any, Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from canvass.core import clock
from canvass.core.i18n import gettext as _

Cell = str | int | float | Decimal | bool | date | datetime | None
Dialect = Literal["excel-sv", "rfc4180"]

# What XLSX has room for, the heading row included.
MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767

_ROWS_AT_A_TIME = 500
_WIDEST_COLUMN = 60


class Percent(float):
    """A share: 0.125 is 12.5 %. XLSX shows it as percent; CSV has the share itself, rounded to four decimals."""


class TooManyRows(ValueError):
    """More rows than an XLSX sheet holds; the message is a sentence to show."""


# --- CSV ----------------------------------------------------------------------------------------------------


def csv_bytes(
    headings: Sequence[str], rows: Iterable[Sequence[Cell]], dialect: Dialect = "excel-sv"
) -> Iterator[bytes]:
    """Yield the table as CSV, 500 rows at a time.

    `excel-sv` is UTF-8 with BOM, semicolons and decimal commas; `rfc4180` has commas and decimal points, for
    programs. Times are Swedish local time. Text that a spreadsheet could take for a formula begins with an
    apostrophe. A spreadsheet still drops the leading zeroes of codes in CSV; XLSX keeps them.
    """
    swedish = dialect == "excel-sv"
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if swedish else ",", lineterminator="\r\n")
    if swedish:
        buffer.write("\N{BYTE ORDER MARK}")
    writer.writerow([_csv_text(heading) for heading in headings])
    for number, row in enumerate(rows, 1):
        writer.writerow([_csv_cell(value, swedish) for value in _as_wide_as(headings, row)])
        if number % _ROWS_AT_A_TIME == 0:
            yield _emptied(buffer)
    yield _emptied(buffer)


def _emptied(buffer: io.StringIO) -> bytes:
    content = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return content.encode()


def _csv_cell(value: Cell, swedish: bool) -> str:
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


def xlsx_bytes(
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    notes: Iterable[tuple[str, Cell]] = (),
) -> bytes:
    """Return the table as an XLSX file; `notes`, if any, become a second sheet about it. Raises TooManyRows."""
    buffer = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, options)
    # The file is passed on: it names neither a person nor a machine.
    book.set_properties({"title": title, "author": "", "company": "", "created": clock.now()})
    formats = _Formats(book)
    try:
        _write_table(book.add_worksheet(_sheet_name(title)), headings, rows, formats)
        notes = list(notes)
        if notes:
            _write_notes(book.add_worksheet(_about()), notes, formats)
    finally:
        # Also after an exception: it has temporary files open.
        book.close()
    return buffer.getvalue()


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


def _write_table(sheet: Worksheet, headings: Sequence[str], rows: Iterable[Sequence[Cell]], formats: _Formats) -> None:
    widths = [len(heading) for heading in headings]
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, _storable(heading), formats.heading)
    last = 0
    for last, row in enumerate(rows, 1):
        if last >= MOST_ROWS:
            raise TooManyRows(_("Tabellen har fler rader än en XLSX-fil rymmer. Välj CSV eller ett mindre urval."))
        for column, value in enumerate(_as_wide_as(headings, row)):
            widths[column] = max(widths[column], _write(sheet, last, column, value, formats))
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
        if isinstance(value, str):
            sheet.write_string(row, 1, _storable(value), formats.prose)
        else:
            _write(sheet, row, 1, value, formats)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 90)


def _write(sheet: Worksheet, row: int, column: int, value: Cell, formats: _Formats) -> int:
    """Write one cell by its type and return how many characters wide it is shown."""
    value = _plain(value)
    if value is None:
        return 0
    if isinstance(value, str):
        text = _storable(value)
        sheet.write_string(row, column, text, formats.quoted if is_formula(text) else None)
        return max(map(len, text.splitlines()), default=0)
    if isinstance(value, datetime):
        sheet.write_datetime(row, column, value, formats.moment)
        return 16
    if isinstance(value, date):
        sheet.write_datetime(row, column, value, formats.date)
        return 10
    if isinstance(value, Percent):
        sheet.write_number(row, column, value, formats.percent)
        return 6
    look = formats.whole if isinstance(value, int) else formats.decimal
    sheet.write_number(row, column, value, look)
    return len(f"{value:,.1f}")


def _sheet_name(title: str) -> str:
    """Return a name that Excel accepts: 31 characters, none of []:*?/\\, no apostrophe at the ends, not one in use."""
    name = " ".join(re.sub(r"[\[\]:*?/\\]", " ", _clean(title)).split())[:31].strip("' ")
    return _("Tabell") if name.casefold() in ("", "history", _about().casefold()) else name


def _about() -> str:
    return _("Om filen")


def _storable(text: str) -> str:
    text = _clean(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


# --- both ---------------------------------------------------------------------------------------------------


def _as_wide_as(headings: Sequence[str], row: Sequence[Cell]) -> Sequence[Cell]:
    if len(row) != len(headings):
        raise ValueError(f"a row of {len(row)} cells under {len(headings)} headings")
    return row


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
