"""What a phone may forget follows the order of the database's commits, never the clock; and no restore is missed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, text
from sqlalchemy.exc import OperationalError

from canvass.core import clock, db, state
from canvass.counting.receipts import Operation
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW, engines
from tests.counting.phone import Phone

Later = Callable[..., Any]


@pytest.fixture
def phone(cast: Cast, signed_in: Callable[[Person], FlaskClient]) -> Phone:
    return Phone(signed_in(cast.alva), cast.alva.id)


def back_up() -> None:
    state.backup_is_verified(state.backup_begins())
    db.session.commit()


def test_what_arrives_after_the_clock_was_set_back_is_in_no_backup_yet(cast: Cast, phone: Phone, later: Later) -> None:
    with later(hours=1):
        phone.send(phone.operation(cast))
        back_up()
    settled = phone.send(phone.operation(cast)).json["now"]
    for hours in (0, 0.5, 1, 2):
        with later(hours=hours):
            answer = phone.send(phone.operation(cast)).json
            assert answer["durable_before"] <= settled
            assert phone.read("/api/v1/hello")["durable_before"] <= settled
    with later(hours=3):
        back_up()
        assert phone.send().json["durable_before"] == clock.text(NOW + timedelta(hours=3))


def test_nobody_is_told_of_a_backup_that_is_yet_to_come(cast: Cast, phone: Phone, later: Later) -> None:
    with later(hours=1):
        back_up()
    assert phone.read("/api/v1/hello")["durable_before"] is None
    assert phone.send().json["durable_before"] is None


def test_what_arrives_while_a_backup_is_taken_is_not_in_it(cast: Cast, phone: Phone, later: Later) -> None:
    """Its time was read before the backup began, or the clock was set back: it is committed after."""
    with later(minutes=1):
        token = state.backup_begins()
    settled = phone.send(phone.operation(cast)).json["now"]
    with later(minutes=2):
        state.backup_is_verified(token)
        db.session.commit()
        assert phone.send().json["durable_before"] <= settled


# On SQLite whoever writes waits for each other anyhow.
@pytest.mark.parametrize("engine_app", [each for each in engines() if each != "sqlite"], indirect=True)
def test_a_backup_waits_for_what_has_been_answered_but_not_committed(app: Flask) -> None:
    with db.db.engine.connect() as other:
        other.execute(text("UPDATE server_facts SET value = '7' WHERE name = 'epoch'"))
        db.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError):
            state.backup_begins()
    db.session.rollback()
    assert state.backup_begins()


def test_a_database_put_back_under_the_running_server_is_noticed(cast: Cast, phone: Phone) -> None:
    first, second, third = (phone.operation(cast) for _ in range(3))
    before = phone.send(first).json["epoch"]
    copy = state.order()
    back_up()
    phone.send(second)
    phone.send(third)
    # What a restore does, whoever does it and however.
    db.session.execute(delete(Operation).where(Operation.id.in_([second["op"], third["op"]])))
    db.session.execute(text("UPDATE server_facts SET value = :n WHERE name = 'received'"), {"n": str(copy.number)})
    db.session.commit()
    answer = phone.send().json
    assert answer["epoch"] != before
    assert answer["durable_before"] is None
    assert phone.send(first, second).json["epoch"] == answer["epoch"]
    assert phone.send(third).json["epoch"] == answer["epoch"]


def test_the_epoch_stays_while_nothing_is_put_back(cast: Cast, phone: Phone, app: Flask) -> None:
    epochs = {phone.send(*operations).json["epoch"] for operations in ([], [phone.operation(cast)], [], [])}
    again = phone.operation(cast)
    epochs |= {phone.send(again).json["epoch"], phone.send(again).json["epoch"]}
    state.begin(app.config["DATA"])
    assert epochs == {state.epoch()}


def test_a_mark_that_a_crash_cut_short_is_no_restore(cast: Cast, phone: Phone, app: Flask) -> None:
    mark = app.config["DATA"] / state.MARK
    for _ in range(3):
        phone.send(phone.operation(cast))
    whole, before = mark.read_bytes(), state.epoch()
    for left in range(len(whole)):
        for content in (whole[:left], whole[:left] + bytes(len(whole) - left), b"x" * left + whole[left:]):
            mark.write_bytes(content)
            state.begin(app.config["DATA"])
            assert state.epoch() == before, content
    mark.write_text("2026-05-06T16:30:00.000000+00:00")  # an earlier version's
    state.begin(app.config["DATA"])
    assert state.epoch() == before


@pytest.mark.parametrize(
    "cut", [lambda whole: whole[:64], lambda whole: whole[:70], lambda whole: b"x" * 64 + whole[64:]]
)
def test_half_a_mark_still_shows_a_restore(cast: Cast, phone: Phone, app: Flask, cut: Callable[[bytes], bytes]) -> None:
    mark = app.config["DATA"] / state.MARK
    for _ in range(4):
        phone.send(phone.operation(cast))
    before = state.epoch()
    mark.write_bytes(cut(mark.read_bytes()))
    state.begin(app.config["DATA"])
    assert state.epoch() == before
    for _ in range(4):
        phone.send(phone.operation(cast))
    mark.write_bytes(cut(mark.read_bytes()))
    lost = {"n": str(state.order().number - 2)}
    db.session.execute(text("UPDATE server_facts SET value = :n WHERE name = 'received'"), lost)
    state.begin(app.config["DATA"])
    assert state.epoch() != before


def test_an_operator_tells_of_a_dump_that_was_verified(cast: Cast, phone: Phone, app: Flask) -> None:
    run = app.test_cli_runner().invoke
    word = run(args=["canvass", "dump-begins"]).output.strip()
    assert phone.send(phone.operation(cast)).json["durable_before"] is None
    assert run(args=["canvass", "dump-verified", word]).exit_code == 0
    assert phone.send().json["durable_before"] == clock.text(NOW)
    for wrong in (word, "0123456789abcdef"):
        refused = run(args=["canvass", "dump-verified", wrong])
        assert (refused.exit_code, "dump-begins" in refused.output) == (1, True)
    lost = run(args=["canvass", "dump-begins"]).output.strip()
    state.new_epoch()
    db.session.commit()
    assert run(args=["canvass", "dump-verified", lost]).exit_code == 1
