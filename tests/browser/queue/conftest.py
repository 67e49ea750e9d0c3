"""The test's own server, and a phone that talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.queue.server import QueueServer
from tests.browser.queue.tab import ALVA, Tab


@pytest.fixture(scope="session")
def one_server() -> Iterator[QueueServer]:
    server = QueueServer()
    yield server
    server.stop()


@pytest.fixture
def server(one_server: QueueServer) -> Iterator[QueueServer]:
    one_server.reset()
    yield one_server
    one_server.let_go.set()
    assert one_server.mistakes == []


@pytest.fixture
def tab(page: Page, server: QueueServer) -> Tab:
    """Alva's phone."""
    tab = Tab(page, server.url)
    tab.sign_in(ALVA)
    return tab
