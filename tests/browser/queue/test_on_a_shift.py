"""Taps on a shift, and the colours of recorder mode."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA, AUTUMN, BO, CARE, EXPORT, IMPORT, SCHOOL, SPRING, Tab, wipe


def shift(name: int, ends_in: timedelta = timedelta(hours=1)) -> dict[str, Any]:
    begins, ends = (datetime.now(UTC) + away for away in (ends_in - timedelta(hours=2), ends_in))
    times = {"starts_at": begins.isoformat(), "ends_at": ends.isoformat()}
    return {"id": str(uuid.UUID(int=name)), "campaign": SPRING, **times}


def go_out(tab: Tab, on: dict[str, Any] | None) -> None:
    tab.do("(shift) => outbox.setShift(shift)", on)


def contents(tab: Tab) -> list[dict[str, Any]]:
    """What the operations on the phone say, in the order they were made."""
    return [json.loads(operation["text"])["data"] for operation in tab.operations()]


def test_the_shift_is_the_one_of_the_tap_whatever_comes_later(tab: Tab, server: QueueServer) -> None:
    first, second = shift(0x51), shift(0x52)
    go_out(tab, first)
    attempt = tab.log()
    elsewhere = tab.log(campaign=AUTUMN)
    tab.start()
    go_out(tab, second)
    assert tab.change(attempt, outcome="refused")["shift"] == first["id"]
    go_out(tab, None)
    tab.change(elsewhere, n=2)
    tab.log()
    assert [data.get("shift") for data in contents(tab)] == [first["id"], None, first["id"], None, None]
    assert [a["shift"] for a in tab.do("() => outbox.recent(9)")] == [None, None, first["id"]]
    assert tab.do("(shift) => outbox.onShift(shift)", first)["attempts"] == 1


def test_without_a_shift_an_operation_is_what_it_always_was(tab: Tab) -> None:
    tab.log()
    assert contents(tab) == [{"area": None, "channel": "door", "outcome": "talked", "n": 1, "topics": []}]


def test_going_out_and_coming_home_is_told_at_once_and_with_every_batch(tab: Tab, server: QueueServer) -> None:
    out = shift(0x51)
    tab.start()
    assert server.heartbeats[-1]["shift"] is None
    go_out(tab, out)
    server.wait_for(lambda: len(server.heartbeats) == 2)
    tab.log()
    server.wait_for(lambda: len(server.batches) == 1)
    go_out(tab, None)
    server.wait_for(lambda: len(server.heartbeats) == 3)
    assert [post.json["shift"] for post in server.posts] == [None, out["id"], out["id"], None]


def test_a_file_from_another_phone_says_nothing_of_where_that_is(tab: Tab, server: QueueServer) -> None:
    tab.log()
    text = tab.do(EXPORT)
    wipe(tab)
    tab.sign_in(ALVA)
    go_out(tab, shift(0x51))
    tab.do(IMPORT, text)
    tab.start()
    assert "shift" not in server.batches[0]


def test_a_shift_is_left_some_hours_after_its_end_by_the_servers_clock(tab: Tab, server: QueueServer) -> None:
    lasting, over = (shift(0x51, timedelta(hours=hours)) for hours in (-3.9, -4.1))
    go_out(tab, over)
    assert tab.log()["shift"] is None
    go_out(tab, lasting)
    assert tab.log()["shift"] == lasting["id"]
    server.now = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()  # the phone's clock is slow
    tab.start()
    assert tab.log()["shift"] is None
    tab.flush()
    assert server.posts[-1].json["shift"] is None


def test_the_next_person_on_the_phone_is_not_on_the_first_ones_shift(tab: Tab) -> None:
    go_out(tab, shift(0x51))
    tab.sign_in(BO)
    assert tab.do("() => outbox.shift()") is None


def test_the_colour_never_leaves_the_phone(tab: Tab, server: QueueServer) -> None:
    attempt = tab.log(colour="purple", topics=[SCHOOL])
    tab.start()
    tab.change(attempt, topics=[CARE])
    tab.flush()
    # Whom it was for is put right on the phone alone: there is nothing to send.
    assert tab.change(attempt, colour="green")["colour"] == "green"
    tab.flush()
    assert len(server.stored) == len(tab.operations()) == 2
    assert [a["colour"] for a in tab.do("() => outbox.recent(9)")] == ["green"]
    assert tab.do("(id) => outbox.today(id)", SPRING)["colours"] == {"green": 1}
    left = [post.body.decode() for post in server.posts] + [tab.do(EXPORT)]
    left += [operation["text"] for operation in tab.operations()]
    assert not any(word in text for text in left for word in ("purple", "green", "colour"))
