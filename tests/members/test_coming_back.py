"""Leaving and coming back as oneself: signed out, on another phone, with a forgotten password, removed by mistake."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import audit, db
from canvass.members import people
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import browser
from tests.members.join_codes import code
from tests.web import filling_in
from tests.web.browsing import number_of_people, sign_in, signed_in_as

SignedIn = Callable[[Person], FlaskClient]


def own_link(client: FlaskClient) -> str:
    """The link that stands on the person's own page, as a path."""
    found = re.search(r'id="way-back-link" value="http://localhost([^"]+)"', client.get("/me").text)
    return html.unescape(found[1]) if found else ""


def test_a_volunteer_has_a_link_from_the_start_and_comes_back_by_it(
    app: Flask, cast: Cast, stranger: FlaskClient, later: Callable[..., Any]
) -> None:
    stranger.post(f"/join/{code(app, cast)}", data={"name": "Ville", "association": cast.hageby.id})
    link, before = own_link(stranger), number_of_people()
    assert link == own_link(stranger)  # it can be shown again
    for days in (1, 300, 600):
        with later(days=days):
            another = browser(app)
            assert "Fortsätt som Ville i Hageby s-förening" in another.get(link).text
            assert signed_in_as(another) != "Ville"  # looking at it, as chat programs do, signs nobody in
            assert another.post(link).status_code == 303
            assert (signed_in_as(another), number_of_people()) == ("Ville", before)
    with later(days=1100):
        assert browser(app).get(link).status_code == 410


def test_another_link_makes_the_earlier_one_useless(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    assert own_link(alva) == ""
    links = []
    for _time in range(2):
        alva.post("/me/way-back")
        links.append(own_link(alva))
    assert [browser(app).post(link).status_code for link in links] == [410, 303]


def test_a_leader_has_a_password_instead(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    bo, alva = signed_in(cast.bo), signed_in(cast.alva)
    assert "Din länk tillbaka" not in bo.get("/me").text
    bo.post("/me/way-back")
    assert "Du loggar in med ditt lösenord." in bo.get("/me").text
    alva.post("/me/way-back")
    link = own_link(alva)
    cast.alva.password_hash = "…"
    assert browser(app).post(link).status_code == 410


def test_signing_out_says_what_it_means_and_joining_again_goes_on(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    alva, before = signed_in(cast.alva), number_of_people()
    assert "Du kommer in igen som dig själv" in alva.get("/me").text
    answer = alva.post("/sign-out")
    assert answer.headers["Location"] == "/join?left=kept"  # not a form for an address that she never had
    assert (
        "Öppna din länk tillbaka, eller gå med igen på den här telefonen" in alva.get(answer.headers["Location"]).text
    )
    assert signed_in_as(alva) != "Alva"
    assert "Du är med som Alva." in alva.get(f"/join/{code(app, cast)}").text
    alva.post(f"/join/{code(app, cast)}", data={"association": cast.hageby.id})
    assert (signed_in_as(alva), number_of_people()) == ("Alva", before)


def test_a_borrowed_phone_can_forget(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    alva.post("/sign-out", data={"forget": "yes"})
    assert "Alva" not in alva.get(f"/join/{code(app, cast)}").text
    bo = signed_in(cast.bo)
    assert bo.post("/sign-out").headers["Location"] == "/sign-in"
    assert bo.get_cookie("canvass_device") is None


def test_the_form_sent_twice_makes_one_person(app: Flask, cast: Cast) -> None:
    """Two taps are two requests, each without the cookie that the other got."""
    address, before = f"/join/{code(app, cast)}", number_of_people()
    sent = filling_in.form(browser(app).get(address).text, "")
    sent |= {"name": ["Ville"], "association": [cast.hageby.id]}
    first, second, third = (browser(app) for _phone in range(3))
    assert [phone.post(address, data=sent).status_code for phone in (first, second)] == [303, 303]
    assert [signed_in_as(phone) for phone in (first, second)] == ["Ville", "Ville"]
    assert number_of_people() == before + 1
    # The page went on to somebody else: another name is another person.
    assert third.post(address, data=sent | {"name": ["Vera"]}).status_code == 303
    assert (signed_in_as(third), number_of_people()) == ("Vera", before + 2)


def test_a_forgotten_password_is_helped_by_an_administrator(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    assert "Be en administratör i din organisation om en länk" in browser(app).get("/sign-in").text
    address = f"/memberships/{cast.bo.memberships[0].id}/sign-in-link"
    text = signed_in(cast.adam).post(address).text
    found = re.search(r'value="http://localhost(/sign-in/[^"]+)"', text)
    assert found is not None
    client = browser(app)
    assert client.post(found[1], data={"password": "ett annat långt lösenord"}).status_code == 303
    assert signed_in_as(client) == "Bo"
    assert sign_in(browser(app), password="ett annat långt lösenord").status_code == 303
    assert browser(app).post(found[1]).status_code == 410
    entry = db.session.scalars(select(audit.Entry).where(audit.Entry.action == "joining.sign_in_link")).one()
    assert (entry.person_id, entry.details["member"]) == (cast.adam.id, cast.bo.id)


def test_nobody_lets_somebody_in_who_stands_above_them(cast: Cast, signed_in: SignedIn) -> None:
    people.grant(cast.cia, "admin", cast.norrkoping)
    people.grant(cast.bo, "admin", cast.ostergotland)
    (as_leader,) = [m for m in cast.bo.memberships if m.role == "leader"]
    assert signed_in(cast.cia).post(f"/memberships/{as_leader.id}/sign-in-link").status_code == 403


def test_a_removal_asks_first_and_is_undone_and_what_one_reads_is_true(cast: Cast, signed_in: SignedIn) -> None:
    adam, alva, page = signed_in(cast.adam), signed_in(cast.alva), f"/memberships/{cast.alva.memberships[0].id}"
    assert "/revoke" not in adam.get("/people").text  # a tap beside the name removes nobody
    assert "Alva är då inte längre samtalare i Hageby s-förening." in adam.get(page).text
    adam.post(f"{page}/revoke")
    for address in ("/campaigns", "/me"):
        assert "Du är inte längre med i Hageby s-förening" in alva.get(address).text
    told = alva.get("/api/v1/hello").json
    assert (told["campaigns"], told["person"]["removed_from"]) == ([], ["Hageby s-förening"])  # type: ignore[index]
    text = adam.get("/people").text
    undo = re.search(r'action="(/removals/[^"]+)"', text)
    assert undo is not None
    assert [adam.post(undo[1]).status_code for _tap in range(2)] == [303, 303]
    assert "Vårkampanjen" in alva.get("/campaigns").text
    assert alva.get("/api/v1/hello").json["person"]["removed_from"] == []  # type: ignore[index]
    assert "/removals/" not in adam.get("/people").text
