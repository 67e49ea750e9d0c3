"""What phones hand in that cannot be counted: held whole, judged by a leader, and never in anybody's way."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from canvass.core import clock, db
from canvass.counting import attempts, quarantine
from canvass.counting.attempts import Attempt, Row
from canvass.counting.quarantine import Held
from canvass.fieldwork import areas, campaigns
from canvass.members import people
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW
from tests.counting.held import NOBODY, another, the_held, total
from tests.counting.phone import Phone

SignedIn = Callable[[Person], FlaskClient]

# --- every reason there is ----------------------------------------------------------------------------------

# What is changed in an operation that would else be counted, and the reason it is then held for.
REASONS: list[tuple[str, dict[str, Any]]] = [
    ("malformed", {"kind": "invent"}),
    ("malformed", {"attempt": "7"}),
    ("malformed", {"attempt": None}),
    ("malformed", {"campaign": "'; DROP TABLE attempts"}),
    ("malformed", {"rev": 0}),
    ("malformed", {"rev": 2**40}),
    ("malformed", {"seq": -1}),
    ("malformed", {"at": "i morse"}),
    ("malformed", {"at": "2026-05-06T10:00:00"}),  # no zone
    ("malformed", {"offset": 1e300}),
    ("malformed", {"data": []}),
    ("malformed", {"data": {"topics": "skolan"}}),
    ("malformed", {"data": {"topics": ["skolan"]}}),
    ("malformed", {"data": {"n": "tre"}}),
    ("malformed", {"data": {"n": 1.5}}),
    ("malformed", {"data": {"n": True}}),
    ("malformed", {"data": {"area": 7}}),
    ("schema", {"schema": 2}),
    ("schema", {"schema": 0}),
    ("campaign_unknown", {"campaign": NOBODY}),
    ("area_unknown", {"data": {"area": NOBODY}}),
    ("outcome_unknown", {"data": {"outcome": "wrong_number"}}),
    ("outcome_unknown", {"data": {"outcome": ["talked"]}}),
    ("outcome_unknown", {"data": {"channel": "pigeon"}}),
    ("outcome_unknown", {"data": {"channel": ["door"]}}),
    ("number", {"data": {"n": 0}}),
    ("number", {"data": {"n": -3}}),
    ("number", {"data": {"n": 51}}),
]


def test_each_reason_is_told_to_the_phone_and_nothing_of_it_is_counted(
    cast: Cast, phone: Phone, signed_in: SignedIn
) -> None:
    operations = []
    for _code, changes in REASONS:
        operation = phone.operation(cast)
        data = changes.get("data")
        merged = {**operation["data"], **data} if isinstance(data, dict) else changes.get("data", operation["data"])
        operations.append(operation | changes | {"data": merged})
    answer = phone.send(*operations)
    assert answer.status_code == 200, answer.text
    results = answer.json["results"]
    assert [result["op"] for result in results] == [operation["op"] for operation in operations]
    assert [(result["verdict"], result["code"]) for result in results] == [("quarantined", code) for code, _ in REASONS]
    assert all(result["sentence"] == quarantine.sentence(result["code"]) for result in results)
    assert total(cast) == (0, 0)
    assert db.session.scalars(select(Attempt)).all() == []
    kept = {held.operation_id: json.loads(held.raw) for held in db.session.scalars(select(Held))}
    assert kept == {operation["op"]: operation for operation in operations}  # whole, to the last field
    assert signed_in(cast.bo).get("/quarantine").status_code == 200  # and fit to be looked at
    again = phone.send(*operations).json["results"]
    assert again == results
    assert len(db.session.scalars(select(Held)).all()) == len(operations)


def test_a_campaign_that_has_not_opened_counts_nothing(cast: Cast, phone: Phone) -> None:
    draft = another(cast.norrkoping)
    assert phone.send(phone.operation(cast, campaign=draft.id)).json["results"][0]["code"] == "campaign_not_open"


def test_a_closed_campaign_counts_what_happened_before_the_close_only(
    cast: Cast, phone: Phone, later: Callable[..., Any]
) -> None:
    campaigns.close(cast.spring)
    with later(days=1):
        before = phone.operation(cast, at=clock.text(NOW - timedelta(hours=3)))
        after = phone.operation(cast, at=clock.text(NOW + timedelta(hours=3)))
        results = phone.send(before, after).json["results"]
        assert [result.get("code", result["verdict"]) for result in results] == ["stored", "campaign_closed"]
    with later(days=15):
        late = phone.operation(cast, at=clock.text(NOW - timedelta(hours=3)))
        assert phone.send(late).json["results"][0]["code"] == "campaign_closed"
    assert total(cast) == (1, 1)


def test_somebody_elses_campaign_and_area_are_not_logged_in(cast: Cast, phone: Phone) -> None:
    theirs = another(cast.partille)
    campaigns.open_(theirs)
    hill = areas.add(cast.partille, name="Backen", by=cast.esa)
    results = phone.send(phone.operation(cast, campaign=theirs.id), phone.operation(cast, data={"area": hill.id})).json[
        "results"
    ]
    assert [result["code"] for result in results] == ["not_member", "area_unknown"]


def test_only_the_author_changes_or_undoes_what_they_logged(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    first = phone.operation(cast, data={"n": 4})
    phone.send(first)
    dag = Phone(signed_in(cast.dag), cast.dag.id)
    change = dag.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, data={"n": 1})
    undo = dag.operation(cast, kind="delete", attempt=first["attempt"], rev=3, base=2)
    assert [result["code"] for result in dag.send(change, undo).json["results"]] == ["not_yours", "not_yours"]
    assert total(cast) == (4, 4)
    bo = signed_in(cast.bo)
    for held in db.session.scalars(select(Held)).all():
        bo.post(f"/quarantine/{held.id}/admit")
    assert total(cast) == (4, 4)
    assert {held.decision for held in db.session.scalars(select(Held))} == {""}


def test_a_change_cannot_reach_into_another_campaign(cast: Cast, phone: Phone) -> None:
    """An open campaign named in a correction must not open a closed one: its numbers are reported already."""
    first = phone.operation(cast, data={"n": 4})
    phone.send(first)
    other = another(cast.norrkoping)
    campaigns.open_(other)
    cast.spring.closing_at = NOW - timedelta(days=30)
    changes = [
        phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, campaign=other.id, data={"n": 9}),
        phone.operation(cast, kind="delete", attempt=first["attempt"], rev=3, base=2, campaign=other.id),
    ]
    assert phone.verdicts(*changes) == ["quarantined"] * 2
    assert total(cast) == (4, 4)
    assert attempts.drift() == {}


def test_what_the_database_cannot_take_is_kept_as_well(
    cast: Cast, phone: Phone, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows how it could happen. If it does, the phone's next operation is not held up by it."""
    real, operations = attempts.store, [phone.operation(cast) for _ in range(3)]

    def failing(rows: Collection[Row], before: Mapping[str, Row]) -> None:
        if any(row.id == operations[1]["attempt"] for row in rows):
            raise IntegrityError("INSERT", {}, Exception("it does not fit"))
        real(rows, before)

    monkeypatch.setattr(attempts, "store", failing)
    results = phone.send(*operations).json["results"]
    assert [result.get("code", result["verdict"]) for result in results] == ["stored", "failed", "stored"]
    assert total(cast) == (2, 2)
    monkeypatch.undo()
    signed_in(cast.bo).post(f"/quarantine/{the_held().id}/admit")
    assert total(cast) == (3, 3)


def test_the_reason_is_told_in_the_phones_language(cast: Cast, phone: Phone) -> None:
    phone.client.set_cookie("canvass_language", "en")
    result = phone.send(phone.operation(cast, schema=2)).json["results"][0]
    assert result["code"] == "schema"
    assert result["sentence"] != "Appen på telefonen är nyare än servern."


# --- one never holds up another -----------------------------------------------------------------------------


# --- no more than can be judged -----------------------------------------------------------------------------


def test_nobody_buries_the_list_of_what_is_to_be_judged(cast: Cast, phone: Phone) -> None:
    """Somebody who is no longer with us sends a thousand operations, from one phone and from many."""
    for membership in list(cast.alva.memberships):
        people.revoke(membership)
    made = [phone.operation(cast) for _ in range(450)]
    answers = [phone.send(*made[first : first + 50], pending=450 - first) for first in range(0, 450, 50)]
    results = [result for answer in answers for result in answer.json["results"]]
    assert [result["verdict"] for result in results] == ["quarantined"] * 200 + ["retry"] * 250
    assert {result.get("seconds") for result in results[200:]} == {60}
    assert answers[-1].json["device"]["missing"][0] == 201  # still on the phone, which knows it
    another_phone = Phone(phone.client, phone.author)
    assert another_phone.verdicts(another_phone.operation(cast)) == ["retry"]
    assert quarantine.to_review([cast.norrkoping.id]) == 200
    assert phone.verdicts(made[0], made[0]) == ["quarantined", "quarantined"]  # what is held is held
    quarantine.dismiss(db.session.scalars(select(Held).limit(30)).all(), by=cast.bo)
    assert phone.verdicts(*made[200:250]) == ["quarantined"] * 30 + ["retry"] * 20


def test_what_can_be_counted_is_counted_beside_what_there_is_no_room_for(
    cast: Cast, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MOST_UNDECIDED", 1)
    wrong = [phone.operation(cast, data={"n": 51}) for _ in range(3)]
    assert phone.verdicts(wrong[0], phone.operation(cast), wrong[1], wrong[2], wrong[1]) == [
        "quarantined",
        "stored",
        "retry",
        "retry",
        "retry",
    ]
    assert total(cast) == (1, 1)
    other = {**wrong[0], "data": {**wrong[0]["data"], "n": 52}}
    assert phone.verdicts(other, wrong[0]) == ["retry", "quarantined"]
