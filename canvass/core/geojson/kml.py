"""KML 2.0 to 2.3, as Google's maps and earth export what people draw."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from canvass.core.geojson.content import Content
from canvass.core.geojson.faults import Fault
from canvass.core.i18n import gettext as _


def is_xml(data: bytes) -> bool:
    """Whether the file is XML, or a web page."""
    return data[:100].lstrip(b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n").startswith(b"<")


def read(data: bytes) -> Content:
    """The placemarks of a KML file. Raises Fault."""
    if re.search(rb"<(!doctype )?html", data[:1000].replace(b"\0", b""), re.IGNORECASE):
        raise Fault(_("Det där är en webbsida, inte en karta. Ladda ner själva filen och välj den."))
    root = _parsed(data)
    if root.tag == "gpx":
        raise Fault(_("Det där är ett spår (GPX), inte områden. Rita områdena som ytor och spara dem som GeoJSON."))
    if root.tag != "kml":
        raise Fault(_("Filen är XML, men inte KML. Exportera kartan som GeoJSON, GeoPackage eller KML."))
    found = [_feature(placemark) for placemark in root.iter("Placemark")]
    if not found and root.find(".//NetworkLink") is not None:
        raise Fault(_("Filen är bara en länk till en karta på nätet. Exportera kartan en gång till, utan länken."))
    if not found:
        raise Fault(_("Filen innehåller inga områden."))
    return Content(found, "WGS84")


def _parsed(data: bytes) -> Element:
    """The document with tags without their namespaces. Entities are refused: a few of them can fill the memory."""
    builder = TreeBuilder()
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")) and b"encoding" not in data[:200] and not _is_utf_8(data):
        data = data.decode("cp1252", "replace").encode()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: builder.start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: builder.end(name.rpartition(":")[2])
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", 1)
        raise Fault(_("Filen är inte hel XML: det tar stopp på rad %(line)s.", line=line)) from None
    return builder.close()


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refuse(*_declared: object) -> NoReturn:
    raise Fault(_("Filen är XML med egna förkortningar (entiteter), som inte läses här. Spara kartan som GeoJSON."))


def _feature(placemark: Element) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for data in placemark.iter("Data"):
        properties[data.get("name", "")] = data.findtext("value")
    for data in placemark.iter("SimpleData"):
        properties[data.get("name", "")] = data.text
    if name := placemark.findtext("name"):
        properties["name"] = name
    shapes = [shape for child in placemark for shape in _shapes(child)]
    geometry = shapes[0] if len(shapes) == 1 else {"type": "GeometryCollection", "geometries": shapes}
    return {"type": "Feature", "properties": properties, "geometry": geometry if shapes else None}


def _shapes(element: Element) -> Iterator[dict[str, Any]]:
    """The geometries within an element, those of a MultiGeometry one by one."""
    for found in element.iter():
        if found.tag == "Polygon":
            outer, inner = found.iterfind("outerBoundaryIs/LinearRing"), found.iterfind("innerBoundaryIs/LinearRing")
            yield {"type": "Polygon", "coordinates": [_positions(ring) for rings in (outer, inner) for ring in rings]}
        elif found.tag in ("Point", "LineString", "Track"):
            yield {"type": found.tag}


def _positions(ring: Element) -> list[Any]:
    """Longitude, latitude and perhaps height, separated by commas, and positions by blanks."""
    written = re.sub(r"\s*,\s*", ",", ring.findtext("coordinates") or "")
    return [position.split(",") for position in written.split()]
