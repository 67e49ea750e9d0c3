"""What time it is. Everything asks here, so that a test can decide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

# The product is for Swedish organisations: a day is a Swedish day, wherever the server stands.
ZONE = ZoneInfo("Europe/Stockholm")

_stopped_at: datetime | None = None


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _stopped_at or datetime.now(UTC)


def today() -> date:
    """Today in Sweden."""
    return local_day(now())


def local_day(moment: datetime) -> date:
    """The Swedish calendar day of an aware moment."""
    return moment.astimezone(ZONE).date()


def parse(text: str) -> datetime:
    """An aware UTC moment from ISO 8601 text such as 2026-05-01T18:20:00.000Z. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time must say its zone")
    return moment.astimezone(UTC)


def text(moment: datetime) -> str:
    """ISO 8601 with a Z and milliseconds, as the wire carries it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def stopped(at: datetime | None) -> Iterator[None]:
    """Hold the clock at `at` inside the block, or let it run for None; for tests."""
    global _stopped_at
    before, _stopped_at = _stopped_at, at
    try:
        yield
    finally:
        _stopped_at = before


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
