"""Features without usable ground are named, with the ring and the position that is wrong."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest
from shapely.geometry import box, mapping

from canvass.core import geometry
from tests.core.geojson.files import (
    HAGEBY,
    VILBERGEN,
    collection,
    feature,
    in_metres,
    in_sweref,
    only,
    read,
    refusal,
    refused_ring,
)


def test_an_open_ring_is_closed() -> None:
    reading = read(collection(feature(), feature("2", "Vilbergen", VILBERGEN[:-1])))
    assert reading.problems == []
    assert reading.features[1].geometry == only(feature("2", "Vilbergen", VILBERGEN)).geometry
    assert reading.notes == ["Område 2 i filen (2 Vilbergen): Ytterkanten var inte sluten och är sluten nu."]


def test_a_ring_of_two_points_is_named() -> None:
    short = [VILBERGEN[0], VILBERGEN[1], VILBERGEN[0]]
    assert refused_ring(short) == "ytterkanten har för få punkter: det behövs minst tre olika."
    assert "har för få punkter" in refused_ring(short[:2])
    repeated = [VILBERGEN[0], VILBERGEN[1], VILBERGEN[1], VILBERGEN[1], VILBERGEN[0]]
    assert "har för få punkter" in refused_ring(repeated)


SLIVERS = [
    [[16.15, 58.58], [16.151, 58.58], [16.152, 58.58], [16.15, 58.58]],
    [[16.15, 58.58], [16.16, 58.58], [16.15, 58.58]],
    [[16.15, 58.58]],
    [],
]


@pytest.mark.parametrize("sliver", SLIVERS)
def test_a_part_or_hole_without_area_is_left_out_beside_others(sliver: Any) -> None:
    content = feature()
    for parts in ([[HAGEBY], [sliver]], [[sliver], [HAGEBY]], [[HAGEBY, sliver]]):
        content["geometry"] = {"type": "MultiPolygon", "coordinates": copy.deepcopy(parts)}
        reading = read(content)
        assert [f.geometry for f in reading.features] == [only(feature()).geometry]
        assert "utelämna" in reading.notes[0]
    content["geometry"] = {"type": "MultiPolygon", "coordinates": [[sliver], [sliver]]}
    assert [p.name for p in read(content).problems] == ["Hageby"]


KNOT = [[16.13, 58.586], [16.12497, 58.586], [16.125, 58.58602], [16.12503, 58.586], [16.12499, 58.58602]]


@pytest.mark.parametrize("turn", range(3))
def test_a_small_knot_is_untied(turn: int) -> None:
    ring = [[16.12, 58.58], [16.13, 58.58], *KNOT, [16.12, 58.586]]
    ring = [*ring[turn:], *ring[:turn], ring[turn]]
    for written in (ring, ring[::-1], in_sweref(ring)):
        reading = read(feature(ring=written))
        (found,) = reading.features
        assert in_metres(found.geometry).area == pytest.approx(
            in_metres(mapping(box(16.12, 58.58, 16.13, 58.586))).area, rel=1e-3
        )
        assert "En knut på gränsen, mindre än 3 meter, är uträtad vid longitud 16.12" in reading.notes[0]


@pytest.mark.parametrize("size", [8, 40])
def test_a_knot_too_large_to_be_a_slip_is_named(size: int) -> None:
    knot = [[16.125 + size * (x - 16.125), 58.586 + size * (y - 58.586)] for x, y in KNOT[1:]]
    ring = [[16.12, 58.58], [16.13, 58.58], [16.13, 58.586], *knot, [16.12, 58.586], [16.12, 58.58]]
    assert "korsar sig själv vid longitud 16.12" in refused_ring(ring)


def test_the_polygons_in_a_collection_are_taken() -> None:
    point = {"type": "Point", "coordinates": [16.135, 58.583]}
    one, other = ({"type": "Polygon", "coordinates": [ring]} for ring in (HAGEBY, VILBERGEN))
    content = feature()
    for inside, parts in (
        ([one, point], 1),
        ([point, one, other], 2),
        ([{"type": "GeometryCollection", "geometries": [one]}], 1),
    ):
        content["geometry"] = {"type": "GeometryCollection", "geometries": copy.deepcopy(inside)}
        assert len(geometry.polygons(only(content).geometry)) == parts
    content["geometry"] = {"type": "GeometryCollection", "geometries": [point]}
    assert "den är en punkt, inte en yta" in refusal(content)


def test_a_ring_without_area_is_named() -> None:
    there_and_back = [[16.1, 58.5], [16.2, 58.53], [16.27, 58.6], [16.2, 58.53], [16.1, 58.5]]
    assert refused_ring(there_and_back) == "ytterkanten omsluter ingen yta."
    # Straight in degrees, but in metres a parallel bends.
    along_a_parallel = [[16.1, 58.5], [16.11, 58.5], [16.105, 58.5], [16.1, 58.5]]
    assert refused_ring(along_a_parallel) == "ytterkanten omsluter ingen yta."


def test_a_ring_that_crosses_itself_is_named_with_the_place() -> None:
    bow_tie = [[16.14, 58.57], [16.16, 58.58], [16.16, 58.57], [16.14, 58.58], [16.14, 58.57]]
    assert refused_ring(bow_tie) == "dess gräns korsar sig själv vid longitud 16.15000, latitud 58.57500."
    assert "korsar sig själv vid longitud 16.15" in refused_ring(in_sweref(bow_tie))


def test_a_broken_hole_is_named_with_its_part() -> None:
    content = feature()
    content["geometry"] = {"type": "MultiPolygon", "coordinates": [[HAGEBY], [VILBERGEN, [["x", "y"]]]]}
    assert refusal(content).endswith("punkt 1 i hål 1 i del 2 är inte två tal.")


@pytest.mark.parametrize(
    "position",
    [
        ["16.14", "öst"],
        ["1e1", "58.57"],
        ["nan", "58.57"],
        [None, 58.57],
        [16.14],
        [],
        None,
        "x",
        {},
        [True, 58.57],
        [math.nan, 58.57],
        [16.14, math.inf],
    ],
)
def test_a_position_that_is_not_two_numbers_is_named(position: Any) -> None:
    ring = copy.deepcopy(VILBERGEN)
    ring[2] = position
    assert refused_ring(ring) == "punkt 3 i ytterkanten är inte två tal."


def test_numbers_written_as_text_are_read() -> None:
    for comma in (".", ","):
        ring = [[str(x).replace(".", comma), f" {y} ".replace(".", comma)] for x, y in VILBERGEN]
        assert only(feature(ring=ring)).geometry == only(feature(ring=VILBERGEN)).geometry


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "1" + "0" * 5_000, "1e12", "-1e300"])
def test_a_huge_number_is_no_coordinate(number: Any) -> None:
    data = json.dumps(collection(feature(ring=in_sweref(HAGEBY)), feature("2", "Vilbergen", VILBERGEN)))
    x = str(in_sweref(HAGEBY)[1][0])
    assert data.count(x) == 1
    reading = read(data.replace(x, number).encode())
    assert [f.name for f in reading.features] == ["Vilbergen"]
    assert [p.number for p in reading.problems] == [1]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "den har ingen gräns i filen."),
        ({"type": "Point", "coordinates": [16, 58]}, "den är en punkt, inte en yta."),
        ({"type": "MultiLineString", "coordinates": []}, "den är linjer, inte en yta."),
        ({"type": "GeometryCollection", "geometries": []}, "den är ?, inte en yta."),
        ({"type": "CurvePolygon", "coordinates": [HAGEBY]}, "den är CurvePolygon, inte en yta."),
        ({"coordinates": [HAGEBY]}, "den är ?, inte en yta."),
        ([HAGEBY], "den är ?, inte en yta."),
        ({"type": "Polygon", "coordinates": []}, "dess koordinater är tomma eller inga listor."),
        ({"type": "Polygon"}, "dess koordinater är tomma eller inga listor."),
        ({"type": "MultiPolygon", "coordinates": []}, "dess koordinater är tomma eller inga listor."),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "dess koordinater är tomma eller inga listor."),
        ({"type": "Polygon", "coordinates": HAGEBY}, "punkt 1 i ytterkanten är inte två tal."),
        ({"type": "MultiPolygon", "coordinates": [[[]]]}, "ytterkanten är tom."),
    ],
)
def test_a_feature_without_ground_is_named(value: Any, sentence: Any) -> None:
    reading = read(collection(feature(), {**feature("2", "Vilbergen"), "geometry": value}))
    assert [p.sentence for p in reading.problems] == [f"Område 2 i filen (2 Vilbergen): {sentence}"]


def test_a_feature_without_a_geometry_member_is_named() -> None:
    content = feature()
    del content["geometry"]
    assert "den har ingen gräns" in refusal(content)
