"""The curves of a burn-up chart: result, plan line, forecast and targets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from canvass.insight.forecasts.burn_ups import BurnUp
from canvass.web.insight.charts.scales import Scale, is_going, share


@dataclass(frozen=True)
class Step:
    """A line at the height of a target, for as long as the target held."""

    left: str
    right: str
    y: str


def result(scale: Scale, burn_up: BurnUp) -> str:
    """The path of the result: a point at the end of each day, and in the middle of today, where the mark is."""
    if not burn_up.result:
        return ""
    points = [(0.0, 0.0), *_by_day(scale, burn_up, burn_up.result)]
    if is_going(burn_up):
        points[-1] = (scale.x(burn_up.today, 0.5), burn_up.so_far)
    return scale.path(_thinned(points))


def plan(scale: Scale, burn_up: BurnUp) -> str:
    """The path of the plan line; empty without one."""
    return scale.path(_thinned([(0.0, 0.0), *_by_day(scale, burn_up, burn_up.plan)])) if burn_up.plan else ""


def median(scale: Scale, burn_up: BurnUp) -> str:
    """The path of the forecast's median; empty without a forecast."""
    return scale.path(_from_today(scale, burn_up, "median")) if burn_up.forecast.band else ""


def band(scale: Scale, burn_up: BurnUp) -> str:
    """The outline of the forecast's interval; empty without a forecast."""
    if not burn_up.forecast.band:
        return ""
    return scale.path([*_from_today(scale, burn_up, "high"), *reversed(_from_today(scale, burn_up, "low"))]) + "Z"


def targets(scale: Scale, burn_up: BurnUp) -> list[Step]:
    """Each target from the beginning of the day it was set to that of the next, or to the right edge."""
    begins = [scale.x(day, 0) for day, _number in burn_up.targets]
    return [
        Step(share(left), share(right), share(scale.y(number)))
        for (_day, number), left, right in zip(burn_up.targets, begins, [*begins[1:], 1.0], strict=False)
    ]


def _by_day(scale: Scale, burn_up: BurnUp, numbers: Iterable[float]) -> list[tuple[float, float]]:
    return [(scale.x(burn_up.first + timedelta(day)), number) for day, number in enumerate(numbers)]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without the points inside straight lines: phones fetch the page every few seconds."""
    kept = points[:1]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        steep, next_steep = ((b[1] - a[1]) / ((b[0] - a[0]) or 1) for a, b in ((before, here), (here, after)))
        if abs(steep - next_steep) > 1e-6 * max(1, abs(steep)):
            kept.append(here)
    return kept + points[1:][-1:]


def _from_today(scale: Scale, burn_up: BurnUp, which: str) -> list[tuple[float, float]]:
    here = (scale.x(burn_up.today, 0.5), float(burn_up.so_far))
    return [here, *((scale.x(point.day), getattr(point, which)) for point in burn_up.forecast.band)]
