"""SWEREF 99 TM, outlines and drawing, with pyproj and shapely as the other opinion."""

import json
import math
from itertools import pairwise, product

import pyproj
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import LinearRing, Point, Polygon, shape

from canvass.core import geometry
from canvass.core.settings import ROOT

MUNICIPALITIES = ROOT / "canvass" / "reference" / "municipalities.geojson"

# A courtyard block: 4 × 4 with a 2 × 2 yard in its middle, and an outhouse to its east.
BLOCK = [
    [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]],
    [[1.0, 1.0], [1.0, 3.0], [3.0, 3.0], [3.0, 1.0], [1.0, 1.0]],
]
OUTHOUSE = [[[6.0, 0.0], [7.0, 0.0], [7.0, 1.0], [6.0, 1.0], [6.0, 0.0]]]
HOME = {"type": "MultiPolygon", "coordinates": [BLOCK, OUTHOUSE]}

longitudes = st.floats(10, 25)
latitudes = st.floats(54.5, 69.5)
# Few distinct values, so that corners meet and edges run along each other often.
corners = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda corner: [float(x) for x in corner])
rings = st.lists(corners, min_size=3, max_size=9).map(lambda ring: [*ring, ring[0]])


def without_crossings(corners):
    """A ring around all the corners, joined in the order one sees them turning about their middle."""
    x, y = (sum(axis) / len(corners) for axis in zip(*corners, strict=True))
    ring = sorted(map(list, corners), key=lambda corner: math.atan2(corner[1] - y, corner[0] - x))
    return [*ring, ring[0]]


simple_rings = st.builds(
    lambda ring, direction: ring[::direction],
    st.lists(corners.map(tuple), min_size=4, max_size=12, unique=True).map(without_crossings),
    st.sampled_from([1, -1]),
)

some = settings(max_examples=100, deadline=None)


@pytest.fixture(scope="module")
def municipalities():
    features = json.loads(MUNICIPALITIES.read_text("utf-8"))["features"]
    return {f["properties"]["kommun"]: f["geometry"] for f in features}


# --- SWEREF 99 TM -------------------------------------------------------------------------------------------


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
def test_the_surveyors_own_check_points_agree_to_the_millimetre(latitude, longitude, northing, easting):
    assert geometry.to_sweref(longitude, latitude) == pytest.approx((easting, northing), abs=0.0006, rel=0)


TO_SWEREF = pyproj.Transformer.from_crs(4326, 3006, always_xy=True)


@some
@given(longitudes, latitudes)
def test_sweref_agrees_with_pyproj_to_a_thousandth_of_a_millimetre(longitude, latitude):
    theirs = TO_SWEREF.transform(longitude, latitude)
    assert math.dist(geometry.to_sweref(longitude, latitude), theirs) < 1e-6


@some
@given(longitudes, latitudes)
def test_there_and_back_again_is_the_same_place(longitude, latitude):
    back = geometry.from_sweref(*geometry.to_sweref(longitude, latitude))
    # 1e-11 degrees are a thousandth of a millimetre.
    assert back == pytest.approx((longitude, latitude), abs=1e-11, rel=0)


# --- inside and outside -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [
        (0.5, 0.5, True),
        (2, 2, False),  # the yard
        (6.5, 0.5, True),  # the outhouse
        (5, 0.5, False),
        (-1, 4, False),  # level with a corner and with an edge
        (0, 2, True),  # an edge
        (4, 4, True),  # a corner
        (2, 1, True),  # the yard's edge
        (3, 3, True),  # the yard's corner
        (2, 0, True),  # a level edge
    ],
)
def test_inside_is_inside_and_edges_count(x, y, inside):
    assert geometry.contains(HOME, x, y) is inside


@some
@given(simple_rings, corners)
def test_inside_agrees_with_shapely(ring, point):
    theirs = Polygon(ring)
    assume(theirs.is_valid)
    assert geometry.contains({"type": "Polygon", "coordinates": [ring]}, *point) == theirs.covers(Point(point))


@some
@given(longitudes, latitudes, longitudes, latitudes, st.floats(0, 1))
def test_no_one_falls_between_two_neighbours(x1, y1, x2, y2, share):
    assume(abs(y1 - y2) > 1e-6)
    border = [[x1, y1], [x2, y2]]
    west = {"type": "Polygon", "coordinates": [[*border, [0, y2], [0, y1], border[0]]]}
    east = {"type": "Polygon", "coordinates": [[*border[::-1], [40, y1], [40, y2], border[1]]]}
    x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
    assert geometry.contains(west, x, y) or geometry.contains(east, x, y)


def test_a_bounding_box_spans_every_part():
    assert geometry.bounding_box(HOME) == (0, 0, 7, 4)
    assert geometry.bounding_box({"type": "Polygon", "coordinates": OUTHOUSE}, HOME) == (0, 0, 7, 4)


# --- rings --------------------------------------------------------------------------------------------------


@some
@given(simple_rings)
def test_area_and_direction_agree_with_shapely(ring):
    theirs = LinearRing(ring)
    assume(theirs.is_simple)
    assert abs(geometry.signed_area(ring)) == pytest.approx(Polygon(ring).area)
    assert (geometry.signed_area(ring) > 0) == theirs.is_ccw


def test_outer_rings_are_wound_one_way_and_holes_the_other():
    backwards = {"type": "Polygon", "coordinates": [ring[::-1] for ring in BLOCK]}
    outer, hole = geometry.wound(backwards)["coordinates"]
    assert geometry.signed_area(outer) > 0 > geometry.signed_area(hole)
    assert geometry.wound(geometry.wound(backwards)) == geometry.wound(backwards)


@pytest.mark.parametrize(
    ("ring", "fault"),
    [
        ([[0, 0], [1, 0], [1, 1], [0, 0]], None),
        ([[0, 0], [1, 0], [1, 1], [0, 1]], "open"),
        ([[0, 0], [1, 0], [0, 0]], "short"),
        ([[0, 0], [1, 0], [1, 0], [0, 0]], "short"),
        ([], "short"),
        ([[0, 0], [1, 1], [2, 2], [0, 0]], "flat"),
    ],
)
def test_a_ring_tells_what_it_lacks(ring, fault):
    assert geometry.ring_fault(ring) == fault


def every_way(ring, spot=(0, 0)):
    """A ring and a spot in it, turned and mirrored, run both ways from every corner, large and very small."""
    for start in range(len(ring) - 1):
        run = [*ring[start:-1], *ring[: start + 1]]
        for direction, scale, across, up, swap in product((1, -1), (1, 0.001), (1, -1), (1, -1), (False, True)):

            def moved(corner, scale=scale, across=across, up=up, swap=swap):
                x, y = scale * across * corner[0], scale * up * corner[1]
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
    ],
)
def test_a_ring_that_crosses_itself_is_caught_where_it_does(ring, spot):
    for turned, place in every_way(ring, spot):
        assert geometry.crossing([turned]) == pytest.approx(place)


@pytest.mark.parametrize(
    "ring",
    [
        [[0, 0], [1, 1], [0, 2], [2, 2], [1, 1], [2, 0], [0, 0]],  # two islands on one string
        [[0, 0], [4, 0], [4, 4], [2, 0], [0, 4], [0, 0]],  # a corner on an edge
        [[0, 0], [4, 0], [4, 2], [6, 2], [4, 2], [4, 4], [0, 4], [0, 0]],  # a spit without width
        [[0, 0], [2, 2], [4, 0], [3, 0], [2, 2], [1, 0], [0, 0]],  # a bend within a bend
        [[0, 0], [2, 2], [4, 0], [4, 4], [3, 4], [2, 2], [1, 4], [0, 4], [0, 0]],  # a bend against a bend
    ],
)
def test_a_ring_may_touch_itself(ring):
    for turned, _ in every_way(ring):
        assert geometry.crossing([turned]) is None


def test_a_hole_that_cuts_the_outer_ring_crosses():
    assert geometry.crossing([BLOCK[0], [[1, 1], [1, 2], [5, 2], [5, 1], [1, 1]]]) is not None
    assert geometry.crossing(BLOCK) is None


def test_a_crossing_too_shallow_to_mean_anything_is_rounding():
    def dented(depth):
        return [[0, 0], [4, 0], [4, 4], [2, -depth], [0, 4], [0, 0]]

    assert geometry.crossing([dented(1e-7)]) is None
    assert geometry.crossing([dented(1e-5)]) is not None


@settings(max_examples=120, deadline=None)
@given(rings)
def test_what_crosses_is_never_simple_and_what_is_simple_never_crosses(ring):
    assume(geometry.ring_fault(ring) is None)
    if geometry.crossing([ring]):
        assert not LinearRing(ring).is_simple
    elif not LinearRing(ring).is_simple:
        # Then it only touches itself, so that somewhere a corner lies on another edge.
        edges = [shapely.LineString(edge) for edge in pairwise(geometry.without_repeats(ring))]
        assert (
            any(
                edge.intersects(Point(corner)) and list(corner) not in map(list, edge.coords)
                for edge in edges
                for corner in ring
            )
            or len({tuple(corner) for corner in ring}) < len(geometry.without_repeats(ring)) - 1
        )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=4, max_size=12))
def test_rings_without_meeting_corners_cross_when_shapely_says_so(spots):
    # Each a little off the grid in its own way, so that no corner lies on an edge that is not its own.
    ring = [[x + 0.0137 * i, y + 0.0071 * i * i] for i, (x, y) in enumerate(spots)]
    ring.append(ring[0])
    edges = list(pairwise(ring))
    others = [(edge, corner) for edge in edges for corner in ring if corner not in edge]
    assume(all(shapely.LineString(edge).distance(Point(corner)) > 1e-5 for edge, corner in others))
    assert (geometry.crossing([ring]) is None) == LinearRing(ring).is_simple


def test_a_coast_of_fifty_thousand_corners_is_looked_through(coast):
    assert geometry.crossing([coast(50_000)]) is None


def test_an_outline_made_to_take_minutes_is_given_up():
    # A slanting zigzag, whose every edge stands beside every other.
    zigzag = [[side, side + (i + side / 2) / 1_000] for i in range(250) for side in (0, 1)]
    with pytest.raises(geometry.TooIntricate):
        geometry.crossing([[*zigzag, [-1, 1], zigzag[0]]])


# --- simplifying --------------------------------------------------------------------------------------------


@pytest.fixture
def coast():
    """A ring around a lake at 15° E 60° N with bays and skerries, some ten kilometres across."""

    def ring(count):
        turns = [2 * math.pi * i / count for i in range(count)]
        reach = [0.05 + 0.005 * math.sin(7 * t) + 0.0002 * math.sin(211 * t) for t in turns]
        corners = [[15 + 2 * r * math.cos(t), 60 + r * math.sin(t)] for t, r in zip(turns, reach, strict=True)]
        return [*corners, corners[0]]

    return ring


def in_metres(outline):
    return shapely.transform(shape(outline), lambda places: [geometry.to_sweref(*place) for place in places])


def test_a_simplified_coast_stays_within_the_tolerance(coast):
    before = {"type": "Polygon", "coordinates": [coast(5_000)]}
    after = geometry.simplify(before, tolerance=2.5)
    (ring,) = after["coordinates"]
    assert len(ring) < 2_000
    assert ring[0] == ring[-1]
    # Rounding to five decimals adds half a metre at most.
    assert shapely.hausdorff_distance(in_metres(before).boundary, in_metres(after).boundary, densify=0.5) < 3.1


def test_a_straight_street_loses_the_corners_that_are_none():
    street = [[15 + i / 10_000, 60.0] for i in range(51)] + [[15.005, 60.001], [15.0, 60.001], [15.0, 60.0]]
    after = geometry.simplify({"type": "Polygon", "coordinates": [street]}, 2.5)
    assert after["coordinates"] == [[[15.0, 60.0], [15.005, 60.0], [15.005, 60.001], [15.0, 60.001], [15.0, 60.0]]]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 60), st.floats(0.5, 60))
def test_what_was_valid_stays_valid(seed, count, tolerance):
    rough = [(0.0004 + 0.0003 * math.sin(seed * (i + 1) ** 2), 2 * math.pi * i / count) for i in range(count)]
    ring = [[15 + 2 * r * math.cos(t), 60 + r * math.sin(t)] for r, t in rough]
    before = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    assume(shape(before).is_valid)
    after = geometry.simplify(before, tolerance)
    assert shape(after).is_valid
    assert after["coordinates"][0][0] == after["coordinates"][0][-1]


def test_a_shore_that_would_cut_a_hole_is_left_finer():
    # A hole reaches up beneath a bulge of nine metres in the shore: with the bulge cut off it would lie outside.
    bulge = [[15.01, 60.01], [15.005, 60.01008], [15, 60.01]]
    south = [[15 + i / 1_000, 60] for i in range(11)]
    hole = [[15.004, 60.009], [15.005, 60.01003], [15.006, 60.009], [15.004, 60.009]]
    before = {"type": "Polygon", "coordinates": [[*south, *bulge, south[0]], hole]}
    assert shape(before).is_valid
    after = geometry.simplify(before, 20)
    assert shape(after).is_valid
    # No finer than it must be: the straight south coast has lost its corners.
    assert len(after["coordinates"][0]) == 6


def test_a_skerry_smaller_than_the_tolerance_is_kept_and_a_well_is_not():
    def square(side):
        return [[15, 60], [15 + side, 60], [15 + side, 60 + side], [15, 60 + side], [15, 60]]

    skerry = {"type": "Polygon", "coordinates": [square(0.00001)]}
    assert geometry.simplify(skerry, 50)["coordinates"] == skerry["coordinates"]
    ground_with_well = {"type": "Polygon", "coordinates": [square(0.01), square(0.00001)[::-1]]}
    assert geometry.simplify(ground_with_well, 50)["coordinates"] == [square(0.01)]


def test_a_polygon_of_one_part_is_called_polygon():
    assert geometry.outline([BLOCK])["type"] == "Polygon"
    assert geometry.polygons(geometry.outline([BLOCK])) == [BLOCK]
    assert geometry.polygons(geometry.outline([BLOCK, OUTHOUSE])) == [BLOCK, OUTHOUSE]


# --- drawing ------------------------------------------------------------------------------------------------


def drawn(path):
    """The rings of path data that uses M, L and Z alone."""
    assert set(path) <= set("MLZ,.0123456789")
    return [
        [tuple(float(x) for x in pair.split(",")) for pair in ring.split("L")]
        for ring in path.removesuffix("Z").removeprefix("M").split("ZM")
    ]


def test_north_is_up_and_a_square_on_the_ground_is_square_on_paper():
    at_60_north = [[15, 60], [15.02, 60], [15.02, 60.01], [15, 60.01], [15, 60]]
    (ring,) = drawn(geometry.outline_path({"type": "Polygon", "coordinates": [at_60_north]}, 102, 102))
    # A degree of longitude is half a degree of latitude long here; one unit of margin all round.
    assert ring == [(1, 101), (101, 101), (101, 1), (1, 1)]


@some
@given(longitudes, latitudes)
def test_mercator_is_where_others_have_their_tiles(longitude, latitude):
    """To a tenth of a unit, by which drawings are rounded; EPSG:3857 counts in metres along the equator."""
    view = geometry.fit([{"type": "MultiPolygon", "coordinates": [SWEDEN]}], 400, 900, rise=geometry.mercator)
    east, north = to_web_mercator.transform([10, longitude], [69.5, latitude])
    left, top = view.point(10, 69.5)
    across = (east[1] - east[0]) * view.across * 360 / WORLD
    down = (north[0] - north[1]) * view.across * 360 / WORLD
    assert view.point(longitude, latitude) == pytest.approx((left + across, top + down), abs=0.11)


SWEDEN = [[[10.0, 54.5], [25.0, 54.5], [25.0, 69.5], [10.0, 69.5], [10.0, 54.5]]]
to_web_mercator = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
WORLD = 2 * math.pi * 6_378_137


def test_a_hole_is_a_path_of_its_own():
    assert len(drawn(geometry.outline_path({"type": "Polygon", "coordinates": BLOCK}, 50, 50))) == 2


def test_many_outlines_share_one_view(municipalities):
    view = geometry.fit(municipalities.values(), 400, 900)
    assert view.box == "0 0 400 900"
    paths = {name: drawn(view.path(outline)) for name, outline in municipalities.items()}
    points = [point for rings in paths.values() for ring in rings for point in ring]
    # As large as fits: Sweden is tall, so the height decides.
    assert min(y for _, y in points) == 1
    assert max(y for _, y in points) == 899
    assert 0 <= min(x for x, _ in points) < max(x for x, _ in points) <= 400
    (kiruna, _), (malmo, _) = (sorted(paths[name][0], key=lambda p: p[1])[::-1][:2] for name in ("Kiruna", "Malmö"))
    assert kiruna[1] < malmo[1]
    assert kiruna[0] > malmo[0]


def test_numbers_in_a_drawing_have_one_decimal_at_most(municipalities):
    path = geometry.outline_path(municipalities["Norrköping"], 300, 300)
    assert all(len(number.partition(".")[2]) <= 1 for number in path.replace(",", "L").strip("MZ").split("L"))


def test_what_is_too_small_to_draw_is_a_dot(municipalities):
    view = geometry.fit(municipalities.values(), 40, 90)
    x, y = view.point(*municipalities["Sundbyberg"]["coordinates"][0][0][0])
    assert view.path(municipalities["Sundbyberg"]) == f"M{x:g},{y:g}Z"


def test_nothing_to_draw_still_gives_a_view():
    assert geometry.fit([], 100, 200).box == "0 0 100 200"
