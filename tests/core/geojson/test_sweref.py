"""SWEREF 99 TM, with the surveyors' check points and pyproj as the other opinion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.core.geojson.sweref import from_sweref, to_sweref
from tests.core.geojson.files import TO_SWEREF

longitudes = st.floats(10, 25)
latitudes = st.floats(54.5, 69.5)
some = settings(max_examples=100, deadline=None)


@pytest.mark.parametrize(
    ("latitude", "longitude", "northing", "easting"),
    [
        (55, 12.75, 6097106.672, 356083.438),
        (57, 19.5, 6326392.707, 773251.054),
        (59, 11.25, 6546096.724, 284626.066),
        (63, 19.5, 6993565.630, 727798.671),
        (67, 24, 7459745.672, 891298.142),
        (69, 21, 7666089.698, 739639.195),
    ],
)
def test_the_surveyors_own_check_points_agree_to_the_millimetre(
    latitude: float, longitude: float, northing: float, easting: float
) -> None:
    (metres,) = to_sweref(np.array([[longitude, latitude]], dtype=float))
    assert metres == pytest.approx((easting, northing), abs=0.0006, rel=0)


@some
@given(longitudes, latitudes)
def test_it_agrees_with_pyproj_to_a_thousandth_of_a_millimetre(longitude: float, latitude: float) -> None:
    (metres,) = to_sweref(np.array([[longitude, latitude]]))
    assert math.dist(metres, TO_SWEREF.transform(longitude, latitude)) < 1e-6


@some
@given(st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=5))
def test_there_and_back_again_is_the_same_place(places: list[tuple[float, float]]) -> None:
    # 1e-11 degrees are a thousandth of a millimetre.
    assert np.abs(from_sweref(to_sweref(np.array(places))) - places).max() < 1e-11
