"""Hours: how much talk each way of talking gives by weekday and time of day, to place the next shift well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns

# Hours are looked at two by two, as shifts are planned.
WINDOW = 2
# A rate of fewer attempts than this is chance, and is not shown.
FEWEST = 20
# Shades of a table, from the lowest rate to the highest.
STEPS = 5


@dataclass(frozen=True)
class Slot:
    """A weekday (Monday is 0) and the two hours from `hour`, with what has been counted then."""

    weekday: int
    hour: int
    count: Count

    @property
    def rate(self) -> float | None:
        """Conversations ÷ attempts; None while there are too few to say."""
        return self.count.contact_rate if self.count.attempts >= FEWEST else None


@dataclass(frozen=True)
class Week:
    """One channel's week: a row of seven slots for each two hours in which anybody was out."""

    channel: str
    rows: list[list[Slot]]
    best: Slot | None
    worst: Slot | None

    def step(self, slot: Slot) -> int | None:
        """The slot's shade, 1 to STEPS by its rate against the highest; None while there are too few."""
        top = max((s.rate or 0 for row in self.rows for s in row), default=0)
        return None if slot.rate is None else min(STEPS, 1 + int(STEPS * slot.rate / top)) if top else 1


def weeks(counts: Mapping[str, Count]) -> list[Week]:
    """The week of each channel, from the counters of the dimension "hour" (keys such as door-1-18)."""
    slots: dict[tuple[str, int, int], Count] = {}
    for key, count in counts.items():
        channel, weekday, hour = key.split("-")
        at = channel, int(weekday), int(hour) // WINDOW * WINDOW
        before = slots.get(at, Count())
        slots[at] = Count(before.attempts + count.attempts, before.conversations + count.conversations)
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
    told = sorted((slot for row in rows for slot in row if slot.rate is not None), key=lambda slot: slot.rate or 0)
    # Only what chance does not explain: the intervals of the two lie apart.
    differ = len(told) > 1 and interval(told[0].count)[1] < interval(told[-1].count)[0]
    return Week(channel, rows, told[-1] if differ else None, told[0] if differ else None)


def interval(count: Count, z: float = 2.58) -> tuple[float, float]:
    """Where the true rate lies: Wilson's interval, 99 % sure for z = 2.58 (E. B. Wilson, JASA 22, 1927).

    So sure, since the best and the worst of forty slots are picked out: by chance alone some would differ.
    """
    n = count.attempts
    if not n:
        return 0.0, 1.0
    p = count.conversations / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
