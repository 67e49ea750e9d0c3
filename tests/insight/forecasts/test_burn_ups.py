"""The values of a burn-up: every conversation is in the result, on the day it belongs to."""

from __future__ import annotations

from datetime import date, timedelta

from tests.insight.forecasts.ten_weeks import FIRST, LAST, TODAY, burn_up


def test_the_result_is_every_conversation_even_those_of_clocks_that_are_fast_or_begun_early() -> None:
    counts = {FIRST - timedelta(3): 2, FIRST: 3, TODAY: 4, TODAY + timedelta(1): 5}
    found = burn_up(counts)
    assert (found.result[0], found.result[-1], found.so_far) == (5, 14, 14)
    assert len(found.result) == (TODAY - FIRST).days + 1


def test_days_around_the_change_of_the_clocks_are_one_day_each() -> None:
    found = burn_up({date(2026, 3, 28): 1, date(2026, 3, 29): 2, date(2026, 3, 30): 4})
    assert found.result[25:30] == [0, 1, 3, 7, 7]


def test_a_campaign_that_went_on_is_drawn_to_its_end() -> None:
    found = burn_up({FIRST: 3, LAST + timedelta(2): 4}, LAST + timedelta(9))
    assert found.end == LAST + timedelta(2)
    assert found.result[-1] == 7
    assert burn_up({FIRST: 3}, LAST + timedelta(9)).end == LAST


def test_a_campaign_not_begun_has_no_result_line() -> None:
    found = burn_up({}, FIRST - timedelta(3))
    assert (found.result, found.so_far) == ([], 0)
    assert found.pace is not None
    assert found.pace.days == 70
