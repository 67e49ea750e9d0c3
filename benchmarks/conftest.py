"""Measurements run on the tests' own stage."""

from tests.browser.conftest import browser_type_launch_args, live, open_as, phone, stage
from tests.conftest import folder

__all__ = ["browser_type_launch_args", "folder", "live", "open_as", "phone", "stage"]
