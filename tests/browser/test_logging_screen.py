"""The logging screen as a thumb, a keyboard and a screen reader meet it, in a real browser with the real queue."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from sqlalchemy import select

from canvass.core import db
from canvass.counting.attempts import Attempt
from canvass.fieldwork.topics import Topic
from tests.browser.conftest import comes_true
from tests.cast import Cast

AXE = {
    "light": {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    # The dark look differs from the light one in its colours alone.
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
}
SCREENS = [(320, 568), (360, 640), (375, 553), (390, 844), (740, 360), (1280, 800)]
# How many operations the phone still holds.
OPERATIONS = """() => new Promise((resolve) => {
  indexedDB.open("canvass").onsuccess = ({ target }) => {
    const operations = target.result.transaction("operations").objectStore("operations");
    operations.count().onsuccess = ({ target }) => resolve(target.result);
  };
})"""
TALKED, NOT_HOME, REFUSED = "Samtal", "Öppnade ej", "Ville inte prata"


def outcome(phone: Page, name: str) -> Locator:
    return phone.get_by_role("region", name="Vad hände?").get_by_role("button", name=name, exact=True)


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


def test_one_tap_saves_and_the_count_climbs(phone: Page) -> None:
    expect(phone.locator("#count")).to_have_text("0")
    outcome(phone, TALKED).tap()
    expect(dock(phone)).to_contain_text("Samtal sparat")
    expect(phone.locator("#count")).to_have_text("1")
    expect(phone.locator("#mine")).to_have_text("Du 1 idag · Laget 1")
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


def test_an_entry_can_be_corrected_and_removed_all_day(phone: Page, stage: Cast) -> None:
    south = stage.hageby_south.id
    db.session.commit()
    outcome(phone, TALKED).tap()
    outcome(phone, NOT_HOME).tap()
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


def test_taps_without_coverage_wait_and_are_sent_later(phone: Page) -> None:
    phone.context.set_offline(True)
    for _ in range(3):
        outcome(phone, TALKED).tap()
    expect(phone.locator("#count")).to_have_text("3")
    expect(phone.locator("#queue")).to_have_text("3 väntar – skickas när du har täckning")
    dock(phone).get_by_role("button", name="Idag 3").tap()
    expect(sheet(phone, "Din dag").get_by_role("listitem").first).to_contain_text("väntar")
    sheet(phone, "Din dag").get_by_role("button", name="Stäng").tap()
    assert logged(lambda a: a.outcome) == []
    phone.context.set_offline(False)
    comes_to(phone, lambda a: a.outcome, "talked", "talked", "talked")
    is_all_sent(phone)
    expect(phone.locator("#count")).to_have_text("3")


def test_what_was_counted_is_not_added_again_after_a_reload(phone: Page) -> None:
    for _ in range(2):
        outcome(phone, TALKED).tap()
    comes_to(phone, lambda a: a.outcome, "talked", "talked")
    with phone.expect_response("**/api/v1/hello"):
        phone.reload()
    expect(phone.locator("#count")).to_have_text("2")
    outcome(phone, TALKED).tap()
    expect(phone.locator("#count")).to_have_text("3")
    expect(phone.locator("#mine")).to_have_text("Du 3 idag · Laget 3")


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


def test_area_and_channel_follow_the_taps(phone: Page, stage: Cast) -> None:
    north, spring = stage.hageby_north.id, stage.spring.id
    db.session.commit()
    phone.get_by_role("button", name=re.compile("Välj område")).tap()
    sheet(phone, "Var är du?").get_by_role("button", name=re.compile("Hageby norra")).tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hageby norra")
    phone.get_by_role("radio", name="Telefon").tap()
    outcome(phone, "Fel nummer").tap()
    phone.get_by_role("radio", name="Torg").tap()
    expect(phone.locator(".outcome")).to_have_text([TALKED, REFUSED])
    outcome(phone, TALKED).tap()
    phone_call, stall = (spring, north, "phone", "wrong_number"), (spring, north, "stall", "talked")
    comes_to(phone, lambda a: (a.campaign_id, a.area_id, a.channel, a.outcome), phone_call, stall)
    phone.reload()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hageby norra")
    expect(phone.get_by_role("radio", name="Torg")).to_be_checked()


def test_the_area_is_found_on_the_phone_and_the_position_stays_there(stage: Cast, open_as: Callable[..., Page]) -> None:
    square = [[[16.1, 58.5], [16.2, 58.5], [16.2, 58.6], [16.1, 58.6], [16.1, 58.5]]]
    south = stage.hageby_south.id
    stage.hageby_south.outline = json.dumps({"type": "Polygon", "coordinates": square})
    db.session.commit()
    here = {"latitude": 58.5678, "longitude": 16.1234}
    with_position = {"geolocation": here, "permissions": ["geolocation"], "has_touch": True}
    phone = open_as(stage.alva, "/log", **with_position)
    sent: list[str] = []
    phone.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    outcome(phone, TALKED).wait_for()
    phone.reload()  # by now the outlines are on the phone
    phone.get_by_role("button", name=re.compile("Välj område")).tap()
    sheet(phone, "Var är du?").get_by_role("button", name="Hitta var jag är").tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hageby södra")
    outcome(phone, TALKED).tap()
    comes_to(phone, lambda a: a.area_id, south)
    assert sent
    assert not any("58.56" in text or "16.12" in text for text in sent)


def test_the_keyboard_alone_can_log(stage: Cast, open_as: Callable[..., Page]) -> None:
    page = open_as(stage.alva, "/log")
    outcome(page, TALKED).wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Hoppa till knapparna")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(outcome(page, TALKED)).to_be_focused()
    page.keyboard.press("Enter")
    expect(dock(page)).to_contain_text("Samtal sparat")
    expect(page.get_by_role("status").first).to_have_text(re.compile("Samtal sparat"))
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(dock(page).get_by_role("button", name="Ångra")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(dock(page).get_by_role("button", pressed=True)).to_have_count(1)

    outcome(page, NOT_HOME).focus()
    page.keyboard.press("ContextMenu")
    expect(sheet(page, "Flera på en gång")).to_be_visible()
    page.keyboard.press("Enter")  # "En till" has the focus
    page.keyboard.press("Escape")
    expect(sheet(page, "Flera på en gång")).to_be_hidden()
    expect(outcome(page, NOT_HOME)).to_be_focused()
    page.keyboard.press("Enter")
    expect(dock(page).get_by_role("button", name="Idag 2")).to_be_visible()


def test_a_key_held_down_logs_once(stage: Cast, open_as: Callable[..., Page]) -> None:
    page = open_as(stage.alva, "/log")
    outcome(page, TALKED).focus()
    for _ in range(4):
        page.keyboard.down("Enter")  # from the second on as the keyboard repeats it
    page.keyboard.up("Enter")
    comes_to(page, lambda a: a.outcome, "talked")
    expect(dock(page).get_by_role("button", name="Idag 1")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_assistive_technology(
    scheme: Any, stage: Cast, open_as: Callable[..., Page]
) -> None:
    # Without motion, so that no colour is judged halfway.
    phone = open_as(stage.alva, "/log", has_touch=True, color_scheme=scheme, reduced_motion="reduce")
    outcome(phone, TALKED).tap()
    topic(phone, "Skolan").tap()
    is_all_sent(phone)
    sound(phone, scheme, "after a tap")
    for opener, name in {"Idag 1": "Din dag", "Meny": "Meny", "Vårkampanjen": "Var är du?", "allt": "Väntar"}.items():
        phone.get_by_role("button", name=re.compile(opener)).first.tap()
        opened = sheet(phone, re.compile(name))
        expect(opened).to_be_visible()
        sound(phone, scheme, name)
        opened.get_by_role("button", name="Stäng").tap()
    hold(phone, TALKED)
    sound(phone, scheme, "several")
    sheet(phone, "Flera på en gång").get_by_role("button", name="Stäng").tap()
    choose_in_menu(phone, "switch", "Övningsläge")
    sound(phone, scheme, "practice")


def sound(phone: Page, scheme: str, where: str) -> None:
    found = Axe().run(phone, options=AXE[scheme]).response["violations"]
    told = [(v["id"], [(n["target"], n["failureSummary"]) for n in v["nodes"]]) for v in found]
    assert not told, f"{where}: {json.dumps(told, indent=1, ensure_ascii=False)}"


def test_it_fits_every_phone_and_nothing_moves_under_the_thumb(phone: Page) -> None:
    for width, height in SCREENS:
        phone.set_viewport_size({"width": width, "height": height})
        before = places(phone)
        assert all(box["width"] >= 56 and box["height"] >= 56 for box in before)
        assert all(box["y"] + box["height"] <= height for box in before), f"out of sight at {width} × {height}"
        outcome(phone, TALKED).tap()
        expect(topic(phone, "Skolan")).to_be_visible()
        assert places(phone) == before
        outcome(phone, NOT_HOME).tap()
        expect(topic(phone, "Skolan")).to_be_hidden()
        assert places(phone) == before
        assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing to scroll sideways"


def test_text_twice_as_large_wraps_instead_of_running_out(phone: Page) -> None:
    phone.set_viewport_size({"width": 320, "height": 568})
    phone.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    outcome(phone, TALKED).tap()
    expect(dock(phone)).to_contain_text("Samtal sparat")
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for button in phone.locator(".outcome").all():
        assert button.evaluate("(box) => box.scrollWidth <= box.clientWidth"), button.inner_text()


def test_it_opens_cold_without_a_network_at_the_second_visit(phone: Page) -> None:
    context: BrowserContext = phone.context
    phone.evaluate("async () => { await navigator.serviceWorker.ready; }")
    outcome(phone, TALKED).tap()
    comes_to(phone, lambda a: a.outcome, "talked")
    is_all_sent(phone)
    phone.close()
    context.set_offline(True)
    second = context.new_page()
    second.goto("/log")
    expect(second.locator("#count")).to_have_text("1")
    outcome(second, TALKED).tap()
    expect(dock(second)).to_contain_text("Samtal sparat")
    expect(second.locator("#count")).to_have_text("2")
    context.set_offline(False)
    comes_to(second, lambda a: a.outcome, "talked", "talked")


def test_a_stranger_is_shown_the_ways_in(stage: Cast, open_as: Callable[..., Page]) -> None:
    page = open_as(None, "/log")
    expect(page.get_by_role("heading", name="Vem är du?")).to_be_visible()
    expect(page.get_by_role("link", name="Gå med i en kampanj")).to_have_attribute("href", "/join")
    expect(page.get_by_role("link", name="Logga in")).to_have_attribute("href", "/sign-in")
    expect(outcome(page, TALKED)).to_have_count(0)
    sound(page, "light", "nobody")


def test_leaving_with_a_full_outbox_asks_and_keeps_it(phone: Page) -> None:
    phone.route("**/api/v1/sync", lambda route: route.abort())
    outcome(phone, TALKED).tap()
    expect(phone.locator("#queue")).to_contain_text("1 väntar")
    choose_in_menu(phone, "button", "Logga ut")
    leaving = sheet(phone, "1 försök är inte skickat")
    leaving.get_by_role("button", name="Skicka nu").tap()
    expect(leaving).to_contain_text("Det gick inte att skicka nu. Inget är borta.")
    with phone.expect_download() as saved:
        leaving.get_by_role("button", name="Spara till fil").tap()
    assert len(json.loads(saved.value.path().read_text("utf-8"))["operations"]) == 1
    leaving.get_by_role("button", name="Behåll").tap()
    phone.wait_for_url("**/sign-in**")
    phone.goto("/log")
    expect(phone.get_by_role("heading", name="Vem är du?")).to_be_visible()
    assert phone.evaluate(OPERATIONS) == 1


def test_a_file_from_another_phone_is_taken_in_once(phone: Page, stage: Cast, open_as: Callable[..., Page]) -> None:
    phone.route("**/api/v1/sync", lambda route: route.abort())
    outcome(phone, TALKED).tap()
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


def test_an_answer_that_never_came_is_not_counted_twice_on_the_screen(phone: Page) -> None:
    """Stored, but the phone does not know: the next hello has it, and so has the queue."""
    is_lost: list[object] = []

    def lose(route: Route) -> None:
        if is_lost:
            return route.continue_()
        is_lost.append(route.fetch())
        return route.abort()

    phone.route("**/api/v1/sync", lose)
    outcome(phone, TALKED).tap()
    comes_to(phone, lambda a: a.outcome, "talked")
    with phone.expect_response("**/api/v1/hello"):
        phone.reload()
    expect(phone.get_by_text("allt skickat")).to_be_visible()
    expect(phone.locator("#count")).to_have_text("1")
