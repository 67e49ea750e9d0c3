"""Strangers, signing out with a full outbox, files, and the other language."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from canvass.core import db
from canvass.members import people
from tests.browser.screen.logging_screen import (
    TALKED,
    choose_in_menu,
    comes_to,
    is_all_sent,
    outcome,
    sheet,
    sound,
    tap,
)
from tests.cast import Cast

# How many operations the phone still holds.
OPERATIONS = """() => new Promise((resolve) => {
  indexedDB.open("canvass").onsuccess = ({ target }) => {
    const operations = target.result.transaction("operations").objectStore("operations");
    operations.count().onsuccess = ({ target }) => resolve(target.result);
  };
})"""


def test_a_stranger_is_shown_the_ways_in(stage: Cast, open_as: Callable[..., Page]) -> None:
    page = open_as(None, "/log")
    expect(page.get_by_role("heading", name="Vem är du?")).to_be_visible()
    expect(page.get_by_role("link", name="Gå med i en kampanj")).to_have_attribute("href", "/join")
    expect(page.get_by_role("link", name="Logga in")).to_have_attribute("href", "/sign-in")
    expect(outcome(page, TALKED)).to_have_count(0)
    sound(page, "light", "nobody")


def test_leaving_with_a_full_outbox_asks_and_keeps_it(phone: Page) -> None:
    phone.route("**/api/v1/sync", lambda route: route.abort())
    tap(phone, TALKED)
    expect(phone.locator("#queue")).to_contain_text("1 väntar")
    choose_in_menu(phone, "button", "Logga ut")
    leaving = sheet(phone, "1 försök är inte skickat")
    leaving.get_by_role("button", name="Skicka nu").tap()
    expect(leaving).to_contain_text("Det gick inte att skicka nu. Inget är borta.")
    with phone.expect_download() as saved:
        leaving.get_by_role("button", name="Spara till fil").tap()
    assert len(json.loads(saved.value.path().read_text("utf-8"))["operations"]) == 1
    leaving.get_by_role("button", name="Behåll").tap()
    phone.wait_for_url("**/join?*")
    phone.goto("/log")
    expect(phone.get_by_role("heading", name="Vem är du?")).to_be_visible()
    assert phone.evaluate(OPERATIONS) == 1


def test_leaving_says_how_to_come_back_first(phone: Page) -> None:
    outcome(phone, TALKED).tap()
    expect(phone.locator("#queue")).to_contain_text("allt skickat")
    choose_in_menu(phone, "button", "Logga ut")
    leaving = sheet(phone, "Logga ut?")
    expect(leaving.get_by_role("link", name="Din länk tillbaka")).to_be_visible()
    expect(leaving.get_by_role("button", name="Skicka nu")).to_be_hidden()
    leaving.get_by_role("button", name="Logga ut").tap()
    phone.wait_for_url("**/join?*")
    expect(phone.locator("main")).to_contain_text("Öppna din länk tillbaka, eller gå med igen på den här telefonen")


def test_somebody_who_was_removed_reads_that(phone: Page, stage: Cast) -> None:
    (membership,) = stage.alva.memberships
    people.revoke(membership)
    db.session.commit()
    phone.reload()
    expect(phone.get_by_role("heading", name="Du är inte längre med")).to_be_visible()
    expect(phone.locator("#nothing-text")).to_contain_text("Du är inte längre med i Hageby s-förening.")


def test_a_file_from_another_phone_is_taken_in_once(phone: Page, stage: Cast, open_as: Callable[..., Page]) -> None:
    phone.route("**/api/v1/sync", lambda route: route.abort())
    tap(phone, TALKED)
    phone.locator("#queue").tap()
    with phone.expect_download() as saved:
        sheet(phone, "Väntar och skickat").get_by_role("button", name="Spara till fil").tap()
    other = open_as(stage.alva, "/log", has_touch=True)
    other.locator("#queue").tap()
    waiting = sheet(other, "Väntar och skickat")
    for told in ("1 nya, 0 fanns redan", "0 nya, 1 fanns redan"):
        waiting.get_by_label("Läs in fil").set_input_files(saved.value.path())
        expect(waiting).to_contain_text(told)
    waiting.get_by_role("button", name="Stäng").tap()
    comes_to(other, lambda a: a.outcome, "talked")
    phone.unroute("**/api/v1/sync")
    phone.reload()
    is_all_sent(phone)
    comes_to(phone, lambda a: a.outcome, "talked")


def test_the_other_language_is_one_tap_away(phone: Page) -> None:
    phone.evaluate("async () => { await navigator.serviceWorker.ready; }")
    choose_in_menu(phone, "button", "English")
    expect(phone.locator("html")).to_have_attribute("lang", "en")
    phone.locator("#menu-button").tap()
    phone.get_by_role("button", name="Svenska").tap()
    expect(phone.locator("html")).to_have_attribute("lang", "sv")
