"""Maps as SVG for any page: outlines fitted into a picture, without anybody else's server.

Only when the operator has named a tile server are its pictures laid beneath, and then in its projection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil, cos, floor, log2, radians
from typing import Any, NamedTuple

from canvass.core import geometry

# A drawing's width in its own units; its height follows the ground, within reason. What is smaller than a fifth of a
# unit is left out, so that a coarse drawing of thousands of outlines has fewer corners.
WIDTH, COARSE_WIDTH, FLATTEST, TALLEST = 640, 160, 0.5, 1.3
# A drawing that fills a phone and a desk alike, and how high a line of text is there, in the drawing's units: a phone
# shows it smaller than a desk does, so the text must be larger and finds room in fewer places.
CHART_WIDTH, TEXT_HEIGHTS = 400, {"phone": 14.0, "desk": 8.5}
# A letter's width, and a line's distance to the next, as shares of the text's height.
LETTER, LINE = 0.66, 1.15
# A tile is at most this wide in the drawing: sharp enough on a desk, and not too many for a phone.
LARGEST_TILE, DEEPEST_ZOOM = 160, 19
# Fewer outlines than this do not crowd, and a closer look must show them this many times larger.
FEWEST_TO_CROWD, CLOSER = 20, 1.8

# What a map shows: the geometry, its name, where it leads and its look.
Outline = tuple[geometry.Geometry, str, str, str]


class Place(NamedTuple):
    """An outline that says its value on the map itself, and its name where there is room for both."""

    outline: geometry.Geometry
    name: str
    url: str
    look: str
    label: str
    value: str


@dataclass
class Drawing:
    """A map for the template: its view box, the outlines in it, and what may stand on and under them."""

    box: str = ""
    outlines: list[dict[str, str]] = field(default_factory=list)
    texts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tiles: list[dict[str, Any]] = field(default_factory=list)


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


def draw_places(view: geometry.View, shown: Iterable[Place], tiles_url: str = "") -> Drawing:
    """A map of what `view` shows, with each value written where there is room for it, and on tiles where named."""
    drawing = Drawing(view.box, texts={size: [] for size in TEXT_HEIGHTS})
    for place in shown:
        shape = view.shape(place.outline)
        path = geometry.path_of(shape) or view.path(place.outline)
        drawing.outlines.append({"path": path, "name": place.label, "url": place.url, "look": place.look})
        for size, height in TEXT_HEIGHTS.items():
            if text := _text(view, shape, height, place):
                drawing.texts[size].append(text)
    drawing.tiles = tiles(view, tiles_url) if tiles_url else []
    return drawing


def tiles(view: geometry.View, url: str) -> list[dict[str, Any]]:
    """The pictures that cover what a Mercator view shows: the address of each, and its place and size."""
    zoom = min(max(0, ceil(log2(360 * view.across / LARGEST_TILE))), DEEPEST_ZOOM)
    # Counted from the upper left corner of the world, which is a square with sides of 360 degrees.
    side = 360 / 2**zoom
    left = 180 + view.west - view.left / view.across
    top = 180 - view.rise(view.north) - view.top / view.down
    return [
        {
            "url": url.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row)),
            "x": round((column * side - left) * view.across, 2),
            "y": round((row * side - top) * view.down, 2),
            "size": round(side * view.across, 2),
        }
        for row in range(floor(top / side), ceil((top + view.height / view.down) / side))
        for column in range(floor(left / side), ceil((left + view.width / view.across) / side))
    ]


def view_of(
    outlines: Iterable[geometry.Geometry],
    width: float,
    margin: float,
    rise: Callable[[float], float] = geometry.plain,
) -> geometry.View:
    """What fits all of them, as flat or tall as they are."""
    shown = list(outlines)
    west, south, east, north = geometry.bounding_box(*shown)
    narrowing = cos(radians((south + north) / 2)) if rise is geometry.plain else 1
    shape = (rise(north) - rise(south)) / ((east - west) * narrowing or 1e-9)
    return geometry.fit(shown, width, width * min(max(shape, FLATTEST), TALLEST), margin, rise)


def is_within(view: geometry.View, outline: geometry.Geometry) -> bool:
    """Does any of it reach into the picture?"""
    west, south, east, north = geometry.bounding_box(outline)
    (left, top), (right, bottom) = view.point(west, north), view.point(east, south)
    return left < view.width and right > 0 and top < view.height and bottom > 0


def thick_of(outlines: Iterable[geometry.Geometry]) -> list[geometry.Geometry]:
    """Where the small ones crowd, as in a municipality's town among its villages; nothing where they do not."""
    boxes = [(geometry.bounding_box(outline), outline) for outline in outlines]
    if len(boxes) < FEWEST_TO_CROWD:
        return []
    heights = sorted(north - south for (_west, south, _east, north), _outline in boxes)
    crowd = [(box, outline) for box, outline in boxes if box[3] - box[1] <= heights[len(heights) // 2]]
    for side in (0, 1):
        middles = sorted((box[side] + box[side + 2]) / 2 for box, _outline in crowd)
        # One village far off must not decide what is shown.
        off = len(middles) // 10
        first, last = middles[off], middles[-1 - off]
        crowd = [(box, outline) for box, outline in crowd if first <= (box[side] + box[side + 2]) / 2 <= last]
    west, _south, east, _north = geometry.bounding_box(*(outline for _box, outline in boxes))
    near_west, _south, near_east, _north = geometry.bounding_box(*(outline for _box, outline in crowd))
    return [outline for _box, outline in crowd] if (east - west) > CLOSER * (near_east - near_west) else []


def _text(
    view: geometry.View, shape: list[list[list[geometry.Point]]], height: float, place: Place
) -> dict[str, Any] | None:
    """The name above the value where both have room, else the value alone, else nothing."""
    for lines in ([place.name, place.value], [place.value]):
        across, down = LETTER * height * max(map(len, lines)), LINE * height * len(lines)
        middle = geometry.room_for_text(shape, across, down)
        if middle is None:
            continue
        x, y = middle
        if across / 2 < x < view.width - across / 2 and down / 2 < y < view.height - down / 2:
            return {"x": x, "y": y, "lines": lines, "look": place.look}
    return None
