"""Files that are no GeoJSON get a sentence about what they are instead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.geojson.files import VILBERGEN, collection, feature, only, read, refusal


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Filen är tom."),
        (b" \n ", "Filen är tom."),
        (b'{"type":\n "Feature",,}', "Filen är inte JSON: det tar stopp på rad 2, tecken 12."),
        (b"<!DOCTYPE html><p>", "Det där är en webbsida, inte en karta. Ladda ner själva filen och välj den."),
        (b"hej", "Filen är inte JSON: det tar stopp på rad 1, tecken 1."),
        (b"PK\x03\x04....", "Zip-arkivet är skadat. Ladda ner det en gång till."),
        (b"%PDF-1.7 \x81\xff", "Filen går inte att läsa som text. Spara den som GeoJSON i UTF-8."),
        (b"17", "Filen är JSON, men inte en FeatureCollection med områden."),
        (b"[]", "Filen är JSON, men inte en FeatureCollection med områden."),
        (b'{"type": "Point"}', "Filen är JSON, men inte en FeatureCollection med områden."),
        (b'{"type": "FeatureCollection"}', "Filens FeatureCollection saknar sin lista ”features”."),
        (b'{"type": "FeatureCollection", "features": []}', "Filen innehåller inga områden."),
        (b"[" * 200_000, "Filen är nästlad så djupt att den inte kan vara GeoJSON."),
        (b'{"a":' * 200_000, "Filen är nästlad så djupt att den inte kan vara GeoJSON."),
    ],
)
def test_a_file_that_is_no_geojson_gets_its_sentence(content: Any, sentence: Any) -> None:
    assert refusal(content) == sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_unicode_is_read(encoding: str) -> None:
    content = json.dumps(feature(name="Östantill"), ensure_ascii=False).encode(encoding)
    assert only(content).name == "Östantill"
    assert read(content).notes == []


def test_windows_1252_is_read_and_said() -> None:
    content = json.dumps(feature(name="Östantill – Åby"), ensure_ascii=False).encode("cp1252")
    assert only(content).name == "Östantill – Åby"
    assert "inte i UTF-8 utan i Windows-1252" in read(content).notes[0]


@pytest.mark.parametrize("between", ["\n", "\r\n", "\n\n", "\n\x1e"])
def test_a_feature_on_each_line_is_a_file(between: str) -> None:
    lines = [json.dumps(feature()), json.dumps(feature("2", "Vilbergen", VILBERGEN))]
    assert [f.name for f in read(between.join(["", *lines]).encode()).features] == ["Hageby", "Vilbergen"]
    assert [f.name for f in read(json.dumps([*map(json.loads, lines)]).encode()).features] == ["Hageby", "Vilbergen"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"type": "Topology", "objects": {}, "arcs": []}, "TopoJSON"),
        ({"geometryType": "esriGeometryPolygon", "features": [{"attributes": {}, "geometry": {"rings": []}}]}, "Esris"),
        ({"spatialReference": {"wkid": 3006}, "features": []}, "Esris"),
    ],
)
def test_other_maps_in_json_are_named(content: Any, what: str) -> None:
    assert what in refusal(content)


def test_fifty_megabytes_are_refused_without_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", None)
    assert refusal(b"[" * 50_000_000) == ("Filen är på 50 MB; gränsen är 30 MB. Dela den, till exempel per kommun.")


@pytest.mark.parametrize("value", [None, 17, "Feature", [], {}, {"type": "Polygon"}])
def test_what_is_no_feature_is_named_by_its_number(value: Any) -> None:
    reading = read(collection(feature(), value))
    assert [p.sentence for p in reading.problems] == ["Område 2 i filen: den är inte en Feature."]


@pytest.mark.parametrize("written", ["NaN", "-Infinity", "1" + "0" * 5_000, "true", "null", "[1]", '{"a": 1}'])
def test_what_no_field_is_taken_from_does_not_matter(written: str) -> None:
    assert only(json.dumps(feature(areal=0)).replace('"areal": 0', f'"areal": {written}').encode()).name == "Hageby"
