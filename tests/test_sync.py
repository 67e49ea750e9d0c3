"""The promise: never lost, never counted twice."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from canvass import attempts, clock, organisations, quarantine, tallies
from canvass.db import new_id
from tests.cast import Cast
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
