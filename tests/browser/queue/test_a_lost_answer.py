"""Answers that never came, or were not the server's."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import Tab, another_tab


def test_a_lost_answer_is_made_good_with_the_same_bytes(tab: Tab, server: QueueServer) -> None:
    attempt = tab.log()
    server.coming.append("lost_answer")
    tab.start()
    assert tab.states() == ["pending"]
    tab.change(attempt, n=9)  # frozen: the change goes beside it
    tab.flush()
    assert tab.states() == ["acknowledged", "acknowledged"]
    first, again, _ = [o for batch in server.batches for o in batch["ops"]]
    assert again == first
    bodies = [post.body for post in server.posts]
    text = tab.operations()[0]["text"].encode()
    assert text in bodies[0]
    assert text in bodies[1]


def test_an_operation_is_frozen_on_disk_before_the_request_is_made(tab: Tab, server: QueueServer) -> None:
    tab.log()
    tab.do(
        """() => {
          window.seen = [];
          const real = window.fetch;
          window.fetch = async (path, options) => {
            if (path !== '/api/v1/sync') return real(path, options);
            const db = await new Promise((done) => {
              indexedDB.open('canvass').onsuccess = ({ target }) => done(target.result);
            });
            const all = db.transaction('operations').objectStore('operations').getAll();
            await new Promise((done) => { all.onsuccess = done; });
            db.close();
            seen.push(...all.result.map(({ sends }) => sends));
            throw new TypeError('no network');
          };
        }"""
    )
    tab.start()
    tab.flush()
    assert tab.do("() => seen")[:2] == [1, 2]


NO_ANSWERS = (
    "portal_page",
    "portal_redirect",
    "no_content",
    "created",
    "other_batch",
    "other_app",
    "no_epoch",
    "no_time",
    "no_results",
    "trouble",
    "lost_request",
)


def test_what_is_not_our_servers_answer_leaves_the_queue_as_it_was(tab: Tab, server: QueueServer) -> None:
    tab.log()
    tab.log()
    server.usually = NO_ANSWERS[0]
    tab.start()
    for tries, answer in enumerate(NO_ANSWERS, start=2):
        server.usually = answer
        tab.flush()
        assert tab.states() == ["pending", "pending"], answer
        assert len(server.posts) == tries, answer
    assert [request.path for request in server.requests].count("/blank") == 1  # no redirect was followed
    status = tab.status()
    assert (status["signInNeeded"], status["lastDeliveredAt"]) == (False, None)
    server.usually = "normal"
    tab.flush()
    assert tab.states() == ["acknowledged", "acknowledged"]
    assert len(server.stored) == 2


def test_a_server_that_never_answers_is_given_up_after_a_while(tab: Tab, server: QueueServer) -> None:
    server.coming.append("silence")
    tab.log()
    tab.do("() => { window.delivery = startDelivery(outbox); }")
    server.wait_for(lambda: len(server.posts) == 1)
    tab.do("() => timers.filter(({ ms }) => ms === 20000).forEach(({ work }) => work())")
    tab.wait("() => timers.some(({ ms }) => ms === 2000)")
    assert tab.states() == ["pending"]
    server.let_go.set()
    tab.flush()
    assert tab.states() == ["acknowledged"]


def test_a_tab_closed_halfway_leaves_it_frozen_and_waiting(
    tab: Tab, context: BrowserContext, server: QueueServer
) -> None:
    server.coming.append("silence")
    tab.log()
    tab.do("() => { startDelivery(outbox); }")
    server.wait_for(lambda: len(server.posts) == 1)
    tab.page.close()
    later = another_tab(context, server)
    (operation,) = later.operations()
    assert (operation["state"], operation["sends"]) == ("pending", 1)
    server.let_go.set()
    later.start()
    assert later.states() == ["acknowledged"]
    assert server.posts[0].json["ops"] == server.posts[1].json["ops"]
