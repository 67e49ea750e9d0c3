"""The phone's half of the promise, in a real browser against a server that lies, fails and forgets."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Error, Page

from tests.browser.queue_server import QueueServer, Request

ALVA = {"id": str(uuid.UUID(int=0xA1)), "name": "Alva"}
BO = {"id": str(uuid.UUID(int=0xB0)), "name": "Bo"}
SPRING = str(uuid.UUID(int=0xC1))
AUTUMN = str(uuid.UUID(int=0xC2))
SCHOOL = str(uuid.UUID(int=0xF1))
CARE = str(uuid.UUID(int=0xF2))

TAP = "(campaign) => outbox.log({ campaign, channel: 'door', outcome: 'talked' })"
EXPORT = "async () => (await outbox.export()).text()"
IMPORT = "(text) => outbox.import(text)"

# Timers of a second or more stand still, and are kept in `timers` for the test to look at and set off.
STILL = """
  window.timers = [];
  const [set, clear] = [window.setTimeout, window.clearTimeout];
  window.setTimeout = (work, ms, ...rest) => {
    if (!(ms >= 1000)) return set(work, ms, ...rest);
    timers.push({ id: -1 - performance.now() - timers.length, ms, work });
    return timers.at(-1).id;
  };
  window.clearTimeout = (id) => {
    if (!(id < 0)) return clear(id);
    timers = timers.filter((timer) => timer.id !== id);
  };
  Math.random = () => 1;
"""


@pytest.fixture(scope="module")
def one_server() -> Iterator[QueueServer]:
    server = QueueServer()
    yield server
    server.stop()


@pytest.fixture
def server(one_server: QueueServer) -> Iterator[QueueServer]:
    one_server.reset()
    yield one_server
    one_server.let_go.set()
    assert one_server.mistakes == []


class Tab:
    """A page with the outbox open."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        page.add_init_script(STILL)
        self.open()

    def open(self) -> None:
        self.page.goto(self.url + "/blank")
        self.do(
            """async () => {
              const { open } = await import('/static/js/outbox.js');
              window.startDelivery = (await import('/static/js/deliver.js')).start;
              window.outbox = await open();
            }"""
        )

    def do(self, script: str, argument: Any = None) -> Any:
        return self.page.evaluate(script, argument)

    def sign_in(self, person: dict[str, str] | None) -> None:
        self.do("(person) => outbox.setPerson(person)", person)

    def log(self, **facts: Any) -> dict[str, Any]:
        facts = {"campaign": SPRING, "channel": "door", "outcome": "talked", **facts}
        return self.do("(facts) => outbox.log(facts)", facts)

    def change(self, attempt: dict[str, Any], **changes: Any) -> dict[str, Any]:
        return self.do("([id, changes]) => outbox.change(id, changes)", [attempt["id"], changes])

    def undo(self, attempt: dict[str, Any]) -> dict[str, Any]:
        return self.do("(id) => outbox.undo(id)", attempt["id"])

    def failure(self, script: str, argument: Any = None) -> str:
        """The code that a call is refused with."""
        return self.do(f"async (argument) => (await ({script})(argument).then(() => ({{}}), (e) => e)).code", argument)

    def start(self) -> None:
        """Begin to deliver, and wait until there is no more to do for now."""
        self.do(
            """async () => {
              window.hellos = [];
              window.delivery = startDelivery(outbox, { onHello: (hello) => hellos.push(hello) });
              const isDone = () => timers.length === 1 && timers[0].work === delivery.flush;
              while (!isDone()) await new Promise((done) => setTimeout(done));
            }"""
        )

    def flush(self) -> None:
        self.do("() => delivery.flush()")

    def status(self) -> dict[str, Any]:
        return self.do("() => outbox.status()")

    def states(self) -> list[str]:
        """The state of every operation on the phone, in the order they were made."""
        return [operation["state"] for operation in self.operations()]

    def operations(self) -> list[dict[str, Any]]:
        """What is really in the phone's database, in the order it was made."""
        return self.do(
            """() => new Promise((resolve) => {
              indexedDB.open('canvass').onsuccess = ({ target: { result: db } }) => {
                db.transaction('operations').objectStore('operations').getAll().onsuccess = ({ target }) => {
                  db.close();
                  resolve(target.result.sort((a, b) => a.seq - b.seq));
                };
              };
            })"""
        )

    def wait(self, script: str) -> None:
        """Until the function gives something true."""
        self.page.wait_for_function(script)


@pytest.fixture
def tab(page: Page, server: QueueServer) -> Tab:
    """Alva's phone."""
    tab = Tab(page, server.url)
    tab.sign_in(ALVA)
    return tab


def today(tab: Tab) -> dict[str, int]:
    counts = tab.do("(id) => outbox.today(id)", SPRING)
    return {key: counts[key] for key in ("conversations", "attempts")}


def another_tab(context: BrowserContext, server: QueueServer) -> Tab:
    return Tab(context.new_page(), server.url)


def sent(server: QueueServer) -> list[str]:
    """The ids of the operations that came in, in order, each time they came."""
    return [operation["op"] for batch in server.batches for operation in batch["ops"]]


# --- saved means saved --------------------------------------------------------------------------------------


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
          const { open } = await import('/static/js/outbox.js');
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
    script = "async () => (await (await import('/static/js/outbox.js')).open().catch((error) => error)).code"
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


# --- operations ---------------------------------------------------------------------------------------------


def test_an_operation_says_all_that_the_wire_wants(tab: Tab, server: QueueServer) -> None:
    attempt = tab.log(area=AUTUMN, n=3, topics=[SCHOOL, CARE])
    tab.start()
    (batch,) = server.batches
    (operation,) = batch["ops"]
    assert operation == {
        "op": operation["op"],
        "attempt": attempt["id"],
        "rev": 1,
        "base": 0,
        "kind": "create",
        "schema": 1,
        "seq": 1,
        "campaign": SPRING,
        "at": attempt["at"],
        "offset": None,
        "data": {"area": AUTUMN, "channel": "door", "outcome": "talked", "n": 3, "topics": [SCHOOL, CARE]},
    }
    assert uuid.UUID(operation["op"]).version == uuid.UUID(attempt["id"]).version == 7
    assert {k: batch[k] for k in ("schema", "install", "author", "epoch", "pending", "max_seq")} == {
        "schema": 1,
        "install": tab.do("() => outbox.install"),
        "author": ALVA["id"],
        "epoch": None,
        "pending": 1,
        "max_seq": 1,
    }
    assert server.posts[0].headers["x-sync"] == "1"
    assert server.posts[0].headers["content-type"] == "application/json"


def test_undo_before_sending_sends_one_delete_with_its_own_number(tab: Tab, server: QueueServer) -> None:
    kept, mistaken = tab.log(), tab.log()
    assert tab.undo(mistaken)["deleted"]
    tab.start()
    first, second = server.batches[0]["ops"]
    assert (first["attempt"], first["kind"], first["seq"]) == (kept["id"], "create", 1)
    assert (second["attempt"], second["kind"], second["seq"]) == (mistaken["id"], "delete", 2)
    assert (second["rev"], second["base"], second["data"]) == (1, 0, {})


def test_changes_before_sending_fold_into_the_operation(tab: Tab, server: QueueServer) -> None:
    attempt = tab.log()
    tab.change(attempt, topics=[SCHOOL])
    tab.change(attempt, outcome="come_back", n=2)
    assert tab.change(attempt, area=AUTUMN)["rev"] == 1
    tab.start()
    ((operation,),) = (batch["ops"] for batch in server.batches)
    assert (operation["kind"], operation["rev"], operation["seq"]) == ("create", 1, 1)
    assert operation["data"] == {
        "area": AUTUMN, "channel": "door", "outcome": "come_back", "n": 2, "topics": [SCHOOL]
    }  # fmt: skip


def test_changes_after_sending_are_new_revisions_of_the_same_hour(tab: Tab, server: QueueServer) -> None:
    tab.start()
    attempt = tab.log()
    tab.flush()
    frozen = tab.operations()[0]["text"]
    assert tab.change(attempt, topics=[CARE])["rev"] == 2
    tab.flush()
    assert tab.undo(attempt)["rev"] == 3
    tab.flush()
    operations = [operation for batch in server.batches for operation in batch["ops"]]
    assert [(o["kind"], o["rev"], o["base"], o["seq"]) for o in operations] == [
        ("create", 1, 0, 1),
        ("edit", 2, 1, 2),
        ("delete", 3, 2, 3),
    ]
    assert {o["attempt"] for o in operations} == {attempt["id"]}
    assert {o["at"] for o in operations} == {attempt["at"]}
    assert operations[1]["data"]["topics"] == [CARE]
    assert tab.operations()[0]["text"] == frozen


def test_a_change_that_changes_nothing_sends_nothing(tab: Tab, server: QueueServer) -> None:
    tab.start()
    attempt = tab.log()
    tab.flush()
    tab.change(attempt, outcome="talked")
    tab.undo(attempt)
    tab.undo(attempt)
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]


def test_what_is_undone_or_not_ones_own_cannot_be_changed(tab: Tab) -> None:
    attempt = tab.log()
    tab.sign_in(BO)
    assert tab.failure("(id) => outbox.undo(id)", attempt["id"]) == "unknown"
    tab.sign_in(ALVA)
    tab.undo(attempt)
    assert tab.failure("(id) => outbox.change(id, { n: 2 })", attempt["id"]) == "deleted"
    assert tab.failure("(id) => outbox.change(id, { n: 2 })", SPRING) == "unknown"


def test_numbers_are_used_once_and_never_skipped(tab: Tab, context: BrowserContext, server: QueueServer) -> None:
    other = another_tab(context, server)
    burst = f"(campaign) => Promise.all(Array.from({{ length: 5 }}, () => ({TAP})(campaign)))"
    tab.do(f"(campaign) => {{ window.burst = ({burst})(campaign); }}", SPRING)
    other.do(burst, SPRING)
    tab.do("() => burst")
    five_hundred = (
        "(id) => outbox.log({ campaign: id, channel: 'door', outcome: 'talked', topics: Array(500).fill(id) })"
    )
    assert tab.failure(five_hundred, SCHOOL) == "too_large"
    tab.undo(tab.log())
    tab.start()
    assert sorted(operation["seq"] for operation in server.stored.values()) == list(range(1, 12))
    assert server.batches[-1]["max_seq"] == 11


def test_the_known_offset_is_put_on_the_tap_and_stays(tab: Tab, server: QueueServer) -> None:
    before = tab.log()
    server.now = "2031-05-01T12:00:00.000Z"
    expected = tab.do("() => (Date.parse('2031-05-01T12:00:00.000Z') - Date.now()) / 1000")
    tab.start()
    after = tab.log()
    tab.flush()
    server.now = None
    tab.flush()
    tab.change(before, n=2)
    tab.flush()
    first, second, corrected = (operation for batch in server.batches for operation in batch["ops"])
    assert first["offset"] is None
    assert second["attempt"] == after["id"]
    assert isinstance(second["offset"], int)
    assert abs(second["offset"] - expected) < 60
    assert corrected["offset"] is None


# --- what the screen shows ----------------------------------------------------------------------------------


def test_today_is_the_calendar_day_where_the_phone_is(browser: Browser, server: QueueServer) -> None:
    context = browser.new_context(timezone_id="Pacific/Auckland")
    tab = Tab(context.new_page(), server.url)
    tab.sign_in(ALVA)
    tab.page.clock.set_fixed_time("2026-05-01T11:30:00Z")  # 23.30 in Auckland
    tab.log(n=5)
    # From 00.30 the day after; in Greenwich it is the same day still.
    taps: list[dict[str, Any]] = [{"n": 2}, {"outcome": "not_home"}, {"campaign": AUTUMN}, {"n": 9}]
    for minute, facts in enumerate(taps, start=30):
        tab.page.clock.set_fixed_time(f"2026-05-01T12:{minute}:00Z")
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


def test_another_tab_hears_of_a_tap_and_of_a_setting(tab: Tab, context: BrowserContext, server: QueueServer) -> None:
    other = another_tab(context, server)
    other.do("() => { window.told = 0; outbox.subscribe(() => { told += 1; }); }")
    tab.log()
    tab.do("() => outbox.setSetting('channel', 'stall')")
    other.wait("() => told >= 2 && outbox.setting('channel') === 'stall'")
    assert other.status()["pending"] == 1


def test_what_was_known_to_one_person_is_not_left_for_the_next(tab: Tab, server: QueueServer) -> None:
    server.person = ALVA
    tab.start()
    tab.wait("async () => hellos.length && (await outbox.outlines())")
    assert tab.do("() => outbox.context()")["person"] == ALVA
    tab.log()
    tab.sign_in(None)
    assert tab.do("async () => [outbox.context(), await outbox.outlines(), await outbox.recent(9)]") == [None, None, []]
    assert today(tab) == {"conversations": 0, "attempts": 0}


# --- shifts, and colours ------------------------------------------------------------------------------------


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


# --- what counts as an answer -------------------------------------------------------------------------------


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


# --- a server put back from a backup ------------------------------------------------------------------------


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


def test_what_is_in_a_verified_backup_leaves_the_phone(tab: Tab, server: QueueServer) -> None:
    server.now = "2026-05-01T12:00:00.000Z"
    attempt = tab.log()
    tab.start()
    assert tab.states() == ["acknowledged"]
    # The server reads its clock before it commits: a backup within the same minute may have been taken between.
    server.now, server.durable_before = "2026-05-01T13:00:00Z", "2026-05-01T12:00:30+00:00"
    tab.log()
    tab.flush()
    assert tab.states() == ["acknowledged", "acknowledged"]
    server.durable_before = "2026-05-01T12:30:00Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [2, 3]
    # It can still be corrected today, and is not sent again.
    assert attempt["id"] in [a["id"] for a in tab.do("() => outbox.recent(9)")]
    assert tab.change(attempt, n=2)["rev"] == 2


def test_without_backups_it_leaves_after_thirty_days_by_the_servers_clock_alone(tab: Tab, server: QueueServer) -> None:
    server.now = "2026-05-01T12:00:00Z"
    tab.log()
    tab.start()
    tab.page.clock.set_fixed_time("2039-01-01T00:00:00Z")  # the phone is wrong by years
    server.now = "2026-05-31T11:00:00Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]
    server.now = "2026-05-31T13:00:00Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [2, 3]


def test_a_backup_that_has_not_reached_it_keeps_it_on_the_phone(tab: Tab, server: QueueServer) -> None:
    server.now, server.durable_before = "2026-05-01T12:00:00Z", "2026-04-30T00:00:00Z"
    tab.log()
    tab.start()
    server.now = "2026-07-01T12:00:00Z"
    tab.log()
    tab.flush()
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]


def test_what_waits_is_never_pruned(tab: Tab, server: QueueServer) -> None:
    server.judge = lambda operation: {"verdict": "retry", "seconds": 1}
    server.now, server.durable_before = "2026-07-01T12:00:00Z", "2099-01-01T00:00:00Z"
    tab.log()
    tab.start()
    assert tab.states() == ["pending"]


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


# --- several people, several tabs ---------------------------------------------------------------------------


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


# --- when ---------------------------------------------------------------------------------------------------


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
        "window.dispatchEvent(new Event('online'))",
        "document.dispatchEvent(new Event('visibilitychange'))",
        "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
        "outbox.log({ campaign: outbox.install, channel: 'door', outcome: 'talked' })",
    ],
    ids=["online", "visible", "shown", "saved"],
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


# --- the outbox as a file -----------------------------------------------------------------------------------


def wipe(tab: Tab) -> None:
    """As when somebody clears the site's data."""
    tab.do("() => new Promise((done) => { indexedDB.deleteDatabase('canvass').onsuccess = done; })")
    tab.open()


def test_a_saved_file_brings_a_wiped_phone_back_without_doubles(tab: Tab, server: QueueServer) -> None:
    tab.log()
    tab.start()
    server.usually = "lost_request"
    attempt = tab.log(n=2, topics=[SCHOOL])
    tab.flush()
    tab.do("() => delivery.stop()")
    tab.undo(tab.log())
    before = tab.operations()
    assert [operation["sends"] > 0 for operation in before] == [True, True, False]
    install = tab.do("() => outbox.install")
    text = tab.do(EXPORT)

    wipe(tab)
    assert tab.operations() == []
    assert tab.do("() => outbox.install") != install
    tab.sign_in(ALVA)
    mine = tab.log()
    assert tab.do(IMPORT, text) == {"added": 3, "known": 0, "refused": 0}
    assert tab.do(IMPORT, text) == {"added": 0, "known": 3, "refused": 0}
    assert tab.status()["pending"] == 4
    assert today(tab) == {"conversations": 4, "attempts": 4}
    assert next(a for a in tab.do("() => outbox.recent(9)") if a["id"] == attempt["id"]) == attempt

    server.usually = "normal"
    tab.start()
    assert tab.status()["pending"] == 0
    assert len(server.stored) == 4
    by_install = {batch["install"]: batch for batch in server.batches}
    assert [o["attempt"] for o in by_install[tab.do("() => outbox.install")]["ops"]] == [mine["id"]]
    relayed = next(b for b in reversed(server.batches) if b["install"] == install)
    assert (relayed["pending"], relayed["max_seq"]) == (3, 3)
    assert {o["seq"] for o in relayed["ops"]} == {1, 2, 3}
    for operation in before:
        assert operation["text"].encode() in b"".join(post.body for post in server.posts)


def test_what_has_left_in_a_file_is_frozen(tab: Tab, server: QueueServer) -> None:
    attempt = tab.log()
    file = json.loads(tab.do(EXPORT))
    tab.change(attempt, n=7)
    assert [operation["seq"] for operation in tab.operations()] == [1, 2]
    text = tab.operations()[0]["text"]
    assert file["operations"][0]["operation"] == text

    wipe(tab)
    tab.sign_in(ALVA)
    tab.do(IMPORT, json.dumps(file))
    assert tab.change(attempt, n=8)["rev"] == 2
    assert sorted(operation["text"] == text for operation in tab.operations()) == [False, True]


def test_a_file_holds_ones_own_operations_only(tab: Tab) -> None:
    tab.log()
    tab.sign_in(BO)
    tab.log()
    assert {entry["author"] for entry in json.loads(tab.do(EXPORT))["operations"]} == {BO["id"]}
    tab.sign_in(None)
    assert tab.failure("() => outbox.export()") == "nobody"


def test_another_persons_file_waits_for_that_person(tab: Tab, server: QueueServer) -> None:
    tab.log()
    text = tab.do(EXPORT)
    wipe(tab)
    tab.sign_in(BO)
    assert tab.do(IMPORT, text)["added"] == 1
    tab.start()
    assert server.batches == []
    assert tab.status()["foreign"] == 1
    assert tab.do("() => outbox.recent(9)") == []
    tab.sign_in(ALVA)
    tab.flush()
    assert server.batches[0]["author"] == ALVA["id"]


def test_a_damaged_file_is_refused_where_it_is_damaged(tab: Tab) -> None:
    tab.log()
    tab.log()
    whole = json.loads(tab.do(EXPORT))
    for text in (json.dumps(whole)[:-40], '{"app": "something else", "operations": []}', "null", ""):
        assert tab.failure("async (text) => outbox.import(text)", text) == "not_outbox"
    wipe(tab)
    broken = json.loads(json.dumps(whole))
    broken["operations"][0]["operation"] = broken["operations"][0]["operation"].replace('"rev":1', '"rev":-1')
    assert tab.do(IMPORT, json.dumps(broken)) == {"added": 1, "known": 0, "refused": 1}
    other = json.loads(json.dumps(whole))
    other["operations"][1]["operation"] = other["operations"][1]["operation"].replace("talked", "refused")
    assert tab.do(IMPORT, json.dumps(other)) == {"added": 1, "known": 0, "refused": 1}


# --- place --------------------------------------------------------------------------------------------------


def square(west: float, south: float, size: float) -> list[list[float]]:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_the_phone_finds_its_area_by_itself(tab: Tab) -> None:
    district = [square(16.0, 58.5, 0.6), square(16.4, 58.6, 0.1)]
    geometries = {
        "block": {"type": "Polygon", "coordinates": [square(16.2, 58.6, 0.1)]},
        "district": {"type": "Polygon", "coordinates": district},
        "islands": {"type": "MultiPolygon", "coordinates": [[square(17.0, 59.0, 0.1)], [square(17.2, 59.0, 0.1)]]},
        "nowhere": None,
    }
    features = [{"type": "Feature", "id": name, "geometry": geometry} for name, geometry in geometries.items()]
    outlines = {"type": "FeatureCollection", "features": features}
    expected = {
        "inside": ([16.05, 58.55], "district"),
        "in two, the smaller": ([16.25, 58.65], "block"),
        "in a hole": ([16.45, 58.65], None),
        "on an island": ([17.05, 59.05], "islands"),
        "on another": ([17.25, 59.05], "islands"),
        "between them": ([17.15, 59.05], None),
        "far away": ([0, 0], None),
    }
    find = """async ([outlines, positions]) => {
      const { areaAt } = await import('/static/js/place.js');
      return positions.map((position) => areaAt(outlines, ...position));
    }"""
    positions = [position for position, _ in expected.values()]
    assert dict(zip(expected, tab.do(find, [outlines, positions]), strict=True)) == {
        name: area for name, (_, area) in expected.items()
    }
    assert tab.do(find, [None, positions[:1]]) == [None]


# --- the service worker -------------------------------------------------------------------------------------


def publish(server: QueueServer, version: str) -> None:
    """A shell whose page, script and imported module each say which version they are of."""
    server.version = version
    server.shell = ["/log", "/static/screen.js?v=0", "/static/part.js"]
    server.pages["/log"] = (
        "text/html",
        f'<!doctype html><html data-page="{version}"><title>log</title>'
        '<script type="module" src="/static/screen.js?v=0"></script></html>',
    )
    server.pages["/static/screen.js"] = (
        "text/javascript",
        "import { part } from './part.js';"
        f"document.documentElement.dataset.script = '{version}';"
        "document.documentElement.dataset.part = part;",
    )
    server.pages["/static/part.js"] = ("text/javascript", f"export const part = '{version}';")


def seen(page: Page) -> set[str]:
    page.wait_for_function("() => document.documentElement.dataset.part")
    return set(page.evaluate("() => Object.values({ ...document.documentElement.dataset })"))


def install(page: Page) -> None:
    """Until the worker has what it needs; the page itself is not under it yet."""
    page.evaluate(
        "async () => { navigator.serviceWorker.register('/service-worker.js'); await navigator.serviceWorker.ready; }"
    )


def test_the_screen_opens_cold_without_a_network_from_the_second_visit_on(
    context: BrowserContext, page: Page, server: QueueServer
) -> None:
    publish(server, "1")
    page.goto(server.url + "/log")
    install(page)
    assert not page.evaluate("() => Boolean(navigator.serviceWorker.controller)")
    page.close()
    server.is_down = True
    cold = context.new_page()
    cold.goto(server.url + "/log?from=home")
    assert seen(cold) == {"1"}
    cold.goto(server.url + "/")
    assert cold.url == server.url + "/log"
    with pytest.raises(Error, match="ERR_EMPTY_RESPONSE"):
        cold.goto(server.url + "/campaigns")


def test_other_pages_say_that_there_is_no_network_when_the_shell_has_a_page_for_it(
    page: Page, server: QueueServer
) -> None:
    publish(server, "1")
    server.shell += ["/offline", "/static/look.css"]
    server.pages["/offline"] = (
        "text/html",
        '<!doctype html><link rel="stylesheet" href="/static/look.css"><h1>No network</h1>',
    )
    server.pages["/static/look.css"] = ("text/css", "h1 { color: rgb(1, 2, 3); }")
    server.pages["/campaigns"] = ("text/html", "<!doctype html><h1>Campaigns</h1>")
    page.goto(server.url + "/log")
    install(page)
    page.goto(server.url + "/campaigns")
    assert page.text_content("h1") == "Campaigns"
    server.is_down = True
    page.goto(server.url + "/campaigns")
    assert page.text_content("h1") == "No network"
    assert page.evaluate("() => getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"


def test_posts_and_everything_else_pass_the_worker_by(page: Page, server: QueueServer) -> None:
    publish(server, "1")
    server.pages["/campaigns"] = ("text/html", '<!doctype html><script src="/static/part.js" type="module"></script>')
    server.person = ALVA
    page.goto(server.url + "/log")
    install(page)
    answered: list[tuple[str, str, bool]] = []
    page.on(
        "response",
        lambda r: answered.append((r.request.method, r.url.removeprefix(server.url), r.from_service_worker)),
    )
    page.goto(server.url + "/log")
    assert seen(page) == {"1"}
    assert answered == [("GET", address, True) for address in server.shell]

    answered.clear()
    took = """async () => {
      const took = [];
      for (const path of ['/log', '/', '/static/part.js', '/api/v1/sync/echo']) {
        const answer = await fetch(path, { method: 'POST', body: 'x'.repeat(9999) });
        took.push((await answer.json()).took);
      }
      await fetch('/api/v1/hello');
      await fetch('/static/js/ids.js');
      return took;
    }"""
    assert page.evaluate(took) == [9999] * 4
    # A page that is not the screen gets its scripts from the network, those of the shell too.
    server.pages["/static/part.js"] = ("text/javascript", "document.title = 'from the network';")
    page.goto(server.url + "/campaigns")
    page.wait_for_function("() => document.title === 'from the network'")
    assert [address for _, address, by_worker in answered if by_worker] in ([], ["/static/part.js"])
    assert len(answered) == 8


# Asks for the new worker, and gives the state it ends in.
UPDATE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update().catch(() => {});
  const worker = registration.installing ?? registration.waiting;
  while (worker.state === 'installing') {
    await new Promise((done) => worker.addEventListener('statechange', done, { once: true }));
  }
  return worker.state;
}"""


def test_what_is_not_wholly_of_one_version_never_becomes_the_shell(page: Page, server: QueueServer) -> None:
    publish(server, "1")
    page.goto(server.url + "/log")
    install(page)

    def replaced() -> tuple[str, str]:
        server.version = "3"
        return "text/javascript", "export const part = '2';"

    wrong: dict[str, Any] = {
        "a captive portal's page": ("text/html", "<!doctype html><title>Welcome to the hotel</title>"),
        "a redirect to one": ("redirect", "/blank"),
        "another version from here on": replaced,
        "a script where the page should be": None,
    }
    for what, answer in wrong.items():
        publish(server, "2")
        server.pages["/log" if answer is None else "/static/part.js"] = answer or ("text/javascript", "")
        assert page.evaluate(UPDATE) == "redundant", what
        page.goto(server.url + "/log")
        assert seen(page) == {"1"}, what
    publish(server, "2")
    server.shell.append("/static/missing.js")
    assert page.evaluate(UPDATE) == "redundant"


def test_an_update_is_picked_up_whole_at_the_next_opening(page: Page, server: QueueServer) -> None:
    publish(server, "1")
    page.goto(server.url + "/log")
    install(page)
    page.goto(server.url + "/log")
    assert seen(page) == {"1"}
    publish(server, "2")
    assert page.evaluate(UPDATE) == "installed"
    # The page that is open stays what it is, and goes on getting the files it was made with.
    part = "async () => (await fetch('/static/part.js')).text()"
    assert {page.evaluate(part) for _ in range(5)} == {"export const part = '1';"}
    assert page.evaluate("async () => (await caches.keys()).length") == 2
    server.is_down = True
    page.goto(server.url + "/log")
    assert seen(page) == {"2"}
    assert page.evaluate("async () => (await caches.keys()).length") == 1
