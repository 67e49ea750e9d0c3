"""When a live block connects, and what the page says meanwhile; answers and clock are the test's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Error, Locator, Page, Request, Route, expect

from canvass.core import db
from tests.browser.test_live import BECOME
from tests.cast import Cast, log

Open = Callable[..., Page]
LOST = "Servern svarar inte."


class Stream:
    """Answers instead of the server: `answer` is a status, a block's text, or None to leave the question unanswered."""

    def __init__(self, page: Page, path: str) -> None:
        self.page, self.path = page, path
        self.answer: int | str | None = ""
        self.mutes = False  # an answer without any event
        self.asked: list[str] = []  # each question, as "stream" or "part"
        self.open: set[Request] = set()  # those that have been sent and will be answered
        self.held: list[Route] = []
        self.taken_back = 0
        page.clock.install()
        page.on("request", self._begun)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)
        page.route("**/live?*", self._answer)

    def _begun(self, request: Request) -> None:
        if request.resource_type == "fetch":
            self.asked.append("stream" if "/live" in request.url else "part")
            if self.answer is not None:
                self.open.add(request)

    def _ended(self, request: Request) -> None:
        self.open.discard(request)
        self.taken_back += "/live" in request.url and request.failure is not None

    def _answer(self, route: Route) -> None:
        if self.answer is None:
            self.held.append(route)
        elif isinstance(self.answer, int):
            route.fulfill(status=self.answer, body="<p>not the block</p>", content_type="text/html")
        elif self.mutes:
            route.fulfill(body="", content_type="text/event-stream")
        else:
            route.fulfill(body=f"data: <p>{self.answer}</p>\n\n", content_type="text/event-stream")

    def visit(self) -> None:
        """Open the page."""
        self.page.goto(self.path)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Let the page's clock run, for ten minutes at most, and stand still while a question is answered."""
        seconds = 0.0
        while not is_so():
            assert seconds < 600
            if self.open:
                self.page.evaluate("() => 0")  # lets Playwright handle it
            else:
                self.page.clock.run_for(500)
                seconds += 0.5


@pytest.fixture
def stream(stage: Cast, open_as: Open) -> Iterator[Stream]:
    """The stream of the campaign's page, which is about to be opened."""
    stream = Stream(open_as(stage.bo, "/me"), f"/campaigns/{stage.spring.id}?at={stage.norrkoping.id}")
    yield stream
    for route in stream.held:
        with suppress(Error):  # the page has taken its question back
            route.abort()


@pytest.fixture
def block(stream: Stream) -> Locator:
    """The block on that page."""
    return stream.page.locator("#numbers")


def lost(stream: Stream) -> Locator:
    return stream.page.locator("#live-state")


def test_a_tab_that_is_opened_in_the_background_waits_until_it_is_looked_at(stream: Stream, block: Locator) -> None:
    stream.answer = "seen"
    stream.page.add_init_script(f"({BECOME})('hidden')")
    stream.visit()
    stream.page.clock.run_for(60_000)
    assert stream.asked == []
    stream.page.evaluate(BECOME, "visible")
    expect(block).to_have_text("seen")


def test_a_tab_that_is_hidden_while_it_connects_holds_no_connection(stream: Stream, block: Locator) -> None:
    stream.answer = None
    stream.visit()
    stream.until(lambda: stream.asked == ["stream"])
    stream.page.evaluate(BECOME, "hidden")
    stream.until(lambda: stream.taken_back == 1)
    stream.page.clock.run_for(60_000)
    assert stream.asked == ["stream"]
    stream.answer = "seen"
    stream.page.evaluate(BECOME, "visible")
    stream.until(lambda: len(stream.asked) > 1)
    expect(block).to_have_text("seen")


def test_a_first_answer_that_fails_is_told_and_asked_for_again(stream: Stream, block: Locator) -> None:
    stream.answer = 503
    stream.visit()
    expect(lost(stream)).to_have_text(LOST)
    expect(block).not_to_contain_text("not the block")
    stream.until(lambda: len(stream.asked) > 3)
    stream.answer = "seen"
    stream.until(lambda: block.inner_text() == "seen")
    expect(lost(stream)).to_be_empty()


def test_a_server_that_says_nothing_is_given_up_and_asked_again(stream: Stream, block: Locator) -> None:
    stream.answer = None
    stream.visit()
    stream.page.clock.run_for(20_000)
    expect(lost(stream)).to_be_empty()
    stream.until(lambda: stream.taken_back == 1)
    expect(lost(stream)).to_have_text(LOST)
    stream.answer = "seen"
    stream.until(lambda: block.inner_text() == "seen")
    expect(lost(stream)).to_be_empty()


def test_a_server_without_streams_is_asked_for_the_block_every_few_seconds(
    stage: Cast, stream: Stream, block: Locator
) -> None:
    stream.answer = 204
    stream.visit()
    stream.until(lambda: len(stream.asked) >= 4)
    assert stream.asked[:4] == ["stream", "part"] * 2
    log(stage, stage.alva)
    db.session.commit()
    stream.until(lambda: block.locator(".figure-value").first.inner_text().startswith("1 "))
    expect(lost(stream)).to_be_empty()


@pytest.mark.parametrize("swallowed", [None, ""], ids=["silent", "cut off"])
def test_streams_that_are_swallowed_on_the_way_are_replaced_by_questions(
    stage: Cast, stream: Stream, block: Locator, swallowed: str | None
) -> None:
    """As by a virus scanner or a company's proxy, which pass everything else on."""
    stream.answer = swallowed
    stream.mutes = True
    stream.visit()
    stream.until(lambda: "part" in stream.asked)
    assert stream.asked == ["stream", "stream", "part"]
    stream.until(lambda: not lost(stream).inner_text())
    log(stage, stage.alva)
    db.session.commit()
    stream.until(lambda: block.locator(".figure-value").first.inner_text().startswith("1 "))
    expect(stream.page.locator("#live-age")).to_be_empty()
    assert stream.asked.count("stream") == 2
    stream.page.clock.run_for(12 * 60_000)
    assert stream.asked.count("stream") == 2
    stream.answer, stream.mutes = "heard again", False
    stream.until(lambda: block.inner_text() == "heard again")


def test_numbers_from_before_the_page_was_hidden_say_how_old_they_are(stream: Stream, block: Locator) -> None:
    stream.answer = "old"
    stream.visit()
    expect(block).to_have_text("old")
    stream.page.evaluate(BECOME, "hidden")
    stream.page.clock.run_for(120_000)
    stream.answer = None
    stream.page.evaluate(BECOME, "visible")
    stream.page.clock.run_for(2_000)
    expect(stream.page.locator("#live-age")).to_have_text("Siffrorna uppdaterades för 2 min sedan.")
    stream.answer = "new"
    stream.until(lambda: block.inner_text() == "new")
    expect(stream.page.locator("#live-age")).to_be_empty()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
@pytest.mark.parametrize("first", ["seen", 503])
def test_a_page_that_may_be_seen_no_more_is_loaded_anew(stream: Stream, first: int | str, status: int) -> None:
    stream.answer = first
    stream.visit()
    stream.until(lambda: bool(stream.asked))
    stream.page.evaluate("() => { window.isSamePage = true }")
    stream.answer, before = status, len(stream.asked)
    stream.until(lambda: len(stream.asked) > before)
    stream.page.wait_for_function("() => !window.isSamePage")


def test_a_block_that_a_form_has_replaced_is_kept_up_to_date_as_well(stream: Stream, block: Locator) -> None:
    stream.answer = "first"
    stream.visit()
    expect(block).to_have_text("first")
    stream.page.evaluate(
        "() => { const old = document.getElementById('numbers'); old.replaceWith(old.cloneNode(true)); }"
    )
    stream.answer = "second"
    stream.until(lambda: block.inner_text() == "second")
