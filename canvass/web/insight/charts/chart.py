"""Burn-up charts as SVG: result, plan line, forecast and target over the campaign's days.

Curves have coordinates in a box of 1000 × 1000 that is stretched to the page; words and marks are placed in per cent.
So the same chart fits a phone and a projector, and letters and lines keep their size.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from canvass.core.i18n import gettext as _
from canvass.insight.forecasts.burn_ups import BurnUp
from canvass.web.insight.charts import curves, labels, tables
from canvass.web.insight.charts.curves import Step
from canvass.web.insight.charts.labels import Label
from canvass.web.insight.charts.scales import Scale, is_going, share
from canvass.web.insight.charts.tables import Row


@dataclass(frozen=True)
class Chart:
    """A burn-up as templates/campaigns/_burn_up.html reads it."""

    id: str
    is_large: bool
    title: str
    description: str
    result: str
    plan: str
    band: str
    median: str
    targets: list[Step]
    risers: list[Step]
    heights: list[Label]
    days: list[Label]
    labels: list[Label]
    today: str
    today_height: str
    rows: list[Row]
    has_plan: bool
    has_forecast: bool


def draw(burn_up: BurnUp, *, large: bool = False, id: str = "burn-up") -> Chart:
    """The chart for a page, or for a wall when `large`. `id` must be unique on the page."""
    scale = Scale(burn_up)
    targets = curves.targets(scale, burn_up)
    return Chart(
        id=id,
        is_large=large,
        title=_("Uppföljningskurva: samtal, plan och mål"),
        description=" ".join(tables.described(burn_up)),
        result=curves.result(scale, burn_up),
        plan=curves.plan(scale, burn_up),
        band=curves.band(scale, burn_up),
        median=curves.median(scale, burn_up),
        targets=targets,
        risers=[Step(after.left, before.y, after.y) for before, after in pairwise(targets)],
        heights=labels.heights(scale, burn_up, large),
        days=labels.days(scale, burn_up, large),
        labels=labels.labels(scale, burn_up),
        today=share(scale.x(burn_up.today, 0.5)) if is_going(burn_up) else "",
        today_height=share(scale.y(burn_up.so_far)),
        rows=tables.rows(burn_up),
        has_plan=bool(burn_up.plan),
        has_forecast=bool(burn_up.forecast.band),
    )
