"""Milestones: the quarters of a target, those before it, and the day each was reached."""

from __future__ import annotations

from datetime import date

from canvass.counting.tallies import Count
from canvass.insight.targets import milestones
from canvass.insight.targets.milestones import Milestone


def test_quarters_of_the_target_are_milestones_with_the_day_they_were_reached() -> None:
    days = {"2026-05-02": Count(90, 30), "2026-05-01": Count(40, 20), "2026-05-04": Count(9, 0)}
    assert milestones.milestones(days, 100) == [
        Milestone(25, date(2026, 5, 2)),
        Milestone(50, date(2026, 5, 2)),
        Milestone(75, None),
        Milestone(100, None),
    ]


def test_half_a_conversation_more_is_a_whole_one() -> None:
    assert [milestone.number for milestone in milestones.milestones({}, 25)] == [7, 13, 19, 25]
    assert [milestone.number for milestone in milestones.milestones({}, 2)] == [1, 2]


def test_the_target_before_it_was_raised_is_a_milestone_and_one_that_was_higher_is_none() -> None:
    days = {"2026-05-01": Count(900, 410)}
    found = milestones.milestones(days, 450, earlier=[400, 600, 450])
    assert [milestone.number for milestone in found] == [113, 225, 338, 400, 450]
    assert found[3] == Milestone(400, date(2026, 5, 1))
    assert found[4] == Milestone(450, None)


def test_without_a_target_there_is_nothing_on_the_way() -> None:
    assert milestones.milestones({"2026-05-01": Count(9, 9)}, 0) == []
