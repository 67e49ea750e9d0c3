"""The demo's shifts: earlier ones, those under way and coming ones."""

from __future__ import annotations

from datetime import time, timedelta

from canvass.core import clock
from canvass.core.db import new_id, session
from canvass.demo import facts, phones
from canvass.demo.outings import Outing
from canvass.demo.teams import Team
from canvass.fieldwork import shifts, trainings
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members.people import Person


def held(campaign: Campaign, outing: Outing, area_id: str | None) -> Shift:
    """Add the shift of an outing in one area; one that is under way gets phones and an hour more."""
    ground = [area for area in outing.team.ground if area.id == area_id]
    shift = Shift(
        id=new_id(),
        campaign=campaign,
        organisation=outing.team.organisation,
        channel=outing.channel,
        starts_at=outing.hours[0],
        ends_at=outing.hours[-1] + timedelta(hours=1),
        leader=outing.team.volunteers[outing.day.day % 3],
        areas=ground,
    )
    session.add(shift)
    session.flush()
    if shift.state == "on":
        shift.ends_at += timedelta(hours=1)
        for volunteer in outing.team.volunteers[:4]:
            shifts.sign_up(shift, volunteer)
        session.flush()
        phones.send_out(shift, outing.team.volunteers)
    return shift


def plan(campaign: Campaign, teams: list[Team], leader: Person) -> None:
    for days, channel, begins, ends, place, where, wanted in facts.COMING:
        team, day = teams[place], clock.today() + timedelta(days=days)
        planned = shifts.Facts(
            channel=channel,
            starts_at=clock.at(day, time(begins)),
            ends_at=clock.at(day, time(ends)),
            area_ids=[] if channel == "phone" else [area.id for area in team.ground[:2]],
            place=where,
            leader=team.volunteers[0],
            wanted=wanted,
            expected=wanted * 8,
            points="Lyssna mer än du pratar.\nFråga vad som skulle göra skillnad just här.",
        )
        shift = shifts.plan(campaign, team.organisation, planned, by=leader)
        for volunteer in team.volunteers[: wanted - 2]:
            shifts.sign_up(shift, volunteer)
    for team in teams[:4]:
        trainings.note(team.volunteers[0], team.organisation, clock.today() - timedelta(days=120), by=leader)
