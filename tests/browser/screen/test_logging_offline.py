"""Without a network, and with answers that never came."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import BrowserContext, Page, Route, expect

from canvass.core import clock
from tests.browser.screen.logging_screen import TALKED, comes_to, dock, is_all_sent, logged, sheet, tap


def test_taps_without_coverage_wait_and_are_sent_later(phone: Page) -> None:
    phone.context.set_offline(True)
    for _ in range(3):
        tap(phone, TALKED)
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
        tap(phone, TALKED)
    comes_to(phone, lambda a: a.outcome, "talked", "talked")
    with phone.expect_response("**/api/v1/hello"):
        phone.reload()
    expect(phone.locator("#count")).to_have_text("2")
    tap(phone, TALKED)
    expect(phone.locator("#count")).to_have_text("3")
    expect(phone.locator("#mine")).to_have_text("Du 3 samtal idag · 3 i Hageby s-förening")


def test_it_opens_cold_without_a_network_at_the_second_visit(phone: Page) -> None:
    context: BrowserContext = phone.context
    phone.evaluate("async () => { await navigator.serviceWorker.ready; }")
    tap(phone, TALKED)
    comes_to(phone, lambda a: a.outcome, "talked")
    is_all_sent(phone)
    phone.close()
    context.set_offline(True)
    second = context.new_page()
    second.goto("/log")
    expect(second.locator("#count")).to_have_text("1")
    tap(second, TALKED)
    expect(dock(second)).to_contain_text("Samtal sparat")
    expect(second.locator("#count")).to_have_text("2")
    context.set_offline(False)
    comes_to(second, lambda a: a.outcome, "talked", "talked")


def test_an_answer_that_never_came_is_not_counted_twice_on_the_screen(phone: Page) -> None:
    """Stored, but the phone does not know: the next hello has it, and so has the queue."""
    is_lost: list[object] = []

    def lose(route: Route) -> None:
        if is_lost:
            return route.continue_()
        is_lost.append(route.fetch())
        return route.abort()

    phone.route("**/api/v1/sync", lose)
    tap(phone, TALKED)
    comes_to(phone, lambda a: a.outcome, "talked")
    with phone.expect_response("**/api/v1/hello"):
        phone.reload()
    expect(phone.get_by_text("allt skickat")).to_be_visible()
    expect(phone.locator("#count")).to_have_text("1")


def test_what_waits_over_midnight_stays_in_the_count_and_yesterdays_team_is_not_todays(phone: Page) -> None:
    tap(phone, TALKED)
    comes_to(phone, lambda a: a.outcome, "talked")
    is_all_sent(phone)
    phone.context.set_offline(True)
    tap(phone, TALKED)
    tap(phone, TALKED)
    expect(phone.locator("#mine")).to_have_text("Du 3 samtal idag · 3 i Hageby s-förening")
    phone.clock.set_fixed_time(clock.now() + timedelta(days=1))
    phone.evaluate("() => dispatchEvent(new Event('visibilitychange'))")
    expect(phone.locator("#mine")).to_have_text("Du 0 samtal idag")
    expect(phone.locator("#count")).to_have_text("3")
    expect(dock(phone).get_by_role("button", name="Idag 0 försök")).to_be_visible()
    phone.context.set_offline(False)
    comes_to(phone, lambda a: a.outcome, "talked", "talked", "talked")
    is_all_sent(phone)
    expect(phone.locator("#count")).to_have_text("3")


def test_a_day_that_is_longer_than_the_list_is_summed_up_whole(phone: Page) -> None:
    phone.context.set_offline(True)
    several = """async () => {
      const { open } = await import('/static/js/phone/queue/outbox.js');
      const outbox = await open();
      const campaign = outbox.context().campaigns[0].id;
      for (let n = 0; n < 501; n += 1) await outbox.log({ campaign, channel: 'door', outcome: 'talked', n: 2 });
    }"""
    phone.evaluate(several)
    dock(phone).get_by_role("button", name="Idag 1\u202f002 försök").tap()
    day = sheet(phone, "Din dag")
    expect(day).to_contain_text("1\u202f002 samtal av 1\u202f002 försök")
    expect(day.get_by_role("listitem").last).to_have_text("De 500 senaste visas; summan är av alla.")
    expect(day.get_by_role("listitem")).to_have_count(501)
