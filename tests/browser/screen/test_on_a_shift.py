"""Out on a shift: straight in by its link, without a network, for a group by colour, and thanks at the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from canvass.core import db
from canvass.counting.receipts import Installation
from canvass.fieldwork import shifts
from canvass.fieldwork.shifts import Shift
from canvass.members import joining
from tests.browser.conftest import PHONE, Live, comes_true
from tests.browser.screen.logging_screen import (
    NOT_HOME,
    REFUSED,
    SCREENS,
    TALKED,
    choose_in_menu,
    comes_to,
    dock,
    is_all_sent,
    logged,
    places,
    sheet,
    sound,
    tap,
)
from tests.cast import Cast, log, plan_shift


def plan(stage: Cast, **facts: Any) -> Shift:
    """Under way, as the live server sees it."""
    found = plan_shift(stage, hours=-0.5, **facts)
    db.session.commit()
    return found


def heading(phone: Page) -> Any:
    return phone.get_by_role("heading", level=1)


def colour(phone: Page, name: str) -> Any:
    return phone.get_by_role("group", name="För vem?").get_by_role("radio", name=re.compile(f"^{name}"))


def cover(phone: Page) -> None:
    """The network is back. After a reload without one this Chromium takes itself to be on it, and would not say so."""
    phone.context.set_offline(False)
    phone.evaluate("() => dispatchEvent(new Event('online'))")


def is_out_on(phone: Page, expected: str | None) -> None:
    """Until the server has heard so."""

    def shifts_of_phones() -> list[str | None]:
        found = list(db.session.scalars(select(Installation.shift_id)))
        db.session.commit()
        return found

    comes_true(phone, shifts_of_phones, [expected])


@pytest.fixture
def out(stage: Cast, open_as: Callable[..., Page]) -> Page:
    """Alva's phone, on a shift of the door's in Hageby norra."""
    shift = plan(stage)
    phone = open_as(stage.alva, f"/log?shift={shift.id}", has_touch=True)
    expect(heading(phone)).to_contain_text("Pass ")
    return phone


def record(phone: Page, *colours: str) -> None:
    """Keep the record for these, of whom red and blue are asked for already."""
    choose_in_menu(phone, "button", "Protokollförare")
    for name in colours:
        sheet(phone, "Protokollförare").get_by_role("checkbox", name=name).check()
    sheet(phone, "Protokollförare").get_by_role("button", name="Börja").tap()
    expect(colour(phone, "Röd")).to_be_checked()


def test_a_link_leads_straight_into_the_shift_and_it_stays_without_a_network(
    stage: Cast, open_as: Callable[..., Page]
) -> None:
    shift = plan(stage, channel="phone", ground=[stage.hageby_south])
    shift_id, south = shift.id, stage.hageby_south.id
    log(stage, stage.dag, number=4, channel="phone", shift=shift)
    db.session.commit()
    phone = open_as(stage.alva, f"/log?shift={shift_id}", has_touch=True)
    expect(heading(phone)).to_contain_text(re.compile("Pass .*Vårkampanjen.*Hageby södra", re.DOTALL))
    expect(phone.get_by_role("radio", name="Telefon")).to_be_checked()
    expect(phone.locator("#mine")).to_have_text("Du 0 samtal på passet · Laget 4")
    assert phone.url.endswith("/log")
    tap(phone, TALKED)
    is_out_on(phone, shift_id)
    is_all_sent(phone)

    phone.evaluate("async () => { await navigator.serviceWorker.ready; }")
    phone.context.set_offline(True)
    phone.reload()
    expect(heading(phone)).to_contain_text(re.compile("Pass .*Hageby södra", re.DOTALL))
    tap(phone, TALKED)
    expect(phone.locator("#mine")).to_have_text("Du 2 samtal på passet · Laget 6")
    phone.locator("#where-button").tap()
    sheet(phone, "Var är du?").get_by_role("button", name="Lämna passet").tap()
    expect(heading(phone)).not_to_contain_text("Pass ")
    tap(phone, TALKED)
    expect(phone.locator("#mine")).to_have_text("Du 3 samtal idag · 3 i Hageby s-förening")
    cover(phone)
    comes_to(phone, lambda a: (a.shift_id, a.area_id), *own(stage, shift_id, south))
    is_out_on(phone, None)


def own(stage: Cast, shift_id: str, area_id: str) -> list[tuple[str | None, str | None]]:
    """What Dag logged, two on the shift, and one when it had been left: the area is the same still."""
    return [(shift_id, None), (shift_id, area_id), (shift_id, area_id), (None, area_id)]


def test_who_joins_at_the_meeting_point_chooses_among_the_shifts_areas(
    stage: Cast, live: Live, new_context: Any
) -> None:
    shift = plan(
        stage,
        ground=[stage.hageby_north, stage.hageby_south],
        script="Hej, vi är här!",
        points="Kvällsöppet på vårdcentralen",
    )
    link = shifts.link(shift, live.app.config["SECRET_KEY"])
    code = joining.code(link, live.app.config["SECRET_KEY"])
    expected = shift.id, stage.hageby_south.id, shift.organisation_id
    db.session.commit()
    phone = new_context(base_url=live.url, locale="sv-SE", viewport=PHONE, has_touch=True).new_page()
    phone.goto(f"/join/{code}")
    phone.get_by_label("Ditt förnamn").fill("Alva")
    phone.locator("main form button").last.tap()
    where = sheet(phone, "Var är du?")
    areas = where.locator("#where-area-list").get_by_role("button")
    expect(areas).to_have_text(
        [
            re.compile(name)
            for name in ("Hageby norra.*i passet", "Hageby södra.*i passet", "Ektorpshöjden", "Utan område")
        ]
    )
    areas.nth(1).tap()
    tap(phone, TALKED)
    comes_to(phone, lambda a: (a.shift_id, a.area_id, a.organisation_id), expected)
    phone.get_by_role("button", name="Meny").tap()
    menu = sheet(phone, "Meny")
    for title, text in (("Samtalsstöd", "Hej, vi är här!"), ("Argument", "Kvällsöppet")):
        menu.get_by_text(title, exact=True).tap()
        expect(menu.get_by_text(text)).to_be_visible()


def test_a_link_to_a_shift_that_is_not_theirs_leaves_everything_as_it_was(
    stage: Cast, open_as: Callable[..., Page]
) -> None:
    shift = plan(stage, owner=stage.ektorp)
    phone = open_as(stage.alva, f"/log?shift={shift.id}", has_touch=True)
    expect(dock(phone)).to_contain_text("Passet är slut eller inställt.")
    tap(phone, TALKED)
    comes_to(phone, lambda a: a.shift_id, None)
    expect(heading(phone)).not_to_contain_text("Pass ")


def test_one_phone_keeps_the_record_for_three_without_a_network(out: Page) -> None:
    out.evaluate("async () => { await navigator.serviceWorker.ready; }")
    is_all_sent(out)
    sent: list[str] = []
    out.on("request", lambda request: sent.append(request.post_data or ""))
    out.context.set_offline(True)
    record(out, "Grön")
    tap(out, TALKED)
    expect(dock(out)).to_contain_text("Röd: Samtal sparat")
    colour(out, "Blå").check()
    tap(out, TALKED)
    tap(out, TALKED)
    tap(out, NOT_HOME)
    expect(colour(out, "Blå")).to_have_accessible_name("Blå: 2 samtal")
    colour(out, "Grön").check()
    tap(out, TALKED)
    expect(colour(out, "Grön")).to_have_accessible_name("Grön: 1 samtal")
    dock(out).get_by_role("button", name="Ångra").tap()
    expect(colour(out, "Grön")).to_have_accessible_name("Grön: 0 samtal")

    out.reload()
    expect(colour(out, "Grön")).to_be_checked()
    expect(colour(out, "Blå")).to_have_accessible_name("Blå: 2 samtal")
    give_the_first_one_to_green(out)
    expect(colour(out, "Grön")).to_have_accessible_name("Grön: 1 samtal")

    cover(out)
    comes_to(out, lambda a: a.outcome, "talked", "talked", "talked", "not_home")
    is_all_sent(out)
    assert any("talked" in text for text in sent)
    assert not any(word in text for text in sent for word in ("red", "blue", "green", "colour"))

    choose_in_menu(out, "button", "Protokollförare")
    sheet(out, "Protokollförare").get_by_role("button", name="Sluta föra protokoll").tap()
    expect(out.get_by_role("group", name="För vem?")).to_be_hidden()
    tap(out, TALKED)
    expect(dock(out)).to_contain_text("Samtal sparat")


def give_the_first_one_to_green(out: Page) -> None:
    """Change whose conversation the day's first one is."""
    dock(out).get_by_role("button", name="Idag 4").tap()
    entries = sheet(out, "Din dag").get_by_role("listitem")
    expect(entries).to_contain_text(["Blå", "Blå", "Blå", "Röd"])
    entries.last.get_by_role("button").tap()
    entry = sheet(out, re.compile(TALKED))
    entry.get_by_role("radio", name="Grön").check()
    entry.get_by_role("button", name="Spara ändringen").tap()
    expect(entries.last).to_contain_text("Grön")
    sheet(out, "Din dag").get_by_role("button", name="Stäng").tap()


def test_recorder_mode_opens_after_its_style_sheet_could_not_be_fetched(
    stage: Cast, open_as: Callable[..., Page]
) -> None:
    phone = open_as(stage.alva, "/about", has_touch=True, service_workers="block")
    phone.route("**/recorder.css*", lambda route: route.abort())
    phone.goto("/log")
    expect(phone.locator("#count")).not_to_be_empty()
    choose_in_menu(phone, "button", "Protokollförare")
    expect(dock(phone)).to_contain_text("Det går inte att öppna utan täckning än.")
    phone.unroute("**/recorder.css*")
    record(phone, "Grön")
    expect(colour(phone, "Grön")).to_be_visible()


def test_the_colours_fit_every_phone_and_stand_in_nobodys_way(out: Page) -> None:
    out.emulate_media(reduced_motion="reduce")
    record(out, "Grön", "Gul", "Lila", "Svart")
    for width, height in SCREENS:
        out.set_viewport_size({"width": width, "height": height})
        before = places(out)
        chips: list[Any] = [chip.bounding_box() for chip in out.locator(".colour").all()]
        assert all(box["height"] >= 48 and box["width"] >= min(48, width / 7) for box in chips), (width, chips)
        assert all(box["width"] >= 56 and box["height"] >= 56 for box in before)
        assert all(box["y"] + box["height"] <= height for box in before), f"out of sight at {width} × {height}"
        tap(out, NOT_HOME)
        expect(dock(out)).to_contain_text(re.compile("Röd: (Öppnade ej sparat|[2-9] sparade)"))
        assert places(out) == before
        assert out.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing to scroll sideways"
    out.set_viewport_size(PHONE)
    sound(out, "light", "recording")
    for name in ("Protokollförare", "Avsluta passet"):
        choose_in_menu(out, "button", name)
        expect(sheet(out, name)).to_be_visible()
        sound(out, "light", name)
        sheet(out, name).get_by_role("button", name="Stäng").tap()
    out.emulate_media(color_scheme="dark", reduced_motion="reduce")
    sound(out, "dark", "recording")


def test_the_end_of_a_shift_is_summed_up_and_thanked_for(out: Page, stage: Cast) -> None:
    shift = db.session.scalars(select(Shift)).one()
    page = f"/shifts/{shift.id}"
    for said, number in (("talked", 3), ("not_home", 5)):
        log(stage, stage.dag, said, number, shift=shift)
    db.session.commit()
    with out.expect_response("**/api/v1/hello"):
        out.reload()
    expect(out.locator("#mine")).to_have_text("Du 0 samtal på passet · Laget 3")
    out.context.set_offline(True)
    tap(out, TALKED)
    tap(out, REFUSED)
    expect(dock(out)).to_contain_text("Ville inte prata sparat")
    choose_in_menu(out, "button", "Avsluta passet")
    summary = sheet(out, "Avsluta passet")
    expect(summary).to_contain_text("4 samtal, 50\N{NO-BREAK SPACE}% öppnade, tack!")
    expect(summary).to_contain_text("Din telefon: 1 samtal av 2 försök")
    expect(summary).to_contain_text("2 väntar – skickas när du har täckning")
    expect(summary.get_by_role("link", name="Passets sida")).to_have_attribute("href", page)
    cover(out)
    expect(summary).to_contain_text("allt skickat")
    with out.expect_response("**/api/v1/hello"):
        out.reload()
    # What is in the server's figures by now is not added to them again.
    choose_in_menu(out, "button", "Avsluta passet")
    expect(summary).to_contain_text("4 samtal, 50\N{NO-BREAK SPACE}% öppnade, tack!")
    summary.get_by_role("button", name="Lämna passet").tap()
    expect(summary).to_be_hidden()
    expect(heading(out)).not_to_contain_text("Pass ")
    assert len(logged(lambda a: a.id)) == 4
    is_out_on(out, None)


def test_times_are_swedens_on_a_phone_in_another_zone(stage: Cast, open_as: Callable[..., Page]) -> None:
    phone = open_as(stage.alva, "/log", timezone_id="Europe/Helsinki")
    times = """async () => {
      const { between, time } = await import('/static/js/phone/screen/page.js');
      const shift = { starts_at: '2026-05-09T16:00:00Z', ends_at: '2026-05-09T23:30:00Z' };
      return [between(shift), time('2026-05-09T22:30:00Z')];
    }"""
    assert phone.evaluate(times) == ["18:00–01:30", "10 maj 00:30"]
