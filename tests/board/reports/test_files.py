"""The files: what Excel opens, what programs read, and a record of who took them home."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

import openpyxl

from canvass.board.reports import captions
from canvass.board.reports.selections import Selection
from canvass.core import audit
from tests.board.reports.common import SignedIn, a_campaign, audited, read
from tests.cast import Cast, log


def test_a_swedish_excel_opens_the_csv_by_a_double_click(logged: Cast, signed_in: SignedIn) -> None:
    answer = signed_in(logged.cia).post(f"/reports/totals.csv?campaign={logged.spring.id}&by=day&by=area")
    assert answer.data.startswith(b"\xef\xbb\xbfDag;Omr\xc3\xa5de;")
    assert answer.data.decode("utf-8-sig").splitlines() == [
        "Dag;Område;Områdeskod;Försök;Samtal;Samtalsandel",
        "2026-05-05;Ektorpshöjden;E1;2;2;1",
        "2026-05-05;Utan område;;1;1;1",
        "2026-05-06;Ektorpshöjden;E1;4;1;0,25",
        "2026-05-06;Hageby norra;H1;11;3;0,2727",
    ]
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=samtal-varkampanjen-2026-05-06.csv"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_workbook_holds_numbers_days_and_shares(logged: Cast, signed_in: SignedIn) -> None:
    answer = signed_in(logged.cia).post(f"/reports/totals.xlsx?campaign={logged.spring.id}&by=day,association")
    assert answer.headers["Content-Disposition"] == "attachment; filename=samtal-varkampanjen-2026-05-06.xlsx"
    assert answer.headers["Cache-Control"] == "no-store"
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    sheet = book["Vårkampanjen"]
    headings = ["Dag", "Förening", "Organisationskod", "Försök", "Samtal", "Samtalsandel"]
    assert [cell.value for cell in sheet[1]] == headings
    assert [cell.value for cell in sheet[4][1:]] == ["Ektorp s-förening", None, 4, 1, 0.25]
    assert (sheet["A4"].is_date, sheet["A4"].value.date()) == (True, date(2026, 5, 6))
    assert "%" in sheet["F4"].number_format
    about = {row[0].value: row[1].value for row in book["Om filen"]}
    assert about["Omfattar"] == "Norrköping"
    assert about["Uppdelning"] == "Dag, Förening"


def test_both_formats_say_the_same(logged: Cast, signed_in: SignedIn) -> None:
    client = signed_in(logged.cia)
    query = {"campaign": logged.spring.id, "by": "association,area,day,channel,outcome"}
    book = openpyxl.load_workbook(io.BytesIO(client.post("/reports/totals.xlsx", query_string=query).data))
    in_book = [
        ["" if v is None else str(v.date()) if isinstance(v, datetime) else str(v) for v in row]
        for row in book["Vårkampanjen"].iter_rows(min_row=2, values_only=True)
    ]
    assert in_book == [list(row.values()) for row in read(client, **query)]
    assert len(in_book) == 6


def test_a_name_that_looks_like_a_formula_is_defused(cast: Cast, signed_in: SignedIn) -> None:
    trap = '=HYPERLINK("https://example.org","Hageby")'
    cast.hageby_north.name = trap
    log(cast, cast.alva, area=cast.hageby_north)
    client, query = signed_in(cast.bo), {"campaign": cast.spring.id, "by": "area"}
    assert read(client, **query)[0]["Område"] == f"'{trap}"
    swedish = client.post("/reports/totals.csv", query_string=query).text
    assert next(csv.reader(io.StringIO(swedish.splitlines()[1]), delimiter=";"))[0] == f"'{trap}"
    cell = openpyxl.load_workbook(io.BytesIO(client.post("/reports/totals.xlsx", query_string=query).data)).active["A2"]
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", trap, True)


def test_files_are_named_after_what_is_in_them(logged: Cast) -> None:
    first, last = date(2026, 4, 1), date(2026, 4, 30)
    names = [
        captions.file_name(question)
        for question in (
            Selection(),
            Selection(first=first),
            Selection(last=last),
            Selection(a_campaign(logged, "Öppet hus: åk & rösta!"), first, last),
        )
    ]
    assert names == [
        "samtal-2026-05-06",
        "samtal-2026-04-01-till-2026-05-06",
        "samtal-till-2026-04-30",
        "samtal-oppet-hus-ak-rosta-2026-04-01-till-2026-04-30",
    ]


def test_every_export_is_on_record(logged: Cast, signed_in: SignedIn) -> None:
    client = signed_in(logged.cia)
    client.post(f"/reports/totals.csv?campaign={logged.spring.id}&by=day")
    client.post("/reports/totals.xlsx?from=2026-05-06")
    client.get(f"/reports?campaign={logged.spring.id}")
    client.post("/reports/totals.csv?by=weather")
    first, second = audited()
    assert (first.person_id, first.organisation_id) == (logged.cia.id, logged.norrkoping.id)
    assert first.details == {
        "format": "csv", "campaign": logged.spring.id, "first": None, "last": None, "by": ["day"], "rows": 2,
    }  # fmt: skip
    assert second.details["format"] == "xlsx"
    assert (second.details["first"], second.details["campaign"]) == ("2026-05-06", None)
    assert audit.broken_at() is None
