"""Nobody comes in as somebody else: by a merge, by a link that is left over, or by a session from before a new role."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from canvass.core import db
from canvass.counting.attempts import Attempt
from canvass.members import merges, people, sessions, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import browser
from tests.counting.phone import Phone
from tests.members.test_doubles import again, merge, of

SignedIn = Callable[[Person], FlaskClient]


def promoted(client: FlaskClient, cast: Cast, organisation: Organisation) -> None:
    """The person of this browser accepts to be an administrator."""
    _ticket, token = tickets.invite(organisation, "admin", "", by=cast.adam)
    db.session.commit()
    form = {"name": "Alva", "email": "alva@example.org", "password": "long enough"}
    assert client.post(f"/invitation/{token}", data=form).status_code == 303


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/me").status_code == 200


def test_a_leader_merges_nobody_into_somebody_with_roles_out_of_their_reach(cast: Cast, signed_in: SignedIn) -> None:
    (role,) = cast.alva.memberships
    people.grant(cast.alva, "admin", cast.ostergotland)
    double = again(cast)
    db.session.commit()
    answer = signed_in(cast.bo).post(f"/memberships/{role.id}/merge", data={"other": of(double)})
    assert answer.status_code == 422
    db.session.refresh(double)
    assert double.merged_into_id is None


def test_a_link_for_the_double_lets_nobody_in_as_the_person_who_is_kept(
    app: Flask, cast: Cast, signed_in: SignedIn
) -> None:
    double = again(cast)
    token = tickets.sign_in_token(double)
    db.session.commit()
    assert merge(signed_in(cast.bo), cast.alva, double).status_code == 303
    assert browser(app).post(f"/sign-in/{token}").status_code == 410


def test_sessions_and_links_from_before_a_new_role_are_over(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    double = again(cast)
    db.session.commit()
    elsewhere, own = signed_in(double), signed_in(cast.alva)
    assert merge(signed_in(cast.bo), cast.alva, double).status_code == 303
    token = tickets.sign_in_token(cast.alva)
    db.session.commit()
    assert is_signed_in(elsewhere)
    promoted(own, cast, cast.norrkoping)
    assert (is_signed_in(own), is_signed_in(elsewhere)) == (True, False)
    assert browser(app).post(f"/sign-in/{token}").status_code == 410


def test_whoever_loses_a_role_has_no_link_left_to_come_back_by(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    people.grant(cast.bo, "admin", cast.norrkoping)
    _ticket, token = tickets.invite(cast.norrkoping, "admin", "", by=cast.bo)
    other = tickets.sign_in_token(cast.alva, by=cast.bo, organisation=cast.hageby)
    db.session.commit()
    role = next(m for m in cast.bo.memberships if m.role == "admin")
    assert signed_in(cast.adam).post(f"/memberships/{role.id}/revoke").status_code == 303
    assert signed_in(cast.bo).post(f"/invitation/{token}").status_code == 410
    assert browser(app).post(f"/sign-in/{other}").status_code == 410


def test_a_merged_doubles_stream_ends_with_the_role(cast: Cast, signed_in: SignedIn) -> None:
    double = again(cast)
    started, _token = sessions.start(double)
    db.session.commit()
    assert merge(signed_in(cast.bo), cast.alva, double).status_code == 303
    db.session.expire_all()
    held = sessions.credentials(started)
    assert sessions.still_valid({held}) == {held}
    people.revoke(cast.alva.memberships[0])
    db.session.commit()
    assert sessions.still_valid({held}) == set()


def test_a_role_is_given_back_to_whom_the_double_has_become(cast: Cast, signed_in: SignedIn) -> None:
    double = again(cast)
    db.session.commit()
    role = next(m for m in double.memberships if m.organisation_id == cast.ektorp.id)
    people.revoke(role, by=cast.adam.id)
    db.session.commit()
    assert merge(signed_in(cast.bo), cast.alva, double).status_code == 303
    (removal,) = db.session.query(people.Removal).all()
    people.give_back(removal, by=cast.adam.id)
    db.session.commit()
    assert cast.ektorp.id in {m.organisation_id for m in people.present(double).memberships}


def test_undoing_a_merge_brings_no_role_back_that_was_taken_away(cast: Cast, signed_in: SignedIn) -> None:
    double = again(cast)
    db.session.commit()
    assert merge(signed_in(cast.bo), cast.alva, double).status_code == 303
    role = next(m for m in cast.alva.memberships if m.organisation_id == cast.hageby.id)
    people.revoke(role, by=cast.adam.id)
    (made,) = merges.of(cast.alva)
    merges.undo(made, by=cast.bo)
    db.session.commit()
    assert cast.hageby.id not in {m.organisation_id for m in double.memberships}


def test_withdrawing_a_phone_takes_out_nothing_that_was_only_held_from_it(cast: Cast, signed_in: SignedIn) -> None:
    own, other = (Phone(signed_in(person), person.id) for person in (cast.alva, cast.bo))
    made = own.operation(cast)
    assert own.verdicts(made) == ["stored"]
    assert other.verdicts(other.operation(cast, "delete", attempt=made["attempt"], rev=2)) == ["quarantined"]
    form = {"campaign": cast.spring.id, "phone": other.install}
    signed_in(cast.adam).post(f"/people/{cast.bo.id}/contribution", data=form)
    assert db.session.get_one(Attempt, made["attempt"], populate_existing=True).withdrawal_id is None
