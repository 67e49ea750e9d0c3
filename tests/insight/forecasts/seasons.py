"""Simulated seasons of conversations, of thirteen kinds, to measure forecasts on; they know nothing of the method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log, pi, sin
from random import Random

MOMENTS = (0.25, 0.5, 0.75)  # the share of the days that has passed when the forecast is made


@dataclass(frozen=True)
class Season:
    """A campaign's conversations on each day, to its end; `until` gives those that a forecast may know."""

    sort: str
    first: date
    counts: list[int]

    @property
    def last(self) -> date:
        """The campaign's last day."""
        return self.first + timedelta(len(self.counts) - 1)

    def today(self, moment: float) -> date:
        """The day before which that share of the days has passed."""
        return self.first + timedelta(round(len(self.counts) * moment))

    def until(self, today: date) -> list[tuple[date, int]]:
        """The conversations on each day before `today`."""
        return [(self.first + timedelta(n), count) for n, count in enumerate(self.counts[: (today - self.first).days])]


def season(sort: str, random: Random) -> Season:
    """A season of this kind: four weeks to a year long, from any day of the week."""
    weeks = random.choice((20, 26, 39, 52)) if sort == "breaks" else random.choice((4, 5, 6, 8, 8, 10, 13, 20, 40))
    days = weeks * 7 + random.randrange(7)
    first = date(2026, 1, 1) + timedelta(random.randrange(365))
    return Season(sort, first, SORTS[sort](first, days, random))


def shift(mean: float, random: Random) -> int:
    """Conversations of one shift: teams and evenings differ more than by chance alone (gamma-mixed Poisson)."""
    return poisson(random.gammavariate(3, mean / 3), random)


def poisson(mean: float, random: Random) -> int:
    """Knuth's algorithm, in pieces of at most 30, since the product of very many numbers below one underflows."""
    found = 0
    while mean > 0:
        piece = min(mean, 30.0)
        mean -= piece
        product, limit = random.random(), exp(-piece)
        while product > limit:
            product *= random.random()
            found += 1
    return found


def outings(
    first: date, days: int, random: Random, chances: tuple[float, ...], size: float, pace: Callable[[float], float]
) -> list[int]:
    """Conversations on each day, with a shift or none: `chances` by day of the week, `size` on average.

    `pace` is a factor at each share (0–1) of the time; its square root goes into the chance and into the size.
    """
    found = []
    for number in range(days):
        much = pace(number / days)
        chance = chances[(first + timedelta(number)).weekday()] * much**0.5
        found.append(shift(size * much**0.5, random) if random.random() < chance else 0)
    return found


EVERY_DAY = (0.4, 0.5, 0.5, 0.4, 0.2, 0.6, 0.4)
WEEKENDS = (0.02, 0.1, 0.1, 0.05, 0.02, 0.85, 0.7)


def steady(first: date, days: int, random: Random) -> list[int]:
    """The same pace to the end."""
    return outings(first, days, random, EVERY_DAY, random.uniform(8, 60), lambda _share: 1)


def weekends(first: date, days: int, random: Random) -> list[int]:
    """Nearly everything on Saturdays and Sundays."""
    return outings(first, days, random, WEEKENDS, random.uniform(15, 80), lambda _share: 1)


def growing(first: date, days: int, random: Random) -> list[int]:
    """The pace grows to two or three times that of the start."""
    end = random.uniform(2, 3)
    return outings(first, days, random, EVERY_DAY, random.uniform(6, 25), lambda share: 0.6 * (1 + (end - 1) * share))


def fading(first: date, days: int, random: Random) -> list[int]:
    """The pace falls to 30–60 % of that of the start."""
    end = random.uniform(0.3, 0.6)
    return outings(first, days, random, EVERY_DAY, random.uniform(10, 50), lambda share: 1.4 * (1 - (1 - end) * share))


def wandering(first: date, days: int, random: Random) -> list[int]:
    """The pace is a random walk from week to week."""
    return outings(first, days, random, EVERY_DAY, random.uniform(8, 40), wander(days, random))


def wander(days: int, random: Random) -> Callable[[float], float]:
    """A random walk by week that slowly returns to one."""
    paces, pace = [], 0.0
    for _week in range(days // 7 + 2):
        paces.append(max(0.1, min(4.0, exp(pace))))
        pace = 0.97 * pace + random.gauss(0, 0.2)
    return lambda share: paces[int(share * days / 7)]


def many_teams(first: date, days: int, random: Random) -> list[int]:
    """A whole municipality: teams that are independent of each other."""
    return together(first, days, random, lambda _share: 1)


def many_teams_wandering(first: date, days: int, random: Random) -> list[int]:
    """A whole municipality: teams whose paces change together."""
    return together(first, days, random, wander(days, random))


def together(first: date, days: int, random: Random, pace: Callable[[float], float]) -> list[int]:
    """The sum of four to twelve teams, each with shifts of its own."""
    teams = [
        outings(first, days, random, EVERY_DAY, random.uniform(6, 25), pace) for _team in range(random.randint(4, 12))
    ]
    return [sum(counts) for counts in zip(*teams, strict=True)]


def breaks(first: date, days: int, random: Random) -> list[int]:
    """A long season with one to three pauses of one to four weeks."""
    counts = steady(first, days, random)
    for _pause in range(random.randint(1, 3)):
        begins = random.randrange(days)
        for number in range(begins, min(days, begins + random.randint(7, 28))):
            counts[number] = 0
    return counts


def two_teams(first: date, days: int, random: Random) -> list[int]:
    """Two teams on Tuesdays and Saturdays only; 15 % of their shifts are called off."""
    sizes = {1: random.uniform(8, 30), 5: random.uniform(15, 50)}
    counts = []
    for number in range(days):
        size = sizes.get((first + timedelta(number)).weekday(), 0)
        counts.append(sum(shift(size / 2, random) for _team in range(2) if size and random.random() < 0.85))
    return counts


def tiny(first: date, days: int, random: Random) -> list[int]:
    """A few conversations a day, at most about two on average."""
    mean = random.uniform(0.4, 2.0)
    return [poisson(mean, random) if random.random() < 0.8 else 0 for _day in range(days)]


def waves(first: date, days: int, random: Random) -> list[int]:
    """The pace goes up and down in waves of three to ten weeks."""
    period, depth, begins = random.uniform(21, 70), random.uniform(0.3, 0.7), random.uniform(0, 2 * pi)
    return outings(
        first,
        days,
        random,
        EVERY_DAY,
        random.uniform(10, 40),
        lambda share: 1 + depth * sin(begins + 2 * pi * share * days / period),
    )


def great_days(first: date, days: int, random: Random) -> list[int]:
    """Small shifts, and every other week on average one day with 50–120 conversations more."""
    counts = outings(first, days, random, EVERY_DAY, random.uniform(4, 12), lambda _share: 1)
    for number in range(days):
        if random.random() < 1 / 14:
            counts[number] += shift(random.uniform(50, 120), random)
    return counts


def sprint(first: date, days: int, random: Random) -> list[int]:
    """An election: in the last fifth of the days the pace rises to about three times the earlier one."""
    return outings(
        first, days, random, EVERY_DAY, random.uniform(6, 25), lambda share: 3 if share > 0.8 else 0.8 + log(1 + share)
    )


SORTS: dict[str, Callable[[date, int, Random], list[int]]] = {
    made.__name__: made
    for made in (
        steady, weekends, growing, fading, wandering, breaks, two_teams, tiny, waves, great_days, sprint,
        many_teams, many_teams_wandering,
    )
}  # fmt: skip
