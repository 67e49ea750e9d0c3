"""Shifts in one's own calendar: true to the standard, up to date, and secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar as Sheet
from icalendar import Event
from sqlalchemy import update

from canvass.core import clock, db
from canvass.fieldwork import calendars, shifts, sign_ups
from canvass.fieldwork.shifts import Shift
from canvass.members.people import Person
from tests.cast import Cast, plan_shift
from tests.conftest import NOW, browser
from tests.web import filling_in

SignedIn = Callable[[Person], FlaskClient]


def events(content: bytes | str) -> list[Any]:
    """What a calendar program makes of it."""
    return [part for part in Sheet.from_ical(content).walk("VEVENT") if isinstance(part, Event)]


def test_a_shift_is_an_entry_that_calendars_understand(cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(
        cast,
        ground=[cast.hageby_north, cast.hageby_south],
        place="Torget; vid fontänen, norra sidan",
        latitude=58.5,
        longitude=16.25,
    )
    answer = signed_in(cast.alva).get(f"/shifts/{shift.id}.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    (event,) = events(answer.data)
    assert (event["dtstart"].dt, event["dtend"].dt) == (NOW + timedelta(hours=1), NOW + timedelta(hours=3))
    assert event["location"] == "Torget; vid fontänen, norra sidan"
    assert event["geo"].to_ical() == "58.5;16.25"
    assert event["summary"] == "Dörr · Hageby s-förening"
    assert (event["sequence"], event["status"]) == (0, "CONFIRMED")
    assert event["url"] == f"http://localhost/shifts/{shift.id}"
    lines = answer.data.split(b"\r\n")
    assert lines[-1] == b""
    assert max(len(line) for line in lines) <= 75
    assert b"LOCATION:Torget\\; vid font\xc3\xa4nen\\, norra sidan" in answer.data


def test_a_changed_shift_replaces_its_entry_and_a_cancelled_one_says_so(cast: Cast) -> None:
    shift = plan_shift(cast)

    def entry() -> Any:
        return events(calendars.write([shift], lambda _shift: "/"))[0]

    before = entry()
    facts = shifts.Facts("door", shift.starts_at, shift.ends_at + timedelta(hours=1), [cast.hageby_north.id])
    shifts.change(shift, facts, by=cast.bo)
    changed = entry()
    assert changed["uid"] == before["uid"]
    assert changed["sequence"] > before["sequence"]
    assert changed["dtend"].dt == before["dtend"].dt + timedelta(hours=1)
    assert (changed["transp"], changed["x-microsoft-cdo-busystatus"]) == ("OPAQUE", "BUSY")
    shifts.cancel(shift, by=cast.bo)
    assert entry()["status"] == "CANCELLED"
    # Most programs that follow an address leave the status out of sight.
    assert entry()["summary"] == "INSTÄLLT: Dörr · Hageby s-förening"
    assert (entry()["transp"], entry()["x-microsoft-cdo-busystatus"]) == ("TRANSPARENT", "FREE")
    assert entry()["sequence"] > changed["sequence"]


def test_whoever_changes_a_shift_calendars_take_the_change(cast: Cast, signed_in: SignedIn) -> None:
    """By the form, by the map, and by whatever comes next: an entry is only replaced by one with a higher number."""
    shift = plan_shift(cast, place="Torget")
    bo, page, at = signed_in(cast.bo), f"/shifts/{shift.id}", f"/campaigns/{cast.spring.id}/map"
    opened = filling_in.form(bo.get(f"{page}/edit").text, f"{page}/edit")
    numbers = [0]

    def is_higher() -> bool:
        db.session.refresh(shift)
        numbers.append(events(calendars.write([shift], lambda _shift: "/"))[0]["sequence"])
        return numbers[-1] == numbers[-2] + 1

    bo.post(f"{page}/edit", data=opened | {"place": ["Skolan"]})
    assert is_higher()
    for way in ("assign", "release"):
        assert bo.post(f"{at}/{cast.hageby_south.id}/{way}", data={"shift": shift.id}).status_code == 303
        assert is_higher(), way
    shift.longitude = 16.2
    db.session.commit()
    assert is_higher()
    shift.areas.clear()
    db.session.commit()
    assert is_higher()
    bo.post(f"{page}/cancel")
    assert is_higher()
    bo.post(f"{page}/cancel")
    assert not is_higher()  # nothing has changed


def test_two_who_change_a_shift_at_once_are_two_changes(cast: Cast) -> None:
    shift = plan_shift(cast)
    db.session.commit()
    assert shift.revision == 0
    db.session.execute(
        update(Shift).values(revision=1, place="Torget"), execution_options={"synchronize_session": False}
    )  # somebody else, after this one has read it
    shift.wanted = 4
    db.session.commit()
    assert (shift.place, shift.wanted, shift.revision) == ("Torget", 4, 2)


def address(client: FlaskClient) -> str:
    """The secret address on the person's page."""
    found = re.search(r'value="http://localhost(/calendar/[^"]+)"', client.get("/me/shifts").text)
    return found[1] if found else ""


def test_a_calendar_follows_ones_shifts_without_signing_in(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    alva, shift = signed_in(cast.alva), plan_shift(cast)
    plan_shift(cast, owner=cast.ektorp, ground=[cast.ektorp_hill])
    led = plan_shift(cast, owner=cast.ektorp, ground=[cast.ektorp_hill], leader=cast.alva, hours=30)
    shifts.sign_up(shift, cast.alva)
    assert alva.post("/me/shifts").status_code == 303
    program = browser(app)
    answer = program.get(address(alva))
    assert [event["uid"] for event in events(answer.data)] == [f"{shift.id}@canvass", f"{led.id}@canvass"]
    sign_ups.withdraw(shift.id, cast.alva)
    assert len(events(program.get(address(alva)).data)) == 1
    assert program.get("/me/shifts").status_code == 303  # the address opens nothing else


def test_an_address_is_changed_and_taken_back(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    alva, program = signed_in(cast.alva), browser(app)
    assert address(alva) == ""
    alva.post("/me/shifts")
    first = address(alva)
    alva.post("/me/shifts")
    second = address(alva)
    assert first != second
    assert (program.get(first).status_code, program.get(second).status_code) == (404, 200)
    alva.post("/me/shifts", data={"withdraw": "yes"})
    assert program.get(second).status_code == 404
    assert address(alva) == ""
    assert program.get("/calendar/gissning.ics").status_code == 404


def test_only_the_hash_of_an_address_is_kept(app: Flask, cast: Cast) -> None:
    known = calendars.make(cast.alva, "hemligt")
    token = calendars.token(known, "hemligt")
    assert token not in str(list(db.session.execute(calendars.Calendar.__table__.select())))
    assert calendars.token(known, "annat") != token
    assert calendars.with_token(token) is known


def test_the_entries_speak_the_persons_language(app: Flask, cast: Cast) -> None:
    cast.alva.language = "en"
    known = calendars.make(cast.alva, app.config["SECRET_KEY"])
    shifts.sign_up(plan_shift(cast), cast.alva)
    token = calendars.token(known, app.config["SECRET_KEY"])
    (event,) = events(browser(app).get(f"/calendar/{token}.ics").data)
    assert event["summary"] == "Door · Hageby s-förening"


def test_old_shifts_leave_the_calendar(cast: Cast, later: Callable[..., Any]) -> None:
    shift = plan_shift(cast)
    shifts.sign_up(shift, cast.alva)
    with later(days=20):
        assert shifts.signed_up_for(cast.alva) == [shift]
    with later(days=40):
        assert shifts.signed_up_for(cast.alva) == []
        assert clock.now() > shift.ends_at
