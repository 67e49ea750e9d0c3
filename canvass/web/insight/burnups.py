"""Burn-ups as SVG for any page: result, plan, forecast and target over the campaign's days.

Curves are drawn in a box of 1000 × 1000 that stretches with the page, words and marks are placed in per cent of it:
so letters and lines keep their size from a phone to a projector, with one drawing for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from canvass.core import clock, i18n
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.insight import forecasts
from canvass.insight.forecasts import BurnUp

SIZE = 1000
# Room above the highest thing, as a share of it, for the words over it.
HEADROOM = 0.08
# Words nearer each other than this share of the height are in each other's way.
APART = 0.1
# Labels of days nearer the ends than this share of the width would run into theirs, on a phone or where there is room.
DAYS_APART, ROOMY_DAYS_APART = 0.24, 0.14
LONGEST_BY_WEEK = 60  # weeks; a longer campaign's table has a line for every four
FINE_DAYS, FEW_DAYS = 6, 2  # how many days are labelled between the ends: where there is room, and on a phone


@dataclass(frozen=True)
class Label:
    """Words at a place, in per cent of the drawing; `side` is what of them stands there: start, middle or end."""

    text: str
    x: str
    y: str
    side: str = "start"
    look: str = ""


@dataclass(frozen=True)
class Step:
    """A target for as long as it held."""

    left: str
    right: str
    y: str


@dataclass(frozen=True)
class Row:
    """A line of the table: how it stood, or may stand, when that day was over."""

    day: date
    result: int | None
    plan: int | None
    forecast: str
    is_today: bool


@dataclass(frozen=True)
class Drawing:
    """A burn-up for templates/campaigns/_burn_up.html."""

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


class _Sheet:
    """Where on the paper a day and a number are."""

    def __init__(self, burn_up: BurnUp) -> None:
        self.first, self.days = burn_up.first, (burn_up.end - burn_up.first).days + 1
        highest = max(
            [burn_up.so_far, *burn_up.plan[-1:], *(number for _day, number in burn_up.targets), 1]
            + [point.high for point in burn_up.forecast.band[-1:]]
        )
        self.top = highest * (1 + HEADROOM)

    def x(self, day: date, part: float = 1) -> float:
        """0–1 from the morning of the first day to the evening of the last; `part` of the day has passed."""
        return ((day - self.first).days + part) / self.days

    def y(self, number: float) -> float:
        """0–1 from the top of the paper to its foot."""
        return 1 - number / self.top

    def path(self, points: Iterable[tuple[float, float]]) -> str:
        """A curve through points of days' shares and numbers."""
        return "M" + "L".join(f"{SIZE * x:.1f},{SIZE * self.y(number):.1f}" for x, number in points)


def draw(burn_up: BurnUp, *, large: bool = False, id: str = "burn-up") -> Drawing:
    """The burn-up on a page, or `large` for a wall. `id` is for when several stand on one page."""
    sheet = _Sheet(burn_up)
    targets = _targets(sheet, burn_up)
    return Drawing(
        id=id,
        is_large=large,
        title=_("Uppföljningskurva: samtal, plan och mål"),
        description=" ".join(_described(burn_up)),
        result=sheet.path(_result(sheet, burn_up)) if burn_up.result else "",
        plan=sheet.path(_thinned([(0.0, 0.0), *_by_day(sheet, burn_up, burn_up.plan)])) if burn_up.plan else "",
        band=_band(sheet, burn_up),
        median=sheet.path(_from_today(sheet, burn_up, "median")) if burn_up.forecast.band else "",
        targets=targets,
        risers=[Step(after.left, before.y, after.y) for before, after in pairwise(targets)],
        heights=_heights(sheet, burn_up, large),
        days=_days(sheet, burn_up, large),
        labels=_labels(sheet, burn_up),
        today=_share(sheet.x(burn_up.today, 0.5)) if _is_going(burn_up) else "",
        today_height=_share(sheet.y(burn_up.so_far)),
        rows=_rows(burn_up),
        has_plan=bool(burn_up.plan),
        has_forecast=bool(burn_up.forecast.band),
    )


def _is_going(burn_up: BurnUp) -> bool:
    return burn_up.first <= burn_up.today <= burn_up.last


# --- curves -------------------------------------------------------------------------------------------------


def _result(sheet: _Sheet, burn_up: BurnUp) -> list[tuple[float, float]]:
    """To the evening of each day, and to the middle of today: that is where the mark stands."""
    points = [(0.0, 0.0), *_by_day(sheet, burn_up, burn_up.result)]
    if _is_going(burn_up):
        points[-1] = (sheet.x(burn_up.today, 0.5), burn_up.so_far)
    return _thinned(points)


def _by_day(sheet: _Sheet, burn_up: BurnUp, numbers: Iterable[float]) -> list[tuple[float, float]]:
    return [(sheet.x(burn_up.first + timedelta(day)), number) for day, number in enumerate(numbers)]


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Without the points in the middle of a straight piece: pages are fetched by phones, every few seconds."""
    kept = points[:1]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        steep, next_steep = ((b[1] - a[1]) / ((b[0] - a[0]) or 1) for a, b in ((before, here), (here, after)))
        if abs(steep - next_steep) > 1e-6 * max(1, abs(steep)):
            kept.append(here)
    return kept + points[1:][-1:]


def _from_today(sheet: _Sheet, burn_up: BurnUp, which: str) -> list[tuple[float, float]]:
    here = (sheet.x(burn_up.today, 0.5), float(burn_up.so_far))
    return [here, *((sheet.x(point.day), getattr(point, which)) for point in burn_up.forecast.band)]


def _band(sheet: _Sheet, burn_up: BurnUp) -> str:
    if not burn_up.forecast.band:
        return ""
    return sheet.path([*_from_today(sheet, burn_up, "high"), *reversed(_from_today(sheet, burn_up, "low"))]) + "Z"


def _targets(sheet: _Sheet, burn_up: BurnUp) -> list[Step]:
    """Each target from the morning it was set to the morning of the next, or to the edge."""
    begins = [sheet.x(day, 0) for day, _number in burn_up.targets]
    return [
        Step(_share(left), _share(right), _share(sheet.y(number)))
        for (_day, number), left, right in zip(burn_up.targets, begins, [*begins[1:], 1.0], strict=False)
    ]


# --- words on the paper -------------------------------------------------------------------------------------


def _heights(sheet: _Sheet, burn_up: BurnUp, large: bool) -> list[Label]:
    """Round numbers up the side, but none where a target's own number stands."""
    most = 3 if large else 5
    step = next(
        size * 10**power for power in range(9) for size in (1, 2, 5) if sheet.top / (size * 10**power) <= most + 0.5
    )
    taken = [sheet.y(number) for _day, number in burn_up.targets]
    found = []
    for number in range(step, int(sheet.top) + 1, step):
        y = sheet.y(number)
        if y > APART / 2 and all(abs(y - other) >= APART for other in taken):
            found.append(Label(i18n.number(number), "0%", _share(y)))
    return found


def _days(sheet: _Sheet, burn_up: BurnUp, large: bool) -> list[Label]:
    """The first and the last day, and between them mondays or first days of months, few of them on a phone."""
    fine = _evenly(sheet, burn_up, FEW_DAYS if large else FINE_DAYS)
    clear = [day for day in fine if DAYS_APART <= sheet.x(day, 0) <= 1 - DAYS_APART]
    apart = -(-len(clear) // FEW_DAYS) or 1
    coarse = clear[(apart - 1) // 2 :: apart]
    between = [
        Label(_day(day), _share(sheet.x(day, 0)), "100%", "middle", "" if day in coarse else "roomy") for day in fine
    ]
    return [
        Label(_day(burn_up.first), "0%", "100%"),
        *between,
        *([Label(_day(burn_up.end), "100%", "100%", "end")] if sheet.days > 1 else []),
    ]


def _evenly(sheet: _Sheet, burn_up: BurnUp, most: int) -> list[date]:
    """At most so many of the mondays, or of the first days of months, that are clear of both ends."""
    days = clock.days_between(burn_up.first, burn_up.end)
    clear = [day for day in days if ROOMY_DAYS_APART <= sheet.x(day, 0) <= 1 - ROOMY_DAYS_APART]
    by_week, by_month = [day for day in clear if day.weekday() == 0], [day for day in clear if day.day == 1]
    for found in (by_week, by_week[::2], by_month, by_month[::2], by_month[::3], by_month[::6]):
        if len(found) <= most:
            return found
    return by_month[::12]


def _labels(sheet: _Sheet, burn_up: BurnUp) -> list[Label]:
    """The target, those before it, the result and what the forecast ends at, each beside what it names."""
    labels = [
        Label(i18n.number(target), _share(sheet.x(day, 0)), _share(sheet.y(target)), "start", "burn-up-over")
        for day, target in burn_up.targets[:-1]
    ]
    if burn_up.targets:
        labels.append(_target_label(sheet, burn_up))
    if burn_up.result:
        labels.append(_result_label(sheet, burn_up))
    if _is_going(burn_up):
        x = sheet.x(burn_up.today, 0.5)
        side = "start" if x < ROOMY_DAYS_APART / 2 else "end" if x > 1 - ROOMY_DAYS_APART / 2 else "middle"
        labels.append(Label(_("idag"), _share(x), "0%", side, "burn-up-over burn-up-strong"))
    return labels + _forecast_labels(sheet, burn_up)


def _target_label(sheet: _Sheet, burn_up: BurnUp) -> Label:
    """At the right, where the eye ends; where the target begins when the result's own number stands there."""
    day, target = burn_up.targets[-1]
    x, y = sheet.x(day, 0), sheet.y(target)
    is_taken = _result_x(sheet, burn_up) > 1 - DAYS_APART and abs(sheet.y(burn_up.so_far) - y) < 2 * APART
    place, side = (x, "start") if is_taken and x <= 0.5 else (1.0, "end")
    text = _("Mål %(number)s", number=i18n.number(target))
    return Label(text, _share(place), _share(y), side, "burn-up-over burn-up-strong")


def _result_x(sheet: _Sheet, burn_up: BurnUp) -> float:
    """Where the result's line ends."""
    if not burn_up.result:
        return 0.0
    return sheet.x(burn_up.today, 0.5) if _is_going(burn_up) else 1.0


def _result_label(sheet: _Sheet, burn_up: BurnUp) -> Label:
    """To the left of the mark, where a rising curve leaves room above it; to the right while there is none."""
    x = _result_x(sheet, burn_up)
    side, look = ("start", "burn-up-right") if x < 0.2 else ("end", "burn-up-left")
    look = f"{look} burn-up-result-number"
    return Label(i18n.number(burn_up.so_far), _share(x), _share(sheet.y(burn_up.so_far)), side, look)


def _forecast_labels(sheet: _Sheet, burn_up: BurnUp) -> list[Label]:
    """The ends of the band, unless another number stands there: the sentence beside the drawing has them too."""
    end = burn_up.forecast.end
    if end is None or sheet.x(burn_up.today) > 1 - DAYS_APART:
        return []
    low, high = forecasts.rounded(end.low, end.high, burn_up.so_far)
    target = sheet.y(burn_up.targets[-1][1]) if burn_up.targets else -1.0
    places = [(high, sheet.y(end.high), "burn-up-over"), (low, sheet.y(end.low), "burn-up-under")]
    return [
        Label(i18n.number(number), "100%", _share(y), "end", look)
        for number, y, look in places
        # A label stands over its point, the target's over its line: what matters is where the letters are.
        if abs(y + (0 if look == "burn-up-over" else APART) - target) >= APART and y <= 1 - APART / 2
    ]


# --- and for those who read rather than look ----------------------------------------------------------------


def _described(burn_up: BurnUp) -> Iterable[str]:
    yield ngettext("%(num)s samtal hittills.", "%(num)s samtal hittills.", burn_up.so_far)
    if burn_up.target:
        yield _("Målet är %(number)s.", number=i18n.number(burn_up.target))
    number = (burn_up.today - burn_up.first).days
    if burn_up.plan and 0 <= number < len(burn_up.plan):
        yield _("Planen för idag är %(number)s.", number=i18n.number(round(burn_up.plan[number])))
    if found := forecasts.interval(burn_up):
        yield _("Prognosen för sista dagen är %(interval)s.", interval=found)


def _rows(burn_up: BurnUp) -> list[Row]:
    """A line for each Sunday, for today and for the last day."""
    weeks = (burn_up.end - burn_up.first).days // forecasts.WEEK + 1
    sundays = [day for day in clock.days_between(burn_up.first, burn_up.end) if day.weekday() == 6]
    chosen = {*(sundays if weeks <= LONGEST_BY_WEEK else sundays[3::4]), burn_up.end}
    if _is_going(burn_up):
        chosen.add(burn_up.today)
    ahead = {point.day: point for point in burn_up.forecast.band}
    rows = []
    for day in sorted(chosen):
        number, point = (day - burn_up.first).days, ahead.get(day)
        low, high = forecasts.rounded(point.low, point.high, burn_up.so_far) if point else (0, 0)
        rows.append(
            Row(
                day,
                burn_up.result[number] if number < len(burn_up.result) else None,
                round(burn_up.plan[number]) if number < len(burn_up.plan) else None,
                forecasts.spanned(low, high) if point and day != burn_up.today else "",
                _is_going(burn_up) and day == burn_up.today,
            )
        )
    return rows


def _day(day: date) -> str:
    return i18n.day(day, "d MMM")


def _share(part: float) -> str:
    return f"{100 * part:.2f}%"
