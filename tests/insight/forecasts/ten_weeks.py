"""A campaign of ten weeks, for tests of its forecast, and what property tests make campaigns from."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from canvass.core import i18n
from canvass.counting.tallies import Count
from canvass.insight.forecasts import burn_ups, rounding
from canvass.insight.forecasts.burn_ups import BurnUp

FIRST, LAST = date(2026, 3, 2), date(2026, 5, 10)  # a Monday, and a Sunday ten weeks later; 29 March has 23 hours
TODAY = date(2026, 4, 6)  # a Monday, in the middle

some = settings(max_examples=60, deadline=None)
numbers = st.integers(0, 60)
spans = st.tuples(st.dates(date(2026, 1, 1), date(2026, 12, 1)), st.integers(1, 80)).map(
    lambda made: (made[0], made[0] + timedelta(made[1]))
)


def burn_up(counts: dict[date, int], today: date = TODAY, target: int | None = 5000, **more: Any) -> BurnUp:
    """A campaign of ten weeks with these conversations."""
    given: dict[str, Any] = {"targets": [(FIRST, target)] if target else [], "first": FIRST, "last": LAST} | more
    days = {day.isoformat(): Count(number * 5, number) for day, number in counts.items()}
    return burn_ups.burn_up(days, today=today, **given)


def every_day(number: int, until: date = TODAY) -> dict[date, int]:
    """So many conversations on each day from the first to the one before `until`."""
    return {FIRST + timedelta(day): number for day in range((until - FIRST).days)}


def plain(text: str) -> str:
    """With ordinary spaces, and without what keeps numbers on one line."""
    return text.replace(i18n.THIN_SPACE, " ").replace(rounding.WORD_JOINER, "")
