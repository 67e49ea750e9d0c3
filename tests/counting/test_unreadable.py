"""Operations that nobody can read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.counting.quarantine import Held
from canvass.members.people import Person
from tests.cast import Cast
from tests.counting.held import NOBODY, total
from tests.counting.phone import Phone

SignedIn = Callable[[Person], FlaskClient]

# In place of an operation's data, as nobody's program writes it.
STRANGE = [
    "null",
    "7",
    '"x"',
    "[]",
    '{"n":' + "9" * 5000 + "}",
    '{"n":-' + "1" * 4301 + "}",
    '{"n":1e400}',
    '{"n":1e-400}',
    '{"channel":"door","outcome":"talked","n":1' + "0" * 400 + "}",
    '{"channel":{}}',
    '{"outcome":{},"channel":"door"}',
    '{"area":"\\u0000"}',
    '{"topics":[[[[]]]]}',
    '{"topics":' + json.dumps([NOBODY] * 101) + "}",
    '{"x":' + "[" * 600 + "]" * 600 + "}",
    '{"n":1,"n":2}',
    '{"channel":"door","outcome":"talked","n":"<script>alert(1)</script>"}',
]


def send_raw(phone: Phone, *operations: bytes) -> Any:
    """A batch of operations written by hand."""
    envelope = {"schema": 1, "install": phone.install, "batch": db.new_id(), "author": phone.author}
    head = json.dumps(envelope | {"pending": len(operations), "max_seq": phone.seq}).encode()
    body = head[:-1] + b', "ops": [' + b",".join(operations) + b"]}"
    return phone.client.post("/api/v1/sync", data=body, headers={"X-Sync": "1", "Content-Type": "application/json"})


def written(operation: dict[str, Any], data: str | None = None) -> bytes:
    """An operation as text, with this text in place of its data."""
    text = json.dumps(operation)
    return (text.replace(json.dumps(operation["data"]), data) if data is not None else text).encode("latin-1")


def test_one_bad_operation_never_blocks_another(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    for strange in STRANGE:
        good, bad, also_good = (phone.operation(cast) for _ in range(3))
        answer = send_raw(phone, written(good), written(bad, strange), written(also_good))
        assert answer.status_code == 200, (strange[:40], answer.text)
        assert [r["verdict"] for r in answer.json["results"]] == ["stored", "quarantined", "stored"], strange[:40]
        assert answer.json["device"]["missing"] == [], strange[:40]  # it has arrived, whatever it is
        page = bo.get("/quarantine")
        assert page.status_code == 200, strange[:40]
        assert "<script>alert" not in page.text
    assert total(cast) == (2 * len(STRANGE), 2 * len(STRANGE))
    for held in db.session.scalars(select(Held)).all():
        assert bo.post(f"/quarantine/{held.id}/admit").status_code == 303
        assert bo.post(f"/quarantine/{held.id}/dismiss").status_code == 303
    assert total(cast) == (2 * len(STRANGE), 2 * len(STRANGE))
    assert bo.get("/quarantine?decided=1").status_code == 200


def test_what_could_not_be_kept_is_refused_so_that_the_phone_finds_it(cast: Cast, phone: Phone) -> None:
    """Not as the server's own fault: after a 500 a phone sends the same again, and all behind it waits."""
    unkeepable = [*['{"x":"\xff"}', '{"\xe5":1}', '{"x":"\\ud800"}'], *_nests(range(900, 1000, 2)), *_nests([20_000])]
    for strange in unkeepable:
        answer = send_raw(phone, written(phone.operation(cast)), written(phone.operation(cast), strange))
        assert answer.status_code in (200, 400), (strange[:40], len(strange))


def _nests(depths: Iterable[int]) -> list[str]:
    return ['{"x":' + "[" * depth + "]" * depth + "}" for depth in depths]


# In place of anything that an operation or its envelope says.
AT_THE_LIMIT: list[Any] = [
    *[-1, 0, 2**31, 2**63, 2**64, 1e308, -1e308, None, [], {}, True, "", "\0", "x" * 5000],
    *["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "2026-05-06T24:00:00Z"],
]


def test_nothing_at_the_limit_is_the_servers_own_fault(cast: Cast, phone: Phone, signed_in: SignedIn) -> None:
    wrong = []
    for value in AT_THE_LIMIT:
        operations = {name: phone.operation(cast) for name in [*phone.operation(cast), "n", "hour", "area", "topics"]}
        for name, operation in operations.items():
            (operation if name in operation else operation["data"])[name] = value
        unnamed = operations.pop("op")
        sent = [phone.send(*operations.values()), phone.send(unnamed)]
        for name in ("schema", "install", "batch", "author", "epoch", "sent_at", "pending", "max_seq", "ops", "shift"):
            sent.append(phone.send(**{name: value}))
        wrong += [value for answer in sent if answer.status_code not in (200, 400, 401)]
    assert wrong == []
    assert signed_in(cast.bo).get("/quarantine").status_code == 200


def test_what_cannot_even_be_named_is_left_to_the_phone(cast: Cast, phone: Phone) -> None:
    """Without an operation's id there is nothing to give a verdict on: the phone halves its batch until it finds it."""
    unnamed: list[Any] = [{}, {"op": 7}, {"op": "7"}, {"op": None}, [], 7, None]
    for bad in unnamed:
        answer = phone.send(phone.operation(cast), bad)
        assert (answer.status_code, answer.json["error"]) == (400, "malformed")
    assert total(cast) == (0, 0)
    assert db.session.scalars(select(Held)).all() == []


# --- counted after all --------------------------------------------------------------------------------------
