"""What the outbox tells the screen: today, and what waits."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA, AUTUMN, SPRING, Tab, today


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "Europe/Helsinki", "Pacific/Auckland", "America/New_York"])
def test_today_is_the_swedish_day_wherever_the_phone_thinks_it_is(
    browser: Browser, server: QueueServer, zone: str
) -> None:
    context = browser.new_context(timezone_id=zone)
    tab = Tab(context.new_page(), server.url)
    tab.sign_in(ALVA)
    tab.page.clock.set_fixed_time("2026-05-01T21:30:00Z")  # 23.30 in Sweden
    tab.log(n=5)
    # From 00.30 the day after; in Greenwich it is the same day still.
    taps: list[dict[str, Any]] = [{"n": 2}, {"outcome": "not_home"}, {"campaign": AUTUMN}, {"n": 9}]
    for minute, facts in enumerate(taps, start=30):
        tab.page.clock.set_fixed_time(f"2026-05-01T22:{minute}:00Z")
        attempt = tab.log(**facts)
    tab.undo(attempt)
    assert today(tab) == {"conversations": 2, "attempts": 3}
    assert [(a["campaign"], a["outcome"], a["n"]) for a in tab.do("() => outbox.recent(9)")] == [
        (AUTUMN, "talked", 1),
        (SPRING, "not_home", 1),
        (SPRING, "talked", 2),
    ]
    assert len(tab.do("() => outbox.recent(2)")) == 2
    context.close()


def test_a_swedish_day_may_have_23_or_25_hours(tab: Tab) -> None:
    midnights = """async (times) => {
      const { midnight } = await import('/static/js/phone/queue/days.js');
      return times.flatMap((time) => [0, 1].map((days) => new Date(midnight(Date.parse(time), days)).toISOString()));
    }"""
    times = ["2026-03-29T00:30Z", "2026-03-29T20:00Z", "2026-10-25T00:30Z", "2026-10-25T22:30Z", "2026-12-31T23:30Z"]
    found = tab.do(midnights, times)
    assert [moment.removesuffix(":00.000Z") for moment in found] == [
        *["2026-03-28T23:00", "2026-03-29T22:00"] * 2,
        *["2026-10-24T22:00", "2026-10-25T23:00"] * 2,
        *["2026-12-31T23:00", "2027-01-01T23:00"],
    ]


def test_the_screen_is_told_what_waits_and_since_when(tab: Tab, server: QueueServer) -> None:
    assert tab.status()["oldestPendingAt"] is None
    first = tab.log()
    tab.log()
    status = tab.status()
    assert (status["pending"], status["oldestPendingAt"], status["lastDeliveredAt"]) == (2, first["at"], None)
    server.now = "2026-05-06T16:30:00Z"
    tab.start()
    status = tab.status()
    assert (status["pending"], status["oldestPendingAt"]) == (0, None)
    assert status["lastDeliveredAt"]
    for attempt in tab.do("() => outbox.recent(9)"):
        assert (attempt["state"], attempt["settled"]) == ("sent", "2026-05-06T16:30:00.000Z")
