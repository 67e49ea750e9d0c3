"""A phone that speaks the protocol by hand."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from canvass.core import clock
from canvass.core.db import new_id
from canvass.counting import tallies
from canvass.members import organisations
from tests.cast import Cast
from tests.conftest import NOW


class Phone:
    """One installation of the app, signed in as one person."""

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

    def read(self, address: str) -> Any:
        """The JSON that stands at an address."""
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.json


def total(cast: Cast) -> tallies.Count:
    return tallies.total(cast.spring.id, organisations.beneath(cast.norrkoping.id))


def of_shifts(cast: Cast) -> dict[str, tallies.Count]:
    """Attempts and conversations by shift."""
    return tallies.by("shift", cast.spring.id, organisations.beneath(cast.hageby.id))
