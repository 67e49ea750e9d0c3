"""WGS84 and SWEREF 99 TM are told apart and taken; other coordinate systems are refused by name."""

from __future__ import annotations

from typing import Any

import pyproj
import pytest

from tests.core.geojson.files import HAGEBY, VILBERGEN, collection, feature, in_sweref, only, refusal, refused_ring


@pytest.mark.parametrize(
    "crs",
    [
        None,
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3006"}},
        {"type": "name", "properties": {"name": "EPSG:3006"}},
        {"type": "name", "properties": {"name": "http://www.opengis.net/def/crs/EPSG/0/3006"}},
        {"type": "name", "properties": {"name": "SWEREF99_TM"}},
        {"type": "EPSG", "properties": {"code": 3006}},
        "EPSG:3006",
        {"type": "name", "properties": {"name": "urn:ogc:def:crs,crs:EPSG::3006,crs:EPSG::5613"}},
        {"type": "name", "properties": {"name": "EPSG:3006 - SWEREF99 TM"}},
        {"type": "name", "properties": {"name": "SWEREF 99 TM"}},
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG:8.5:5845"}},
        {"type": "link", "properties": {"href": "https://epsg.io/3006.proj4", "type": "proj4"}},
        {"type": "name", "properties": {"name": pyproj.CRS(3006).to_wkt("WKT1_GDAL")}},
        {"type": "name", "properties": {"name": pyproj.CRS(3006).to_wkt("WKT1_ESRI")}},
        {"type": "name", "properties": {"name": pyproj.CRS(3006).to_wkt("WKT2_2019")}},
        "+proj=utm +zone=33 +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs",
        "ETRS89 / UTM zone 33N",
        3006,
        # These say nothing: the coordinates do.
        {},
        [],
        "",
        {"type": "name", "properties": None},
        {"properties": {"name": {}}},
    ],
)
def test_sweref_99_tm_is_taken_declared_or_not(crs: Any) -> None:
    content = collection(feature(ring=in_sweref(HAGEBY)), crs=crs)
    assert only(content).geometry == only(collection(feature())).geometry


@pytest.mark.parametrize(
    "name",
    [
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "urn:ogc:def:crs:OGC:2:84",
        "OGC:CRS84",
        "urn:ogc:def:crs:EPSG::4326",
        "EPSG:4326",
        "EPSG:4326 - WGS 84",
        "EPSG:4258",
        "WGS 84",
        "WGS84",
        "GCS_WGS_1984",
        "SWEREF99",
        pyproj.CRS(4326).to_wkt("WKT1_GDAL"),
        pyproj.CRS(4326).to_wkt("WKT2_2019"),
        pyproj.CRS(4619).to_wkt("WKT1_GDAL"),
    ],
)
def test_wgs84_is_taken_by_its_names(name: Any) -> None:
    content = collection(feature(), crs={"type": "name", "properties": {"name": name}})
    assert only(content) == only(collection(feature()))


@pytest.mark.parametrize(
    ("crs", "name"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}, "Web Mercator (EPSG:3857)"),
        ({"type": "name", "properties": {"name": "EPSG:3021"}}, "RT 90 2,5 gon V (EPSG:3021)"),
        ({"type": "EPSG", "properties": {"code": 3011}}, "SWEREF 99, lokal zon (EPSG:3011)"),
        ("EPSG:25832", "UTM 32 (EPSG:25832)"),
        ("SWEREF99 18 00", "SWEREF99 18 00"),
        ("RT90 2.5 gon V", "RT90 2.5 gon V"),
        ({"type": "name", "properties": {"name": "EPSG:2154"}}, "EPSG:2154"),
        ({"type": "name", "properties": {"name": "WGS 84 / Pseudo-Mercator"}}, "WGS 84 / Pseudo-Mercator"),
        ({"type": "link", "properties": {"href": "x"}}, "x"),
    ],
)
def test_another_system_is_refused_by_name(crs: Any, name: Any) -> None:
    assert refusal(collection(feature(), crs=crs)) == (
        f"Filen är i koordinatsystemet {name}. Spara om den i SWEREF 99 TM (EPSG:3006) eller WGS84."
    )


@pytest.mark.parametrize("epsg", [3857, 3011, 3021, 25832])
def test_another_system_in_words_is_refused(epsg: int) -> None:
    assert "Spara om den i SWEREF 99 TM" in refusal(collection(feature(), crs=pyproj.CRS(epsg).to_wkt("WKT1_GDAL")))


def test_a_crs_that_the_coordinates_belie_is_refused() -> None:
    crs = {"type": "name", "properties": {"name": "EPSG:3006"}}
    assert "filen uppger SWEREF 99 TM, men koordinaterna 16.18, 58.57 ser ut att vara i WGS84" in refusal(
        collection(feature(), crs=crs)
    )


@pytest.mark.parametrize("epsg", [3021, 3857, 3011])
def test_metres_of_an_undeclared_other_system_are_refused(epsg: Any) -> None:
    other = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)
    sentence = refusal(feature(ring=[list(other.transform(x, y)) for x, y in HAGEBY]))
    assert "varken i WGS84 eller SWEREF 99 TM, utan kanske i RT 90, Web Mercator" in sentence


def test_a_swapped_axis_order_is_named() -> None:
    assert refused_ring([[y, x] for x, y in VILBERGEN]) == (
        "koordinaterna 58.57, 16.14 står i omvänd ordning: i GeoJSON kommer öst (longitud) före nord (latitud)."
    )
    assert "står i omvänd ordning" in refused_ring([[y, x] for x, y in in_sweref(VILBERGEN)])


def test_metres_north_of_sweden_are_refused() -> None:
    crs = {"type": "name", "properties": {"name": "EPSG:3006"}}
    at_70_north = [[500_000, 7_766_000], [501_000, 7_766_000], [501_000, 7_767_000], [500_000, 7_766_000]]
    assert "punkten 500000, 7766000 ligger utanför Sverige" in refusal(collection(feature(ring=at_70_north), crs=crs))


def test_ground_outside_sweden_is_refused() -> None:
    assert refused_ring([[24.9, 60.1], [25.1, 60.1], [25.1, 60.2], [24.9, 60.1]]) == (
        "punkten 25.1, 60.1 ligger utanför Sverige."
    )
    assert "utanför Sverige" in refused_ring([[0, 0], [0, 1], [1, 1], [0, 0]])
