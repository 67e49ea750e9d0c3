"""The promise: never lost, never counted twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from canvass.core import clock, db
from canvass.core.db import new_id
from canvass.counting import attempts, quarantine, receipts, tallies
from canvass.fieldwork import campaigns
from canvass.insight import outings
from canvass.members import organisations, people
from tests.cast import Cast, plan_shift
from tests.conftest import NOW


class Phone:
    """A phone that speaks the protocol by hand."""

    def __init__(self, client: FlaskClient, author: str) -> None:
        self.client, self.author, self.install, self.seq = client, author, new_id(), 0

    def operation(self, cast: Cast, kind: str = "create", **changes: Any) -> dict[str, Any]:
        self.seq += 1
        data: dict[str, Any] = {"area": None, "channel": "door", "outcome": "talked", "n": 1, "topics": []}
        data.update(changes.pop("data", {}))
        return {
            "op": new_id(),
            "attempt": new_id(),
            "rev": 1,
            "base": 0,
            "kind": kind,
            "schema": 1,
            "seq": self.seq,
            "campaign": cast.spring.id,
            "at": clock.text(NOW),
            "offset": 0,
            "data": {} if kind == "delete" else data,
            **changes,
        }

    def send(self, *operations: dict[str, Any], **envelope: Any) -> Any:
        body = {
            "schema": 1,
            "install": self.install,
            "batch": new_id(),
            "author": self.author,
            "epoch": None,
            "sent_at": clock.text(NOW),
            "pending": len(operations),
            "max_seq": self.seq,
            "ops": list(operations),
            **envelope,
        }
        return self.client.post("/api/v1/sync", json=body, headers={"X-Sync": "1"})

    def verdicts(self, *operations: dict[str, Any]) -> list[str]:
        answer = self.send(*operations)
        assert answer.status_code == 200, answer.text
        return [result["verdict"] for result in answer.json["results"]]


@pytest.fixture
def phone(cast: Cast, signed_in: Any) -> Phone:
    return Phone(signed_in(cast.alva), cast.alva.id)


def total(cast: Cast) -> tuple[int, int]:
    return tuple(tallies.total(cast.spring.id, organisations.beneath(cast.norrkoping.id)))


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
    assert "error" in answer.json


def test_an_operation_without_an_id_is_left_to_the_phone(cast: Cast, phone: Phone) -> None:
    assert phone.send(phone.operation(cast), {"op": "1"}).status_code == 400
    assert total(cast) == (0, 0)


def test_fifty_one_operations_are_too_many(cast: Cast, phone: Phone) -> None:
    assert phone.send(*[phone.operation(cast) for _ in range(51)]).status_code == 413
    assert phone.verdicts(*[phone.operation(cast) for _ in range(50)]) == ["stored"] * 50


def test_gaps_are_told_and_shown_as_waiting(cast: Cast, phone: Phone, later: Any) -> None:
    held_back = [phone.operation(cast) for _ in range(3)]
    answer = phone.send(phone.operation(cast), pending=4).json
    assert answer["device"] == {"max_seq": 4, "missing": [1, 2, 3]}
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting(operations=3, phones=1)
    with later(days=4):
        silent = receipts.waiting(cast.hageby.id)
        assert (silent.operations, silent.silent_operations, silent.silent_phones) == (0, 3, 1)
    phone.send(*held_back)
    assert receipts.waiting(cast.norrkoping.id) == receipts.Waiting()


def test_a_phone_that_claims_any_number_costs_nothing(cast: Cast, phone: Phone) -> None:
    assert len(phone.send(max_seq=2_000_000_000).json["device"]["missing"]) == receipts.MOST_MISSING_TOLD


def test_a_device_token_hands_in_only_for_its_own_person(cast: Cast, phone: Phone) -> None:
    operation = phone.operation(cast)
    assert phone.send(operation, author=cast.dag.id).status_code == 401
    phone.client.delete_cookie("canvass_session")
    assert phone.verdicts(operation) == ["stored"]
    assert phone.client.get("/api/v1/hello").status_code == 401


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
    def fail() -> None:
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    operation = phone.operation(cast)
    with monkeypatch.context() as patch:
        patch.setattr(db, "repeat", lambda work: (work(), fail()))
        assert phone.send(operation).status_code == 503
    db.session.rollback()
    assert total(cast) == (0, 0)
    assert phone.verdicts(operation) == ["stored"]


def test_hello_holds_what_a_phone_needs(cast: Cast, phone: Phone) -> None:
    phone.send(phone.operation(cast, data={"n": 3}))
    answer = phone.client.get("/api/v1/hello").json
    assert (answer["app"], answer["person"]["name"]) == ("canvass-sync/1", "Alva")
    assert answer["person"]["association"] == cast.hageby.id
    (campaign,) = answer["campaigns"]
    assert (campaign["state"], campaign["target"], campaign["result"]) == ("open", 5000, 3)
    assert (campaign["association_result"], campaign["association_today"]) == (3, 3)
    assert [area["code"] for area in campaign["areas"]] == ["E1", "H1", "H2"]
    assert campaign["channels"][0] == {"channel": "door", "outcomes": list(campaigns.CHANNELS["door"])}
    assert [topic["name"] for topic in campaign["topics"]] == ["Skolan", "Vården", "Tryggheten"]


def of_shifts(cast: Cast) -> dict[str, tuple[int, int]]:
    """Attempts and conversations by shift."""
    return {k: tuple(n) for k, n in tallies.by("shift", cast.spring.id, organisations.beneath(cast.hageby.id)).items()}


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
    autumn = campaigns.create(
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
    operations = [phone.operation(cast, data={"shift": shift}) for shift in ("ikväll", 7, ["a"], {})]
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


def test_hello_lists_the_shifts_that_can_be_logged_on(cast: Cast, phone: Phone) -> None:
    areas = [cast.hageby_south, cast.hageby_north]
    shift = plan_shift(cast, hours=-1, ground=areas, leader=cast.bo, place="Centrum", script="Hej!", points="Skolan")
    plan_shift(cast, hours=72)
    ours = [phone.operation(cast, data={"shift": shift.id, "outcome": o}) for o in ("talked", "refused", "not_home")]
    phone.send(*ours)
    (found,) = phone.client.get("/api/v1/hello").json["campaigns"][0]["shifts"]
    assert sorted(found.pop("areas")) == sorted(area.id for area in areas)
    assert found == {
        "id": shift.id,
        "channel": "door",
        "starts_at": clock.text(NOW - timedelta(hours=1)),
        "ends_at": clock.text(NOW + timedelta(hours=1)),
        "place": "Centrum",
        "leader": "Bo",
        "script": "Hej!",
        "points": "Skolan",
        "counts": {"attempts": 3, "conversations": 1, "reached": 2},
    }


def test_outlines_are_the_areas_own_and_kept_by_their_mark(cast: Cast, phone: Phone) -> None:
    cast.hageby_north.outline = '{"type":"Polygon","coordinates":[[[16,58],[17,58],[17,59],[16,58]]]}'
    first = phone.client.get("/api/v1/outlines")
    (feature,) = first.json["features"]
    assert (feature["id"], feature["properties"]["code"]) == (cast.hageby_north.id, "H1")
    again = phone.client.get("/api/v1/outlines", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


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
