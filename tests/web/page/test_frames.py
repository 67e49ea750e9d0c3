"""Ground in a picture: north up, true to shape, as large as fits, and drawn with few corners."""

from __future__ import annotations

import json
import math
from typing import Any

import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.core.geometry import Geometry
from canvass.core.settings import ROOT
from canvass.web.page import frames

MUNICIPALITIES = ROOT / "canvass" / "reference" / "municipalities.geojson"
SWEDEN = {
    "type": "Polygon",
    "coordinates": [[[10.0, 54.5], [25.0, 54.5], [25.0, 69.5], [10.0, 69.5], [10.0, 54.5]]],
}
to_web_mercator = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
WORLD = 2 * math.pi * 6_378_137


@pytest.fixture(scope="module")
def municipalities() -> dict[str, Geometry]:
    features = json.loads(MUNICIPALITIES.read_text("utf-8"))["features"]
    return {f["properties"]["kommun"]: f["geometry"] for f in features}


def drawn(path: str) -> list[list[tuple[float, ...]]]:
    """The rings of path data that uses M, L and Z alone."""
    assert set(path) <= set("MLZ,.0123456789")
    return [
        [tuple(float(x) for x in pair.split(",")) for pair in ring.split("L")]
        for ring in path.removesuffix("Z").removeprefix("M").split("ZM")
    ]


def alone(geometry: Geometry, width: float, height: float) -> list[list[tuple[float, ...]]]:
    """The rings of an outline that has a picture of its own."""
    return drawn(frames.fit([geometry], width, height).path(geometry))


def test_north_is_up_and_a_square_on_the_ground_is_square_on_paper() -> None:
    at_60_north = [[15, 60], [15.02, 60], [15.02, 60.01], [15, 60.01], [15, 60]]
    (ring,) = alone({"type": "Polygon", "coordinates": [at_60_north]}, 102, 102)
    # A degree of longitude is half a degree of latitude long here; one unit of margin all round.
    assert ring == [(1, 101), (101, 101), (101, 1), (1, 1)]


@settings(max_examples=100, deadline=None)
@given(st.floats(10, 25), st.floats(54.5, 69.5))
def test_mercator_is_where_others_have_their_tiles(longitude: float, latitude: float) -> None:
    """To a tenth of a unit, to which points are rounded; EPSG:3857 counts in metres along the equator."""
    frame = frames.fit([SWEDEN], 400, 900, rise=frames.mercator)
    east, north = to_web_mercator.transform([10, longitude], [69.5, latitude])
    left, top = frame.point(10, 69.5)
    across = (east[1] - east[0]) * frame.across * 360 / WORLD
    down = (north[0] - north[1]) * frame.across * 360 / WORLD
    assert frame.point(longitude, latitude) == pytest.approx((left + across, top + down), abs=0.11)


def test_a_hole_is_a_path_of_its_own() -> None:
    block = [
        [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]],
        [[1.0, 1.0], [1.0, 3.0], [3.0, 3.0], [3.0, 1.0], [1.0, 1.0]],
    ]
    assert len(alone({"type": "Polygon", "coordinates": block}, 50, 50)) == 2


def test_many_outlines_share_one_frame(municipalities: dict[str, Geometry]) -> None:
    frame = frames.fit(municipalities.values(), 400, 900)
    assert frame.box == "0 0 400 900"
    paths = {name: drawn(frame.path(outline)) for name, outline in municipalities.items()}
    points = [point for rings in paths.values() for ring in rings for point in ring]
    # As large as fits: Sweden is tall, so the height decides.
    assert min(y for _, y in points) == 1
    assert max(y for _, y in points) == 899
    assert 0 <= min(x for x, _ in points) < max(x for x, _ in points) <= 400
    (kiruna, _), (malmo, _) = (sorted(paths[name][0], key=lambda p: p[1])[::-1][:2] for name in ("Kiruna", "Malmö"))
    assert kiruna[1] < malmo[1]
    assert kiruna[0] > malmo[0]


def test_numbers_in_a_picture_have_one_decimal_at_most(municipalities: dict[str, Geometry]) -> None:
    path = frames.fit([municipalities["Norrköping"]], 300, 300).path(municipalities["Norrköping"])
    assert all(len(number.partition(".")[2]) <= 1 for number in path.replace(",", "L").strip("MZ").split("L"))


def test_corners_that_nobody_sees_are_left_out() -> None:
    turns = [2 * math.pi * i / 2_500 for i in range(2_500)]
    ring: list[list[Any]] = [[15 + 0.02 * math.cos(t), 60 + 0.01 * math.sin(t)] for t in turns]
    circle = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    frame = frames.fit([circle], 300, 300)
    (few,) = drawn(frame.path(circle))
    assert len(few) < 100
    every = shapely.Polygon([frame.point(x, y) for x, y in ring])
    assert every.boundary.hausdorff_distance(shapely.Polygon(few).boundary) < 0.25


def test_what_is_too_small_to_draw_is_a_dot(municipalities: dict[str, Geometry]) -> None:
    frame = frames.fit(municipalities.values(), 40, 90)
    x, y = frame.point(*municipalities["Sundbyberg"]["coordinates"][0][0][0])
    assert frame.path(municipalities["Sundbyberg"]) == f"M{x:g},{y:g}Z"


def test_nothing_to_draw_still_gives_a_frame() -> None:
    assert frames.fit([], 100, 200).box == "0 0 100 200"
