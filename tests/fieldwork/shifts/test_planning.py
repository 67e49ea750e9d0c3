"""A shift is planned in under a minute: what the form begins with, what it takes and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import clock, db
from canvass.core.refusals import Refused
from canvass.fieldwork import areas, shifts, sign_ups, suggestions, trainings
from canvass.fieldwork.shifts import Shift
from canvass.members.people import Person
from tests.cast import Cast, plan_shift
from tests.conftest import NOW
from tests.fieldwork.shifts.common import form, the_shift

SignedIn = Callable[[Person], FlaskClient]
Later = Callable[..., Any]


def test_a_shift_is_planned_with_way_time_and_area_and_nothing_more(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    answer = bo.post(f"/campaigns/{cast.spring.id}/shifts", data=form(cast))
    shift = the_shift()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/shifts/{shift.id}")
    assert (shift.channel, shift.organisation_id, shift.areas) == ("door", cast.hageby.id, [cast.hageby_north])
    assert shift.starts_at == datetime(2026, 5, 9, 11, tzinfo=clock.ZONE)
    assert shift.ends_at == datetime(2026, 5, 9, 13, tzinfo=clock.ZONE)
    assert (shift.leader_id, shift.wanted, shift.place) == (None, None, "")
    page = bo.get(f"/shifts/{shift.id}").text
    assert "Dörr · Hageby norra" in page
    assert "lördag 9 maj 11:00–13:00" in page
    assert "I området" in page


def test_everything_about_a_shift_can_be_said(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    filled = form(cast, place=" Hageby  centrum ", coordinates="58.5877, 16.1924", leader=cast.alva.id, wanted="6")
    filled |= {"expected": "1 200", "script": "Hej!", "points": "Skolan.\nVården."}
    assert bo.post(f"/campaigns/{cast.spring.id}/shifts", data=filled).status_code == 303
    shift = the_shift()
    assert (shift.place, shift.latitude, shift.longitude) == ("Hageby centrum", 58.5877, 16.1924)
    assert (shift.leader, shift.wanted, shift.expected, shift.script) == (cast.alva, 6, 1200, "Hej!")
    page = bo.get(f"/shifts/{shift.id}").text
    assert 'value="Hageby centrum, 58.5877, 16.1924" readonly' in page
    assert 'href="https://www.openstreetmap.org/?mlat=58.5877&amp;mlon=16.1924#map=17/58.5877/16.1924"' in page
    for system, start in (
        ("Linux; Android 15", "geo:58.5877,"),
        ("iPhone; CPU", "https://maps.apple.com/?ll=58.5877,"),
    ):
        agent = {"User-Agent": f"Mozilla/5.0 ({system})"}
        assert f'href="{start}16.1924' in bo.get(f"/shifts/{shift.id}", headers=agent).text
    assert "0 av 6 anmälda" in page
    assert "Skolan.\nVården." in page
    assert "<dd>Alva</dd>" in page


# The clocks go back in the night to 25 October and forward in the night to 28 March.
@pytest.mark.parametrize(
    ("day", "begins", "ends", "hours"),
    [
        ("2026-05-09", "22:00", "02:00", 4),
        ("2026-10-24", "22:00", "04:00", 7),
        ("2027-03-27", "22:00", "04:00", 5),
        ("2027-03-27", "12:00", "04:30", 15.5),
    ],
)
def test_a_shift_may_end_after_midnight_and_is_as_long_as_it_is(
    cast: Cast, signed_in: SignedIn, day: str, begins: str, ends: str, hours: float
) -> None:
    cast.spring.ends_on = date(2027, 12, 31)
    bo = signed_in(cast.bo)
    times = {"held_on": day, "begins": begins, "ends": ends}
    assert bo.post(f"/campaigns/{cast.spring.id}/shifts", data=form(cast, **times)).status_code == 303
    shift = the_shift()
    assert shift.ends_at - shift.starts_at == timedelta(hours=hours)
    assert f"{begins}–{ends}" in bo.get(f"/shifts/{shift.id}").text
    again = bo.get(f"/shifts/{shift.id}/edit").text
    assert all(f'value="{value}"' in again for value in times.values())


def test_the_longest_shift_is_measured_in_hours_that_pass(cast: Cast, signed_in: SignedIn) -> None:
    cast.spring.ends_on = date(2027, 12, 31)
    autumn = form(cast, held_on="2026-10-24", begins="12:30", ends="04:00")
    answer = signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/shifts", data=autumn)
    assert answer.status_code == 422
    assert "högst 16 timmar" in answer.text


# A form is read the same whatever the database, so on one engine.
@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channel": "smoke"}, "channel"),
        ({"held_on": ""}, "held_on"),
        ({"held_on": "igår"}, "held_on"),
        ({"held_on": "2027-05-09"}, "held_on"),
        ({"begins": ""}, "held_on"),
        ({"begins": "elva"}, "begins"),
        ({"ends": "10:59"}, "ends"),
        ({"begins": "05:00", "ends": "21:01"}, "ends"),
        ({"areas": []}, "areas"),
        ({"place": "x" * 201}, "place"),
        ({"coordinates": "58.5877"}, "coordinates"),
        ({"leader": "nobody"}, "leader"),
        ({"wanted": "0"}, "wanted"),
        ({"wanted": "många"}, "wanted"),
        ({"expected": "-1"}, "expected"),
        ({"script": "x" * 5001}, "script"),
        ({"points": "x" * 5001}, "points"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    cast: Cast, signed_in: SignedIn, changes: dict[str, Any], field: str
) -> None:
    filled = form(cast, **{"points": "Argument som tog tid", **changes})
    answer = signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/shifts", data=filled)
    assert answer.status_code == 422
    assert f'id="f-{field}-wrong"' in answer.text
    assert f'id="f-{field}"' in answer.text
    assert filled["points"] in answer.text
    assert f'value="{cast.hageby_north.id}" checked' in answer.text or not filled["areas"]
    assert list(db.session.scalars(select(Shift))) == []


def test_a_telephone_shift_needs_no_area(cast: Cast) -> None:
    facts = shifts.Facts("phone", NOW, NOW + timedelta(hours=1), area_ids=[])
    shift = shifts.plan(cast.spring, cast.hageby, facts, by=None)
    assert shift.ground == ""


def test_another_partys_ground_cannot_be_given_out(cast: Cast) -> None:
    elsewhere = areas.add(cast.partille, name="Sävedalen", by=cast.esa)
    with pytest.raises(Refused) as refused:
        plan_shift(cast, ground=[elsewhere])
    assert list(refused.value.errors) == ["areas"]
    with pytest.raises(Refused, match="inte med i kampanjen"):
        plan_shift(cast, owner=cast.partille)


def test_nothing_is_planned_in_a_closed_campaign(cast: Cast) -> None:
    cast.spring.closing_at = clock.now()
    with pytest.raises(Refused, match="avslutad"):
        plan_shift(cast)


def test_a_leader_can_only_be_chosen_among_ones_own(cast: Cast, signed_in: SignedIn) -> None:
    """Else the form would answer who somebody elsewhere is."""
    answer = signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/shifts", data=form(cast, leader=cast.esa.id))
    assert answer.status_code == 422
    assert trainings.leaders_to_choose(cast.norrkoping, by=cast.bo) == [cast.alva, cast.bo, cast.cia, cast.dag]
    assert trainings.leaders_to_choose(cast.hageby, by=cast.bo) == [cast.alva, cast.bo]


def test_the_form_begins_with_the_next_full_hour(cast: Cast, signed_in: SignedIn, later: Later) -> None:
    suggested = suggestions.next_shift(cast.spring, cast.hageby)  # 18:30 in Sweden
    assert (suggested["day"], suggested["from"].hour, suggested["to"].hour) == (date(2026, 5, 6), 19, 21)
    with later(hours=2):
        assert (suggestions.next_shift(cast.spring, cast.hageby)["day"], suggested["channel"]) == (
            date(2026, 5, 7),
            "door",
        )
    with later(hours=7):  # in the middle of the night
        night = suggestions.next_shift(cast.spring, cast.hageby)
        assert (night["day"], night["from"].hour) == (date(2026, 5, 7), 18)
    page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/shifts/new?at={cast.hageby.id}").text
    assert 'value="2026-05-06"' in page
    assert 'value="19:00"' in page


def test_the_form_begins_with_what_the_organisation_did_last(cast: Cast, signed_in: SignedIn, later: Later) -> None:
    plan_shift(cast, channel="stall", place="Torget", ground=[cast.hageby_south], wanted=4, leader=cast.alva)
    plan_shift(cast, owner=cast.ektorp, channel="phone", hours=40)
    with later(days=10):
        page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/shifts/new?at={cast.hageby.id}").text
    assert 'value="2026-05-20"' in page  # the same day of the week
    assert 'value="19:30"' in page
    assert re.search(r'value="stall" checked', page)
    assert f'value="{cast.hageby_south.id}" checked' in page
    assert f'value="{cast.hageby_north.id}" checked' not in page
    assert 'value="Torget"' in page
    assert f'value="{cast.alva.id}" selected' in page


def test_a_copy_is_of_the_one_that_was_asked_for(cast: Cast, signed_in: SignedIn) -> None:
    first = plan_shift(cast, place="Biblioteket")
    plan_shift(cast, place="Torget", hours=50)
    page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/shifts/new?copy={first.id}").text
    assert 'value="Biblioteket"' in page


def test_a_shift_is_changed_and_its_link_follows(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast)
    link = shifts.link(shift, app.config["SECRET_KEY"])
    bo = signed_in(cast.bo)
    assert 'value="19:30"' in bo.get(f"/shifts/{shift.id}/edit").text
    answer = bo.post(f"/shifts/{shift.id}/edit", data=form(cast, begins="18:00", ends="21:00", place="Skolan"))
    assert answer.headers["Location"] == f"/shifts/{shift.id}"
    db.session.refresh(shift)
    db.session.refresh(link)
    assert (shift.place, clock.local_day(shift.starts_at)) == ("Skolan", date(2026, 5, 9))
    assert link.expires_at == shift.ends_at + shifts.LATE
    assert bo.post(f"/shifts/{shift.id}/edit", data=form(cast, ends="10:00")).status_code == 422


def test_a_cancelled_shift_is_struck_out_and_nobody_can_sign_up(cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast)
    assert signed_in(cast.bo).post(f"/shifts/{shift.id}/cancel").status_code == 303
    alva = signed_in(cast.alva)
    assert "<s>19:30–21:30</s>" in alva.get(f"/campaigns/{cast.spring.id}/shifts").text
    assert "Passet är inställt." in alva.get(f"/shifts/{shift.id}").text
    alva.post(f"/shifts/{shift.id}/sign-up")
    assert sign_ups.coming(shift.id) == []


def test_from_the_map_the_form_knows_the_area_and_the_advice(cast: Cast, signed_in: SignedIn) -> None:
    bo, address = signed_in(cast.bo), f"/campaigns/{cast.spring.id}/shifts/new?at={cast.hageby.id}"
    page = bo.get(f"{address}&area={cast.hageby_north.id}").text  # high-rise: the square is advised
    assert re.search(rf'value="{cast.hageby_north.id}"[^>]* checked', page)
    assert re.search(r'value="stall"[^>]* checked', page)
    assert "råd: torg" in page
    assert not re.search(rf'value="{cast.hageby_south.id}"[^>]* checked', page)
    assert bo.get(f"{address}&area={db.new_id()}").status_code == 404
