"""Burn-ups: result, plan line, forecast and required pace of a campaign, day by day. Plain values in and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from canvass.counting.tallies import Count
from canvass.insight.forecasts import intervals, paces, plan_lines
from canvass.insight.forecasts.intervals import Forecast
from canvass.insight.forecasts.paces import Pace
from canvass.insight.forecasts.plan_lines import DatedTarget, ShiftDay


@dataclass(frozen=True)
class BurnUp:
    """All that a burn-up chart shows. The lists begin with `first` and are cumulative, as at the end of each day."""

    first: date
    last: date
    today: date
    so_far: int
    result: list[int]  # to today, or to the last day with conversations when the campaign is over
    plan: list[float]  # to `last`; empty without a target
    targets: list[DatedTarget]  # from when each holds; empty without a target
    forecast: Forecast
    pace: Pace | None

    @property
    def target(self) -> int | None:
        """The target at present; None without one."""
        return self.targets[-1][1] if self.targets else None

    @property
    def ahead(self) -> int | None:
        """Conversations more than the plan line says, negative for fewer: see plan_lines.ahead."""
        return plan_lines.ahead(self.plan, self.so_far, self.first, self.today)

    @property
    def end(self) -> date:
        """The last day to show: conversations may come after the campaign's last day."""
        return max(self.last, self.first + timedelta(len(self.result) - 1))


def burn_up(
    days: Mapping[str, Count],
    *,
    first: date,
    last: date,
    today: date,
    targets: Iterable[DatedTarget],
    rhythm: str = "even",
    planned: Iterable[ShiftDay] = (),
    held: Iterable[ShiftDay] = (),
) -> BurnUp:
    """The burn-up of a campaign from its counters by day (2026-05-01 → Count), as `tallies.by` gives them.

    `targets` are in the order in which they were set; `planned` are all shifts in the calendar, past ones too, each
    with what was expected of it; `held` those that are over with their results. If the campaign was closed early,
    `last` is the day it was closed.
    """
    # A phone whose clock is fast may be a day ahead; its conversations still count.
    talked = sorted((min(date.fromisoformat(day), today), count.conversations) for day, count in days.items())
    planned, held = list(planned), list(held)
    so_far = sum(number for _day, number in talked)
    steps = plan_lines.target_steps(first, last, targets)
    counts = _per_day(talked, first, today, last)
    return BurnUp(
        first=first,
        last=last,
        today=today,
        so_far=so_far,
        result=list(accumulate(counts)),
        plan=plan_lines.plan_line(first, last, steps, rhythm, planned),
        targets=steps,
        forecast=intervals.forecast(talked, first, last, today),
        pace=paces.required_pace(steps[-1][1] - so_far, max(first, today), last, planned, held) if steps else None,
    )


def _per_day(talked: list[tuple[date, int]], first: date, today: date, last: date) -> list[int]:
    """Conversations on each day from `first`; earlier ones are added to that day. Empty before the campaign begins."""
    if today < first:
        return []
    latest = max((day for day, number in talked if number), default=first)
    counts = [0] * ((today if today <= last else max(last, latest)) - first + timedelta(1)).days
    for day, number in talked:
        counts[max(0, (day - first).days)] += number
    return counts
