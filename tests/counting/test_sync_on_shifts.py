"""Attempts that are logged on a shift, and phones that are out on one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from canvass.core import db
from canvass.core.db import new_id
from canvass.counting import attempts, receipts
from canvass.insight import outings
from canvass.members import people
from tests.cast import Cast, new_campaign, plan_shift
from tests.conftest import NOW
from tests.counting.phone import Phone, of_shifts, total


def test_what_is_logged_on_a_shift_counts_on_it_once(cast: Cast, phone: Phone) -> None:
    shift = plan_shift(cast)
    operation = phone.operation(cast, data={"shift": shift.id, "n": 2})
    assert phone.verdicts(operation, operation) == ["stored", "duplicate"]
    fixed = phone.operation(
        cast, kind="edit", attempt=operation["attempt"], rev=2, base=1, data={"shift": shift.id, "outcome": "not_home"}
    )
    assert phone.verdicts(fixed, operation) == ["stored", "duplicate"]
    assert of_shifts(cast) == {shift.id: (1, 0)}
    gone = phone.operation(cast, kind="delete", attempt=operation["attempt"], rev=3, base=2)
    assert phone.verdicts(gone, fixed) == ["stored", "duplicate"]
    assert of_shifts(cast) == {shift.id: (0, 0)}
    assert attempts.drift() == {}


def test_a_shift_that_is_not_there_or_not_of_the_campaign_is_no_reason_not_to_count(cast: Cast, phone: Phone) -> None:
    autumn = new_campaign(
        cast.norrkoping,
        name="Höstkampanjen",
        kind="listen",
        starts_on=cast.spring.starts_on,
        ends_on=cast.spring.ends_on,
        channels=["door"],
        topics=[],
        target=None,
        by=cast.adam,
    )
    elsewhere = plan_shift(cast, campaign=autumn)
    operations = [phone.operation(cast, data={"shift": shift}) for shift in (new_id(), elsewhere.id, None)]
    assert phone.verdicts(*operations) == ["stored"] * 3
    assert (total(cast), of_shifts(cast)) == ((3, 3), {})


def test_a_shift_that_is_no_id_cannot_be_read(cast: Cast, phone: Phone) -> None:
    no_ids: list[Any] = ["ikväll", 7, ["a"], {}]
    operations = [phone.operation(cast, data={"shift": shift}) for shift in no_ids]
    odd = phone.operation(cast, kind="delete") | {"data": {"shift": ["a"]}}
    results = phone.send(*operations, odd).json["results"]
    assert [result.get("code") for result in results] == ["malformed"] * 4 + [None]


def test_what_is_logged_on_a_shift_is_its_associations_when_one_may_log_there(cast: Cast, signed_in: Any) -> None:
    shift = plan_shift(cast)
    people.grant(cast.dag, "volunteer", cast.hageby)
    helping, staying = (Phone(signed_in(who), who.id) for who in (cast.dag, cast.bo))
    operations = [sender.operation(cast, data={"shift": shift.id}) for sender in (helping, staying)]
    assert helping.verdicts(operations[0]) + staying.verdicts(operations[1]) == ["stored"] * 2
    municipal = plan_shift(cast, owner=cast.norrkoping)
    own = helping.operation(cast, data={"shift": municipal.id})
    assert helping.verdicts(own) == ["stored"]
    owners = [db.session.get_one(attempts.Attempt, o["attempt"]).organisation_id for o in (*operations, own)]
    assert owners == [cast.hageby.id, cast.hageby.id, cast.ektorp.id]


def test_who_may_not_log_for_the_shifts_association_logs_for_their_own(cast: Cast, signed_in: Any) -> None:
    shift = plan_shift(cast)
    dag = Phone(signed_in(cast.dag), cast.dag.id)
    operation = dag.operation(cast, data={"shift": shift.id})
    assert dag.verdicts(operation) == ["stored"]
    attempt = db.session.get_one(attempts.Attempt, operation["attempt"])
    assert (attempt.organisation_id, attempt.shift_id) == (cast.ektorp.id, shift.id)


def test_every_batch_and_heartbeat_says_who_is_out_and_since_when(cast: Cast, phone: Phone, later: Any) -> None:
    shift = plan_shift(cast, hours=-1)

    def out() -> list[tuple[str, datetime | None, int]]:
        return [(one.name, one.since, one.unsent) for one in outings.phones(shift)]

    phone.send(shift=shift.id)
    assert out() == [("Alva", NOW, 0)]
    with later(minutes=20):
        phone.send(phone.operation(cast, data={"shift": shift.id}), shift=shift.id, pending=4)
        assert out() == [("Alva", NOW, 3)]
    with later(minutes=30):
        phone.send()  # a file's operations, or an older app, say nothing of it
        assert out() == [("Alva", NOW, 0)]
        phone.send(shift=None)
        assert out() == []
    with later(minutes=40):
        phone.send(shift=shift.id)
        assert out() == [("Alva", NOW + timedelta(minutes=40), 0)]
    with later(days=1):
        phone.send(shift=shift.id)
        assert out() == []


def test_nobody_is_out_on_what_is_not_theirs_or_not_there(cast: Cast, phone: Phone, signed_in: Any) -> None:
    shift = plan_shift(cast, hours=-1)
    for sender, said in ((phone, new_id()), (Phone(signed_in(cast.esa), cast.esa.id), shift.id)):
        assert sender.send(shift=said).status_code == 200
        assert db.session.get_one(receipts.Installation, sender.install).shift_id is None
    assert phone.send(shift="ikväll").status_code == 400
