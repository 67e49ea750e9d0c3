"""Devices: a phone hands in its own person's operations, and opens nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.members import devices
from canvass.members.devices import Device
from canvass.members.people import Person
from canvass.members.sessions import Session
from tests.cast import PASSWORD, Cast
from tests.conftest import browser
from tests.web.browsing import addresses, hand_in

SignedIn = Callable[[Person], FlaskClient]


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # hundreds of requests
def test_a_device_hands_in_and_reads_nothing(app: Flask, cast: Cast) -> None:
    """With a stolen phone whose session has ended nobody sees a page, a number or a name, or changes anything else."""
    phone = browser(app)
    phone.set_cookie("canvass_device", devices.add(cast.bo))
    assert hand_in(phone, cast.bo).status_code == 200
    nobody = browser(app)
    for method in ("GET", "POST"):
        for address in addresses(app, method):
            if address == "/api/v1/sync":
                continue
            seen, unseen = (who.open(address, method=method) for who in (phone, nobody))
            assert seen.status_code == unseen.status_code, (method, address)
            assert cast.bo.name not in seen.text.split(), (method, address)
    assert phone.get("/api/v1/hello").json == {"error": "sign_in", "sentence": "Du behöver logga in först."}
    assert phone.get("/api/v1/outlines").status_code == 401


def test_a_device_hands_in_its_own_persons_operations_only(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    phone = browser(app)
    phone.set_cookie("canvass_device", devices.add(cast.alva))
    assert hand_in(phone, cast.dag).status_code == 401
    assert hand_in(signed_in(cast.bo), cast.alva).status_code == 401  # not even her leader's session


def test_a_session_is_no_device_and_a_device_no_session(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    session, device = bo.get_cookie("canvass_session"), bo.get_cookie("canvass_device")
    assert session
    assert device
    crossed = browser(app)
    crossed.set_cookie("canvass_session", device.value)
    crossed.set_cookie("canvass_device", session.value)
    assert crossed.get("/me").status_code == 303
    assert hand_in(crossed, cast.bo).status_code == 401


def test_signing_out_with_a_full_outbox_keeps_the_right_to_hand_it_in(cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    alva.post("/sign-out", data={"keep": "yes"})
    assert alva.get("/me").status_code == 303
    assert db.session.scalars(select(Session)).all() == []
    assert hand_in(alva, cast.alva).status_code == 200


def test_signing_in_again_on_a_phone_keeps_its_device(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    before = bo.get_cookie("canvass_device")
    bo.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD})
    assert bo.get_cookie("canvass_device") == before
    assert len(db.session.scalars(select(Device)).all()) == 1


def test_an_ended_phone_hands_nothing_more_in(cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    device = db.session.scalars(select(Device.id).where(Device.person_id == cast.alva.id)).one()
    alva.post(f"/me/devices/{device}/end")
    alva.delete_cookie("canvass_session")
    batch = {"schema": 1, "install": db.new_id(), "batch": db.new_id(), "author": cast.alva.id, "ops": []}
    assert alva.post("/api/v1/sync", json=batch, headers={"X-Sync": "1"}).status_code == 401
