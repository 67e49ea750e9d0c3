"""Persons: signing in, what they are where, and their own page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from canvass.core import audit, db
from canvass.core.refusals import Refused
from canvass.members import access, people
from canvass.members.people import Device, Membership, Person, Session, Try
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW, browser

SignedIn = Callable[[Person], FlaskClient]
OTHER = "ett annat långt lösenord"


def sign_in(client: FlaskClient, email: str = "bo@example.org", password: str = PASSWORD) -> TestResponse:
    return client.post("/sign-in", data={"email": email, "password": password})


# --- with a password ----------------------------------------------------------------------------------------


def test_a_leader_signs_in_with_address_and_password(cast: Cast, stranger: FlaskClient) -> None:
    answer = sign_in(stranger, " BO@Example.org ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert stranger.get("/").headers["Location"] == "/campaigns"
    assert stranger.get("/me").status_code == 200


def test_a_password_is_hashed_slowly_and_with_its_own_salt(cast: Cast) -> None:
    people.set_password(cast.bo, OTHER)
    people.set_password(cast.cia, OTHER)
    assert cast.bo.password_hash != cast.cia.password_hash
    parameters = extract_parameters(cast.bo.password_hash or "")
    assert parameters.type is Type.ID
    assert (parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (2, 19 * 1024, 1)
    assert (parameters.salt_len, parameters.hash_len) >= (16, 32)


def test_a_weaker_hash_of_old_is_made_anew_at_the_next_sign_in(cast: Cast, stranger: FlaskClient) -> None:
    cast.bo.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert sign_in(stranger, password="fel lösenord").status_code == 422
    assert extract_parameters(cast.bo.password_hash).time_cost == 1
    assert sign_in(stranger).status_code == 303
    db.session.refresh(cast.bo)
    assert extract_parameters(cast.bo.password_hash or "").time_cost == 2
    assert sign_in(stranger).status_code == 303


def test_whether_an_address_is_known_cannot_be_found_out(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same answer, the same work, and the same rest after too many tries."""
    monkeypatch.setattr(people, "TRIES", 3)
    verified: list[str] = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher, "verify", lambda self, hashed, given: verified.append(hashed) or verify(self, hashed, given)
    )
    answers = {
        email: [sign_in(browser(app), email, "fel lösenord") for _ in range(5)]
        for email in ("bo@example.org", "nobody@example.org")
    }
    known, unknown = (
        [(answer.status_code, answer.text.replace(email, "")) for answer in found] for email, found in answers.items()
    )
    assert known == unknown
    assert [status for status, _text in known] == [422, 422, 422, 429, 429]
    assert len(verified) == 6
    costs = {(p.time_cost, p.memory_cost) for p in map(extract_parameters, verified)}
    assert len(costs) == 1  # a hash that is quicker to check would tell
    assert "stämmer inte" in answers["bo@example.org"][0].text


def test_a_person_without_a_password_cannot_sign_in_with_none(cast: Cast, stranger: FlaskClient) -> None:
    cast.alva.email = "alva@example.org"
    for password in ("", "None", "null", "\0"):
        assert sign_in(stranger, "alva@example.org", password).status_code == 422
        assert sign_in(stranger, "", password).status_code == 422


def test_after_ten_wrong_tries_the_address_rests_for_a_quarter(
    app: Flask, cast: Cast, later: Callable[..., Any]
) -> None:
    for _ in range(people.TRIES):
        people.count_try("sign-in bo@example.org", people.TRIES_WINDOW)
    db.session.commit()
    answer = sign_in(browser(app))
    assert answer.status_code == 429
    assert "Vänta en kvart" in answer.text
    assert sign_in(browser(app), " Bo@EXAMPLE.org").status_code == 429  # written otherwise, the same address
    assert sign_in(browser(app), "cia@example.org").status_code == 303  # nobody else is stopped
    with later(minutes=14):
        assert sign_in(browser(app)).status_code == 429
    with later(minutes=15):
        assert sign_in(browser(app)).status_code == 303


def test_a_wrong_try_is_counted_though_nothing_else_is_kept(cast: Cast, stranger: FlaskClient) -> None:
    sign_in(stranger, password="fel")
    sign_in(stranger, password="fel")
    tried = db.session.scalars(select(Try)).one()
    assert (tried.count, tried.since) == (2, NOW)
    assert "bo" not in tried.key
    assert re.fullmatch(r"[0-9a-f]{64}", tried.key)


def test_old_tries_are_forgotten(cast: Cast, stranger: FlaskClient, later: Callable[..., Any]) -> None:
    sign_in(stranger, password="fel")
    with later(days=2):
        sign_in(stranger, "cia@example.org", "fel")
        assert len(db.session.scalars(select(Try)).all()) == 1


def test_a_wrong_password_keeps_the_address_and_drops_the_password(cast: Cast, stranger: FlaskClient) -> None:
    answer = stranger.post("/sign-in", data={"email": "bo@example.org", "password": "hemligt?", "next": "/me"})
    assert answer.status_code == 422
    assert 'value="bo@example.org"' in answer.text
    assert 'name="next" value="/me"' in answer.text
    assert "hemligt?" not in answer.text


# --- another password ---------------------------------------------------------------------------------------


def change(client: FlaskClient, current: str = PASSWORD, password: str = OTHER) -> TestResponse:
    return client.post("/me", data={"what": "password", "current": current, "password": password})


def test_another_password_signs_every_other_browser_out(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    here, there, cias = signed_in(cast.bo), signed_in(cast.bo), signed_in(cast.cia)
    before = here.get_cookie("canvass_session")
    assert change(here).status_code == 303
    assert here.get_cookie("canvass_session") != before  # the old one may be what somebody else has
    assert here.get("/me").status_code == 200
    assert there.get("/me").status_code == 303
    assert cias.get("/me").status_code == 200
    assert sign_in(stranger).status_code == 422
    assert sign_in(stranger, password=OTHER).status_code == 303


def test_the_present_password_is_asked_for_and_guessing_it_has_an_end(
    cast: Cast, signed_in: SignedIn, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A computer left open for a minute must not cost the account."""
    monkeypatch.setattr(people, "TRIES", 2)
    bo = signed_in(cast.bo)
    answers = [change(bo, current="fel") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert 'id="f-current-wrong"' in answers[0].text
    monkeypatch.undo()
    assert sign_in(stranger).status_code == 303


def test_a_new_password_that_is_too_short_changes_nothing(cast: Cast, signed_in: SignedIn) -> None:
    here, there = signed_in(cast.bo), signed_in(cast.bo)
    for wrong in ("", "x" * 9, "x" * 1001):
        answer = change(here, password=wrong)
        assert answer.status_code == 422
        assert 'id="f-password-wrong"' in answer.text
    assert there.get("/me").status_code == 200


def test_a_volunteer_has_no_password_to_change(cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    assert 'name="password"' not in alva.get("/me").text
    assert change(alva, current="").status_code == 422
    assert db.session.get_one(Person, cast.alva.id).password_hash is None


# --- one's own page -----------------------------------------------------------------------------------------


def test_a_name_is_what_shows_of_it(cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    for typed, kept in [
        ("Åsa-Märta O'Neill", "Åsa-Märta O'Neill"),
        ("  Bo   E  ", "Bo E"),
        ("Bo\u202eE", "BoE"),  # turns the rest of a line around
        ("Bo\n\tE", "Bo E"),
        ("李小龍", "李小龍"),
        ("B 🌹", "B 🌹"),
        ("x" * 60, "x" * 60),
        ("x" * 61, None),
        ("", None),
        ("\u200b\u2060", None),
    ]:
        alva.post("/me", data={"what": "name", "name": "Alva"})
        answer = alva.post("/me", data={"what": "name", "name": typed})
        assert answer.status_code == (303 if kept else 422), typed
        assert db.session.get_one(Person, cast.alva.id).name == (kept or "Alva")
        assert ('id="f-name-wrong"' in answer.text) == (kept is None)


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


def test_an_ended_phone_hands_nothing_more_in(cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    device = db.session.scalars(select(Device.id).where(Device.person_id == cast.alva.id)).one()
    alva.post(f"/me/devices/{device}/end")
    alva.delete_cookie("canvass_session")
    batch = {"schema": 1, "install": db.new_id(), "batch": db.new_id(), "author": cast.alva.id, "ops": []}
    assert alva.post("/api/v1/sync", json=batch, headers={"X-Sync": "1"}).status_code == 401


# --- who is what where --------------------------------------------------------------------------------------


def people_seen(client: FlaskClient) -> set[str]:
    page = client.get("/people").text
    return {name for name in ("Adam", "Alva", "Bo", "Cia", "Dag", "Esa") if f"<span>{name}<br>" in page}


def test_one_sees_those_of_ones_own_organisations_and_beneath(cast: Cast, signed_in: SignedIn) -> None:
    assert people_seen(signed_in(cast.adam)) == {"Adam", "Alva", "Bo", "Cia", "Dag"}
    assert people_seen(signed_in(cast.bo)) == {"Alva", "Bo", "Cia", "Dag"}
    assert people_seen(signed_in(cast.esa)) == {"Esa"}
    assert signed_in(cast.alva).get("/people").status_code == 403


def test_no_list_shows_an_address(cast: Cast, signed_in: SignedIn) -> None:
    assert "@" not in re.sub(r"\s", "", signed_in(cast.adam).get("/people").text)


def test_a_role_taken_back_is_gone_at_the_next_click(cast: Cast, signed_in: SignedIn) -> None:
    adam, bo = signed_in(cast.adam), signed_in(cast.bo)
    assert bo.get("/quarantine").status_code == 200
    (membership,) = cast.bo.memberships
    address, campaign = f"/memberships/{membership.id}/revoke", f"/campaigns/{cast.spring.id}"
    assert adam.post(address).status_code == 303
    assert bo.get("/quarantine").status_code == 403
    assert bo.get(campaign).status_code == 404
    assert adam.post(address).status_code == 404  # pressed twice


def test_only_administrators_have_the_buttons(cast: Cast, signed_in: SignedIn) -> None:
    for who, may in ((cast.adam, True), (cast.bo, False), (cast.cia, False)):
        page = signed_in(who).get("/people").text
        assert ("/revoke" in page, 'action="/invitations"' in page) == (may, may)


def test_the_last_administrator_stays(cast: Cast, signed_in: SignedIn) -> None:
    adam = signed_in(cast.adam)
    (membership,) = cast.adam.memberships
    assert adam.post(f"/memberships/{membership.id}/revoke").status_code == 303
    assert "Den sista administratören kan inte tas bort." in adam.get("/people").text
    assert access.may(db.session.get_one(Person, cast.adam.id), "person.manage", cast.ostergotland.id)


def test_an_administrator_elsewhere_or_beneath_does_not_count_as_another(cast: Cast) -> None:
    """They could never look after this organisation."""
    people.grant(cast.esa, "admin", cast.partille)
    people.grant(cast.bo, "admin", cast.norrkoping)
    (membership,) = cast.adam.memberships
    with pytest.raises(Refused):
        people.revoke(membership)


def test_an_administrator_above_or_beside_takes_over(cast: Cast) -> None:
    beneath = people.grant(cast.bo, "admin", cast.norrkoping)
    people.revoke(beneath)
    people.grant(cast.cia, "admin", cast.ostergotland)
    (membership,) = cast.adam.memberships
    people.revoke(membership)
    assert not access.may(cast.adam, "person.manage", cast.ostergotland.id)
    assert access.may(cast.cia, "person.manage", cast.norrkoping.id)


def test_a_role_is_given_once(cast: Cast) -> None:
    again = people.grant(cast.bo, "leader", cast.norrkoping)
    assert [again] == cast.bo.memberships
    with pytest.raises(Refused):
        people.grant(cast.bo, "boss", cast.norrkoping)


def test_what_is_done_to_roles_stands_in_the_audit(cast: Cast) -> None:
    membership = people.grant(cast.alva, "leader", cast.hageby, by=cast.adam.id)
    people.revoke(membership, by=cast.adam.id)
    last = db.session.scalars(select(audit.Entry).order_by(audit.Entry.number.desc()).limit(2)).all()
    assert [(e.action, e.person_id, e.details["role"]) for e in last] == [
        ("membership.revoke", cast.adam.id, "leader"),
        ("membership.grant", cast.adam.id, "leader"),
    ]
    assert audit.broken_at() is None
    assert {m.role for m in db.session.scalars(select(Membership).where(Membership.person_id == cast.alva.id))} == {
        "volunteer"
    }


def test_what_is_no_address_is_refused(app: Flask) -> None:
    for email in ("", "bo", "@x.se", "bo@", "bo@x", "b o@x.se", "bo@x .se", "x" * 250 + "@x.se"):
        with pytest.raises(Refused) as refused:
            people.checked_email(email)
        assert set(refused.value.errors) == {"email"}


def test_an_address_belongs_to_one_person_however_it_is_written(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        people.add("Bo den andre", cast.hageby, email=" BO@example.org")
    assert set(refused.value.errors) == {"email"}
