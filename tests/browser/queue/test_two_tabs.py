"""Two tabs on one phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import Tab, another_tab, sent


def test_another_tab_hears_of_a_tap_and_of_a_setting(tab: Tab, context: BrowserContext, server: QueueServer) -> None:
    other = another_tab(context, server)
    other.do("() => { window.told = 0; outbox.subscribe(() => { told += 1; }); }")
    tab.log()
    tab.do("() => outbox.setSetting('channel', 'stall')")
    other.wait("() => told >= 2 && outbox.setting('channel') === 'stall'")
    assert other.status()["pending"] == 1


@pytest.mark.parametrize("has_locks", [True, False])
def test_two_tabs_at_once_count_once(tab: Tab, context: BrowserContext, server: QueueServer, has_locks: bool) -> None:
    other = another_tab(context, server)
    for _ in range(3):
        tab.log()
    for one in (tab, other):
        if not has_locks:
            one.do("() => Object.defineProperty(navigator, 'locks', { value: undefined })")
        one.do("() => { window.delivery = startDelivery(outbox); }")
    for one in (tab, other):
        one.flush()
    assert len(server.stored) == 3
    assert tab.states() == ["acknowledged"] * 3
    if has_locks:
        assert len(sent(server)) == 3


def test_a_tab_that_never_lets_go_does_not_stop_the_others(
    tab: Tab, context: BrowserContext, server: QueueServer
) -> None:
    asleep = another_tab(context, server)
    asleep.do("() => { navigator.locks.request('canvass-deliver', () => new Promise(() => {})); }")
    tab.log()
    tab.do(
        """async () => {
          window.delivery = startDelivery(outbox);
          const waiting = () => timers.find(({ ms }) => ms === 30000);
          while (!waiting()) await new Promise((next) => setTimeout(next, 5));
          waiting().work();
        }"""
    )
    server.wait_for(lambda: len(server.stored) == 1)
