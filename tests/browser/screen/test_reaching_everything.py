"""With the keyboard, a screen reader, large text, and on every size of screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screen.logging_screen import (
    NOT_HOME,
    SCREENS,
    TALKED,
    choose_in_menu,
    comes_to,
    dock,
    hold,
    is_all_sent,
    outcome,
    places,
    sheet,
    sound,
    tap,
    topic,
)
from tests.cast import Cast


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
    tap(phone, TALKED)
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


def test_it_fits_every_phone_and_nothing_moves_under_the_thumb(phone: Page) -> None:
    for width, height in SCREENS:
        phone.set_viewport_size({"width": width, "height": height})
        before = places(phone)
        assert all(box["width"] >= 56 and box["height"] >= 56 for box in before)
        assert all(box["y"] + box["height"] <= height for box in before), f"out of sight at {width} × {height}"
        tap(phone, TALKED)
        expect(topic(phone, "Skolan")).to_be_visible()
        assert places(phone) == before
        tap(phone, NOT_HOME)
        expect(topic(phone, "Skolan")).to_be_hidden()
        assert places(phone) == before
        assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing to scroll sideways"


def test_text_twice_as_large_wraps_instead_of_running_out(phone: Page) -> None:
    phone.set_viewport_size({"width": 320, "height": 568})
    phone.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    tap(phone, TALKED)
    expect(dock(phone)).to_contain_text("Samtal sparat")
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for button in phone.locator(".outcome").all():
        assert button.evaluate("(box) => box.scrollWidth <= box.clientWidth"), button.inner_text()


def test_a_screen_left_open_needs_no_script_that_may_be_of_a_newer_version(
    stage: Cast, open_as: Callable[..., Page]
) -> None:
    """Without a service worker, as at the very first visit. The campaign has no shifts."""
    phone = open_as(stage.alva, "/log", has_touch=True, service_workers="block")
    everything = """() => {
      const names = performance.getEntriesByType("resource").map(({ name }) => name);
      const parts = ["shift.js", "summary.js", "recorder.js", "recorder.css"];
      return parts.every((part) => names.some((name) => name.includes(part)));
    }"""
    phone.wait_for_function(everything)
    phone.wait_for_load_state("networkidle")
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    tap(phone, NOT_HOME)
    choose_in_menu(phone, "button", "Protokollförare")
    choose = sheet(phone, "Protokollförare")
    choose.get_by_role("button", name="Börja föra protokoll").tap()
    dock(phone).get_by_role("button", name="Idag 1").tap()
    expect(sheet(phone, "Din dag").get_by_role("listitem")).to_have_count(1)
    assert [address for address in asked if "/static/" in address] == []
