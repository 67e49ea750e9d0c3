"""What the board takes home agrees to the last conversation, and holds nothing that is not theirs."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from canvass.board import reports
from canvass.core import audit, db, i18n, sheets
from canvass.core.audit import Entry
from canvass.counting import attempts, tallies
from canvass.counting.attempts import Attempt, Facts
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations, people
from canvass.members.people import Person
from tests.cast import Cast, log
from tests.conftest import NOW

SignedIn = Callable[[Person], FlaskClient]


@pytest.fixture
def logged(cast: Cast) -> Cast:
    """Seven conversations in eighteen attempts, over two associations, two days, three ways and three places."""
    log(cast, cast.alva, "talked", 3, area=cast.hageby_north)
    log(cast, cast.alva, "not_home", 8, area=cast.hageby_north)
    log(cast, cast.alva, "talked", 2, area=cast.ektorp_hill, days_ago=1)
    log(cast, cast.dag, "talked", 1, channel="stall", days_ago=1)
    log(cast, cast.dag, "refused", 3, channel="phone", area=cast.ektorp_hill)
    log(cast, cast.dag, "talked", 1, channel="phone", area=cast.ektorp_hill)
    db.session.commit()
    return cast


def read(client: FlaskClient, **query: Any) -> list[dict[str, str]]:
    """The rows of a CSV as programs read it."""
    answer = client.get("/reports/totals.csv", query_string={"dialect": "rfc4180", **query})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def audited() -> list[Entry]:
    return list(db.session.scalars(select(Entry).where(Entry.action == "report.export").order_by(Entry.number)))


# --- the figures --------------------------------------------------------------------------------------------


def test_a_campaign_is_one_row_of_totals(logged: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(logged.cia), campaign=logged.spring.id) == [
        {"Försök": "18", "Samtal": "7", "Samtalsandel": "0.3889"}
    ]


@pytest.mark.parametrize("by", reports.BREAKDOWNS)
def test_every_breakdown_adds_up_to_the_counters(logged: Cast, by: str) -> None:
    report = reports.totals(logged.cia, reports.Question(logged.spring, by=(by, "day")))
    column = report.headings.index("Försök")
    sums = sum(row[column] for row in report.rows), sum(row[column + 1] for row in report.rows)  # type: ignore[misc]
    assert sums == tallies.total(logged.spring.id, organisations.beneath(logged.norrkoping.id)) == (18, 7)
    assert (report.attempts, report.conversations) == sums


def test_associations_are_those_who_talked_and_areas_where(logged: Cast, signed_in: SignedIn) -> None:
    rows = read(signed_in(logged.bo), campaign=logged.spring.id, by=["association", "area"])
    assert [(r["Förening"], r["Område"], r["Områdeskod"], r["Försök"], r["Samtal"]) for r in rows] == [
        ("Ektorp s-förening", "Ektorpshöjden", "E1", "4", "1"),
        ("Ektorp s-förening", "Utan område", "", "1", "1"),
        ("Hageby s-förening", "Ektorpshöjden", "E1", "2", "2"),
        ("Hageby s-förening", "Hageby norra", "H1", "11", "3"),
    ]


def test_columns_and_rows_follow_the_order_asked_for(logged: Cast, signed_in: SignedIn) -> None:
    rows = read(signed_in(logged.bo), campaign=logged.spring.id, by="day,channel")
    assert list(rows[0]) == ["Dag", "Sätt", "Försök", "Samtal", "Samtalsandel"]
    assert [(r["Dag"], r["Sätt"], r["Samtal"]) for r in rows] == [
        ("2026-05-05", "Dörr", "2"),
        ("2026-05-05", "Torg", "1"),
        ("2026-05-06", "Dörr", "3"),
        ("2026-05-06", "Telefon", "1"),
    ]
    assert rows == read(signed_in(logged.bo), campaign=logged.spring.id, by=["day", "channel", "day"])


def test_outcomes_come_as_the_buttons_do_without_a_rate(logged: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(logged.bo), campaign=logged.spring.id, by="outcome") == [
        {"Utfall": "Samtal", "Försök": "7", "Samtal": "7"},
        {"Utfall": "Öppnade ej", "Försök": "8", "Samtal": "0"},
        {"Utfall": "Ville inte prata", "Försök": "3", "Samtal": "0"},
    ]


def test_what_was_undone_is_not_counted(logged: Cast, signed_in: SignedIn) -> None:
    attempt = log(logged, logged.alva, number=5)
    attempts.log(
        attempt,
        author=logged.alva,
        campaign_id=logged.spring.id,
        organisation_id=logged.hageby.id,
        happened_at=NOW,
        facts=None,
        rev=2,
    )
    assert read(signed_in(logged.cia), campaign=logged.spring.id)[0]["Samtal"] == "7"


@pytest.mark.parametrize(
    ("period", "conversations"),
    [
        ({"from": "2026-05-06"}, "4"),
        ({"to": "2026-05-05"}, "3"),
        ({"from": "2026-05-05", "to": "2026-05-06"}, "7"),
        ({"from": "2026-05-07"}, "0"),
        ({}, "7"),
    ],
)
def test_either_end_of_the_period_may_be_left_out(
    logged: Cast, signed_in: SignedIn, period: dict[str, str], conversations: str
) -> None:
    assert read(signed_in(logged.cia), **period)[0]["Samtal"] == conversations
    assert read(signed_in(logged.cia), campaign=logged.spring.id, **period)[0]["Samtal"] == conversations


def test_a_day_is_a_swedish_day(cast: Cast, signed_in: SignedIn) -> None:
    attempts.log(
        db.new_id(),
        author=cast.alva,
        campaign_id=cast.spring.id,
        organisation_id=cast.hageby.id,
        happened_at=datetime(2026, 5, 5, 22, 30, tzinfo=UTC),
        facts=Facts(None, "door", "talked", 1, ()),
    )
    assert read(signed_in(cast.cia), campaign=cast.spring.id, by="day")[0]["Dag"] == "2026-05-06"


def test_several_campaigns_are_told_apart(logged: Cast, signed_in: SignedIn) -> None:
    autumn = a_campaign(logged, "Höstkampanjen")
    log(logged, logged.alva, number=2, campaign=autumn)
    rows = read(signed_in(logged.cia), **{"from": "2026-05-01"})
    assert [(r["Kampanj"], r["Försök"], r["Samtal"]) for r in rows] == [
        ("Höstkampanjen", "2", "2"),
        ("Vårkampanjen", "18", "7"),
    ]
    assert "Kampanj" not in read(signed_in(logged.cia), campaign=autumn.id)[0]


def test_a_campaign_without_attempts_is_a_row_of_zeroes_or_no_rows(cast: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(cast.cia), campaign=cast.spring.id) == [{"Försök": "0", "Samtal": "0", "Samtalsandel": ""}]
    assert read(signed_in(cast.cia), campaign=cast.spring.id, by="area") == []


def test_rows_stand_as_a_swede_sorts(cast: Cast, signed_in: SignedIn) -> None:
    for name in ("Östantill", "Ärlighet", "Åby", "Zinkgruvan", "andra sidan"):
        log(cast, cast.alva, area=areas.add(cast.hageby, name=name, by=cast.bo))
    rows = read(signed_in(cast.bo), campaign=cast.spring.id, by="area")
    assert [r["Område"] for r in rows] == ["andra sidan", "Zinkgruvan", "Åby", "Ärlighet", "Östantill"]


def test_areas_that_look_alike_are_told_apart_by_their_owner(cast: Cast, signed_in: SignedIn) -> None:
    for owner in (cast.hageby, cast.ektorp):
        log(cast, cast.alva, area=areas.add(owner, name="Centrum", code="C", by=cast.bo))
    rows = read(signed_in(cast.bo), campaign=cast.spring.id, by="area")
    assert sorted(r["Områdets organisation"] for r in rows) == ["Ektorp s-förening", "Hageby s-förening"]


def test_the_municipal_organisation_stands_beside_when_there_are_several(logged: Cast, signed_in: SignedIn) -> None:
    ryd = organisations.add("association", "Ryd s-förening", logged.linkoping)
    rut = people.add("Rut", ryd)
    people.grant(rut, "volunteer", ryd)
    districtwide = a_campaign(logged, "Distriktets kampanj", logged.ostergotland)
    log(logged, rut, number=4, campaign=districtwide)
    log(logged, logged.alva, number=2, campaign=districtwide)
    rows = read(signed_in(logged.adam), campaign=districtwide.id, by="association")
    assert [(r["Arbetarekommun"], r["Kommunkod"], r["Förening"], r["Samtal"]) for r in rows] == [
        ("Linköping", "0580", "Ryd s-förening", "4"),
        ("Norrköping", "0581", "Hageby s-förening", "2"),
    ]
    assert "Arbetarekommun" not in read(signed_in(logged.cia), campaign=districtwide.id, by="association")[0]


def test_twenty_thousand_attempts_take_well_under_a_second(cast: Cast) -> None:
    wanted = [cast.hageby_north, cast.hageby_south, cast.ektorp_hill]
    row = {
        "campaign_id": cast.spring.id,
        "author_id": cast.alva.id,
        "channel": "door",
        "number": 1,
        "happened_at": NOW,
        "topics": [],
        "rev": 1,
        "is_deleted": False,
    }
    rows = [
        row
        | {
            "id": db.new_id(),
            "organisation_id": (cast.hageby, cast.ektorp)[i % 2].id,
            "area_id": wanted[i % 3].id,
            "outcome": campaigns.CHANNELS["door"][i % 5],
            "happened_on": NOW.date() - timedelta(days=i % 365),
        }
        for i in range(20_000)
    ]
    db.session.execute(insert(Attempt), rows)
    started = time.process_time()  # not wall time: the machine may be busy with something else
    report = reports.totals(cast.cia, reports.Question(cast.spring, by=reports.BREAKDOWNS))
    sheets.xlsx_bytes("", report.headings, report.rows)
    assert time.process_time() - started < 1
    assert (report.attempts, report.conversations) == (20_000, 4_000)


# --- the files ----------------------------------------------------------------------------------------------


def test_a_swedish_excel_opens_the_csv_by_a_double_click(logged: Cast, signed_in: SignedIn) -> None:
    answer = signed_in(logged.cia).get(f"/reports/totals.csv?campaign={logged.spring.id}&by=day&by=area")
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
    answer = signed_in(logged.cia).get(f"/reports/totals.xlsx?campaign={logged.spring.id}&by=day,association")
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
    book = openpyxl.load_workbook(io.BytesIO(client.get("/reports/totals.xlsx", query_string=query).data))
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
    swedish = client.get("/reports/totals.csv", query_string=query).text
    assert next(csv.reader(io.StringIO(swedish.splitlines()[1]), delimiter=";"))[0] == f"'{trap}"
    cell = openpyxl.load_workbook(io.BytesIO(client.get("/reports/totals.xlsx", query_string=query).data)).active["A2"]  # type: ignore[index]
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", trap, True)


def test_files_are_named_after_what_is_in_them(logged: Cast) -> None:
    first, last = date(2026, 4, 1), date(2026, 4, 30)
    names = [
        reports.file_name(question)
        for question in (
            reports.Question(),
            reports.Question(first=first),
            reports.Question(last=last),
            reports.Question(a_campaign(logged, "Öppet hus: åk & rösta!"), first, last),
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
    client.get(f"/reports/totals.csv?campaign={logged.spring.id}&by=day")
    client.get("/reports/totals.xlsx?from=2026-05-06")
    client.get(f"/reports?campaign={logged.spring.id}")
    client.get("/reports/totals.csv?by=weather")
    first, second = audited()
    assert (first.person_id, first.organisation_id) == (logged.cia.id, logged.norrkoping.id)
    assert first.details == {
        "format": "csv", "campaign": logged.spring.id, "first": None, "last": None, "by": ["day"], "rows": 2,
    }  # fmt: skip
    assert second.details["format"] == "xlsx"
    assert (second.details["first"], second.details["campaign"]) == ("2026-05-06", None)
    assert audit.broken_at() is None


# --- who and what -------------------------------------------------------------------------------------------

FILES = ("/reports/totals.csv", "/reports/totals.xlsx")
DOORS = ("/reports", *FILES)


@pytest.mark.parametrize("address", DOORS)
def test_a_stranger_is_sent_to_sign_in(cast: Cast, stranger: FlaskClient, address: str) -> None:
    answer = stranger.get(address)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?")


@pytest.mark.parametrize("address", DOORS)
def test_a_volunteer_exports_nothing(logged: Cast, signed_in: SignedIn, address: str) -> None:
    assert signed_in(logged.alva).get(address).status_code == 403
    assert signed_in(logged.alva).get(f"{address}?campaign={logged.spring.id}").status_code == 403


@pytest.mark.parametrize("address", DOORS)
@pytest.mark.parametrize("campaign", ["spring", "00000000-0000-7000-8000-000000000000", "x\0y"])
def test_a_campaign_that_is_not_theirs_does_not_exist(
    logged: Cast, signed_in: SignedIn, address: str, campaign: str
) -> None:
    wanted = logged.spring.id if campaign == "spring" else campaign
    assert signed_in(logged.esa).get(address, query_string={"campaign": wanted}).status_code == 404


def test_a_leader_elsewhere_gets_nothing_of_it(logged: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(logged.esa)) == [{"Försök": "0", "Samtal": "0", "Samtalsandel": ""}]
    assert "Vårkampanjen" not in signed_in(logged.esa).get("/reports").text


def test_a_leader_of_one_association_exports_only_its_own(logged: Cast, signed_in: SignedIn) -> None:
    hans = people.add("Hans", logged.hageby)
    people.grant(hans, "leader", logged.hageby)
    for query in ({"campaign": logged.spring.id}, {"from": "2026-01-01"}):
        rows = read(signed_in(hans), by="association", **query)
        assert [(r["Förening"], r["Försök"], r["Samtal"]) for r in rows] == [("Hageby s-förening", "13", "5")]
    assert "Ektorp" not in signed_in(hans).get(f"/reports?campaign={logged.spring.id}&by=association").text


def test_a_board_member_who_volunteers_elsewhere_exports_nothing_there(logged: Cast, signed_in: SignedIn) -> None:
    people.grant(logged.cia, "volunteer", logged.ojersjo)
    theirs = a_campaign(logged, "Partillekampanjen", logged.partille)
    log(logged, logged.esa, number=9, campaign=theirs)
    assert signed_in(logged.cia).get(f"/reports/totals.csv?campaign={theirs.id}").status_code == 403
    assert read(signed_in(logged.cia))[0]["Samtal"] == "7"
    assert "Partillekampanjen" not in signed_in(logged.cia).get("/reports").text


@pytest.mark.parametrize("address", DOORS)
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("by=weather", "Det går inte att dela upp efter ”weather”."),
        ("by=day,topic", "Det går inte att dela upp efter ”topic”."),
        ("from=2026-13-01", "Skriv datumet som 2026-05-31."),
        ("to=igår", "Skriv datumet som 2026-05-31."),
        ("from=2026-05-06&to=2026-05-05", "Sista dagen kan inte ligga före den första."),
    ],
)
def test_a_question_that_makes_no_sense_gets_a_sentence(
    cast: Cast, signed_in: SignedIn, address: str, query: str, sentence: str
) -> None:
    answer = signed_in(cast.bo).get(f"{address}?{query}")
    assert answer.status_code == 422
    assert sentence in answer.text
    assert audited() == []


def test_an_unknown_dialect_gets_a_sentence(cast: Cast, signed_in: SignedIn) -> None:
    answer = signed_in(cast.bo).get("/reports/totals.csv?dialect=klingon")
    assert (answer.status_code, "Dialekten finns inte." in answer.text) == (422, True)


# --- the page -----------------------------------------------------------------------------------------------


def test_the_page_opens_on_the_latest_campaign_by_association(logged: Cast, signed_in: SignedIn) -> None:
    page = signed_in(logged.cia).get("/reports").text
    assert '<th scope="row">Hageby s-förening</th>' in page
    assert f'<option value="{logged.spring.id}" selected>' in page
    assert f"/reports/totals.xlsx?campaign={logged.spring.id}&amp;by=association" in page
    assert page.count("<h1>") == 1


def test_the_page_shows_the_first_rows_and_says_how_many_there_are(cast: Cast, signed_in: SignedIn) -> None:
    for days in range(60):
        log(cast, cast.alva, days_ago=days)
    client = signed_in(cast.cia)
    page = client.get(f"/reports?campaign={cast.spring.id}&by=day").text
    assert page.count('<th scope="row">') == 50
    assert "Här visas de första 50 av 60 rader." in page
    assert len(read(client, campaign=cast.spring.id, by="day")) == 60


def test_the_chosen_stays_chosen(logged: Cast, signed_in: SignedIn) -> None:
    page = signed_in(logged.cia).get("/reports?campaign=&from=2026-05-06&to=&by=day&by=channel").text
    assert 'name="from" type="date" value="2026-05-06"' in page
    assert 'value="day" checked' in page
    assert 'value="area" checked' not in page
    assert "by=day&amp;by=channel" in page


def test_headings_follow_the_language(logged: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    english = {
        "Försök": "Attempts",
        "Samtal": ("Conversation", "Conversations"),
        "Område": "Area",
        "Områdeskod": "Area code",
    }
    english["Dörr"] = "Door"
    monkeypatch.setattr(i18n, "catalogue", lambda language: english if language == "en" else {})
    with i18n.speaking("en"):
        report = reports.totals(logged.cia, reports.Question(logged.spring, by=("area", "channel")))
    assert report.headings[:2] == ["Area", "Area code"]
    assert report.headings[3:5] == ["Attempts", "Conversations"]
    assert "Door" in [row[2] for row in report.rows]


def a_campaign(cast: Cast, name: str, organisation: organisations.Organisation | None = None) -> Campaign:
    """Another open campaign."""
    campaign = campaigns.create(
        organisation or cast.norrkoping,
        name=name,
        kind="listen",
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        channels=["door"],
        topics=[],
        target=None,
    )
    campaigns.open_(campaign)
    return campaign
