"""Polygons that are valid by the OGC's rules, or say where they cross themselves. In metres.

What touches itself, as official files do, has one meaning all the same and is made valid: a ring that meets itself at
a corner, a spit without width, a hole along the outer ring, a crossing no deeper than rounding makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from canvass.core.geojson.sweref import Positions

Ground: TypeAlias = shapely.Polygon | shapely.MultiPolygon

# Edges that cross by less than this only meet, and a ring narrower than this is flat: files are rounded to it, and what
# is straight in degrees bends by as much in two kilometres.
NOISE_METRES = 0.1
# A knot in a border that is smaller than this in every direction is a slip of the pen.
KNOT_METRES = 3
# How many edges may stand beside each edge on average: a coastline has two or three. The time to compare them grows
# with it, and GEOS cannot be stopped once it has begun. So many comparisons are free: they take no time.
MOST_BESIDE = 30
FREE_COMPARISONS = 20_000
# How many pairs of edges may meet for each edge of an outline that is to be mended, and how many besides. In a valid
# one it is one pair, an edge and the next.
MOST_MEETING, FREE_MEETINGS = 2, 40


class Crossing(ValueError):
    """The borders cross at `place`, [easting, northing]: it is not clear what is inside."""

    def __init__(self, place: Positions) -> None:
        super().__init__()
        self.place = place


class TooIntricate(ValueError):
    """So many edges stand beside each other that comparing them would take minutes."""


def polygon(rings: Sequence[Positions], tolerance: float = NOISE_METRES) -> Ground:
    """The ground within the first ring and outside the others, which are closed. Raises Crossing and TooIntricate.

    It is empty when the rings enclose nothing. Crossings no deeper than `tolerance`, in metres, are untied.
    """
    starts, ends = _edges(rings)
    _limit_comparisons(starts, ends)
    found = shapely.Polygon(rings[0], rings[1:])
    if shapely.is_valid(found):
        return found
    _find_deep_crossing(starts, ends, tolerance)
    reason = shapely.is_valid_reason(found)
    if reason.startswith("Hole"):
        # A hole outside the outer ring or within another hole: every second ring inwards is ground.
        return _polygons_of(shapely.make_valid(found))
    mended = shapely.make_valid(found, method="structure", keep_collapsed=False)
    # The sum with signs, what lies to one side of the border, and all that it surrounds. They agree only where the
    # border goes round everything once and in one direction.
    areas = found.area, found.buffer(0).area, mended.area
    if max(areas) - min(areas) > NOISE_METRES * found.length + tolerance**2:
        raise Crossing(_place_in(reason))
    return _polygons_of(mended)


def is_flat(ring: Positions) -> bool:
    """Whether a closed ring encloses nothing but rounding."""
    found = shapely.Polygon(ring)
    return bool(found.area < NOISE_METRES * found.length / 2)


def union(parts: Sequence[Ground]) -> Ground:
    """The ground of all the parts, which may meet and overlap. Raises TooIntricate."""
    if len(parts) == 1:
        return parts[0]
    whole = _polygons_of(*parts)
    rings = shapely.get_rings(shapely.get_parts(whole))
    _limit_comparisons(*_edges([shapely.get_coordinates(ring) for ring in rings]))
    return whole if shapely.is_valid(whole) else _polygons_of(shapely.union_all(parts))


def _edges(rings: Sequence[Positions]) -> tuple[Positions, Positions]:
    """Where the edges of all the rings start and where they end."""
    return np.concatenate([ring[:-1] for ring in rings]), np.concatenate([ring[1:] for ring in rings])


def _limit_comparisons(starts: Positions, ends: Positions) -> None:
    """Raise TooIntricate when far more edges stand beside each other than on any map.

    Two do when they overlap from west to east within a horizontal strip; there are about as many strips as an outline
    of so many edges is edges high.
    """
    edges, most = len(starts), MOST_BESIDE * len(starts) + FREE_COMPARISONS
    if edges**2 < 2 * most:
        return
    low, high = np.minimum(starts, ends), np.maximum(starts, ends)
    (west, south), (east, north) = low.min(axis=0), high.max(axis=0)
    strips = int(edges**0.5) + 1
    height = (north - south) / strips or 1.0
    first, last = (np.minimum((y - south) // height, strips - 1).astype(int) for y in (low[:, 1], high[:, 1]))
    spans = last - first + 1
    if spans.sum() > most:
        raise TooIntricate
    # One row for each strip of each edge. Strip 7 is the numbers from 7 to 7.5, so that all strips are sorted as one.
    edge = np.repeat(np.arange(edges), spans)
    strip = np.arange(len(edge)) - np.repeat(np.cumsum(spans) - spans, spans) + first[edge]
    across = 2 * (east - west) or 1.0
    begins, stops = (strip + (x[edge] - west) / across for x in (low[:, 0], high[:, 0]))
    begun = np.searchsorted(np.sort(begins), stops, side="right")
    stopped = np.searchsorted(np.sort(stops), begins, side="left")
    # Each pair is counted from both sides.
    if (begun - stopped).sum() > 2 * most:
        raise TooIntricate


def _find_deep_crossing(starts: Positions, ends: Positions, tolerance: float) -> None:
    """Raise Crossing where an edge goes through another by more than `tolerance`.

    Raises TooIntricate when so many meet that mending them would take minutes for a whole file.
    """
    edges = shapely.linestrings(np.stack((starts, ends), axis=1))
    one, other = shapely.STRtree(edges).query(edges, predicate="intersects")
    one, other = one[one < other], other[one < other]
    if len(one) > MOST_MEETING * len(edges) + FREE_MEETINGS:
        raise TooIntricate
    depths = [
        shapely.distance(shapely.points(places[passing]), edges[passed])
        for passing, passed in ((one, other), (other, one))
        for places in (starts, ends)
    ]
    deep = np.flatnonzero(np.min(depths, axis=0) > tolerance)
    if len(deep):
        meeting = shapely.intersection(edges[one[deep[0]]], edges[other[deep[0]]])
        raise Crossing(shapely.get_coordinates(meeting)[0])


def _place_in(reason: str) -> NDArray[np.float64]:
    """The position in a reason such as "Self-intersection[16 58]"."""
    return np.array(reason.rpartition("[")[2].rstrip("]").split(), dtype=float)


def _polygons_of(*found: shapely.Geometry) -> Ground:
    """The polygons among all that these consist of, as one geometry."""
    parts = [part for part in shapely.get_parts(shapely.get_parts(found)) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
