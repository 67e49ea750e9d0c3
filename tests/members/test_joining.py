"""Joining as a volunteer by a link or its code."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import db
from canvass.core.refusals import Refused
from canvass.members import access, joining, throttle
from canvass.members.devices import Device
from canvass.members.joining import JoinLink
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW
from tests.web.browsing import newest, number_of_people, signed_in_as

SignedIn = Callable[[Person], FlaskClient]


def code(app: Flask, cast: Cast, organisation: Organisation | None = None) -> str:
    """The short code of the campaign's way in, as it is printed."""
    secret = app.config["SECRET_KEY"]
    link = joining.link(organisation or cast.norrkoping, cast.spring.id, cast.spring.ends_on, secret)
    return joining.code(link, secret)


def test_a_volunteer_joins_with_a_first_name_and_an_association_and_nothing_more(
    app: Flask, cast: Cast, stranger: FlaskClient
) -> None:
    address = f"/join/{code(app, cast)}"
    page = stranger.get(address)
    assert "Välkommen till Vårkampanjen" in page.text
    assert set(re.findall(r'<input[^>]* name="(\w+)"', page.text)) == {"name", "association", "next"}
    answer = stranger.post(address, data={"name": " Ville  Vågar ", "association": cast.ektorp.id})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/log")
    ville = newest()
    assert (ville.name, ville.email, ville.password_hash) == ("Ville Vågar", None, None)
    assert ville.association_id == cast.ektorp.id
    assert [(m.role, m.organisation_id) for m in ville.memberships] == [("volunteer", cast.ektorp.id)]
    assert stranger.get("/api/v1/hello").status_code == 200


def test_a_code_is_read_as_people_write_it(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    printed = code(app, cast)
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", printed)
    assert not set(printed) & set("IO01")  # none that is easily misread
    plain = printed.replace("-", "")
    first, last = printed.split("-")
    for typed in (plain, plain.lower(), f" {first}  {last} ", f"{first.lower()}–{last}", f"{first}/{last}"):
        answer = stranger.post("/join", data={"code": typed})
        assert answer.headers.get("Location") == f"/join/{printed}", typed
    assert stranger.get(f"/join/{plain.lower()}").status_code == 200


def test_a_wrong_code_is_told_beside_the_field(cast: Cast, stranger: FlaskClient) -> None:
    for typed in ("ABCD-2345", "", "å", "x" * 500, "%", "<script>"):
        answer = stranger.post("/join", data={"code": typed})
        assert answer.status_code == 422
        assert 'id="f-code-wrong"' in answer.text
        assert f'value="{html.escape(typed)}"' in answer.text
        assert "<script>" not in answer.text
    assert stranger.get("/join/ABCD-2345").status_code == 410
    assert stranger.post("/join/ABCD-2345", data={"name": "Ville"}).status_code == 410


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


def test_a_hall_of_mistypers_is_not_stopped(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    """A hundred people at one meeting who each get it wrong twice."""
    throttle.count("join", joining.TRIES_WINDOW)
    db.session.scalars(select(throttle.Try)).one().count = 200
    assert stranger.get(f"/join/{code(app, cast)}").status_code == 200


def test_a_code_works_until_a_week_after_the_campaign(
    app: Flask, cast: Cast, stranger: FlaskClient, later: Callable[..., Any]
) -> None:
    address = f"/join/{code(app, cast)}"
    last = (cast.spring.ends_on - NOW.date()).days
    with later(days=last + 7):
        assert stranger.get(address).status_code == 200
    with later(days=last + 8):
        assert stranger.get(address).status_code == 410
        assert stranger.post(address, data={"name": "Ville", "association": cast.hageby.id}).status_code == 410


def test_a_campaign_that_goes_on_longer_keeps_its_printed_code(
    app: Flask, cast: Cast, stranger: FlaskClient, signed_in: SignedIn, later: Callable[..., Any]
) -> None:
    """The posters hang already: moving the last day moves the code's."""
    printed = code(app, cast)
    form = {
        "name": cast.spring.name,
        "kind": "listen",
        "starts_on": "2026-03-01",
        "ends_on": "2027-02-28",
        "channels": "door",
        "topics": "Skolan",
    }
    assert signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/edit", data=form).status_code == 303
    with later(days=(date(2027, 2, 20) - NOW.date()).days):
        assert stranger.get(f"/join/{printed}").status_code == 200


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


def test_an_organisation_without_a_link_is_given_one_by_a_button(cast: Cast, signed_in: SignedIn) -> None:
    bo, page = signed_in(cast.bo), f"/campaigns/{cast.spring.id}"
    asked = f"{page}/join?organisation={cast.hageby.id}"
    assert "Skapa länk" in bo.get(asked).text
    assert bo.get(f"{page}/poster?organisation={cast.hageby.id}").headers["Location"] == asked
    assert db.session.scalar(select(func.count(JoinLink.id))) == 0  # looking makes none
    # From the campaign's page it takes one press: the button makes the link, and from then on it is a link itself.
    assert f'<form method="post" action="{page}/join">' in bo.get(f"{page}?at={cast.hageby.id}").text
    assert bo.post(f"{page}/join", data={"organisation": cast.hageby.id}).headers["Location"] == asked
    assert 'class="qr"' in bo.get(asked).text
    assert f'href="{asked}"' in bo.get(f"{page}?at={cast.hageby.id}").text


def test_a_campaign_that_is_opened_has_its_link(cast: Cast, signed_in: SignedIn) -> None:
    cast.spring.opened_at = None
    db.session.commit()
    signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/state", data={"state": "open"})
    assert joining.current_link(cast.spring.organisation_id, cast.spring.id)


def test_links_bear_the_public_address(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader sits at the office's own address; the volunteers do not."""
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://samtal.example.org")
    printed = code(app, cast)
    page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/join").text
    assert f"https://samtal.example.org/join/{printed}" in page
    assert "http://localhost" not in page


def test_no_code_is_kept(app: Flask, cast: Cast) -> None:
    printed = code(app, cast)
    kept = str(db.session.execute(select(JoinLink.__table__)).all())
    assert printed not in kept
    assert printed.replace("-", "") not in kept


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
    assert '<html lang="en">' in stranger.get("/log").text
    assert newest().language == "en"


def test_a_join_link_lasts_at_least_from_today(app: Flask, cast: Cast) -> None:
    """A campaign that has run over its last day can still be joined for a week."""
    link = joining.link(cast.norrkoping, cast.spring.id, date(2020, 1, 1), app.config["SECRET_KEY"])
    assert timedelta(days=7) < link.expires_at - NOW < timedelta(days=9)
