"""Real Chromium against the real server, with the cast in its database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page

import canvass
from canvass.core import db, settings, state
from canvass.members import devices, sessions
from canvass.members.people import Person
from tests.cast import Cast, gather

PHONE = {"width": 390, "height": 844}
PATIENCE_SECONDS = 30


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium that app.py found, quiet and off the network; root has no sandbox."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CANVASS_TEST_CHROMIUM"),
        "args": [*quiet, "--disable-gpu", *(["--no-sandbox"] if not hasattr(os, "getuid") or os.getuid() == 0 else [])],
    }


@dataclass
class Live:
    """A running server, and the app in this process on the same database."""

    url: str
    app: Flask
    process: subprocess.Popen[bytes]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def serving(data: Path, *, port: int = 0, database_url: str = "", **variables: str) -> Iterator[Live]:
    """The product as `python3 app.py` serves it, on a free port unless one is named; `variables` of the environment."""
    port = port or free_port()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CANVASS_DATABASE_URL": database_url}
    environment |= variables
    command = [sys.executable, str(settings.ROOT / "app.py"), "--port", str(port), "--data", str(data)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/healthz", server)
        yield Live(url, canvass.create_app(DATA=data, DATABASE_URL=database_url), server)
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


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
        state.begin(app.config["DATA"], None)
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
    return page


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers. Raises AssertionError when it has ended, or after half a minute."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        assert server.poll() is None, f"the server ended with {server.returncode}"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"{url} did not answer")
