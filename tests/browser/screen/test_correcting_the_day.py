"""The list of today's attempts."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from canvass.core import db
from tests.browser.screen.logging_screen import NOT_HOME, TALKED, comes_to, dock, is_all_sent, sheet, tap
from tests.cast import Cast


def test_an_entry_can_be_corrected_and_removed_all_day(phone: Page, stage: Cast) -> None:
    south = stage.hageby_south.id
    db.session.commit()
    tap(phone, TALKED)
    tap(phone, NOT_HOME)
    comes_to(phone, lambda a: a.outcome, "talked", "not_home")
    is_all_sent(phone)

    dock(phone).get_by_role("button", name="Idag 2").tap()
    entries = sheet(phone, "Din dag").get_by_role("listitem")
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("skickat")
    entries.first.get_by_role("button").tap()
    entry = sheet(phone, re.compile(NOT_HOME))
    entry.get_by_label("Vad hände?").select_option(TALKED)
    entry.get_by_label("Område").select_option("Hageby södra")
    entry.get_by_label("Antal").fill("3")
    entry.get_by_role("button", name="Tryggheten").tap()
    entry.get_by_role("button", name="Spara ändringen").tap()
    expect(sheet(phone, "Din dag")).to_contain_text("4 samtal av 4 försök")

    entries.last.get_by_role("button").tap()
    sheet(phone, re.compile(TALKED)).get_by_role("button", name="Ta bort").tap()
    expect(entries).to_have_count(1)
    sheet(phone, "Din dag").get_by_role("button", name="Stäng").tap()
    expect(phone.locator("#count")).to_have_text("3")
    comes_to(phone, lambda a: (a.outcome, a.number, a.area_id, len(a.topics)), ("talked", 3, south, 1))
