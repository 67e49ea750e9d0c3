"""Ground on a map: SWEREF 99 TM and WGS84, outlines and their faults, what lies inside, outlines as SVG.

Geometries are GeoJSON's `Polygon` and `MultiPolygon` as dictionaries; positions are [longitude, latitude] in
degrees. SWEREF 99 is fixed to the European plate and WGS84 is not: they drift apart by 2.5 cm a year, and are
taken as one here.
"""

from __future__ import annotations

import cmath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asinh, atan, atan2, atanh, cos, degrees, hypot, inf, radians, sin, sinh, sqrt, tan, tanh
from operator import itemgetter
from typing import Any, Literal, NamedTuple

Geometry = dict[str, Any]
Position = Sequence[float]
Point = tuple[float, float]
Ring = Sequence[Position]
Box = tuple[float, float, float, float]

# West, south, east, north of Sweden with its waters.
SWEDEN: Box = (10.0, 54.5, 25.0, 69.5)
# 0.1 m. Edges that cross by less only meet, and a ring of less than its square is flat: so files are rounded.
NOISE_DEGREES = 1e-6
# Coastlines need one or two for each edge. What needs more than this is drawn to keep a server busy.
MOST_COMPARISONS_PER_EDGE = 50

_METRES_PER_DEGREE = 111_195.0
# What nobody sees missing in a drawing, in its own units.
_SUBPIXEL = 0.2
# How many heights are tried when looking for room for a text.
_LINES_TRIED = 14
# Longest stretch that is simplified at once: the work grows with its square when somebody draws a spiral.
_LONGEST_STRETCH = 1_000


class TooIntricate(ValueError):
    """An outline has so many edges beside each other that looking for crossings would take minutes."""


# --- SWEREF 99 TM -------------------------------------------------------------------------------------------
# Gauss–Krüger by Krüger's series in the third flattening n, to n⁴: right to a thousandth of a millimetre.
# Coefficients from C. F. F. Karney, "Transverse Mercator with an accuracy of a few nanometers" (2011). North is the
# real part and east the imaginary one, so that one sine serves both.

_FLATTENING = 1 / 298.257222101
_ECCENTRICITY = sqrt(_FLATTENING * (2 - _FLATTENING))
_N = _FLATTENING / (2 - _FLATTENING)
_RADIUS = 0.9996 * 6_378_137 / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_CENTRAL_MERIDIAN = 15
_FALSE_EASTING = 500_000
_FORWARD = (
    _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16 + 41 * _N**4 / 180,
    13 * _N**2 / 48 - 3 * _N**3 / 5 + 557 * _N**4 / 1440,
    61 * _N**3 / 240 - 103 * _N**4 / 140,
    49561 * _N**4 / 161280,
)
_INVERSE = (
    _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96 - _N**4 / 360,
    _N**2 / 48 + _N**3 / 15 - 437 * _N**4 / 1440,
    17 * _N**3 / 480 - 37 * _N**4 / 840,
    4397 * _N**4 / 161280,
)


def to_sweref(longitude: float, latitude: float) -> tuple[float, float]:
    """Easting and northing in metres (EPSG:3006, east first as in GeoJSON) of a position in degrees."""
    east_of_meridian = radians(longitude - _CENTRAL_MERIDIAN)
    phi = radians(latitude)
    # The tangent of the conformal latitude.
    conformal = sinh(asinh(tan(phi)) - _ECCENTRICITY * atanh(_ECCENTRICITY * sin(phi)))
    sphere = complex(
        atan2(conformal, cos(east_of_meridian)),
        asinh(sin(east_of_meridian) / hypot(conformal, cos(east_of_meridian))),
    )
    plane = sphere
    for order, coefficient in enumerate(_FORWARD, 1):
        plane += coefficient * cmath.sin(2 * order * sphere)
    return _FALSE_EASTING + _RADIUS * plane.imag, _RADIUS * plane.real


def from_sweref(easting: float, northing: float) -> tuple[float, float]:
    """Longitude and latitude in degrees of a position in metres in SWEREF 99 TM (EPSG:3006)."""
    plane = complex(northing, easting - _FALSE_EASTING) / _RADIUS
    sphere = plane
    for order, coefficient in enumerate(_INVERSE, 1):
        sphere -= coefficient * cmath.sin(2 * order * plane)
    north, east = sphere.real, sphere.imag
    isometric = asinh(sin(north) / hypot(sinh(east), cos(north)))
    # Each round leaves 0.7 % of the error of the one before.
    spherical = isometric
    for _ in range(6):
        spherical = isometric + _ECCENTRICITY * atanh(_ECCENTRICITY * tanh(spherical))
    return _CENTRAL_MERIDIAN + degrees(atan2(sinh(east), cos(north))), degrees(atan(sinh(spherical)))


# --- outlines -----------------------------------------------------------------------------------------------


def polygons(geometry: Geometry) -> list[list[Ring]]:
    """The parts of an outline, each a list of rings: the outer one, then its holes."""
    return [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]


def outline(parts: Sequence[Sequence[Ring]]) -> Geometry:
    """The geometry with these parts, a Polygon when there is but one."""
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def contains(geometry: Geometry, longitude: float, latitude: float) -> bool:
    """Is the position inside? Holes are outside; every edge, a hole's too, counts as inside.

    So ground on a shared edge is in both neighbours, and no position falls between them.
    """
    return any(_holds(rings, longitude, latitude) for rings in polygons(geometry))


def bounding_box(*geometries: Geometry) -> Box:
    """West, south, east and north of one or more geometries."""
    outer = [position for geometry in geometries for rings in polygons(geometry) for position in rings[0]]
    longitudes, latitudes = [p[0] for p in outer], [p[1] for p in outer]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def centre(geometry: Geometry) -> Point:
    """Longitude and latitude of the middle of what it reaches over: near enough to say where an area lies."""
    west, south, east, north = bounding_box(geometry)
    return (west + east) / 2, (south + north) / 2


def signed_area(ring: Ring) -> float:
    """Area in the square of the ring's own unit: positive when it runs anticlockwise, else negative."""
    x0, y0 = ring[0][0], ring[0][1]
    # Reckoned from the first corner: far from the origin the products would swallow a small ring.
    return sum((a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0) for a, b in pairwise(ring)) / 2


def wound(geometry: Geometry) -> Geometry:
    """The same outline with outer rings anticlockwise and holes clockwise, as RFC 7946 has them."""
    parts = []
    for rings in polygons(geometry):
        outer, *holes = [ring if signed_area(ring) > 0 else ring[::-1] for ring in rings]
        parts.append([outer, *(hole[::-1] for hole in holes)])
    return outline(parts)


def ring_fault(ring: Ring) -> Literal["open", "short", "flat"] | None:
    """What a ring lacks: it must end where it began, have four positions or more, and enclose something."""
    if len(ring) > 1 and (ring[0][0], ring[0][1]) != (ring[-1][0], ring[-1][1]):
        return "open"
    if len(without_repeats(ring)) < 4:
        return "short"
    return "flat" if abs(signed_area(ring)) < NOISE_DEGREES**2 else None


def without_repeats(ring: Ring) -> list[Position]:
    """The ring without positions that repeat the one before."""
    return [ring[0], *(b for a, b in pairwise(ring) if (a[0], a[1]) != (b[0], b[1]))] if ring else []


def crossing(rings: Sequence[Ring]) -> Point | None:
    """Where edges of a polygon's closed rings cross, or None. Raises TooIntricate.

    A ring may touch itself or another, at a corner or along an edge: official files do, and what is inside is
    clear still. The limit: one that crosses over only after running along the other edge is not seen.
    """
    edges = [edge for ring in rings for edge in _edges(ring)]
    lowest, highest = min(edge.south for edge in edges), max(edge.north for edge in edges)
    # Horizontal strips, so that only edges at about the same height are compared, from west to east.
    strips: list[list[_Edge]] = [[] for _ in range(int(sqrt(len(edges))) + 1)]
    height = (highest - lowest) / len(strips) or 1.0
    work, most = 0, MOST_COMPARISONS_PER_EDGE * (len(edges) + 1_000)
    for edge in edges:
        first, last = (min(int((y - lowest) / height), len(strips) - 1) for y in (edge.south, edge.north))
        work += last - first
        if work > most:
            raise TooIntricate
        for strip in strips[first : last + 1]:
            strip.append(edge)
    for strip in strips:
        strip.sort(key=itemgetter(0))
        for index, edge in enumerate(strip):
            for later in range(index + 1, len(strip)):
                other = strip[later]
                if other.west > edge.east:
                    break
                work += 1
                if other.south <= edge.north and edge.south <= other.north:
                    place = _crossing(edge, other)
                    if place:
                        return place
            if work > most:
                raise TooIntricate
    return None


def simplify(geometry: Geometry, tolerance: float, decimals: int = 5) -> Geometry:
    """The outline with fewer positions, its edges moved by no more than `tolerance` metres, and rounded.

    Douglas and Peucker's way. Holes too small to see are dropped. Where the shorter outline would cross
    itself or vanish, a finer one is tried, at last the part as it came; so what was valid stays so.
    Neighbours are simplified each on their own: their common edge may gape by twice the tolerance.
    """
    return outline([_simplified(rings, tolerance, decimals) for rings in polygons(geometry)])


# --- drawing ------------------------------------------------------------------------------------------------


def plain(latitude: float) -> float:
    """How far north a latitude is drawn, in degrees of longitude at the middle of the drawing: as it is."""
    return latitude


def mercator(latitude: float) -> float:
    """The same as Web Mercator has it (EPSG:3857, on a sphere), so that what is drawn lies on the tiles of others."""
    return degrees(asinh(tan(radians(latitude))))


@dataclass(frozen=True)
class View:
    """A piece of ground fitted into a drawing of `width` × `height`, north up."""

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

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a position lands, from the upper left corner, to one decimal."""
        x = self.left + (longitude - self.west) * self.across
        y = self.top + (self.rise(self.north) - self.rise(latitude)) * self.down
        return round(x, 1) + 0.0, round(y, 1) + 0.0

    def shape(self, geometry: Geometry) -> list[list[list[Point]]]:
        """The parts of an outline, each a list of rings, as corners in the drawing; what is too small is left out."""
        drawn = []
        for rings in polygons(geometry):
            part = []
            for ring in rings:
                points = [self.point(position[0], position[1]) for position in ring]
                corners = without_repeats([points[i] for i in _kept(points, _SUBPIXEL)])[:-1]
                if len(corners) > 2:
                    part.append([(x, y) for x, y in corners])
            if part:
                drawn.append(part)
        return drawn

    def path(self, geometry: Geometry) -> str:
        """SVG path data. Rings too small to draw become dots if nothing else of the outline is left."""
        drawn = path_of(self.shape(geometry))
        if not drawn:
            x, y = self.point(*polygons(geometry)[0][0][0][:2])
            return f"M{x:g},{y:g}Z"
        return drawn


def path_of(shape: Sequence[Sequence[Sequence[Point]]]) -> str:
    """SVG path data of what View.shape gives."""
    rings = [ring for part in shape for ring in part]
    return "".join("M" + "L".join(f"{x:g},{y:g}" for x, y in ring) + "Z" for ring in rings)


def room_for_text(shape: Sequence[Sequence[Sequence[Point]]], width: float, height: float) -> Point | None:
    """The middle of where a text of this size has most room across in a drawn outline; None where it has none."""
    widest, at = width, None
    for rings in shape:
        across, down = [x for x, _y in rings[0]], [y for _x, y in rings[0]]
        top, bottom = min(down), max(down)
        if max(across) - min(across) <= widest or bottom - top <= height:
            continue
        # From the middle outwards, so that of two that are as wide the one nearer to it is taken.
        for step in sorted(range(1, _LINES_TRIED), key=lambda step: abs(2 * step - _LINES_TRIED)):
            y = top + (bottom - top) * step / _LINES_TRIED
            heights = (y - height / 2, y, y + height / 2)
            if heights[0] < top or heights[2] > bottom:
                continue
            for left, right in _inside_at_all(rings, heights):
                if right - left > widest:
                    widest, at = right - left, (round((left + right) / 2, 1), round(y, 1))
    return at


def fit(
    geometries: Iterable[Geometry],
    width: float,
    height: float,
    margin: float = 1.0,
    rise: Callable[[float], float] = plain,
) -> View:
    """The view that shows all the geometries as large as they get, with room for strokes at the rim.

    Equirectangular, narrowed by the cosine of the middle latitude: true to shape for a town, good enough for
    Sweden. With `mercator` it is that instead, which is true to shape wherever it is.
    """
    shown = list(geometries)
    west, south, east, north = bounding_box(*shown) if shown else SWEDEN
    narrowing = cos(radians((south + north) / 2)) if rise is plain else 1.0
    across, down = (east - west) * narrowing, rise(north) - rise(south)
    scale = min((width - 2 * margin) / (across or 1e-9), (height - 2 * margin) / (down or 1e-9))
    return View(
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


def outline_path(geometry: Geometry, width: float, height: float) -> str:
    """SVG path data of one outline, as large as fits."""
    return fit([geometry], width, height).path(geometry)


# --- helpers ------------------------------------------------------------------------------------------------


def _holds(rings: Sequence[Ring], x: float, y: float) -> bool:
    inside = False
    for ring in rings:
        for a, b in pairwise(ring):
            # Always from south to north, so that both owners of a shared edge reckon to the same last bit.
            low, high = (a, b) if a[1] <= b[1] else (b, a)
            x1, y1, x2, y2 = low[0], low[1], high[0], high[1]
            if not y1 <= y <= y2:
                continue
            turn = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)
            if turn == 0 and min(x1, x2) <= x <= max(x1, x2):
                return True
            if turn > 0 and y < y2:
                inside = not inside
    return inside


def _inside_at_all(rings: Sequence[Sequence[Point]], heights: Iterable[float]) -> list[tuple[float, float]]:
    """The stretches that lie inside at every one of these heights; where left is not less than right there is none."""
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


class _Edge(NamedTuple):
    """An edge of a ring, from `a` to `b`, with the corner `before` them."""

    west: float
    east: float
    south: float
    north: float
    before: Point
    a: Point
    b: Point


def _edges(ring: Ring) -> list[_Edge]:
    corners = [(position[0], position[1]) for position in without_repeats(ring)[:-1]]
    edges = []
    for index, a in enumerate(corners):
        b = corners[(index + 1) % len(corners)]
        west, east = (a[0], b[0]) if a[0] < b[0] else (b[0], a[0])
        south, north = (a[1], b[1]) if a[1] < b[1] else (b[1], a[1])
        edges.append(_Edge(west, east, south, north, corners[index - 1], a, b))
    return edges


def _crossing(e: _Edge, f: _Edge) -> Point | None:
    a_side, b_side = _turn(f.a, f.b, e.a), _turn(f.a, f.b, e.b)
    c_side, d_side = _turn(e.a, e.b, f.a), _turn(e.a, e.b, f.b)
    if min(a_side, b_side) < 0 < max(a_side, b_side) and min(c_side, d_side) < 0 < max(c_side, d_side):
        depth = min(
            min(abs(a_side), abs(b_side)) / hypot(f.b[0] - f.a[0], f.b[1] - f.a[1]),
            min(abs(c_side), abs(d_side)) / hypot(e.b[0] - e.a[0], e.b[1] - e.a[1]),
        )
        share = a_side / (a_side - b_side)
        place = e.a[0] + share * (e.b[0] - e.a[0]), e.a[1] + share * (e.b[1] - e.a[1])
        return place if depth > NOISE_DEGREES else None
    # A corner of one on the other: each edge answers for its first corner alone, so none is judged twice.
    if c_side == 0 and _starts_on(f, e) and _crosses_at(f, e):
        return f.a
    if a_side == 0 and _starts_on(e, f) and _crosses_at(e, f):
        return e.a
    return None


def _starts_on(passing: _Edge, other: _Edge) -> bool:
    x, y = passing.a
    return other.west <= x <= other.east and other.south <= y <= other.north and passing.a != other.b


def _crosses_at(passing: _Edge, other: _Edge) -> bool:
    """Does the ring that bends at `passing.a` go from one side of `other`'s ring to its other side there?"""
    corner = passing.a
    came_from, goes_to = (other.before, other.b) if other.a == corner else (other.a, other.b)
    ends = (passing.before, passing.b)
    if any(_along(corner, arm, end) for arm in (came_from, goes_to) for end in ends):
        return False
    sides = [_between(corner, goes_to, came_from, end) for end in ends]
    return sides[0] != sides[1]


def _between(corner: Position, start: Position, stop: Position, point: Position) -> bool:
    """Is the point in the angle at `corner` that opens anticlockwise from `start` to `stop`?"""
    if _turn(corner, start, stop) > 0:
        return _turn(corner, start, point) > 0 and _turn(corner, point, stop) > 0
    return not (_turn(corner, stop, point) >= 0 and _turn(corner, point, start) >= 0)


def _along(corner: Position, arm: Position, point: Position) -> bool:
    """Does the point lie the same way from the corner as the arm?"""
    across, up = arm[0] - corner[0], arm[1] - corner[1]
    ahead = across * (point[0] - corner[0]) + up * (point[1] - corner[1]) > 0
    return ahead and _turn(corner, arm, point) == 0


def _turn(a: Position, b: Position, c: Position) -> float:
    """Above zero when c lies to the left of the line from a to b, below when to the right."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _simplified(rings: Sequence[Ring], tolerance: float, decimals: int) -> Sequence[Ring]:
    for finer in (1, 2, 4, 8):
        shorter = [_thinned(ring, tolerance / finer, decimals) for ring in rings]
        outer, holes = shorter[0], [hole for hole in shorter[1:] if ring_fault(hole) is None]
        if ring_fault(outer) is None and crossing([outer, *holes]) is None:
            return [outer, *holes]
    return rings


def _thinned(ring: Ring, tolerance: float, decimals: int) -> list[Position]:
    narrowing = cos(radians(ring[0][1])) * _METRES_PER_DEGREE
    metres = [(position[0] * narrowing, position[1] * _METRES_PER_DEGREE) for position in ring]
    kept = _kept(metres, tolerance)
    return without_repeats([[round(ring[i][0], decimals), round(ring[i][1], decimals)] for i in kept])


def _kept(points: Sequence[Point], tolerance: float) -> list[int]:
    """Which points of a closed ring Douglas and Peucker keep, the first and last among them."""
    last = len(points) - 1
    # A ring has no ends to hold on to: its first corner and the one farthest from it serve.
    farthest = max(range(last), key=lambda i: hypot(points[i][0] - points[0][0], points[i][1] - points[0][1]))
    kept = sorted({farthest, last, *range(0, last, _LONGEST_STRETCH)})
    stretches = list(pairwise(kept))
    while stretches:
        first, final = stretches.pop()
        middle, distance = _farthest_between(points, first, final)
        if distance > tolerance:
            kept.append(middle)
            stretches += [(first, middle), (middle, final)]
    return sorted(kept)


def _farthest_between(points: Sequence[Point], first: int, final: int) -> tuple[int, float]:
    """Which point between the two lies farthest from the straight edge between them, and how far."""
    (x1, y1), (x2, y2) = points[first], points[final]
    along_x, along_y = x2 - x1, y2 - y1
    length = along_x * along_x + along_y * along_y
    worst, at = 0.0, first
    for i in range(first + 1, final):
        x, y = points[i][0] - x1, points[i][1] - y1
        share = (x * along_x + y * along_y) / length if length else 0.0
        share = 0.0 if share < 0 else 1.0 if share > 1 else share
        x, y = x - share * along_x, y - share * along_y
        square = x * x + y * y
        if square > worst:
            worst, at = square, i
    return at, sqrt(worst)
