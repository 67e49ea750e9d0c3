"""The required pace: how many conversations a day, a week or a shift it takes to reach the target in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from canvass.insight.forecasts.plan_lines import WEEK, ShiftDay

# How many shifts a week there are, and what they give, is measured over the last four weeks.
SHIFT_DAYS = 28


@dataclass(frozen=True)
class Pace:
    """What it takes to reach the target. The figures for shifts are None when none are planned and none have been.

    `shifts` are those left, by the calendar or by the habit of the last weeks; `planned` those in the calendar.
    """

    remaining: int
    days: int
    per_day: int
    per_week: int
    shifts: int | None = None
    shifts_a_week: float | None = None
    per_shift: int | None = None
    given_per_shift: float | None = None
    planned: int = 0

    @property
    def weeks(self) -> float:
        """Weeks left, counting today."""
        return self.days / WEEK


def required_pace(
    remaining: int, today: date, last: date, planned: Iterable[ShiftDay] = (), held: Iterable[ShiftDay] = ()
) -> Pace | None:
    """The pace needed from `today` (included) to reach `remaining` more by the end of `last`; None after that day.

    `planned` are all shifts in the calendar, `held` those that are over, with their results. The number of shifts
    left is that of the planned ones, or what the rate of the last four weeks makes if that is more: few people plan
    further ahead than a fortnight.
    """
    days, remaining = (last - today).days + 1, max(0, remaining)
    if days <= 0:
        return None
    recent = [(day, given) for day, given in held if today - timedelta(SHIFT_DAYS) <= day <= today]
    gave = [given for _day, given in recent if given is not None]
    measured = min(SHIFT_DAYS, max(WEEK, (today - min((day for day, _given in recent), default=today)).days))
    coming = sum(1 for day, _expected in planned if today <= day <= last)
    left = max(coming, round(len(recent) / measured * days))
    per_day = ceil(remaining / days)
    per_week = ceil(remaining * WEEK / days)
    if not left:
        return Pace(remaining, days, per_day, per_week)
    return Pace(
        remaining,
        days,
        per_day,
        per_week,
        shifts=left,
        shifts_a_week=left * WEEK / days,
        per_shift=ceil(remaining / left),
        given_per_shift=sum(gave) / len(gave) if gave else None,
        planned=coming,
    )
