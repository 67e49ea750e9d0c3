"""What phones hand in at the same time shares a transaction, and none suffers from what is wrong with another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event
from sqlalchemy.exc import IntegrityError, OperationalError

from canvass.core import db
from canvass.counting import attempts
from canvass.counting.attempts import Row
from canvass.members import devices
from canvass.members.devices import Device
from canvass.members.people import Membership, Person
from canvass.members.sessions import Session
from canvass.serving import asgi
from canvass.web.counting import sync
from tests.cast import Cast
from tests.conftest import in_a_loop
from tests.counting.phone import Phone, total
from tests.serving.test_asgi import ASKED, Coming, Wire

Sending = tuple[str, dict[str, Any]]  # a device's token, and the batch


class Pen:
    """In the place of Flask's test client: gives back what would be posted."""

    def post(self, _path: str, json: Any, **_headers: Any) -> Any:
        return json


@pytest.fixture
def phones(cast: Cast) -> list[Phone]:
    """Alva's, Dag's and Bo's, and another tab on Alva's."""
    people = (cast.alva, cast.dag, cast.bo)
    found = [Phone(Pen(), person.id) for person in people]  # type: ignore[arg-type]
    tab = Phone(Pen(), cast.alva.id)  # type: ignore[arg-type]
    tab.install = found[0].install
    return [*found, tab]


@pytest.fixture
def token(cast: Cast) -> Callable[[str], str]:
    """A device's token by its person's id."""
    found = {person.id: devices.add(person) for person in (cast.alva, cast.dag, cast.bo)}
    return found.__getitem__


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests took part in each transaction."""
    found: list[int] = []
    real = sync._commit

    def noted(batches: Sequence[Any]) -> Any:
        found.append(len(batches))
        return real(batches)

    monkeypatch.setattr(sync, "_commit", noted)
    return found


@pytest.fixture
def at_once(app: Flask, token: Callable[[str], str]) -> Callable[..., list[Any]]:
    """Returns the statuses or verdicts for batches that have all come before the server's only thread begins."""

    def send(*batches: dict[str, Any]) -> list[Any]:
        db.session.commit()  # the cast, which the server's thread reads
        wires = [Wire() for _ in batches]

        async def scene() -> None:
            server = asgi.Server(app)
            for batch, wire in zip(batches, wires, strict=True):
                message, scope = request(batch, token(batch["author"]))
                server.begin(scope, partial(Coming, [message]), wire.send, wire.fail)
            server.open(asyncio.get_running_loop(), threads=1)
            for wire in wires:
                await wire.is_whole()
            server.close()

        in_a_loop(scene())
        return [outcome(wire.sent) for wire in wires]

    return send


def request(batch: dict[str, Any], token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The message with the body, and the scope."""
    body = json.dumps(batch).encode()
    headers = {
        "host": "localhost",
        "accept-encoding": "gzip, br",
        "x-sync": "1",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "cookie": f"canvass_device={token}",
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {**ASKED, "method": "POST", "raw_path": b"/api/v1/sync", "headers": raw}
    return {"type": "http.request", "body": body, "more_body": True}, scope


def outcome(sent: list[Any]) -> Any:
    start, body = sent[0], b"".join(message.get("body", b"") for message in sent)
    headers = dict(start["headers"])
    assert headers[b"content-length"] == str(len(body)).encode()
    if start["status"] != 200:
        return start["status"]
    assert b"content-encoding" not in headers
    return [each.get("code", each["verdict"]) for each in json.loads(body)["results"]]


def test_a_crowd_shares_a_transaction(
    cast: Cast, phones: list[Phone], at_once: Callable[..., list[Any]], sizes: list[int]
) -> None:
    found = at_once(*(phone.send(phone.operation(cast), phone.operation(cast)) for phone in phones))
    assert found == [["stored", "stored"]] * 4
    assert sizes == [4]
    assert total(cast) == (8, 8)
    assert attempts.drift() == {}


def test_who_they_are_is_asked_once_for_all_of_them(
    app: Flask, cast: Cast, phones: list[Phone], at_once: Callable[..., list[Any]]
) -> None:
    asked: list[str] = []
    event.listen(db.db.engine, "before_cursor_execute", lambda *cursor: asked.append(cursor[2]))
    at_once(*(phone.send(phone.operation(cast)) for phone in phones))
    assert len([statement for statement in asked if "devices.token_hash" in statement]) == 1


def test_the_same_from_two_tabs_at_once_counts_once(
    cast: Cast, phones: list[Phone], at_once: Callable[..., list[Any]]
) -> None:
    alva, _dag, bo, tab = phones
    same = alva.operation(cast)
    assert at_once(bo.send(bo.operation(cast)), alva.send(same), tab.send(same)) == [
        ["stored"],
        ["stored"],
        ["duplicate"],
    ]
    assert total(cast) == (2, 2)


def test_what_cannot_be_read_or_is_somebody_elses_does_not_take_part(
    cast: Cast, phones: list[Phone], at_once: Callable[..., list[Any]], sizes: list[int], token: Callable[[str], str]
) -> None:
    alva, dag, bo, _tab = phones
    stranger, unreadable = alva.send(alva.operation(cast)), dag.send(dag.operation(cast), install="?")
    stranger["ops"], stranger["author"] = [], cast.bo.id
    good = bo.send(bo.operation(cast))
    assert at_once({**unreadable}, good) == [400, ["stored"]]
    assert sizes == [1]


def test_what_the_database_refuses_of_one_harms_nobody_else(
    cast: Cast,
    phones: list[Phone],
    at_once: Callable[..., list[Any]],
    sizes: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = phones[1].operation(cast)
    real = attempts.store

    def refusing(rows: Collection[Row], before: Mapping[str, Row]) -> None:
        if any(row.id == bad["attempt"] for row in rows):
            raise IntegrityError("INSERT", {}, Exception("it does not fit"))
        real(rows, before)

    monkeypatch.setattr(attempts, "store", refusing)
    sent = [[phone.operation(cast)] for phone in phones]
    sent[1].append(bad)
    found = at_once(*(phone.send(*some) for phone, some in zip(phones, sent, strict=True)))
    assert found == [["stored"], ["stored", "failed"], ["stored"], ["stored"]]
    assert sizes == [4, 1, 1, 1, 1]
    assert total(cast) == (4, 4)
    assert attempts.drift() == {}


def test_a_database_that_is_busy_is_asked_once_for_all_of_them(
    cast: Cast, phones: list[Phone], at_once: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def busy(batches: Sequence[Any]) -> Any:
        asked.append(len(batches))
        raise OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))

    monkeypatch.setattr(sync, "_commit", busy)
    assert at_once(*(phone.send(phone.operation(cast)) for phone in phones)) == [503] * 4
    assert asked == [4]


def test_whoever_is_removed_meanwhile_is_a_stranger_and_the_others_are_counted(
    cast: Cast, phones: list[Phone], at_once: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    alva, dag, bo, _tab = phones
    work = sync._commit

    def removed_first(batches: Any) -> Any:
        if len(batches) > 1:
            for table in (Session, Device, Membership):
                db.session.execute(delete(table).where(table.person_id == dag.author))
            db.session.execute(delete(Person).where(Person.id == dag.author))
            db.session.commit()
        return work(batches)

    monkeypatch.setattr(sync, "_commit", removed_first)
    found = at_once(*(phone.send(phone.operation(cast)) for phone in (alva, dag, bo)))
    assert found == [["stored"], 401, ["stored"]]
    assert total(cast) == (2, 2)
