"""Who may export what, and what is asked for in vain."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from canvass.members import people
from tests.board.reports.common import SignedIn, a_campaign, audited, read
from tests.cast import Cast, log

FILES = ("/reports/totals.csv", "/reports/totals.xlsx", "/reports/rows.csv", "/reports/rows.xlsx")
ADDRESSES = ("/reports", *FILES)


def ask(client: FlaskClient, address: str) -> TestResponse:
    """The page, or the button for one of the files: a file is put on record, so it is not had by looking."""
    return client.post(address) if address.startswith(FILES) else client.get(address)


def test_a_stranger_is_sent_to_sign_in(cast: Cast, stranger: FlaskClient) -> None:
    answer = stranger.get("/reports")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?")
    assert [stranger.post(address).status_code for address in FILES] == [401] * 4


@pytest.mark.parametrize("address", FILES)
def test_no_file_is_had_by_following_a_link(logged: Cast, signed_in: SignedIn, address: str) -> None:
    """Chat programs and browsers that fetch ahead follow links; each file handed out is on record."""
    assert signed_in(logged.cia).get(address).status_code == 405
    assert audited() == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_volunteer_exports_nothing(logged: Cast, signed_in: SignedIn, address: str) -> None:
    assert ask(signed_in(logged.alva), address).status_code == 403
    assert ask(signed_in(logged.alva), f"{address}?campaign={logged.spring.id}").status_code == 403


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("campaign", ["spring", "00000000-0000-7000-8000-000000000000", "x\0y"])
def test_a_campaign_that_is_not_theirs_does_not_exist(
    logged: Cast, signed_in: SignedIn, address: str, campaign: str
) -> None:
    wanted = logged.spring.id if campaign == "spring" else campaign
    assert ask(signed_in(logged.esa), f"{address}?{urlencode({'campaign': wanted})}").status_code == 404


def test_a_leader_elsewhere_gets_nothing_of_it(logged: Cast, signed_in: SignedIn) -> None:
    assert read(signed_in(logged.esa), "rows") == []
    assert read(signed_in(logged.esa)) == [{"Försök": "0", "Samtal": "0", "Samtalsandel": ""}]
    assert "Vårkampanjen" not in signed_in(logged.esa).get("/reports").text


def test_a_leader_of_one_association_exports_only_its_own(logged: Cast, signed_in: SignedIn) -> None:
    hans = people.add("Hans", logged.hageby)
    people.grant(hans, "leader", logged.hageby)
    for query in ({"campaign": logged.spring.id}, {"from": "2026-01-01"}):
        assert {r["Förening"] for r in read(signed_in(hans), "rows", **query)} == {"Hageby s-förening"}
        rows = read(signed_in(hans), by="association", **query)
        assert [(r["Förening"], r["Försök"], r["Samtal"]) for r in rows] == [("Hageby s-förening", "13", "5")]
    assert "Ektorp" not in signed_in(hans).get(f"/reports?campaign={logged.spring.id}&by=association").text


def test_a_board_member_who_volunteers_elsewhere_exports_nothing_there(logged: Cast, signed_in: SignedIn) -> None:
    people.grant(logged.cia, "volunteer", logged.ojersjo)
    theirs = a_campaign(logged, "Partillekampanjen", logged.partille)
    log(logged, logged.esa, number=9, campaign=theirs)
    assert signed_in(logged.cia).post(f"/reports/totals.csv?campaign={theirs.id}").status_code == 403
    assert read(signed_in(logged.cia))[0]["Samtal"] == "7"
    assert "Partillekampanjen" not in signed_in(logged.cia).get("/reports").text


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("by=weather", "Det går inte att dela upp efter ”weather”."),
        ("by=day,topic", "Det går inte att dela upp efter ”topic”."),
        ("from=2026-13-01", "Skriv datumet som 2026-05-31, med ett årtal mellan 1990 och 2099."),
        ("to=igår", "Skriv datumet som 2026-05-31, med ett årtal mellan 1990 och 2099."),
        ("from=2026-05-06&to=2026-05-05", "Sista dagen kan inte ligga före den första."),
    ],
)
def test_a_question_that_makes_no_sense_gets_a_sentence(
    cast: Cast, signed_in: SignedIn, address: str, query: str, sentence: str
) -> None:
    answer = ask(signed_in(cast.bo), f"{address}?{query}")
    assert answer.status_code == 422
    assert sentence in answer.text
    assert audited() == []


def test_an_unknown_dialect_gets_a_sentence(cast: Cast, signed_in: SignedIn) -> None:
    answer = signed_in(cast.bo).post("/reports/totals.csv?dialect=klingon")
    assert (answer.status_code, "Dialekten finns inte." in answer.text) == (422, True)
