"""How fast logging is and how much a phone loads. `python3 app.py test benchmarks/test_phone.py -s` prints it.

Not part of the suite: it measures, and asserts nothing about time.
"""

from __future__ import annotations

import statistics
from typing import Any

from playwright.sync_api import CDPSession, Page

from canvass.core import db
from canvass.members import sessions
from tests.browser.conftest import PHONE, Live
from tests.cast import Cast

SLOW = 6  # times slower than this machine: a cheap phone
TAPS = 30
LIMIT_MS = 100  # what feels immediate
LIMIT_BYTES = 60_000


def test_from_tap_to_saved(phone: Page) -> None:
    """Taps at full speed and slowed down take turns; each waits until the screen says that it is saved."""
    cdp = phone.context.new_cdp_session(phone)
    phone.evaluate(STOPWATCH)
    times: dict[int, list[float]] = {1: [], SLOW: []}
    for number in range(TAPS * 2):
        rate = (1, SLOW)[number % 2]
        cdp.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        times[rate].append(phone.evaluate("() => window.tapToSaved()"))
    print()
    for rate, found in times.items():
        median, worst = statistics.median(found), sorted(found)[int(len(found) * 0.95)]
        print(
            f"one tap to “Sparat”, CPU {rate}× slower: median {median:.0f} ms, 95 % below {worst:.0f} ms, "
            f"{median / LIMIT_MS:.2f} of the limit {LIMIT_MS} ms ({len(found)} taps)"
        )


def test_first_load(stage: Cast, live: Live, new_context: Any) -> None:
    """The bytes over the wire of the first load of the logging screen, and of the second."""
    context = new_context(viewport=PHONE, service_workers="block")
    token = sessions.start(stage.alva)[1]
    db.session.commit()
    context.add_cookies([{"name": "canvass_session", "value": token, "url": live.url}])
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    print()
    for visit in ("first", "second"):
        sizes = loaded(page, cdp, f"{live.url}/log")
        total = sum(sizes.values())
        print(f"{visit} load of /log: {total:,} bytes in {len(sizes)} requests, {total / LIMIT_BYTES:.2f} of the limit")
        for url, size in sorted(sizes.items(), key=lambda item: -item[1]):
            print(f"  {size:>7,}  {url.removeprefix(live.url)}")


def loaded(page: Page, cdp: CDPSession, url: str) -> dict[str, int]:
    """Bytes on the wire, headers included, by address."""
    urls: dict[str, str] = {}
    sizes: dict[str, int] = {}
    cdp.on("Network.requestWillBeSent", lambda e: urls.__setitem__(e["requestId"], e["request"]["url"]))
    cdp.on("Network.loadingFinished", lambda e: sizes.__setitem__(urls[e["requestId"]], int(e["encodedDataLength"])))
    cdp.send("Network.enable")
    page.goto(url, wait_until="networkidle")
    return sizes


# From the pointer's touch of the glass to the frame in which the screen says "sparat": measured in the page itself.
STOPWATCH = """() => {
  window.tapToSaved = () => new Promise((done) => {
    const said = document.getElementById("said");
    const button = [...document.querySelectorAll("button")].find((b) => b.textContent.trim() === "Samtal");
    said.textContent = "";
    const began = performance.now();
    const seen = new MutationObserver(() => {
      if (!said.textContent.includes("sparat")) return;
      seen.disconnect();
      requestAnimationFrame(() => done(performance.now() - began));
    });
    seen.observe(said, { childList: true, characterData: true, subtree: true });
    for (const kind of ["pointerdown", "pointerup", "click"])
      button.dispatchEvent(new PointerEvent(kind, { bubbles: true, cancelable: true, pointerId: 1 }));
  });
}"""
