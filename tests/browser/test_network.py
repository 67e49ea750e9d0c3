"""The browser reaches no other machine either."""

from __future__ import annotations

import pytest
from playwright.sync_api import Error, Page


@pytest.mark.parametrize("address", ["http://192.0.2.1/", "http://canvass.example/", "http://[2001:db8::1]/"])
def test_a_page_on_another_machine_is_not_found(page: Page, address: str) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto(address)
