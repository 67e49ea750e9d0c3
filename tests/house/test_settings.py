"""Every setting is listed once, read where it is listed, and described in the README."""

from __future__ import annotations

import re

from canvass.core import settings
from canvass.core.settings import ROOT
from tests.house.source import files


def named(text: str) -> set[str]:
    """The settings a text speaks of, but for those of the tests."""
    return {name for name in re.findall(r"\bCANVASS_[A-Z_]*[A-Z]\b", text) if not name.startswith("CANVASS_TEST_")}


def known() -> set[str]:
    return {setting.variable for setting in settings.SETTINGS}


def test_the_readme_has_every_setting_and_no_other() -> None:
    assert named((ROOT / "README.md").read_text("utf-8")) == known()


def test_no_code_reads_a_setting_that_is_none() -> None:
    assert {
        path: unknown
        for path in [ROOT / "app.py", *files("canvass")]
        if (unknown := named(path.read_text("utf-8")) - known())
    } == {}


def test_a_setting_that_is_none_is_found() -> None:
    assert named('os.environ["CANVASS_SPEED"], CANVASS_TEST_CHROMIUM') - known() == {"CANVASS_SPEED"}
