"""What is said to be saved is on the phone's disk, and what cannot be saved says why."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, BrowserType, Error, Page

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA, BO, EXPORT, IMPORT, SCHOOL, SPRING, TAP, Tab, another_tab


def test_a_tap_is_saved_only_when_the_strict_transaction_is_complete(tab: Tab) -> None:
    happened = tab.do(
        """async (campaign) => {
          const happened = [];
          const real = IDBDatabase.prototype.transaction;
          IDBDatabase.prototype.transaction = function (stores, mode, options) {
            const transaction = real.call(this, stores, mode, options);
            if (mode === 'readwrite') {
              happened.push(options?.durability + ' asked, ' + transaction.durability + ' given');
              transaction.addEventListener('complete', () => happened.push('complete'));
            }
            return transaction;
          };
          await outbox.log({ campaign, channel: 'door', outcome: 'talked' });
          happened.push('saved');
          return happened;
        }""",
        SPRING,
    )
    assert happened == ["strict asked, strict given", "complete", "saved"]


def test_every_write_asks_for_strict_durability(tab: Tab, server: QueueServer) -> None:
    tab.do(
        """() => {
          window.modes = [];
          const real = IDBDatabase.prototype.transaction;
          IDBDatabase.prototype.transaction = function (stores, mode, options) {
            if (mode === 'readwrite') modes.push(options?.durability);
            return real.call(this, stores, mode, options);
          };
        }"""
    )
    server.person = ALVA
    attempt = tab.log()
    tab.start()
    tab.undo(attempt)
    tab.do("() => outbox.setSetting('theme', 'dark')")
    tab.do(IMPORT, tab.do(EXPORT))
    assert set(tab.do("() => modes")) == {"strict"}


def test_a_tap_offline_survives_a_crash_of_the_browser(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Any, server: QueueServer
) -> None:
    def launch() -> tuple[BrowserContext, Tab]:
        context = browser_type.launch_persistent_context(tmp_path, **browser_type_launch_args)
        return context, Tab(context.pages[0], server.url)

    context, tab = launch()
    tab.sign_in(ALVA)
    context.set_offline(True)
    attempt = tab.log(topics=[SCHOOL])
    with pytest.raises(Error, match="closed"):
        context.new_cdp_session(tab.page).send("Browser.crash")

    context, tab = launch()
    assert tab.status()["pending"] == 1
    assert tab.do("() => outbox.recent(5)") == [attempt]
    tab.start()
    assert server.stored.keys() == {operation["op"] for operation in tab.operations()}
    context.close()


def test_a_tap_offline_survives_the_page_and_goes_when_there_is_a_network(
    tab: Tab, context: BrowserContext, server: QueueServer
) -> None:
    context.set_offline(True)
    tab.start()
    tab.log()
    tab.flush()
    tab.page.close()
    assert server.posts == []

    context.set_offline(False)
    later = another_tab(context, server)
    later.start()
    assert later.states() == ["acknowledged"]
    assert len(server.stored) == 1


def test_nobodys_tap_is_not_saved(tab: Tab) -> None:
    tab.sign_in(None)
    assert tab.failure(TAP, SPRING) == "nobody"
    assert tab.operations() == []


def test_a_full_phone_says_so_and_nothing_is_half_saved(tab: Tab) -> None:
    tab.do(
        """() => {
          const real = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function (value, ...key) {
            if (this.name === 'attempts') throw new DOMException('full', 'QuotaExceededError');
            return real.call(this, value, ...key);
          };
          window.mend = () => { IDBObjectStore.prototype.put = real; };
        }"""
    )
    assert tab.failure(TAP, SPRING) == "quota"
    assert tab.operations() == []
    tab.do("() => mend()")
    tab.log()
    assert [operation["seq"] for operation in tab.operations()] == [1]


def test_a_later_version_in_another_tab_is_told_apart_from_other_trouble(tab: Tab, context: BrowserContext) -> None:
    tab.log()
    newer = context.new_page()
    newer.goto(tab.url + "/blank")
    newer.evaluate("() => new Promise((done) => { indexedDB.open('canvass', 2).onsuccess = done; })")
    assert tab.failure(TAP, SPRING) == "newer"


def test_an_earlier_version_that_will_not_let_go_is_told_apart(page: Page, server: QueueServer) -> None:
    page.goto(server.url + "/blank")
    code = page.evaluate(
        """async () => {
          window.holder = await new Promise((done) => {
            indexedDB.open('canvass', 1).onsuccess = ({ target }) => done(target.result);
          });
          const real = IDBFactory.prototype.open;
          IDBFactory.prototype.open = function (name, version) { return real.call(this, name, version + 1); };
          const { open } = await import('/static/js/phone/queue/outbox.js');
          return (await open().catch((error) => error)).code;
        }"""
    )
    assert code == "blocked"


@pytest.mark.parametrize(
    "spoil",
    [
        "Object.defineProperty(window, 'indexedDB', { value: undefined })",
        "IDBFactory.prototype.open = () => { throw new DOMException('private', 'SecurityError'); }",
        "IDBFactory.prototype.open = () => ({}); const set = setTimeout;"
        " window.setTimeout = (work, ms, ...rest) => set(work, ms === 10000 ? 0 : ms, ...rest)",
    ],
    ids=["none", "private", "never answers"],
)
def test_a_browser_without_a_database_says_so(page: Page, server: QueueServer, spoil: str) -> None:
    page.add_init_script(spoil)
    page.goto(server.url + "/blank")
    script = (
        "async () => (await (await import('/static/js/phone/queue/outbox.js')).open().catch((error) => error)).code"
    )
    assert page.evaluate(script) == "unavailable"


def test_a_lost_connection_is_opened_again_and_the_tap_is_saved_once(tab: Tab) -> None:
    tab.log()
    tab.do(
        """() => {
          // As on iOS: what was written is there, but the page is told that the connection was lost.
          const real = IDBDatabase.prototype.transaction;
          IDBDatabase.prototype.transaction = function (...asked) {
            const transaction = real.apply(this, asked);
            IDBDatabase.prototype.transaction = real;
            Object.defineProperty(transaction, 'oncomplete', { set() {
              transaction.addEventListener('complete', () => transaction.dispatchEvent(new Event('abort')));
            } });
            return transaction;
          };
        }"""
    )
    attempt = tab.log()
    assert attempt["state"] == "pending"
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]
    assert len(tab.do("() => outbox.recent(9)")) == 2


def test_the_browser_is_asked_to_keep_its_storage_once_there_is_something_in_it(tab: Tab) -> None:
    tab.do("() => { window.asked = 0; navigator.storage.persist = async () => { asked += 1; }; }")
    assert tab.do("() => asked") == 0
    tab.log()
    tab.log()
    assert tab.do("() => asked") == 1


def test_data_cleared_under_an_open_page_makes_it_a_new_installation(tab: Tab, server: QueueServer) -> None:
    tab.log()
    before = tab.do("() => outbox.install")
    tab.do("() => new Promise((done) => { indexedDB.deleteDatabase('canvass').onsuccess = done; })")
    assert tab.failure(TAP, SPRING) == "nobody"
    server.person = BO
    tab.sign_in(BO)
    attempt = tab.log()
    tab.start()
    (batch,) = server.batches
    assert batch["install"] not in (before, None)
    assert [(o["attempt"], o["seq"]) for o in batch["ops"]] == [(attempt["id"], 1)]


def test_a_listener_that_fails_does_not_make_a_saved_tap_look_unsaved(tab: Tab) -> None:
    tab.do("() => outbox.subscribe(() => { throw new Error('a mistake in the screen'); })")
    assert tab.log()["state"] == "pending"
