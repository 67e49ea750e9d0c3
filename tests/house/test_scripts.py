"""The logging screen's scripts: queue rules never touch the page, and the screen decides nothing about the queue."""

from __future__ import annotations

import posixpath
import re

from flask import Flask

from canvass.core.settings import ROOT
from tests.conftest import browser
from tests.house.source import files

PAGE = re.compile(
    r'getElementById|querySelector|createElement|textContent|innerHTML|\.(hidden|append|dataset)\b|"\.\./'
)
DATABASE = re.compile(r"indexedDB|IDB\w+|queue/(database|exchange|outboxfile)\.js")
IMPORTED = re.compile(r'(?:from|import) "(\.[^"]+)"')


def touches_the_page(script: str) -> bool:
    return bool(PAGE.search(script))


def touches_the_database(script: str) -> bool:
    return bool(DATABASE.search(script))


def test_queue_rules_never_touch_the_page() -> None:
    queue = files("static/js/phone/queue", kind="js")
    assert queue
    assert [path for path in queue if touches_the_page(path.read_text("utf-8"))] == []


def test_the_screen_reaches_the_queue_through_the_outbox_alone() -> None:
    screen = files("static/js/phone/screen", kind="js")
    assert screen
    assert [path for path in screen if touches_the_database(path.read_text("utf-8"))] == []


def test_these_rules_find_what_breaks_them() -> None:
    assert touches_the_page('document.getElementById("queue").hidden = true;')
    assert touches_the_page('import { say } from "../screen/page.js";')
    assert touches_the_page('const { say } = await import("../screen/page.js");')
    assert not touches_the_page('import { ask } from "./database.js";')
    assert touches_the_database('import { groups } from "../queue/exchange.js";')
    assert touches_the_database('indexedDB.open("canvass");')
    assert not touches_the_database('import { open } from "../queue/outbox.js";')


def test_the_logging_screen_asks_for_all_of_its_modules_at_once(app: Flask) -> None:
    """One that is not preloaded is found only when the module that imports it has come: a round trip more."""
    page = browser(app).get("/log").text
    preloaded = re.findall(r'<link rel="modulepreload" href="/static/([^"]+)">', page)
    found, waiting = set(), ["js/phone/screen/log.js"]
    while waiting:
        name = waiting.pop()
        for imported in IMPORTED.findall((ROOT / "static" / name).read_text("utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
            if path not in found:
                found.add(path)
                waiting.append(path)
    assert sorted(preloaded) == sorted(found)
