"""A page with the outbox open, and who uses it."""

from __future__ import annotations

import uuid
from typing import Any

from playwright.sync_api import BrowserContext, Page

from tests.browser.queue.server import QueueServer

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
              const { open } = await import('/static/js/phone/queue/outbox.js');
              window.startDelivery = (await import('/static/js/phone/queue/deliver.js')).start;
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


def today(tab: Tab) -> dict[str, int]:
    counts = tab.do("(id) => outbox.today(id)", SPRING)
    return {key: counts[key] for key in ("conversations", "attempts")}


def another_tab(context: BrowserContext, server: QueueServer) -> Tab:
    return Tab(context.new_page(), server.url)


def sent(server: QueueServer) -> list[str]:
    """The ids of the operations that came in, in order, each time they came."""
    return [operation["op"] for batch in server.batches for operation in batch["ops"]]


def wipe(tab: Tab) -> None:
    """As when somebody clears the site's data."""
    tab.do("() => new Promise((done) => { indexedDB.deleteDatabase('canvass').onsuccess = done; })")
    tab.open()
