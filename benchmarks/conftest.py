"""Measurements use the fixtures of the browser tests."""

from tests.browser.conftest import browser_type_launch_args, live, new_context, open_as, phone, stage
from tests.conftest import chromium, folder

__all__ = ["browser_type_launch_args", "chromium", "folder", "live", "new_context", "open_as", "phone", "stage"]
