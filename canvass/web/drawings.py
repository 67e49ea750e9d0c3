"""Maps as SVG for any page: outlines fitted into a picture, without tiles and without anybody else's server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import cos, radians

from canvass import geometry

# A drawing's width in its own units; its height follows the ground, within reason. What is smaller than a fifth of a
# unit is left out, so that a coarse drawing of thousands of outlines has fewer corners.
WIDTH, COARSE_WIDTH, FLATTEST, TALLEST = 640, 160, 0.5, 1.3

# What a map shows: the geometry, its name, where it leads and its look.
Outline = tuple[geometry.Geometry, str, str, str]


@dataclass
class Drawing:
    """A map for the template: its view box and the outlines in it."""

    box: str = ""
    outlines: list[dict[str, str]] = field(default_factory=list)


def draw(shown: Iterable[Outline], width: float = WIDTH) -> Drawing:
    """A map with room for all the outlines there are."""
    rows = list(shown)
    return draw_in(view_of((row[0] for row in rows), width, width / 100), rows) if rows else Drawing()


def draw_in(view: geometry.View, shown: Iterable[Outline]) -> Drawing:
    """A map of what `view` shows."""
    return Drawing(
        view.box,
        [{"path": view.path(outline), "name": name, "url": url, "look": look} for outline, name, url, look in shown],
    )


def view_of(outlines: Iterable[geometry.Geometry], width: float, margin: float) -> geometry.View:
    """What fits all of them, as flat or tall as they are."""
    shown = list(outlines)
    west, south, east, north = geometry.bounding_box(*shown)
    shape = (north - south) / ((east - west) * cos(radians((south + north) / 2)) or 1e-9)
    return geometry.fit(shown, width, width * min(max(shape, FLATTEST), TALLEST), margin)


def is_within(view: geometry.View, outline: geometry.Geometry) -> bool:
    """Does any of it reach into the picture?"""
    west, south, east, north = geometry.bounding_box(outline)
    (left, top), (right, bottom) = view.point(west, north), view.point(east, south)
    return left < view.width and right > 0 and top < view.height and bottom > 0
