"""Files: read as spreadsheets save them, and whatever cannot be read gets a sentence."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from canvass.board.earlier_years import files
from canvass.board.earlier_years.models import EarlierImport
from canvass.core import db, i18n
from canvass.core.refusals import Refused
from tests.board.earlier_years.common import FILE, SWEDISH, SignedIn, upload
from tests.cast import Cast


@pytest.mark.parametrize(
    "content",
    [
        FILE.encode("utf-8-sig"),
        FILE.encode(),
        FILE.encode("cp1252"),
        FILE.replace(" ", "\N{NO-BREAK SPACE}").encode("cp1252"),
        ("sep=;\r\n" + FILE).encode("cp1252"),
        FILE.replace(";", "\t").encode(),
        FILE.replace(";", ",").encode(),
        FILE.replace("\r\n", "\n").encode(),
        (FILE + ";;;;\r\n\r\nLindö;;2025;;\r\n").encode(),
        FILE.encode("mac_roman"),
        FILE.encode("cp850"),
        FILE.encode("utf-16"),
        FILE.replace(";", "\t").encode("utf-16-le"),
        FILE.encode("utf-16-be"),
        FILE.replace("\r\n", "\r").encode("mac_roman"),
        FILE.replace(";", "|").encode(),
        ("sep=|\n" + FILE.replace(";", "|")).encode(),
        ("\r\n\r\nSamtal; år för år\r\n;;;;\r\nUtdrag 2026-01-07\r\n\r\n" + FILE).encode(),
        FILE.replace(
            "Organisation;Kommunkod;År;Samtal;Mål", "FÖRENING;Kod;Valår:;Genomförda samtal*;Mål (samtal)"
        ).encode(),
        FILE.replace(";581;", ';="581";').encode(),
    ],
)
def test_a_file_is_read_as_a_spreadsheet_saves_it(content: bytes) -> None:
    rows = files.read(content)
    assert [row["organisation"].replace("\N{NO-BREAK SPACE}", " ") for row in rows] == [
        "Hageby",
        "Ektorp s-förening",
        "",
    ]
    assert [files.whole(row["conversations"]) for row in rows] == [1264, 405, 900]
    assert rows[2]["code"] == "581"


def test_a_file_with_english_headings_is_read_too() -> None:
    (row,) = files.read(b'Municipality,Year,Channel,Conversations,Target\r\nHageby,2025,door,"1,264",1200\r\n')
    assert row == {
        "line": 2,
        "organisation": "Hageby",
        "year": "2025",
        "channel": "door",
        "conversations": "1,264",
        "target": "1200",
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1264", 1264),
        ("1 264", 1264),
        ("1\N{NO-BREAK SPACE}264", 1264),
        ("1\N{NARROW NO-BREAK SPACE}264", 1264),
        ("1.264", 1264),
        ("1,264", 1264),
        ("1264,00", 1264),
        ("1 264,0", 1264),
        ("0", 0),
        ("1 264*", 1264),
        ("1264 **", 1264),
        ("1264¹", 1264),
        ("1 264 [2]", 1264),
        ("1264 st", 1264),
        ("1 264 samtal", 1264),
        ("1'264", 1264),
        ("4,215E+03", 4215),
        ("4.215e3", 4215),
        ("1E+00", 1),
        ("1,26E+03", None),
        ("1,2645E+03", None),
        ("*", None),
        ("..", None),
        ("–", None),
        ("(1264)", None),
        ("", None),
        ("12,5", None),
        ("-3", None),
        ("ca 100", None),
        ("١٢", None),
        ("1.26.4", None),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: int | None) -> None:
    assert files.whole(text) == number


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2022", 2022),
        ("2 022", 2022),
        ("2022*", 2022),
        ("2022-09-11", 2022),
        ("11/9 2022", 2022),
        ("2022-09-11 00:00:00", 2022),
        ("Valet 2022", 2022),
        ("2021/2022", None),
        ("44815", 44815),
        ("i fjol", None),
        ("", None),
    ],
)
def test_years_are_read_as_people_write_them(text: str, year: int | None) -> None:
    assert files.year(text) == year


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", '"\n"', '"\r\n"'])
def test_a_mark_within_a_cell_moves_no_figure_to_another_row(mark: str) -> None:
    cell = f'"Norr{mark[1:-1]}köping"' if mark.startswith('"') else f"Norr{mark}köping"
    rows = files.read(f"{SWEDISH}Hageby;;2025;7;\r\n{cell};;2025;4215;\r\nEktorp;;2025;9;\r\n".encode())
    assert [row["conversations"] for row in rows] == ["7", "4215", "9"]
    assert [row["organisation"].replace(" ", "") for row in rows] == ["Hageby", "Norrköping", "Ektorp"]


def test_years_with_columns_of_their_own_may_have_targets_too() -> None:
    head = "Förening;Samtal 2018;Mål 2018;2022 samtal;Mål 2022;Kommentar 2022"
    assert files.read(f"{head}\nHageby;7;8;9;;bra\nEktorp;;;;;\nSumma;7;8;9;;\n".encode()) == [
        {"line": 2, "organisation": "Hageby", "conversations": "7", "target": "8", "year": "2018"},
        {"line": 2, "organisation": "Hageby", "conversations": "9", "target": "", "year": "2022"},
        {"line": 4, "organisation": "Summa", "conversations": "7", "target": "8", "year": "2018"},
        {"line": 4, "organisation": "Summa", "conversations": "9", "target": "", "year": "2022"},
    ]


@given(st.integers(0, 10_000_000))
def test_whatever_we_write_we_read(number: int) -> None:
    with i18n.speaking("sv"):
        assert files.whole(i18n.number(number)) == number
    with i18n.speaking("en"):
        assert files.whole(i18n.number(number)) == number


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Första raden ska säga vad kolumnerna heter. Det här saknas: Organisation, År, Samtal."),
        (b"Organisation;Samtal\r\nHageby;3\r\n", "Det här saknas: År."),
        (SWEDISH.encode(), "Filen har inga rader med siffror."),
        (b"PK\x03\x04\x14\x00", "Det där är en arbetsbok."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "Det där är en arbetsbok."),
        (b"\x81\x8d\x8f", "Filen går inte att läsa som text."),
        (b"a\x00b", "Filen går inte att läsa som text."),
        (b"x" * 1_000_001, "Filen är för stor."),
        ((SWEDISH + "Hageby;;2025;1;\r\n" * 5001).encode(), "Filen har fler än 5 000 rader."),
        ((SWEDISH + '"' + "x" * 200_000).encode(), "Filen går inte att läsa som CSV."),
    ],
)
def test_a_file_that_cannot_be_read_gets_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=re.escape(sentence)):
        files.read(content)


def test_what_is_wrong_with_the_file_stands_beside_its_field(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    answers = [
        upload(client, cast.norrkoping, SWEDISH),
        client.post(f"/organisations/{cast.norrkoping.id}/earlier-years"),
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert '<p class="wrong" id="f-file-wrong">Filen har inga rader med siffror.</p>' in answers[0].text
    assert "Välj en fil." in answers[1].text
    assert db.session.scalar(select(func.count()).select_from(EarlierImport)) == 0


@given(st.binary(max_size=300))
def test_no_file_brings_the_reader_down(content: bytes) -> None:
    with contextlib.suppress(Refused):
        files.read(SWEDISH.encode() + content)
