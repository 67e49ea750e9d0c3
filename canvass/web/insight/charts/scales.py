"""Where a day and a number are in a burn-up chart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from canvass.insight.forecasts.burn_ups import BurnUp

# The side of the box in which curves have their coordinates.
SIZE = 1000
# Room for words above the highest point, as a share of its height.
HEADROOM = 0.08


class Scale:
    """Where in the chart a day and a number are."""

    def __init__(self, burn_up: BurnUp) -> None:
        self.first, self.days = burn_up.first, (burn_up.end - burn_up.first).days + 1
        highest = max(
            [burn_up.so_far, *burn_up.plan[-1:], *(number for _day, number in burn_up.targets), 1]
            + [point.high for point in burn_up.forecast.band[-1:]]
        )
        self.top = highest * (1 + HEADROOM)

    def x(self, day: date, part: float = 1) -> float:
        """0–1 from the beginning of the first day to the end of the last; `part` says how much of `day` has passed."""
        return ((day - self.first).days + part) / self.days

    def y(self, number: float) -> float:
        """0–1 from the top of the chart to its foot."""
        return 1 - number / self.top

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        """An SVG path through points: 0–1 across, and a number."""
        return "M" + "L".join(f"{SIZE * x:.1f},{SIZE * self.y(number):.1f}" for x, number in points)


def is_going(burn_up: BurnUp) -> bool:
    """Is today one of the campaign's days?"""
    return burn_up.first <= burn_up.today <= burn_up.last


def share(part: float) -> str:
    """0–1 in per cent, as SVG attributes take it."""
    return f"{100 * part:.2f}%"
