"""Swedish days and times of day, and the two nights when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from canvass.core import clock

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)


def test_an_hour_that_the_clocks_leave_out_is_the_one_after() -> None:
    assert clock.at(SPRING, time(2)) == clock.at(SPRING, time(3)) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert clock.at(SPRING, time(2, 30)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_of_an_hour_that_comes_twice_it_is_the_first() -> None:
    assert clock.at(AUTUMN, time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert clock.at(AUTUMN, time(3)) == datetime(2026, 10, 25, 2, tzinfo=UTC)


def test_a_day_is_as_long_as_it_is() -> None:
    lengths = [clock.at(day + timedelta(days=1)) - clock.at(day) for day in (SPRING, AUTUMN, date(2026, 5, 6))]
    assert lengths == [timedelta(hours=hours) for hours in (23, 25, 24)]


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.times(), st.sampled_from([None, UTC, ZoneInfo("Asia/Tokyo")]))
def test_every_moment_is_on_its_day_and_none_is_built_that_does_not_exist(
    day: date, local: time, zone: ZoneInfo | None
) -> None:
    moment = clock.at(day, local.replace(tzinfo=zone))
    there = moment.astimezone(clock.ZONE)
    assert there.date() == day
    assert there.replace(tzinfo=None) - datetime.combine(day, local) in (timedelta(), timedelta(hours=1))
    assert there.astimezone(UTC) == moment
