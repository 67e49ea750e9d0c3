"""Sessions: how long they last, how they are listed, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.members.devices import Device
from canvass.members.people import Person
from canvass.members.sessions import Session
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW
from tests.web.browsing import hand_in

SignedIn = Callable[[Person], FlaskClient]


def test_a_copied_database_opens_no_session(cast: Cast, stranger: FlaskClient) -> None:
    stranger.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD})
    known = [stranger.get_cookie(name) for name in ("canvass_session", "canvass_device")]
    tokens = [cookie.value for cookie in known if cookie]
    assert len(tokens) == 2
    assert all(len(token) >= 43 for token in tokens)  # 256 bits
    written = "".join(
        str(tuple(row)) for table in db.Base.metadata.sorted_tables for row in db.session.execute(table.select())
    )
    assert not [token for token in (*tokens, PASSWORD) if token in written]


def test_an_unused_session_ends_and_the_queue_goes_on(
    cast: Cast, signed_in: SignedIn, later: Callable[..., Any]
) -> None:
    bo, alva = signed_in(cast.bo), signed_in(cast.alva)
    with later(days=31):
        assert bo.get("/me").status_code == 303
        assert bo.get("/api/v1/hello").status_code == 401
        assert hand_in(bo, cast.bo).status_code == 200
        assert alva.get("/me").status_code == 200  # a volunteer's phone stays over the summer
    with later(days=31 + 401):
        assert alva.get("/me").status_code == 303
        assert hand_in(alva, cast.alva).status_code == 200


def test_a_session_in_use_goes_on(cast: Cast, signed_in: SignedIn, later: Callable[..., Any]) -> None:
    bo = signed_in(cast.bo)
    for days in range(0, 120, 20):
        with later(days=days):
            assert bo.get("/campaigns").status_code == 200


def test_reading_a_page_twice_writes_nothing(cast: Cast, signed_in: SignedIn, later: Callable[..., Any]) -> None:
    """`seen_at` is written every six hours at most."""
    bo = signed_in(cast.bo)

    def seen_at() -> object:
        return db.session.scalar(select(Session.seen_at).where(Session.person_id == cast.bo.id))

    with later(minutes=30):
        bo.get("/campaigns")
        assert seen_at() == NOW
    with later(hours=7):
        bo.get("/campaigns")
        assert seen_at() == NOW + timedelta(hours=7)


def test_an_ended_session_is_over_at_once(cast: Cast, signed_in: SignedIn) -> None:
    phone, computer = signed_in(cast.bo), signed_in(cast.bo)
    session = db.session.scalars(select(Session).where(Session.person_id == cast.bo.id).order_by(Session.id)).first()
    assert session
    assert computer.post(f"/me/sessions/{session.id}/end").status_code == 303
    assert sorted([phone.get("/me").status_code, computer.get("/me").status_code]) == [200, 303]


def test_signed_in_browsers_are_listed_by_what_one_knows_them_by(
    cast: Cast, signed_in: SignedIn, stranger: FlaskClient, later: Callable[..., Any]
) -> None:
    signed_in(cast.cia)
    agent = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/124.0 Safari/537.36 Edg/124.0"
    with later(hours=1):
        stranger.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD}, headers={"User-Agent": agent})
    page = signed_in(cast.bo).get("/me").text
    listed = page[page.index("Inloggad på") : page.index("Logga ut</h2>")]
    assert listed.index("Edge · Windows") < listed.index("Test")  # the latest used first
    assert listed.count("(den här)") == 2  # this browser, and this phone in the list of phones
    assert listed.count("/me/sessions/") == 1  # the other one can be ended
    assert listed.count("/me/devices/") == 2


def test_an_expired_session_is_not_listed(cast: Cast, signed_in: SignedIn, later: Callable[..., Any]) -> None:
    signed_in(cast.bo)
    with later(days=40):
        page = signed_in(cast.bo).get("/me").text
        assert page.count("/me/sessions/") == 0


def test_one_ends_ones_own_sessions_and_phones_and_nobody_elses(cast: Cast, signed_in: SignedIn) -> None:
    alva, bo = signed_in(cast.alva), signed_in(cast.bo)
    theirs = {
        kind: db.session.scalars(select(kind.id).where(kind.person_id == cast.alva.id)).one()
        for kind in (Session, Device)
    }
    for kind, path in ((Session, "sessions"), (Device, "devices")):
        address = f"/me/{path}/{theirs[kind]}/end"
        assert bo.post(address).status_code == 404
        assert db.session.get(kind, theirs[kind]) is not None
    assert alva.post(f"/me/devices/{theirs[Device]}/end").status_code == 303
    assert alva.post(f"/me/sessions/{theirs[Session]}/end").status_code == 303
    assert alva.get("/me").status_code == 303
    assert bo.get("/me").status_code == 200
