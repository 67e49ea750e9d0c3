"""The current time, and Swedish days. Nothing else reads the system's clock for dates, so tests can stop it here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

# The product is for Swedish organisations: a day is a Swedish day, whatever the server's own time zone.
ZONE = ZoneInfo("Europe/Stockholm")

# Days that anybody types lie between these. Beyond them even a day more or less may be no date at all.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2099, 12, 31)

_stopped_at: datetime | None = None


def now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return _stopped_at or datetime.now(UTC)


def today() -> date:
    """Return today's date in Sweden."""
    return local_day(now())


def local_day(moment: datetime) -> date:
    """Return the Swedish calendar day of an aware datetime."""
    return moment.astimezone(ZONE).date()


def at(day: date, local: time_of_day = time_of_day()) -> datetime:
    """Return the moment of a Swedish day and time of day, in UTC; without a time the day's beginning.

    All times that are built from parts are built here. In the hour that is left out in spring it is the moment an hour
    later; of the hour that comes twice in autumn it is the first. In UTC, since arithmetic within one zone ignores the
    change, and what is counted by a time that does not exist would not be found again.
    """
    return datetime.combine(day, local.replace(tzinfo=None), ZONE).astimezone(UTC)


def pause() -> None:
    """Let other threads run. Long work calls it every half millisecond, so that short work gets its turn.

    A pause of 0 would be over before another thread has woken up.
    """
    time.sleep(0.00005)  # seconds


def parse(text: str) -> datetime:
    """Return the UTC time of ISO 8601 text with a zone, such as 2026-05-01T18:20:00.000Z. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time must say its zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time must be within the years that there are") from None


def typed_day(text: str) -> date:
    """Return the day of text such as 2026-05-31. Raises ValueError, also for one before FIRST_DAY or after LAST_DAY."""
    day = date.fromisoformat(text)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("a day must be within the years that are planned for")
    return day


def text(moment: datetime) -> str:
    """Return ISO 8601 with milliseconds and Z, the form in which times are sent."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def stopped(at: datetime | None) -> Iterator[None]:
    """Stop the clock at `at` inside the block, or let it run for None. For tests and the demo's data."""
    global _stopped_at
    before, _stopped_at = _stopped_at, at
    try:
        yield
    finally:
        _stopped_at = before


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield every day from `first` to `last`, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
