"""Maps as SVG for any page: outlines fitted into a picture, without asking any other server.

Where the operator has named a tile server its tiles lie beneath, and the outlines are drawn in its projection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil, cos, floor, log2, radians
from typing import Any, NamedTuple

from canvass.core import geometry
from canvass.web.page import frames, map_texts
from canvass.web.page.frames import Frame

# Widths in the pictures' own units: an ordinary map, one of thousands of outlines, which has fewer corners since
# corners too small to see are left out, and one that fills the screen of a phone or a desk.
WIDTH, COARSE_WIDTH, CHART_WIDTH = 640, 160, 400
# The height follows the ground, within these shares of the width.
FLATTEST, TALLEST = 0.5, 1.3
# A tile is at most this wide in the picture: sharp enough on a desk, and not too many for a phone.
LARGEST_TILE, DEEPEST_ZOOM = 160, 19
# Fewer outlines than this do not crowd, and a closer look must show them this many times larger.
FEWEST_TO_CROWD, CLOSER = 20, 1.8

# What a map shows: the geometry, its name, the address it links to or "", and the class that colours it or "".
Outline = tuple[geometry.Geometry, str, str, str]


class Place(NamedTuple):
    """An outline with a text on the map: its value, and its name where both have room. `label` is read out."""

    outline: geometry.Geometry
    name: str
    url: str
    look: str
    label: str
    value: str


@dataclass
class Drawing:
    """A map for the template `_parts.html`: view box, outlines, the texts on them and the tiles beneath."""

    box: str = ""
    outlines: list[dict[str, str]] = field(default_factory=list)
    texts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tiles: list[dict[str, Any]] = field(default_factory=list)


def draw(shown: Iterable[Outline], width: float = WIDTH) -> Drawing:
    """A map of all these outlines; an empty one of none."""
    rows = list(shown)
    return draw_in(frame_of((row[0] for row in rows), width, width / 100), rows) if rows else Drawing()


def draw_in(frame: Frame, shown: Iterable[Outline]) -> Drawing:
    """A map of these outlines in a frame that may show only a part of them."""
    return Drawing(
        frame.box,
        [{"path": frame.path(outline), "name": name, "url": url, "look": look} for outline, name, url, look in shown],
    )


def draw_places(frame: Frame, shown: Iterable[Place], tiles_url: str = "") -> Drawing:
    """The same, with texts where there is room for them, on the tiles of a server if `tiles_url` names one."""
    drawing = Drawing(frame.box, texts={size: [] for size in map_texts.HEIGHTS})
    for place in shown:
        shape = frame.shape(place.outline)
        path = frames.path_of(shape) or frame.path(place.outline)
        drawing.outlines.append({"path": path, "name": place.label, "url": place.url, "look": place.look})
        for size, height in map_texts.HEIGHTS.items():
            if text := map_texts.placed(frame, shape, height, place.name, place.value):
                drawing.texts[size].append({**text, "look": place.look})
    drawing.tiles = tiles(frame, tiles_url) if tiles_url else []
    return drawing


def tiles(frame: Frame, url: str) -> list[dict[str, Any]]:
    """The tiles that cover a frame in Mercator's projection: the address of each, its place and its size."""
    zoom = min(max(0, ceil(log2(360 * frame.across / LARGEST_TILE))), DEEPEST_ZOOM)
    # Counted from the upper left corner of the world, which is a square with sides of 360 degrees.
    side = 360 / 2**zoom
    left = 180 + frame.west - frame.left / frame.across
    top = 180 - frame.rise(frame.north) - frame.top / frame.down
    return [
        {
            "url": url.replace("{z}", str(zoom)).replace("{x}", str(column)).replace("{y}", str(row)),
            "x": round((column * side - left) * frame.across, 2),
            "y": round((row * side - top) * frame.down, 2),
            "size": round(side * frame.across, 2),
        }
        for row in range(floor(top / side), ceil((top + frame.height / frame.down) / side))
        for column in range(floor(left / side), ceil((left + frame.width / frame.across) / side))
    ]


def frame_of(
    outlines: Iterable[geometry.Geometry],
    width: float,
    margin: float,
    rise: Callable[[float], float] = frames.plain,
) -> Frame:
    """A frame that fits all of them, as flat or tall as they are."""
    shown = list(outlines)
    west, south, east, north = geometry.bounding_box(*shown)
    narrowing = cos(radians((south + north) / 2)) if rise is frames.plain else 1
    shape = (rise(north) - rise(south)) / ((east - west) * narrowing or 1e-9)
    return frames.fit(shown, width, width * min(max(shape, FLATTEST), TALLEST), margin, rise)


def is_within(frame: Frame, outline: geometry.Geometry) -> bool:
    """Whether the outline's bounding box reaches into the picture."""
    west, south, east, north = geometry.bounding_box(outline)
    (left, top), (right, bottom) = frame.point(west, north), frame.point(east, south)
    return left < frame.width and right > 0 and top < frame.height and bottom > 0


def crowded(outlines: Iterable[geometry.Geometry]) -> list[geometry.Geometry]:
    """The small outlines that crowd together, as in a municipality's town among its villages; none if they do not."""
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
