"""Passwords: signing in with one, changing it, and how it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from canvass.core import db
from canvass.members import passwords
from canvass.members.people import Person
from tests.cast import PASSWORD, Cast
from tests.conftest import browser
from tests.web.browsing import sign_in

OTHER = "ett annat långt lösenord"
SignedIn = Callable[[Person], FlaskClient]


def test_a_leader_signs_in_with_address_and_password(cast: Cast, stranger: FlaskClient) -> None:
    answer = sign_in(stranger, " BO@Example.org ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert stranger.get("/").headers["Location"] == "/campaigns"
    assert stranger.get("/me").status_code == 200


def test_a_password_is_hashed_slowly_and_with_its_own_salt(cast: Cast) -> None:
    for person in (cast.bo, cast.cia):
        passwords.change(person, passwords.hashed(OTHER))
        db.session.commit()
    assert cast.bo.password_hash != cast.cia.password_hash
    parameters = extract_parameters(cast.bo.password_hash or "")
    assert parameters.type is Type.ID
    assert (parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (2, 19 * 1024, 1)
    assert (parameters.salt_len, parameters.hash_len) >= (16, 32)


def test_a_weak_hash_is_replaced_at_the_next_sign_in(cast: Cast, stranger: FlaskClient) -> None:
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
    """A known and an unknown address get the same answers, cost the same work and are blocked alike."""
    monkeypatch.setattr(passwords, "TRIES", 3)
    verified: list[str] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, hashed: str, given: str) -> bool:
        verified.append(hashed)
        return verify(self, hashed, given)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
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


def test_a_wrong_password_keeps_the_address_and_drops_the_password(cast: Cast, stranger: FlaskClient) -> None:
    answer = stranger.post("/sign-in", data={"email": "bo@example.org", "password": "hemligt?", "next": "/me"})
    assert answer.status_code == 422
    assert 'value="bo@example.org"' in answer.text
    assert 'name="next" value="/me"' in answer.text
    assert "hemligt?" not in answer.text


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


def test_the_current_password_is_asked_for_and_guessing_it_is_limited(
    cast: Cast, signed_in: SignedIn, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds a computer unlocked must not be able to take the account over."""
    monkeypatch.setattr(passwords, "TRIES", 2)
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


def test_nobody_waits_for_a_hash(cast: Cast, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second on a small machine: meanwhile others must be able to write."""
    hashed: list[bool] = []

    class Watched(PasswordHasher):
        def verify(self, *args: Any) -> Any:
            hashed.append(db.session().in_transaction())
            return super().verify(*args)

    monkeypatch.setattr(passwords, "_hasher", Watched(1, 8, 1))
    sign_in(stranger, "bo@example.org")
    assert hashed == [False]
