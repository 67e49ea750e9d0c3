"""When the phone sends, how much at once, and what it keeps of a hello."""

from __future__ import annotations

import time

import pytest

from tests.browser.queue.server import QueueServer, Request
from tests.browser.queue.tab import ALVA, SPRING, Tab


def test_the_wait_grows_from_two_seconds_to_five_minutes_and_never_ends(tab: Tab, server: QueueServer) -> None:
    server.usually = "trouble"
    tab.log()
    tab.start()
    waits = []
    for _ in range(11):
        (wait,) = tab.do("() => timers.map(({ ms }) => ms)")
        waits.append(wait)
        tab.do("() => timers[0].work()")
    assert waits == [1000 * s for s in (2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300)]
    assert len(server.posts) == 12
    tab.do("() => { Math.random = () => 0; return timers[0].work(); }")
    assert tab.do("() => timers.map(({ ms }) => ms)") == [150_000]


@pytest.mark.parametrize(
    "event",
    [
        "document.dispatchEvent(new Event('visibilitychange'))",
        "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
        "outbox.log({ campaign: outbox.install, channel: 'door', outcome: 'talked' })",
    ],
    ids=["visible", "shown", "saved"],
)
def test_there_is_no_waiting_for_the_timer_when_there_is_a_chance(tab: Tab, server: QueueServer, event: str) -> None:
    server.usually = "trouble"
    tab.log()
    tab.start()
    for _ in range(4):
        tab.do("() => timers[0].work()")
    server.usually = "normal"
    tab.do(f"() => {{ {event}; }}")
    tab.wait("async () => (await outbox.status()).pending === 0")


def test_phones_that_come_online_together_do_not_send_together(tab: Tab, server: QueueServer) -> None:
    server.usually = "trouble"
    tab.log()
    tab.start()
    tries = len(server.posts)
    tab.do("() => { Math.random = () => 0.4; window.dispatchEvent(new Event('online')); }")
    tab.wait("() => timers.length === 1 && timers[0].ms === 4000")
    assert len(server.posts) == tries
    server.usually = "normal"
    tab.do("() => timers[0].work()")
    tab.wait("async () => (await outbox.status()).pending === 0")


def test_a_tap_of_somebody_who_has_come_online_goes_at_once(tab: Tab, server: QueueServer) -> None:
    server.usually = "trouble"
    tab.log()
    tab.start()
    server.usually = "normal"
    tab.do("() => window.dispatchEvent(new Event('online'))")
    tab.wait("() => timers.length === 1 && timers[0].ms === 10000")
    tab.log()
    tab.wait("async () => (await outbox.status()).pending === 0")


def test_a_phone_with_nothing_to_send_is_there_as_soon_as_it_is_online(tab: Tab, server: QueueServer) -> None:
    tab.start()
    tab.page.clock.set_fixed_time(time.time() + 10 * 60)
    tab.do("() => window.dispatchEvent(new Event('online'))")
    server.wait_for(lambda: len(server.heartbeats) == 2)


def test_an_idle_phone_says_every_ten_minutes_that_it_is_there(tab: Tab, server: QueueServer) -> None:
    tab.start()
    assert len(server.heartbeats) == 1
    tab.flush()
    assert len(server.heartbeats) == 1
    assert tab.do("() => timers.map(({ ms }) => ms)") == [600_000]
    tab.page.clock.set_fixed_time(time.time() + 10 * 60)
    tab.do("() => timers[0].work()")
    assert len(server.heartbeats) == 2
    assert (server.heartbeats[1]["pending"], server.heartbeats[1]["max_seq"]) == (0, 0)

    tab.do("() => Object.defineProperty(document, 'visibilityState', { value: 'hidden' })")
    tab.page.clock.set_fixed_time(time.time() + 30 * 60)
    tab.do("() => timers[0].work()")
    assert len(server.heartbeats) == 2


def test_batches_hold_at_most_fifty_operations_and_128_kilobytes(tab: Tab, server: QueueServer) -> None:
    def log(number: int, topics: int) -> None:
        tab.do(
            """async ([campaign, number, topics]) => {
              const topic = 'å'.repeat(18);
              for (let made = 0; made < number; made += 1) {
                await outbox.log({ campaign, channel: 'door', outcome: 'talked', topics: Array(topics).fill(topic) });
              }
            }""",
            [SPRING, number, topics],
        )

    log(60, 0)
    log(12, 390)  # 15 kB each, as UTF-8; 8 kB as characters
    tab.start()
    assert set(tab.states()) == {"acknowledged"}
    sizes = [(len(post.json["ops"]), len(post.body)) for post in server.posts]
    assert [operations for operations, _ in sizes] == [50, 17, 5]
    assert all(size <= 128_000 for _, size in sizes)
    assert [o["seq"] for batch in server.batches for o in batch["ops"]] == list(range(1, 73))


def test_a_hello_is_kept_with_its_outlines_for_the_time_without_a_network(tab: Tab, server: QueueServer) -> None:
    server.person = {**ALVA, "association_name": "Hageby s-förening"}
    server.outlines["features"].append({"type": "Feature", "id": "a", "geometry": None, "properties": {}})
    tab.start()
    tab.wait("async () => (await outbox.outlines())?.features.length === 1")
    tab.open()
    assert tab.do("() => [outbox.person(), outbox.context().app]") == [server.person, "canvass-sync/1"]
    assert tab.do("() => outbox.outlines()") == server.outlines
    # The next visit asks whether anything has changed, and is told no.
    tab.start()
    tab.wait("() => hellos.length")

    def asked() -> list[Request]:
        return [request for request in server.requests if request.path == "/api/v1/outlines"]

    server.wait_for(lambda: len(asked()) == 2)
    assert asked()[1].headers["if-none-match"] == tab.do("() => outbox.outlinesTag")
