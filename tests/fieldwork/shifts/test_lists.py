"""Which shifts a phone is offered, and which are on a campaign's page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from canvass.core import db
from canvass.fieldwork import shifts, sign_ups
from canvass.members import access
from canvass.members.people import Person
from tests.cast import Cast, log, plan_shift

SignedIn = Callable[[Person], FlaskClient]


def test_a_phone_is_offered_the_shifts_around_now(cast: Cast) -> None:
    def hours(**when: Any) -> bool:
        shift = plan_shift(cast, **when)
        return shift in shifts.open_to(cast.alva, [cast.spring.id])

    assert hours(hours=35.9)
    assert not hours(hours=36.1)
    assert hours(hours=-13.9)
    assert not hours(hours=-14.1)


def test_a_phone_is_offered_its_associations_shifts_those_above_and_its_persons_own(cast: Cast) -> None:
    own = plan_shift(cast, hours=3)
    above = plan_shift(cast, owner=cast.norrkoping, hours=2)
    beside = plan_shift(cast, owner=cast.ektorp, hours=1)
    cancelled = plan_shift(cast)
    shifts.cancel(cancelled, by=cast.bo)
    assert shifts.open_to(cast.alva, [cast.spring.id]) == [above, own]
    shifts.sign_up(beside, cast.alva)
    assert shifts.open_to(cast.alva, [cast.spring.id]) == [beside, above, own]
    sign_ups.withdraw(beside.id, cast.alva)
    led = plan_shift(cast, owner=cast.ektorp, leader=cast.alva, hours=4)
    assert shifts.open_to(cast.alva, [cast.spring.id]) == [above, own, led]


def test_one_sees_what_one_leads_or_comes_to_wherever_it_is(cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast, owner=cast.ektorp)
    alva = signed_in(cast.alva)
    assert alva.get(f"/shifts/{shift.id}").status_code == 404
    shifts.sign_up(shift, cast.alva)
    assert alva.get(f"/shifts/{shift.id}").status_code == 200
    with pytest.raises(access.Forbidden):
        shifts.find(cast.alva, shift.id, "shift.plan")
    # Having said no, one is a stranger again, and told so on a page of one's own.
    assert alva.post(f"/shifts/{shift.id}/withdraw").headers["Location"] == "/me/shifts"
    assert alva.get(f"/shifts/{shift.id}").status_code == 404


def test_the_page_shows_what_is_to_come_by_day_and_what_has_been(cast: Cast, signed_in: SignedIn) -> None:
    plan_shift(cast, hours=30)
    been = plan_shift(cast, hours=-50)
    plan_shift(cast, owner=cast.norrkoping, hours=-100, lasts=3, channel="stall")
    log(cast, cast.alva, number=12, shift=been)
    log(cast, cast.alva, "not_home", 30, shift=been)
    page = signed_in(cast.alva).get(f"/campaigns/{cast.spring.id}/shifts").text
    assert re.findall(r"<h2>(.*?)</h2>", page) == ["fredag 8 maj", "Tidigare"]
    assert "12 samtal" in page
    assert "42 försök" in page
    assert "Torg" in page  # the municipal organisation's, which Alva may take part in
    assert "Nytt pass" not in page
    assert "Nytt pass" in signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/shifts").text


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    """What is asked of the database inside the block."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(db.db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.db.engine, "before_cursor_execute", note)


def test_a_page_of_many_shifts_asks_no_more_than_one_of_few(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)

    def asked() -> int:
        with counted_queries() as queries:
            assert bo.get(f"/campaigns/{cast.spring.id}/shifts").status_code == 200
        return len(queries)

    def plan(days: int) -> None:
        shift = plan_shift(cast, hours=24 * days, leader=cast.alva if days % 2 else cast.dag)
        shifts.sign_up(shift, cast.alva) if days > 0 else log(cast, cast.alva, shift=shift)

    for days in (-2, -1, 1, 2):
        plan(days)
    few = asked()
    for days in (*range(-20, -2), *range(3, 20)):
        plan(days)
    assert asked() <= few
