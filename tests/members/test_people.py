"""Persons: their names and addresses, what they are where, and who sees it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import audit, db
from canvass.core.refusals import Refused
from canvass.members import access, people
from canvass.members.people import Membership, Person
from tests.cast import Cast

SignedIn = Callable[[Person], FlaskClient]


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


def people_seen(client: FlaskClient) -> set[str]:
    page = client.get("/people").text
    return {name for name in ("Adam", "Alva", "Bo", "Cia", "Dag", "Esa") if f">{name}</a><br>" in page}


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
        alva = signed_in(who).get(f"/memberships/{cast.alva.memberships[0].id}").text
        assert ("/revoke" in alva, "/sign-in-link" in alva, 'action="/invitations"' in page) == (may, may, may)


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
