"""Outings: who is out now without names, what the latest shifts gave, and who was where."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from canvass.core import clock
from canvass.fieldwork import areas, shifts
from canvass.insight import outings
from canvass.members import organisations, people
from canvass.members.people import Person
from tests.cast import Cast, log, plan_shift, send_out
from tests.conftest import NOW

SignedIn = Callable[[Person], FlaskClient]


def test_whoever_leads_sees_every_phone_and_others_only_how_many(cast: Cast, signed_in: SignedIn) -> None:
    vega = people.add("Vega Lind", cast.hageby)
    people.grant(vega, "volunteer", cast.hageby)
    shift = plan_shift(cast, hours=-1, leader=vega)
    send_out(shift, cast.alva, minutes_ago=5, pending=3)
    send_out(shift, cast.dag, minutes_ago=20, missing=2)
    log(cast, cast.alva, number=7, shift=shift)
    for who in (cast.bo, vega):
        page = signed_in(who).get(f"/shifts/{shift.id}").text
        rows = re.findall(r'<tr><th scope="row">(.*?)</th>' + '<td class="num">(.*?)</td>' * 3, page)
        assert rows == [("Alva", "3", "18:25", "17:50"), ("Dag", "2", "18:10", "17:50")], who.name
    for who in (cast.alva, cast.cia):
        page = signed_in(who).get(f"/shifts/{shift.id}").text
        assert "Dag" not in page
        assert re.findall(r'class="figure-value">(\d+)', page) == ["7", "7", "2", "5"], who.name


def test_out_now_is_what_is_under_way_without_names(cast: Cast, app: Flask) -> None:
    on = plan_shift(cast, hours=-1)
    plan_shift(cast, hours=2)
    plan_shift(cast, hours=-5)
    shifts.cancel(plan_shift(cast, hours=-1), by=cast.bo)
    soon = plan_shift(cast, owner=cast.ektorp, hours=0.4)
    send_out(on, cast.alva, pending=3)
    send_out(on, cast.dag, minutes_ago=1, missing=1)
    here = organisations.beneath(cast.norrkoping.id)
    found = outings.out_now(cast.spring, here)
    assert [(one.shift, one.phones, one.unsent) for one in found] == [(on, 2, 4), (soon, 0, 0)]
    assert found[0].heard_at == NOW - timedelta(minutes=1)
    assert outings.out_now(cast.spring, organisations.beneath(cast.linkoping.id)) == []
    with app.test_request_context():
        part = app.jinja_env.get_template("shifts/_out_now.html").render(out_now=found)
    assert "2 telefoner ute · 4 inte skickade än" in part
    assert "Alva" not in part
    assert "Dag" not in part


def test_the_log_says_which_association_was_where_on_which_evening(cast: Cast, signed_in: SignedIn) -> None:
    plan_shift(cast, hours=-50, ground=[cast.hageby_north, cast.hageby_south])
    log(cast, cast.alva, number=5, area=cast.hageby_north, days_ago=2)
    log(cast, cast.alva, "not_home", 20, area=cast.hageby_north, days_ago=2)
    log(cast, cast.dag, number=2, area=cast.hageby_north, days_ago=2, channel="phone")
    log(cast, cast.dag, number=9, area=cast.ektorp_hill, days_ago=20)
    log(cast, cast.alva, number=1, days_ago=2)  # nowhere
    page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/visits").text
    cell = r"\s*<t[hd][^>]*>(?:<a[^>]*>)?(.*?)(?:</a>)?</t[hd]>"
    rows = [row for row in re.findall(rf"<tr>{cell * 5}", page) if row[0] != "Område"]
    assert re.findall(r"<h2>(.*?)</h2>", page)[:1] == ["måndag 4 maj"]
    assert rows == [
        ("Hageby norra", "Ektorp s-förening", "–", "2", "2"),
        ("Hageby norra", "Hageby s-förening", "Dörr", "5", "25"),
    ]
    assert "Alva" not in page


def test_the_log_is_narrowed_by_area_by_days_and_to_ones_own(cast: Cast) -> None:
    log(cast, cast.alva, area=cast.hageby_north)
    log(cast, cast.dag, area=cast.hageby_north, days_ago=1)
    log(cast, cast.dag, area=cast.ektorp_hill)
    today = clock.today()

    def found(node: Any, first: date, area: areas.Area | None = None, most: int = 400) -> tuple[list[str], bool]:
        here = organisations.beneath(node.id)
        rows, has_more = outings.visits(cast.spring, here, first, today, area.id if area else None, most)
        return [f"{row.area.code} {row.organisation.name[0]}" for row in rows], has_more

    long_ago = today - timedelta(days=9)
    assert found(cast.norrkoping, long_ago) == (["E1 E", "H1 H", "H1 E"], False)
    assert found(cast.norrkoping, today) == (["E1 E", "H1 H"], False)
    assert found(cast.norrkoping, long_ago, cast.hageby_north) == (["H1 H", "H1 E"], False)
    assert found(cast.hageby, long_ago) == (["H1 H"], False)
    assert found(cast.norrkoping, long_ago, most=3)[1] is False
    assert found(cast.norrkoping, long_ago, most=2)[1] is True
    assert found(cast.linkoping, long_ago) == ([], False)


def test_the_forecast_learns_what_is_planned_and_what_came_of_the_latest(cast: Cast) -> None:
    here = organisations.beneath(cast.norrkoping.id)
    plan_shift(cast, hours=30, expected=40)
    plan_shift(cast, hours=30, owner=cast.ektorp)
    shifts.cancel(plan_shift(cast, hours=30, expected=7), by=cast.bo)
    been = plan_shift(cast, hours=-50)
    long_ago = plan_shift(cast, hours=-500)
    empty = plan_shift(cast, hours=-80, owner=cast.ektorp)
    log(cast, cast.alva, number=12, shift=been)
    log(cast, cast.alva, "not_home", 30, shift=been)
    tomorrow = clock.local_day(NOW + timedelta(hours=30))
    # Those that have been are in the plan as they were: else its line would change behind us every day.
    days = [(clock.local_day(shift.starts_at), None) for shift in (long_ago, empty, been)]
    assert sorted(shifts.planned(cast.spring, here), key=str) == [*days, (tomorrow, 40), (tomorrow, None)]
    since = clock.today() - timedelta(days=10)
    assert sorted(outings.recent(cast.spring, here, since)) == [
        (clock.local_day(empty.starts_at), 0),
        (clock.local_day(been.starts_at), 12),
    ]
    assert outings.recent(cast.spring, organisations.beneath(cast.linkoping.id), since) == []
