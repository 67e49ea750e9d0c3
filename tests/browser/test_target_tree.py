"""The target tree in a real browser: the sum while one types, and a field that a phone can reach."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from canvass.core import db
from canvass.fieldwork import targets
from tests.cast import Cast


def test_the_sum_follows_what_is_typed_and_enter_saves_it(stage: Cast, open_as: Callable[..., Page]) -> None:
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}/targets")
    line = page.locator("#sum")
    expect(line).to_have_text("Delarna är 0 av 5\u202f000 – 5\u202f000 saknas")
    hageby, ektorp = (page.get_by_label(f"Mål för {name}") for name in ("Hageby s-förening", "Ektorp s-förening"))
    hageby.fill("3 200")
    expect(line).to_have_text("Delarna är 3\u202f200 av 5\u202f000 – 1\u202f800 saknas")
    # Typed and ticked: the next proposal keeps it, though nothing is saved.
    page.get_by_role("row", name="Hageby").get_by_label("Behåll").check()
    page.get_by_role("button", name="Lika till alla").click()
    expect(hageby).to_have_value("3200")
    expect(ektorp).to_have_value("1800")
    ektorp.fill("1900")
    expect(line).to_contain_text("100 för mycket")
    # Under the last field the sum and the button are in sight, and nothing is wider than the phone.
    expect(page.get_by_role("button", name="Spara målen")).to_be_in_viewport()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    ektorp.press("Enter")
    expect(page.get_by_text("Målen är sparade.")).to_be_visible()
    assert targets.agreed(stage.spring)[stage.ektorp.id] == 1900
    db.session.commit()
