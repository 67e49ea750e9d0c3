"""The parts of the logging screen as a person finds them, and what the server has counted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from canvass.core import db
from canvass.counting.attempts import Attempt
from tests.browser.conftest import comes_true

AXE = {
    "light": {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    # The dark look differs from the light one in its colours alone.
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}
SCREENS = [(320, 568), (360, 640), (375, 553), (390, 844), (740, 360), (1280, 800)]
TALKED, NOT_HOME, REFUSED = "Samtal", "Öppnade ej", "Ville inte prata"


def outcome(phone: Page, name: str) -> Locator:
    return phone.get_by_role("region", name="Vad hände?").get_by_role("button", name=name, exact=True)


def tap(phone: Page, name: str) -> None:
    """A tap of its own: not so soon after the last on the same button that it would be taken for a double tap."""
    button = outcome(phone, name)
    alone(button, button.tap)


def alone(button: Locator, act: Callable[[], object]) -> None:
    """Touch the button when its last touch is no longer so near that both would be a double tap."""
    button.evaluate("(button) => new Promise((done) => setTimeout(done, (button.at ?? 0) + 450 - performance.now()))")
    act()
    button.evaluate("(button) => { button.at = performance.now(); }")


def dock(phone: Page) -> Locator:
    return phone.get_by_role("region", name="Senaste trycket")


def topic(phone: Page, name: str) -> Locator:
    return dock(phone).get_by_role("button", name=name, exact=True)


def sheet(phone: Page, name: str | re.Pattern[str]) -> Locator:
    return phone.get_by_role("dialog", name=name)


def hold(phone: Page, name: str) -> None:
    """A finger that rests until the sheet is there."""
    outcome(phone, name).hover()
    phone.mouse.down()
    expect(sheet(phone, "Flera på en gång")).to_be_visible()
    phone.mouse.up()


def choose_in_menu(phone: Page, role: Any, name: str) -> None:
    phone.get_by_role("button", name="Meny").tap()
    sheet(phone, "Meny").get_by_role(role, name=name).tap()


def is_all_sent(phone: Page) -> None:
    expect(phone.locator("#queue")).to_have_text("allt skickat")


def logged(told: Callable[[Attempt], Any]) -> list[Any]:
    """What the server counts, in the order it was logged."""
    found = db.session.scalars(select(Attempt).where(~Attempt.is_deleted).order_by(Attempt.id))
    answer = [told(attempt) for attempt in found]
    db.session.expunge_all()
    db.session.commit()
    return answer


def comes_to(phone: Page, told: Callable[[Attempt], Any], *expected: Any) -> None:
    """Until the server counts exactly these."""
    comes_true(phone, lambda: logged(told), list(expected))


def places(phone: Page) -> list[Any]:
    """Where the buttons are."""
    return [button.bounding_box() for button in phone.locator(".outcome").all()]


def sound(phone: Page, scheme: str, where: str) -> None:
    found = Axe().run(phone, options=AXE[scheme]).response["violations"]
    told = [(v["id"], [(n["target"], n["failureSummary"]) for n in v["nodes"]]) for v in found]
    assert not told, f"{where}: {json.dumps(told, indent=1, ensure_ascii=False)}"
