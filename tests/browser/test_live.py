"""A leader watches: the numbers change by themselves, through any server, and the page says when they do not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from canvass.core import clock, db
from canvass.insight import walls
from canvass.members import devices, people, sessions
from canvass.members.people import Person
from tests.browser.conftest import PHONE, Live, serving, staged
from tests.cast import Cast, log
from tests.conftest import PATIENCE

Open = Callable[..., Page]


def figure(page: Page) -> Any:
    """The first number of the page: the conversations so far."""
    return page.locator("#numbers .figure-value").first


def hand_in(url: str, person: Person, campaign_id: str) -> None:
    """One conversation, as a phone hands it in."""
    token = devices.add(person)
    operation = {"op": db.new_id(), "attempt": db.new_id(), "rev": 1, "base": 0, "kind": "create", "schema": 1}
    operation |= {"seq": 1, "campaign": campaign_id, "at": clock.text(clock.now()), "offset": 0}
    operation |= {"data": {"area": None, "channel": "door", "outcome": "talked", "n": 1, "topics": []}}
    batch = {"schema": 1, "install": db.new_id(), "batch": db.new_id(), "author": person.id, "epoch": None}
    batch |= {"sent_at": clock.text(clock.now()), "pending": 1, "max_seq": 1, "ops": [operation]}
    headers = {"Content-Type": "application/json", "X-Sync": "1", "Cookie": f"canvass_device={token}"}
    db.session.commit()
    phone = HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
    phone.request("POST", "/api/v1/sync", json.dumps(batch), headers)
    answer = json.load(phone.getresponse())
    phone.close()
    assert answer["results"][0]["verdict"] == "stored"


def watching(new_context: Any, url: str, who: Person, path: str) -> Page:
    """A page in this person's browser, on that server."""
    context = new_context(base_url=url, locale="sv-SE", viewport=PHONE)
    context.add_cookies([{"name": "canvass_session", "value": sessions.start(who)[1], "url": url}])
    db.session.commit()
    page: Page = context.new_page()
    page.goto(path)
    return page


def test_what_one_server_takes_in_is_seen_through_another(stage: Cast, live: Live, open_as: Open) -> None:
    """Two processes on one database. Nothing is reloaded. (tests/test_streams.py does it on PostgreSQL.)"""
    campaign_id = stage.spring.id
    page = open_as(stage.bo, f"/campaigns/{campaign_id}?at={stage.hageby.id}")
    expect(figure(page)).to_have_text("0")
    page.evaluate("() => (window.isSamePage = true)")
    with serving(live.app.config["DATA"]) as another:
        hand_in(another.url, stage.alva, campaign_id)
        expect(figure(page)).to_have_text("1")
    assert page.evaluate("() => window.isSamePage")


def test_what_one_is_doing_survives_new_numbers(stage: Cast, live: Live, open_as: Open) -> None:
    log(stage, stage.alva)
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}")
    link = page.locator("#numbers").get_by_role("link", name="Hageby s-förening")
    link.focus()
    page.evaluate(MARK)
    page.evaluate("() => scrollTo(0, 200)")
    log(stage, stage.alva)
    db.session.commit()
    expect(figure(page)).to_have_text(re.compile("^2 "))
    expect(link).to_be_focused()
    assert page.evaluate("() => [getSelection().toString(), scrollY]") == ["Hageby s-förening", 200]


def test_a_hidden_tab_is_connected_to_nothing(stage: Cast, live: Live, open_as: Open) -> None:
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    log(stage, stage.alva)
    db.session.commit()
    expect(figure(page)).to_have_text(re.compile("^1 "))

    with page.expect_event("requestfailed", lambda request: "/live" in request.url):
        page.evaluate(BECOME, "hidden")
    asked.clear()
    log(stage, stage.alva)
    db.session.commit()
    with page.expect_request(lambda request: "/live" in request.url):
        assert asked == []
        page.evaluate(BECOME, "visible")
    expect(figure(page)).to_have_text(re.compile("^2 "))


def test_who_loses_the_role_sees_no_more(stage: Cast, live: Live, open_as: Open) -> None:
    page = open_as(stage.esa, "/campaigns")
    people.grant(stage.esa, "leader", stage.norrkoping)
    log(stage, stage.alva)
    db.session.commit()
    page.goto(f"/campaigns/{stage.spring.id}")
    expect(figure(page)).to_have_text(re.compile("^1 "))
    people.revoke(next(m for m in stage.esa.memberships if m.organisation == stage.norrkoping), by=stage.adam.id)
    db.session.commit()
    expect(page.locator("#numbers")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text("finns inte")


def test_a_silent_server_is_told_of_and_comes_back_by_itself(new_context: Any, page: Page, tmp_path: Path) -> None:
    """A leader's page and a wallboard outlive a restart; and the wall loads itself anew for another version."""
    wall = page
    with serving(tmp_path) as server, staged(server.app) as cast:
        secret = server.app.config["SECRET_KEY"]
        made = walls.make(cast.spring, cast.norrkoping, "", "sv", secret)
        leader = watching(new_context, server.url, cast.bo, f"/campaigns/{cast.spring.id}")
        wall.clock.install()
        wall.goto(f"{server.url}/wall/{walls.token(made, secret)}")
        for one in (leader, wall):
            one.evaluate("() => { window.isTheSamePage = true }")
        version = wall.locator(".wall-block").get_attribute("data-version")
        log(cast, cast.alva)
        db.session.commit()
        expect(figure(leader)).to_have_text(re.compile("^1 "))
        expect(leader.locator("#live-age")).to_be_empty()
        server.stop()
        expect(leader.get_by_role("status").filter(has_text="Servern svarar inte.")).to_be_visible()
        expect(leader.locator("#live-age")).to_have_text(re.compile(r"^Siffrorna uppdaterades för \d+ s sedan\.$"))
        expect(wall.locator(".wall-silence")).to_contain_text("Servern svarar inte. Siffrorna uppdaterades för")
        log(cast, cast.alva)
        db.session.commit()
        with serving(tmp_path, port=int(server.url.rpartition(":")[2])):
            # Else it may be a while until the next try.
            leader.evaluate("() => dispatchEvent(new Event('online'))")
            wall.clock.fast_forward(60_000)
            expect(figure(leader)).to_have_text(re.compile("^2 "))
            expect(leader.locator("#live-age")).to_be_empty()
            expect(leader.locator("#live-state")).to_be_empty()
            expect(wall.locator(".wall-number")).to_have_text("2")
            expect(wall.locator(".wall-silence")).to_have_text("")
            assert leader.evaluate("() => window.isTheSamePage")
            assert wall.evaluate("() => window.isTheSamePage")
            cast.spring.name = "Sommarkampanjen"
            db.session.commit()
            expect(wall.locator(f'.wall-block:not([data-version="{version}"])')).to_be_visible()
            wall.clock.fast_forward(60_000)
            expect(wall.get_by_role("heading", name="Sommarkampanjen")).to_be_visible()
            leader.context.close()


def test_without_scripts_there_is_a_link(stage: Cast, open_as: Open) -> None:
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}?at={stage.hageby.id}", java_script_enabled=False)
    expect(page.get_by_text(re.compile(r"Siffrorna är från \d+ \w+\.? \d{4} \d\d:\d\d\."))).to_be_visible()
    log(stage, stage.alva)
    db.session.commit()
    page.get_by_role("link", name="Uppdatera").click()
    expect(figure(page)).to_have_text("1")


# What headless Chromium never does by itself.
BECOME = """(state) => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
MARK = """() => getSelection().selectAllChildren(document.activeElement)"""
