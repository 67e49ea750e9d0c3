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
_DEGREES = {"4326", "4979", "4258", "4619", "crs84", "crs84h", "wgs84"}
_METRES = {"3006", "5845", "sweref99tm"}
_KNOWN = {
    "3857": "Web Mercator",
    "900913": "Web Mercator",
    "2400": "RT 90 2,5 gon V",
    "25832": "UTM 32",
    "25833": "UTM 33",
    "32632": "UTM 32",
    "32633": "UTM 33",
    **{str(code): "RT 90" for code in range(3019, 3025)},
    "3021": "RT 90 2,5 gon V",
    **{str(code): "SWEREF 99, lokal zon" for code in range(3007, 3019)},
}
# Lowest and highest easting and northing of Sweden. The local zones of SWEREF 99 have eastings around 150 000 m: the
# lower bound keeps them out.
_LOWEST, _HIGHEST = (250_000, 6_000_000), (1_000_000, 7_800_000)
_WEST, _SOUTH, _EAST, _NORTH = geometry.SWEDEN


def declared(content: Any) -> str | None:
    """The system that the `crs` member of older files names. Raises Fault for one that is not read."""
    crs = content.get("crs") if isinstance(content, dict) else None
    if crs is None:
        return None
    inner = crs.get("properties") if isinstance(crs, dict) else None
    name = inner.get("name", inner.get("code")) if isinstance(inner, dict) else crs
    if not isinstance(name, str | int):
        raise Fault(_("Filens koordinatsystem (crs) går inte att läsa."))
    # urn:ogc:def:crs:EPSG::3006, EPSG:3006, http://www.opengis.net/def/crs/EPSG/0/3006, 3006
    last = re.split(r"[:/#]", str(name))[-1]
    key = re.sub(r"[\W_]", "", last.casefold())
    if key in _DEGREES:
        return WGS84
    if key in _METRES:
        return SWEREF
    called = f"{_KNOWN[key]} (EPSG:{key})" if key in _KNOWN else texts.line(str(name))[:60]
    raise Fault(
        _(
            "Filen är i koordinatsystemet %(name)s. Spara om den i SWEREF 99 TM (EPSG:3006) eller WGS84.",
            name=called,
        )
    )


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
