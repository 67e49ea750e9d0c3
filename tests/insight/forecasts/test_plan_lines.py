"""The plan line: every day has its number, the last one the target, whatever is planned and however it is revised."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.fieldwork import campaigns
from canvass.insight.forecasts import plan_lines
from tests.insight.forecasts.ten_weeks import FIRST, LAST, TODAY, numbers, some, spans


@some
@given(
    spans,
    st.lists(st.tuples(st.integers(-20, 90), st.integers(1, 9000)), min_size=1, max_size=4),
    st.sampled_from(campaigns.RHYTHMS),
    st.lists(st.tuples(st.integers(-10, 90), st.none() | numbers), max_size=6),
)
def test_a_plan_has_every_day_ends_at_the_target_and_falls_only_with_it(
    campaign: tuple[date, date], revisions: list[tuple[int, int]], rhythm: str, shifts: list[tuple[int, int | None]]
) -> None:
    first, last = campaign
    targets = sorted((first + timedelta(day), number) for day, number in revisions)
    planned = [(first + timedelta(day), expected) for day, expected in shifts]
    plan = plan_lines.plan_line(first, last, targets, rhythm, planned)
    assert len(plan) == (last - first).days + 1
    assert plan[-1] == targets[-1][1]
    lowered = {
        after[0] for before, after in pairwise(plan_lines.target_steps(first, last, targets)) if after[1] < before[1]
    }
    for number, (before, after) in enumerate(pairwise(plan), 1):
        assert after >= before - 1e-9 or first + timedelta(number) in lowered


def test_an_even_plan_gives_every_day_the_same() -> None:
    plan = plan_lines.plan_line(FIRST, LAST, [(FIRST, 700)])
    assert plan[0] == pytest.approx(10)
    assert {round(after - before, 6) for before, after in pairwise(plan)} == {10}


def test_a_plan_by_weekdays_rests_at_weekends_and_the_other_way_round() -> None:
    by_day = daily(plan_lines.plan_line(FIRST, LAST, [(FIRST, 500)], "weekdays"))
    assert by_day[:7] == pytest.approx([10, 10, 10, 10, 10, 0, 0])
    assert daily(plan_lines.plan_line(FIRST, LAST, [(FIRST, 200)], "weekends"))[:7] == pytest.approx([0] * 5 + [10, 10])


def test_a_rising_plan_ends_at_twice_its_first_pace() -> None:
    by_day = daily(plan_lines.plan_line(FIRST, LAST, [(FIRST, 700)], "rising"))
    assert by_day[-1] == pytest.approx(2 * by_day[0])


def test_a_campaign_of_one_weekend_by_weekdays_is_even() -> None:
    assert plan_lines.plan_line(date(2026, 5, 9), date(2026, 5, 10), [(FIRST, 10)], "weekdays") == [5, 10]


def test_a_plan_by_shifts_rises_on_their_days_alone() -> None:
    shifts = [(FIRST + timedelta(week * 7 + 1), None) for week in range(10)]
    by_day = daily(plan_lines.plan_line(FIRST, LAST, [(FIRST, 500)], "even", shifts))
    assert [number for number, much in enumerate(by_day) if much > 1e-9] == [1 + 7 * week for week in range(10)]
    assert by_day[1] == pytest.approx(50)


def test_a_shift_weighs_what_is_expected_of_it_and_an_unsaid_one_as_much_as_the_usual() -> None:
    last = FIRST + timedelta(6)
    shifts = [(FIRST, 30), (FIRST + timedelta(2), 10), (last, None)]
    assert daily(plan_lines.plan_line(FIRST, last, [(FIRST, 60)], "even", shifts)) == [30, 0, 10, 0, 0, 0, 20]


def test_shifts_made_for_one_fortnight_are_not_taken_for_the_whole_campaign() -> None:
    """Weeks 3 and 4 of ten go by their shifts and take a fifth; before and after it goes by the rhythm."""
    shifts = [(FIRST + timedelta(15), None), (FIRST + timedelta(26), None)]
    by_day = daily(plan_lines.plan_line(FIRST, LAST, [(FIRST, 700)], "even", shifts))
    assert by_day[:14] == pytest.approx([10] * 14)
    assert by_day[14:28] == pytest.approx([0, 70, *[0] * 10, 70, 0])
    assert by_day[28:] == pytest.approx([10] * 42)


def test_a_raised_target_bends_the_plan_and_leaves_what_was_planned() -> None:
    before = plan_lines.plan_line(FIRST, LAST, [(FIRST, 700)])
    after = plan_lines.plan_line(FIRST, LAST, [(FIRST, 700), (TODAY, 1050)])
    assert after[:35] == pytest.approx(before[:35])
    assert daily(after)[35:] == pytest.approx([20] * 35)


def test_a_target_lowered_below_the_plan_is_met_by_it_at_once() -> None:
    plan = plan_lines.plan_line(FIRST, LAST, [(FIRST, 700), (TODAY, 200)])
    assert plan[34] == pytest.approx(350)
    assert plan[35:] == [200] * 35


def test_of_targets_set_before_the_start_or_on_one_day_the_last_holds() -> None:
    set_on = [(FIRST - timedelta(9), 100), (FIRST - timedelta(2), 200), (TODAY, 300), (TODAY, 400)]
    assert plan_lines.target_steps(FIRST, LAST, set_on) == [(FIRST, 200), (TODAY, 400)]


def test_the_first_target_holds_from_the_first_day_and_one_set_too_late_on_the_last() -> None:
    assert plan_lines.target_steps(FIRST, LAST, [(TODAY, 300)]) == [(FIRST, 300)]
    late = [(FIRST, 300), (LAST + timedelta(3), 400)]
    assert plan_lines.target_steps(FIRST, LAST, late) == [(FIRST, 300), (LAST, 400)]


def test_a_target_of_zero_is_none() -> None:
    assert plan_lines.target_steps(FIRST, LAST, []) == []
    assert plan_lines.target_steps(FIRST, LAST, [(FIRST, 500), (TODAY, 0)]) == []
    assert plan_lines.target_steps(FIRST, LAST, [(FIRST, 0), (TODAY, 500)]) == [(FIRST, 500)]
    assert plan_lines.plan_line(FIRST, LAST, []) == []


def test_every_rhythm_has_a_name() -> None:
    assert len({campaigns.rhythm_name(rhythm) for rhythm in campaigns.RHYTHMS}) == len(campaigns.RHYTHMS)


def daily(plan: list[float]) -> list[float]:
    return [after - before for before, after in pairwise([0.0, *plan])]
