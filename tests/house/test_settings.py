"""Every setting is listed once, read where it is listed, and described in the README."""

from __future__ import annotations

import re

from canvass.core import settings
from canvass.core.settings import ROOT


def test_every_setting_stands_in_the_readme_and_nothing_else_does() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    said = set(re.findall(r"CANVASS_[A-Z_]+[A-Z]", readme))
    for_tests = {name for name in said if name.startswith("CANVASS_TEST_")}
    assert said - for_tests == {setting.variable for setting in settings.SETTINGS}


def test_no_code_reads_a_setting_that_is_none() -> None:
    known = {setting.variable for setting in settings.SETTINGS}
    for path in [ROOT / "app.py", *(ROOT / "canvass").rglob("*.py")]:
        named = set(re.findall(r"\bCANVASS_[A-Z_]*[A-Z]\b", path.read_text("utf-8")))
        assert {name for name in named if not name.startswith("CANVASS_TEST_")} <= known, path
