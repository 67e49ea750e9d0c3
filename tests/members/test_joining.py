"""Joining as a volunteer by a link or its code."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import db
from canvass.core.refusals import Refused
from canvass.members import access, joining
from canvass.members.devices import Device
from canvass.members.joining import JoinLink
from canvass.members.people import Person
from tests.cast import Cast
from tests.members.join_codes import code
from tests.web.browsing import newest, number_of_people, signed_in_as

SignedIn = Callable[[Person], FlaskClient]


def test_a_volunteer_joins_with_a_first_name_and_an_association_and_nothing_more(
    app: Flask, cast: Cast, stranger: FlaskClient
) -> None:
    address = f"/join/{code(app, cast)}"
    page = stranger.get(address)
    assert "Välkommen till Vårkampanjen" in page.text
    assert set(re.findall(r'<input[^>]* name="(\w+)"', page.text)) == {"name", "form", "association", "next"}
    answer = stranger.post(address, data={"name": " Ville  Vågar ", "association": cast.ektorp.id})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/log")
    ville = newest()
    assert (ville.name, ville.email, ville.password_hash) == ("Ville Vågar", None, None)
    assert ville.association_id == cast.ektorp.id
    assert [(m.role, m.organisation_id) for m in ville.memberships] == [("volunteer", cast.ektorp.id)]
    assert stranger.get("/api/v1/hello").status_code == 200


@pytest.mark.parametrize("way", ["typed", "opened", "posted"])
def test_guessing_codes_is_limited_whichever_way(
    app: Flask, cast: Cast, stranger: FlaskClient, later: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(joining, "TRIES", 5)
    right = code(app, cast)

    def guess(tried: str) -> int:
        if way == "typed":
            return stranger.post("/join", data={"code": tried}).status_code
        return stranger.open(f"/join/{tried}", method="GET" if way == "opened" else "POST").status_code

    assert [guess("ABCD-2345") for _ in range(5)] == [422 if way == "typed" else 410] * 5
    assert guess("ABCD-2345") == 429
    assert guess(right) in (200, 303, 422)  # else anybody could keep everybody out; forty bits are not guessed
    with later(minutes=9):
        assert guess("ABCD-2345") == 429
    with later(minutes=11):
        assert guess("ABCD-2345") != 429


def test_a_withdrawn_code_lets_nobody_in_and_its_successor_does(
    app: Flask, cast: Cast, stranger: FlaskClient, signed_in: SignedIn
) -> None:
    before = code(app, cast)
    page = f"/campaigns/{cast.spring.id}/join"
    bo = signed_in(cast.bo)
    answer = bo.post(page, data={"organisation": cast.norrkoping.id, "withdraw": "yes"})
    after = code(app, cast)
    assert before != after
    assert stranger.get(f"/join/{before}").status_code == 410
    assert stranger.post(f"/join/{before}", data={"name": "V", "association": cast.hageby.id}).status_code == 410
    assert stranger.get(f"/join/{after}").status_code == 200
    assert after in bo.get(answer.headers["Location"]).text
    assert before not in bo.get(page).text


def test_the_page_the_poster_and_the_link_say_the_same(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    for organisation in (cast.norrkoping, cast.hageby):
        printed = code(app, cast, organisation)
        for address in ("join", "poster"):
            page = bo.get(f"/campaigns/{cast.spring.id}/{address}?organisation={organisation.id}").text
            assert f'class="code">{printed}<' in page
            assert organisation.name in page
            assert 'class="qr"' in page
    assert db.session.scalar(select(func.count(JoinLink.id))) == 2  # looking again makes no new one
    assert "http://localhost/join/" in bo.get(f"/campaigns/{cast.spring.id}/join").text


def test_a_volunteer_chooses_between_the_associations_of_the_link_and_no_other(
    app: Flask, cast: Cast, stranger: FlaskClient
) -> None:
    address = f"/join/{code(app, cast)}"
    page = stranger.get(address).text
    assert "Hageby s-förening" in page
    assert "Ektorp s-förening" in page
    assert "Öjersjö" not in page
    before = number_of_people()
    for chosen in ("", cast.norrkoping.id, cast.ojersjo.id, "made-up"):
        answer = stranger.post(address, data={"name": "Ville", "association": chosen})
        assert answer.status_code == 422, chosen
        assert 'value="Ville"' in answer.text
    assert number_of_people() == before
    link = joining.link(cast.norrkoping, cast.spring.id, cast.spring.ends_on, app.config["SECRET_KEY"])
    with pytest.raises(Refused):  # the rule itself, whatever a view accepts
        joining.join(link, "Ville", cast.ojersjo)


def test_an_associations_own_link_asks_for_the_name_only(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    address = f"/join/{code(app, cast, cast.hageby)}"
    assert 'type="radio"' not in stranger.get(address).text
    assert stranger.post(address, data={"name": "Ville"}).status_code == 303
    assert newest().association_id == cast.hageby.id


def test_without_associations_one_joins_the_organisation_itself(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    address = f"/join/{code(app, cast, cast.linkoping)}"
    assert stranger.post(address, data={"name": "Ville"}).status_code == 303
    assert newest().association_id == cast.linkoping.id


def test_a_name_is_needed_and_has_an_end(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    address, before = f"/join/{code(app, cast)}", number_of_people()
    for name in ("", "   ", "\u200b\u200d", "x" * 61):
        answer = stranger.post(address, data={"name": name, "association": cast.ektorp.id})
        assert answer.status_code == 422
        assert 'id="f-name-wrong"' in answer.text
        assert f'value="{cast.ektorp.id}" checked' in answer.text
    assert number_of_people() == before


def test_a_name_is_shown_as_text(app: Flask, cast: Cast, stranger: FlaskClient, signed_in: SignedIn) -> None:
    stranger.post(f"/join/{code(app, cast)}", data={"name": "<b onclick=x>Ville", "association": cast.hageby.id})
    for page in (stranger.get("/me").text, signed_in(cast.bo).get("/people").text):
        assert "<b onclick" not in page
        assert "&lt;b onclick=x&gt;Ville" in page


def test_the_code_gives_the_lowest_role(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    stranger.post(f"/join/{code(app, cast)}", data={"name": "Ville", "association": cast.hageby.id, "role": "admin"})
    ville = newest()
    assert {m.role for m in ville.memberships} == {"volunteer"}
    assert stranger.get("/people").status_code == 403
    assert not access.may(ville, "attempt.log", cast.ektorp.id)


def test_a_volunteer_comes_back_without_signing_in(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    stranger.post(f"/join/{code(app, cast)}", data={"name": "Ville", "association": cast.hageby.id})
    assert stranger.get("/").headers["Location"] == "/log"
    assert stranger.get("/sign-in").headers["Location"] == "/"
    assert stranger.get("/api/v1/hello").json["person"]["name"] == "Ville"  # type: ignore[index]


def test_somebody_who_is_signed_in_is_not_made_anew(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    """A poster seen once more, or another campaign's: the same person, now logging for what they chose."""
    alva, before = signed_in(cast.alva), number_of_people()
    page = alva.get(f"/join/{code(app, cast)}").text
    assert "Du är med som Alva." in page
    assert 'name="name"' not in page
    answer = alva.post(f"/join/{code(app, cast)}", data={"association": cast.ektorp.id})
    assert (answer.status_code, number_of_people()) == (303, before)
    known = db.session.get_one(Person, cast.alva.id)
    assert known.association_id == cast.ektorp.id
    assert {m.organisation_id for m in known.memberships} == {cast.hageby.id, cast.ektorp.id}


def test_a_leader_who_joins_stays_a_leader_and_gets_no_second_role(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    signed_in(cast.bo).post(f"/join/{code(app, cast)}", data={"association": cast.hageby.id})
    bo = db.session.get_one(Person, cast.bo.id)
    assert [(m.role, m.organisation_id) for m in bo.memberships] == [("leader", cast.norrkoping.id)]
    assert bo.association_id == cast.hageby.id


def test_a_volunteer_whose_session_has_ended_comes_back_as_themselves(
    app: Flask, cast: Cast, signed_in: SignedIn
) -> None:
    """Else what waits on the phone would belong to a person who can never sign in again."""
    alva, before = signed_in(cast.alva), number_of_people()
    alva.post("/sign-out", data={"keep": "yes"})
    address = f"/join/{code(app, cast)}"
    assert "Du är med som Alva." in alva.get(address).text
    assert 'name="name"' in alva.get(f"{address}?new=yes").text  # for whoever else holds the phone
    assert alva.post(address, data={"association": cast.hageby.id}).status_code == 303
    assert (signed_in_as(alva), number_of_people()) == ("Alva", before)


def test_somebody_else_on_the_same_phone_is_somebody_else(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    phone, before = signed_in(cast.alva), number_of_people()
    phone.post("/sign-out", data={"keep": "yes"})
    phone.post(f"/join/{code(app, cast)}", data={"name": "Ville", "association": cast.hageby.id})
    assert (signed_in_as(phone), number_of_people()) == ("Ville", before + 1)


def test_a_leaders_old_phone_and_a_code_make_nobody_a_leader(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    """The device token may hand in and nothing else, and anybody can read a code off a wall."""
    bo = signed_in(cast.bo)
    bo.post("/sign-out", data={"keep": "yes"})
    address = f"/join/{code(app, cast)}"
    assert "Bo" not in re.sub(r"<[^>]*>", " ", bo.get(address).text).split()
    assert bo.post(address, data={"association": cast.hageby.id}).status_code == 422
    bo.post(address, data={"name": "Tjuv", "association": cast.hageby.id})
    assert bo.get("/people").status_code == 403


def test_a_device_that_was_ended_brings_nobody_back(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    alva.post("/sign-out", data={"keep": "yes"})
    db.session.delete(db.session.scalars(select(Device).where(Device.person_id == cast.alva.id)).one())
    assert alva.post(f"/join/{code(app, cast)}", data={"association": cast.hageby.id}).status_code == 422


def test_whoever_reads_english_before_joining_reads_it_afterwards(
    app: Flask, cast: Cast, stranger: FlaskClient
) -> None:
    stranger.post("/language", data={"language": "en"})
    stranger.post(f"/join/{code(app, cast)}", data={"name": "Ville", "association": cast.hageby.id})
    assert re.search(r'<html[^>]* lang="en"', stranger.get("/log").text)
    assert newest().language == "en"
