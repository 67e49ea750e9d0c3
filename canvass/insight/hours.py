"""Hours: contact rates by channel, weekday and time of day, for deciding when to hold the next shift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from canvass.counting import tallies
from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns

# Hours are taken two at a time, which is how long shifts tend to be.
WINDOW = 2
# A rate of fewer attempts than this is mostly chance, and is not shown.
FEWEST = 20
# How many shades the table has, from the lowest rate to the highest.
STEPS = 5


@dataclass(frozen=True)
class Slot:
    """The two hours from `hour` on a weekday (Monday is 0), with what has been counted then."""

    weekday: int
    hour: int
    count: Count

    @property
    def rate(self) -> float | None:
        """Conversations ÷ attempts; None with fewer than FEWEST attempts."""
        return self.count.contact_rate if self.count.attempts >= FEWEST else None


@dataclass(frozen=True)
class Week:
    """A channel's week: a row of seven slots for each two hours with an attempt on any day.

    `best` and `worst` are None unless their rates differ by more than chance.
    """

    channel: str
    rows: list[list[Slot]]
    best: Slot | None
    worst: Slot | None

    def step(self, slot: Slot) -> int | None:
        """The slot's shade, 1 to STEPS in proportion to the highest rate; None when it has no rate."""
        top = max((s.rate or 0 for row in self.rows for s in row), default=0)
        return None if slot.rate is None else min(STEPS, 1 + int(STEPS * slot.rate / top)) if top else 1


def weeks(counts: Mapping[str, Count]) -> list[Week]:
    """The week of each channel with attempts, from the counters of the dimension "hour" (keys such as door-1-18)."""
    slots: dict[tuple[str, int, int], Count] = {}
    for key, count in counts.items():
        channel, weekday, hour = key.split("-")
        at = channel, int(weekday), int(hour) // WINDOW * WINDOW
        slots[at] = tallies.added((slots.get(at, Count()), count))
    return [
        _week(channel, {(weekday, hour): n for (c, weekday, hour), n in slots.items() if c == channel and n.attempts})
        for channel in campaigns.CHANNELS
        if any(c == channel and n.attempts for (c, _weekday, _hour), n in slots.items())
    ]


def _week(channel: str, counts: dict[tuple[int, int], Count]) -> Week:
    rows = [
        [Slot(weekday, hour, counts.get((weekday, hour), Count())) for weekday in range(7)]
        for hour in sorted({hour for _weekday, hour in counts})
    ]
    rated = sorted((slot for row in rows for slot in row if slot.rate is not None), key=lambda slot: slot.rate or 0)
    # More than by chance: the intervals of the two do not overlap.
    differ = len(rated) > 1 and wilson(rated[0].count)[1] < wilson(rated[-1].count)[0]
    return Week(channel, rows, rated[-1] if differ else None, rated[0] if differ else None)


def wilson(count: Count, z: float = 2.58) -> tuple[float, float]:
    """Wilson's interval for the true contact rate, 99 % for z = 2.58 (E. B. Wilson, JASA 22, 1927).

    As much as 99 %, because the best and the worst of some forty slots are compared: with less, two would often differ
    by chance alone. (0, 1) without attempts.
    """
    n = count.attempts
    if not n:
        return 0.0, 1.0
    p = count.conversations / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
