"""Measurements use the fixtures of the browser tests."""

from tests.browser.conftest import browser_type_launch_args, live, open_as, phone, stage
from tests.conftest import folder

__all__ = ["browser_type_launch_args", "folder", "live", "open_as", "phone", "stage"]
