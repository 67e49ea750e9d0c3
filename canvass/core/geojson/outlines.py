"""Outlines: GeoJSON geometries checked, and simplified so that neighbours still fit each other.

All is reckoned in SWEREF 99 TM, where a metre is a metre. This module and those it imports from here bring shapely
and numpy, which a server that reads no outlines does without: it is imported only while a file is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from math import isfinite
from operator import itemgetter
from typing import Any

import numpy as np
import shapely
import shapely.geometry

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


def ground(value: Any, declared: str | None) -> tuple[Ground, list[str]]:
    """The ground of a geometry, GeoJSON's or shapely's, and sentences about what was mended in it. Raises Fault."""
    mended: list[str] = []
    parts = _parts(value)
    found: list[Ground] = []
    for number, rings in enumerate(parts, 1):
        try:
            found.append(_part(rings, number if len(parts) > 1 else None, declared, mended))
        except _Nothing as fault:
            if len(parts) == 1 or (number == len(parts) and not found):
                raise
            mended.append(_("%(fault)s Den delen är utelämnad.", fault=_sentence(str(fault))))
    try:
        return validity.union(found), mended
    except validity.TooIntricate:
        raise Fault(_too_intricate()) from None


def with_part(whole: Ground, part: Ground, title: str) -> tuple[Ground, str]:
    """The ground of an area and of another outline with its code and name, and a sentence about it. Raises Fault."""
    if whole.equals(part):
        return whole, _("den är likadan som %(other)s och är läst en gång.", other=title)
    try:
        return validity.union([whole, part]), _("den är en del av %(other)s, som har samma kod och namn.", other=title)
    except validity.TooIntricate:
        raise Fault(_too_intricate()) from None


def joined(outlines: Sequence[geometry.Geometry]) -> geometry.Geometry:
    """One outline of several that have been read."""
    whole = shapely.union_all([shapely.geometry.shape(outline) for outline in outlines])
    return _as_geojson(shapely.orient_polygons(shapely.set_precision(whole, 10**-DECIMALS)))


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


class _Nothing(Fault):
    """A part that encloses nothing: beside others it may be left out."""


def _sentence(fault: str) -> str:
    return fault[:1].upper() + fault[1:]


def _too_intricate() -> str:
    return _("dess gräns är för invecklad. Förenkla den i ett kartprogram först.")


def _parts(value: Any) -> list[list[Any]]:
    """The parts of a geometry, each a list of rings. Raises Fault."""
    if value is None:
        raise Fault(_("den har ingen gräns i filen."))
    kinds: list[str] = []
    parts = list(_polygons(value, kinds))
    if not parts:
        raise Fault(_("den är %(kind)s, inte en yta.", kind=_kind_name(kinds[0] if kinds else "")))
    if not all(isinstance(part, list) and part for part in parts):
        raise Fault(_("dess koordinater är tomma eller inga listor."))
    return parts


def _polygons(value: Any, kinds: list[str]) -> Iterator[Any]:
    """The polygons within a geometry, as lists of rings; what else there is is added to `kinds`."""
    waiting = [value]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, shapely.Geometry):
            if value.geom_type == "Polygon":
                yield [shapely.get_coordinates(ring) for ring in shapely.get_rings(value)]
            elif value.geom_type in ("MultiPolygon", "GeometryCollection"):
                waiting += shapely.get_parts(value).tolist()
            else:
                kinds.append(value.geom_type)
            continue
        kind = value.get("type") if isinstance(value, dict) else None
        inner = value.get("geometries" if kind == "GeometryCollection" else "coordinates") if kind else None
        if kind == "Polygon":
            yield inner
        elif kind == "MultiPolygon":
            yield from inner if isinstance(inner, list) and inner else [None]
        elif kind == "GeometryCollection" and isinstance(inner, list):
            waiting += inner
        else:
            kinds.append(text(kind))


def _kind_name(kind: str) -> str:
    names = {
        "Point": _("en punkt"),
        "MultiPoint": _("punkter"),
        "LineString": _("en linje"),
        "LinearRing": _("en linje"),
        "Track": _("en linje"),
        "MultiLineString": _("linjer"),
    }
    return names.get(kind) or kind[:40] or "?"


def _part(rings: list[Any], number: int | None, declared: str | None, mended: list[str]) -> Ground:
    """The ground of one part; `number` is its place when there are several. Raises Fault."""
    checked, names = [], []
    for hole, ring in enumerate(rings):
        name = _ring_name(hole, number)
        try:
            checked.append(_ring(ring, name, declared, mended))
            names.append(name)
        except _Nothing as fault:
            if not hole:
                raise
            mended.append(_("%(fault)s Det hålet är utelämnat.", fault=_sentence(str(fault))))
    found = _polygon(checked, mended)  # first: a bow tie adds up to nothing as well, and is no slip
    flat = [at for at, ring in enumerate(checked) if validity.is_flat(ring)]
    if 0 in flat:
        raise _Nothing(_("%(ring)s omsluter ingen yta.", ring=names[0]))
    mended += [_("%(ring)s omsluter ingen yta och är utelämnat.", ring=_sentence(names[at])) for at in flat]
    return _polygon([ring for at, ring in enumerate(checked) if at not in flat], []) if flat else found


def _polygon(rings: list[Positions], mended: list[str]) -> Ground:
    """What the rings enclose, with small knots in them untied. Raises Fault."""
    try:
        try:
            return validity.polygon(rings)
        except validity.Crossing as crossing:
            found = validity.polygon(rings, validity.KNOT_METRES)
            mended.append(
                _(
                    "En knut på gränsen, mindre än %(limit)s meter, är uträtad vid %(place)s.",
                    limit=validity.KNOT_METRES,
                    place=_degrees(crossing),
                )
            )
            return found
    except validity.Crossing as crossing:
        raise Fault(_("dess gräns korsar sig själv vid %(place)s.", place=_degrees(crossing))) from None
    except validity.TooIntricate:
        raise Fault(_too_intricate()) from None


def _degrees(crossing: validity.Crossing) -> str:
    ((longitude, latitude),) = sweref.from_sweref(crossing.place[np.newaxis])
    return _("longitud %(longitude)s, latitud %(latitude)s", longitude=f"{longitude:.5f}", latitude=f"{latitude:.5f}")


def _ring_name(hole: int, part: int | None) -> str:
    """What to call a ring in a sentence; the outer one is hole 0."""
    if part is None:
        return _("hål %(number)s", number=hole) if hole else _("ytterkanten")
    if hole:
        return _("hål %(number)s i del %(part)s", number=hole, part=part)
    return _("ytterkanten i del %(part)s", part=part)


def _ring(value: Any, name: str, declared: str | None, mended: list[str]) -> Positions:
    """A ring's positions in metres, closed, without heights and repeats. Raises Fault."""
    if not isinstance(value, list | np.ndarray):
        raise Fault(_("%(ring)s är ingen lista.", ring=name))
    if not len(value):
        raise _Nothing(_("%(ring)s är tom.", ring=name))
    ring = systems.in_metres(_positions(value, name), declared)
    is_open = bool((ring[0] != ring[-1]).any())
    if is_open:
        ring = np.concatenate((ring, ring[:1]))
    moved = (ring[1:] != ring[:-1]).any(axis=1)
    ring = ring[np.append(True, moved)]
    if len(ring) < 4:
        raise _Nothing(_("%(ring)s har för få punkter: det behövs minst tre olika.", ring=name))
    if is_open:
        mended.append(_("%(ring)s var inte sluten och är sluten nu.", ring=_sentence(name)))
    return ring


def _positions(ring: Any, name: str) -> Positions:
    """The first two numbers of every position. Raises Fault."""
    if isinstance(ring, np.ndarray):
        found = np.array(ring[:, :2], dtype=float)
        if np.isfinite(found).all():
            return found
        bad = int(np.argmin(np.isfinite(found).all(axis=1))) + 1
        raise Fault(_("punkt %(number)s i %(ring)s är inte två tal.", number=bad, ring=name))
    # A million positions go by here, so each is looked at by functions written in C. The exact types: to Python True
    # is a number too, and to numpy so is "16.14".
    if set(map(type, ring)) == {list}:
        pairs = list(map(itemgetter(slice(2)), ring))
        if set(map(len, pairs)) == {2} and set(map(type, chain.from_iterable(pairs))) <= {int, float}:
            found = np.array(pairs, dtype=float)
            if np.isfinite(found).all():
                return found
    read = [_position(position) for position in ring]
    if None in read:
        raise Fault(_("punkt %(number)s i %(ring)s är inte två tal.", number=read.index(None) + 1, ring=name))
    return np.array(read, dtype=float)


def _position(value: Any) -> list[float] | None:
    """Two numbers, which may be written as text; None for anything else."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    x, y = (_number(part) for part in value[:2])
    return None if x is None or y is None else [x, y]


def _number(value: Any) -> float | None:
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return float(value.replace(",", "."))
    return value if type(value) in (int, float) and isfinite(value) else None


_WRITTEN = re.compile(r"\s*[-+]?[0-9]{1,15}([.,][0-9]{1,20})?\s*")
