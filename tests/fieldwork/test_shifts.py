"""Shifts: planned in under a minute, joined by a code at the meeting point, followed, and summed up."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from canvass.core import clock, db
from canvass.core.refusals import Refused
from canvass.fieldwork import areas, meeting_points, shifts, sign_ups, trainings
from canvass.fieldwork.shifts import Shift
from canvass.fieldwork.sign_ups import SignUp
from canvass.members import access, devices, joining, organisations, people
from canvass.members.people import Person
from tests.cast import Cast, log, plan_shift, send_out, square
from tests.conftest import NOW, browser

SignedIn = Callable[[Person], FlaskClient]
Later = Callable[..., Any]


def form(cast: Cast, **changes: Any) -> dict[str, Any]:
    """A form filled in with the least that is needed, and `changes`."""
    filled = {"organisation": cast.hageby.id, "channel": "door", "held_on": "2026-05-09", "begins": "11:00"}
    return filled | {"ends": "13:00", "areas": [cast.hageby_north.id]} | changes


def the_shift() -> Shift:
    return db.session.scalars(select(Shift)).one()


# --- planning -----------------------------------------------------------------------------------------------


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
    assert 'href="geo:58.5877,16.1924"' in page
    assert "0 av 6 anmälda" in page
    assert "Skolan.\nVården." in page
    assert "<dd>Alva</dd>" in page


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
    suggested = shifts.suggestion(cast.spring, cast.hageby)  # 18:30 in Sweden
    assert (suggested["day"], suggested["from"].hour, suggested["to"].hour) == (date(2026, 5, 6), 19, 21)
    with later(hours=2):
        assert (shifts.suggestion(cast.spring, cast.hageby)["day"], suggested["channel"]) == (date(2026, 5, 7), "door")
    with later(hours=7):  # in the middle of the night
        night = shifts.suggestion(cast.spring, cast.hageby)
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


# --- where --------------------------------------------------------------------------------------------------


def test_the_nearest_areas_come_first_with_their_distance(cast: Cast, signed_in: SignedIn) -> None:
    cast.hageby_north.outline = square(16.20, 58.60)
    cast.hageby_south.outline = square(16.20, 58.50)
    found = meeting_points.near([cast.hageby_north, cast.ektorp_hill, cast.hageby_south], 58.5, 16.2)
    assert [area for area, _away in found] == [cast.hageby_south, cast.hageby_north, cast.ektorp_hill]
    assert [round((away or 0) / 100) for _area, away in found] == [6, 117, 0]
    assert found[2][1] is None
    assert [a for a, _away in meeting_points.near([cast.hageby_north], None, None)] == [cast.hageby_north]

    filled = form(cast, coordinates="58.5, 16.2", areas=[], near="yes", points="Det jag skrev")
    answer = signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/shifts", data=filled)
    assert answer.status_code == 200
    assert "Det jag skrev" in answer.text
    listed = answer.text.split("data-meeting")[0]  # below it they are on the map
    assert re.findall(r"Hageby (?:norra|södra)|\d[\d,]* k?m bort", listed) == [
        "Hageby södra", "600 m bort", "Hageby norra", "11,7 km bort",
    ]  # fmt: skip
    assert list(db.session.scalars(select(Shift))) == []


def test_without_a_place_one_meets_in_the_area(cast: Cast) -> None:
    shift = plan_shift(cast, ground=[cast.hageby_north, cast.hageby_south])
    assert meeting_points.position(shift) is None
    cast.hageby_south.outline = square(16.20, 58.50)
    db.session.flush()
    assert meeting_points.position(shift) == (58.505, 16.205)
    assert meeting_points.words(shift) == "Hageby norra, Hageby södra"
    placed = plan_shift(cast, place="Torget", latitude=58.1, longitude=16.1)
    assert (meeting_points.position(placed), meeting_points.words(placed)) == ((58.1, 16.1), "Torget")


def test_nobody_is_asked_for_addresses_until_the_operator_names_a_service(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo, filled = signed_in(cast.bo), form(cast, place="Drottninggatan 2", near="yes", points="Det jag skrev")
    answer = bo.post(f"/campaigns/{cast.spring.id}/shifts", data=filled)
    assert (answer.status_code, 'id="f-coordinates-wrong"' in answer.text) == (422, True)
    # A service that does not answer: a sentence, and nothing lost. What one answers is in test_places.py.
    monkeypatch.setitem(app.config, "GEOCODER", "nominatim:http://127.0.0.1:9")
    answer = bo.post(f"/campaigns/{cast.spring.id}/shifts", data=filled)
    assert (answer.status_code, 'id="f-place-wrong"' in answer.text) == (422, True)
    assert "Det jag skrev" in answer.text
    assert 'value="Drottninggatan 2"' in answer.text


# --- signing up and coming in -------------------------------------------------------------------------------


def test_signing_up_is_one_tap_and_twice_is_once(cast: Cast, signed_in: SignedIn) -> None:
    shift, alva = plan_shift(cast, wanted=3), signed_in(cast.alva)
    assert "Jag kommer<" in alva.get(f"/shifts/{shift.id}").text
    for _ in range(2):
        assert alva.post(f"/shifts/{shift.id}/sign-up").status_code == 303
    assert sign_ups.coming(shift.id) == [cast.alva]
    assert sign_ups.numbers([shift.id]) == {shift.id: 1}
    assert "1 av 3 anmälda" in alva.get(f"/shifts/{shift.id}").text
    assert "du är med" in alva.get(f"/campaigns/{cast.spring.id}/shifts").text
    alva.post(f"/shifts/{shift.id}/withdraw")
    assert sign_ups.coming(shift.id) == []
    alva.post(f"/shifts/{shift.id}/sign-up")
    assert [row.withdrawn_at for row in db.session.scalars(select(SignUp))] == [None]


def test_only_whoever_leads_sees_who_comes(cast: Cast, signed_in: SignedIn) -> None:
    vega = people.add("Vega Lind", cast.hageby)
    people.grant(vega, "volunteer", cast.hageby)
    shift = plan_shift(cast, leader=vega)
    shifts.sign_up(shift, cast.alva)
    assert "1 anmäld" in signed_in(cast.cia).get(f"/shifts/{shift.id}").text
    for who, sees in ((cast.bo, True), (vega, True), (cast.cia, False)):
        assert (">Alva<" in signed_in(who).get(f"/shifts/{shift.id}").text) is sees, who.name


def join_address(app: Flask, shift: Shift) -> str:
    secret = app.config["SECRET_KEY"]
    return f"/join/{joining.code(shifts.link(shift, secret), secret)}"


def test_a_stranger_comes_by_the_code_straight_into_the_shift(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    shift = plan_shift(cast, place="Torget")
    address = join_address(app, shift)
    page = stranger.get(address).text
    for said in ("Vårkampanjen", "onsdag 6 maj 19:30–21:30", "Torget", "Dörr", "Hageby norra", "Hageby s-förening"):
        assert said in page
    assert 'type="radio"' not in page  # the shift's association is offered directly
    answer = stranger.post(address, data={"name": "Ville", "association": cast.hageby.id})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/log?shift={shift.id}")
    (ville,) = sign_ups.coming(shift.id)
    assert (ville.name, ville.association_id) == ("Ville", cast.hageby.id)
    assert stranger.get(f"/shifts/{shift.id}").status_code == 200


def test_who_is_known_needs_one_tap(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast)
    address = join_address(app, shift)
    alva = signed_in(cast.alva)
    assert 'name="name"' not in alva.get(address).text
    assert alva.post(address).headers["Location"] == f"/log?shift={shift.id}"
    phone = browser(app)  # Dag's session has ended, but it is his phone
    phone.set_cookie("canvass_device", devices.add(cast.dag))
    db.session.commit()
    assert phone.post(address).headers["Location"] == f"/log?shift={shift.id}"
    assert sign_ups.coming(shift.id) == [cast.alva, cast.dag]
    # A guest for an evening may log there, and goes on logging for his own.
    assert cast.dag.association_id == cast.ektorp.id
    assert access.may(cast.dag, "attempt.log", cast.hageby.id)
    municipal = plan_shift(cast, owner=cast.norrkoping)
    assert alva.post(join_address(app, municipal)).status_code == 303
    assert cast.alva.association_id == cast.hageby.id


def test_whoever_is_of_no_association_in_the_campaign_becomes_one_of_the_shifts(
    app: Flask, cast: Cast, signed_in: SignedIn
) -> None:
    assert signed_in(cast.esa).post(join_address(app, plan_shift(cast))).status_code == 303
    assert cast.esa.association_id == cast.hageby.id


def test_a_municipal_shift_lets_one_choose_ones_association(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    shift = plan_shift(cast, owner=cast.norrkoping)
    address = join_address(app, shift)
    assert "Ektorp s-förening" in stranger.get(address).text
    assert stranger.post(address, data={"name": "Ville"}).status_code == 422
    assert stranger.post(address, data={"name": "Ville", "association": cast.ektorp.id}).status_code == 303
    assert [one.association_id for one in sign_ups.coming(shift.id)] == [cast.ektorp.id]


def test_the_code_works_until_twelve_hours_after_the_shift(
    app: Flask, cast: Cast, stranger: FlaskClient, later: Later
) -> None:
    address = join_address(app, plan_shift(cast))
    with later(hours=14, minutes=59):
        assert stranger.get(address).status_code == 200
    with later(hours=15, minutes=1):
        assert stranger.get(address).status_code == 410


def test_a_cancelled_shifts_code_says_so_and_lets_nobody_in(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    shift = plan_shift(cast)
    address = join_address(app, shift)
    shifts.cancel(shift, by=cast.bo)
    page = stranger.get(address)
    assert "Passet är inställt." in page.text
    assert "Gå med i passet" not in page.text
    assert stranger.post(address, data={"name": "Ville"}).status_code == 410
    assert db.session.scalar(select(Person).where(Person.name == "Ville")) is None


def test_a_new_code_stops_the_old_one(app: Flask, cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    shift = plan_shift(cast)
    old = join_address(app, shift)
    assert signed_in(cast.bo).post(f"/shifts/{shift.id}/link", data={"withdraw": "yes"}).status_code == 303
    assert join_address(app, shift) != old
    assert stranger.get(old).status_code == 410
    assert stranger.get(join_address(app, shift)).status_code == 200


def test_a_campaigns_link_and_a_shifts_are_not_mixed_up(app: Flask, cast: Cast) -> None:
    secret, shift = app.config["SECRET_KEY"], plan_shift(cast)
    by_shift = shifts.link(shift, secret)
    assert joining.current_link(cast.hageby.id, cast.spring.id) is None
    by_campaign = joining.link(cast.hageby, cast.spring.id, cast.spring.ends_on, secret)
    assert by_campaign.id != by_shift.id
    assert shifts.link(shift, secret) is by_shift
    joining.prolong(cast.spring.id, cast.spring.ends_on)
    assert by_shift.expires_at == shift.ends_at + shifts.LATE


def test_a_shift_without_a_link_is_given_one_by_a_button(cast: Cast, signed_in: SignedIn) -> None:
    bo, address = signed_in(cast.bo), f"/shifts/{plan_shift(cast).id}"
    for _again in range(2):  # looking makes none
        page = bo.get(address).text
        assert f'<form method="post" action="{address}/link">' in page
        assert "Skapa länk" in page
        assert bo.get(f"{address}/poster").headers["Location"] == address
    assert bo.post(f"{address}/link").headers["Location"] == address
    made = re.search(r'class="code">([\w-]+)<', bo.get(address).text)
    assert made
    assert bo.post(f"{address}/link").status_code == 303  # once more, and the code is the same
    assert f'class="code">{made[1]}<' in bo.get(f"{address}/poster").text
    assert "Skapa länk" not in signed_in(cast.alva).get(address).text


def test_the_poster_has_the_code(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast, place="Torget")
    code = join_address(app, shift).removeprefix("/join/")
    page = signed_in(cast.bo).get(f"/shifts/{shift.id}/poster").text
    assert code in page
    assert "Torget" in page


# --- which shifts -------------------------------------------------------------------------------------------


def test_a_phone_is_offered_the_shifts_around_now(cast: Cast) -> None:
    def hours(**when: Any) -> bool:
        shift = plan_shift(cast, **when)
        return shift in shifts.open_to(cast.alva, cast.spring)

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
    assert shifts.open_to(cast.alva, cast.spring) == [above, own]
    shifts.sign_up(beside, cast.alva)
    assert shifts.open_to(cast.alva, cast.spring) == [beside, above, own]
    sign_ups.withdraw(beside.id, cast.alva)
    led = plan_shift(cast, owner=cast.ektorp, leader=cast.alva, hours=4)
    assert shifts.open_to(cast.alva, cast.spring) == [above, own, led]


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


# --- out now ------------------------------------------------------------------------------------------------


def test_the_part_that_follows_is_fetched_alone(cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast, hours=-1)
    part = signed_in(cast.bo).get(f"/shifts/{shift.id}", headers={"HX-Request": "true"}).text
    assert "Telefoner ute" in part
    assert "<html" not in part


# --- afterwards ---------------------------------------------------------------------------------------------


def test_a_shift_that_is_over_has_something_for_the_group_chat(cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast, hours=-5, leader=cast.alva)
    cast.hageby_north.name = "Hageby <norra> & co"
    log(cast, cast.alva, number=87, shift=shift)
    send_out(shift, cast.dag, pending=2)
    alva = signed_in(cast.alva)
    page = alva.get(f"/shifts/{shift.id}").text
    text = html.unescape(re.search(r'id="share-text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)[1])  # type: ignore[index]
    assert text.split("\n") == [
        "87 samtal, 100\N{NO-BREAK SPACE}% öppnade, tack!",
        "Dörr · Hageby <norra> & co",
        "onsdag 6 maj",
        "Hageby s-förening",
        "Vårkampanjen",
    ]
    assert "Telefonerna efteråt" in page  # one of them still has something to send
    image = alva.get(f"/shifts/{shift.id}/image.svg")
    assert image.mimetype == "image/svg+xml"
    assert ">87<" in image.text
    assert "Hageby &lt;norra&gt; &amp; co" in image.text
    assert "Alva" not in image.text
    assert "http" not in image.text.replace("http://www.w3.org/2000/svg", "")


# --- leaders ------------------------------------------------------------------------------------------------


def test_who_has_done_the_training_is_noted_and_taken_back(cast: Cast, signed_in: SignedIn) -> None:
    bo, address = signed_in(cast.bo), f"/organisations/{cast.hageby.id}/trainings"
    for day in ("2026-04-01", "2026-05-01"):
        assert bo.post(address, data={"person": cast.alva.id, "done_on": day}).status_code == 303
    (training,) = trainings.at(organisations.beneath(cast.norrkoping.id))
    assert (training.person, training.done_on, training.noted_by_id) == (cast.alva, date(2026, 5, 1), cast.bo.id)
    assert "1 maj 2026" in signed_in(cast.cia).get(address).text
    assert "Alva (utbildad)" in bo.get(f"/campaigns/{cast.spring.id}/shifts/new?at={cast.hageby.id}").text
    assert bo.post(f"/trainings/{training.id}/forget").status_code == 303
    assert trainings.at(organisations.beneath(cast.norrkoping.id)) == []


@pytest.mark.parametrize(
    ("data", "field"),
    [({"person": "", "done_on": "2026-05-01"}, "person"), ({"done_on": "2026-05-07"}, "done_on"), ({}, "done_on")],
)
def test_a_training_that_cannot_be_is_told(cast: Cast, signed_in: SignedIn, data: dict[str, str], field: str) -> None:
    filled = {"person": cast.alva.id, "done_on": ""} | data
    answer = signed_in(cast.bo).post(f"/organisations/{cast.hageby.id}/trainings", data=filled)
    assert (answer.status_code, f'id="f-{field}-wrong"' in answer.text) == (422, True)


def test_a_campaign_that_leans_on_one_person_is_warned_of(cast: Cast, signed_in: SignedIn) -> None:
    here = organisations.beneath(cast.norrkoping.id)
    for days in (-30, -2, 1, 2):
        plan_shift(cast, hours=24 * days, leader=cast.alva)
    plan_shift(cast, hours=5)  # nobody leads that one yet
    assert trainings.leans_on_one(cast.spring, here) is None  # three that count
    plan_shift(cast, hours=72, leader=cast.dag)
    assert trainings.leans_on_one(cast.spring, here) == cast.alva
    assert "Kampanjen hänger på en person." in signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/shifts").text
    assert "hänger på en" not in signed_in(cast.alva).get(f"/campaigns/{cast.spring.id}/shifts").text
    for days in (4, 5):
        plan_shift(cast, hours=24 * days, leader=cast.dag)
    assert trainings.leans_on_one(cast.spring, here) is None  # half each


def test_a_single_trained_leader_is_leaning_on_one_too(cast: Cast) -> None:
    here = organisations.beneath(cast.norrkoping.id)
    trainings.note(cast.alva, cast.hageby, clock.today(), by=cast.bo)
    assert trainings.leans_on_one(cast.spring, here) is None  # nothing is to come
    plan_shift(cast, leader=cast.dag)
    assert trainings.leans_on_one(cast.spring, here) == cast.alva
    trainings.note(cast.dag, cast.ektorp, clock.today(), by=cast.bo)
    assert trainings.leans_on_one(cast.spring, here) is None


# --- many ---------------------------------------------------------------------------------------------------


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


def test_from_the_map_the_form_knows_the_area_and_the_advice(cast: Cast, signed_in: SignedIn) -> None:
    bo, address = signed_in(cast.bo), f"/campaigns/{cast.spring.id}/shifts/new?at={cast.hageby.id}"
    page = bo.get(f"{address}&area={cast.hageby_north.id}").text  # high-rise: the square is advised
    assert re.search(rf'value="{cast.hageby_north.id}"[^>]* checked', page)
    assert re.search(r'value="stall"[^>]* checked', page)
    assert "råd: torg" in page
    assert not re.search(rf'value="{cast.hageby_south.id}"[^>]* checked', page)
    assert bo.get(f"{address}&area={db.new_id()}").status_code == 404
