"""Phones that are real: Chromium, the logging screen as it is served, its service worker and its database.

Playwright comes with the tests, not with the product; without it the year is replayed by HTTP phones alone.
A browser cannot be told that it is last winter, since it asks the server what time it is. So these log today.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests import chromium
from tests.browser.screen.logging_screen import alone
from tests.simulation.client import PATIENCE
from tests.simulation.ledger import Diary
from tests.simulation.phones import Stuck
from tests.simulation.plan import ZONE, Action, Change, Facts, Log, Undo, Volunteer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A phone that has been set by hand: everything in the page believes this clock.
WRONG_CLOCK = """
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...parts) { parts.length ? super(...parts) : super(Real.now() + ERROR); }
    static now() { return Real.now() + ERROR; }
  };
"""
# What the phone itself holds: what waits, which life of the server it has last heard of, how much it has made.
STATE = """async () => {
  globalThis.simulated ??= await (await import("/static/js/phone/queue/outbox.js")).open();
  await simulated.refresh();
  const { pending, quarantined } = await simulated.status();
  const author = simulated.person()?.id;
  const { maxSeq } = await simulated.take({ install: simulated.install, author, state: "none" });
  return { pending, quarantined, epoch: simulated.context()?.epoch, made: maxSeq };
}"""
IS_HOME = f"async (epoch) => {{ const now = await ({STATE})(); return now.pending === 0 && now.epoch === epoch; }}"


class Unavailable(LookupError):
    """There is no browser to be had; the message says what to do."""


class Browsers:
    """Chromium, with one phone in it per volunteer. Playwright may be spoken to by one thread only: its own, here."""

    def __init__(self, volunteers: list[Volunteer], origin: str) -> None:
        self.origin, self.volunteers = origin, volunteers
        self.phones: list[ScreenPhone] = []
        self._thread = ThreadPoolExecutor(1)
        self._stop: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Start Chromium, when anybody has it. Raises Unavailable."""
        if self.volunteers:
            self._thread.submit(self._open).result()

    def close(self) -> None:
        """Leave nothing running."""
        self._thread.submit(self._stop).result()
        self._thread.shutdown()

    def join(self, code: str) -> None:
        """Everybody comes in through the poster's link."""
        self._each(lambda phone: phone.join(code)).result()

    def act(self, part: int) -> Future[None]:
        """Everybody does that part of what they have to do, while the caller goes on."""
        return self._each(lambda phone: phone.act(part))

    def come_home(self, epoch: str) -> None:
        """Everybody opens the screen once more, until this life of the server has all that they made."""
        self._each(lambda phone: phone.come_home(epoch)).result()

    def _each(self, work: Callable[[ScreenPhone], None]) -> Future[None]:
        def all_of_them() -> None:
            from playwright.sync_api import Error

            for phone in self.phones:
                try:
                    work(phone)
                except Error as error:
                    raise Stuck(f"{phone.volunteer.name} at the logging screen: {error.message}") from error

        return self._thread.submit(all_of_them if self.phones else lambda: None)

    def _open(self) -> None:
        try:
            from playwright.sync_api import Error, sync_playwright
        except ImportError:
            raise Unavailable("Playwright is not installed; it comes with the tests. Use --no-browser.") from None
        playwright = sync_playwright().start()
        try:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CANVASS_TEST_CHROMIUM"), args=chromium.ARGUMENTS
            )
        except Error as error:
            playwright.stop()
            raise Unavailable(f"Chromium does not start: {error.message}\nInstall it, or use --no-browser.") from None

        def stop() -> None:
            browser.close()
            playwright.stop()

        self._stop = stop
        self.phones = [ScreenPhone(volunteer, browser, self.origin) for volunteer in self.volunteers]


class ScreenPhone:
    """One volunteer at the logging screen."""

    def __init__(self, volunteer: Volunteer, browser: Browser, origin: str) -> None:
        self.volunteer, self.origin = volunteer, origin
        self.diary = Diary(volunteer.association)
        self.made = 0  # operations
        self._actions = [action for day in volunteer.days for action in day if isinstance(action, Log | Change | Undo)]
        self._now: dict[str, Facts] = {}  # what the list of today's attempts holds, in the order they were made
        self._latest = ""  # what the screen's undo button and topics speak of
        self.context = browser.new_context(
            base_url=origin,
            viewport={"width": 390, "height": 760},
            has_touch=True,
            locale="sv-SE",
            timezone_id="Europe/Stockholm",
        )
        self.context.set_default_timeout(PATIENCE * 1000)
        if volunteer.clock_error:
            # Yesterday noon by this clock: another day than the right one, and not over while it is being used.
            noon = datetime.now(ZONE).replace(hour=12) - timedelta(days=1)
            error = round((noon - datetime.now(ZONE)) / timedelta(milliseconds=1))
            self.context.add_init_script(f"const ERROR = {error};" + WRONG_CLOCK)
        self.page = self.context.new_page()

    def join(self, code: str) -> None:
        """Name, association, and on to the screen, which is then kept on the phone."""
        page, association = self.page, self.volunteer.association
        page.goto(f"/join/{code}")
        page.get_by_label("Ditt förnamn").fill(self.volunteer.name)
        choices = page.get_by_label("Din förening")
        if choices.count() == 1 and choices.evaluate("(field) => field.tagName") == "SELECT":
            choices.select_option(label=association)
        else:
            page.get_by_label(association).check()
        page.get_by_role("button", name="Gå med").click()
        page.locator("#work").wait_for()
        page.evaluate("async () => { await navigator.serviceWorker.ready; }")

    def act(self, part: int, parts: int = 4) -> None:
        """The part-th of `parts` equal pieces of the volunteer's taps."""
        length = -(-len(self._actions) // parts)
        self._open_screen()
        if self.volunteer.is_offline:
            self.context.set_offline(True)
        for action in self._actions[part * length : (part + 1) * length]:
            self._do(action)
        if self.volunteer.is_offline:
            # A flat battery in a stairwell: the screen opens again without a network, and nothing is gone.
            self._open_screen()
            self._wait_for_sum()
            self.context.set_offline(False)

    def come_home(self, epoch: str) -> None:
        """Until the server in this life of it has everything."""
        self._open_screen()
        self.page.wait_for_function(IS_HOME, arg=epoch)
        state: dict[str, Any] = self.page.evaluate(STATE)
        self.made = state["made"]

    def _open_screen(self) -> None:
        self.page.goto("/log")
        self.page.locator("#work").wait_for()
        self._latest = ""

    # --- one thumb ------------------------------------------------------------------------------------------

    def _do(self, action: Action) -> None:
        match action:
            case Log():
                self._tap(action)
            case Change():
                self._correct(action.key, action.facts)
            case Undo():
                self._undo(action.key)
        self._wait_for_sum()

    def _tap(self, tap: Log) -> None:
        page, facts = self.page, tap.facts
        if page.locator("#where-campaign").inner_text() != tap.campaign or not self._now:
            self._stand(tap.campaign, facts.area)
        button = page.locator(f'[data-outcome="{facts.outcome}"]')
        if facts.number == 1:
            alone(button, button.click)
        else:
            button.click(button="right")  # as good as a long press
            page.locator("#several-number").fill(str(facts.number))
            page.locator("#several-save").click()
        self._now[tap.key], self._latest = facts, tap.key
        self.diary.log(tap.key, tap.campaign, datetime.now(ZONE).date(), facts)

    def _stand(self, campaign: str, area: str | None) -> None:
        page = self.page
        page.locator("#where-button").click()
        page.locator("#where-campaign-list").get_by_role("button", name=campaign, exact=True).click()
        page.locator("#where-area-list").get_by_role("button", name=re.compile(f"{area}$")).click()
        page.locator("#channels").get_by_label("Dörr").check()

    def _correct(self, key: str, facts: Facts) -> None:
        page = self.page
        chips = page.locator("#topics-chips")
        if self._latest == key and facts == replace(self._now[key], topics=facts.topics) and chips.is_visible():
            for topic in facts.topics:
                chips.get_by_role("button", name=topic).click()
        else:
            self._open(key)
            page.locator("#entry-outcome").select_option(facts.outcome)
            page.locator("#entry-number").fill(str(facts.number))
            for topic in facts.topics if facts.outcome == "talked" else ():
                page.locator("#entry-chips").get_by_role("button", name=topic).click()
            page.get_by_role("button", name="Spara ändringen").click()
            self._shut()
        self._now[key] = facts
        self.diary.change(key, facts)

    def _undo(self, key: str) -> None:
        undo = self.page.locator("#undo")
        # Taps in a row are undone together.
        if self._latest == key and undo.is_visible() and "sparade" not in self.page.locator("#said").inner_text():
            undo.click()
        else:
            self._open(key)
            self.page.locator("#entry-delete").click()
            self._shut()
        del self._now[key]
        self._latest = ""
        self.diary.change(key, None)

    def _open(self, key: str) -> None:
        """The form for an attempt, through the list of today's, the latest first."""
        self.page.locator("#today-button").click()
        place = list(reversed(self._now)).index(key)
        self.page.locator("#today-list button").nth(place).click()

    def _shut(self) -> None:
        self.page.locator("#entry").wait_for(state="hidden")
        self.page.locator("#today [data-close]").click()

    def _wait_for_sum(self) -> None:
        """Until the screen says that it has saved what was tapped."""
        total = sum(facts.number for facts in self._now.values())
        self.page.locator("#today-button", has_text=re.compile(rf"^\s*{total}\b")).wait_for()
