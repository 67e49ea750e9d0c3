"""Signing in and out on one browser, and the cookies that come of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import db
from canvass.members.devices import Device
from canvass.members.people import Person
from canvass.members.sessions import Session
from tests.cast import PASSWORD, Cast
from tests.conftest import browser
from tests.web.browsing import hand_in

pytestmark = pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # the same on either engine
SignedIn = Callable[[Person], FlaskClient]


def rows(kind: type[db.Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(kind)) or 0


def test_scripts_cannot_read_a_cookie_and_other_sites_cannot_have_it_sent(cast: Cast, stranger: FlaskClient) -> None:
    for scheme in ("http", "https"):
        answers = [
            stranger.post(
                "/sign-in", data={"email": "bo@example.org", "password": PASSWORD}, base_url=f"{scheme}://localhost"
            ),
            stranger.post(
                "/me", data={"name": "Bo"}, base_url=f"{scheme}://localhost"
            ),  # sets the message for the next page
            stranger.post("/language", data={"language": "en"}, base_url=f"{scheme}://localhost"),
        ]
        found = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
        assert {"canvass_session", "canvass_device", "canvass_language"} <= {c.split("=")[0] for c in found}
        for cookie in found:
            assert "; HttpOnly" in cookie, cookie
            assert "; SameSite=Lax" in cookie, cookie
            assert "; Path=/" in cookie, cookie
            assert "Domain=" not in cookie, cookie
            if not cookie.startswith("canvass_said="):  # only the message for the next page
                assert ("; Secure" in cookie) == (scheme == "https"), cookie
        stranger.post("/sign-out", base_url=f"{scheme}://localhost")


def test_a_made_up_cookie_opens_nothing(cast: Cast, stranger: FlaskClient) -> None:
    for token in ("", "x", "å", "' OR 1=1 --", "x" * 3000):
        stranger.set_cookie("canvass_session", token)
        stranger.set_cookie("canvass_device", token)
        assert stranger.get("/me").status_code == 303, token
        assert hand_in(stranger, cast.alva).status_code == 401, token


def test_signing_out_ends_the_session_for_good(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    session, device = bo.get_cookie("canvass_session"), bo.get_cookie("canvass_device")
    assert session
    assert device
    assert bo.post("/sign-out").headers["Location"] == "/sign-in"
    assert bo.get_cookie("canvass_session") is None  # so that a page kept by the back button finds out
    assert bo.get_cookie("canvass_device") is None
    assert (rows(Session), rows(Device)) == (0, 0)
    thief = browser(app)
    thief.set_cookie("canvass_session", session.value)
    thief.set_cookie("canvass_device", device.value)
    assert thief.get("/me").status_code == 303
    assert hand_in(thief, cast.bo).status_code == 401


def test_signing_in_as_somebody_else_leaves_no_session_behind(cast: Cast, signed_in: SignedIn) -> None:
    """On a shared computer the cookie is replaced, so nobody could use or end the session before."""
    bo = signed_in(cast.bo)
    bo.post("/sign-in", data={"email": "cia@example.org", "password": PASSWORD})
    assert 'href="/me"><span>Cia' in bo.get("/me").text
    assert not db.session.scalar(select(Session.id).where(Session.person_id == cast.bo.id))


def test_a_session_is_labelled_with_browser_and_system_only(cast: Cast, stranger: FlaskClient) -> None:
    agent = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605 Version/17.4 Mobile/15E148 Safari/604"
    )
    stranger.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD}, headers={"User-Agent": agent})
    assert db.session.scalars(select(Session.label)).one() == "Safari · iPhone"
