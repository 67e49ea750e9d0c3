"""Files that are no GeoJSON get a sentence about what they are instead."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from tests.core.geojson.files import collection, feature, read, refusal


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Filen är tom."),
        (b" \n ", "Filen är tom."),
        (b'{"type":\n "Feature",,}', "Filen är inte JSON: det tar stopp på rad 2, tecken 12."),
        (b"<html>", "Filen är inte JSON: det tar stopp på rad 1, tecken 1."),
        (b"PK\x03\x04....", "Filen är ett zip-arkiv. Packa upp det och välj GeoJSON-filen i det."),
        ('{"type": "Feature"}'.encode("utf-16"), "Filen är i UTF-16. Spara om den i UTF-8."),
        ('{"type": "Feature"}'.encode("utf-16-le"), "Filen är i UTF-16. Spara om den i UTF-8."),
        (b"17", "Filen är JSON, men inte en FeatureCollection med områden."),
        (b"[]", "Filen är JSON, men inte en FeatureCollection med områden."),
        (b'{"type": "Topology"}', "Filen är JSON, men inte en FeatureCollection med områden."),
        (b'{"type": "FeatureCollection"}', "Filens FeatureCollection saknar sin lista ”features”."),
        (b'{"type": "FeatureCollection", "features": []}', "Filen innehåller inga områden."),
        (b"[" * 200_000, "Filen är nästlad så djupt att den inte kan vara GeoJSON."),
        (b'{"a":' * 200_000, "Filen är nästlad så djupt att den inte kan vara GeoJSON."),
    ],
)
def test_a_file_that_is_no_geojson_gets_its_sentence(content: Any, sentence: Any) -> None:
    assert refusal(content) == sentence


def test_latin_1_is_named_with_its_line() -> None:
    content = json.dumps(feature(name="Östantill"), ensure_ascii=False, indent=1).encode("latin-1")
    line = content[: content.index(b"\xd6")].count(b"\n") + 1
    assert refusal(content) == (
        f"Filen är inte i UTF-8 utan kanske i Latin-1: ett tecken på rad {line} går inte att läsa. "
        "Spara om den i UTF-8."
    )


def test_fifty_megabytes_are_refused_without_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json, "loads", None)
    assert refusal(b"[" * 50_000_000) == ("Filen är på 50 MB; gränsen är 30 MB. Dela den, till exempel per kommun.")


@pytest.mark.parametrize("value", [None, 17, "Feature", [], {}, {"type": "Polygon"}])
def test_what_is_no_feature_is_named_by_its_number(value: Any) -> None:
    reading = read(collection(feature(), value))
    assert [p.sentence for p in reading.problems] == ["Område 2 i filen: den är inte en Feature."]


def test_nan_is_not_json_wherever_it_stands() -> None:
    assert "fältet areal är NaN eller för stort" in refusal(feature(areal=math.nan))
    assert "fältet areal är NaN eller för stort" in refusal(feature(areal=-math.inf))
    huge = json.dumps(feature(areal=0)).replace('"areal": 0', '"areal": 1' + "0" * 5_000)
    assert "fältet areal är NaN eller för stort" in refusal(huge.encode())
