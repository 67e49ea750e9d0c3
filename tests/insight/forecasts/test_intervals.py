"""The forecast's interval: how often it holds the outcome, and what makes it wider, higher and absent."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.insight.forecasts import intervals
from canvass.insight.forecasts.intervals import Forecast
from tests.insight.forecasts import seasons
from tests.insight.forecasts.ten_weeks import FIRST, LAST, TODAY, burn_up, every_day, numbers, some, spans


def test_eight_seasons_out_of_ten_end_inside_the_interval() -> None:
    """Over all sorts and moments together; benchmarks/test_forecasts.py tells them apart."""
    random, held = Random(7), []
    for sort in seasons.SORTS:
        for _number in range(40):
            season = seasons.season(sort, random)
            for moment in seasons.MOMENTS:
                today = season.today(moment)
                end = intervals.forecast(season.until(today), season.first, season.last, today).end
                if end:
                    held.append(end.low <= sum(season.counts) <= end.high)
    assert len(held) > 1400
    # Closer than what is promised, 70–90 %: the seasons are always the same, so a band made narrower or wider shows.
    assert 0.78 <= sum(held) / len(held) <= 0.84


@some
@given(spans, st.lists(numbers, max_size=80), st.integers(0, 80))
def test_a_band_never_falls_and_holds_what_is_there_already(
    campaign: tuple[date, date], counts: list[int], passed: int
) -> None:
    first, last = campaign
    today = min(first + timedelta(passed), last)
    talked = [(first + timedelta(day), number) for day, number in enumerate(counts) if first + timedelta(day) <= today]
    found = intervals.forecast(talked, first, last, today)
    if found.missing:
        assert found == Forecast(missing="early")
        return
    so_far = sum(number for _day, number in talked)
    assert [point.day for point in found.band] == [today + timedelta(day) for day in range((last - today).days + 1)]
    for point in found.band:
        assert so_far <= point.low <= point.median <= point.high
    for before, after in pairwise(found.band):
        assert before.low <= after.low
        assert before.median <= after.median
        assert before.high <= after.high


def test_the_same_days_in_any_order_give_the_same_forecast() -> None:
    talked = list(every_day(9).items())
    assert intervals.forecast(reversed(talked), FIRST, LAST, TODAY) == intervals.forecast(talked, FIRST, LAST, TODAY)


def test_a_steady_campaign_is_foreseen_around_where_its_pace_leads() -> None:
    end = burn_up(every_day(10)).forecast.end
    assert end is not None
    assert end.low < 700 < end.high
    assert end.median == pytest.approx(700, rel=0.03)


def test_ten_times_as_many_conversations_lead_ten_times_as_far() -> None:
    season = seasons.season("steady", Random(1))
    today = season.today(0.5)
    known = season.until(today)
    few = intervals.forecast(known, season.first, season.last, today).end
    many = intervals.forecast([(day, 10 * n) for day, n in known], season.first, season.last, today).end
    assert few is not None
    assert many is not None
    for little, much in zip(few[1:], many[1:], strict=True):
        assert much == pytest.approx(10 * little, rel=0.02, abs=10)


def test_one_more_conversation_moves_the_forecast_by_little() -> None:
    counts = every_day(10)
    before = burn_up({**counts, TODAY: 5}).forecast.end
    after = burn_up({**counts, TODAY: 6}).forecast.end
    assert before is not None
    assert after is not None
    assert all(abs(new - old) <= 1 for old, new in zip(before[1:], after[1:], strict=True))


def test_a_great_day_counts_at_once() -> None:
    counts = every_day(10)
    ordinary, great = burn_up(counts).forecast.end, burn_up({**counts, TODAY: 300}).forecast.end
    assert ordinary is not None
    assert great is not None
    assert great.low >= 650
    assert great.median - ordinary.median == pytest.approx(290, abs=5)


def test_uneven_days_give_a_wider_band_than_even_ones() -> None:
    random = Random(5)
    uneven = {day: random.choice((0, 0, 0, 40)) for day in every_day(10)}
    even, wide = burn_up(every_day(10)).forecast.end, burn_up(uneven).forecast.end
    assert even is not None
    assert wide is not None
    assert (wide.high - wide.low) / wide.median > 1.2 * (even.high - even.low) / even.median


def test_the_band_rises_on_the_days_people_go_out() -> None:
    saturdays = {day: 50 for day in every_day(1) if day.weekday() == 5}
    found = burn_up({**saturdays, FIRST: 1}).forecast.band
    risen = {point.day.weekday(): point.median - before.median for before, point in pairwise(found[:8])}
    assert max(risen, key=lambda weekday: risen[weekday]) == 5


@pytest.mark.parametrize(
    ("counts", "today", "missing"),
    [
        ({FIRST: 5, FIRST + timedelta(1): 5, FIRST + timedelta(2): 5}, FIRST + timedelta(6), "early"),
        ({FIRST: 50, FIRST + timedelta(8): 50}, TODAY, "early"),
        ({}, TODAY, "early"),
        ({FIRST: 5, FIRST + timedelta(1): 5, FIRST + timedelta(2): 5}, FIRST + timedelta(7), ""),
        ({}, FIRST - timedelta(1), "before"),
        (every_day(5), LAST + timedelta(1), "over"),
        (every_day(5), LAST, ""),
    ],
)
def test_a_forecast_says_why_there_is_none(counts: dict[date, int], today: date, missing: str) -> None:
    assert burn_up(counts, today).forecast.missing == missing


def test_the_pace_is_that_of_fourteen_days_and_through_a_holiday_of_more() -> None:
    assert burn_up(every_day(5)).forecast.pace_days == 14
    before_holiday = {day: number for day, number in every_day(5).items() if day < date(2026, 3, 23)}
    assert burn_up(before_holiday).forecast.pace_days == 21
    resting = burn_up(before_holiday).forecast.end
    assert resting is not None
    assert resting.high > sum(before_holiday.values())
    assert burn_up(every_day(5), FIRST + timedelta(9)).forecast.is_whole
