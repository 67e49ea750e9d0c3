"""Error pages: they need no database, and say nothing of how it failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from canvass.core import db
from canvass.fieldwork import campaigns
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


def test_a_nul_character_is_refused_and_no_server_error(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
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
    assert all(400 <= answer.status_code < 500 for answer in tried), [a.status_code for a in tried]
    bo.post("/me", data={"name": "B\0o"})
    assert db.session.get_one(Person, cast.bo.id).name == "Bo"
