"""The files that leaders without a map program bring, each with its right answer."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from shapely import Point
from shapely.geometry import shape

from canvass.core import geojson, geometry
from canvass.core.geojson import Reading

DATA = Path(__file__).parent / "data"
FIVE = ["Ekdungen", "Sjövik", "Åkerby östra", "Björkhult", "Kvarnängen"]


def case(name: str) -> Reading:
    return geojson.read((DATA / name).read_bytes())


def names(reading: Reading) -> list[str]:
    return [feature.name for feature in reading.features]


@pytest.mark.parametrize(
    "name",
    [
        "00-control.geojson",
        "00-control-bom.geojson",
        "11a-codes-as-text.geojson",
        "11b-codes-as-numbers.geojson",
        "12a-names-nfc.geojson",
        "12b-names-nfd.geojson",
        "13-shapefile-field-names.geojson",
        "20-sweref-crs-urn.geojson",
        "20-sweref-no-crs.geojson",
        "21-sweref-crs-compound.geojson",
        "21-sweref-crs-prose.geojson",
        "30-utf16.geojson",
        "32-newline-delimited.geojson",
    ],
)
def test_five_areas_are_read_and_there_is_nothing_to_say(name: str) -> None:
    reading = case(name)
    assert names(reading) == FIVE
    assert (reading.problems, reading.notes, reading.asks) == ([], [], "")
    control = case("00-control.geojson").features
    for feature, other in zip(reading.features, control, strict=True):
        assert shape(feature.geometry).hausdorff_distance(shape(other.geometry)) < 2e-5


def test_a_position_in_a_hole_is_in_the_area_that_fills_it() -> None:
    outer, inner = case("00-control-hole-and-island.geojson").features
    place = Point(16.104, 58.583)
    assert (shape(outer.geometry).contains(place), shape(inner.geometry).contains(place)) == (False, True)
    assert names(case("00-control-z.geojson")) == ["Ekdungen"]


@pytest.mark.parametrize(
    ("name", "read", "left_out"),
    [
        ("01-one-null-geometry.geojson", FIVE[:4], {"Utan karta": "ingen gräns"}),
        (
            "02-mixed-point-line-polygon.geojson",
            FIVE[:3],
            {"Samling vid kiosken": "en punkt", "Gångväg": "en linje"},
        ),
    ],
)
def test_what_is_no_area_is_named_and_the_areas_are_read(name: str, read: list[str], left_out: dict[str, str]) -> None:
    reading = case(name)
    assert names(reading) == read
    assert [problem.name for problem in reading.problems] == list(left_out)
    for problem, what in zip(reading.problems, left_out.values(), strict=True):
        assert what in problem.sentence


@pytest.mark.parametrize(
    ("name", "read", "parts", "said"),
    [
        ("03-geometrycollection.geojson", [*FIVE[:2], "Med etikettpunkt", "Två delar"], [1, 1, 1, 2], []),
        ("04-same-code-twice.geojson", FIVE[:3], [1, 1, 3], ["en del av Område 3"] * 2),
        ("06-flat-sliver-part.geojson", ["Ekdungen", "Med flisa"], [1, 1], ["Den delen är utelämnad."]),
        ("06-two-metre-bowtie.geojson", ["Ekdungen", "Med liten knut"], [1, 1], ["mindre än 3 meter, är uträtad"]),
        ("07-housing-not-in-list.geojson", FIVE, [1] * 5, ["Bostadsrätt", "Villor/radhus", "Fritidshus"]),
        ("08-households-odd.geojson", FIVE, [1] * 5, ["..", "<5"]),
        ("09-coordinates-as-text.geojson", ["Ekdungen"], [1], []),
        ("10-open-ring.geojson", [*FIVE[:2], "Ej sluten"], [1, 1, 1], ["är sluten nu"]),
        ("30-cp1252.geojson", FIVE, [1] * 5, ["Windows-1252"]),
        ("34-my-map.kml", ["Ekdungen"], [1], []),
    ],
)
def test_what_has_one_meaning_is_mended_and_said(name: str, read: list[str], parts: list[int], said: list[str]) -> None:
    reading = case(name)
    assert names(reading) == read
    assert [len(geometry.polygons(feature.geometry)) for feature in reading.features] == parts
    assert reading.problems == []
    assert len(reading.notes) == len(said)
    for note, what in zip(reading.notes, said, strict=True):
        assert what in note


def test_odd_households_are_read_where_they_are_numbers() -> None:
    assert [feature.households for feature in case("08-households-odd.geojson").features] == [
        412,
        1234,
        None,
        1234,
        None,
    ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("22-sweref-north-first.geojson", "omvänd ordning"),
        ("22-wgs84-latitude-first.geojson", "omvänd ordning"),
        ("23-crs-says-wgs84-but-metres.geojson", "filen uppger WGS84, men koordinaterna"),
        ("24-web-mercator.geojson", "Web Mercator (EPSG:3857)"),
    ],
)
def test_coordinates_that_are_not_what_they_are_called_are_named(name: str, sentence: str) -> None:
    reading = case(name)
    assert reading.features == []
    assert all(sentence in problem.sentence for problem in reading.problems)
    assert reading.problems


def test_names_of_the_world_are_kept_as_written() -> None:
    written = [
        f["properties"]["namn"]
        for f in json.loads((DATA / "15-names-of-the-world.geojson").read_text("utf-8"))["features"]
    ]
    assert names(case("15-names-of-the-world.geojson")) == [
        unicodedata.normalize("NFC", n.strip("\u202e\u202c")) for n in written
    ]


@pytest.mark.parametrize("name", ["35-deso-like.gpkg", "35-deso-like-gpkg.zip"])
def test_a_published_package_is_read(name: str) -> None:
    reading = case(name)
    assert [feature.code for feature in reading.features] == ["0999A0010", "0999A0020", "0999B1010"]
    assert reading.problems == []
