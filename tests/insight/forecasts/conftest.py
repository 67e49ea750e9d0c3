"""Forecasts are read in Swedish."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from canvass.core import i18n


@pytest.fixture(autouse=True)
def swedish() -> Iterator[None]:
    with i18n.speaking("sv"):
        yield
