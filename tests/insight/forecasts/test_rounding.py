"""Intervals in round numbers: as round as they are wide, and never narrower than they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.insight.forecasts import rounding
from tests.insight.forecasts.ten_weeks import some


@pytest.mark.parametrize(
    ("interval", "rounded"),
    [
        ((4113, 4587), (4100, 4600)),
        ((12_340, 12_480), (12_340, 12_480)),
        ((37, 61), (35, 65)),
        ((5, 8), (5, 8)),
        ((7, 7), (7, 7)),
    ],
)
def test_an_interval_is_as_round_as_it_is_wide(interval: tuple[int, int], rounded: tuple[int, int]) -> None:
    assert rounding.rounded(*interval) == rounded


@some
@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_rounding_never_makes_an_interval_narrower_nor_undoes_the_result(so_far: int, more: int, width: int) -> None:
    low, high = rounding.rounded(so_far + more, so_far + more + width, so_far)
    assert so_far <= low <= so_far + more
    assert so_far + more + width <= high
    assert high - low <= 1.5 * width
