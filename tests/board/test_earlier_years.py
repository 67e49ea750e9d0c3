"""Results of earlier years: read as spreadsheets write them, seen before they stand, and taken back whole."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from canvass.board import earlier_years
from canvass.board.earlier_years import EarlierImport, EarlierResult, Year
from canvass.core import audit, db, i18n
from canvass.core.audit import Entry
from canvass.core.refusals import Refused
from canvass.counting import tallies
from canvass.fieldwork import campaigns
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, log

SignedIn = Callable[[Person], FlaskClient]

SWEDISH = "Organisation;Kommunkod;År;Samtal;Mål\r\n"
FILE = SWEDISH + "Hageby;;2025;1 264;1 200\r\nEktorp s-förening;;2025;405;\r\n;581;2024;900;1000\r\n"


def upload(client: FlaskClient, node: Organisation, content: str | bytes) -> TestResponse:
    data = content.encode("utf-8-sig") if isinstance(content, str) else content
    return client.post(f"/organisations/{node.id}/earlier-years", data={"file": (io.BytesIO(data), "år.csv")})


def bring_in(cast: Cast, *rows: tuple[Organisation, int, int], channel: str = "", **more: str) -> EarlierImport:
    """An import that stands, without a browser."""
    content = [
        {"line": line, "organisation": node.name, "year": str(year), "conversations": str(number), "channel": channel}
        | more
        for line, (node, year, number) in enumerate(rows, 2)
    ]
    kept = earlier_years.keep(cast.norrkoping, content, by=cast.bo)
    assert earlier_years.confirm(kept, skips_faulty=False, by=cast.bo) == len(rows)
    return kept


def planned(cast: Cast, **row: str) -> earlier_years.Row:
    """What a single row would come to at Norrköping."""
    given = {"organisation": "Hageby", "year": "2025", "conversations": "7", **row}
    (found,) = earlier_years.plan(cast.norrkoping, [{"line": 2, **given}]).rows
    return found


# --- reading a file -----------------------------------------------------------------------------------------


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
    ],
)
def test_a_file_is_read_as_a_spreadsheet_saves_it(content: bytes) -> None:
    rows = earlier_years.read(content)
    assert [row["organisation"].replace("\N{NO-BREAK SPACE}", " ") for row in rows] == [
        "Hageby",
        "Ektorp s-förening",
        "",
    ]
    assert [earlier_years._whole(row["conversations"]) for row in rows] == [1264, 405, 900]
    assert rows[2]["code"] == "581"


def test_a_file_with_english_headings_is_read_too() -> None:
    (row,) = earlier_years.read(b'Municipality,Year,Channel,Conversations,Target\r\nHageby,2025,door,"1,264",1200\r\n')
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
        ("", None),
        ("12,5", None),
        ("-3", None),
        ("ca 100", None),
        ("١٢", None),
        ("1.26.4", None),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: int | None) -> None:
    assert earlier_years._whole(text) == number


@given(st.integers(0, 10_000_000))
def test_whatever_we_write_we_read(number: int) -> None:
    with i18n.speaking("sv"):
        assert earlier_years._whole(i18n.number(number)) == number
    with i18n.speaking("en"):
        assert earlier_years._whole(i18n.number(number)) == number


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Första raden ska säga vad kolumnerna heter. Det här saknas: Organisation, År, Samtal."),
        (b"Organisation;Samtal\r\nHageby;3\r\n", "Det här saknas: År."),
        (SWEDISH.encode(), "Filen har inga rader med siffror."),
        (b"PK\x03\x04\x14\x00", "Det där är en arbetsbok."),
        (b"\x81\x8d\x8f", "Filen går inte att läsa som text."),
        (b"a\x00b", "Filen går inte att läsa som text."),
        (b"x" * 1_000_001, "Filen är för stor."),
        ((SWEDISH + "Hageby;;2025;1;\r\n" * 5001).encode(), "Filen har fler än 5 000 rader."),
        ((SWEDISH + '"' + "x" * 200_000).encode(), "Filen går inte att läsa som CSV."),
    ],
)
def test_a_file_that_cannot_be_read_gets_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=re.escape(sentence)):
        earlier_years.read(content)


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
        earlier_years.read(SWEDISH.encode() + content)


# --- which organisation -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Hageby s-förening", ""),
        ("HAGEBY", ""),
        ("  hageby   s-förening ", ""),
        ("Hagebys s-förening", ""),
    ],
)
def test_an_association_is_known_by_its_name(cast: Cast, typed: str, code: str) -> None:
    assert planned(cast, organisation=typed, code=code).organisation == cast.hageby


@pytest.mark.parametrize(
    ("typed", "code"),
    [("Norrköping", ""), ("Norrköpings arbetarekommun", ""), ("", "0581"), ("", "581"), ("Norrköping", "581")],
)
def test_a_municipal_organisation_is_known_by_name_or_code(cast: Cast, typed: str, code: str) -> None:
    assert planned(cast, organisation=typed, code=code).organisation == cast.norrkoping


@pytest.mark.parametrize(
    ("row", "outcome", "sentence"),
    [
        ({"organisation": "Hagebi"}, "unmatched", "Finns inte här. Menas Hageby s-förening?"),
        ({"organisation": "Kiruna"}, "unmatched", "Finns inte här."),
        ({"organisation": "Linköping"}, "unmatched", "Finns inte här. Menas Norrköping?"),
        ({"organisation": "", "code": "0580"}, "unmatched", "Ingen organisation här har koden 0580."),
        ({"organisation": ""}, "unmatched", "Organisation saknas."),
        ({"code": "0581"}, "unmatched", "Koden hör till Norrköping men namnet till Hageby s-förening."),
        ({"year": "2026"}, "unreadable", "Året ska vara mellan 1990 och 2025."),
        ({"year": "i fjol"}, "unreadable", "Året ska vara mellan 1990 och 2025."),
        ({"conversations": "många"}, "unreadable", "Antalet samtal går inte att läsa: ”många”."),
        ({"conversations": "99999999"}, "unreadable", "Antalet samtal går inte att läsa: ”99999999”."),
        ({"target": "högt"}, "unreadable", "Målet går inte att läsa: ”högt”."),
        ({"channel": "brevduva"}, "unreadable", "Sättet är okänt: ”brevduva”."),
    ],
)
def test_a_faulty_row_gets_a_sentence(cast: Cast, row: dict[str, str], outcome: str, sentence: str) -> None:
    found = planned(cast, **row)
    assert (found.outcome, found.sentence) == (outcome, sentence)


def test_a_name_that_may_be_several_is_not_guessed(cast: Cast) -> None:
    organisations.add("association", "Norrköpings s-förening", cast.norrkoping)
    cast.norrkoping.name = "Norrköpings arbetarekommun"
    found = planned(cast, organisation="Norrköping")
    assert found.sentence == "Flera kan menas: Norrköpings arbetarekommun, Norrköpings s-förening."


def test_every_way_of_talking_has_its_words(cast: Cast) -> None:
    for channel in campaigns.CHANNELS:
        for word in (channel, campaigns.channel_name(channel), campaigns.channel_name(channel).upper()):
            assert planned(cast, channel=word).channel == channel
    assert [planned(cast, channel=word).channel for word in ("", "alla", "Totalt")] == ["", "", ""]


# --- preview, confirm, undo ---------------------------------------------------------------------------------


def test_a_file_is_seen_before_it_stands_and_can_be_taken_back(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    preview = upload(client, cast.norrkoping, FILE)
    assert preview.status_code == 303
    address = preview.headers["Location"]
    page = client.get(address).text
    assert "Läs in 3 rader" in page
    assert "Hoppa över" not in page
    assert db.session.scalar(select(func.count()).select_from(EarlierResult)) == 0
    assert [client.post(f"{address}/confirm").status_code for _ in range(2)] == [303, 303]
    assert earlier_years.compare(cast.norrkoping) == [
        Year(2025, True, 1669, None, 2),  # Ektorp said no target
        Year(2024, True, 900, 1000),
    ]
    assert earlier_years.compare(cast.hageby) == [Year(2025, True, 1264, 1200)]
    shown = client.get(f"/organisations/{cast.norrkoping.id}/earlier-years").text
    assert "inläst för 2 organisationer under" in shown
    assert "90\N{NO-BREAK SPACE}%" in shown
    assert "3 resultat är inlästa." in shown
    assert client.post(f"{address}/undo").status_code == 303
    assert earlier_years.compare(cast.norrkoping) == []
    actions = [e.action for e in db.session.scalars(select(Entry).order_by(Entry.number))]
    assert actions[-2:] == ["earlier_years.import", "earlier_years.undo"]
    assert audit.broken_at() is None


def test_faulty_rows_stop_everything_until_they_may_be_left_out(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    address = upload(client, cast.norrkoping, FILE + "Kiruna;;2025;7;\r\nHageby;;2025;9;\r\n").headers["Location"]
    page = client.get(address).text
    assert "2 felaktiga rader" in page
    assert "Samma sak står redan på rad 2." in page
    refused = client.post(f"{address}/confirm")
    assert refused.status_code == 422
    assert "Rätta filen och välj den på nytt" in refused.text
    assert earlier_years.compare(cast.norrkoping) == []
    assert client.post(f"{address}/confirm", data={"skip": "yes"}).status_code == 303
    assert earlier_years.results([cast.hageby.id, cast.ektorp.id], 2025) == {cast.hageby.id: 1264, cast.ektorp.id: 405}


def test_a_file_with_nothing_right_in_it_cannot_be_confirmed(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    address = upload(client, cast.norrkoping, SWEDISH + "Kiruna;;2025;7;\r\n").headers["Location"]
    assert "/confirm" not in client.get(address).text
    answer = client.post(f"{address}/confirm", data={"skip": "yes"})
    assert (answer.status_code, "Ingen rad går att läsa in." in answer.text) == (422, True)


def test_the_latest_import_wins_and_undoing_it_brings_the_earlier_back(cast: Cast, signed_in: SignedIn) -> None:
    bring_in(cast, (cast.hageby, 2025, 100), (cast.ektorp, 2025, 50))
    page = signed_in(cast.bo)
    address = upload(page, cast.norrkoping, SWEDISH + "Hageby;;2025;120;\r\nEktorp;;2025;50;\r\n").headers["Location"]
    preview = page.get(address).text
    assert "förut 100" in preview
    assert re.findall(r'pill-\w+">(\w+)<', preview) == ["Ändras", "Oförändrad"]
    page.post(f"{address}/confirm")
    assert earlier_years.results([cast.hageby.id], 2025) == {cast.hageby.id: 120}
    page.post(f"{address}/undo")
    assert earlier_years.results([cast.hageby.id], 2025) == {cast.hageby.id: 100}


def test_cancelling_forgets_the_file_and_spares_what_stands(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    address = upload(client, cast.norrkoping, FILE).headers["Location"]
    client.post(f"{address}/cancel")
    assert client.get(address).status_code == 404
    stands = bring_in(cast, (cast.hageby, 2025, 100))
    client.post(f"/earlier-years/{stands.id}/cancel")
    assert earlier_years.results([cast.hageby.id], 2025) == {cast.hageby.id: 100}


def test_a_second_file_takes_the_place_of_one_that_waits(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    first, second = (upload(client, cast.norrkoping, FILE).headers["Location"] for _ in range(2))
    assert [client.get(address).status_code for address in (first, second)] == [404, 200]


# --- what a year was ----------------------------------------------------------------------------------------


def test_the_figure_for_all_ways_wins_over_the_separate_ones(cast: Cast) -> None:
    bring_in(cast, (cast.hageby, 2025, 30), channel="door", target="40")
    bring_in(cast, (cast.hageby, 2025, 12), channel="phone", target="10")
    assert earlier_years.compare(cast.hageby) == [Year(2025, True, 42, 50)]
    bring_in(cast, (cast.hageby, 2025, 45))
    bring_in(cast, (cast.hageby, 2025, 31), channel="door")
    assert earlier_years.compare(cast.hageby) == [Year(2025, True, 45, None)]


def test_what_is_said_of_the_whole_wins_over_the_sum_of_its_parts(cast: Cast) -> None:
    bring_in(cast, (cast.hageby, 2025, 30), (cast.ektorp, 2025, 20))
    everybody = [cast.ostergotland.id, cast.norrkoping.id, cast.hageby.id, cast.linkoping.id]
    assert earlier_years.results(everybody, 2025) == {
        cast.ostergotland.id: 50,
        cast.norrkoping.id: 50,
        cast.hageby.id: 30,
    }
    bring_in(cast, (cast.norrkoping, 2025, 70))
    assert earlier_years.results(everybody, 2025)[cast.ostergotland.id] == 70


def test_years_counted_here_stand_beside_the_imported(cast: Cast) -> None:
    log(cast, cast.alva, number=7)
    log(cast, cast.dag, number=3)
    log(cast, cast.alva, number=4, days_ago=200)  # last autumn
    bring_in(cast, (cast.norrkoping, 2025, 90))
    assert earlier_years.compare(cast.norrkoping) == [
        Year(2026, False, 10, 5000),
        Year(2025, True, 90, None),
        Year(2025, False, 4, None),
    ]
    assert earlier_years.results(organisations.beneath(cast.norrkoping.id), 2025) == {
        cast.norrkoping.id: 90,
        cast.hageby.id: 4,
    }
    assert earlier_years.results([cast.norrkoping.id], 2026) == {cast.norrkoping.id: 10}


def test_imported_results_are_never_counted_as_this_years(cast: Cast) -> None:
    bring_in(cast, (cast.hageby, 2025, 100))
    assert tallies.total(cast.spring.id, organisations.beneath(cast.norrkoping.id)) == (0, 0)


# --- the example and the page -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_example_filled_in_is_a_file_we_read(cast: Cast, signed_in: SignedIn, language: str) -> None:
    client = signed_in(cast.bo)
    client.set_cookie("canvass_language", language)
    cast.ektorp.name = "=Ektorp"
    answer = client.get(f"/organisations/{cast.norrkoping.id}/earlier-years/example.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in rows[1:]] == ["'=Ektorp", "Hageby s-förening"]
    assert {row[2] for row in rows[1:]} == {"2025"}
    filled = "\r\n".join(";".join([*row[:3], "5", "6"] if at else row) for at, row in enumerate(rows))
    with i18n.speaking(language):
        plan = earlier_years.plan(cast.norrkoping, earlier_years.read(filled.encode("utf-8-sig")))
    assert [(row.outcome, row.organisation) for row in plan.rows] == [("new", cast.ektorp), ("new", cast.hageby)]


def test_a_volunteer_reads_and_does_not_import(cast: Cast, signed_in: SignedIn) -> None:
    stands = bring_in(cast, (cast.hageby, 2025, 1264))
    client = signed_in(cast.alva)
    page = client.get(f"/organisations/{cast.hageby.id}/earlier-years")
    assert "1\N{NARROW NO-BREAK SPACE}264" in page.text
    assert "Läs in" not in page.text
    assert upload(client, cast.hageby, FILE).status_code == 403
    assert client.get(f"/organisations/{cast.ektorp.id}/earlier-years").status_code == 404
    assert client.post(f"/earlier-years/{stands.id}/undo").status_code == 403


def test_another_branch_sees_and_touches_nothing(cast: Cast, signed_in: SignedIn) -> None:
    stands = bring_in(cast, (cast.hageby, 2025, 1264))
    client = signed_in(cast.esa)
    assert client.get(f"/organisations/{cast.hageby.id}/earlier-years").status_code == 404
    assert client.post(f"/earlier-years/{stands.id}/undo").status_code == 404
    address = upload(client, cast.partille, SWEDISH + "Hageby s-förening;;2025;9;\r\n;0581;2025;9;\r\n").headers
    assert client.post(f"{address['Location']}/confirm", data={"skip": "yes"}).status_code == 422
    assert earlier_years.results([cast.hageby.id], 2025) == {cast.hageby.id: 1264}


def test_a_stranger_is_sent_to_sign_in(cast: Cast, stranger: FlaskClient) -> None:
    answer: Any = stranger.get(f"/organisations/{cast.hageby.id}/earlier-years")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?")
