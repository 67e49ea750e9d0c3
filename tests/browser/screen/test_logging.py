"""One tap saves: the buttons, undo, topics, several at once, and practice."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from sqlalchemy import select

from canvass.core import db
from canvass.fieldwork.topics import Topic
from tests.browser.screen.logging_screen import (
    NOT_HOME,
    REFUSED,
    TALKED,
    choose_in_menu,
    comes_to,
    dock,
    hold,
    is_all_sent,
    outcome,
    sheet,
    topic,
)
from tests.cast import Cast


def test_one_tap_saves_and_the_count_climbs(phone: Page) -> None:
    expect(phone.locator("#count")).to_have_text("0")
    outcome(phone, TALKED).tap()
    expect(dock(phone)).to_contain_text("Samtal sparat")
    expect(phone.locator("#count")).to_have_text("1")
    expect(phone.locator("#mine")).to_have_text("Du 1 idag · Hageby s-förening 1")
    expect(phone.locator("#whose")).to_have_text("samtal i Norrköping")
    outcome(phone, NOT_HOME).tap()
    expect(dock(phone)).to_contain_text("Öppnade ej sparat")
    expect(dock(phone).get_by_role("button", name="Idag 2")).to_be_visible()
    expect(phone.locator("#count")).to_have_text("1")
    comes_to(phone, lambda a: (a.channel, a.outcome, a.number), ("door", "talked", 1), ("door", "not_home", 1))
    is_all_sent(phone)


def test_two_quick_taps_are_two_and_one_touch_is_one(phone: Page) -> None:
    outcome(phone, TALKED).tap()
    outcome(phone, TALKED).tap()
    expect(phone.locator("#count")).to_have_text("2")
    comes_to(phone, lambda a: a.outcome, "talked", "talked")


def test_a_tap_that_cannot_be_saved_says_so_and_does_not_count(phone: Page) -> None:
    phone.evaluate(
        "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError'); }; }"
    )
    outcome(phone, TALKED).tap()
    expect(dock(phone)).to_contain_text("Inte sparat: telefonen är full.")
    expect(phone.get_by_role("alert")).to_contain_text("Inte sparat")
    expect(phone.locator("#count")).to_have_text("0")
    expect(dock(phone).get_by_role("button", name="Ångra")).to_be_hidden()


def test_undo_takes_the_tap_back(phone: Page) -> None:
    outcome(phone, TALKED).tap()
    comes_to(phone, lambda a: a.outcome, "talked")
    dock(phone).get_by_role("button", name="Ångra").tap()
    expect(dock(phone)).to_contain_text("Ångrat")
    expect(phone.locator("#count")).to_have_text("0")
    comes_to(phone, lambda a: a.outcome)


def test_undo_is_offered_for_ten_seconds(phone: Page) -> None:
    phone.clock.install()
    outcome(phone, TALKED).tap()
    undo = dock(phone).get_by_role("button", name="Ångra")
    expect(undo).to_be_visible()
    phone.clock.run_for(9_000)
    expect(undo).to_be_visible()
    phone.clock.run_for(1_500)
    expect(undo).to_be_hidden()
    expect(dock(phone)).to_contain_text("Senast")


def test_topics_are_added_to_the_same_attempt(phone: Page, stage: Cast) -> None:
    topics = {t.name: t.id for t in db.session.scalars(select(Topic).where(Topic.campaign_id == stage.spring.id))}
    school, care = (topics[name] for name in ("Skolan", "Vården"))
    db.session.commit()
    expect(topic(phone, "Skolan")).to_be_hidden()
    outcome(phone, TALKED).tap()
    topic(phone, "Skolan").tap()
    topic(phone, "Tryggheten").tap()
    topic(phone, "Vården").tap()
    topic(phone, "Tryggheten").tap()
    expect(topic(phone, "Skolan")).to_have_attribute("aria-pressed", "true")
    outcome(phone, NOT_HOME).tap()
    expect(topic(phone, "Skolan")).to_be_hidden()
    comes_to(phone, lambda a: (a.outcome, set(a.topics)), ("talked", {school, care}), ("not_home", set()))


def test_holding_a_button_logs_several_at_once(phone: Page) -> None:
    hold(phone, REFUSED)
    several = sheet(phone, "Flera på en gång")
    expect(several.get_by_role("radio", name=REFUSED)).to_be_checked()
    several.get_by_role("button", name="5", exact=True).tap()
    several.get_by_role("button", name="En till").tap()
    several.get_by_role("button", name=f"Spara 6 × {REFUSED}").tap()
    expect(dock(phone)).to_contain_text(f"6 × {REFUSED} sparat")
    expect(dock(phone).get_by_role("button", name="Idag 6")).to_be_visible()
    comes_to(phone, lambda a: (a.outcome, a.number), ("refused", 6))


def test_letting_go_after_a_hold_neither_logs_nor_closes(phone: Page) -> None:
    hold(phone, TALKED)
    expect(sheet(phone, "Flera på en gång")).to_be_visible()
    sheet(phone, "Flera på en gång").get_by_role("button", name="Stäng").tap()
    expect(dock(phone).get_by_role("button", name="Idag 0")).to_be_visible()
    outcome(phone, TALKED).tap()
    expect(dock(phone).get_by_role("button", name="Idag 1")).to_be_visible()


def test_practice_taps_never_count(phone: Page) -> None:
    choose_in_menu(phone, "switch", "Övningsläge")
    outcome(phone, TALKED).tap()
    expect(dock(phone)).to_contain_text("Övning: Samtal")
    topic(phone, "Skolan").tap()
    dock(phone).get_by_role("button", name="Ångra").tap()
    outcome(phone, TALKED).tap()
    hold(phone, NOT_HOME)
    sheet(phone, "Flera på en gång").get_by_role("button", name=re.compile("^Spara")).tap()
    expect(dock(phone).get_by_role("button", name="Idag 0")).to_be_visible()
    expect(phone.locator("#count")).to_have_text("0")
    phone.get_by_role("button", name="Avsluta").tap()
    outcome(phone, REFUSED).tap()
    comes_to(phone, lambda a: a.outcome, "refused")
