"""Real Chromium against the real server, with the cast in its database."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, TimeoutError, ViewportSize, expect

import canvass
from canvass.core import db, settings, state
from canvass.members import devices, sessions
from canvass.members.people import Person
from tests.cast import Cast, gather
from tests.chromium import ARGUMENTS
from tests.conftest import PATIENCE, disposing

T = TypeVar("T")
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], chromium: str) -> dict[str, Any]:
    """The Chromium that app.py found, off the network."""
    return {**browser_type_launch_args, "executable_path": chromium, "args": ARGUMENTS}


@pytest.fixture
def new_context(new_context: Callable[..., BrowserContext]) -> Callable[..., BrowserContext]:
    """As pytest-playwright's, but patient."""

    def make(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.set_default_timeout(PATIENCE * 1000)
        return context

    return make


@pytest.fixture(scope="session", autouse=True)
def _chromium_first(chromium: str) -> None:
    """Without a browser nothing is started in vain; with one, everything is waited for patiently."""
    expect.set_options(timeout=PATIENCE * 1000)


@dataclass
class Live:
    """A running server, and the app in this process on the same database."""

    url: str
    app: Flask
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """Stop it as its host does, and wait until it has ended."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()


@contextmanager
def serving(data: Path, *, port: int = 0, database_url: str = "", **variables: str) -> Iterator[Live]:
    """The product as `python3 app.py` serves it, on a free port unless one is named; `variables` of the environment."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CANVASS_DATABASE_URL": database_url}
    environment |= variables
    command = [sys.executable, str(settings.ROOT / "app.py"), "--port", str(port), "--data", str(data)]
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process,
        disposing(canvass.create_app(DATA=data, DATABASE_URL=database_url)) as app,
    ):
        server = Live("", app, process)
        try:
            server.url = address_of(process)
            yield server
        finally:
            server.stop()


def address_of(server: subprocess.Popen[str]) -> str:
    """The address that the server prints when it can be reached. Raises AssertionError when it ends instead."""
    giving_up = threading.Timer(PATIENCE, server.kill)
    giving_up.start()
    try:
        assert server.stdout
        said = server.stdout.readline()
    finally:
        giving_up.cancel()
    assert said.startswith("Canvass on http://"), f"the server said {said!r}"
    return said.split()[-1]


@pytest.fixture(scope="session")
def live(folder: Path) -> Iterator[Live]:
    """A server with its own data, for all tests that leave it running."""
    with serving(folder / "live") as server:
        yield server


@pytest.fixture
def stage(live: Live) -> Iterator[Cast]:
    """The cast, alone in the live server's database. Commit after reading: on SQLite a reader holds writers up."""
    with staged(live.app) as found:
        yield found


@contextmanager
def staged(app: Flask) -> Iterator[Cast]:
    """The cast, alone in the app's database, inside an app context."""
    with app.app_context():
        for table in reversed(db.Base.metadata.sorted_tables):
            db.session.execute(table.delete())
        state.begin(app.config["DATA"])
        found = gather()
        db.session.commit()
        yield found
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def open_as(live: Live, stage: Cast, new_context: Any) -> Callable[..., Page]:
    """`open_as(stage.bo, "/campaigns")` opens a page in a browser of Bo's; more keywords go to the browser context."""

    def open_page(person: Person | None, path: str, **options: Any) -> Page:
        context: BrowserContext = new_context(base_url=live.url, locale="sv-SE", viewport=PHONE, **options)
        if person is not None:
            cookies = {
                "canvass_session": sessions.start(person, "Test")[1],
                "canvass_device": devices.add(person),
            }
            db.session.commit()
            context.add_cookies([{"name": name, "value": value, "url": live.url} for name, value in cookies.items()])
        page = context.new_page()
        page.goto(path)
        return page

    return open_page


@pytest.fixture
def phone(stage: Cast, open_as: Callable[..., Page]) -> Page:
    """Alva's phone on the logging screen, with the campaign loaded."""
    page = open_as(stage.alva, "/log", has_touch=True)
    page.get_by_role("button", name="Samtal", exact=True).wait_for()
    expect(page.locator("#count")).not_to_be_empty()  # what the server knows is on the phone
    return page


def comes_true(page: Page, ask: Callable[[], T], expected: T) -> None:
    """Until `ask` answers what is expected; it is asked again after each answer that the page gets from the server."""
    while (found := ask()) != expected:
        try:
            page.wait_for_event("response")
        except TimeoutError:
            raise AssertionError(f"{found!r}, not {expected!r}") from None
