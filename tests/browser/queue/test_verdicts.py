"""What the phone does with each verdict and refusal of the server."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import Tab


def test_only_what_is_named_is_acknowledged(tab: Tab, server: QueueServer) -> None:
    for _ in range(3):
        tab.log()
    stranger = {"op": str(uuid.uuid4()), "verdict": "stored", "rev": 1}

    def partial(batch: dict[str, Any]) -> tuple[int, Any]:
        status, body = server.normal(batch)
        odd = {"op": batch["ops"][0]["op"], "verdict": "a word from the future"}
        return status, {**body, "results": [odd, body["results"][1], stranger, None]}

    server.coming.append(partial)
    tab.start()
    assert tab.states() == ["pending", "acknowledged", "pending"]
    assert tab.do("() => timers.map(({ ms }) => ms)") == [2000]
    tab.do("() => timers[0].work()")
    assert tab.states() == ["acknowledged"] * 3


def test_each_verdict_under_which_the_server_keeps_it_acknowledges(tab: Tab, server: QueueServer) -> None:
    verdicts = ["stored", "duplicate", "superseded"]
    server.judge = lambda operation: {"verdict": verdicts[operation["seq"] - 1]}
    for _ in verdicts:
        tab.log()
    tab.start()
    assert tab.states() == ["acknowledged"] * 3


def test_retry_stays_pending_for_as_long_as_the_server_asks(tab: Tab, server: QueueServer) -> None:
    first = tab.log()
    tab.log()
    server.judge = lambda o: {"verdict": "retry", "seconds": 60} if o["attempt"] == first["id"] else None
    tab.start()
    assert tab.states() == ["pending", "acknowledged"]
    (wait,) = tab.do("() => timers.map(({ ms }) => ms)")
    assert 60_000 <= wait <= 75_000
    server.judge = lambda operation: None
    tab.do("() => timers[0].work()")
    assert tab.states() == ["acknowledged", "acknowledged"]


def test_quarantine_is_kept_and_explained_and_holds_up_nothing(tab: Tab, server: QueueServer) -> None:
    late, fine = tab.log(), tab.log()
    said = {"verdict": "quarantined", "code": "campaign_closed", "sentence": "Kampanjen var avslutad."}
    server.judge = lambda operation: said if operation["attempt"] == late["id"] else None
    tab.start()
    assert tab.states() == ["quarantined", "acknowledged"]
    assert tab.status()["quarantined"] == 1
    shown = {attempt["id"]: attempt for attempt in tab.do("() => outbox.recent(9)")}
    assert shown[late["id"]]["state"] == "quarantined"
    assert shown[late["id"]]["sentence"] == "Kampanjen var avslutad."
    assert shown[fine["id"]]["state"] == "sent"


def test_quarantine_is_asked_about_once_a_day_until_it_is_settled(tab: Tab, server: QueueServer) -> None:
    held = {"verdict": "quarantined", "code": "campaign_closed", "sentence": "Kampanjen var avslutad."}
    server.judge = lambda operation: held
    server.now = "2026-05-01T12:00:00Z"
    tab.log()
    tab.log()
    tab.start()
    admitted = tab.operations()[0]["op"]
    server.judge = lambda o: {"verdict": "duplicate"} if o["op"] == admitted else {**held, "code": "dismissed"}

    def an_hour_passes(now: str) -> None:
        server.now = now
        tab.do("() => outbox.setPerson(outbox.person())")  # as good a reason as any to flush
        tab.page.clock.set_fixed_time(time.time() + 3600 * len(server.posts))
        tab.flush()

    an_hour_passes("2026-05-02T11:00:00Z")
    assert len(server.batches) == 1
    an_hour_passes("2026-05-02T12:00:00Z")
    assert [len(batch["ops"]) for batch in server.batches] == [2, 2]
    assert tab.states() == ["acknowledged", "quarantined"]
    # Dismissed is the last word: it is not asked about again, and goes as acknowledged ones do.
    an_hour_passes("2026-05-04T12:00:00Z")
    assert len(server.batches) == 2
    server.durable_before = "2026-05-03T12:00:00Z"
    an_hour_passes("2026-05-04T13:00:00Z")
    assert tab.operations() == []


def test_sign_in_is_asked_for_and_the_queue_left_alone(tab: Tab, server: QueueServer) -> None:
    tab.log()
    server.usually = "sign_in"
    tab.start()
    assert tab.states() == ["pending"]
    assert tab.status()["signInNeeded"]
    server.usually = "normal"
    tab.flush()
    assert tab.states() == ["acknowledged"]
    assert not tab.status()["signInNeeded"]


def test_without_a_session_the_taps_go_and_do_not_ask_for_it_each_time(tab: Tab, server: QueueServer) -> None:
    tab.start()
    for _ in range(3):
        tab.log()
        tab.flush()
    assert len(server.stored) == 3
    assert [request.path for request in server.requests].count("/api/v1/hello") == 1


def test_a_busy_server_is_left_alone_by_the_next_taps(tab: Tab, server: QueueServer) -> None:
    server.coming.append("busy")
    tab.log()
    tab.start()
    (wait,) = tab.do("() => timers.map(({ ms }) => ms)")
    assert 40_000 <= wait <= 50_000
    tab.log()
    tab.do("() => timers[0].work()")
    assert tab.states() == ["acknowledged", "acknowledged"]
    assert [len(batch["ops"]) for batch in server.batches] == [1, 2]


@pytest.mark.parametrize(
    "event", ["window.dispatchEvent(new Event('online'))", "document.dispatchEvent(new Event('visibilitychange'))"]
)
def test_the_server_says_how_long_to_wait_however_often_it_failed(tab: Tab, server: QueueServer, event: str) -> None:
    server.usually = "trouble"
    tab.log()
    tab.start()
    for _ in range(5):
        tab.do("() => timers[0].work()")
    server.usually = "busy"
    tab.do("() => timers[0].work()")
    assert tab.do("() => timers.map(({ ms }) => ms)") == [50_000]
    tries = len(server.posts)
    tab.do(f"async () => {{ {event}; await outbox.status(); await outbox.status(); }}")
    assert tab.do("() => timers.map(({ ms }) => ms)") == [50_000]
    assert len(server.posts) == tries


def test_a_proxy_may_say_how_long_to_wait_too(tab: Tab, server: QueueServer) -> None:
    server.coming.append("overloaded")
    tab.log()
    tab.start()
    assert tab.do("() => timers.map(({ ms }) => ms)") == [25_000]


@pytest.mark.parametrize(("answer", "code"), [("malformed", "refused"), ("too_large", "too_large")])
def test_one_operation_that_the_server_will_not_read_is_found_and_blocks_no_other(
    tab: Tab, server: QueueServer, answer: str, code: str
) -> None:
    attempts = [tab.log() for _ in range(7)]
    bad = attempts[4]["id"]

    def chokes(batch: dict[str, Any]) -> tuple[int, Any]:
        is_bad = any(operation["attempt"] == bad for operation in batch["ops"])
        return getattr(server, answer if is_bad else "normal")(batch)

    server.usually = chokes
    tab.start()
    assert tab.states() == ["acknowledged"] * 4 + ["quarantined"] + ["acknowledged"] * 2
    assert tab.operations()[4]["code"] == code
    assert len(server.stored) == 6
    assert len(server.batches) <= 7
    assert [b["pending"] for b in server.batches][-1] < 7
    # It is offered again a day later: the server may have learnt to read it.
    server.usually = "normal"
    server.now = (datetime.now(UTC) + timedelta(days=1, minutes=1)).isoformat()
    tab.log()
    tab.flush()
    assert tab.states() == ["acknowledged"] * 8


@pytest.mark.parametrize("answer", ["malformed", "too_large"])
def test_no_operation_is_blamed_when_even_an_empty_batch_is_refused(tab: Tab, server: QueueServer, answer: str) -> None:
    for _ in range(3):
        tab.log()
    server.usually = answer
    tab.start()
    assert tab.states() == ["pending"] * 3
    assert len(server.posts) == 2
