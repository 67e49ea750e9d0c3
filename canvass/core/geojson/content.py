"""From a file's bytes to the features in it, as GeoJSON has them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from math import inf
from typing import Any

from canvass.core.geojson.faults import Fault
from canvass.core.i18n import gettext as _

_GEOMETRIES = ("Polygon", "MultiPolygon", "GeometryCollection")


@dataclass
class Content:
    """What stands in a file: values that should be features, and what it calls its coordinate system.

    `notes` are sentences about the file as a whole. `layers` are those to choose among, when there are no rows yet.
    """

    rows: list[Any]
    crs: Any = None
    notes: list[str] = field(default_factory=list)
    layers: list[str] = field(default_factory=list)


def read(data: bytes) -> Content:
    """The features of a GeoJSON file, of one with a feature on each line too. Raises Fault.

    NaN and Infinity are let through, so that the feature they stand in can be named.
    """
    text, notes = _decoded(data)
    if not text.strip():
        raise Fault(_("Filen är tom."))
    whole = _parsed(text)
    return Content(_features(whole), whole.get("crs") if isinstance(whole, dict) else None, notes)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_whole)
    except json.JSONDecodeError as error:
        if (found := _by_line(text)) is not None:
            return found
        raise Fault(
            _(
                "Filen är inte JSON: det tar stopp på rad %(line)s, tecken %(column)s.",
                line=error.lineno,
                column=error.colno,
            )
        ) from None
    except RecursionError:
        raise Fault(_("Filen är nästlad så djupt att den inte kan vara GeoJSON.")) from None


def _by_line(text: str) -> list[Any] | None:
    """The values of a file with one on each line (RFC 8142, newline-delimited); None when it is no such file."""
    lines = [line for line in re.split(r"[\n\r\x1e]+", text) if line.strip()]
    try:
        return [json.loads(line, parse_int=_whole) for line in lines] if len(lines) > 1 or "\x1e" in text else None
    except (json.JSONDecodeError, RecursionError):
        return None


def _features(whole: Any) -> list[Any]:
    """The values that should be features, of a FeatureCollection, a list, a Feature or a bare geometry."""
    if isinstance(whole, list) and any(isinstance(value, dict) and value.get("type") == "Feature" for value in whole):
        return whole
    kind = whole.get("type") if isinstance(whole, dict) else None
    if kind in _GEOMETRIES:
        return [{"type": "Feature", "properties": {}, "geometry": whole}]
    if kind == "Feature":
        return [whole]
    if kind != "FeatureCollection":
        raise Fault(_what_it_is(whole))
    found = whole.get("features")
    if not isinstance(found, list):
        raise Fault(_("Filens FeatureCollection saknar sin lista ”features”."))
    if not found:
        raise Fault(_("Filen innehåller inga områden."))
    return found


def _what_it_is(whole: Any) -> str:
    """A sentence about JSON that is no GeoJSON."""
    if isinstance(whole, dict) and whole.get("type") == "Topology":
        return _("Filen är TopoJSON. Spara kartan som GeoJSON, till exempel på mapshaper.org eller i QGIS.")
    if isinstance(whole, dict) and ("geometryType" in whole or "spatialReference" in whole):
        return _(
            "Filen är Esris JSON. Hämta den som GeoJSON: skriv f=geojson i stället för f=json i länken, "
            "eller välj GeoJSON när du laddar ner."
        )
    return _("Filen är JSON, men inte en FeatureCollection med områden.")


def _decoded(data: bytes) -> tuple[str, list[str]]:
    """The text, and what there is to say about its encoding."""
    encoding = json.detect_encoding(data)  # UTF-8, -16 and -32, with a mark at the start or without
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252"), [
            _("Filen är inte i UTF-8 utan i Windows-1252. Se efter att å, ä och ö blev rätt, annars spara om den.")
        ]
    except UnicodeDecodeError:
        raise Fault(_("Filen går inte att läsa som text. Spara den som GeoJSON i UTF-8.")) from None


def _whole(digits: str) -> float:
    # int() refuses more than 4 300 digits, which would stop the reading of the whole file.
    return int(digits) if len(digits) < 30 else inf
