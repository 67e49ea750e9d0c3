"""More of everything there is a list of, for tests of what a long list costs."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy import select

from canvass.board.earlier_years import imports
from canvass.board.earlier_years.models import EarlierImport
from canvass.core import clock, db
from canvass.counting import late_reports
from canvass.counting.late_reports import Totals
from canvass.counting.quarantine import Held
from canvass.fieldwork import areas, campaigns, shifts, sign_ups, targets, topics, trainings
from canvass.fieldwork.area_files import Draft
from canvass.fieldwork.areas import Area
from canvass.fieldwork.shifts import Shift
from canvass.insight import walls
from canvass.members import devices, organisations, people, sessions, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, log, new_campaign, plan_shift, send_out, square


def grow(cast: Cast, secret: str, numbers: range) -> None:
    """One more of each thing for each of the numbers. The caller commits."""
    cast.refresh()
    _files(numbers)
    topics.offer(
        cast.spring, [topic.name for topic in topics.all_of(cast.spring).values()] + [f"Fråga {n}" for n in numbers]
    )
    shown = db.session.scalars(select(Shift).order_by(Shift.id)).first()
    for number in numbers:
        team = organisations.add("association", f"Förening {number:02}", cast.norrkoping)
        municipal = organisations.add("municipal", f"Kommun {number:02}", cast.ostergotland)
        _person(cast, organisations.add("association", f"Grupp {number:02}", municipal), 100 + number)
        _campaign(cast, number)
        leader = _person(cast, team, number)
        area = _ground_and_shifts(cast, team, leader, number)
        if shown is not None:
            sign_ups.add(shown.id, leader)
            shifts.assign(shown, area, by=cast.adam)
        _what_came_in(cast, team, leader, number)
        targets.agree(cast.spring, team, 100 + number, by=cast.adam)
        walls.make(cast.spring, cast.norrkoping, f"Tavla {number}", "sv", secret, by=cast.bo)
        for person in (cast.adam, cast.bo, cast.alva):
            sessions.start(person, f"Webbläsare {number}")
            devices.add(person, f"Telefon {number}")
        _earlier_year(cast, team, 1990 + number)


def _campaign(cast: Cast, number: int) -> None:
    made = new_campaign(
        cast.norrkoping,
        name=f"Kampanj {number:02}",
        kind="listen",
        starts_on=cast.spring.starts_on,
        ends_on=cast.spring.ends_on,
        channels=["door"],
        topics=["Skolan"],
        target=50 + number,
    )
    campaigns.open_(made)
    log(cast, cast.alva, number=6, campaign=made, topics=["Skolan"], area=cast.hageby_north)


def _person(cast: Cast, team: Organisation, number: int) -> Person:
    """A leader and a volunteer of the team; each with a role of their own, and invited by one of many invitations."""
    leader = people.add(f"Ledare {number:02}", team, email=f"ledare{number}@example.org")
    people.grant(leader, "leader", team)
    people.grant(people.add(f"Samtalare {number:02}", team), "volunteer", team)
    for place in (cast.norrkoping, cast.hageby, team):
        trainings.note(leader, place, clock.today(), by=cast.adam)
        tickets.invite(place, "leader", f"Inbjuden {number}", by=cast.adam)
    people.grant(cast.adam, "leader", team)
    people.grant(cast.bo, "volunteer", team)
    return leader


def _ground_and_shifts(cast: Cast, team: Organisation, leader: Person, number: int) -> Area:
    """Areas with outlines, and shifts to come, under way and over, of the team and of those that the pages are of.

    Returns the last area.
    """
    for owner in (team, cast.hageby, cast.norrkoping):
        area = areas.add(owner, name=f"Område {number:02}", code=f"Z{number}", households=100, by=cast.adam)
        area.outline = square(16 + number / 50, 58.5)
        targets.agree(cast.spring, owner, 10 + number, area_id=area.id, by=cast.adam)
        for hours in (-30, -1, 24):
            shift = plan_shift(cast, owner=owner, hours=hours, ground=[area, cast.hageby_north], leader=leader)
            shifts.link(shift, "secret")
            for person in (leader, cast.alva, cast.bo, cast.adam):
                sign_ups.add(shift.id, person)
            send_out(shift, leader, missing=number + 1)
            log(cast, leader, number=3, area=area, shift=shift, days_ago=number % 20)
    return area


def _what_came_in(cast: Cast, team: Organisation, leader: Person, number: int) -> None:
    """A late report, what is held for review, and a day out of the ordinary."""
    totals = Totals(clock.today() - timedelta(days=1), 18, "door", cast.hageby_north.id, {"talked": 3})
    late_reports.enter(db.new_id(), cast.spring, cast.hageby, totals, by=cast.bo)
    elsewhere = areas.add(cast.ostergotland, name=f"Annat {number}", code=f"A{number}", by=cast.adam)
    log(cast, leader, number=50, area=elsewhere, days_ago=3)
    log(cast, cast.alva, number=50, days_ago=number % 10, channel="door" if number % 20 < 10 else "phone")
    for code, decision in (("number", ""), ("number", "admitted")):
        said = json.dumps({"campaign": cast.spring.id, "data": {"area": elsewhere.id, "outcome": "talked"}})
        facts = {"operation_id": db.new_id(), "digest": db.new_id(), "raw": said, "code": code, "decision": decision}
        db.session.add(Held(**facts, author=leader, organisation=team, received_at=clock.now(), evening=clock.today()))


def _earlier_year(cast: Cast, team: Organisation, year: int) -> None:
    rows = [
        {"line": 2, "organisation": name, "year": str(year), "conversations": "120", "target": "100"}
        for name in (cast.hageby.name, team.name)
    ]
    imports.confirm(imports.keep(cast.norrkoping, rows, by=cast.bo), skips_faulty=True, by=cast.bo)


def _files(numbers: range) -> None:
    """More rows in the files whose previews wait."""
    for draft in db.session.scalars(select(Draft)):
        content = json.loads(draft.content)
        first = content["features"][0]
        content["features"] += [{**first, "code": f"N{number}", "name": f"Nytt {number}"} for number in numbers]
        draft.content = json.dumps(content).encode()
    for waiting in db.session.scalars(select(EarlierImport).where(EarlierImport.confirmed_at.is_(None))):
        first = waiting.content[0]
        waiting.content = [
            *waiting.content,
            *({**first, "line": 9 + number, "year": f"{1990 + number}"} for number in numbers),
        ]
