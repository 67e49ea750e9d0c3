"""What a burn-up chart shows, as sentences and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from canvass.core import clock, i18n
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.insight.forecasts import plan_lines, rounding
from canvass.insight.forecasts.burn_ups import BurnUp
from canvass.web.insight.charts.scales import is_going

LONGEST_BY_WEEK = 60  # weeks; the table of a longer campaign has a row for every fourth


@dataclass(frozen=True)
class Row:
    """A row of the table: the values at the end of a day."""

    day: date
    result: int | None
    plan: int | None
    forecast: str
    is_today: bool


def described(burn_up: BurnUp) -> Iterable[str]:
    """The sentences of the chart's description, for screen readers."""
    yield ngettext("%(num)s samtal hittills.", "%(num)s samtal hittills.", burn_up.so_far)
    if burn_up.target:
        yield _("Målet är %(number)s.", number=i18n.number(burn_up.target))
    number = (burn_up.today - burn_up.first).days
    if burn_up.plan and 0 <= number < len(burn_up.plan):
        yield _("Planen för idag är %(number)s.", number=i18n.number(round(burn_up.plan[number])))
    if found := rounding.interval(burn_up):
        yield _("Prognosen för sista dagen är %(interval)s.", interval=found)


def rows(burn_up: BurnUp) -> list[Row]:
    """A row for each Sunday, for today and for the last day."""
    weeks = (burn_up.end - burn_up.first).days // plan_lines.WEEK + 1
    sundays = [day for day in clock.days_between(burn_up.first, burn_up.end) if day.weekday() == 6]
    chosen = {*(sundays if weeks <= LONGEST_BY_WEEK else sundays[3::4]), burn_up.end}
    if is_going(burn_up):
        chosen.add(burn_up.today)
    ahead = {point.day: point for point in burn_up.forecast.band}
    rows = []
    for day in sorted(chosen):
        number, point = (day - burn_up.first).days, ahead.get(day)
        low, high = rounding.rounded(point.low, point.high, burn_up.so_far) if point else (0, 0)
        rows.append(
            Row(
                day,
                burn_up.result[number] if number < len(burn_up.result) else None,
                round(burn_up.plan[number]) if number < len(burn_up.plan) else None,
                rounding.spanned(low, high) if point and day != burn_up.today else "",
                is_going(burn_up) and day == burn_up.today,
            )
        )
    return rows
