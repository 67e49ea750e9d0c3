"""One tap saves: the buttons, undo, topics, several at once, and practice."""

from __future__ import annotations

import re

import pytest
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
    expect(phone.locator("#mine")).to_have_text("Du 1 samtal idag · 1 i Hageby s-förening")
    expect(phone.locator("#whose")).to_have_text("samtal i Norrköping")
    outcome(phone, NOT_HOME).tap()
    expect(dock(phone)).to_contain_text("Öppnade ej sparat")
    expect(dock(phone).get_by_role("button", name="Idag 2")).to_be_visible()
    expect(phone.locator("#count")).to_have_text("1")
    comes_to(phone, lambda a: (a.channel, a.outcome, a.number), ("door", "talked", 1), ("door", "not_home", 1))
    is_all_sent(phone)


def test_a_double_tap_is_one_tap(phone: Page) -> None:
    phone.clock.install()
    for name in (TALKED, TALKED, NOT_HOME):
        outcome(phone, name).tap()
    expect(dock(phone).get_by_role("button", name="Idag 2")).to_be_visible()
    expect(phone.locator("#count")).to_have_text("1")


def test_taps_in_a_row_are_undone_together(phone: Page) -> None:
    phone.clock.install()
    outcome(phone, TALKED).tap()
    expect(phone.locator("#count")).to_have_text("1")
    for count in ("2", "3"):
        phone.clock.run_for(500)
        outcome(phone, TALKED).tap()
        expect(phone.locator("#count")).to_have_text(count)
        expect(dock(phone)).to_contain_text(f"{count} sparade")
    dock(phone).get_by_role("button", name="Ångra").tap()
    expect(phone.locator("#count")).to_have_text("0")
    comes_to(phone, lambda a: a.outcome)


def test_a_tap_after_a_pause_is_undone_alone(phone: Page) -> None:
    phone.clock.install()
    outcome(phone, TALKED).tap()
    expect(phone.locator("#count")).to_have_text("1")
    phone.clock.run_for(3_000)
    outcome(phone, TALKED).tap()
    expect(phone.locator("#count")).to_have_text("2")
    expect(dock(phone)).to_contain_text("Samtal sparat")
    dock(phone).get_by_role("button", name="Ångra").tap()
    expect(phone.locator("#count")).to_have_text("1")
    comes_to(phone, lambda a: a.outcome, "talked")


@pytest.mark.parametrize("size", [(360, 640), (375, 553), (390, 844)])
def test_lifting_the_finger_after_a_hold_touches_nothing_that_has_opened(phone: Page, size: tuple[int, int]) -> None:
    """With the touches themselves, of which the browser makes its own clicks."""
    phone.set_viewport_size({"width": size[0], "height": size[1]})
    several = sheet(phone, "Flera på en gång")
    fingers = phone.context.new_cdp_session(phone)
    for name in (TALKED, NOT_HOME, REFUSED, "Kom inte in", "Återkom"):
        place = outcome(phone, name).bounding_box()
        assert place
        point = {"x": place["x"] + place["width"] / 2, "y": place["y"] + place["height"] / 2}
        fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
        expect(several).to_be_visible()
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect(several.get_by_role("radio", name=name)).to_be_checked()
        expect(several.get_by_label("Hur många?")).to_have_value("2")
        several.get_by_role("button", name="Stäng").tap()
        expect(several).to_be_hidden()
    expect(dock(phone).get_by_role("button", name="Idag 0")).to_be_visible()


def test_a_double_tap_touches_nothing_that_its_first_tap_has_uncovered(phone: Page) -> None:
    phone.clock.install()
    hold(phone, TALKED)
    save = sheet(phone, "Flera på en gång").get_by_role("button", name="Spara 2 × Samtal")
    place = save.bounding_box()
    assert place
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    beneath = """([x, y]) => {
      const button = document.querySelector(".outcome");
      Object.assign(button.style, { position: "fixed", left: `${x - 50}px`, top: `${y - 30}px`, width: "100px" });
    }"""
    phone.evaluate(beneath, [x, y])
    phone.touchscreen.tap(x, y)
    phone.touchscreen.tap(x, y)
    expect(dock(phone).get_by_role("button", name="Idag 2")).to_be_visible()
    phone.clock.run_for(500)
    phone.touchscreen.tap(x, y)
    expect(dock(phone).get_by_role("button", name="Idag 3")).to_be_visible()


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
