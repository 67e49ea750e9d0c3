"""Several who do the same thing at once: there is one of it, everybody is told in a sentence, on both engines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from canvass.board.earlier_years import imports
from canvass.board.earlier_years.models import EarlierResult
from canvass.core import db
from canvass.fieldwork.areas import Area
from canvass.members import joining
from canvass.members.joining import JoinLink
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, plan_shift
from tests.conftest import PATIENCE

SignedIn = Callable[[Person], FlaskClient]


@contextmanager
def meeting_before(table: str, number: int) -> Any:
    """On PostgreSQL the first `number` who insert into the table do so together: all have looked before anybody has.

    On SQLite one transaction that may write follows the other by itself.
    """
    together, came = threading.Barrier(number), []

    def wait(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if connection.dialect.name == "postgresql" and statement.startswith(f"INSERT INTO {table} "):
            came.append(statement)
            if len(came) <= number:
                together.wait(PATIENCE)

    event.listen(Engine, "before_cursor_execute", wait)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", wait)


def at_once(app: Flask, *calls: Callable[[], TestResponse]) -> list[TestResponse]:
    """What each was answered, all beginning at the same time."""
    answers: list[TestResponse] = []
    begin = threading.Barrier(len(calls))

    def run(call: Callable[[], TestResponse]) -> None:
        with app.app_context():
            begin.wait(PATIENCE)
            answers.append(call())

    db.session.commit()
    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return answers


def statuses(answers: list[TestResponse]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def test_two_children_of_one_name_become_one(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    form = {"kind": "association", "child": "Lindö s-förening"}
    clients = [signed_in(cast.adam) for _ in range(4)]
    posts = [partial(client.post, f"/organisations/{cast.norrkoping.id}/children", data=form) for client in clients]
    with meeting_before("organisations", 4):
        answers = at_once(app, *posts)
    assert statuses(answers) == [303, 422, 422, 422]
    assert sum("Det finns redan en organisation som heter Lindö" in answer.text for answer in answers) == 3
    assert db.session.scalar(select(func.count(Organisation.id)).where(Organisation.name == "Lindö s-förening")) == 1


def test_areas_without_a_code_get_one_each(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    clients = [signed_in(cast.bo) for _ in range(4)]
    posts = [
        partial(client.post, "/areas", data={"organisation": cast.hageby.id, "name": f"Område {number}"})
        for number, client in enumerate(clients)
    ]
    with meeting_before("areas", 4):
        assert statuses(at_once(app, *posts)) == [303] * 4
    codes = db.session.scalars(select(Area.code).where(Area.name.startswith("Område ")))
    assert sorted(codes) == ["1", "2", "3", "4"]


def test_an_import_that_several_confirm_is_taken_once(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    rows = [{"line": 2, "organisation": "Hageby s-förening", "year": "2022", "conversations": "7"}]
    kept = imports.keep(cast.norrkoping, rows, by=cast.bo).id
    clients = [signed_in(cast.bo) for _ in range(3)]
    answers = at_once(app, *(partial(client.post, f"/earlier-years/{kept}/confirm") for client in clients))
    assert statuses(answers) == [303] * 3
    assert db.session.scalar(select(func.count(EarlierResult.id))) == 1


@pytest.mark.parametrize("of_shift", [False, True])
def test_six_who_ask_for_a_link_at_once_get_the_same_one(
    app: Flask, cast: Cast, signed_in: SignedIn, of_shift: bool
) -> None:
    shift = plan_shift(cast)
    for link in db.session.scalars(select(JoinLink)):
        db.session.delete(link)
    address = f"/shifts/{shift.id}/link" if of_shift else f"/campaigns/{cast.spring.id}/join"
    clients = [signed_in(cast.bo) for _ in range(6)]
    with meeting_before("join_links", 6):
        answers = at_once(app, *(partial(c.post, address, data={"organisation": cast.hageby.id}) for c in clients))
    assert statuses(answers) == [303] * 6
    assert db.session.scalar(select(func.count(JoinLink.id))) == 1


@pytest.mark.parametrize("of_shift", [False, True])
def test_a_withdrawn_code_opens_nothing_however_many_withdrew_it(
    app: Flask, cast: Cast, signed_in: SignedIn, stranger: FlaskClient, of_shift: bool
) -> None:
    shift = plan_shift(cast)
    address = f"/shifts/{shift.id}/link" if of_shift else f"/campaigns/{cast.spring.id}/join"
    form = {"organisation": cast.hageby.id}
    signed_in(cast.bo).post(address, data=form)
    before = [joining.code(link, app.config["SECRET_KEY"]) for link in db.session.scalars(select(JoinLink))]
    clients = [signed_in(cast.bo) for _ in range(4)]
    answers = at_once(app, *(partial(c.post, address, data={**form, "withdraw": "yes"}) for c in clients))
    assert statuses(answers) == [303] * 4
    assert db.session.scalar(select(func.count(JoinLink.id)).where(JoinLink.withdrawn_at.is_(None))) == 1
    assert {stranger.get(f"/join/{code}").status_code for code in before} == {410}


def test_a_link_that_has_expired_makes_room_for_one_and_stays_expired(
    app: Flask, cast: Cast, signed_in: SignedIn, later: Callable[..., AbstractContextManager[None]]
) -> None:
    address, form = f"/campaigns/{cast.spring.id}/join", {"organisation": cast.hageby.id}
    signed_in(cast.bo).post(address, data=form)
    old = db.session.scalars(select(JoinLink)).one()
    with later(days=400):
        signed_in(cast.bo).post(address, data=form)
        joining.prolong(cast.spring.id, cast.spring.ends_on.replace(year=2029))
        working = db.session.scalars(select(JoinLink).where(JoinLink.withdrawn_at.is_(None))).all()
        assert [link.id == old.id for link in working] == [False]


def test_two_organisations_at_the_top_have_different_names(cast: Cast) -> None:
    db.session.add(Organisation(kind="district", name=cast.ostergotland.name, parent_id=None))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
