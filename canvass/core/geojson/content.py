"""From a file's bytes to its GeoJSON features."""

from __future__ import annotations

import json
from math import inf
from typing import Any

from canvass.core.geojson.faults import Fault
from canvass.core.i18n import gettext as _


def parsed(data: bytes) -> Any:
    """The JSON value in the bytes. Raises Fault.

    NaN and Infinity are let through, so that the feature they stand in can be named.
    """
    text = _decoded(data)
    if not text.strip():
        raise Fault(_("Filen är tom."))
    try:
        return json.loads(text, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise Fault(
            _(
                "Filen är inte JSON: det tar stopp på rad %(line)s, tecken %(column)s.",
                line=error.lineno,
                column=error.colno,
            )
        ) from None
    except RecursionError:
        raise Fault(_("Filen är nästlad så djupt att den inte kan vara GeoJSON.")) from None


def features(content: Any) -> list[Any]:
    """The values that should be features, of a FeatureCollection, a Feature or a bare geometry. Raises Fault."""
    kind = content.get("type") if isinstance(content, dict) else None
    if kind in ("Polygon", "MultiPolygon"):
        return [{"type": "Feature", "properties": {}, "geometry": content}]
    if kind == "Feature":
        return [content]
    if kind != "FeatureCollection":
        raise Fault(_("Filen är JSON, men inte en FeatureCollection med områden."))
    found = content.get("features")
    if not isinstance(found, list):
        raise Fault(_("Filens FeatureCollection saknar sin lista ”features”."))
    if not found:
        raise Fault(_("Filen innehåller inga områden."))
    return found


def _decoded(data: bytes) -> str:
    if data.startswith(b"PK\x03\x04"):
        raise Fault(_("Filen är ett zip-arkiv. Packa upp det och välj GeoJSON-filen i det."))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        raise Fault(_("Filen är i UTF-16. Spara om den i UTF-8."))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Fault(
            _(
                "Filen är inte i UTF-8 utan kanske i Latin-1: ett tecken på rad %(line)s går inte att läsa. "
                "Spara om den i UTF-8.",
                line=data.count(b"\n", 0, error.start) + 1,
            )
        ) from None


def _whole(digits: str) -> float:
    # int() refuses more than 4 300 digits, which would stop the reading of the whole file.
    return int(digits) if len(digits) < 30 else inf
