"""Sends a wallboard's page updates as fast as it takes them, and measures what it keeps in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Page, Route


@dataclass(frozen=True)
class Weight:
    """What a page keeps in memory after a garbage collection."""

    heap: int  # bytes
    nodes: int
    listeners: int


class Frames:
    """Answers the page's stream instead of the server. The page and its scripts are the real ones."""

    def __init__(self, page: Page) -> None:
        self.page, self.sent = page, 0
        self.held: Route | None = None  # the page's open request
        self.block = page.locator("[data-live]").inner_html()
        self.address = page.url + "/live"
        page.route(self.address, self._hold)
        page.reload()
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("Performance.enable")

    def send(self, number: int) -> None:
        """Send so many different blocks. Returns when the page has shown them and asks for the stream again."""
        while self.held is None:
            self.page.evaluate("() => 0")  # lets Playwright handle the request
        frames = [self._frame(self.sent + count + 1) for count in range(number)]
        self.sent += number
        asked, self.held = self.held, None
        with self.page.expect_request(self.address, timeout=0):
            asked.fulfill(content_type="text/event-stream", body="".join(frames))

    def weigh(self) -> Weight:
        """Force a garbage collection and measure."""
        self.cdp.send("HeapProfiler.enable")
        self.cdp.send("HeapProfiler.collectGarbage")
        self.cdp.send("HeapProfiler.disable")
        found = {metric["name"]: int(metric["value"]) for metric in self.cdp.send("Performance.getMetrics")["metrics"]}
        return Weight(found["JSHeapUsedSize"], found["Nodes"], found["JSEventListeners"])

    def _hold(self, route: Route) -> None:
        self.held = route

    def _frame(self, number: int) -> str:
        """A block with its own number, bar and curve; every twentieth has a milestone instead of the sentence."""
        block = re.sub(r'data-count="\d+">[^<]*', f'data-count="{number}">{number}', self.block)
        block = re.sub(r'<progress value="\d+"', f'<progress value="{number % 5000}"', block)
        block = re.sub(r'(class="burn-up-result" d=")[^"]*', rf"\1M0,1000L{number % 1000},{900 - number % 800}", block)
        if number % 20 == 0:
            block = re.sub(r'<p class="wall-sentence">[^<]*', f'<p class="wall-news">{number}', block)
            block = block.replace("data-version=", f'data-news="{number}" data-version=')
        return "".join(f"data: {line}\n" for line in block.splitlines()) + "\n"
