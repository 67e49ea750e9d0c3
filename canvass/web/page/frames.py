"""Ground fitted into a picture: where positions land, and outlines as SVG path data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asinh, cos, degrees, hypot, radians, sqrt, tan

from canvass.core.geometry import SWEDEN, Geometry, Point, bounding_box, polygons

# The parts of an outline in a picture, each a list of rings of corners; a ring's first corner is not repeated.
Shape = Sequence[Sequence[Sequence[Point]]]

# Corners that stand out by less than this are left out of a picture, in its own units.
_SUBPIXEL = 0.2
# The longest run of corners that is thinned at once: the work grows with its square for a spiral.
_LONGEST_RUN = 1_000


def plain(latitude: float) -> float:
    """How far north a latitude is drawn, in degrees of longitude at the middle of the picture: as it is."""
    return latitude


def mercator(latitude: float) -> float:
    """The same in Web Mercator (EPSG:3857, on a sphere), so that outlines lie right on others' tiles."""
    return degrees(asinh(tan(radians(latitude))))


@dataclass(frozen=True)
class Frame:
    """A piece of ground fitted into a picture of `width` × `height`, north up."""

    width: float
    height: float
    west: float
    north: float
    left: float
    top: float
    across: float
    down: float
    rise: Callable[[float], float] = plain

    @property
    def box(self) -> str:
        """For the SVG's viewBox attribute."""
        return f"0 0 {self.width:g} {self.height:g}"

    def point(self, longitude: float, latitude: float) -> Point:
        """Where a position lands, from the upper left corner, to one decimal."""
        x = self.left + (longitude - self.west) * self.across
        y = self.top + (self.rise(self.north) - self.rise(latitude)) * self.down
        return round(x, 1) + 0.0, round(y, 1) + 0.0

    def shape(self, geometry: Geometry) -> Shape:
        """An outline in the picture, without what is too small to see."""
        drawn = []
        for rings in polygons(geometry):
            part = []
            for ring in rings:
                corners = _thinned([self.point(position[0], position[1]) for position in ring])
                if len(corners) > 2:
                    part.append(corners)
            if part:
                drawn.append(part)
        return drawn

    def path(self, geometry: Geometry) -> str:
        """SVG path data of an outline: a dot when all of it is too small to see."""
        drawn = path_of(self.shape(geometry))
        if not drawn:
            x, y = self.point(*polygons(geometry)[0][0][0][:2])
            return f"M{x:g},{y:g}Z"
        return drawn


def path_of(shape: Shape) -> str:
    """SVG path data of what Frame.shape gives."""
    rings = [ring for part in shape for ring in part]
    return "".join("M" + "L".join(f"{x:g},{y:g}" for x, y in ring) + "Z" for ring in rings)


def fit(
    geometries: Iterable[Geometry],
    width: float,
    height: float,
    margin: float = 1.0,
    rise: Callable[[float], float] = plain,
) -> Frame:
    """The frame that shows all the geometries as large as they get, with room for strokes at the rim.

    Equirectangular, narrowed by the cosine of the middle latitude: true to shape for a town, good enough for Sweden.
    With `mercator` it is Web Mercator instead, which is true to shape everywhere.
    """
    shown = list(geometries)
    west, south, east, north = bounding_box(*shown) if shown else SWEDEN
    narrowing = cos(radians((south + north) / 2)) if rise is plain else 1.0
    across, down = (east - west) * narrowing, rise(north) - rise(south)
    scale = min((width - 2 * margin) / (across or 1e-9), (height - 2 * margin) / (down or 1e-9))
    return Frame(
        width=width,
        height=height,
        west=west,
        north=north,
        left=(width - across * scale) / 2,
        top=(height - down * scale) / 2,
        across=scale * narrowing,
        down=scale,
        rise=rise,
    )


def _thinned(ring: Sequence[Point]) -> list[Point]:
    """The corners of a closed ring that Douglas and Peucker keep, none of them twice in a row.

    By hand, since shapely is not to be loaded for showing a page.
    """
    kept = [ring[index] for index in _kept(ring)]
    return [corner for corner, after in pairwise(kept) if corner != after]


def _kept(ring: Sequence[Point]) -> list[int]:
    last = len(ring) - 1
    # A ring has no ends to hold on to: its first corner and the one farthest from it serve.
    farthest = max(range(last), key=lambda i: hypot(ring[i][0] - ring[0][0], ring[i][1] - ring[0][1]))
    kept = sorted({farthest, last, *range(0, last, _LONGEST_RUN)})
    runs = list(pairwise(kept))
    while runs:
        first, final = runs.pop()
        middle, distance = _farthest_between(ring, first, final)
        if distance > _SUBPIXEL:
            kept.append(middle)
            runs += [(first, middle), (middle, final)]
    return sorted(kept)


def _farthest_between(ring: Sequence[Point], first: int, final: int) -> tuple[int, float]:
    """Which corner between the two is farthest from the straight edge between them, and how far."""
    (x1, y1), (x2, y2) = ring[first], ring[final]
    along_x, along_y = x2 - x1, y2 - y1
    length = along_x * along_x + along_y * along_y
    worst, at = 0.0, first
    for i in range(first + 1, final):
        x, y = ring[i][0] - x1, ring[i][1] - y1
        share = (x * along_x + y * along_y) / length if length else 0.0
        share = 0.0 if share < 0 else 1.0 if share > 1 else share
        x, y = x - share * along_x, y - share * along_y
        square = x * x + y * y
        if square > worst:
            worst, at = square, i
    return at, sqrt(worst)
