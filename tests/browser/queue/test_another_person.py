"""Several people on one phone, and nobody."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA, BO, Tab, another_tab, today


def test_another_persons_operations_are_neither_sent_nor_shown(tab: Tab, server: QueueServer) -> None:
    tab.log()
    tab.log()
    tab.sign_in(BO)
    mine = tab.log()
    tab.start()
    status = tab.status()
    assert (status["pending"], status["foreign"]) == (0, 2)
    assert [attempt["id"] for attempt in tab.do("() => outbox.recent(9)")] == [mine["id"]]
    (batch,) = server.batches
    assert batch["author"] == BO["id"]
    assert [operation["attempt"] for operation in batch["ops"]] == [mine["id"]]
    assert (batch["pending"], batch["max_seq"]) == (3, 3)

    tab.sign_in(ALVA)
    tab.flush()
    assert server.batches[-1]["author"] == ALVA["id"]
    assert len(server.stored) == 3


def test_nothing_is_sent_when_nobody_is_signed_in(tab: Tab, server: QueueServer) -> None:
    tab.log()
    tab.sign_in(None)
    tab.start()
    assert server.posts == []
    assert tab.status()["foreign"] == 1


def test_whoever_the_server_knows_is_whose_taps_they_are(tab: Tab, server: QueueServer) -> None:
    tab.log()
    server.person = BO
    server.usually = lambda b: (server.normal if b["author"] == BO["id"] else server.sign_in)(b)
    tab.start()
    tab.wait("() => outbox.person()?.name === 'Bo'")
    tab.log()
    tab.flush()
    assert tab.status()["foreign"] == 1
    assert [operation["attempt"] for operation in server.stored.values()] == [tab.do("() => outbox.recent(1)")[0]["id"]]


def test_an_answer_about_somebody_who_has_left_is_not_listened_to(tab: Tab, server: QueueServer) -> None:
    server.person = ALVA
    tab.start()
    tab.wait("() => hellos.length")
    tab.do(
        """async () => {
          const text = await (await fetch('/api/v1/hello')).text();
          window.fetch = async () => new Response(text);
          const asked = delivery.refreshHello();
          await outbox.setPerson(null);
          await asked;
        }"""
    )
    assert tab.do("() => outbox.person()") is None


def test_a_page_that_comes_back_from_the_browsers_memory_looks_who_is_there_now(
    tab: Tab, context: BrowserContext, server: QueueServer
) -> None:
    tab.start()
    other = another_tab(context, server)
    other.do("() => { BroadcastChannel.prototype.postMessage = () => {}; }")  # the page was frozen, and heard nothing
    other.sign_in(BO)
    assert tab.do("() => outbox.person()") == ALVA
    tab.do("() => { window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })); }")
    tab.wait("() => outbox.person().name === 'Bo'")


def test_what_was_known_to_one_person_is_not_left_for_the_next(tab: Tab, server: QueueServer) -> None:
    server.person = ALVA
    tab.start()
    tab.wait("async () => hellos.length && (await outbox.outlines())")
    assert tab.do("() => outbox.context()")["person"] == ALVA
    tab.log()
    tab.sign_in(None)
    assert tab.do("async () => [outbox.context(), await outbox.outlines(), await outbox.recent(9)]") == [None, None, []]
    assert today(tab) == {"conversations": 0, "attempts": 0}
