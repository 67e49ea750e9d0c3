"""A pile of papers and a keyboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from canvass.core import clock, db
from tests.cast import Cast


def test_an_evening_is_entered_without_leaving_the_keyboard(stage: Cast, open_as: Callable[..., Page]) -> None:
    stage.spring.starts_on = clock.today() - timedelta(days=7)
    stage.spring.ends_on = clock.today() + timedelta(days=7)
    db.session.commit()
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}/late")
    expect(page.get_by_label("Vems siffror")).to_be_focused()
    # Whose, telephone instead of door, no area; 12 talked, 30 did not answer.
    for key in ("H", "Tab", "ArrowRight", "Tab", "Tab", "1", "2", "Tab", "3", "0"):
        page.keyboard.press(key)
    expect(page.get_by_label("Fel nummer")).to_be_visible()
    expect(page.get_by_label("Öppnade ej")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Sparat för Hageby s-förening")
    expect(page.get_by_role("status")).to_contain_text("12 samtal på 42 försök")
    # The next paper of the same evening.
    expect(page.get_by_label("Område")).to_be_focused()
    expect(page.get_by_label("Telefon")).to_be_checked()
    expect(page.get_by_label("Samtal", exact=True)).to_have_value("")
    page.get_by_role("button", name="Ångra").click()
    expect(page.get_by_role("status")).to_contain_text("ångrad")
