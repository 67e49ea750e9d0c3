"""The campaign's map: how much of each area is done, where nobody has been for long, and giving it to a shift."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from canvass.core import audit, clock, db
from canvass.counting.tallies import Count
from canvass.fieldwork import area_files, areas, targets
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.fieldwork.targets import Target
from canvass.insight import coverage
from canvass.insight.coverage import Ground
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, log, new_campaign, undo
from tests.conftest import questions
from tests.fieldwork.areas.files import feature, file_of
from tests.insight.outlined import outlined

SignedIn = Callable[[Person], FlaskClient]


def ground(conversations: int = 0, attempts: int | None = None, **facts: Any) -> Ground:
    """A piece of ground with these figures."""
    count = Count(conversations if attempts is None else attempts, conversations)
    return Ground(
        id="…", name="Hageby", code="1", count=count, **{"target": None, "last_on": None, "next_at": None} | facts
    )


def here(cast: Cast, organisation: Organisation | None = None) -> dict[str, Ground]:
    """The areas by name, as Norrköping sees them unless something else is said."""
    return {row.name: row for row in coverage.by_area(cast.spring, organisation or cast.norrkoping)}


def aim(cast: Cast, area: Area, number: int, revision: int = 1) -> None:
    """Agree on a target for an area."""
    facts = {"campaign_id": cast.spring.id, "organisation_id": area.organisation_id, "area_id": area.id}
    db.session.add(Target(revision=revision, number=number, **facts))
    db.session.flush()


def shift(
    cast: Cast, organisation: Organisation, *ground: Area, days: float = 1, campaign: Campaign | None = None
) -> Shift:
    """A shift of two hours, so many days from now."""
    starts_at = clock.now() + timedelta(days=days)
    found = Shift(campaign=campaign or cast.spring, organisation=organisation, channel="door", starts_at=starts_at)
    found.ends_at, found.areas = starts_at + timedelta(hours=2), list(ground)
    db.session.add(found)
    db.session.flush()
    return found


def cells(page: str, name: str) -> list[str]:
    """What the table says of a piece of ground, cell by cell."""
    row = next(row for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL) if f">{name}</a>" in row)
    return [re.sub(r"<.*?>", "", cell, flags=re.DOTALL).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]


# --- how much is done ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conversations", "percentage", "step"),
    [(0, 0, 0), (1, 0, 1), (49, 24, 1), (50, 25, 2), (99, 49, 2), (149, 74, 3), (199, 99, 4), (200, 100, 5)],
)
def test_a_percentage_is_never_rounded_up_to_the_next_step(conversations: int, percentage: int, step: int) -> None:
    found = ground(conversations, target=200)
    assert (found.percentage, found.step("attainment")) == (percentage, step)


@pytest.mark.parametrize(("days", "step"), [(0, 5), (6, 5), (7, 4), (13, 4), (14, 2), (27, 2), (28, 1), (300, 1)])
def test_areas_turn_paler_as_the_days_go_by(app: Flask, days: int, step: int) -> None:
    found = ground(last_on=clock.today() - timedelta(days=days))
    assert (found.days_since, found.step("visited")) == (days, step)


def test_where_nobody_has_been_is_the_palest(app: Flask) -> None:
    assert (ground().days_since, ground().step("visited")) == (None, 0)


def test_without_a_target_households_are_what_one_measures_by() -> None:
    """And the words say which: 150 attempts of 600 households are not a fourth of a target."""
    found = ground(30, 150, households=600)
    assert (found.basis, found.percentage, found.step("attainment")) == ("households", 25, 2)
    assert ground(30, 150, households=600, target=60).percentage == 50
    assert ground(30, 150).step("attainment") is None
    assert ground(0, 3, households=600).step("attainment") == 1


def test_an_areas_latest_target_counts(cast: Cast) -> None:
    aim(cast, cast.hageby_north, 80)
    with clock.stopped(clock.now() + timedelta(days=1)):
        aim(cast, cast.hageby_north, 120, revision=2)
    targets.agree(cast.spring, cast.hageby, 900)
    assert targets.agreed_for_areas(cast.spring) == {cast.hageby_north.id: 120}
    assert here(cast)["Hageby norra"].target == 120


def test_every_way_of_talking_is_being_there_and_what_is_undone_is_not(cast: Cast) -> None:
    log(cast, cast.alva, "not_home", area=cast.hageby_north, days_ago=9)
    log(cast, cast.alva, channel="stall", area=cast.hageby_north, days_ago=3)
    undone = log(cast, cast.alva, area=cast.hageby_north)
    undo(cast, cast.alva, undone)
    found = here(cast)["Hageby norra"]
    assert (found.count, found.days_since) == (Count(2, 1), 3)
    assert here(cast, cast.ektorp).get("Hageby norra") is None


def test_untouched_areas_are_on_the_map_and_so_are_areas_elsewhere_that_one_has_walked(cast: Cast) -> None:
    assert set(here(cast, cast.hageby)) == {"Hageby norra", "Hageby södra"}
    log(cast, cast.alva, area=cast.ektorp_hill)
    areas.retire(cast.hageby_south, by=cast.bo)
    assert set(here(cast, cast.hageby)) == {"Hageby norra", "Ektorpshöjden"}


def test_an_association_without_areas_walks_in_those_above_it(cast: Cast) -> None:
    smedby = organisations.add("association", "Smedby s-förening", cast.norrkoping)
    areas.add(cast.norrkoping, name="Centrum", by=cast.bo)
    assert set(here(cast, smedby)) == {"Centrum"}
    assert set(here(cast, cast.hageby)) == {"Hageby norra", "Hageby södra"}


def test_the_next_shift_is_one_that_one_may_know_of_and_that_will_be(cast: Cast) -> None:
    shift(cast, cast.hageby, cast.hageby_north, days=-1)
    shift(cast, cast.hageby, cast.hageby_north, days=1).cancelled_at = clock.now()
    coming = shift(cast, cast.hageby, cast.hageby_north, days=4)
    shift(cast, cast.hageby, cast.hageby_north, days=6)
    assert here(cast)["Hageby norra"].next_at == coming.starts_at
    assert here(cast)["Hageby södra"].next_at is None
    shift(cast, cast.norrkoping, cast.hageby_north, days=2)
    assert here(cast, cast.hageby)["Hageby norra"].next_at == clock.now() + timedelta(days=2)
    shift(cast, cast.ektorp, cast.hageby_north, days=1)
    assert here(cast, cast.hageby)["Hageby norra"].next_at == clock.now() + timedelta(days=2)


def test_the_questions_do_not_grow_with_the_areas(cast: Cast) -> None:
    def asked() -> int:
        db.session.commit()
        with questions() as seen:
            found = coverage.by_area(cast.spring, cast.norrkoping)
            coverage.outlines(found)
        return len(seen)

    before = asked()
    for number in range(40):
        area = areas.add(cast.ektorp if number % 2 else cast.hageby, name=f"Område {number}", by=cast.bo)
        area.outline = json.dumps(feature("x", east=number)["geometry"])
        log(cast, cast.alva, area=area, days_ago=number % 5)
        aim(cast, area, 50)
        shift(cast, cast.hageby, area, days=number + 1)
    assert asked() == before


def test_from_above_a_municipality_is_all_that_was_done_under_it(cast: Cast) -> None:
    campaign = new_campaign(
        cast.ostergotland, name="Länet", kind="listen", starts_on=cast.spring.starts_on, ends_on=cast.spring.ends_on,
        channels=["door"], topics=[], target=None,
    )  # fmt: skip
    targets.agree(campaign, cast.norrkoping, 10)
    for who, days in ((cast.alva, 8), (cast.dag, 2)):
        log(cast, who, days_ago=days, campaign=campaign)
    shift(cast, cast.ektorp, days=3, campaign=campaign)
    linkoping, norrkoping = coverage.by_municipality(campaign, cast.ostergotland)
    assert (norrkoping.name, norrkoping.count, norrkoping.percentage) == ("Norrköping", Count(2, 2), 20)
    assert (norrkoping.days_since, norrkoping.next_at) == (2, clock.now() + timedelta(days=3))
    assert (linkoping.count, linkoping.step("attainment"), linkoping.step("visited")) == (Count(), None, 0)
    assert set(coverage.outlines([linkoping, norrkoping])) == {linkoping.id, norrkoping.id}


# --- the page -----------------------------------------------------------------------------------------------


def test_the_table_says_what_the_map_says(cast: Cast, signed_in: SignedIn) -> None:
    ljura, smedby = outlined(cast)
    aim(cast, ljura, 4)
    log(cast, cast.alva, number=3, area=ljura, days_ago=10)
    address = f"/campaigns/{cast.spring.id}/map"
    page = signed_in(cast.bo).get(address).text
    assert f'<a href="{address}/{ljura.id}" aria-label="Ljura: 75\xa0% av målet">' in page
    assert f'<a href="{address}/{smedby.id}" aria-label="Smedby: inget att mäta mot">' in page
    assert cells(page, "Ljura") == ["75\xa0%", "10 dagar sedan", "–", "3", "4", "3", "100\xa0%"]
    assert re.search(r'map-step-4"[^>]*>\s*</svg> <span>75–99\xa0%</span> <span class="steps-count">1<', page)
    assert "3 områden saknar gräns" in page
    page = signed_in(cast.bo).get(f"{address}?by=visited").text
    assert 'aria-label="Ljura: 10 dagar sedan"' in page
    assert 'aria-label="Smedby: ingen har varit där"' in page
    assert cells(page, "Ljura")[:2] == ["10 dagar sedan", "75\xa0%"]


def test_the_table_begins_with_what_needs_us_most(cast: Cast, signed_in: SignedIn) -> None:
    for area, number, days in ((cast.hageby_north, 5, 1), (cast.hageby_south, 20, 30), (cast.ektorp_hill, 10, 5)):
        aim(cast, area, 20)
        log(cast, cast.alva, number=number, area=area, days_ago=days)

    def order(**asked: str) -> list[str]:
        page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/map", query_string=asked).text
        return re.findall(r'<th scope="row"><a [^>]*>(.*?)</a>', page)

    assert order() == ["Hageby norra", "Ektorpshöjden", "Hageby södra"]
    assert order(by="visited") == ["Hageby södra", "Ektorpshöjden", "Hageby norra"]
    assert order(by="visited", sort="name") == ["Ektorpshöjden", "Hageby norra", "Hageby södra"]
    assert order(by="x", sort="x") == order()


def test_from_above_each_municipality_leads_to_its_own_map(cast: Cast, signed_in: SignedIn) -> None:
    cast.spring.organisation_id = cast.ostergotland.id
    adam = signed_in(cast.adam)
    page = adam.get(f"/campaigns/{cast.spring.id}/map").text
    address = f"/campaigns/{cast.spring.id}/map?at={cast.norrkoping.id}"
    assert f'<a href="{address}" aria-label="Norrköping: ' in page
    assert "Hageby norra" in adam.get(address).text


def test_only_a_crowded_map_offers_a_closer_look(cast: Cast, signed_in: SignedIn) -> None:
    address = f"/campaigns/{cast.spring.id}/map"
    outlined(cast)
    assert "Zooma in" not in signed_in(cast.bo).get(address).text
    town = [feature(f"t{number}", f"Kvarter {number}", east=number % 6 / 10) for number in range(24)]
    for number, square in enumerate(town):
        ring = square["geometry"]["coordinates"][0]
        ring[:] = [[x / 10 + 14.5, 58.5 + (y - 58.57) / 10 + number // 6 / 1000] for x, y in ring]
    area_files.carry_out(area_files.plan_import(cast.norrkoping, file_of(*town)), by=cast.bo)
    assert "Zooma in" in signed_in(cast.bo).get(address).text
    close = signed_in(cast.bo).get(f"{address}?close=yes").text
    assert "Hela kartan" in close
    assert 'aria-label="Kvarter 9:' in close
    assert 'aria-label="Ljura:' not in close
    assert ">Ljura</a>" in close


def test_an_area_tells_who_was_there_when_by_association(cast: Cast, signed_in: SignedIn) -> None:
    (ljura, _smedby) = outlined(cast)
    log(cast, cast.alva, area=ljura, days_ago=2)
    log(cast, cast.alva, "not_home", area=ljura, days_ago=2)
    log(cast, cast.dag, area=ljura, days_ago=20)
    address = f"/campaigns/{cast.spring.id}/map/{ljura.id}"
    page = signed_in(cast.bo).get(address).text
    rows = re.findall(
        r'<th scope="row">(.*?)</th><td class="num">(\d+)</td><td class="num">(\d+)</td><td>(.*?)</td>', page
    )
    assert rows == [("mån 4 maj", "1", "2", "Hageby s-förening"), ("tors 16 apr.", "1", "1", "Ektorp s-förening")]
    assert f"{address}?" not in page  # the chosen one leads nowhere; its neighbour does
    assert "Alva" not in page
    page = signed_in(cast.alva).get(address).text
    assert "Hageby s-förening" in page
    assert "Ektorp s-förening" not in page


# --- giving it to a shift -----------------------------------------------------------------------------------


def test_a_leader_gives_an_area_to_a_shift_and_takes_it_back(cast: Cast, signed_in: SignedIn) -> None:
    coming = shift(cast, cast.hageby, days=2)
    bo, address = signed_in(cast.bo), f"/campaigns/{cast.spring.id}/map/{cast.hageby_north.id}"
    assert "Inget pass går hit än." in bo.get(address).text
    for _twice in range(2):
        assert bo.post(f"{address}/assign", data={"shift": coming.id}).status_code == 303
    db.session.expire_all()
    assert (coming.areas, coming.revision) == ([cast.hageby_north], 1)  # calendars take the highest revision
    assert "fredag 8 maj</strong></a> 18:30–20:30" in bo.get(address).text
    assert bo.post(f"{address}/release", data={"shift": coming.id}).status_code == 303
    db.session.expire_all()
    assert (coming.areas, coming.revision) == ([], 2)
    noted = [
        entry
        for entry in db.session.query(audit.Entry).order_by(audit.Entry.number)
        if entry.action.startswith("shift.")
    ]
    assert [entry.action for entry in noted] == ["shift.assign", "shift.release"]
    details = {"campaign": coming.campaign_id, "shift": coming.id, "area": cast.hageby_north.id}
    assert noted[0].details == details


def test_a_shift_that_has_been_takes_no_more_ground(cast: Cast, signed_in: SignedIn) -> None:
    over = shift(cast, cast.hageby, days=-3)
    address = f"/campaigns/{cast.spring.id}/map/{cast.hageby_north.id}"
    assert over.id not in signed_in(cast.bo).get(address).text
    answer = signed_in(cast.bo).post(f"{address}/assign", data={"shift": over.id})
    assert answer.status_code == 422
    assert "Passet är inställt eller redan över." in answer.text
    db.session.expire_all()
    assert over.areas == []


def test_a_shift_of_another_campaign_is_not_there(cast: Cast, signed_in: SignedIn) -> None:
    campaign = new_campaign(
        cast.norrkoping, name="Hösten", kind="listen", starts_on=cast.spring.starts_on, ends_on=cast.spring.ends_on,
        channels=["door"], topics=[], target=None,
    )  # fmt: skip
    other = shift(cast, cast.hageby, days=2, campaign=campaign)
    address = f"/campaigns/{cast.spring.id}/map/{cast.hageby_north.id}"
    assert signed_in(cast.bo).post(f"{address}/assign", data={"shift": other.id}).status_code == 404


def test_who_plans_nothing_is_offered_nothing(cast: Cast, signed_in: SignedIn) -> None:
    coming = shift(cast, cast.hageby, cast.hageby_north, days=2)
    shift(cast, cast.hageby, days=3)
    address = f"/campaigns/{cast.spring.id}/map/{cast.hageby_north.id}"
    page = signed_in(cast.alva).get(address).text
    assert "fredag 8 maj" in page
    assert not any(offer in page for offer in ("<select", "shifts/new", f'value="{coming.id}"'))
    assert "shifts/new" in signed_in(cast.bo).get(address).text
