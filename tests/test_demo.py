"""The demo: believable at first sight, right at second, and never in anybody's way."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import combinations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from shapely.geometry import shape
from sqlalchemy import func, select

from canvass import demo
from canvass.core import audit, clock, db, geojson
from canvass.counting import attempts, quarantine, receipts, tallies
from canvass.counting.attempts import Attempt
from canvass.demo import facts, teams
from canvass.fieldwork import campaigns, targets
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import outings, walls
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW

DAWN = datetime(2026, 11, 23, 4, 15, tzinfo=UTC)  # a Monday, before anybody is out
SPRING = datetime(2027, 3, 28, 9, 30, tzinfo=UTC)  # the Sunday on which summer time begins


def campaign(state: str) -> Campaign:
    """The demo's campaign in this state."""
    (found,) = [c for c in db.session.scalars(select(Campaign)) if c.state == state]
    return found


def norrkoping() -> Organisation:
    return db.session.scalars(select(Organisation).where(Organisation.code == "0581")).one()


def conversations(state: str) -> int:
    return tallies.total(campaign(state).id, organisations.beneath(norrkoping().id)).conversations


def number_of(table: type[db.Base]) -> int | None:
    return db.session.scalar(select(func.count()).select_from(table))


def test_an_empty_database_is_filled_in_no_time_and_adds_up(app: Flask) -> None:
    started = time.process_time()  # not wall time: the machine may be busy with something else
    cast = demo.fill()
    db.session.commit()
    assert time.process_time() - started < 4
    assert list(cast) == ["volunteer", "leader", "board", "admin"]
    assert [[m.role for m in person.memberships] for person in cast.values()] == [[role] for role in cast]
    assert attempts.drift() == {}
    assert audit.broken_at() is None


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # what is invented is the same on either
@pytest.mark.parametrize("moment", [DAWN, SPRING], ids=["dawn", "spring"])
def test_it_is_believable_whenever_it_is_started(app: Flask, moment: datetime) -> None:
    with clock.stopped(moment):
        demo.fill()
        assert (conversations("open"), conversations("closed"), conversations("draft")) == (3412, 1264, 0)
        every_attempt_could_have_happened(moment)
        contact_rates_are_what_they_are_at_real_doors()
        every_association_and_area_has_been_at_work()


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("moment", [DAWN, SPRING, NOW], ids=["dawn", "spring", "evening"])
def test_no_page_of_it_contradicts_another(
    app: Flask, moment: datetime, signed_in: Callable[[Person], FlaskClient]
) -> None:
    with clock.stopped(moment):
        leader = demo.fill()["leader"]
        db.session.commit()
        here = norrkoping()
        waiting = receipts.waiting(here.id)
        out = outings.out_now(campaign("open"), organisations.beneath(here.id))
        assert sum(one.unsent for one in out) + 3 == waiting.operations  # three more wait at home
        assert waiting.phones == 1 + sum(one.unsent > 0 for one in out)
        assert (waiting.silent_operations, waiting.silent_phones) == (4, 1)
        page = signed_in(leader).get(f"/campaigns/{campaign('open').id}").text
        assert "har inte kommit fram från en telefon som inte hörts av" in re.sub(r"\s+", " ", page)
        assert quarantine.to_review([here.id]) == 2
        review = signed_in(leader).get("/quarantine").text
        assert "75 × Samtal · Torg · Samtal för Norrköping" in review
        assert "Samtal · Dörr · Trygghetssamtalen" in review
        assert conversations("open") == facts.CONVERSATIONS


def every_attempt_could_have_happened(moment: datetime) -> None:
    known = {c.id: c for c in db.session.scalars(select(Campaign))}
    for attempt in db.session.execute(select(*Attempt.__table__.columns)):
        within = known[attempt.campaign_id]
        assert within.starts_on <= attempt.happened_on <= within.ends_on
        assert attempt.happened_on == clock.local_day(attempt.happened_at)
        assert attempt.happened_at <= moment
        assert attempt.channel in within.channels
        assert attempt.outcome in campaigns.CHANNELS[attempt.channel]
        assert attempt.outcome == campaigns.TALKED or not attempt.topics


def contact_rates_are_what_they_are_at_real_doors() -> None:
    by_channel = tallies.by("channel", campaign("open").id, organisations.beneath(norrkoping().id))
    assert set(by_channel) == set(campaigns.CHANNELS)
    assert all(0.1 < (by_channel[channel].contact_rate or 0) < 0.3 for channel in ("door", "phone"))
    assert by_channel["door"].conversations > facts.CONVERSATIONS / 3


def every_association_and_area_has_been_at_work() -> None:
    here = organisations.beneath(norrkoping().id)
    assert len(tallies.by_organisation(campaign("open").id, here)) == len(facts.ASSOCIATIONS)
    assert set(db.session.scalars(select(Area.id))) < set(tallies.by("area", campaign("open").id, here))
    agreed = targets.agreed(campaign("open"))
    assert agreed.pop(norrkoping().id) == facts.TARGET == sum(agreed.values())


def test_its_outlines_are_ground_that_an_import_would_take() -> None:
    features = [
        {"type": "Feature", "properties": {"kod": code, "namn": name}, "geometry": teams.outline(code)}
        for code, name, _housing, _households in facts.AREAS
    ]
    reading = geojson.read(json.dumps({"type": "FeatureCollection", "features": features}).encode())
    assert (reading.problems, len(reading.features)) == ([], len(facts.AREAS))
    for one, other in combinations(facts.OUTLINES, 2):
        shared = shape(teams.outline(one)).intersection(shape(teams.outline(other)))
        assert shared.area == pytest.approx(0, abs=1e-9), f"{one} overlaps {other}"


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
def test_a_second_start_keeps_what_is_there(app: Flask, signed_in: Callable[[Person], FlaskClient]) -> None:
    first = demo.fill()
    first["volunteer"].name = "Kajsa"
    ids, before = [person.id for person in first.values()], number_of(Attempt)
    db.session.commit()
    with clock.stopped(NOW.replace(month=7)):
        again = demo.fill()
    assert [person.id for person in again.values()] == ids
    assert again["volunteer"].name == "Kajsa"
    assert number_of(Attempt) == before

    # Only the links let anybody in, and each as far as their role goes.
    assert all(person.password_hash is None for person in db.session.scalars(select(Person)))
    may_export = {role: signed_in(person).get("/reports").status_code for role, person in again.items()}
    assert may_export == {"volunteer": 403, "leader": 200, "board": 200, "admin": 200}


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
def test_it_has_a_wall_to_look_at_for_as_long_as_there_is_something_to_show(app: Flask) -> None:
    leader = demo.fill()["leader"]
    first = demo.wall(leader, "key")
    assert first is not None
    assert (first.campaign, first.organisation) == (campaign("open"), norrkoping())
    assert demo.wall(leader, "key") is first
    walls.withdraw(first, by=leader)
    assert demo.wall(leader, "key") not in (first, None)
    campaigns.close(campaign("open"))
    assert demo.wall(leader, "key") is None


def test_somebodys_own_database_is_left_alone(cast: Cast) -> None:
    with pytest.raises(RuntimeError, match="annat än demon"):
        demo.fill()
    assert (number_of(Attempt), number_of(Campaign)) == (0, 1)
