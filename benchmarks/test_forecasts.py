"""How often the forecast's interval holds, and how wide it is. `python3 app.py test benchmarks/test_forecasts.py -s`.

On the simulated seasons of tests/insight/forecasts/seasons.py, and for comparison two other methods on the same ones:
a straight line through all days so far with a normal interval, and a bootstrap of single days. Not part of the suite,
which holds a small version of it.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from math import sqrt
from random import Random

from canvass.insight.forecasts import intervals
from tests.insight.forecasts import seasons

SEASONS = 300  # of each sort
AS_SOON_AS_OFFERED = 0.0  # the moment at which there is a forecast at all
Interval = tuple[float, float]


def canvass(known: list[tuple[date, int]], first: date, last: date, today: date) -> Interval | None:
    """The product's own."""
    end = intervals.forecast(known, first, last, today).end
    return (end.low, end.high) if end else None


def straight_line(known: list[tuple[date, int]], first: date, last: date, today: date) -> Interval | None:
    """All days so far at the same pace to the end, with the days' own spread."""
    counts = [count for _day, count in known]
    ahead, so_far = (last - today).days + 1, sum(counts)
    middle = so_far + ahead * statistics.mean(counts)
    margin = intervals.EIGHTY_PERCENT * statistics.stdev(counts) * sqrt(ahead + ahead**2 / len(counts))
    return max(so_far, middle - margin), middle + margin


def single_days(known: list[tuple[date, int]], first: date, last: date, today: date) -> Interval | None:
    """A hundred futures drawn from the days so far, each day by itself."""
    counts, random = [count for _day, count in known], Random(len(known))
    ahead, so_far = (last - today).days + 1, sum(counts)
    futures = sorted(so_far + sum(random.choices(counts, k=ahead)) for _future in range(100))
    return futures[9], futures[90]


METHODS: dict[str, Callable[[list[tuple[date, int]], date, date, date], Interval | None]] = {
    "canvass": canvass,
    "straight line": straight_line,
    "single days": single_days,
}


def test_how_often_the_interval_holds() -> None:
    """Coverage by sort and moment, and the median of the width as a share of the outcome."""
    held: dict[tuple[str, str, float], list[bool]] = defaultdict(list)
    width: dict[tuple[str, str, float], list[float]] = defaultdict(list)
    none: dict[float, list[bool]] = defaultdict(list)
    random = Random(2026)
    for sort in seasons.SORTS:
        for _number in range(SEASONS):
            season = seasons.season(sort, random)
            outcome = sum(season.counts)
            for moment in (AS_SOON_AS_OFFERED, *seasons.MOMENTS):
                today = season.today(moment) if moment else offered_on(season)
                known = season.until(today)
                is_offered = bool(known) and canvass(known, season.first, season.last, today) is not None
                none[moment].append(not is_offered)
                for name, method in METHODS.items() if is_offered else ():
                    low, high = method(known, season.first, season.last, today) or (0, 0)
                    held[name, sort, moment].append(low <= outcome <= high)
                    width[name, sort, moment].append((high - low) / outcome)
    for name in METHODS:
        print(f"\n{name}: share of {SEASONS} seasons that end inside, median width ÷ outcome")
        print(f"  {'':20}" + "".join(f"{title(moment):>16}" for moment in none))
        for sort in seasons.SORTS:
            cells = [(held[name, sort, m], width[name, sort, m]) for m in none]
            print(f"  {sort:20}" + "".join(f"{said(*cell):>16}" for cell in cells))
        sums = [
            (
                [hit for sort in seasons.SORTS for hit in held[name, sort, m]],
                [wide for sort in seasons.SORTS for wide in width[name, sort, m]],
            )
            for m in none
        ]
        print(f"  {'all':20}" + "".join(f"{said(*cell):>16}" for cell in sums))
        mixture = [hit for hits, _wide in sums[1:] for hit in hits]
        print(f"  at a quarter, half and three quarters together: {statistics.mean(mixture):.1%} of {len(mixture)}")
    print("\ntoo little data: " + ", ".join(f"{title(m)} {statistics.mean(found):.1%}" for m, found in none.items()))


def test_how_long_a_forecast_takes() -> None:
    """In the middle of the longest ordinary campaign, a year."""
    random = Random(1)
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    season = seasons.Season("steady", first, seasons.steady(first, 365, random))
    known = season.until(date(2026, 7, 1))
    began = time.perf_counter()
    for _time in range(100):
        intervals.forecast(known, first, last, date(2026, 7, 1))
    print(f"\na forecast of a year's campaign: {(time.perf_counter() - began) * 10:.2f} ms")


def offered_on(season: seasons.Season) -> date:
    """The first day on which there is a forecast, or the last day."""
    for number in range(intervals.FEWEST_DAYS, len(season.counts)):
        today = season.today(number / len(season.counts))
        if not intervals.forecast(season.until(today), season.first, season.last, today).missing:
            return today
    return season.last


def title(moment: float) -> str:
    """What a moment is called."""
    return f"at {moment:.0%}" if moment else "when offered"


def said(hits: list[bool], wide: list[float]) -> str:
    """Coverage and width."""
    return f"{statistics.mean(hits):.0%} ({statistics.median(wide):.2f})"
