"""The promise: never lost, never counted twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from canvass.core import clock, db
from canvass.core.db import new_id
from canvass.counting import attempts, quarantine, tallies
from canvass.fieldwork import campaigns
from canvass.members import organisations
from tests.cast import Cast, plan_shift
from tests.conftest import NOW, questions
from tests.counting.phone import Phone, of_shifts, total


def test_an_attempt_is_stored_and_counted(cast: Cast, phone: Phone) -> None:
    assert phone.verdicts(phone.operation(cast), phone.operation(cast, data={"outcome": "not_home"})) == ["stored"] * 2
    assert total(cast) == (2, 1)


def test_a_resent_attempt_counts_once(cast: Cast, phone: Phone) -> None:
    operation = phone.operation(cast)
    assert phone.verdicts(operation) == ["stored"]
    assert phone.verdicts(operation, operation) == ["duplicate", "duplicate"]
    assert total(cast) == (1, 1)


def test_no_counter_drifts_from_its_rows(cast: Cast, phone: Phone) -> None:
    first = phone.operation(cast, data={"n": 4, "area": cast.hageby_north.id})
    phone.send(first, phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, data={"n": 2}))
    phone.send(phone.operation(cast, kind="delete"))
    assert total(cast) == (2, 2)
    assert attempts.drift() == {}


def test_revisions_may_arrive_in_any_order(cast: Cast, phone: Phone) -> None:
    first = phone.operation(cast, data={"n": 4})
    second = phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, data={"n": 2})
    gone = phone.operation(cast, kind="delete", attempt=first["attempt"], rev=3, base=2)
    assert phone.verdicts(second) == ["stored"]
    assert total(cast) == (2, 2)
    assert phone.verdicts(gone) == ["stored"]
    assert phone.verdicts(first) == ["superseded"]
    assert total(cast) == (0, 0)


def test_the_same_number_with_other_content_is_held_not_counted(cast: Cast, phone: Phone) -> None:
    operation = phone.operation(cast)
    phone.send(operation)
    other = {**operation, "data": {**operation["data"], "n": 5}}
    result = phone.send(other).json["results"][0]
    assert (result["verdict"], result["code"]) == ("quarantined", "conflict")
    assert total(cast) == (1, 1)
    assert quarantine.to_review([cast.norrkoping.id]) == 1
    assert quarantine.held([cast.norrkoping.id])[0].data["data"]["n"] == 5


def test_a_correction_keeps_the_hour_of_the_first_telling(cast: Cast, phone: Phone) -> None:
    first = phone.operation(cast, at=clock.text(NOW - timedelta(days=1)))
    fixed = phone.operation(cast, kind="edit", attempt=first["attempt"], rev=2, base=1, data={"outcome": "refused"})
    assert phone.verdicts(fixed) == ["stored"]
    assert phone.verdicts(first) == ["superseded"]
    assert tallies.by("day", cast.spring.id, organisations.beneath(cast.hageby.id)) == {
        "2026-05-05": (1, 0),
        "2026-05-06": (0, 0),
    }
    assert attempts.drift() == {}


@pytest.mark.parametrize(
    ("at", "offset", "expected"),
    [
        ("2026-05-06T16:10:00.000Z", 0, "2026-05-06 16"),
        ("2026-05-06T16:50:00.000Z", -3600, "2026-05-06 15"),  # a clock an hour ahead, and known to be
        ("2026-05-07T09:00:00.000Z", None, "2026-05-06 16"),  # in the future: the hour it arrived
        ("1970-01-01T00:00:00.000Z", None, "2026-05-06 16"),  # a flat battery's clock
        ("2026-05-05T23:30:00.000+02:00", 0, "2026-05-05 21"),
    ],
)
def test_the_clock_of_the_phone_decides_which_hour_never_whether(
    cast: Cast, phone: Phone, at: str, offset: int | None, expected: str
) -> None:
    operation = phone.operation(cast, at=at, offset=offset)
    assert phone.verdicts(operation) == ["stored"]
    attempt = db.session.get_one(attempts.Attempt, operation["attempt"])
    assert f"{attempt.happened_at:%Y-%m-%d %H}" == expected
    assert attempt.happened_at.minute == 0


def test_a_swedish_day_begins_at_swedish_midnight(cast: Cast, phone: Phone) -> None:
    operation = phone.operation(cast, at="2026-05-05T22:30:00.000Z")
    phone.send(operation)
    assert db.session.get_one(attempts.Attempt, operation["attempt"]).happened_on.isoformat() == "2026-05-06"


def test_one_bad_operation_never_blocks_another(cast: Cast, phone: Phone) -> None:
    bad = [
        phone.operation(cast, data={"topics": "skolan"}),
        phone.operation(cast, rev="en"),
        phone.operation(cast, schema=99),
        {"op": new_id(), "hej": ["då"]},
        phone.operation(cast, data={"n": 2**70}),
        phone.operation(cast, at="i går"),
        phone.operation(cast, offset=1e300),
    ]
    good = [phone.operation(cast), phone.operation(cast)]
    assert phone.verdicts(good[0], *bad, good[1]) == ["stored", *["quarantined"] * len(bad), "stored"]
    assert phone.verdicts(good[0], *bad, good[1]) == ["duplicate", *["quarantined"] * len(bad), "duplicate"]
    assert total(cast) == (2, 2)
    assert quarantine.to_review([cast.norrkoping.id]) == len(bad)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"schema":1}', 400),
        (b"\xff\xfe", 400),
        (b'{"ops":' + b"[" * 50_000, 400),
        (b" " * (128 * 1024 + 1), 413),
    ],
)
def test_what_is_no_batch_is_refused_and_takes_nothing(cast: Cast, phone: Phone, body: bytes, status: int) -> None:
    headers = {"X-Sync": "1", "Content-Type": "application/json"}
    answer = phone.client.post("/api/v1/sync", data=body, headers=headers)
    assert answer.status_code == status
    assert answer.json
    assert "error" in answer.json


def test_an_operation_without_an_id_is_left_to_the_phone(cast: Cast, phone: Phone) -> None:
    assert phone.send(phone.operation(cast), {"op": "1"}).status_code == 400
    assert total(cast) == (0, 0)


def test_fifty_one_operations_are_too_many(cast: Cast, phone: Phone) -> None:
    assert phone.send(*[phone.operation(cast) for _ in range(51)]).status_code == 413
    assert phone.verdicts(*[phone.operation(cast) for _ in range(50)]) == ["stored"] * 50


def test_fifty_operations_ask_the_database_no_more_than_one(cast: Cast, phone: Phone) -> None:
    facts = {"area": cast.hageby_north.id, "shift": plan_shift(cast).id, "topics": [new_id()]}
    asked = []
    for number in (1, 1, 50):
        operations = [phone.operation(cast, data=facts) for _ in range(number)]
        with questions() as seen:
            assert phone.verdicts(*operations) == ["stored"] * number
        asked.append(len(seen))
    assert asked[1] == asked[2], asked
    assert asked[1] <= 22, seen


def test_a_campaign_that_closes_takes_what_happened_before(cast: Cast, phone: Phone, later: Any) -> None:
    before = phone.operation(cast)
    with later(hours=1):
        campaigns.close(cast.spring)
    with later(hours=2):
        after = phone.operation(cast, at=clock.text(NOW + timedelta(minutes=90)))
        assert phone.verdicts(before, after) == ["stored", "quarantined"]
    with later(days=16):
        assert phone.verdicts(phone.operation(cast)) == ["quarantined"]


def test_the_answer_is_written_after_the_commit(cast: Cast, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_after(work: Callable[[], object]) -> None:
        work()
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    operation = phone.operation(cast)
    with monkeypatch.context() as patch:
        patch.setattr(db, "repeat", fail_after)
        assert phone.send(operation).status_code == 503
    db.session.rollback()
    assert total(cast) == (0, 0)
    assert phone.verdicts(operation) == ["stored"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stories=st.lists(st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=1, max_size=4), min_size=1, max_size=4),
    shuffled=st.randoms(use_true_random=False),
)
def test_any_order_and_any_repetition_gives_the_same_counts(
    cast: Cast, phone: Phone, stories: list[list[int | None]], shuffled: Any
) -> None:
    """The heart of the promise: however the network deals the operations, the last word of each attempt counts once.

    So it does on its shift.
    """
    before = total(cast)
    shift = plan_shift(cast).id
    operations = []
    for numbers in stories:
        attempt = new_id()
        for rev, number in enumerate(numbers, start=1):
            kind = "delete" if number is None else "create" if rev == 1 else "edit"
            operations.append(
                phone.operation(
                    cast, kind=kind, attempt=attempt, rev=rev, base=rev - 1, data={"n": number or 1, "shift": shift}
                )
            )
    dealt = operations + shuffled.choices(operations, k=len(operations))
    shuffled.shuffle(dealt)
    while dealt:
        batch, dealt = dealt[:5], dealt[5:]
        assert set(phone.verdicts(*batch)) <= {"stored", "duplicate", "superseded"}
    expected = sum(numbers[-1] or 0 for numbers in stories)
    assert total(cast) == (before[0] + expected, before[1] + expected)
    assert of_shifts(cast).get(shift, (0, 0)) == (expected, expected)
    assert attempts.drift() == {}
