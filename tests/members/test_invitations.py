"""Invitations to a role, and links that sign somebody in once."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from canvass.core import audit, db, i18n
from canvass.members import passwords, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.members.sessions import Session
from canvass.members.tickets import Ticket
from tests.cast import Cast
from tests.conftest import browser
from tests.web.browsing import newest, number_of_people, signed_in_as

SignedIn = Callable[[Person], FlaskClient]


def invitation(cast: Cast, role: str = "leader", organisation: Organisation | None = None) -> str:
    """The address of a new invitation."""
    _ticket, token = tickets.invite(organisation or cast.hageby, role, "Greta", by=cast.adam)
    db.session.commit()
    return f"/invitation/{token}"


GRETA = {"name": "Greta", "email": " Greta@Example.org ", "password": "en lång mening"}


def test_an_invited_leader_comes_in_with_a_password(cast: Cast, stranger: FlaskClient) -> None:
    address = invitation(cast)
    assert "Kampanjledare i Hageby s-förening" in stranger.get(address).text
    assert stranger.get(address).status_code == 200  # looking does not spend it
    assert stranger.post(address, data=GRETA).status_code == 303
    greta = newest()
    assert (greta.name, greta.email) == ("Greta", "greta@example.org")
    assert [(m.role, m.organisation_id) for m in greta.memberships] == [("leader", cast.hageby.id)]
    assert stranger.get("/people").status_code == 200
    assert passwords.authenticate("GRETA@example.org", "en lång mening") is greta


def test_an_invitation_is_used_once(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    address = invitation(cast)
    stranger.post(address, data=GRETA)
    late = browser(app)
    assert late.get(address).status_code == 410
    assert late.post(address, data=GRETA | {"email": "eva@example.org"}).status_code == 410
    assert signed_in_as(late) == "Logga in" or late.get("/me").status_code == 303


def test_an_invitation_that_two_accept_at_once_is_used_once(
    app: Flask, cast: Cast, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing a password takes long, and nobody is kept waiting meanwhile: not the other one either."""
    address, before, real = invitation(cast), number_of_people(), passwords.hashed

    def hashed(password: str) -> str:
        monkeypatch.setattr(passwords, "hashed", real)
        db.let_go()
        with app.app_context():
            assert browser(app).post(address, data=GRETA | {"email": "eva@example.org"}).status_code == 303
        return real(password)

    monkeypatch.setattr(passwords, "hashed", hashed)
    assert stranger.post(address, data=GRETA).status_code == 410
    assert number_of_people() == before + 1


def test_an_invitation_lasts_two_weeks(cast: Cast, stranger: FlaskClient, later: Callable[..., Any]) -> None:
    address = invitation(cast)
    with later(days=13):
        assert stranger.get(address).status_code == 200
    with later(days=14):
        assert stranger.get(address).status_code == 410
        assert stranger.post(address, data=GRETA).status_code == 410


def test_an_invitation_can_be_withdrawn(cast: Cast, stranger: FlaskClient, signed_in: SignedIn) -> None:
    address = invitation(cast)
    adam = signed_in(cast.adam)
    assert "Greta" in adam.get("/people").text
    ticket = db.session.scalars(select(Ticket)).one()
    assert adam.post(f"/invitations/{ticket.id}/withdraw").status_code == 303
    assert stranger.get(address).status_code == 410
    assert stranger.post(address, data=GRETA).status_code == 410
    assert "Greta" not in adam.get("/people").text
    assert db.session.scalars(select(Ticket.note)).one() == ""  # a name is kept no longer than it is of use


def test_an_invitation_is_shown_once_and_kept_nowhere(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    adam = signed_in(cast.adam)
    page = adam.post("/invitations", data={"organisation": cast.hageby.id, "role": "board", "note": "Greta"}).text
    found = re.search(r'value="http://localhost(/invitation/[\w-]{43,})"', page)
    assert found
    token = found[1].split("/")[-1]
    assert token not in adam.get("/people").text
    assert token not in str(db.session.execute(select(Ticket.__table__)).all())
    assert stranger.post(found[1], data=GRETA).status_code == 303
    assert [m.role for m in newest().memberships] == ["board"]


def test_a_made_up_role_is_refused_in_words(cast: Cast, signed_in: SignedIn) -> None:
    for role in ("", "boss", "Admin"):
        answer = signed_in(cast.adam).post("/invitations", data={"organisation": cast.hageby.id, "role": role})
        assert answer.status_code == 422, role
    assert db.session.scalars(select(Ticket)).all() == []


def test_an_invitation_that_is_filled_in_wrong_still_works(cast: Cast, stranger: FlaskClient) -> None:
    address, before = invitation(cast), number_of_people()
    for wrong, named in [
        ({"name": " "}, "name"),
        ({"email": "greta"}, "email"),
        ({"email": "bo@example.org"}, "email"),  # taken
        ({"password": "kort"}, "password"),
    ]:
        answer = stranger.post(address, data=GRETA | wrong)
        assert answer.status_code == 422
        assert f'id="f-{named}-wrong"' in answer.text
        assert "en lång mening" not in answer.text
    assert number_of_people() == before
    assert stranger.post(address, data=GRETA).status_code == 303


def test_somebody_who_is_signed_in_takes_the_role_up_with_one_button(cast: Cast, signed_in: SignedIn) -> None:
    address, before = invitation(cast, "board", cast.ostergotland), number_of_people()
    bo = signed_in(cast.bo)
    page = bo.get(address).text
    assert "Du är inloggad som Bo" in page
    assert 'name="password"' not in page
    assert bo.post(address).status_code == 303
    assert number_of_people() == before
    known = db.session.get_one(Person, cast.bo.id)
    assert {(m.role, m.organisation_id) for m in known.memberships} == {
        ("leader", cast.norrkoping.id),
        ("board", cast.ostergotland.id),
    }
    assert bo.get(address).status_code == 410


def test_a_volunteer_who_becomes_a_leader_stays_the_same_person(cast: Cast, signed_in: SignedIn) -> None:
    """What waits on their phone is theirs: as a new person they could never send it."""
    address, before = invitation(cast, "leader", cast.hageby), number_of_people()
    alva = signed_in(cast.alva)
    assert alva.post(address, data=GRETA | {"name": "Alva"}).status_code == 303
    assert number_of_people() == before
    known = db.session.get_one(Person, cast.alva.id)
    assert {m.role for m in known.memberships} == {"volunteer", "leader"}
    assert passwords.authenticate("greta@example.org", "en lång mening") is known


def test_what_was_done_stands_in_the_audit(cast: Cast, stranger: FlaskClient) -> None:
    stranger.post(invitation(cast), data=GRETA)
    entries = db.session.scalars(select(audit.Entry).order_by(audit.Entry.number.desc()).limit(2)).all()
    assert [(entry.action, entry.person_id) for entry in entries] == [
        ("membership.grant", cast.adam.id),
        ("joining.invite", cast.adam.id),
    ]
    assert audit.broken_at() is None


# --- links that sign in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["sign-in", "demo"])
def test_opening_a_sign_in_link_spends_nothing_and_its_button_works_once(
    app: Flask, cast: Cast, stranger: FlaskClient, path: str
) -> None:
    """Chat programs open links to show what they are."""
    address = f"/{path}/{tickets.sign_in_token(cast.cia)}"
    db.session.commit()
    for _ in range(3):
        assert "Hej Cia!" in stranger.get(address).text
    assert stranger.head(address).status_code == 200
    assert stranger.get("/me").status_code == 303
    assert stranger.post(address).headers["Location"] == "/"
    assert signed_in_as(stranger) == "Cia"
    late = browser(app)
    assert late.get(address).status_code == late.post(address).status_code == 410
    assert late.get("/me").status_code == 303


def test_a_newer_sign_in_link_takes_the_olders_place(cast: Cast, stranger: FlaskClient) -> None:
    first = tickets.sign_in_token(cast.cia)
    of_another = tickets.sign_in_token(cast.bo)
    second = tickets.sign_in_token(cast.cia)
    db.session.commit()
    assert stranger.get(f"/sign-in/{first}").status_code == 410
    assert stranger.get(f"/sign-in/{second}").status_code == 200
    assert stranger.get(f"/sign-in/{of_another}").status_code == 200


def test_a_token_opens_the_view_it_was_made_for_and_no_other(cast: Cast, stranger: FlaskClient) -> None:
    invited = invitation(cast).split("/")[-1]
    tokens = {"setup": tickets.setup_token(), "invitation": invited, "sign-in": tickets.sign_in_token(cast.adam)}
    db.session.commit()
    for made_for, token in tokens.items():
        opens = {path for path in (*tokens, "demo", "join") if stranger.get(f"/{path}/{token}").status_code == 200}
        assert opens == ({made_for, "demo"} if made_for == "sign-in" else {made_for})


def test_two_who_press_the_button_at_once_sign_in_once(
    app: Flask, cast: Cast, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ticket is locked from looking at it to spending it."""
    token = tickets.sign_in_token(cast.cia)
    db.session.commit()
    query = str(select(Ticket).with_for_update(of=Ticket).compile(db.db.engine, compile_kwargs={"literal_binds": True}))
    assert ("FOR UPDATE" in query) == (db.db.engine.dialect.name == "postgresql")
    answers: list[TestResponse] = [client.post(f"/sign-in/{token}") for client in (stranger, browser(app))]
    assert sorted(answer.status_code for answer in answers) == [303, 410]
    assert db.session.scalar(select(func.count(Session.id)).where(Session.person_id == cast.cia.id)) == 1


def test_a_spent_link_speaks_the_readers_language(stranger: FlaskClient) -> None:
    assert "Länken är redan använd eller har gått ut." in stranger.get("/sign-in/x").text
    english = stranger.get("/sign-in/x", headers={"Accept-Language": "en"}).text
    with i18n.speaking("en"):
        assert html.escape(i18n.gettext("Länken är redan använd eller har gått ut. Be om en ny.")) in english
