"""Error pages: they need no database, and say nothing of how it failed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from canvass.core import db
from canvass.fieldwork import areas, campaigns
from canvass.members.people import Person
from tests.cast import Cast

pytestmark = pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # the same on either engine
SignedIn = Callable[[Person], FlaskClient]


def test_an_error_page_needs_no_database(cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database may be what failed: loading the person again would wait, or fail again."""
    bo = signed_in(cast.bo)

    def locked(person: Person) -> None:
        monkeypatch.setattr(db.session(), "execute", lambda *args, **kwargs: pytest.fail("asked again"))
        raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    monkeypatch.setattr(campaigns, "seen_by", locked)
    answer = bo.get("/campaigns")
    assert answer.status_code == 503
    assert "Servern har mycket att göra" in answer.text


def test_a_nul_character_is_dropped_or_refused_and_no_server_error(
    cast: Cast, signed_in: SignedIn, stranger: FlaskClient
) -> None:
    """PostgreSQL stores no NUL in a text and raises; SQLite would store it."""
    bo = signed_in(cast.bo)
    tried = [
        bo.get("/campaigns/%00"),
        bo.get(f"/campaigns/{cast.spring.id}?at=%00"),
        bo.post("/campaigns", data={"organisation": "\0"}),
        bo.post("/me/sessions/%00/end"),
        stranger.get("/join/%00"),
        stranger.get("/sign-in/%00"),
        stranger.post("/sign-in", data={"email": "bo@example.org\0", "password": "\0"}),
    ]
    assert all(answer.status_code < 500 for answer in tried), [a.status_code for a in tried]
    bo.post("/me", data={"name": "B\0o"})
    assert db.session.get_one(Person, cast.bo.id).name == "Bo"


# --- what was typed -----------------------------------------------------------------------------------------

TYPED = {"name": "Hageby norra", "code": "", "housing": "flats", "households": "640", "script": "Rad ett\nRad <två>"}


def test_a_lost_session_keeps_what_was_typed(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    """The form can be sent again from the page that says so, once somebody has signed in beside it."""
    data = {**TYPED, "organisation": cast.hageby.id, "password": "hemligt"}
    for headers in ({}, {"HX-Request": "true", "HX-Boosted": "true", "HX-Request-Type": "full"}):
        answer = stranger.post("/areas?x=1", data=data, headers=headers)
        assert answer.status_code == 401
        assert "Det du skrev är kvar här" in answer.text
        assert 'action="/areas?x=1"' in answer.text
        assert 'name="households" value="640"' in answer.text
        assert "Rad ett\nRad &lt;två&gt;</p>" in answer.text
        assert "hemligt" not in answer.text
        assert "HX-Refresh" not in answer.headers
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    assert signed_in(cast.bo).post("/areas", data=hidden).status_code == 303


def test_a_form_from_elsewhere_is_shown_but_not_sent_again(cast: Cast, signed_in: SignedIn) -> None:
    """Another site may have written it: one tap on our page must not make it ours."""
    bo = signed_in(cast.bo)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "none"}):
        answer = bo.post("/areas", data={**TYPED, "organisation": cast.hageby.id}, headers=headers)
        assert answer.status_code == 403
        assert '<p class="as-written">Hageby norra</p>' in answer.text
        assert "Skicka igen" not in answer.text
        assert 'type="hidden"' not in answer.text.partition("<main")[2]


def test_a_database_that_does_not_answer_keeps_what_was_typed(
    cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = signed_in(cast.bo)

    def locked(*_args: object, **_fields: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr(areas, "add", locked)
    answer = bo.post("/areas", data={**TYPED, "organisation": cast.hageby.id})
    assert answer.status_code == 503
    assert "Skicka igen" in answer.text


def test_what_nobody_typed_is_not_kept(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    for data in ({}, {"withdraw": "yes", "id": cast.hageby.id, "on": "2026-05-06"}, {"password": "hem ligt"}):
        answer = stranger.post("/areas", data=data)
        assert (answer.status_code, "är kvar" in answer.text) == (401, False)
    assert "är kvar" not in stranger.post("/areas", data={"name": "Hageby " * 20_000}).text
    assert "är kvar" not in stranger.get("/areas/x?name=Hageby norra").text
