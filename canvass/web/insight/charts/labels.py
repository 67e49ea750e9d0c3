"""The labels of a burn-up chart, placed so that they do not overlap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from canvass.core import clock, i18n
from canvass.core.i18n import gettext as _
from canvass.insight.forecasts import rounding
from canvass.insight.forecasts.burn_ups import BurnUp
from canvass.web.insight.charts.scales import Scale, is_going, share

# Labels need this distance between them, as a share of the chart's height.
APART = 0.1
# Labels of days need this distance from the ends, where the first and last day are, as a share of the width: on a
# phone, and on wider screens.
DAYS_APART, ROOMY_DAYS_APART = 0.24, 0.14
FINE_DAYS, FEW_DAYS = 6, 2  # how many days are labelled between the ends: on wider screens, and on a phone or wall


@dataclass(frozen=True)
class Label:
    """Words at a place in per cent of the chart; `side` is the part of them that is there: start, middle or end."""

    text: str
    x: str
    y: str
    side: str = "start"
    look: str = ""


def heights(scale: Scale, burn_up: BurnUp, large: bool) -> list[Label]:
    """Round numbers up the side, but none where a target has its own."""
    most = 3 if large else 5
    step = next(
        size * 10**power for power in range(9) for size in (1, 2, 5) if scale.top / (size * 10**power) <= most + 0.5
    )
    taken = [scale.y(number) for _day, number in burn_up.targets]
    found = []
    for number in range(step, int(scale.top) + 1, step):
        y = scale.y(number)
        if y > APART / 2 and all(abs(y - other) >= APART for other in taken):
            found.append(Label(i18n.number(number), "0%", share(y)))
    return found


def days(scale: Scale, burn_up: BurnUp, large: bool) -> list[Label]:
    """The first and the last day, and Mondays or first days of months between them; `roomy` ones not on a phone."""
    fine = _evenly(scale, burn_up, FEW_DAYS if large else FINE_DAYS)
    clear = [day for day in fine if DAYS_APART <= scale.x(day, 0) <= 1 - DAYS_APART]
    apart = -(-len(clear) // FEW_DAYS) or 1
    coarse = clear[(apart - 1) // 2 :: apart]
    between = [
        Label(_day(day), share(scale.x(day, 0)), "100%", "middle", "" if day in coarse else "roomy") for day in fine
    ]
    return [
        Label(_day(burn_up.first), "0%", "100%"),
        *between,
        *([Label(_day(burn_up.end), "100%", "100%", "end")] if scale.days > 1 else []),
    ]


def labels(scale: Scale, burn_up: BurnUp) -> list[Label]:
    """The target, those before it, the result, today and the ends of the forecast, each beside what it names."""
    labels = [
        Label(i18n.number(target), share(scale.x(day, 0)), share(scale.y(target)), "start", "burn-up-over")
        for day, target in burn_up.targets[:-1]
    ]
    if burn_up.targets:
        labels.append(_target_label(scale, burn_up))
    if burn_up.result:
        labels.append(_result_label(scale, burn_up))
    if is_going(burn_up):
        x = scale.x(burn_up.today, 0.5)
        side = "start" if x < ROOMY_DAYS_APART / 2 else "end" if x > 1 - ROOMY_DAYS_APART / 2 else "middle"
        labels.append(Label(_("idag"), share(x), "0%", side, "burn-up-over burn-up-strong"))
    return labels + _forecast_labels(scale, burn_up)


def _target_label(scale: Scale, burn_up: BurnUp) -> Label:
    """At the right edge; where the target begins when the result's label is at the right edge."""
    day, target = burn_up.targets[-1]
    x, y = scale.x(day, 0), scale.y(target)
    is_taken = _result_x(scale, burn_up) > 1 - DAYS_APART and abs(scale.y(burn_up.so_far) - y) < 2 * APART
    place, side = (x, "start") if is_taken and x <= 0.5 else (1.0, "end")
    text = _("Mål %(number)s", number=i18n.number(target))
    return Label(text, share(place), share(y), side, "burn-up-over burn-up-strong")


def _result_x(scale: Scale, burn_up: BurnUp) -> float:
    """Where the result's curve ends, 0–1."""
    if not burn_up.result:
        return 0.0
    return scale.x(burn_up.today, 0.5) if is_going(burn_up) else 1.0


def _result_label(scale: Scale, burn_up: BurnUp) -> Label:
    """To the left of the mark, where a rising curve leaves room above it; to the right near the left edge."""
    x = _result_x(scale, burn_up)
    side, look = ("start", "burn-up-right") if x < 0.2 else ("end", "burn-up-left")
    look = f"{look} burn-up-result-number"
    return Label(i18n.number(burn_up.so_far), share(x), share(scale.y(burn_up.so_far)), side, look)


def _forecast_labels(scale: Scale, burn_up: BurnUp) -> list[Label]:
    """The ends of the forecast where they do not overlap another label: the sentences beside the chart say them too."""
    end = burn_up.forecast.end
    if end is None or scale.x(burn_up.today) > 1 - DAYS_APART:
        return []
    low, high = rounding.rounded(end.low, end.high, burn_up.so_far)
    target = scale.y(burn_up.targets[-1][1]) if burn_up.targets else -1.0
    places = [(high, scale.y(end.high), "burn-up-over"), (low, scale.y(end.low), "burn-up-under")]
    return [
        Label(i18n.number(number), "100%", share(y), "end", look)
        for number, y, look in places
        # A label is above or below its point, the target's above its line: what counts is where the letters are.
        if abs(y + (0 if look == "burn-up-over" else APART) - target) >= APART and y <= 1 - APART / 2
    ]


def _evenly(scale: Scale, burn_up: BurnUp, most: int) -> list[date]:
    """Mondays or first days of months that are clear of both ends: at most `most`, or one a year."""
    days = clock.days_between(burn_up.first, burn_up.end)
    clear = [day for day in days if ROOMY_DAYS_APART <= scale.x(day, 0) <= 1 - ROOMY_DAYS_APART]
    by_week, by_month = [day for day in clear if day.weekday() == 0], [day for day in clear if day.day == 1]
    for found in (by_week, by_week[::2], by_month, by_month[::2], by_month[::3], by_month[::6]):
        if len(found) <= most:
            return found
    return by_month[::12]


def _day(day: date) -> str:
    return i18n.day(day, "d MMM")
