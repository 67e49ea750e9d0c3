"""When and where people talk: contact rates by weekday and hour, and advice by housing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from canvass.core import clock, db
from canvass.counting import tallies
from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns
from canvass.insight import hours
from canvass.members import organisations
from canvass.members.people import Person
from tests.cast import Cast, log

SignedIn = Callable[[Person], FlaskClient]


def test_an_evening_counts_under_its_weekday_and_swedish_hour(cast: Cast) -> None:
    # The same hour by Greenwich is another hour by the clock on the wall in summer and in winter.
    for at in (datetime(2026, 5, 5, 16, 10, tzinfo=UTC), datetime(2026, 3, 3, 17, 50, tzinfo=UTC)):
        with clock.stopped(at):
            log(cast, cast.alva)
            log(cast, cast.alva, "not_home", 3)
    counts = tallies.by("hour", cast.spring.id, organisations.beneath(cast.norrkoping.id))
    assert counts == {"door-1-18": Count(8, 2)}


def test_the_best_and_the_worst_time_are_told_only_when_they_differ_beyond_chance() -> None:
    sure = hours.weeks({"door-1-18": Count(400, 120), "door-5-11": Count(400, 40), "door-2-9": Count(5, 5)})
    [week] = sure
    assert (week.best, week.worst) == (week.rows[2][1], week.rows[1][5])
    assert (week.rows[2][1].hour, week.rows[1][5].hour) == (18, 10)
    [week] = hours.weeks({"door-1-18": Count(30, 9), "door-5-11": Count(30, 6)})
    assert (week.best, week.worst) == (None, None)


def test_few_attempts_give_no_rate() -> None:
    [week] = hours.weeks({"door-1-18": Count(19, 19), "door-1-20": Count(20, 5)})
    assert [row[1].rate for row in week.rows] == [None, 0.25]
    assert [week.step(row[1]) for row in week.rows] == [None, 5]


def test_shades_follow_the_rate() -> None:
    [week] = hours.weeks({"phone-0-10": Count(100, 0), "phone-1-10": Count(100, 10), "phone-2-10": Count(100, 20)})
    assert [week.step(slot) for slot in week.rows[0][:3]] == [1, 3, 5]
    [silent] = hours.weeks({"phone-0-10": Count(100, 0)})
    assert silent.step(silent.rows[0][0]) == 1


@pytest.mark.parametrize(
    ("count", "low", "high"), [(Count(0, 0), 0, 1), (Count(100, 0), 0, 0.07), (Count(100, 100), 0.93, 1)]
)
def test_the_interval_stays_within_what_can_be(count: Count, low: float, high: float) -> None:
    assert hours.wilson(count) == pytest.approx((low, high), abs=0.01)


def test_leaders_and_volunteers_see_when_people_talk(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, number=12)
    log(cast, cast.alva, "not_home", 28)
    for who in (cast.bo, cast.alva):
        page = signed_in(who).get(f"/campaigns/{cast.spring.id}/hours").text
        assert "30\N{NO-BREAK SPACE}%" in page
        assert "18:00–20:00" in page
    assert "Inget att visa" in signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/hours?at={cast.ektorp.id}").text


def test_leaders_set_the_advice_and_it_is_only_advice(cast: Cast, signed_in: SignedIn) -> None:
    assert [campaigns.advised(cast.spring, housing) for housing in campaigns.ADVICE] == [
        "door",
        "door",
        "stall",
        "door",
    ]
    answer = signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/advice", data={"flats": "phone", "villa": ""})
    assert answer.status_code == 303
    db.session.refresh(cast.spring)
    assert campaigns.advised(cast.spring, "flats") == "phone"
    assert campaigns.advised(cast.spring, "villa") is None
    signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/advice", data={"flats": "smoke signals"})
    db.session.refresh(cast.spring)
    assert campaigns.advised(cast.spring, "flats") == "phone"


def test_no_advice_for_a_channel_that_the_campaign_does_without(cast: Cast) -> None:
    cast.spring.channels = ["door"]
    assert campaigns.advised(cast.spring, "flats") is None
    assert campaigns.advised(cast.spring, "") is None
