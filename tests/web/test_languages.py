"""The language of a page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from canvass.core import db
from canvass.members.people import Person
from tests.cast import Cast

pytestmark = pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # the same on either engine
SignedIn = Callable[[Person], FlaskClient]


def test_the_language_is_the_persons_then_the_browsers(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    assert '<html lang="sv">' in stranger.get("/about").text
    assert '<html lang="en">' in stranger.get("/about", headers={"Accept-Language": "en-GB,en;q=0.9"}).text
    assert '<html lang="sv">' in stranger.get("/about", headers={"Accept-Language": "de,fr"}).text
    stranger.post("/language", data={"language": "en", "next": "/about"})
    assert '<html lang="en">' in stranger.get("/about").text
    stranger.post("/language", data={"language": "xx", "next": "/about"})
    assert '<html lang="en">' in stranger.get("/about").text
    bo = signed_in(cast.bo)
    bo.post("/language", data={"language": "en"})
    assert db.session.get_one(Person, cast.bo.id).language == "en"
