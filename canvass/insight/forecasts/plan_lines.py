"""The plan line: how many conversations a campaign should have had after each day to reach its target in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import accumulate
from math import ceil, floor

from canvass.core import clock

WEEK = 7

# A target and the day on which it was set, or from which it holds.
DatedTarget = tuple[date, int]
# The day of a shift and its conversations: those expected of a planned one (None when nobody said), or its result.
ShiftDay = tuple[date, int | None]


def target_steps(first: date, last: date, targets: Iterable[DatedTarget]) -> list[DatedTarget]:
    """From which day of the campaign each target holds; empty when the latest target is 0 or there is none.

    The first target holds from `first`, whenever it was set. Of several set on one day only the last counts.
    """
    by_day: dict[date, int] = {}
    for day, number in sorted(targets, key=lambda target: target[0]):
        by_day[min(max(day, first), last) if by_day else first] = number
    if not by_day or not [*by_day.values()][-1]:
        return []
    steps: list[DatedTarget] = []
    for day, number in by_day.items():
        if number and (not steps or number != steps[-1][1]):
            steps.append((day if steps else first, number))
    return steps


def plan_line(
    first: date, last: date, targets: Iterable[DatedTarget], rhythm: str = "even", planned: Iterable[ShiftDay] = ()
) -> list[float]:
    """The planned result after each day from `first` to `last`; empty without a target.

    `rhythm` says how the target is spread over the days. Where shifts are planned they take over: from the Monday of
    the first shift's week to the Sunday of the last one's, the rhythm's share of that time falls on the shifts' days
    alone. Outside those weeks the rhythm stays, so that shifts planned for the next fortnight do not make it look as
    if the whole target were to be reached in it.

    A new target leaves the line as it was before that day and leads from there to the new number. The line falls only
    where a target was lowered below it.
    """
    steps = target_steps(first, last, targets)
    weights = _weights(first, last, rhythm, planned)
    plan: list[float] = []
    for number, (_day, target) in enumerate(steps):
        until = (steps[number + 1][0] - first).days if number + 1 < len(steps) else len(weights)
        begun = min(plan[-1], target) if plan else 0.0
        left = weights[len(plan) :] if any(weights[len(plan) :]) else [1.0] * (len(weights) - len(plan))
        whole = list(accumulate(left))
        for done in whole[: until - len(plan)]:
            plan.append(target - (target - begun) * (1 - done / whole[-1]))
    return plan


def ahead(plan: Sequence[float], so_far: int, first: date, today: date, *, scale: int = 1) -> int | None:
    """How many conversations more there are than `scale` times the plan line, negative for fewer; None without one.

    Behind is measured against yesterday's plan, ahead against today's, since today is not over; after the last day
    both are the whole plan. None before the first day too.
    """
    number = (today - first).days
    if not plan or number < 0:
        return None
    # Rounded to six decimals first, since the days' shares do not sum to 1 exactly.
    asked = floor(round(scale * plan[min(number, len(plan)) - 1], 6)) if number else 0
    offered = ceil(round(scale * plan[min(number, len(plan) - 1)], 6))
    return so_far - offered if so_far > offered else min(0, so_far - asked)


def _weights(first: date, last: date, rhythm: str, planned: Iterable[ShiftDay]) -> list[float]:
    """How much of the plan falls on each day; only the proportions matter."""
    days = list(clock.days_between(first, last))
    weights = [_by_rhythm(rhythm, day, number / max(1, len(days) - 1)) for number, day in enumerate(days)]
    within = [(day, expected) for day, expected in planned if first <= day <= last]
    if not within:
        return weights
    begins, ends = min(day for day, _expected in within), max(day for day, _expected in within)
    start = max(0, (begins - first).days - begins.weekday())
    stop = min(len(days), (ends - first).days + WEEK - ends.weekday())
    # A shift of which nothing is expected in particular weighs as much as the others on average.
    said = [expected for _day, expected in within if expected]
    usual = sum(said) / len(said) if said else 1.0
    share = sum(weights[start:stop]) or sum(weights) / len(weights) * (stop - start) or 1.0
    total = sum(expected or usual for _day, expected in within)
    weights[start:stop] = [0.0] * (stop - start)
    for day, expected in within:
        weights[(day - first).days] += share * (expected or usual) / total
    return weights


def _by_rhythm(rhythm: str, day: date, share: float) -> float:
    """A day's weight in this rhythm; `share` (0–1) is how much of the campaign has passed."""
    if rhythm == "weekdays":
        return float(day.weekday() < 5)
    if rhythm == "weekends":
        return float(day.weekday() >= 5)
    return 1 + share if rhythm == "rising" else 1.0  # rising: twice the pace at the end
