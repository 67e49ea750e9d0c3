"""Milestones: numbers on the way to a target, and the days on which they were reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from canvass.counting.tallies import Count


class Milestone(NamedTuple):
    """A number on the way to the target, and the day it was reached; None when it has not been."""

    number: int
    reached_on: date | None


def milestones(days: Mapping[str, Count], target: int, earlier: Iterable[int] = ()) -> list[Milestone]:
    """The quarters of the target, and the earlier targets that were lower, from the lowest up.

    `days` are the counts by day (2026-05-01 → Count), `earlier` the targets that there were before this one.
    """
    # Rounded up: half of 25 is reached with the thirteenth conversation.
    numbers = {-(-target * quarter // 4) for quarter in (1, 2, 3, 4)} | {
        number for number in earlier if number < target
    }
    left = sorted(number for number in numbers if number > 0)
    found, total = [], 0
    for day in sorted(days):
        total += days[day].conversations
        while left and left[0] <= total:
            found.append(Milestone(left.pop(0), date.fromisoformat(day)))
    return found + [Milestone(number, None) for number in left]
