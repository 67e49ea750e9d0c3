"""Somebody who is there twice: merged by a leader, with all that is theirs, and made two again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import audit, clock, db
from canvass.counting.attempts import Attempt
from canvass.fieldwork import shifts, sign_ups, trainings
from canvass.members import merges, people
from canvass.members.people import Membership, Person
from tests.cast import PASSWORD_HASH, Cast, plan_shift
from tests.counting.phone import Phone, total

SignedIn = Callable[[Person], FlaskClient]


def again(cast: Cast) -> Person:
    """Alva, who has joined once more on another phone."""
    double = people.add("Alva", cast.hageby)
    people.grant(double, "volunteer", cast.hageby)
    people.grant(double, "volunteer", cast.ektorp)
    return double


def merge(client: FlaskClient, kept: Person, double: Person) -> Any:
    return client.post(f"/memberships/{of(kept)}/merge", data={"other": of(double)})


def of(person: Person) -> str:
    query = select(Membership.id).where(Membership.person_id == person.id).order_by(Membership.created_at)
    return db.session.scalars(query).first() or ""


def everything() -> dict[str, list[Any]]:
    """All rows, without the traces that are meant to stay."""
    db.session.commit()
    left_out = ("audit_entries", "audit_log", "audit", "audit_head", "merges", "sessions", "server_facts")
    return {
        table.name: sorted((tuple(row) for row in db.session.execute(table.select())), key=repr)
        for table in db.Base.metadata.sorted_tables
        if table.name not in left_out
    }


def authors() -> set[str | None]:
    return set(db.session.scalars(select(Attempt.author_id)))


def test_counts_sign_ups_and_phones_follow_and_all_of_it_goes_back(cast: Cast, signed_in: SignedIn) -> None:
    double = again(cast)
    first, second = (Phone(signed_in(person), person.id) for person in (cast.alva, double))
    for phone in (first, second):
        assert phone.verdicts(phone.operation(cast, data={"n": 3})) == ["stored"]
    both, hers = plan_shift(cast), plan_shift(cast, hours=30)
    for shift, person in ((both, cast.alva), (both, double), (hers, double)):
        shifts.sign_up(shift, person)
    trainings.note(double, cast.hageby, clock.today(), by=cast.bo)
    before = everything()

    bo = signed_in(cast.bo)
    assert "Alva · Hageby s-förening" in bo.get(f"/memberships/{of(cast.alva)}").text
    before_devices = before.pop("devices")
    assert merge(bo, cast.alva, double).status_code == 303
    assert (authors(), total(cast).conversations) == ({cast.alva.id}, 6)
    assert [[person.name for person in sign_ups.coming(shift.id)] for shift in (both, hers)] == [["Alva"], ["Alva"]]
    assert bo.get("/people").text.count(">Alva</a>") == 2  # her two associations, and no third line
    assert {m.organisation_id for m in cast.alva.memberships} == {cast.hageby.id, cast.ektorp.id}
    assert first.client.get("/me").text.count("Test") == 4  # two browsers and two phones, all hers to end

    made = merges.of(cast.alva)[0]
    assert bo.post(f"/merges/{made.id}/undo").status_code == 303
    assert bo.post(f"/merges/{made.id}/undo").status_code == 303  # tapped twice
    after = everything()
    after_devices = after.pop("devices")
    assert [row for row in before_devices if row not in after_devices] == []
    assert after == before
    last = db.session.scalars(select(audit.Entry).order_by(audit.Entry.number.desc()).limit(2)).all()
    assert [(entry.action, entry.person_id) for entry in last] == [
        ("person.merge_undone", cast.bo.id),
        ("person.merge", cast.bo.id),
    ]
    assert audit.broken_at() is None


def test_the_doubles_phone_goes_on_and_loses_nothing(cast: Cast, signed_in: SignedIn) -> None:
    """It holds what has not been sent under the id that it knows."""
    double = again(cast)
    phone = Phone(signed_in(double), double.id)
    earlier = phone.operation(cast, data={"n": 2})
    phone.verdicts(earlier)
    waiting = phone.operation(cast, data={"n": 4})
    merge(signed_in(cast.bo), cast.alva, double)
    assert phone.read("/api/v1/hello")["person"]["id"] == phone.author
    correction = phone.operation(cast, "edit", attempt=earlier["attempt"], rev=2, base=1, data={"n": 1})
    assert phone.verdicts(waiting, correction) == ["stored", "stored"]
    assert (authors(), total(cast).conversations) == ({cast.alva.id}, 5)
    # From her first phone she corrects what she logged on the second.
    first = Phone(signed_in(cast.alva), cast.alva.id)
    assert first.verdicts(first.operation(cast, "edit", attempt=waiting["attempt"], rev=2, base=1)) == ["stored"]
    # The session is over and the token is left: it still hands in.
    phone.client.delete_cookie("canvass_session")
    assert phone.verdicts(phone.operation(cast)) == ["stored"]
    assert authors() == {cast.alva.id}


def test_a_phone_without_a_password_reads_nothing_of_who_has_one(cast: Cast, signed_in: SignedIn) -> None:
    double = again(cast)
    phone = Phone(signed_in(double), double.id)
    waiting = phone.operation(cast)
    assert merge(signed_in(cast.adam), cast.bo, double).status_code == 303
    assert phone.client.get("/people").status_code == 303  # to sign in
    assert phone.client.get("/api/v1/hello").status_code == 401
    assert phone.verdicts(waiting) == ["stored"]
    assert authors() == {cast.bo.id}


def test_only_a_volunteer_becomes_a_part_of_somebody_and_only_once(cast: Cast, signed_in: SignedIn) -> None:
    bo, double = signed_in(cast.bo), again(cast)
    assert merge(bo, cast.alva, cast.alva).status_code == 422
    assert merge(bo, cast.alva, cast.cia).status_code == 422
    assert "Cia har ett lösenord" in merge(bo, cast.alva, cast.cia).text
    double.password_hash = PASSWORD_HASH
    assert merge(bo, cast.alva, double).status_code == 422
    double.password_hash = None
    people.grant(double, "volunteer", cast.partille)
    assert merge(bo, cast.alva, double).status_code == 403  # she is somebody elsewhere, too
    people.revoke(next(m for m in double.memberships if m.organisation_id == cast.partille.id))
    assert merge(bo, cast.alva, double).status_code == 303
    assert merge(bo, cast.dag, cast.alva).status_code == 303
    assert people.present(db.session.get_one(Person, double.id)).name == "Dag"
    (first,) = merges.of(cast.alva)
    bo.post(f"/merges/{first.id}/undo")
    assert "Ångra den senare sammanslagningen först." in bo.get("/people").text
    bo.post(f"/merges/{merges.of(cast.dag)[0].id}/undo")
    bo.post(f"/merges/{first.id}/undo")
    for person in (double, cast.alva, cast.dag):
        db.session.refresh(person)
        assert person.merged_into_id is None
