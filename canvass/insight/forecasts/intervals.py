"""The forecast: an 80 % interval for a campaign's result after each remaining day.

**Method.** The pace is that of the last 14 days, or of as many more whole weeks as it takes to include six days with
conversations. Each day of the week has the share it has had so far, pulled towards an even week while there is little
to go by. The variance of what remains has three parts: how unevenly conversations come (estimated by comparing each
day with the same day a week later), how uncertain the estimate of the pace is, and `DRIFT`, since a pace changes. What
remains is taken to be gamma distributed: never negative, and with its long tail upwards.

Nothing is drawn at random: the same days give the same interval, and one more conversation moves it by little. So a
page that is drawn anew every second does not flicker.

**Accuracy.** `DRIFT` was chosen so that eight of ten simulated seasons end inside the interval: thirteen kinds
(tests/insight/forecasts/seasons.py), each asked after a quarter, half and three quarters of its days.
benchmarks/test_forecasts.py prints the share for each kind. The interval is wider than necessary (96 % or more inside)
for many teams at an even pace, because a few weeks cannot show that the pace will stay. It is too narrow when the pace
grows steadily or most of the result comes on a few great days (about two of three inside), and worst for a sprint that
nothing before foretells: when an election triples the pace in the last fifth, about half of the seasons end outside,
asked at three quarters two of three.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil, floor, sqrt
from typing import NamedTuple

from canvass.core import clock
from canvass.insight.forecasts.plan_lines import WEEK

# The pace is that of so many days, and of more weeks until so many of them had conversations.
PACE_DAYS, PACE_ACTIVE_DAYS = 14, 6
# With less than this there is no forecast: the result of a week with outings on two days is mostly chance.
FEWEST_DAYS, FEWEST_ACTIVE_DAYS = 7, 3
# How far the pace of what remains tends to be from the pace now: a standard deviation, as a share of the pace.
DRIFT = 0.25
# The first guess of how unevenly conversations come weighs as much as so many days' observations.
GUESS_DAYS = 7
# An even week weighs as much as so many weeks' observations of the days of the week.
EVEN_WEEKS = 4
# 80 % of a normal distribution lie within so many standard deviations of its mean.
EIGHTY_PERCENT = 1.2816


class Point(NamedTuple):
    """The interval for the result at the end of a day, and its median."""

    day: date
    low: int
    median: int
    high: int


@dataclass(frozen=True)
class Forecast:
    """The interval after each remaining day, or in `missing` why there is none: before, early, over."""

    missing: str = ""
    band: list[Point] = field(default_factory=list)
    pace_days: int = 0
    is_whole: bool = False  # the pace is that of all days so far

    @property
    def end(self) -> Point | None:
        """The interval for the campaign's last day; None without a forecast."""
        return self.band[-1] if self.band else None


def forecast(talked: Iterable[tuple[date, int]], first: date, last: date, today: date) -> Forecast:
    """The interval for the result after each day from `today` to `last`, by the method described above.

    `talked` are numbers of conversations by day, in any order and with or without days of none; today's are those so
    far. They may begin before `first`.
    """
    counted = list(talked)
    if today > last:
        return Forecast(missing="over")
    if today < first:
        return Forecast(missing="before")
    history = [0] * (today - first).days
    for day, number in counted:
        if first <= day < today:
            history[(day - first).days] += number
    if len(history) < FEWEST_DAYS or sum(map(bool, history)) < FEWEST_ACTIVE_DAYS:
        return Forecast(missing="early")

    so_far = sum(number for _day, number in counted)
    done_today = sum(number for day, number in counted if day >= today)
    profile = _profile(history, first)
    pace_days = _pace_days(history)
    usual = sum(
        profile[day.weekday()] for day in clock.days_between(today - timedelta(pace_days), today - timedelta(1))
    )
    known_by = sum(history[-pace_days:])
    pace = known_by / usual
    unevenness = _unevenness(history)

    band: list[Point] = []
    ahead = 0.0
    for day in clock.days_between(today, last):
        expected = pace * profile[day.weekday()]
        ahead += max(0.0, expected - done_today) if day == today else expected
        variance = unevenness * ahead + ahead**2 * (unevenness / known_by + DRIFT**2)
        low, median, high = (_gamma(ahead, variance, z) for z in (-EIGHTY_PERCENT, 0, EIGHTY_PERCENT))
        band.append(Point(day, so_far + floor(low), so_far + round(median), so_far + ceil(high)))
    return Forecast(band=band, pace_days=pace_days, is_whole=pace_days == len(history))


def _pace_days(history: Sequence[int]) -> int:
    """Over how many days back the pace is measured: in whole weeks, so that it reaches back past a holiday."""
    days = PACE_DAYS
    while days < len(history) and sum(map(bool, history[-days:])) < PACE_ACTIVE_DAYS:
        days += WEEK
    return min(days, len(history))


def _profile(history: Sequence[int], first: date) -> list[float]:
    """Each weekday's share of an average day, Monday first; they sum to seven."""
    mean = sum(history) / len(history)
    shares = []
    for weekday in range(WEEK):
        those = history[(weekday - first.weekday()) % WEEK :: WEEK]
        shares.append((sum(those) / mean + EVEN_WEEKS) / (len(those) + EVEN_WEEKS))
    return [share * WEEK / sum(shares) for share in shares]


def _unevenness(history: Sequence[int]) -> float:
    """A day's variance ÷ its expected conversations: 1 by chance alone, more when they come many at a time.

    Estimated from pairs of a day and the same day a week later, which slow changes and weekdays hardly affect.
    """
    # The first guess is right if each day with conversations is one outing of independent size.
    guess = sum(number**2 for number in history) / sum(history)
    pairs = list(zip(history, history[WEEK:], strict=False))
    both = sum(before + after for before, after in pairs)
    seen = sum((before - after) ** 2 for before, after in pairs) / both if both else guess
    return max(1.0, (GUESS_DAYS * guess + len(pairs) * seen) / (GUESS_DAYS + len(pairs)))


def _gamma(mean: float, variance: float, z: float) -> float:
    """The quantile of a gamma distribution that corresponds to `z` in a standard normal one (Wilson and Hilferty)."""
    if not mean:
        return 0.0
    a_ninth = variance / mean**2 / 9
    return mean * max(0.0, 1 - a_ninth + z * sqrt(a_ninth)) ** 3
