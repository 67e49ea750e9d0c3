"""Browsers that lack what newer ones have, and those inside other apps."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from canvass.core import db
from canvass.core.settings import ROOT
from canvass.members import joining
from tests.browser.conftest import Live
from tests.browser.screen.logging_screen import TALKED, choose_in_menu, comes_to, is_all_sent, outcome, tap, topic
from tests.browser.test_live import figure
from tests.cast import Cast, log

DATA = Path(__file__).parent / "data"
OLDER = DATA / "newer_features.js"
AGENTS = [line for line in (DATA / "user_agents.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
STANDALONE = "() => Object.defineProperty(Navigator.prototype, 'standalone', { get: () => true })"
Open = Callable[..., Page]


def opened(page: Page, path: str, script: str | Path) -> list[str]:
    """Open the path where the script has run first; returns the errors, which grow."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    if isinstance(script, Path):
        page.add_init_script(path=script)
    else:
        page.add_init_script(script)
    page.goto(path)
    return errors


def test_the_oldest_supported_browsers_log_with_topics(stage: Cast, open_as: Open) -> None:
    phone = open_as(stage.alva, "/about", has_touch=True)
    errors = opened(phone, "/log", OLDER)
    tap(phone, TALKED)
    topic(phone, "Skolan").tap()
    expect(topic(phone, "Skolan")).to_have_attribute("aria-pressed", "true")
    comes_to(phone, lambda a: (a.outcome, len(a.topics)), ("talked", 1))
    is_all_sent(phone)
    choose_in_menu(phone, "switch", "Övningsläge")
    expect(phone.locator("#practice")).to_be_visible()
    expect(phone.locator('[data-do="practice"]')).to_have_attribute("aria-checked", "true")
    expect(phone.locator("#old")).to_be_hidden()
    assert errors == []


def test_the_oldest_supported_browsers_see_the_numbers_climb(stage: Cast, live: Live, open_as: Open) -> None:
    page = open_as(stage.bo, "/me")
    errors = opened(page, f"/campaigns/{stage.spring.id}", OLDER)
    log(stage, stage.alva)
    db.session.commit()
    expect(figure(page)).to_have_text(re.compile("^1 "))
    assert errors == []


def test_a_browser_that_cannot_read_streams_asks_for_the_numbers(stage: Cast, live: Live, open_as: Open) -> None:
    page = open_as(stage.bo, "/me")
    opened(page, f"/campaigns/{stage.spring.id}", "delete ReadableStream.prototype.getReader")
    log(stage, stage.alva)
    db.session.commit()
    expect(figure(page)).to_have_text(re.compile("^1 "))


@pytest.mark.parametrize("path", ["/log", "/join", "/sign-in"])
def test_who_has_an_older_browser_still_is_told_so(stage: Cast, open_as: Open, path: str) -> None:
    page = open_as(None, "/about")
    opened(page, path, "delete window.HTMLDialogElement")
    expect(page.locator("#old")).to_contain_text("Webbläsaren är för gammal för Canvass")


def test_the_readme_and_the_page_name_the_same_browsers() -> None:
    told = (ROOT / "templates" / "_old.html").read_text("utf-8")
    listed = (ROOT / "README.md").read_text("utf-8")
    header = OLDER.read_text("utf-8")
    for browser in ("Safari 16", "Chrome 110", "Firefox 115"):
        assert browser in told
        assert browser in header
        assert browser in listed


@pytest.mark.parametrize("agent", AGENTS)
def test_a_link_opened_inside_an_app_says_so_and_can_be_copied(
    stage: Cast, live: Live, open_as: Open, agent: str
) -> None:
    link = joining.link(stage.hageby, stage.spring.id, stage.spring.ends_on, live.app.config["SECRET_KEY"])
    code = joining.code(link, live.app.config["SECRET_KEY"])
    db.session.commit()
    page = open_as(None, "/about", user_agent=agent, permissions=["clipboard-read", "clipboard-write"])
    opened(page, f"/join/{code}", DATA / "in_app_webview.js")
    notice = page.locator("#inside")
    expect(notice).to_contain_text(re.compile("Sidan är öppen inuti (Facebook|Instagram)"))
    notice.get_by_role("button", name="Kopiera länken").click()
    expect(notice.get_by_role("button", name="Kopierat")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == page.url


def test_an_ordinary_browser_is_told_nothing(stage: Cast, open_as: Open) -> None:
    page = open_as(None, "/join")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("#inside")).to_be_hidden()
    expect(page.locator("#old")).to_be_hidden()


def test_what_waits_is_sent_before_an_app_is_made_of_the_page(phone: Page) -> None:
    phone.context.set_offline(True)
    tap(phone, TALKED)
    phone.get_by_role("button", name="Meny").tap()
    install = phone.locator("#install")
    install.locator("summary").tap()
    expect(install).to_contain_text("1 är inte skickade än. Vänta med appen")
    expect(install.get_by_role("link", name="Din länk tillbaka")).to_have_attribute("href", re.compile("/me"))
    install.locator("summary").tap()
    phone.context.set_offline(False)
    install.locator("summary").tap()
    expect(install).to_contain_text("allt skickat")


def test_an_iphones_new_app_takes_the_link_that_one_brings(stage: Cast, live: Live, open_as: Open) -> None:
    link = joining.link(stage.hageby, stage.spring.id, stage.spring.ends_on, live.app.config["SECRET_KEY"])
    code = joining.code(link, live.app.config["SECRET_KEY"])
    db.session.commit()
    app = open_as(None, "/about")
    opened(app, "/log", f"({STANDALONE})()")
    expect(app.locator("#nothing")).to_contain_text("Appen på hemskärmen vet inte än vem du är.")
    app.get_by_role("link", name="Gå med i en kampanj").click()
    app.get_by_label("Kod eller länk").fill(f" https://canvass.example.org/join/{code} ")
    app.get_by_role("button", name="Fortsätt").click()
    app.get_by_label("Ditt förnamn").fill("Fia")
    app.get_by_role("button", name="Gå med").click()
    expect(outcome(app, TALKED)).to_be_visible()
