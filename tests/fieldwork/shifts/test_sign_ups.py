"""Signing up to a shift, and joining it by its code."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.fieldwork import shifts, sign_ups
from canvass.fieldwork.sign_ups import SignUp
from canvass.members import access, devices, joining, people
from canvass.members.people import Person
from tests.cast import Cast, plan_shift
from tests.conftest import browser
from tests.fieldwork.shifts.common import join_address

SignedIn = Callable[[Person], FlaskClient]
Later = Callable[..., Any]


def test_signing_up_is_one_tap_and_twice_is_once(cast: Cast, signed_in: SignedIn) -> None:
    shift, alva = plan_shift(cast, wanted=3), signed_in(cast.alva)
    assert "Jag kommer<" in alva.get(f"/shifts/{shift.id}").text
    for _ in range(2):
        assert alva.post(f"/shifts/{shift.id}/sign-up").status_code == 303
    assert sign_ups.coming(shift.id) == [cast.alva]
    assert sign_ups.numbers([shift.id]) == {shift.id: 1}
    assert "1 av 3 anmälda" in alva.get(f"/shifts/{shift.id}").text
    assert "du är med" in alva.get(f"/campaigns/{cast.spring.id}/shifts").text
    alva.post(f"/shifts/{shift.id}/withdraw")
    assert sign_ups.coming(shift.id) == []
    alva.post(f"/shifts/{shift.id}/sign-up")
    assert [row.withdrawn_at for row in db.session.scalars(select(SignUp))] == [None]


def test_only_whoever_leads_sees_who_comes(cast: Cast, signed_in: SignedIn) -> None:
    vega = people.add("Vega Lind", cast.hageby)
    people.grant(vega, "volunteer", cast.hageby)
    shift = plan_shift(cast, leader=vega)
    shifts.sign_up(shift, cast.alva)
    assert "1 anmäld" in signed_in(cast.cia).get(f"/shifts/{shift.id}").text
    for who, sees in ((cast.bo, True), (vega, True), (cast.cia, False)):
        assert (">Alva<" in signed_in(who).get(f"/shifts/{shift.id}").text) is sees, who.name


def test_a_stranger_comes_by_the_code_straight_into_the_shift(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    shift = plan_shift(cast, place="Torget")
    address = join_address(app, shift)
    page = stranger.get(address).text
    for said in ("Vårkampanjen", "onsdag 6 maj 19:30–21:30", "Torget", "Dörr", "Hageby norra", "Hageby s-förening"):
        assert said in page
    assert 'type="radio"' not in page  # the shift's association is offered directly
    answer = stranger.post(address, data={"name": "Ville", "association": cast.hageby.id})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/log?shift={shift.id}")
    (ville,) = sign_ups.coming(shift.id)
    assert (ville.name, ville.association_id) == ("Ville", cast.hageby.id)
    assert stranger.get(f"/shifts/{shift.id}").status_code == 200


def test_who_is_known_needs_one_tap(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast)
    address = join_address(app, shift)
    alva = signed_in(cast.alva)
    assert 'name="name"' not in alva.get(address).text
    assert alva.post(address).headers["Location"] == f"/log?shift={shift.id}"
    phone = browser(app)  # Dag's session has ended, but it is his phone
    phone.set_cookie("canvass_device", devices.add(cast.dag))
    db.session.commit()
    assert phone.post(address).headers["Location"] == f"/log?shift={shift.id}"
    assert sign_ups.coming(shift.id) == [cast.alva, cast.dag]
    # A guest for an evening may log there, and goes on logging for his own.
    assert cast.dag.association_id == cast.ektorp.id
    assert access.may(cast.dag, "attempt.log", cast.hageby.id)
    municipal = plan_shift(cast, owner=cast.norrkoping)
    assert alva.post(join_address(app, municipal)).status_code == 303
    assert cast.alva.association_id == cast.hageby.id


def test_whoever_is_of_no_association_in_the_campaign_becomes_one_of_the_shifts(
    app: Flask, cast: Cast, signed_in: SignedIn
) -> None:
    assert signed_in(cast.esa).post(join_address(app, plan_shift(cast))).status_code == 303
    assert cast.esa.association_id == cast.hageby.id


def test_a_municipal_shift_lets_one_choose_ones_association(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    shift = plan_shift(cast, owner=cast.norrkoping)
    address = join_address(app, shift)
    assert "Ektorp s-förening" in stranger.get(address).text
    assert stranger.post(address, data={"name": "Ville"}).status_code == 422
    assert stranger.post(address, data={"name": "Ville", "association": cast.ektorp.id}).status_code == 303
    assert [one.association_id for one in sign_ups.coming(shift.id)] == [cast.ektorp.id]


def test_the_code_works_until_twelve_hours_after_the_shift(
    app: Flask, cast: Cast, stranger: FlaskClient, later: Later
) -> None:
    address = join_address(app, plan_shift(cast))
    with later(hours=14, minutes=59):
        assert stranger.get(address).status_code == 200
    with later(hours=15, minutes=1):
        assert stranger.get(address).status_code == 410


def test_a_cancelled_shifts_code_says_so_and_lets_nobody_in(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    shift = plan_shift(cast)
    address = join_address(app, shift)
    shifts.cancel(shift, by=cast.bo)
    page = stranger.get(address)
    assert "Passet är inställt." in page.text
    assert "Gå med i passet" not in page.text
    assert stranger.post(address, data={"name": "Ville"}).status_code == 410
    assert db.session.scalar(select(Person).where(Person.name == "Ville")) is None


def test_a_new_code_stops_the_old_one(app: Flask, cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    shift = plan_shift(cast)
    old = join_address(app, shift)
    assert signed_in(cast.bo).post(f"/shifts/{shift.id}/link", data={"withdraw": "yes"}).status_code == 303
    assert join_address(app, shift) != old
    assert stranger.get(old).status_code == 410
    assert stranger.get(join_address(app, shift)).status_code == 200


def test_a_campaigns_link_and_a_shifts_are_not_mixed_up(app: Flask, cast: Cast) -> None:
    secret, shift = app.config["SECRET_KEY"], plan_shift(cast)
    by_shift = shifts.link(shift, secret)
    assert joining.current_link(cast.hageby.id, cast.spring.id) is None
    by_campaign = joining.link(cast.hageby, cast.spring.id, cast.spring.ends_on, secret)
    assert by_campaign.id != by_shift.id
    assert shifts.link(shift, secret) is by_shift
    joining.prolong(cast.spring.id, cast.spring.ends_on)
    assert by_shift.expires_at == shift.ends_at + shifts.LATE


def test_a_shift_without_a_link_is_given_one_by_a_button(cast: Cast, signed_in: SignedIn) -> None:
    bo, address = signed_in(cast.bo), f"/shifts/{plan_shift(cast).id}"
    for _again in range(2):  # looking makes none
        page = bo.get(address).text
        assert f'<form method="post" action="{address}/link"' in page
        assert "Skapa länk" in page
        assert bo.get(f"{address}/poster").headers["Location"] == address
    assert bo.post(f"{address}/link").headers["Location"] == address
    made = re.search(r'class="code">([\w-]+)<', bo.get(address).text)
    assert made
    assert bo.post(f"{address}/link").status_code == 303  # once more, and the code is the same
    assert f'class="code">{made[1]}<' in bo.get(f"{address}/poster").text
    assert "Skapa länk" not in signed_in(cast.alva).get(address).text


def test_the_poster_has_the_code(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast, place="Torget")
    code = join_address(app, shift).removeprefix("/join/")
    page = signed_in(cast.bo).get(f"/shifts/{shift.id}/poster").text
    assert code in page
    assert "Torget" in page
