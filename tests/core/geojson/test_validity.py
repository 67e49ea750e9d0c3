"""Polygons that touch themselves are made valid, those that cross themselves are refused with the place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LinearRing, Point, Polygon

from canvass.core.geojson import validity

# Few distinct corners, so that rings meet themselves and their edges run along each other often.
corners = st.tuples(st.integers(0, 6), st.integers(0, 6))
rings = st.lists(corners, min_size=3, max_size=9).map(lambda ring: [*ring, ring[0]])

Corners = Sequence[Sequence[float]]


def polygon(*rings: Corners, scale: float = 100) -> validity.Ground:
    """What these rings enclose, drawn with one unit to a hundred metres."""
    return validity.polygon([np.array(ring, dtype=float) * scale for ring in rings])


def crossing(*rings: Corners, scale: float = 100) -> Any:
    """Where the rings cross, in the drawing's units; None where they do not."""
    try:
        polygon(*rings, scale=scale)
    except validity.Crossing as crossing:
        return crossing.place / scale
    return None


def every_way(ring: Corners, spot: Sequence[float] = (0, 0)) -> Iterator[tuple[Corners, Sequence[float]]]:
    """A ring and a spot in it, turned and mirrored, run both ways from every corner."""
    for start in range(len(ring) - 1):
        run = [*ring[start:-1], *ring[: start + 1]]
        for direction, across, up, swap in product((1, -1), (1, -1), (1, -1), (False, True)):

            def moved(
                corner: Sequence[float], across: int = across, up: int = up, swap: bool = swap
            ) -> Sequence[float]:
                x, y = across * corner[0], up * corner[1]
                return (y, x) if swap else (x, y)

            yield [moved(corner) for corner in run[::direction]], moved(spot)


@pytest.mark.parametrize(
    ("ring", "spot"),
    [
        # A bow tie; then with a corner of one strand in its knot, of both, and of both on a slant.
        ([[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]], (1, 1)),
        ([[0, 0], [2, 2], [2, 0], [1, 1], [0, 2], [0, 0]], (1, 1)),
        ([[0, 0], [1, 1], [2, 2], [2, 0], [1, 1], [0, 2], [0, 0]], (1, 1)),
        ([[0, 0], [2, 2], [4, 4], [4, 3], [2, 2], [0, 1], [0, 0]], (2, 2)),
        # Through an upright edge, and through a bend from its inside out.
        ([[0, 0], [0, 4], [3, 4], [0, 2], [-3, 1], [-3, -1], [0, 0]], (0, 2)),
        ([[0, 0], [2, 2], [4, 0], [4, 4], [2, 4], [2, 2], [2, 0], [0, 0]], (2, 2)),
        ([[0, 0], [2, 2], [4, 0], [8, 0], [6, 3], [2, 2], [2, 0], [0, 0]], (2, 2)),
        # Twice round the same ground.
        ([[2, 0], [3, 1], [2, 2], [1, 1], [2, 0], [5, 1], [2, 5], [-1, 1], [2, 0]], (2, 0)),
    ],
)
def test_a_ring_that_crosses_itself_is_caught_where_it_does(ring: Corners, spot: Sequence[float]) -> None:
    for turned, place in every_way(ring, spot):
        for scale in (100, 5):
            assert crossing(turned, scale=scale) == pytest.approx(place)


@pytest.mark.parametrize("reach", [1, 2])
def test_ground_gone_round_twice_does_not_make_up_for_ground_gone_round_backwards(reach: int) -> None:
    """However the areas add up: the one is as large as the other, or twice as large."""
    twice, backwards = [[2, 0], [3, 1], [2, 2], [1, 1]], [[2, 5], [2 - reach, 6], [2 + reach, 6]]
    assert Polygon(twice).area == 2 * Polygon(backwards).area / reach
    assert crossing([*twice, [2, 0], [5, 1], *backwards, [2, 5], [-1, 1], [2, 0]]) is not None


@pytest.mark.parametrize(
    ("ring", "area"),
    [
        ([[0, 0], [1, 1], [0, 2], [2, 2], [1, 1], [2, 0], [0, 0]], 2),  # two islands on one string
        ([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]], 8),  # a corner on an edge
        ([[0, 0], [4, 0], [4, 2], [6, 2], [4, 2], [4, 4], [0, 4], [0, 0]], 16),  # a spit without width
        ([[0, 0], [2, 2], [4, 0], [3, 0], [2, 2], [1, 0], [0, 0]], 2),  # a bend within a bend
        ([[0, 0], [2, 2], [4, 0], [4, 4], [3, 4], [2, 2], [1, 4], [0, 4], [0, 0]], 10),  # a bend against a bend
    ],
)
def test_a_ring_that_touches_itself_is_made_valid(ring: Corners, area: float) -> None:
    for turned, _spot in every_way(ring):
        mended = polygon(turned, scale=10)
        assert mended.is_valid
        assert mended.area == pytest.approx(area * 100)


BLOCK: list[Corners] = [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1, 1], [1, 3], [3, 3], [3, 1], [1, 1]]]


def test_a_hole_that_cuts_the_outer_ring_crosses() -> None:
    assert crossing(BLOCK[0], [[1, 1], [1, 2], [5, 2], [5, 1], [1, 1]]) is not None
    assert crossing(*BLOCK) is None


def test_a_hole_along_the_outer_ring_is_a_bay() -> None:
    bay = polygon(BLOCK[0], [[0, 1], [1, 1], [1, 2], [0, 2], [0, 1]], scale=1)
    assert bay.is_valid
    assert bay.area == 15


def test_every_second_ring_inwards_is_ground() -> None:
    """So are islands in a hole, and islands beside the rest, that are written as holes."""
    island: Corners = [[1.5, 1.5], [2, 1.5], [2, 2], [1.5, 1.5]]
    skerry: Corners = [[6, 0], [7, 0], [7, 1], [6, 1], [6, 0]]
    ground = polygon(*BLOCK, island, skerry)
    assert ground.is_valid
    inside = [ground.covers(Point(100 * x, 100 * y)) for x, y in ((0.5, 0.5), (2.5, 2.5), (1.8, 1.6), (6.5, 0.5))]
    assert inside == [True, False, True, True]


def test_a_crossing_too_shallow_to_mean_anything_is_rounding() -> None:
    def dented(metres: float) -> Corners:
        return [[0, 0], [400, 0], [400, 400], [200, -metres], [0, 400], [0, 0]]

    assert crossing(dented(0.01), scale=1) is None
    assert polygon(dented(0.01), scale=1).is_valid
    assert crossing(dented(1), scale=1) is not None


def windings(ring: Corners) -> set[int]:
    """How many times the ring goes round the middle of each of many small squares, to the left."""
    found = set()
    # Beside every edge between whole numbers, these being irrational: on an edge the answer would mean nothing.
    for x, y in product(np.arange(-math.sqrt(0.7), 7, 0.19), np.arange(-math.sqrt(0.8), 7, 0.19)):
        turns = [math.atan2(b[1] - y, b[0] - x) - math.atan2(a[1] - y, a[0] - x) for a, b in pairwise(ring)]
        found.add(round(sum((turn + math.pi) % (2 * math.pi) - math.pi for turn in turns) / (2 * math.pi)))
    return found


@settings(max_examples=60, deadline=None)
@given(rings)
def test_what_is_taken_goes_round_its_ground_once(ring: Corners) -> None:
    assume(len({tuple(corner) for corner in ring}) > 2)
    if crossing(ring) is None:
        assert windings(ring) in ({0}, {0, 1}, {0, -1})
        assert polygon(ring).is_valid
    else:
        assert not LinearRing(ring).is_simple


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=4, max_size=12))
def test_rings_without_meeting_corners_cross_when_shapely_says_so(spots: list[tuple[int, int]]) -> None:
    # Each a little off the grid in its own way, so that no corner lies on an edge that is not its own.
    ring = [(x + 0.0137 * i, y + 0.0071 * i * i) for i, (x, y) in enumerate(spots)]
    ring.append(ring[0])
    edges = list(pairwise(ring))
    others = [(edge, corner) for edge in edges for corner in ring if corner not in edge]
    assume(all(shapely.LineString(edge).distance(Point(corner)) > 2e-3 for edge, corner in others))
    assert (crossing(ring) is None) == LinearRing(ring).is_simple


def square(west: float, south: float, side: float) -> Polygon:
    return shapely.box(west, south, west + side, south + side)


def test_parts_that_meet_or_overlap_are_joined() -> None:
    joined = validity.union([square(0, 0, 10), square(10, 0, 10), square(15, 5, 10), square(50, 50, 10)])
    assert joined.is_valid
    assert joined.area == 100 + 100 + 75 + 100
    assert len(shapely.get_parts(joined)) == 2


# --- what would take minutes --------------------------------------------------------------------------------


def comb(teeth: int, *corners: tuple[float, float]) -> Corners:
    """A slanting zigzag of 20 km, whose every edge stands beside every other, closed by way of these corners."""
    zigzag = [(side * 20_000, side * 20_000 + (i + side / 2) / 5) for i in range(teeth) for side in (0, 1)]
    return [*zigzag, *corners, zigzag[0]]


def test_a_coast_of_fifty_thousand_corners_is_looked_through() -> None:
    turns = np.linspace(0, 2 * np.pi, 50_000)
    reach = 5_000 + 500 * np.sin(7 * turns) + 20 * np.sin(211 * turns)
    coast = np.column_stack((reach * np.cos(turns), reach * np.sin(turns)))
    coast[-1] = coast[0]
    assert validity.polygon([coast]).is_valid


@pytest.mark.parametrize("corner", [(-20_000, 20_000), (-20_000, 2e9)])
def test_an_outline_made_to_take_minutes_is_given_up(corner: tuple[float, float]) -> None:
    with pytest.raises(validity.TooIntricate):
        polygon(comb(50_000, corner), scale=1)


def test_parts_made_to_take_minutes_together_are_given_up() -> None:
    slivers = [Polygon([(i / 5, 0), (i / 5 + 5e3, 5e3), (i / 5 + 5e3 + 0.1, 5e3)]) for i in range(5_000)]
    with pytest.raises(validity.TooIntricate):
        validity.union(slivers)


def test_a_spit_that_runs_over_itself_a_hundred_times_is_given_up() -> None:
    """It encloses the same ground for all that, but where each run meets each other would have to be reckoned."""
    there_and_back = [(x, 0) for i in range(1, 90) for x in (1_000 - i, i)]
    with pytest.raises(validity.TooIntricate):
        polygon([(0, 0), *there_and_back, (1_000, 0), (1_000, 9), (0, 9), (0, 0)], scale=1)
