"""Texts on a map: a name and a value written inside an outline, where it has room for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from canvass.core.geometry import Point
from canvass.web.page.frames import Frame, Shape

# How high a line of text is, in the picture's units. A phone shows the picture smaller than a desk does, so the text
# must be larger there and finds room in fewer outlines.
HEIGHTS = {"phone": 14.0, "desk": 8.5}
# A letter's width, and a line's distance to the next, as shares of the text's height.
LETTER, LINE = 0.66, 1.15
# How many heights of an outline are tried when looking for room.
_LINES_TRIED = 14


def placed(frame: Frame, shape: Shape, height: float, name: str, value: str) -> dict[str, Any] | None:
    """Where to write the name above the value if both have room, else the value alone; None if neither has."""
    for lines in ([name, value], [value]):
        across, down = LETTER * height * max(map(len, lines)), LINE * height * len(lines)
        middle = room(shape, across, down)
        if middle is None:
            continue
        x, y = middle
        if across / 2 < x < frame.width - across / 2 and down / 2 < y < frame.height - down / 2:
            return {"x": x, "y": y, "lines": lines}
    return None


def room(shape: Shape, width: float, height: float) -> Point | None:
    """The middle of the widest place in an outline for a text of this size; None where there is no room for it."""
    widest, at = width, None
    for rings in shape:
        across, down = [x for x, _y in rings[0]], [y for _x, y in rings[0]]
        top, bottom = min(down), max(down)
        if max(across) - min(across) <= widest or bottom - top <= height:
            continue
        # From the middle outwards, so that of two places of one width the one nearer to it is taken.
        for step in sorted(range(1, _LINES_TRIED), key=lambda step: abs(2 * step - _LINES_TRIED)):
            y = top + (bottom - top) * step / _LINES_TRIED
            heights = (y - height / 2, y, y + height / 2)
            if heights[0] < top or heights[2] > bottom:
                continue
            for left, right in _inside_at_all(rings, heights):
                if right - left > widest:
                    widest, at = right - left, (round((left + right) / 2, 1), round(y, 1))
    return at


def _inside_at_all(rings: Sequence[Sequence[Point]], heights: Iterable[float]) -> list[tuple[float, float]]:
    """The stretches that are inside at every one of these heights; where left is not below right there is none."""
    common = [(-inf, inf)]
    for y in heights:
        ends = sorted(
            x1 + (y - y1) * (x2 - x1) / (y2 - y1)
            for ring in rings
            for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True)
            if (y1 <= y) != (y2 <= y)
        )
        inside = list(zip(ends[::2], ends[1::2], strict=True))
        common = [(max(left, start), min(right, end)) for left, right in common for start, end in inside]
    return common
