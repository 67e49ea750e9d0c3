"""What the database itself must promise, on both engines."""

from __future__ import annotations

import re
import threading
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from canvass import cli
from canvass.core import db, settings, sqlite
from canvass.core import engines as kinds
from canvass.core.db import new_id
from canvass.counting import tallies
from canvass.members import organisations
from canvass.members.organisations import Organisation
from tests.cast import Cast
from tests.conftest import NOW, PATIENCE, engines


def test_the_engine_keeps_what_it_is_given(app: Flask) -> None:
    assert kinds.complaints(db.db.engine) == []


def test_a_server_that_could_lose_work_does_not_start(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "complaints", lambda engine: ["synchronous is 0."])
    db.session.commit()
    with pytest.raises(RuntimeError, match="synchronous is 0"):
        cli.bring_up_to_date(app)


CARELESS = {"sqlite": "PRAGMA synchronous=OFF", "postgresql": "SET synchronous_commit TO off"}


@pytest.mark.parametrize(
    ("engine_app", "statement"), [(engine, CARELESS[engine]) for engine in engines()], indirect=["engine_app"]
)
def test_a_careless_engine_is_complained_of(app: Flask, statement: str) -> None:
    db.session.rollback()
    db.db.engine.dispose()

    def be_careless(connection: Any, _record: object) -> None:
        connection.execute(statement)
        connection.commit()

    event.listen(db.db.engine, "connect", be_careless)
    try:
        assert re.split("[ =]", statement)[1] in kinds.complaints(db.db.engine)[0]
    finally:
        event.remove(db.db.engine, "connect", be_careless)
        db.db.engine.dispose()


def test_a_reading_transaction_refuses_to_write(app: Flask) -> None:
    db.session.rollback()
    db.read_only()
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        organisations.add("district", "Dalarna", None)
    db.session.rollback()
    assert organisations.add("district", "Dalarna", None).id  # the promise ends with the transaction


def test_a_note_aside_is_kept_and_the_promise_to_read_too(app: Flask) -> None:
    db.session.rollback()
    db.read_only()
    db.note_aside(lambda: organisations.add("district", "Dalarna", None))
    assert db.is_reading()
    db.session.rollback()
    assert db.session.scalar(select(Organisation.name)) == "Dalarna"


def test_foreign_keys_hold(app: Flask) -> None:
    db.session.add(organisations.Organisation(kind="association", name="Utan hem", parent_id=new_id()))
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_concurrent_increments_all_survive(app: Flask, cast: Cast) -> None:
    campaign_id, organisation_id = cast.spring.id, cast.hageby.id
    db.session.commit()  # reading the ids began a transaction, and on SQLite that one would be first in the queue
    writers, each = 6, 10
    problems: list[Exception] = []

    def write() -> None:
        try:
            with app.app_context():
                for _ in range(each):
                    cells = tallies.cells(campaign_id, organisation_id, None, "door", NOW, [], "talked")
                    db.repeat(partial(tallies.move, dict.fromkeys(cells, 1)))
        except DBAPIError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    total = tallies.total(campaign_id, organisations.beneath(organisation_id))
    assert total == (writers * each, writers * each)
    assert tallies.pulse(campaign_id) == writers * each


def test_what_the_database_asks_to_do_again_is_done_again(app: Flask) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    tries = []

    def work() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise DBAPIError("…", {}, Deadlock())
        return "done"

    assert db.repeat(work) == "done"
    assert len(tries) == 3


def test_other_errors_are_not_hidden_by_trying_again(app: Flask) -> None:
    with pytest.raises(IntegrityError):
        db.repeat(
            lambda: db.session.execute(
                text("INSERT INTO topics (id, campaign_id, name, position) VALUES ('x', 'y', 'z', 1)")
            )
        )


def test_ids_grow_with_time_and_are_uuid_version_7() -> None:
    ids = [new_id() for _ in range(100)]
    assert len(set(ids)) == 100
    assert {i[14] for i in ids} == {"7"}
    assert {i[19] for i in ids} <= set("89ab")
    assert [i[:13] for i in ids] == sorted(i[:13] for i in ids)
    assert all(db.is_id(i) for i in ids)
    assert not any(db.is_id(other) for other in (ids[0].upper(), "x", None))


def test_a_naive_time_is_refused(app: Flask, cast: Cast) -> None:

    cast.spring.opened_at = datetime(2026, 5, 1)  # noqa: DTZ001
    with pytest.raises(Exception, match="must be aware"):
        db.session.flush()


def test_the_data_folder_is_made_and_its_secrets_are_private(tmp_path: Path) -> None:

    first = settings.secret(tmp_path / "new", "key")
    assert first == settings.secret(tmp_path / "new", "key")
    assert (tmp_path / "new" / "secrets.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("ending", ["commit", "rollback", "close", "remove"])
def test_however_a_writer_ends_the_next_one_has_its_turn(app: Flask, ending: str) -> None:
    db.session.execute(text("SELECT 1"))  # not promised to be reading, so it has the turn
    getattr(db.session, ending)()
    has_written = threading.Event()

    def write() -> None:
        with app.app_context():
            db.repeat(lambda: organisations.add("district", "Dalarna", None))
            has_written.set()

    next_one = threading.Thread(target=write)
    next_one.start()
    next_one.join(PATIENCE)
    assert has_written.is_set()


def test_a_page_sees_the_database_at_one_moment(app: Flask, cast: Cast) -> None:
    """Else a table that is read a little later would count what the total above it does not."""
    hageby = cast.hageby.id
    db.session.commit()
    db.read_only()
    names = select(Organisation.name).where(Organisation.id == hageby)
    assert db.session.scalar(names) == "Hageby s-förening"

    def rename() -> None:
        with app.app_context():
            db.repeat(lambda: setattr(db.session.get_one(Organisation, hageby), "name", "Navestads s-förening"))

    other = threading.Thread(target=rename)
    other.start()
    if db.db.engine.dialect.name == "postgresql" or sqlite.WAL_IS_SAFE:
        other.join()
        assert db.session.scalar(names) == "Hageby s-förening"
    db.session.commit()  # on an SQLite without WAL a writer waits for who reads
    other.join()
    assert db.session.scalar(names) == "Navestads s-förening"
