"""The wallboard on its screen: it follows the phones, is read from afar, and stays as light as it began."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from canvass.core import db
from canvass.fieldwork import targets
from canvass.insight import walls
from canvass.insight.walls import Wall
from tests.browser.conftest import Live
from tests.browser.frames import Frames
from tests.cast import Cast, log

PROJECTOR: ViewportSize = {"width": 1920, "height": 1080}


@pytest.fixture
def wall(live: Live, stage: Cast) -> Wall:
    """The wall of Norrköping's spring campaign, of which it has a target of 8."""
    targets.agree(stage.spring, stage.norrkoping, 8)
    return walls.make(stage.spring, stage.norrkoping, "", "sv", live.app.config["SECRET_KEY"])


@pytest.fixture
def screen(live: Live, wall: Wall, open_as: Callable[..., Page]) -> Page:
    """A projector that shows it."""
    address = f"/wall/{walls.token(wall, live.app.config['SECRET_KEY'])}"
    db.session.commit()
    page = open_as(None, address)
    page.set_viewport_size(PROJECTOR)
    page.evaluate("() => { window.isTheSamePage = true }")
    return page


def test_the_number_climbs_as_phones_send_and_the_screen_goes_blank_when_its_link_is_withdrawn(
    stage: Cast, wall: Wall, screen: Page
) -> None:
    number, news = screen.locator(".wall-number"), screen.locator(".wall-news")
    expect(number).to_have_text("0")
    log(stage, stage.alva, number=3)
    db.session.commit()
    expect(number).to_have_text("3")
    expect(news).to_have_text("Idag nådde vi en fjärdedel av målet!")
    expect(screen.locator("main")).to_contain_class("celebrating")
    log(stage, stage.dag, number=5)
    db.session.commit()
    expect(number).to_have_text("8")
    expect(news).to_have_text("Idag nådde vi målet!")
    assert screen.evaluate("() => window.isTheSamePage")
    walls.withdraw(wall, by=stage.bo)
    db.session.commit()
    gone = "Den här länken gäller inte längre."
    expect(screen.get_by_role("main")).to_contain_text(gone)
    assert screen.locator("script").count() == 0  # nothing is left that could ask again


@pytest.mark.parametrize("talked", [7, 3412, 1_612_345])
def test_it_is_read_from_ten_metres(stage: Cast, wall: Wall, screen: Page, talked: int) -> None:
    """Digits of a fifth of the height, nothing below a 45th of it, and all of it on the screen."""
    screen.locator(".wall-number").evaluate(SHOW, f"{talked:,}".replace(",", "\u202f"))
    for width, height in ((1920, 1080), (1280, 720), (3840, 2160), (1024, 768)):
        screen.set_viewport_size({"width": width, "height": height})
        seen = screen.evaluate(MEASURE)
        assert seen["smallest"] >= 0.022 * height
        assert seen["outside"] == []
        assert seen["digits"] >= (0.2 if width / height > 1.5 else 0.16) * height


def test_hundreds_of_updates_leave_no_more_behind_than_one(screen: Page, wall: Wall) -> None:
    """What a day of them does is measured in benchmarks/test_wall.py."""
    frames = Frames(screen)
    frames.send(20)
    before = frames.weigh()
    frames.send(200)
    after = frames.weigh()
    assert (after.nodes, after.listeners) == (before.nodes, before.listeners)


# As the server writes a number of so many digits: the number's class and the block's.
SHOW = """(number, text) => {
  const digits = text.replace(/\\D/g, "").length;
  number.firstChild.data = text;
  number.closest(".wall-block").className = `wall-block wall-digits-${digits}${digits > 5 ? " wall-wide" : ""}`;
}"""
MEASURE = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let smallest = Infinity;
  const outside = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const owner = node.parentElement;
    if (!node.data.trim() || owner.closest("noscript, title, desc")) continue;
    smallest = Math.min(smallest, parseFloat(getComputedStyle(owner).fontSize));
    const range = document.createRange();
    range.selectNodeContents(node);
    const { left, right } = range.getBoundingClientRect();
    if (left < 0 || right > innerWidth) outside.push(node.data.trim());
  }
  const way = document.querySelector(".wall-way").getBoundingClientRect();
  if (way.bottom > innerHeight) outside.push("the bottom");
  const number = document.querySelector(".wall-number");
  const style = getComputedStyle(number);
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  return { smallest, outside, digits: pen.measureText("8").actualBoundingBoxAscent };
}"""
