"""Outlines: GeoJSON geometries checked, and simplified so that neighbours still fit each other.

All is reckoned in SWEREF 99 TM, where a metre is a metre. This module and those it imports from here bring shapely
and numpy, which a server that reads no outlines does without: it is imported only while a file is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import isfinite
from operator import itemgetter
from typing import Any

import numpy as np
import shapely

from canvass.core import geometry
from canvass.core.geojson import sweref, systems, validity
from canvass.core.geojson.faults import Fault
from canvass.core.geojson.sweref import Positions
from canvass.core.geojson.validity import Ground
from canvass.core.geojson.values import text
from canvass.core.i18n import gettext as _

# Corners that cut off less than the square of this are dropped, which moves a border by about half of it. Outlines are
# kept on phones, and a phone's own position is rarely better than five metres.
TOLERANCE_METRES = 6
# Half a metre to a metre.
DECIMALS = 5


def ground(value: Any, declared: str | None) -> Ground:
    """The ground of a GeoJSON Polygon or MultiPolygon. Raises Fault."""
    parts = _parts(value)
    try:
        return validity.union(
            [_part(rings, number if len(parts) > 1 else None, declared) for number, rings in enumerate(parts, 1)]
        )
    except validity.Crossing as crossing:
        ((longitude, latitude),) = sweref.from_sweref(crossing.place[np.newaxis])
        raise Fault(
            _(
                "dess gräns korsar sig själv vid longitud %(longitude)s, latitud %(latitude)s.",
                longitude=f"{longitude:.5f}",
                latitude=f"{latitude:.5f}",
            )
        ) from None
    except validity.TooIntricate:
        raise Fault(_("dess gräns är för invecklad. Förenkla den i ett kartprogram först.")) from None


def simplified(grounds: Sequence[Ground]) -> list[geometry.Geometry]:
    """The outlines of all that a file holds, with fewer corners, in WGS84: outer rings anticlockwise, holes clockwise.

    A border that two of them share stays shared when both have the same corners along it. What is smaller than the
    rounding is dropped beside larger ground, as a skerry of a square metre is.
    """
    if not grounds:
        return []
    whole = np.array(grounds, dtype=object)
    shorter = shapely.coverage_simplify(whole, TOLERANCE_METRES)
    # GEOS promises valid outlines only where none of them overlap.
    shorter = np.where(shapely.is_valid(shorter), shorter, whole)
    exact = shapely.transform(shorter, sweref.from_sweref)
    rounded = shapely.transform(exact, lambda positions: np.round(positions, DECIMALS))
    for index in np.flatnonzero(~shapely.is_valid(rounded)):
        # Narrow necks close when they are rounded. This way of rounding parts the ground there, but takes its time.
        snapped = shapely.set_precision(exact[index], 10**-DECIMALS)
        rounded[index] = exact[index] if snapped.is_empty else snapped
    return [_as_geojson(found) for found in shapely.orient_polygons(shapely.remove_repeated_points(rounded))]


def _as_geojson(found: Ground) -> geometry.Geometry:
    parts = shapely.get_parts(found)
    return geometry.outline([[shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(p)] for p in parts])


def _parts(value: Any) -> list[list[Any]]:
    """The parts of a geometry, each a list of rings. Raises Fault."""
    if value is None:
        raise Fault(_("den saknar yta: geometry är tom."))
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise Fault(_("den är inte en Polygon eller MultiPolygon utan %(kind)s.", kind=text(kind)[:40] or "?"))
    coordinates = value.get("coordinates")
    parts = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(parts, list) or not parts or not all(isinstance(part, list) and part for part in parts):
        raise Fault(_("dess koordinater är tomma eller inga listor."))
    return parts


def _part(rings: list[Any], number: int | None, declared: str | None) -> Ground:
    """The ground of one part; `number` is its place when there are several. Raises Fault, Crossing, TooIntricate."""
    names = [_ring_name(hole, number) for hole in range(len(rings))]
    checked = [_ring(ring, name, declared) for ring, name in zip(rings, names, strict=True)]
    found = validity.polygon(checked)
    for ring, name in zip(checked, names, strict=True):
        if validity.is_flat(ring):
            raise Fault(_("%(ring)s omsluter ingen yta.", ring=name))
    return found


def _ring_name(hole: int, part: int | None) -> str:
    """What to call a ring in a sentence; the outer one is hole 0."""
    if part is None:
        return _("hål %(number)s", number=hole) if hole else _("ytterkanten")
    if hole:
        return _("hål %(number)s i del %(part)s", number=hole, part=part)
    return _("ytterkanten i del %(part)s", part=part)


def _ring(value: Any, name: str, declared: str | None) -> Positions:
    """A ring's positions in metres, without heights and repeats. Raises Fault."""
    if not isinstance(value, list) or not value:
        raise Fault(_("%(ring)s är tom eller ingen lista.", ring=name))
    ring = systems.in_metres(_positions(value, name), declared)
    if len(ring) > 1 and (ring[0] != ring[-1]).any():
        raise Fault(_("%(ring)s är inte sluten: den slutar inte där den börjar.", ring=name))
    moved = (ring[1:] != ring[:-1]).any(axis=1)
    ring = ring[np.append(True, moved)]
    if len(ring) < 4:
        raise Fault(_("%(ring)s har för få punkter: minst tre olika och den första igen.", ring=name))
    return ring


def _positions(ring: list[Any], name: str) -> Positions:
    """The first two numbers of every position. Raises Fault."""
    # A million positions go by here, so each is looked at by functions written in C. The exact types: to Python True
    # is a number too, and to numpy so is "16.14".
    if set(map(type, ring)) == {list}:
        pairs = list(map(itemgetter(slice(2)), ring))
        if set(map(len, pairs)) == {2} and set(map(type, chain.from_iterable(pairs))) <= {int, float}:
            found = np.array(pairs, dtype=float)
            if np.isfinite(found).all():
                return found
    bad = next(number for number, position in enumerate(ring, 1) if not _is_position(position))
    raise Fault(_("punkt %(number)s i %(ring)s är inte två tal.", number=bad, ring=name))


def _is_position(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(type(number) in (int, float) and isfinite(number) for number in value[:2])
    )
