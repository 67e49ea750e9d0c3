"""Outlines as GeoJSON's `Polygon` and `MultiPolygon`, as dictionaries: positions are [longitude, latitude] in WGS84."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Geometry = dict[str, Any]
Position = Sequence[float]
Point = tuple[float, float]
Ring = Sequence[Position]
Box = tuple[float, float, float, float]

# West, south, east, north of Sweden with its waters.
SWEDEN: Box = (10.0, 54.5, 25.0, 69.5)


def polygons(geometry: Geometry) -> list[list[Ring]]:
    """Return the parts of an outline, each a list of rings: the outer one, then its holes."""
    return [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]


def outline(parts: Sequence[Sequence[Ring]]) -> Geometry:
    """Return the geometry with these parts: a Polygon when there is one, else a MultiPolygon."""
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def bounding_box(*geometries: Geometry) -> Box:
    """Return the westernmost, southernmost, easternmost and northernmost coordinates of one or more geometries."""
    outer = [position for geometry in geometries for rings in polygons(geometry) for position in rings[0]]
    longitudes, latitudes = [p[0] for p in outer], [p[1] for p in outer]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def centre(geometry: Geometry) -> Point:
    """Return the longitude and latitude of the middle of the bounding box, which may lie outside the outline."""
    west, south, east, north = bounding_box(geometry)
    return (west + east) / 2, (south + north) / 2
