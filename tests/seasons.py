"""Invented seasons of conversations, of many sorts, to try forecasts on. Nothing here knows how a forecast is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log, pi, sin
from random import Random

MOMENTS = (0.25, 0.5, 0.75)  # how much of the time has passed when the forecast is asked for


@dataclass(frozen=True)
class Season:
    """A campaign's conversations day by day, all of them: what a forecast may not see is cut off by `until`."""

    sort: str
    first: date
    counts: list[int]

    @property
    def last(self) -> date:
        """The campaign's last day."""
        return self.first + timedelta(len(self.counts) - 1)

    def today(self, moment: float) -> date:
        """The day on which that share of the days has passed."""
        return self.first + timedelta(round(len(self.counts) * moment))

    def until(self, today: date) -> list[tuple[date, int]]:
        """What is known in the morning of that day."""
        return [(self.first + timedelta(n), count) for n, count in enumerate(self.counts[: (today - self.first).days])]


def season(sort: str, random: Random) -> Season:
    """One invented season: four weeks to a year, begun on any day of the week."""
    weeks = random.choice((20, 26, 39, 52)) if sort == "breaks" else random.choice((4, 5, 6, 8, 8, 10, 13, 20, 40))
    days = weeks * 7 + random.randrange(7)
    first = date(2026, 1, 1) + timedelta(random.randrange(365))
    return Season(sort, first, SORTS[sort](first, days, random))


def shift(mean: float, random: Random) -> int:
    """What an outing brings: teams and evenings differ more than chance alone (gamma-mixed Poisson)."""
    return poisson(random.gammavariate(3, mean / 3), random)


def poisson(mean: float, random: Random) -> int:
    """By Knuth's way in pieces, since the product of very many numbers below one becomes nought."""
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
    """Outings on some days of the week; `pace` says how many as much as usual at a share (0–1) of the time.

    Half of a change in pace comes as more outings and half as larger ones.
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
    """The same all the way."""
    return outings(first, days, random, EVERY_DAY, random.uniform(8, 60), lambda _share: 1)


def weekends(first: date, days: int, random: Random) -> list[int]:
    """Nearly everything on Saturdays and Sundays."""
    return outings(first, days, random, WEEKENDS, random.uniform(15, 80), lambda _share: 1)


def growing(first: date, days: int, random: Random) -> list[int]:
    """From a modest start to two or three times the pace."""
    end = random.uniform(2, 3)
    return outings(first, days, random, EVERY_DAY, random.uniform(6, 25), lambda share: 0.6 * (1 + (end - 1) * share))


def fading(first: date, days: int, random: Random) -> list[int]:
    """The zeal of the first weeks, and then half of it or less."""
    end = random.uniform(0.3, 0.6)
    return outings(first, days, random, EVERY_DAY, random.uniform(10, 50), lambda share: 1.4 * (1 - (1 - end) * share))


def wandering(first: date, days: int, random: Random) -> list[int]:
    """The pace goes where it goes, week by week."""
    return outings(first, days, random, EVERY_DAY, random.uniform(8, 40), wander(days, random))


def wander(days: int, random: Random) -> Callable[[float], float]:
    """A pace that goes where it goes, and slowly back."""
    paces, pace = [], 0.0
    for _week in range(days // 7 + 2):
        paces.append(max(0.1, min(4.0, exp(pace))))
        pace = 0.97 * pace + random.gauss(0, 0.2)
    return lambda share: paces[int(share * days / 7)]


def many_teams(first: date, days: int, random: Random) -> list[int]:
    """A whole municipality, whose teams even each other out."""
    return together(first, days, random, lambda _share: 1)


def many_teams_wandering(first: date, days: int, random: Random) -> list[int]:
    """A whole municipality, whose teams slacken and rally together."""
    return together(first, days, random, wander(days, random))


def together(first: date, days: int, random: Random, pace: Callable[[float], float]) -> list[int]:
    """What four to twelve teams do, each on its own evenings."""
    teams = [
        outings(first, days, random, EVERY_DAY, random.uniform(6, 25), pace) for _team in range(random.randint(4, 12))
    ]
    return [sum(counts) for counts in zip(*teams, strict=True)]


def breaks(first: date, days: int, random: Random) -> list[int]:
    """A long season with holidays and pauses in which nobody goes out."""
    counts = steady(first, days, random)
    for _pause in range(random.randint(1, 3)):
        begins = random.randrange(days)
        for number in range(begins, min(days, begins + random.randint(7, 28))):
            counts[number] = 0
    return counts


def two_teams(first: date, days: int, random: Random) -> list[int]:
    """Two teams: Tuesday evenings and Saturdays, and nothing else; some outings rain away."""
    sizes = {1: random.uniform(8, 30), 5: random.uniform(15, 50)}
    counts = []
    for number in range(days):
        size = sizes.get((first + timedelta(number)).weekday(), 0)
        counts.append(sum(shift(size / 2, random) for _team in range(2) if size and random.random() < 0.85))
    return counts


def tiny(first: date, days: int, random: Random) -> list[int]:
    """None to five conversations on most days."""
    mean = random.uniform(0.4, 2.0)
    return [poisson(mean, random) if random.random() < 0.8 else 0 for _day in range(days)]


def waves(first: date, days: int, random: Random) -> list[int]:
    """Pushes and calm weeks by turns."""
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
    """A small steady trickle, and a few great campaign days that bring as much as weeks."""
    counts = outings(first, days, random, EVERY_DAY, random.uniform(4, 12), lambda _share: 1)
    for number in range(days):
        if random.random() < 1 / 14:
            counts[number] += shift(random.uniform(50, 120), random)
    return counts


def sprint(first: date, days: int, random: Random) -> list[int]:
    """An election: in the last fifth of the time the pace triples, of which nothing before tells."""
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
