"""Features without usable ground are named, with the ring and the position that is wrong."""

from __future__ import annotations

import copy
import json
import math
from typing import Any

import pytest

from tests.core.geojson.files import HAGEBY, VILBERGEN, collection, feature, in_sweref, read, refusal, refused_ring


def test_an_open_ring_is_named() -> None:
    assert refused_ring(VILBERGEN[:-1]) == "ytterkanten är inte sluten: den slutar inte där den börjar."


def test_a_ring_of_two_points_is_named() -> None:
    short = [VILBERGEN[0], VILBERGEN[1], VILBERGEN[0]]
    assert refused_ring(short) == "ytterkanten har för få punkter: minst tre olika och den första igen."
    repeated = [VILBERGEN[0], VILBERGEN[1], VILBERGEN[1], VILBERGEN[1], VILBERGEN[0]]
    assert "har för få punkter" in refused_ring(repeated)


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
    content["geometry"] = {"type": "MultiPolygon", "coordinates": [[HAGEBY], [VILBERGEN, VILBERGEN[:-1]]]}
    assert refusal(content).endswith("hål 1 i del 2 är inte sluten: den slutar inte där den börjar.")


@pytest.mark.parametrize(
    "position",
    [
        ["16.14", "58.57"],
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
        (None, "den saknar yta: geometry är tom."),
        ({"type": "Point", "coordinates": [16, 58]}, "den är inte en Polygon eller MultiPolygon utan Point."),
        ({"coordinates": [HAGEBY]}, "den är inte en Polygon eller MultiPolygon utan ?."),
        ([HAGEBY], "den är inte en Polygon eller MultiPolygon utan ?."),
        ({"type": "Polygon", "coordinates": []}, "dess koordinater är tomma eller inga listor."),
        ({"type": "Polygon"}, "dess koordinater är tomma eller inga listor."),
        ({"type": "MultiPolygon", "coordinates": []}, "dess koordinater är tomma eller inga listor."),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "dess koordinater är tomma eller inga listor."),
        ({"type": "Polygon", "coordinates": HAGEBY}, "punkt 1 i ytterkanten är inte två tal."),
        ({"type": "MultiPolygon", "coordinates": [[[]]]}, "ytterkanten är tom eller ingen lista."),
    ],
)
def test_a_feature_without_ground_is_named(value: Any, sentence: Any) -> None:
    reading = read(collection(feature(), {**feature("2", "Vilbergen"), "geometry": value}))
    assert [p.sentence for p in reading.problems] == [f"Område 2 i filen (2 Vilbergen): {sentence}"]


def test_a_feature_without_a_geometry_member_is_named() -> None:
    content = feature()
    del content["geometry"]
    assert "den saknar yta" in refusal(content)
