"""Forms that lead back to their page swap it in place; without scripts they are ordinary forms."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from canvass.core import db
from canvass.core.db import new_id
from canvass.counting import quarantine
from canvass.members import organisations
from canvass.web.insight.targets import FEW
from tests.cast import Cast, plan_shift

OpenAs = Callable[..., Page]


def mark(page: Page) -> None:
    """Leave something on the page that a reload would lose, once htmx has taken its forms over."""
    page.locator("[data-htmx-powered], main").first.wait_for()
    page.wait_for_function("() => window.htmx && document.querySelector('[hx-boost]')?._htmx?.boosted")
    page.evaluate("window.isTheSame = true")


def is_the_same(page: Page) -> bool:
    return bool(page.evaluate("window.isTheSame === true"))


def test_signing_up_to_a_shift_does_not_reload_the_page(stage: Cast, open_as: OpenAs) -> None:
    shift = plan_shift(stage)
    db.session.commit()
    page = open_as(stage.alva, f"/shifts/{shift.id}")
    mark(page)
    page.get_by_role("button", name="Jag kommer", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Du är anmäld. Vi ses!")).to_be_visible()
    page.get_by_role("button", name="Jag kommer inte").click()
    expect(page.get_by_role("status").filter(has_text="Du är avanmäld.")).to_be_visible()
    assert is_the_same(page)


def test_signing_up_needs_no_scripts(stage: Cast, open_as: OpenAs) -> None:
    shift = plan_shift(stage)
    db.session.commit()
    page = open_as(stage.alva, f"/shifts/{shift.id}", java_script_enabled=False)
    page.get_by_role("button", name="Jag kommer", exact=True).click()
    expect(page.get_by_text("Du är anmäld. Vi ses!")).to_be_visible()
    expect(page).to_have_url(f"{page.url.split('/shifts')[0]}/shifts/{shift.id}")


def hold(stage: Cast, number: str) -> None:
    raw = f'{{"op":"{new_id()}","campaign":"{stage.spring.id}","data":{{"n":{number}}}}}'
    facts = {
        "author_id": stage.alva.id,
        "organisation_id": stage.alva.association_id,
        "code": "area_unknown",
        "campaign_id": stage.spring.id,
    }
    quarantine.hold([{"operation_id": new_id(), "digest": number * 8, "raw": raw, **facts}])


def test_what_is_held_is_dismissed_in_place(stage: Cast, open_as: OpenAs) -> None:
    hold(stage, "60")
    hold(stage, "70")
    db.session.commit()
    page = open_as(stage.bo, "/quarantine")
    mark(page)
    for left in (1, 0):
        page.get_by_role("button", name="Avfärda").first.click()
        expect(page.get_by_role("button", name="Avfärda")).to_have_count(left)
    assert is_the_same(page)


def test_the_target_tree_is_searched_while_one_types_and_keeps_the_address(stage: Cast, open_as: OpenAs) -> None:
    for number in range(FEW + 1):
        organisations.add("association", f"Förening {number}", stage.norrkoping)
    db.session.commit()
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}/targets")
    mark(page)
    search, rows = page.get_by_role("searchbox", name="Sök"), page.get_by_role("row")
    search.press_sequentially("ektorp")
    expect(rows.filter(has_text="Hageby")).to_have_count(0)
    expect(rows.filter(has_text="Ektorp").first).to_be_visible()
    expect(search).to_be_focused()
    expect(search).to_have_value("ektorp")
    assert is_the_same(page)
    assert "q=ektorp" in page.url
    page.reload()
    expect(rows.filter(has_text="Hageby")).to_have_count(0)


def test_a_proposal_fills_the_fields_in_without_a_reload(stage: Cast, open_as: OpenAs) -> None:
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}/targets")
    mark(page)
    page.get_by_role("button", name="Lika").click()
    expect(page.get_by_text("Förslag, inte sparat än.")).to_be_visible()
    assert is_the_same(page)


def test_an_area_is_given_to_a_shift_in_place(stage: Cast, open_as: OpenAs) -> None:
    plan_shift(stage, ground=[stage.hageby_south])
    db.session.commit()
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}/map/{stage.hageby_north.id}")
    mark(page)
    page.locator("form[action$='/assign'] button").click()
    expect(page.get_by_role("status").filter(has_text="Hageby norra ingår nu i passet.")).to_be_visible()
    page.get_by_role("button", name="Ta bort området").click()
    expect(page.get_by_role("status").filter(has_text="Hageby norra ingår inte längre i passet.")).to_be_visible()
    assert is_the_same(page)


def test_one_area_after_another_is_added_on_one_page(stage: Cast, open_as: OpenAs) -> None:
    page = open_as(stage.bo, f"/areas/new?organisation={stage.hageby.id}")
    mark(page)
    page.get_by_label("Namn").fill("   ")
    page.get_by_role("button", name="Lägg till och fortsätt").click()
    expect(page.get_by_role("alert")).to_be_focused()
    for name in ("Navestad", "Ljura"):
        page.get_by_label("Namn").fill(name)
        page.get_by_role("button", name="Lägg till och fortsätt").click()
        expect(page.get_by_role("status").filter(has_text=f"{name} är tillagt.")).to_be_visible()
        expect(page.get_by_label("Namn")).to_have_value("")
    assert is_the_same(page)
    page.get_by_label("Namn").fill("Smedby")
    page.get_by_role("button", name="Lägg till", exact=True).click()
    page.wait_for_url("**/areas/*-*")
    expect(page.get_by_role("heading", name="Smedby")).to_be_visible()
    expect(page.get_by_text("Smedby är tillagt.")).to_be_visible()
