"""Rows as CSV and XLSX, opened again by other readers. No cell may ever become a formula."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.core import clock, i18n, sheets
from tests.core.tables import (
    DANGEROUS,
    HARMLESS,
    HEADINGS,
    ROWS,
    book,
    cell_in_csv,
    cell_in_xlsx,
    csv_rows,
    texts,
    xlsx,
)

# --- CSV ----------------------------------------------------------------------------------------------------


def test_a_swedish_excel_opens_the_file_by_a_double_click() -> None:
    assert (
        b"".join(sheets.csv_bytes(HEADINGS, ROWS))
        == (
            '\ufeffOmråde;Samtal;Samtalsandel;Dag\r\nHageby;3412;0,2518;2026-05-06\r\n"Vilbergen; östra";0;;\r\n'
        ).encode()
    )


def test_a_program_gets_commas_and_points() -> None:
    assert (
        b"".join(sheets.csv_bytes(HEADINGS, ROWS, "rfc4180"))
        == ("Område,Samtal,Samtalsandel,Dag\r\nHageby,3412,0.2518,2026-05-06\r\nVilbergen; östra,0,,\r\n").encode()
    )


def test_csv_comes_in_pieces_while_the_rows_are_made() -> None:
    made = []

    def rows() -> Iterator[list[sheets.Cell]]:
        for number in range(5_000):
            made.append(number)
            yield [number]

    pieces = sheets.csv_bytes(["x"], rows())
    first = next(pieces)
    assert len(made) < 1_000
    assert first + b"".join(pieces) == b"\xef\xbb\xbfx\r\n" + b"".join(b"%d\r\n" % n for n in range(5_000))


@pytest.mark.parametrize("text", DANGEROUS)
def test_dangerous_text_begins_with_an_apostrophe(text: str) -> None:
    assert cell_in_csv(text).startswith("'")
    assert cell_in_csv(text, "rfc4180").startswith("'")
    assert csv_rows([], [text])[0][0].startswith("'")


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert cell_in_csv(text) == text


@pytest.mark.parametrize("dialect", ["excel-sv", "rfc4180"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_no_formula_is_born_when_a_file_is_opened_with_another_separator(
    dialect: sheets.Dialect, separator: str
) -> None:
    content = b"".join(sheets.csv_bytes(["x", "y"], [["a", f"b{separator} =1+1"]], dialect)).decode("utf-8-sig")
    for torn in re.split(r'[;,\t"\r\n]+', content):
        assert not sheets.is_formula(torn)


@pytest.mark.parametrize(
    ("value", "swedish", "program"),
    [
        (-3, "-3", "-3"),
        (-0.5, "-0,5", "-0.5"),
        (2.0, "2", "2"),
        (0.00001, "0,00001", "0.00001"),
        (1e16, "10000000000000000", "10000000000000000"),
        (sheets.Percent(1 / 3), "0,3333", "0.3333"),
        (sheets.Percent(1), "1", "1"),
        (Decimal("12"), "12", "12"),
        (Decimal("12.50"), "12,5", "12.5"),
        (float("nan"), "", ""),
        (float("inf"), "", ""),
        (Decimal("NaN"), "", ""),
        (None, "", ""),
        (True, "Ja", "Ja"),
        (datetime(2026, 5, 6, 16, 30, tzinfo=UTC), "2026-05-06 18:30:00", "2026-05-06 18:30:00"),
    ],
)
def test_numbers_stay_numbers_and_times_are_swedish(value: sheets.Cell, swedish: str, program: str) -> None:
    assert cell_in_csv(value) == swedish
    assert cell_in_csv(value, "rfc4180") == program


def writable(text: str) -> str:
    """The text without the characters that no file holds."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))


def undefused(text: str) -> str:
    """The text without the apostrophes that were set in."""
    return re.sub(r"([;,\t]\s*)'(?=[=+\-@＝＋－＠−])", r"\1", text.removeprefix("'") if text.startswith("'") else text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(texts, st.integers(), st.floats(allow_nan=False, allow_infinity=False)), max_size=4))
def test_what_is_written_as_csv_is_read_again(rows: list[tuple[str, int, float]]) -> None:
    points: list[tuple[sheets.Dialect, str]] = [("excel-sv", ","), ("rfc4180", ".")]
    for dialect, point in points:
        read = csv_rows(rows, ["a", "b", "c"], dialect)[1:]
        assert [(int(b), float(c.replace(point, "."))) for _, b, c in read] == [(b, c) for _, b, c in rows]
        for (text, *_), (before, *_) in zip(read, rows, strict=True):
            assert not sheets.is_formula(text)
            assert undefused(text) == undefused(writable(before))


def test_half_a_surrogate_pair_does_not_stop_an_export() -> None:
    assert cell_in_csv("a\ud800b") == "ab"
    assert cell_in_xlsx("a\ud800b").value == "ab"


def test_a_row_of_another_width_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="2 cells under 1"):
        csv_rows([[1, 2]], ["x"])
    with pytest.raises(ValueError, match="2 cells under 1"):
        csv_rows([[sheets.Label(1, 2)]], ["x"])
    with pytest.raises(ValueError, match="2 cells under 1"):
        xlsx("x", ["x"], [[1, 2]])


def test_a_cell_of_another_kind_is_the_callers_mistake() -> None:
    with pytest.raises(TypeError, match="list"):
        cell_in_csv([1])  # type: ignore[arg-type]


# --- XLSX ---------------------------------------------------------------------------------------------------


def test_an_xlsx_file_holds_the_rows_as_what_they_are() -> None:
    sheet = book().worksheets[0]
    assert sheet.title == "Totaler"
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        HEADINGS,
        ["Hageby", 3412, 0.2518, datetime(2026, 5, 6)],  # noqa: DTZ001 -- openpyxl gives dates so
        ["Vilbergen; östra", 0, None, None],
    ]
    assert [cell.number_format for cell in sheet[2]] == ["General", "#,##0", "0 %", "yyyy-mm-dd"]
    assert sheet["D2"].is_date


def test_the_heading_stands_still_and_can_be_filtered() -> None:
    sheet = book().worksheets[0]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:D3"
    assert sheet["A1"].font.bold
    assert book([]).worksheets[0].auto_filter.ref == "A1:D1"


def test_columns_are_as_wide_as_their_content_within_reason() -> None:
    widths = book([["Hageby", 1], ["x" * 500, 3412]], ["Område", "Samtal"]).worksheets[0].column_dimensions
    assert 50 < widths["A"].width < 80
    assert 8 < widths["B"].width < 12


@pytest.mark.parametrize("text", [*DANGEROUS, "http://example.org", "https://example.org/?q=1", "0114", "1e5"])
def test_text_in_xlsx_is_text_and_nothing_else(text: str) -> None:
    cell = cell_in_xlsx(text)
    assert cell.data_type == "s"
    assert cell.hyperlink is None
    assert cell.value == writable(text)
    assert cell.quotePrefix or not sheets.is_formula(text)


def test_no_part_of_an_xlsx_file_holds_a_formula_or_a_link() -> None:
    content = xlsx(
        "=1+1", ["=1+1", "@x"], [[text, text] for text in DANGEROUS], [("=1+1", "=1+1"), ("+x", date(2026, 5, 6))]
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        tags = {
            element.tag.rpartition("}")[2]
            for name in names
            if name.startswith("xl/worksheets/sheet")
            for element in ElementTree.fromstring(archive.read(name)).iter()
        }
    assert {"c", "is", "t"} <= tags
    assert not {"f", "hyperlink", "hyperlinks"} & tags
    assert not any("externalLink" in name or "vba" in name.lower() for name in names)


def test_numbers_in_xlsx_are_numbers() -> None:
    assert (cell_in_xlsx(-3).value, cell_in_xlsx(-3).data_type) == (-3, "n")
    assert cell_in_xlsx(0.5).value == 0.5
    assert cell_in_xlsx(Decimal("12")).value == 12
    assert cell_in_xlsx(Decimal("12")).number_format == "#,##0"
    assert cell_in_xlsx(float("nan")).value is None
    assert cell_in_xlsx(True).value == "Ja"
    moment = cell_in_xlsx(datetime(2026, 5, 6, 16, 30, tzinfo=UTC))
    assert (f"{moment.value:%Y-%m-%d %H:%M}", moment.number_format) == ("2026-05-06 18:30", "yyyy-mm-dd hh:mm")


def test_a_second_sheet_tells_what_the_file_is() -> None:
    made = book(notes=[("Kampanj", "Vårkampanjen"), ("Hämtad", date(2026, 5, 6)), ("Försök", 3412)])
    assert made.sheetnames == ["Totaler", "Om filen"]
    assert made["Om filen"]["A1"].value == "Kampanj"
    assert made["Om filen"]["B1"].value == "Vårkampanjen"
    assert made["Om filen"]["A1"].font.bold
    assert made["Om filen"]["B1"].alignment.wrap_text
    assert made["Om filen"]["B2"].is_date
    assert made["Om filen"]["B3"].value == 3412
    assert book().sheetnames == ["Totaler"]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Vår: 2026/27 [utkast]?*\\", "Vår 2026 27 utkast"),
        ("'Totaler'", "Totaler"),
        ("x" * 40, "x" * 31),
        ("", "Tabell"),
        ("history", "Tabell"),
        ("om filen", "Tabell"),
        ("\x00\n", "Tabell"),
    ],
)
def test_any_title_becomes_a_sheet_name_that_excel_takes(title: str, name: str) -> None:
    assert book(title=title, notes=[("a", "b")]).sheetnames == [name, "Om filen"]


def test_a_file_names_neither_person_nor_machine() -> None:
    with clock.stopped(datetime(2026, 5, 6, 16, 30, tzinfo=UTC)):
        content = xlsx("Totaler", HEADINGS, ROWS)
    made = openpyxl.load_workbook(io.BytesIO(content)).properties
    assert made.title == "Totaler"
    assert not made.creator
    assert not made.lastModifiedBy
    assert f"{made.created:%Y-%m-%d %H:%M}" == "2026-05-06 16:30"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<Company></Company>" in archive.read("docProps/app.xml")


def test_too_much_text_is_cut_where_a_cell_ends() -> None:
    value = cell_in_xlsx("x" * 40_000).value
    assert len(value) == sheets.LONGEST_TEXT
    assert value.endswith("x…")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(texts, st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9)), max_size=4))
def test_what_is_written_as_xlsx_is_read_again(rows: list[tuple[str, int, float]]) -> None:
    read = list(book(rows, ["a", "b", "c"]).worksheets[0].iter_rows(min_row=2, values_only=True))
    assert [(b, c) for _, b, c in read] == [(b, pytest.approx(c)) for _, b, c in rows]
    assert [text or "" for text, *_ in read] == [writable(text) for text, *_ in rows]


def test_words_follow_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "catalogue", {"sv": {}, "en": {"Ja": "Yes", "Om filen": "About"}}.get)
    with i18n.speaking("en"):
        assert cell_in_csv(True) == "Yes"
        assert book(notes=[("a", "b")]).sheetnames == ["Totaler", "About"]
