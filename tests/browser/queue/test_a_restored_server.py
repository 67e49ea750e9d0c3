"""A server that was restored from a backup gets everything again."""

from __future__ import annotations

import time
import uuid
from functools import partial
from typing import Any

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA, Tab, sent


def test_a_restored_server_gets_everything_again_just_as_it_was(tab: Tab, server: QueueServer) -> None:
    said = {"verdict": "quarantined", "code": "number", "sentence": "Antalet är orimligt."}
    server.judge = lambda operation: said if operation["data"].get("n") == 99 else None
    tab.start()
    attempts = [tab.log(n=n) for n in (1, 99, 3)]
    tab.flush()
    tab.change(attempts[0], n=2)
    tab.flush()
    assert tab.states() == ["acknowledged", "quarantined", "acknowledged", "acknowledged"]
    before = [operation["text"] for operation in tab.operations()]

    server.epoch, server.stored, seen = str(uuid.uuid4()), {}, len(server.posts)
    server.judge = lambda operation: None
    tab.log()
    tab.flush()
    assert tab.states() == ["acknowledged"] * 5
    again = server.posts[-1].body.decode()
    assert server.posts[seen].json["epoch"] != server.epoch
    assert server.posts[-1].json["epoch"] == server.epoch
    assert [o["seq"] for o in server.batches[-1]["ops"]] == [1, 2, 3, 4]
    assert all(text in again for text in before)
    assert len(server.stored) == 5


def test_a_heartbeat_alone_finds_out_that_the_server_was_restored(tab: Tab, server: QueueServer) -> None:
    tab.log()
    tab.start()
    server.epoch, server.stored = str(uuid.uuid4()), {}
    tab.page.clock.set_fixed_time(time.time() + 11 * 60)
    tab.do("() => timers[0].work()")
    assert len(server.heartbeats) == 1
    assert len(server.stored) == 1
    assert tab.states() == ["acknowledged"]


def test_a_hello_finds_it_out_too(tab: Tab, server: QueueServer) -> None:
    server.person = ALVA
    tab.log()
    tab.start()
    server.epoch, server.stored = str(uuid.uuid4()), {}
    tab.do("() => delivery.refreshHello()")
    tab.flush()
    assert len(server.stored) == 1


def test_two_servers_that_disagree_do_not_keep_a_phone_sending(tab: Tab, server: QueueServer) -> None:
    def fresh(batch: dict[str, Any]) -> tuple[int, Any]:
        return server.normal(batch, epoch=str(uuid.uuid4()))

    server.usually = fresh
    for _ in range(2):
        tab.log()
        tab.start()
        tab.do("() => delivery.stop()")
    tab.start()
    assert len(server.posts) < 12


def test_a_number_that_the_server_misses_though_it_acknowledged_it_is_sent_again(tab: Tab, server: QueueServer) -> None:
    tab.log()
    tab.log()
    tab.start()
    lost = tab.operations()[0]["op"]
    del server.stored[lost]
    server.missing = [1]
    tab.page.clock.set_fixed_time(time.time() + 11 * 60)
    tab.do("() => timers[0].work()")
    assert lost in server.stored
    assert sent(server).count(lost) == 2


def test_an_answer_to_an_earlier_life_of_the_server_does_not_hide_a_loss(tab: Tab, server: QueueServer) -> None:
    """The answer of the old server comes after the new one has been heard, as when two tabs send at once."""
    tab.log()
    tab.start()
    old, new = server.epoch, str(uuid.uuid4())
    server.coming.extend(partial(server.normal, epoch=epoch) for epoch in (new, old))
    tab.log()
    tab.flush()
    server.epoch, server.stored = new, {}
    tab.log()
    tab.flush()
    tab.flush()
    tab.do("() => delivery.stop()")
    tab.start()
    assert len(server.stored) == 3
