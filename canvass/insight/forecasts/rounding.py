"""Intervals in numbers as round as they are uncertain, such as 4 100–4 600."""

from __future__ import annotations

from math import ceil

from canvass.core import i18n
from canvass.insight.forecasts.burn_ups import BurnUp

WORD_JOINER = "\N{WORD JOINER}"


def interval(burn_up: BurnUp) -> str:
    """The forecast for the campaign's end as a rounded interval in text; empty without a forecast."""
    end = burn_up.forecast.end
    if end is None:
        return ""
    return spanned(*rounded(end.low, end.high, burn_up.so_far))


def spanned(low: int, high: int) -> str:
    """`low`–`high` as text that does not break across lines; one number when they are equal."""
    return i18n.number(low) if low == high else f"{i18n.number(low)}–{WORD_JOINER}{i18n.number(high)}"


def rounded(low: int, high: int, least: int = 0) -> tuple[int, int]:
    """The interval widened to multiples of a round step at most a quarter of its width, but not below `least`."""
    step = _step((high - low) / 4)
    return max(least, low // step * step), ceil(high / step) * step


def rounded_up(number: int) -> int:
    """The number with two significant figures, rounded up, so that what is needed is still enough."""
    step = 10 ** max(0, len(str(number)) - 2)
    return ceil(number / step) * step


def _step(most: float) -> int:
    """The largest of 1, 2, 5, 10, 20, 50 … that is not above `most`; at least 1."""
    step = 1
    while step * 10 <= most:
        step *= 10
    return step * (5 if step * 5 <= most else 2 if step * 2 <= most else 1)
