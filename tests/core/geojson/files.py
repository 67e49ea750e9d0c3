"""Files of two districts of Norrköping, and what comes of reading them."""

from __future__ import annotations

import copy
import json
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyproj
import shapely
from shapely import Geometry, transform
from shapely.geometry import shape

from canvass.core import geojson
from canvass.core.sqlite import sqlite3

Ring = list[list[float]]

TO_SWEREF = pyproj.Transformer.from_crs(4326, 3006, always_xy=True)

HAGEBY = [[16.18, 58.57], [16.2, 58.57], [16.2, 58.58], [16.18, 58.58], [16.18, 58.57]]
VILBERGEN = [[16.14, 58.57], [16.16, 58.57], [16.16, 58.58], [16.14, 58.58], [16.14, 58.57]]


def feature(code: Any = "05810101", name: Any = "Hageby", ring: Any = HAGEBY, **properties: Any) -> dict[str, Any]:
    """A polling district as the election authority writes it."""
    properties = {"Valdistriktskod": code, "Valdistriktsnamn": name, **properties}
    outline = {"type": "Polygon", "coordinates": [copy.deepcopy(ring)]}
    return {"type": "Feature", "properties": properties, "geometry": outline}


def collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def read(content: Any, **fields: str) -> geojson.Reading:
    return geojson.read(content if isinstance(content, bytes) else json.dumps(content).encode(), **fields)


def only(content: Any, **fields: str) -> geojson.Feature:
    """The one feature of a file that has no problems."""
    reading = read(content, **fields)
    assert reading.problems == []
    (read_feature,) = reading.features
    return read_feature


def refusal(content: Any, **fields: str) -> str:
    """The one sentence of a file from which nothing could be read."""
    reading = read(content, **fields)
    (problem,) = reading.problems
    assert reading.features == []
    return problem.sentence


def refused_ring(ring: Any) -> str:
    """The sentence about a feature with this ring, which stands second, after a good one."""
    reading = read(collection(feature(), feature("05810102", "Vilbergen", ring)))
    assert [f.name for f in reading.features] == ["Hageby"]
    (problem,) = reading.problems
    assert (problem.number, problem.code, problem.name) == (2, "05810102", "Vilbergen")
    start = "Område 2 i filen (05810102 Vilbergen): "
    assert problem.sentence.startswith(start)
    return problem.sentence.removeprefix(start)


def in_sweref(ring: Ring) -> Ring:
    """The ring in SWEREF 99 TM, to the millimetre."""
    return [[round(metres, 3) for metres in TO_SWEREF.transform(x, y)] for x, y in ring]


def in_metres(outline: dict[str, Any]) -> Geometry:
    """An outline in SWEREF 99 TM, as pyproj has it."""
    return transform(shape(outline), lambda places: np.column_stack(TO_SWEREF.transform(places[:, 0], places[:, 1])))


def crooked(start: tuple[float, float], end: tuple[float, float], random: Random, depth: int = 7) -> Ring:
    """A border that bends at every scale, without its end."""
    if not depth:
        return [list(start)]
    bend = random.uniform(-0.08, 0.08)
    (x1, y1), (x2, y2) = start, end
    middle = (x1 + x2) / 2 - bend * (y2 - y1), (y1 + y2) / 2 + bend * (x2 - x1)
    return crooked(start, middle, random, depth - 1) + crooked(middle, end, random, depth - 1)


def districts(size: int = 3, west: float = 15, south: float = 60) -> list[Ring]:
    """So many by so many squares of about a kilometre, with crooked borders that neighbours share."""
    random = Random(7)
    spots = {(i, j): (west + 0.02 * i, south + 0.01 * j) for i in range(size + 1) for j in range(size + 1)}
    borders: dict[Any, Ring] = {}
    for (i, j), spot in spots.items():
        for other in ((i + 1, j), (i, j + 1)):
            if other in spots:
                there = [*crooked(spot, spots[other], random), list(spots[other])]
                borders[(i, j), other], borders[other, (i, j)] = there, there[::-1]
    found = []
    for i in range(size):
        for j in range(size):
            around = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
            ring = [place for a, b in pairwise(around) for place in borders[a, b][:-1]]
            found.append([*ring, ring[0]])
    return found


def package(
    folder: Path, layers: dict[str, list[str]], srs: tuple[str, int, str] = ("EPSG", 3006, "undefined")
) -> bytes:
    """A GeoPackage with a table for each layer, in which each code is a square of 500 metres."""
    path = folder / "made.gpkg"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TABLE gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition)"
        )
        database.execute("CREATE TABLE gpkg_contents (table_name, data_type)")
        database.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id)")
        database.execute("INSERT INTO gpkg_spatial_ref_sys VALUES ('', 7, ?, ?, ?)", srs)
        for layer, codes in layers.items():
            database.execute("INSERT INTO gpkg_contents VALUES (?, 'features')", [layer])
            database.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'shape', 'MultiPolygon', 7)", [layer])
            table = '"' + layer.replace('"', '""') + '"'
            database.execute(f"CREATE TABLE {table} (fid INTEGER PRIMARY KEY, shape BLOB, kod TEXT, pict BLOB)")
            for number, code in enumerate(codes):
                east = 568_000 + 1_000 * number
                square = shapely.to_wkb(shapely.box(east, 6_492_000, east + 500, 6_492_500))
                header = b"GP\0\3" + (7).to_bytes(4, "little") + bytes(32)
                row = [header + square, code, b"\0"]
                database.execute(f"INSERT INTO {table} (shape, kod, pict) VALUES (?, ?, ?)", row)
        database.commit()
    return path.read_bytes()
