"""Files of two districts of Norrköping, and what comes of reading them."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pyproj
from shapely import Geometry, transform
from shapely.geometry import shape

from canvass.core import geojson

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


def in_sweref(ring: list[list[float]]) -> list[list[float]]:
    """The ring in SWEREF 99 TM, to the millimetre."""
    return [[round(metres, 3) for metres in TO_SWEREF.transform(x, y)] for x, y in ring]


def in_metres(outline: dict[str, Any]) -> Geometry:
    """An outline in SWEREF 99 TM, as pyproj has it."""
    return transform(shape(outline), lambda places: np.column_stack(TO_SWEREF.transform(places[:, 0], places[:, 1])))
