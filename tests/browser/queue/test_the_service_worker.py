"""The service worker: the screen opens without a network, in one version."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Page

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA


def publish(server: QueueServer, version: str) -> None:
    """A shell whose page, script and imported module each say which version they are of."""
    server.version = version
    server.shell = ["/log", "/static/screen.js?v=0", "/static/part.js"]
    server.pages["/log"] = (
        "text/html",
        f'<!doctype html><html data-page="{version}"><title>log</title>'
        '<script type="module" src="/static/screen.js?v=0"></script></html>',
    )
    server.pages["/static/screen.js"] = (
        "text/javascript",
        "import { part } from './part.js';"
        f"document.documentElement.dataset.script = '{version}';"
        "document.documentElement.dataset.part = part;",
    )
    server.pages["/static/part.js"] = ("text/javascript", f"export const part = '{version}';")


def seen(page: Page) -> set[str]:
    page.wait_for_function("() => document.documentElement.dataset.part")
    return set(page.evaluate("() => Object.values({ ...document.documentElement.dataset })"))


def install(page: Page) -> None:
    """Until the worker has what it needs; the page itself is not under it yet."""
    page.evaluate(
        "async () => { navigator.serviceWorker.register('/service-worker.js'); await navigator.serviceWorker.ready; }"
    )


def test_the_screen_opens_cold_without_a_network_from_the_second_visit_on(
    context: BrowserContext, page: Page, server: QueueServer
) -> None:
    publish(server, "1")
    page.goto(server.url + "/log")
    install(page)
    assert not page.evaluate("() => Boolean(navigator.serviceWorker.controller)")
    page.close()
    server.is_down = True
    cold = context.new_page()
    cold.goto(server.url + "/log?from=home")
    assert seen(cold) == {"1"}
    cold.goto(server.url + "/")
    assert cold.url == server.url + "/log"
    with pytest.raises(Error, match="ERR_EMPTY_RESPONSE"):
        cold.goto(server.url + "/campaigns")


def test_other_pages_say_that_there_is_no_network_when_the_shell_has_a_page_for_it(
    page: Page, server: QueueServer
) -> None:
    publish(server, "1")
    server.shell += ["/offline", "/static/look.css"]
    server.pages["/offline"] = (
        "text/html",
        '<!doctype html><link rel="stylesheet" href="/static/look.css"><h1>No network</h1>',
    )
    server.pages["/static/look.css"] = ("text/css", "h1 { color: rgb(1, 2, 3); }")
    server.pages["/campaigns"] = ("text/html", "<!doctype html><h1>Campaigns</h1>")
    page.goto(server.url + "/log")
    install(page)
    page.goto(server.url + "/campaigns")
    assert page.text_content("h1") == "Campaigns"
    server.is_down = True
    page.goto(server.url + "/campaigns")
    assert page.text_content("h1") == "No network"
    assert page.evaluate("() => getComputedStyle(document.querySelector('h1')).color") == "rgb(1, 2, 3)"


def test_posts_and_everything_else_pass_the_worker_by(page: Page, server: QueueServer) -> None:
    publish(server, "1")
    server.pages["/campaigns"] = ("text/html", '<!doctype html><script src="/static/part.js" type="module"></script>')
    server.person = ALVA
    page.goto(server.url + "/log")
    install(page)
    answered: list[tuple[str, str, bool]] = []
    page.on(
        "response",
        lambda r: answered.append((r.request.method, r.url.removeprefix(server.url), r.from_service_worker)),
    )
    page.goto(server.url + "/log")
    assert seen(page) == {"1"}
    assert answered == [("GET", address, True) for address in server.shell]

    answered.clear()
    took = """async () => {
      const took = [];
      for (const path of ['/log', '/', '/static/part.js', '/api/v1/sync/echo']) {
        const answer = await fetch(path, { method: 'POST', body: 'x'.repeat(9999) });
        took.push((await answer.json()).took);
      }
      await fetch('/api/v1/hello');
      await fetch('/static/js/phone/queue/operations.js');
      return took;
    }"""
    assert page.evaluate(took) == [9999] * 4
    # A page that is not the screen gets its scripts from the network, those of the shell too.
    server.pages["/static/part.js"] = ("text/javascript", "document.title = 'from the network';")
    page.goto(server.url + "/campaigns")
    page.wait_for_function("() => document.title === 'from the network'")
    assert [address for _, address, by_worker in answered if by_worker] in ([], ["/static/part.js"])
    assert len(answered) == 8


# Asks for the new worker, and gives the state it ends in.
UPDATE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update().catch(() => {});
  const worker = registration.installing ?? registration.waiting;
  while (worker.state === 'installing') {
    await new Promise((done) => worker.addEventListener('statechange', done, { once: true }));
  }
  return worker.state;
}"""


def test_what_is_not_wholly_of_one_version_never_becomes_the_shell(page: Page, server: QueueServer) -> None:
    publish(server, "1")
    page.goto(server.url + "/log")
    install(page)

    def replaced() -> tuple[str, str]:
        server.version = "3"
        return "text/javascript", "export const part = '2';"

    wrong: dict[str, Any] = {
        "a captive portal's page": ("text/html", "<!doctype html><title>Welcome to the hotel</title>"),
        "a redirect to one": ("redirect", "/blank"),
        "another version from here on": replaced,
        "a script where the page should be": None,
    }
    for what, answer in wrong.items():
        publish(server, "2")
        server.pages["/log" if answer is None else "/static/part.js"] = answer or ("text/javascript", "")
        assert page.evaluate(UPDATE) == "redundant", what
        page.goto(server.url + "/log")
        assert seen(page) == {"1"}, what
    publish(server, "2")
    server.shell.append("/static/missing.js")
    assert page.evaluate(UPDATE) == "redundant"


def test_an_update_is_picked_up_whole_at_the_next_opening(page: Page, server: QueueServer) -> None:
    publish(server, "1")
    page.goto(server.url + "/log")
    install(page)
    page.goto(server.url + "/log")
    assert seen(page) == {"1"}
    publish(server, "2")
    assert page.evaluate(UPDATE) == "installed"
    # The page that is open stays what it is, and goes on getting the files it was made with.
    part = "async () => (await fetch('/static/part.js')).text()"
    assert {page.evaluate(part) for _ in range(5)} == {"export const part = '1';"}
    assert page.evaluate("async () => (await caches.keys()).length") == 2
    server.is_down = True
    page.goto(server.url + "/log")
    assert seen(page) == {"2"}
    assert page.evaluate("async () => (await caches.keys()).length") == 1
