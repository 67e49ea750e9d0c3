"""The coordinate system of a file's positions: WGS84 or SWEREF 99 TM, as declared or as the numbers show."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canvass.core import geometry, texts
from canvass.core.geojson import sweref
from canvass.core.geojson.faults import Fault
from canvass.core.geojson.sweref import Positions
from canvass.core.i18n import gettext as _

WGS84 = "WGS84"
SWEREF = "SWEREF 99 TM"

# ETRS89 and SWEREF 99 in degrees differ from WGS84 by less than a metre.
_DEGREES = {4326, 4979, 4258, 4937, 4619, 4977}
# SWEREF 99 TM, also with heights (5845). UTM 33 in ETRS89 is the same projection, and in WGS84 a metre from it.
_METRES = {3006, 5845, 25833, 32633}
_KNOWN = {
    3857: "Web Mercator",
    900913: "Web Mercator",
    2400: "RT 90 2,5 gon V",
    25832: "UTM 32",
    25834: "UTM 34",
    32632: "UTM 32",
    32634: "UTM 34",
    **dict.fromkeys(range(3019, 3025), "RT 90"),
    3021: "RT 90 2,5 gon V",
    **dict.fromkeys(range(3007, 3019), "SWEREF 99, lokal zon"),
}
# Names in words, in small letters and digits only; the first that fits decides. SWEREF 99 18 00 is a local zone.
_WORDS = (
    ("sweref99tm|utmzone=?33", SWEREF),
    (r"mercator|utm|rt90|sweref99\d{4}|gauss", ""),
    (r"crs:?84|ogc:2:84|wgs:?_?(19)?84|worldgeodeticsystem|sweref99|etrs(19)?89", WGS84),
)
# Lowest and highest easting and northing of Sweden. The local zones of SWEREF 99 have eastings around 150 000 m: the
# lower bound keeps them out.
_LOWEST, _HIGHEST = (250_000, 6_000_000), (1_000_000, 7_800_000)
_WEST, _SOUTH, _EAST, _NORTH = geometry.SWEDEN


def declared(crs: Any) -> str | None:
    """The system that a file says it is in: a name, a number or the `crs` member of older GeoJSON.

    None when it says nothing that is a name: the coordinates show which it is. Raises Fault for one that is not read.
    """
    inner = crs.get("properties") if isinstance(crs, dict) else None
    name = (
        next((inner[key] for key in ("name", "code", "href") if inner.get(key)), None)
        if isinstance(inner, dict)
        else crs
    )
    if not isinstance(name, str | int) or not str(name).strip():
        return None
    found, called = _meant(str(name))
    if found:
        return found
    raise Fault(
        _(
            "Filen är i koordinatsystemet %(name)s. Spara om den i SWEREF 99 TM (EPSG:3006) eller WGS84.",
            name=called or texts.line(str(name))[:60],
        )
    )


def _meant(name: str) -> tuple[str | None, str]:
    """The system that a name means, in any of the ways that programs write it; else None and what to call it.

    urn:ogc:def:crs:EPSG::3006, EPSG:3006 - SWEREF99 TM, http://www.opengis.net/def/crs/EPSG/0/3006, 3006, WKT, PROJ
    """
    # The words of WKT come before its numbers: it numbers what it is built from as well.
    is_wkt = "[" in name
    numbers = [] if is_wkt else [int(digits) for digits in re.findall(r"(?<!\d)\d{4,6}(?!\d)", name)]
    for number in numbers:
        if number in _DEGREES | _METRES:
            return WGS84 if number in _DEGREES else SWEREF, ""
        if number in _KNOWN:
            return None, f"{_KNOWN[number]} (EPSG:{number})"
    words = re.sub(r"[^a-z0-9:=]", "", texts.folded(name))
    return next((system for pattern, system in _WORDS if re.search(pattern, words)), None) or None, ""


def in_metres(ring: Positions, declared: str | None) -> Positions:
    """The ring in SWEREF 99 TM. Its first position tells which system it is in. Raises Fault."""
    system = _system(ring[:1])
    if declared and system and declared != system:
        raise Fault(
            _(
                "filen uppger %(declared)s, men koordinaterna %(place)s ser ut att vara i %(system)s.",
                declared=declared,
                system=system,
                place=_place(*ring[0]),
            )
        )
    inside = _is_in_sweden(ring, system)
    if not inside.all():
        raise Fault(_not_in_sweden(ring[np.argmin(inside)], declared))
    return ring if system == SWEREF else sweref.to_sweref(ring)


def _system(position: Positions) -> str | None:
    """The system that puts an array's only position in Sweden; None if neither does."""
    return next((system for system in (WGS84, SWEREF) if _is_in_sweden(position, system)[0]), None)


def _is_in_sweden(positions: Positions, system: str | None) -> NDArray[np.bool_]:
    """For each position, whether it is in Sweden when read in this system."""
    if system == WGS84:
        return _is_between(positions, (_WEST, _SOUTH), (_EAST, _NORTH))
    inside = np.zeros(len(positions), dtype=bool)
    if system == SWEREF:
        # Only these are converted: other numbers may overflow.
        near = _is_between(positions, _LOWEST, _HIGHEST)
        inside[near] = _is_in_sweden(sweref.from_sweref(positions[near]), WGS84)
    return inside


def _is_between(positions: Positions, lowest: tuple[float, float], highest: tuple[float, float]) -> NDArray[np.bool_]:
    return np.all((positions >= lowest) & (positions <= highest), axis=1)


def _not_in_sweden(position: Positions, declared: str | None) -> str:
    """The most helpful sentence about a position that is not where it should be."""
    x, y = position
    if _system(position[np.newaxis, ::-1]):
        return _(
            "koordinaterna %(place)s står i omvänd ordning: i GeoJSON kommer öst (longitud) före nord (latitud).",
            place=_place(x, y),
        )
    if not declared and max(abs(x), abs(y)) > 360:
        return _(
            "koordinaterna %(place)s är varken i WGS84 eller SWEREF 99 TM, utan kanske i RT 90, Web Mercator "
            "eller en lokal zon av SWEREF 99.",
            place=_place(x, y),
        )
    return _("punkten %(place)s ligger utanför Sverige.", place=_place(x, y))


def _place(x: float, y: float) -> str:
    return f"{x:.12g}, {y:.12g}"
