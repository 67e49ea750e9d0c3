"""Requests that come at the same time share a transaction, and none suffers from what is wrong with another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from canvass.core import db
from canvass.counting import attempts
from canvass.counting.attempts import Row
from canvass.members.devices import Device
from canvass.members.people import Membership, Person
from canvass.members.sessions import Session
from canvass.web.counting import sync
from tests.cast import Cast
from tests.counting.phone import Phone, total
from tests.crowds import Gate

SignedIn = Callable[[Person], FlaskClient]


@pytest.fixture
def gate(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Gate:
    found = Gate(sync._commit, sync.MOST_TOGETHER)
    monkeypatch.setitem(app.extensions, "sync", found.together)
    return found


@pytest.fixture
def phones(cast: Cast, signed_in: SignedIn) -> list[Phone]:
    return [Phone(signed_in(person), person.id) for person in (cast.alva, cast.dag, cast.bo, cast.alva)]


def at_once(gate: Gate, *callers: Callable[[], Any]) -> list[Any]:
    db.session.commit()  # reading the cast began a transaction, and on SQLite that one would be first in the queue
    return [each.result() for each in gate.gather(*callers)]


def sending(app: Flask, phone: Phone, *operations: dict[str, Any]) -> Callable[[], Any]:
    def send() -> Any:
        with app.app_context():
            answer = phone.send(*operations)
            if answer.status_code != 200:
                return answer.status_code
            return [each.get("code", each["verdict"]) for each in answer.json["results"]]

    return send


def test_a_crowd_shares_two_transactions(cast: Cast, app: Flask, gate: Gate, phones: list[Phone]) -> None:
    found = at_once(gate, *(sending(app, phone, phone.operation(cast), phone.operation(cast)) for phone in phones))
    assert found == [["stored", "stored"]] * 4
    assert gate.sizes == [1, 3]
    assert total(cast) == (8, 8)
    assert attempts.drift() == {}


def test_the_same_from_two_tabs_at_once_counts_once(cast: Cast, app: Flask, gate: Gate, phones: list[Phone]) -> None:
    alva, _dag, bo, tab = phones
    tab.install = alva.install
    same = alva.operation(cast)
    found = at_once(gate, *(sending(app, phone, same) for phone in (bo, alva, tab)))
    assert sorted(found) == [["duplicate"], ["duplicate"], ["stored"]]
    assert total(cast) == (1, 1)


def test_what_the_database_refuses_of_one_harms_nobody_else(
    cast: Cast, app: Flask, gate: Gate, phones: list[Phone], monkeypatch: pytest.MonkeyPatch
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
    found = at_once(gate, *(sending(app, phone, *some) for phone, some in zip(phones, sent, strict=True)))
    assert found == [["stored"], ["stored", "failed"], ["stored"], ["stored"]]
    assert total(cast) == (4, 4)
    assert attempts.drift() == {}


def test_whoever_is_removed_meanwhile_is_a_stranger_and_the_others_are_counted(
    cast: Cast, app: Flask, gate: Gate, phones: list[Phone]
) -> None:
    alva, dag, bo, _tab = phones

    work = gate._work

    def removed_first(batches: Any) -> Any:
        if len(batches) > 1:
            for table in (Session, Device, Membership):
                db.session.execute(delete(table).where(table.person_id == dag.author))
            db.session.execute(delete(Person).where(Person.id == dag.author))
            db.session.commit()
        return work(batches)

    gate._work = removed_first
    found = at_once(gate, *(sending(app, phone, phone.operation(cast)) for phone in (alva, dag, bo)))
    assert found == [["stored"], 401, ["stored"]]
    assert total(cast) == (2, 2)
