"""Whole files: what can be read of them is read, and the sentences follow the language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shapely import Point
from shapely.geometry import shape

from canvass.core import geojson, i18n
from canvass.core.settings import ROOT
from tests.core.geojson.files import HAGEBY, VILBERGEN, collection, feature, only, read, refusal

REFERENCE = ROOT / "canvass" / "reference"


def covers(outline: dict[str, Any], longitude: float, latitude: float) -> bool:
    return bool(shape(outline).covers(Point(longitude, latitude)))


def test_all_municipalities_are_read_in_one_go() -> None:
    data = (REFERENCE / "municipalities.geojson").read_bytes()
    reading = geojson.read(data)
    assert reading.problems == []
    assert len(reading.features) == 290
    assert reading.fields == {"code": "kommun_kod", "name": "kommun", "housing": None, "households": None}
    by_code = {f.code: f for f in reading.features}
    assert by_code["0114"].name == "Upplands Väsby"
    assert covers(by_code["0581"].geometry, 16.19, 58.59)
    assert not covers(by_code["0580"].geometry, 16.19, 58.59)


def test_the_shipped_list_and_the_shipped_outlines_agree() -> None:
    lines = (REFERENCE / "municipalities.csv").read_text("utf-8").splitlines()[1:]
    reading = geojson.read((REFERENCE / "municipalities.geojson").read_bytes())
    listed = [tuple(line.split(",")[:2]) for line in lines]
    assert sorted(listed) == sorted((f.code, f.name) for f in reading.features)


def test_the_same_file_reads_the_same_twice() -> None:
    data = json.dumps(collection(feature(), feature("2", "Vilbergen", VILBERGEN))).encode()
    assert geojson.read(data) == geojson.read(data)


def test_an_outline_comes_out_closed_wound_and_rounded() -> None:
    detour = [[16.18, 58.57, 31.5], [16.18, 58.58, 31.5], [16.2, 58.580000001, 0], [16.2, 58.57], [16.18, 58.57]]
    (ring,) = only(collection(feature(ring=detour))).geometry["coordinates"]
    assert ring == [[16.18, 58.57], [16.2, 58.57], [16.2, 58.58], [16.18, 58.58], [16.18, 58.57]]


def test_a_single_feature_is_a_file() -> None:
    assert only(feature()).code == "05810101"


def test_a_bare_polygon_is_a_file_with_one_nameless_area() -> None:
    reading = read({"type": "Polygon", "coordinates": [HAGEBY]})
    assert [(f.code, f.name) for f in reading.features] == [("1", "Område 1")]
    assert reading.fields["code"] is None


def test_several_parts_and_holes_are_kept() -> None:
    hole = [[16.185, 58.573], [16.185, 58.577], [16.195, 58.577], [16.195, 58.573], [16.185, 58.573]]
    content = feature()
    content["geometry"] = {"type": "MultiPolygon", "coordinates": [[HAGEBY, hole], [VILBERGEN]]}
    outline = only(content).geometry
    assert [len(rings) for rings in outline["coordinates"]] == [2, 1]
    assert not covers(outline, 16.19, 58.575)
    assert covers(outline, 16.15, 58.575)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert only(b"\xef\xbb\xbf" + json.dumps(feature(), ensure_ascii=False).encode()).name == "Hageby"


def test_sentences_follow_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {"Område %(number)s i filen (%(called)s)": "Area %(number)s (%(called)s)"}
    monkeypatch.setattr(i18n, "catalogue", {"sv": {}, "en": words}.get)
    with i18n.speaking("en"):
        assert refusal({**feature(), "geometry": None}).startswith("Area 1 (05810101 Hageby): ")
