"""Whatever the database answers, nobody gets a plain 500: a phone is told when to try again, a person in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from flask import Flask, has_request_context
from flask.testing import FlaskClient
from sqlalchemy import Engine, event
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NoResultFound,
    OperationalError,
    PendingRollbackError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.orm.exc import StaleDataError

from canvass.core import db
from canvass.members.people import Person
from tests.cast import Cast
from tests.members.access_table import TABLE
from tests.members.test_access import world  # noqa: F401 a fixture
from tests.members.world import World
from tests.web.browsing import batch

SignedIn = Callable[[Person], FlaskClient]


class Deadlock(Exception):
    """What a driver raises for one."""

    sqlstate = "40P01"


def raised(kind: type[SQLAlchemyError]) -> SQLAlchemyError:
    if issubclass(kind, DBAPIError):
        return kind("INSERT …", {}, Deadlock("deadlock detected"))
    return kind("somebody's secret")


KINDS: list[type[SQLAlchemyError]] = [
    OperationalError,
    IntegrityError,
    InternalError,
    InterfaceError,
    ProgrammingError,
    NoConnection,
    StaleDataError,
    PendingRollbackError,
    NoResultFound,
]


@contextmanager
def failing(kind: type[SQLAlchemyError], at: int) -> Iterator[list[int]]:
    """The database fails once, at the statement with this number, or for -1 at the commit; yields what failed."""
    failed: list[int] = []
    number, dialect = 0, db.db.engine.dialect
    do_commit = dialect.do_commit

    def statement(*_call: Any) -> None:
        nonlocal number
        number += has_request_context()
        if number == at + 1 and not failed:
            failed.append(number)
            raise raised(kind)

    def commit(connection: Any) -> None:
        if has_request_context() and not failed:
            failed.append(-1)
            raise getattr(dialect.loaded_dbapi, kind.__name__, dialect.loaded_dbapi.OperationalError)("no space left")
        do_commit(connection)

    event.listen(Engine, "before_cursor_execute", statement)
    try:
        with mock.patch.object(dialect, "do_commit", commit if at < 0 else do_commit):
            yield failed
    finally:
        event.remove(Engine, "before_cursor_execute", statement)


def test_no_error_of_the_database_reaches_anybody_as_a_server_error(app: Flask, world: World) -> None:  # noqa: F811
    """Every route, with another kind of error at the first statements, at later ones and at the commit."""
    answers, fired = {}, 0
    for place, row in enumerate(TABLE):
        for step, at in enumerate((-1, 0, 1, 4, 9, 16)):
            kind = KINDS[(place + step) % len(KINDS)]
            with failing(kind, at) as failed:
                status = world.answer("admin", row, "own")
            fired += bool(failed)
            if status >= 500 and status != 503:
                answers[row, at, kind.__name__] = status
    assert answers == {}
    assert fired > 3 * len(TABLE)  # so the errors did come


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_keeps_what_it_sent_and_is_told_when_to_send_again(
    cast: Cast, signed_in: SignedIn, kind: type[SQLAlchemyError]
) -> None:
    alva = signed_in(cast.alva)
    body = batch(cast.alva)
    for at in (-1, 0, 2, 3):
        with failing(kind, at) as failed:
            answer = alva.post("/api/v1/sync", json=body, headers={"X-Sync": "1"})
        assert failed
        if answer.status_code != 200:  # some are tried again by the server itself
            assert answer.json is not None
            assert answer.json["error"] == "busy"
            assert answer.json["seconds"] == int(answer.headers["Retry-After"]) > 0
            assert "secret" not in answer.text
        cast.refresh()


def test_an_error_page_that_asks_in_vain_says_to_come_back(cast: Cast, signed_in: SignedIn) -> None:
    """A page that is not there is looked for while the database is away."""
    bo = signed_in(cast.bo)
    for at in range(6):
        with failing(OperationalError, at):
            answer = bo.get("/campaigns/nothing")
        assert answer.status_code in (404, 503)


def test_two_who_save_the_same_at_once_get_a_sentence(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    with failing(IntegrityError, -1):
        answer = bo.post("/me", data={"name": "Bosse"})
    assert answer.status_code == 409
    assert "Någon annan sparade samma sak just nu" in answer.text
