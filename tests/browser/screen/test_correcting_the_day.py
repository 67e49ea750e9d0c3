"""The list of today's attempts."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import update

from canvass.core import clock, db
from canvass.counting.attempts import Attempt
from canvass.fieldwork import areas
from canvass.fieldwork.topics import Topic
from tests.browser.screen.logging_screen import NOT_HOME, TALKED, comes_to, dock, is_all_sent, sheet, tap, topic
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


def test_a_correction_leaves_what_is_no_longer_offered(phone: Page, stage: Cast) -> None:
    """An area that was retired, a topic that was removed and a channel that was withdrawn while it was in use."""
    phone.get_by_role("button", name=re.compile("Välj område")).tap()
    sheet(phone, "Var är du?").get_by_role("button", name=re.compile("Hageby norra")).tap()
    tap(phone, TALKED)
    for name in ("Skolan", "Vården"):
        topic(phone, name).tap()
        expect(topic(phone, name)).to_have_attribute("aria-pressed", "true")
    north = stage.hageby_north.id
    db.session.commit()
    comes_to(phone, told, ("door", "talked", 1, north, 2))
    is_all_sent(phone)

    spring = db.session.merge(stage.spring)
    spring.channels = [channel for channel in spring.channels if channel != "door"]
    areas.retire(db.session.merge(stage.hageby_north), by=db.session.merge(stage.bo))
    db.session.execute(update(Topic).where(Topic.name == "Skolan").values(retired_at=clock.now()))
    db.session.commit()
    phone.reload()
    expect(phone.get_by_role("radio", name="Dörr")).to_have_count(0)
    dock(phone).get_by_role("button", name="Idag 1").tap()
    sheet(phone, "Din dag").get_by_role("listitem").get_by_role("button").tap()
    entry = sheet(phone, re.compile(TALKED))
    entry.get_by_label("Antal").fill("3")
    entry.get_by_role("button", name="Spara ändringen").tap()
    comes_to(phone, told, ("door", "talked", 3, north, 2))


def told(attempt: Attempt) -> Any:
    return attempt.channel, attempt.outcome, attempt.number, attempt.area_id, len(attempt.topics)
