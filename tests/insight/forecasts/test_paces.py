"""The required pace by day, week and shift."""

from __future__ import annotations

from datetime import timedelta

from canvass.insight.forecasts import paces
from tests.insight.forecasts.ten_weeks import LAST, TODAY


def test_the_pace_needed_is_by_day_and_week_and_never_too_low() -> None:
    found = paces.required_pace(100, TODAY, LAST)
    assert found == paces.Pace(remaining=100, days=35, per_day=3, per_week=20)
    assert paces.required_pace(-5, TODAY, LAST) == paces.Pace(0, 35, 0, 0)
    assert paces.required_pace(5, LAST + timedelta(1), LAST) is None


def test_shifts_left_are_those_planned_or_as_many_as_the_habit_makes() -> None:
    twice_a_week = [
        (TODAY - timedelta(day), 30) for day in range(1, 29) if (TODAY - timedelta(day)).weekday() in (1, 5)
    ]
    planned = [(TODAY + timedelta(1), None), (TODAY + timedelta(5), None), (LAST + timedelta(1), None)]
    by_habit = paces.required_pace(380, TODAY, LAST, planned, twice_a_week)
    assert by_habit is not None
    assert (by_habit.shifts, by_habit.per_shift, by_habit.given_per_shift) == (10, 38, 30)
    by_plan = paces.required_pace(380, TODAY, LAST, planned)
    assert by_plan is not None
    assert (by_plan.shifts, by_plan.per_shift, by_plan.given_per_shift) == (2, 190, None)


def test_a_shift_long_ago_says_nothing_of_the_habit() -> None:
    found = paces.required_pace(380, TODAY, LAST, [], [(TODAY - timedelta(29), 30)])
    assert found is not None
    assert found.shifts is None
