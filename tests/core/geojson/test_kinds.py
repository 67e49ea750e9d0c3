"""GeoPackage, KML and zip archives, as authorities publish maps and as Google's programs export them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pyproj
import pytest

from canvass.core import geojson, geometry
from canvass.core.geojson import archives
from canvass.core.sqlite import sqlite3
from tests.core.geojson.files import HAGEBY, VILBERGEN, collection, feature, only, package, read, refusal


def zipped(files: dict[str, Any]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def kml(*placemarks: str, head: str = '<kml xmlns="http://www.opengis.net/kml/2.2">') -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<Document>{"".join(placemarks)}</Document></kml>'.encode()


def ring(places: list[list[float]], between: str = ",", height: str = ",0") -> str:
    written = " ".join(f"{x}{between}{y}{height}" for x, y in places)
    return f"<LinearRing><coordinates>\n{written}\n</coordinates></LinearRing>"


def polygon(places: list[list[float]], *holes: list[list[float]]) -> str:
    inner = "".join(f"<innerBoundaryIs>{ring(hole)}</innerBoundaryIs>" for hole in holes)
    return f"<Polygon><outerBoundaryIs>{ring(places)}</outerBoundaryIs>{inner}</Polygon>"


def placemark(name: str, shape: str, more: str = "") -> str:
    return f"<Placemark><name>{name}</name>{more}{shape}</Placemark>"


GOOD = json.dumps(feature()).encode()

# --- archives -----------------------------------------------------------------------------------------------


def test_a_zipped_map_is_read() -> None:
    assert only(zipped({"hageby.geojson": GOOD})).name == "Hageby"
    assert (
        only(zipped({"mapp/HAGEBY.JSON": GOOD, "readme.txt": "läs mig", "__MACOSX/x.json": "skräp"})).name == "Hageby"
    )


def test_a_map_packed_with_gzip_is_read_and_other_kinds_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(gzip.compress(GOOD)).name == "Hageby"
    assert "är skadat" in refusal(b"\x1f\x8bxx")
    assert "packad på ett sätt" in refusal(b"7z\xbc\xaf\x27\x1c")
    monkeypatch.setattr(archives, "MOST_IN_MEMORY", 1_000_000)
    assert "är större än 1 MB" in refusal(gzip.compress(b" " * 5_000_000))


def test_a_kmz_is_read_by_its_own_map() -> None:
    content = kml(placemark("Hageby", polygon(HAGEBY)))
    assert only(zipped({"doc.kml": content, "images/pin.png": b"x", "more/layer.kml": b"<kml/>"})).name == "Hageby"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a.shp": b"\0\0\x27\x0a", "a.dbf": b"", "a.prj": b""}, "Det där är en shapefile."),
        ({"a.geojson": GOOD, "b.gpkg": b""}, "finns flera kartor: a.geojson, b.gpkg."),
        ({"a.csv": b"", "b.pdf": b""}, "finns ingen karta i GeoJSON, GeoPackage eller KML."),
        ({}, "finns ingen karta"),
        ({"xl/workbook.xml": b"<x/>"}, "finns ingen karta"),
        ({"a.geojson": b""}, "Filen är tom."),
        ({"a.json": zipped({"b.geojson": GOOD})}, "Filen går inte att läsa som text."),
    ],
)
def test_an_archive_without_one_map_gets_its_sentence(files: dict[str, bytes], sentence: str) -> None:
    assert sentence in refusal(zipped(files))


def test_a_damaged_or_locked_archive_gets_its_sentence() -> None:
    good = zipped({"hageby.geojson": GOOD})
    assert "är skadat" in refusal(good[: len(good) // 2])
    broken = bytearray(good)
    broken[45] ^= 255
    assert "är skadat" in refusal(bytes(broken))
    locked = bytearray(good)
    locked[6] |= 1
    locked[good.index(b"PK\x01\x02") + 8] |= 1
    assert "är låst" in refusal(bytes(locked))


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_IN_MEMORY", 1_000_000)
    bomb = zipped({"a.geojson": b" " * 20_000_000})
    assert len(bomb) < 100_000
    assert "är större än 1 MB" in refusal(bomb)


def test_a_shapefile_alone_is_named() -> None:
    assert "Det där är en shapefile." in refusal(b"\0\0\x27\x0a" + bytes(96))


# --- GeoPackage ---------------------------------------------------------------------------------------------


def test_a_geopackage_is_read_zipped_or_not(tmp_path: Path) -> None:
    content = package(tmp_path, {"distrikt": ["01", "02"]})
    for data in (content, zipped({"distrikt.gpkg": content})):
        reading = read(data)
        assert reading.problems == []
        assert [f.code for f in reading.features] == ["01", "02"]
        assert reading.fields["code"] == "kod"
        x, y = pyproj.Transformer.from_crs(3006, 4326, always_xy=True).transform(568_000, 6_492_000)
        assert [x, y] == pytest.approx(geometry.bounding_box(reading.features[0].geometry)[:2], abs=1e-4)


@pytest.mark.parametrize(
    "srs",
    [
        ("EPSG", 3006, "undefined"),
        ("epsg", 5845, ""),
        ("NONE", -1, "undefined"),
        ("NONE", 100_000, pyproj.CRS(3006).to_wkt("WKT1_GDAL")),
    ],
)
def test_a_geopackage_says_its_system_in_several_ways(tmp_path: Path, srs: Any) -> None:
    assert len(read(package(tmp_path, {"a": ["1", "2"]}, srs=srs)).features) == 2


def test_a_geopackage_in_another_system_is_refused(tmp_path: Path) -> None:
    assert "RT 90 2,5 gon V" in refusal(package(tmp_path, {"a": ["1"]}, srs=("EPSG", 3021, "")))
    other = pyproj.CRS(3011).to_wkt("WKT1_GDAL")
    assert "Filen är i koordinatsystemet" in refusal(package(tmp_path, {"a": ["1"]}, srs=("NONE", 9, other)))


def test_several_layers_are_a_question(tmp_path: Path) -> None:
    content = package(tmp_path, {"kommun": ["0581"], 'di"strikt': ["1", "2"]})
    reading = read(content)
    assert (reading.asks, reading.choices) == ("layer", [('di"strikt', ""), ("kommun", "")])
    assert [f.code for f in read(content, layer='di"strikt').features] == ["1", "2"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DELETE FROM a", "Filen innehåller inga områden."),
        ("UPDATE gpkg_contents SET data_type = 'tiles'", "inget lager i den har områden"),
        ("UPDATE gpkg_geometry_columns SET geometry_type_name = 'LINESTRING'", "inget lager i den har områden"),
        ("UPDATE a SET shape = NULL", "den har ingen gräns i filen."),
        ("UPDATE a SET shape = x'00'", "den är ?, inte en yta."),
        ("UPDATE a SET shape = x'4750000100000000ff'", "den är ?, inte en yta."),
        ("DROP TABLE gpkg_contents", "ingen hel GeoPackage"),
        ("DROP TABLE a", "inget lager i den har områden"),
        # Nothing that is computed is read: it could go on for ever.
        (
            "ALTER TABLE a RENAME TO b; CREATE VIEW a AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i FROM n) "
            "SELECT i AS kod, i AS shape FROM n",
            "inget lager i den har områden",
        ),
    ],
)
def test_a_geopackage_with_a_fault_gets_its_sentence(tmp_path: Path, change: str, sentence: str) -> None:
    package(tmp_path, {"a": ["1"]})
    with closing(sqlite3.connect(tmp_path / "made.gpkg")) as database:
        database.executescript(change)
    assert sentence in refusal((tmp_path / "made.gpkg").read_bytes())


def test_a_cut_geopackage_gets_its_sentence(tmp_path: Path) -> None:
    content = package(tmp_path, {"a": [str(number) for number in range(500)]})
    assert "ingen hel GeoPackage" in refusal(content[: len(content) // 2])
    assert "ingen hel GeoPackage" in refusal(content[:20])


# --- KML ----------------------------------------------------------------------------------------------------


def test_the_areas_of_a_kml_are_read_with_their_holes_and_parts() -> None:
    hole = [[16.185, 58.573], [16.185, 58.577], [16.195, 58.577], [16.195, 58.573], [16.185, 58.573]]
    point = "<Point><coordinates>1,2</coordinates></Point>"
    both = f"<MultiGeometry>{polygon(HAGEBY)}{point}{polygon(VILBERGEN)}</MultiGeometry>"
    reading = read(
        kml(
            placemark("Med hål", polygon(HAGEBY, hole)),
            f"<Folder><name>Mapp</name>{placemark('Två delar', both)}</Folder>",
            placemark("Nål", "<Point><coordinates>16,58,0</coordinates></Point>"),
        )
    )
    assert [f.name for f in reading.features] == ["Med hål", "Två delar"]
    assert [f.geometry["type"] for f in reading.features] == ["Polygon", "MultiPolygon"]
    assert len(reading.features[0].geometry["coordinates"]) == 2
    assert [p.sentence for p in reading.problems] == ["Område 3 i filen (Nål): den är en punkt, inte en yta."]


@pytest.mark.parametrize("head", ["<kml>", '<kml xmlns="http://earth.google.com/kml/2.1">'])
def test_old_kml_with_fields_and_blanks_is_read(head: str) -> None:
    fields = "<ExtendedData><SchemaData><SimpleData name='kod'>007</SimpleData></SchemaData></ExtendedData>"
    shape = f"<Polygon><outerBoundaryIs>{ring(HAGEBY, ', ', '')}</outerBoundaryIs></Polygon>"
    found = only(kml(placemark("Hageby", shape, fields), head=head))
    assert (found.code, found.name) == ("007", "Hageby")
    data = "<ExtendedData><Data name='kod'><value>008</value></Data></ExtendedData>"
    assert only(kml(placemark("Hageby", shape, data), head=head)).code == "008"
    prefixed = (
        kml(placemark("Hageby", shape)).replace(b"<kml xmlns=", b"<k:kml xmlns:k=").replace(b"</kml>", b"</k:kml>")
    )
    assert only(prefixed).name == "Hageby"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (kml(), "Filen innehåller inga områden."),
        (kml("<NetworkLink><Link><href>x</href></Link></NetworkLink>"), "bara en länk till en karta på nätet"),
        (kml()[:-9], "Filen är inte hel XML: det tar stopp på rad 1."),
        (b"<gpx><trk/></gpx>", "Det där är ett spår (GPX)"),
        (b"<svg/>", "Filen är XML, men inte KML."),
        (b"<!DOCTYPE k [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><kml>&b;</kml>", "egna förkortningar"),
        (b"<!DOCTYPE k [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><kml>&a;</kml>", "egna förkortningar"),
        (kml(placemark("Hageby", polygon([["x", 1], *HAGEBY[1:]]))), "punkt 1 i ytterkanten är inte två tal"),  # type: ignore[list-item]
        (kml(placemark("Hageby", "<Polygon/>")), "dess koordinater är tomma"),
        (b"<a>" * 100_000, "Filen är inte hel XML"),
    ],
)
def test_xml_that_is_no_map_gets_its_sentence(content: bytes, sentence: str) -> None:
    assert sentence in refusal(content)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_kml_is_read_in_the_encodings_it_comes_in(encoding: str) -> None:
    content = kml(placemark("Östantill", polygon(HAGEBY))).decode()
    head = "" if encoding != "utf-16" else '<?xml version="1.0" encoding="UTF-16"?>'
    assert only((head + content.partition("?>")[2]).encode(encoding)).name == "Östantill"
    declared = f'<?xml version="1.0" encoding="windows-1252"?>{content.partition("?>")[2]}'
    assert only(declared.encode("cp1252")).name == "Östantill"


def test_a_map_drawn_without_names_is_named_by_its_places() -> None:
    reading = read(kml(f"<Placemark>{polygon(HAGEBY)}</Placemark>", f"<Placemark>{polygon(VILBERGEN)}</Placemark>"))
    assert [p.number for p in reading.problems] == [1, 2]
    assert only(kml(f"<Placemark>{polygon(HAGEBY)}</Placemark>")).name == "Område 1"


def test_reading_needs_no_more_than_the_file() -> None:
    assert geojson.read(json.dumps(collection(feature())).encode()).problems == []
