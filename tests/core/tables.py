"""Tables for tests of sheets, and their files as other programs read them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import openpyxl
from hypothesis import strategies as st

from canvass.core import sheets

HEADINGS = ["Område", "Samtal", "Samtalsandel", "Dag"]
ROWS: list[list[sheets.Cell]] = [
    ["Hageby", 3412, sheets.Percent(0.2518), date(2026, 5, 6)],
    ["Vilbergen; östra", 0, None, None],
]

DANGEROUS = [
    "=1+1",
    "+46 70 123 45 67",
    "-5 grader",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "\N{NO-BREAK SPACE}=1+1",
    "\N{IDEOGRAPHIC SPACE}=1+1",
    "\N{ZERO WIDTH SPACE}=1+1",
    "\N{BYTE ORDER MARK}=1+1",
    "\x00=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "﹦1+1",
    "−1",
    "=cmd|' /C calc'!A0",
]
HARMLESS = ["Hageby", "", " ", "'=1+1", "1=1", "a@b.se", "Åby-Jursla", "10 %", "#1", "Kv. Ånn + Tå"]


def csv_rows(
    rows: Iterable[sheets.Row], headings: Sequence[str] = HEADINGS, dialect: sheets.Dialect = "excel-sv"
) -> list[list[str]]:
    """The rows as another program reads them."""
    text = b"".join(sheets.csv_bytes(headings, rows, dialect)).decode("utf-8-sig")
    delimiter = ";" if dialect == "excel-sv" else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def cell_in_csv(value: sheets.Cell, dialect: sheets.Dialect = "excel-sv") -> str:
    return csv_rows([[value]], ["x"], dialect)[1][0]


def xlsx(
    title: str,
    headings: Sequence[str],
    rows: Iterable[sheets.Row],
    notes: Iterable[tuple[str, sheets.Cell]] = (),
) -> bytes:
    file = io.BytesIO()
    sheets.write_xlsx(file, title, headings, rows, notes)
    return file.getvalue()


def book(
    rows: Iterable[sheets.Row] = ROWS,
    headings: Sequence[str] = HEADINGS,
    title: str = "Totaler",
    notes: Iterable[tuple[str, sheets.Cell]] = (),
) -> Any:
    return openpyxl.load_workbook(io.BytesIO(xlsx(title, headings, rows, notes)))


def cell_in_xlsx(value: sheets.Cell) -> Any:
    return book([[value]], ["x"]).worksheets[0]["A2"]


texts = st.text(max_size=12) | st.sampled_from(DANGEROUS + HARMLESS)
