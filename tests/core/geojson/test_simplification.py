"""Outlines come out with fewer corners, moved by less than a phone sees, and neighbours fit each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from canvass.core.geojson.outlines import ground, simplified
from tests.core.geojson.files import Ring, collection, districts, feature, in_metres, in_sweref, only, read

# Rounding to five decimals moves a corner by this much at most.
ROUNDING = 0.65


def outline(*rings: Ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def simple(*outlines: dict[str, Any]) -> list[dict[str, Any]]:
    return simplified([ground(each, None)[0] for each in outlines])


def round_about(reach: list[float], north: float = 60) -> Ring:
    """A ring round 15° E whose corners are so many degrees off, in equal turns."""
    turns = [2 * math.pi * i / len(reach) for i in range(len(reach))]
    ring = [[15 + 2 * r * math.cos(t), north + r * math.sin(t)] for t, r in zip(turns, reach, strict=True)]
    return [*ring, ring[0]]


def coast(count: int) -> Ring:
    """Bays and skerries, some ten kilometres across."""
    turns = [2 * math.pi * i / count for i in range(count)]
    return round_about([0.05 + 0.005 * math.sin(7 * t) + 0.0002 * math.sin(211 * t) for t in turns])


def square(side: float, west: float = 15, south: float = 60) -> Ring:
    return [[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]]


def moved(before: dict[str, Any], after: dict[str, Any]) -> float:
    """How many metres apart the two borders are at most."""
    return shapely.hausdorff_distance(in_metres(before).boundary, in_metres(after).boundary, densify=0.5)


def test_a_coast_is_moved_by_less_than_a_phone_is_wrong() -> None:
    before = outline(coast(5_000))
    (after,) = simple(before)
    (ring,) = after["coordinates"]
    assert len(ring) < 2_000
    assert ring[0] == ring[-1]
    assert moved(before, after) < 5


def test_a_circle_of_two_thousand_corners_keeps_a_hundred_and_its_place() -> None:
    ring = round_about([0.01] * 2_000, north=58.57)
    after = only(collection(feature(ring=ring))).geometry
    assert len(after["coordinates"][0]) < 150
    assert moved(outline(ring), after) < 1 + ROUNDING


def test_a_straight_street_loses_the_corners_that_are_none() -> None:
    street = [[15 + i / 10_000, 60.0] for i in range(51)] + [[15.005, 60.001], [15.0, 60.001], [15.0, 60.0]]
    (after,) = simple(outline(street))
    assert len(after["coordinates"][0]) == 5
    assert shape(after).normalize() == shape(outline([*street[:1], *street[50:]])).normalize()


# --- shared borders -----------------------------------------------------------------------------------------


def test_neighbours_fit_each_other_to_the_last_decimal() -> None:
    before = districts()
    after = [shape(each) for each in simple(*map(outline, before))]
    assert sum(map(shapely.get_num_coordinates, after)) < 0.6 * sum(map(len, before))
    assert shapely.coverage_is_valid(after)
    whole = shapely.union_all(after)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors, "gaps between neighbours"
    for one, other in combinations(after, 2):
        assert one.intersection(other).area == 0


@pytest.mark.parametrize("written", [list, in_sweref])
def test_they_do_in_either_system_and_whichever_way_they_run(written: Callable[[Ring], Ring]) -> None:
    features = [feature(str(number), ring=written(ring)) for number, ring in enumerate(districts())]
    features[4]["geometry"]["coordinates"][0].reverse()
    after = [shape(each.geometry) for each in read(collection(*features)).features]
    assert len(after) == 9
    assert shapely.coverage_is_valid(after)


def test_an_island_fits_the_hole_it_lies_in() -> None:
    lake = [[x - 0.01, y - 0.02] for x, y in round_about([0.004 + 0.0004 * math.sin(40 * i) for i in range(400)])]
    land = square(0.06, west=14.96, south=59.95)
    around, island = (shape(each) for each in simple(outline(land, lake[::-1]), outline(lake)))
    assert shapely.get_num_coordinates(island) < 390
    assert around.intersection(island).area == 0
    assert not shapely.union_all([around, island]).interiors


def test_neighbours_that_overlap_come_out_valid_and_in_place() -> None:
    """Hand-drawn maps do: each outline keeps its own border then."""
    one, other = (outline(ring) for ring in districts()[:2])
    over = outline([[x, y - 0.0003] for x, y in other["coordinates"][0]])
    for before, after in zip((one, over), simple(one, over), strict=True):
        assert shape(after).is_valid
        assert moved(before, after) < 5


def test_an_outline_that_simplification_would_spoil_is_left_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is known, but GEOS promises nothing about outlines that overlap."""
    bow_tie = shapely.Polygon([(500_000, 6_500_000), (500_100, 6_500_100), (500_100, 6_500_000), (500_000, 6_500_100)])
    monkeypatch.setattr(shapely, "coverage_simplify", lambda whole, tolerance: np.array([bow_tie] * len(whole)))
    (after,) = simple(outline(square(0.01)))
    assert shape(after).normalize() == shape(outline(square(0.01))).normalize()


def test_the_same_ground_twice_comes_out_twice() -> None:
    first, second = simple(outline(coast(500)), outline(coast(500)))
    assert first == second
    assert shape(first).is_valid


# --- what must not be lost ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 60), st.floats(0.5, 60))
def test_what_was_valid_stays_valid(seed: int, count: int, size: float) -> None:
    reach = [size / 15 * (0.0004 + 0.0003 * math.sin(seed * (i + 1) ** 2)) for i in range(count)]
    before = outline(round_about(reach))
    assume(in_metres(before).is_valid)
    assume(in_metres(before).area > 1)
    (after,) = simple(before)
    assert shape(after).is_valid
    assert not shape(after).is_empty
    for rings in after["coordinates"] if after["type"] == "MultiPolygon" else [after["coordinates"]]:
        assert all(ring[0] == ring[-1] for ring in rings)


def test_a_shore_that_would_cut_a_hole_is_left_finer() -> None:
    # A hole reaches up beneath a bulge of four metres in the shore: with the bulge cut off it would lie outside.
    bulge = [[15.001, 60.001], [15.0005, 60.00104], [15, 60.001]]
    hole = [[15.0004, 60.0009], [15.0005, 60.00102], [15.0006, 60.0009], [15.0004, 60.0009]]
    before = outline([*([15 + i / 10_000, 60.0] for i in range(11)), *bulge, [15, 60]], hole)
    assert shape(before).is_valid
    (after,) = simple(before)
    assert shape(after).is_valid
    # No finer than it must be: the straight south coast has lost its corners.
    assert len(after["coordinates"][0]) == 6


def test_a_neck_that_closes_when_rounded_parts_the_ground() -> None:
    """Two squares of a kilometre with a road of twenty centimetres between them."""
    narrow = 1e-6
    ring: Ring = [
        *[[15.0, 60], [15.02, 60], [15.02, 60.004999], [15.03, 60.004999], [15.03, 60], [15.05, 60]],
        *[[15.05, 60.01], [15.03, 60.01], [15.03, 60.004999 + narrow], [15.02, 60.004999 + narrow]],
        *[[15.02, 60.01], [15.0, 60.01], [15.0, 60]],
    ]
    (after,) = simple(outline(ring))
    assert (after["type"], len(after["coordinates"])) == ("MultiPolygon", 2)
    assert shape(after).is_valid


def test_ground_smaller_than_the_rounding_is_kept_and_such_a_well_or_skerry_beside_it_is_not() -> None:
    land, speck = square(0.01), square(0.0000035, west=15.002001, south=60.002001)
    (after,) = simple(outline(speck))
    assert shape(after).is_valid
    assert shape(after).area > 0
    skerry = [[x + 0.1, y] for x, y in speck]
    for whole in (outline(land, speck), {"type": "MultiPolygon", "coordinates": [[land], [skerry]]}):
        (after,) = simple(whole)
        assert shape(after).normalize() == shape(outline(land)).normalize()


def test_corners_are_rounded_to_what_a_phone_can_use() -> None:
    (after,) = simple(outline(coast(300)))
    assert np.array_equal(np.round(after["coordinates"][0], 5), after["coordinates"][0])
