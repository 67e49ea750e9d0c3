"""Reading files of outlines: polling districts, DeSO, RegSO, municipalities, or what somebody drew on a map.

Every fault becomes a sentence that names the feature it is in; the others are read all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

from canvass.core import geometry
from canvass.core.i18n import gettext as _

LIMIT_BYTES = 30_000_000
# Outlines are kept on phones: a phone's own position is rarely better than five metres.
TOLERANCE_METRES = 2.5
DECIMALS = 5
LONGEST_CODE = 40
LONGEST_NAME = 120
MOST_HOUSEHOLDS = 1_000_000

WGS84 = "WGS84"
SWEREF = "SWEREF 99 TM"


@dataclass(frozen=True)
class Feature:
    """One outline, ready to be an area. `number` is its place in the file, from 1; `housing` may be ""."""

    number: int
    code: str
    name: str
    housing: str
    households: int | None
    geometry: geometry.Geometry


@dataclass(frozen=True)
class Problem:
    """What is wrong, in a sentence that says where. `number` is None when it is the file as a whole."""

    sentence: str
    number: int | None = None
    code: str = ""
    name: str = ""


@dataclass
class Reading:
    """What a file gave. `fields` says which property was taken for what, None for those not there."""

    features: list[Feature] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    fields: dict[str, str | None] = field(
        default_factory=lambda: dict.fromkeys(("code", "name", "housing", "households"))
    )


class _Fault(Exception):
    """A sentence on its way to becoming a Problem."""


def read(data: bytes, code_field: str | None = None, name_field: str | None = None) -> Reading:
    """The outlines of a GeoJSON file, in WGS84, simplified for phones.

    Takes a FeatureCollection, a single Feature or a bare Polygon or MultiPolygon, in WGS84 or SWEREF 99 TM.
    `code_field` and `name_field` choose the properties; otherwise the usual names are looked for.
    """
    reading = Reading()
    try:
        content = _parsed(data)
        declared = _declared_system(content)
        rows = [_row(number, value) for number, value in enumerate(_feature_values(content), 1)]
        reading.fields.update(_chosen_fields(rows, code_field, name_field))
    except _Fault as fault:
        reading.problems.append(Problem(str(fault)))
        return reading
    first_with: dict[str, _Row] = {}
    for row in rows:
        try:
            _label(row, reading.fields, alone=len(rows) == 1)
            earlier = first_with.setdefault(row.code, row)
            if earlier is not row:
                raise _Fault(_("koden används redan av %(other)s.", other=earlier.title))
            reading.features.append(_feature(row, reading.fields, declared))
        except _Fault as fault:
            sentence = _("%(feature)s: %(fault)s", feature=row.title, fault=fault)
            reading.problems.append(Problem(sentence, row.number, row.code, row.name))
    return reading


# --- the file -----------------------------------------------------------------------------------------------


def _parsed(data: bytes) -> Any:
    if len(data) > LIMIT_BYTES:
        raise _Fault(
            _(
                "Filen är på %(size)s MB; gränsen är %(limit)s MB. Dela den, till exempel per kommun.",
                size=f"{len(data) / 1e6:.0f}",
                limit=f"{LIMIT_BYTES / 1e6:.0f}",
            )
        )
    if data.startswith(b"PK\x03\x04"):
        raise _Fault(_("Filen är ett zip-arkiv. Packa upp det och välj GeoJSON-filen i det."))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        raise _Fault(_("Filen är i UTF-16. Spara om den i UTF-8."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Fault(
            _(
                "Filen är inte i UTF-8 utan kanske i Latin-1: ett tecken på rad %(line)s går inte att läsa. "
                "Spara om den i UTF-8.",
                line=data.count(b"\n", 0, error.start) + 1,
            )
        ) from None
    if not text.strip():
        raise _Fault(_("Filen är tom."))
    try:
        # NaN and Infinity are let in here, so that the feature they stand in can be named.
        return json.loads(text, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise _Fault(
            _(
                "Filen är inte JSON: det tar stopp på rad %(line)s, tecken %(column)s.",
                line=error.lineno,
                column=error.colno,
            )
        ) from None
    except RecursionError:
        raise _Fault(_("Filen är nästlad så djupt att den inte kan vara GeoJSON.")) from None


def _whole(digits: str) -> float:
    # Python refuses, for the whole file, a number of more than 4 300 digits.
    return int(digits) if len(digits) < 30 else inf


def _feature_values(content: Any) -> list[Any]:
    """The features, whatever they are wrapped in."""
    kind = content.get("type") if isinstance(content, dict) else None
    if kind in ("Polygon", "MultiPolygon"):
        return [{"type": "Feature", "properties": {}, "geometry": content}]
    if kind == "Feature":
        return [content]
    if kind != "FeatureCollection":
        raise _Fault(_("Filen är JSON, men inte en FeatureCollection med områden."))
    features = content.get("features")
    if not isinstance(features, list):
        raise _Fault(_("Filens FeatureCollection saknar sin lista ”features”."))
    if not features:
        raise _Fault(_("Filen innehåller inga områden."))
    return features


# --- coordinate systems -------------------------------------------------------------------------------------

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


def _declared_system(content: Any) -> str | None:
    """What the `crs` member of older files says. Raises _Fault for a system that is not read."""
    crs = content.get("crs") if isinstance(content, dict) else None
    if crs is None:
        return None
    inner = crs.get("properties") if isinstance(crs, dict) else None
    name = inner.get("name", inner.get("code")) if isinstance(inner, dict) else crs
    if not isinstance(name, str | int):
        raise _Fault(_("Filens koordinatsystem (crs) går inte att läsa."))
    # urn:ogc:def:crs:EPSG::3006, EPSG:3006, http://www.opengis.net/def/crs/EPSG/0/3006, 3006
    last = re.split(r"[:/#]", str(name))[-1]
    key = re.sub(r"[\W_]", "", last.casefold())
    if key in _DEGREES:
        return WGS84
    if key in _METRES:
        return SWEREF
    called = f"{_KNOWN[key]} (EPSG:{key})" if key in _KNOWN else _clean(str(name))[:60]
    raise _Fault(
        _(
            "Filen är i koordinatsystemet %(name)s. Spara om den i SWEREF 99 TM (EPSG:3006) eller WGS84.",
            name=called,
        )
    )


def _located(x: float, y: float) -> tuple[str, float, float] | None:
    """The system that puts this position in Sweden, its longitude and latitude; None if neither does."""
    if _in_sweden(x, y):
        return WGS84, x, y
    # The local zones of SWEREF 99 count from 150 000 m: the lower bound keeps them out.
    if 250_000 <= x <= 1_000_000 and 6_000_000 <= y <= 7_800_000:
        longitude, latitude = geometry.from_sweref(x, y)
        if _in_sweden(longitude, latitude):
            return SWEREF, longitude, latitude
    return None


def _in_sweden(longitude: float, latitude: float) -> bool:
    west, south, east, north = geometry.SWEDEN
    return west <= longitude <= east and south <= latitude <= north


def _in_wgs84(ring: Sequence[Sequence[float]], declared: str | None) -> list[list[float]]:
    """The ring in degrees. Its first position says which system it is in. Raises _Fault."""
    first = _located(*ring[0])
    system = first[0] if first else None
    if declared and system and declared != system:
        raise _Fault(
            _(
                "filen uppger %(declared)s, men koordinaterna %(place)s ser ut att vara i %(system)s.",
                declared=declared,
                system=system,
                place=_place(*ring[0]),
            )
        )
    positions = []
    for x, y in ring:
        located = _located(x, y)
        if located is None or located[0] != system:
            raise _Fault(_not_in_sweden(x, y, declared))
        positions.append([located[1], located[2]])
    return positions


def _not_in_sweden(x: float, y: float, declared: str | None) -> str:
    """The most helpful thing to say of a position that is not where it should be."""
    if _located(y, x):
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


# --- fields -------------------------------------------------------------------------------------------------

# What the usual files call a feature's code and its name, the finest division first: a file of polling
# districts tells the municipality of each as well. Compared without case, spaces, hyphens and underscores.
_DIVISIONS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    # The election authority: 2026, then 2022 and 2024, then 2018; and municipalities' own.
    (
        ("valdistriktskod", "lkfv", "vdkod", "valdistriktkod", "vd", "valdistrikt"),
        ("valdistriktsnamn", "vdnamn", "valdistriktnamn", "valdistrikt"),
    ),
    (("desokod", "deso"), ("desonamn", "regsonamn")),
    (("regsokod", "regso"), ("regsonamn", "regso")),
    (("kod", "code", "områdeskod", "omradeskod", "areacode"), ()),
    (("kommunkod", "knkod"), ("kommunnamn", "kommun", "knnamn")),
    (("länskod", "lanskod", "länkod", "lankod", "lnkod"), ("länsnamn", "lansnamn", "län", "lan", "lnnamn")),
    (("id",), ()),
)
_COARSE = {key for codes, names in _DIVISIONS[-3:-1] for key in codes + names}
_ANY_NAME = ("namn", "name", "områdesnamn", "omradesnamn", "område", "omrade", "titel", "title")
_HOUSING = ("boendeform", "housing", "hustyp", "bostadstyp")
_HOUSEHOLDS = ("hushåll", "hushall", "households", "antalhushåll", "antalhushall")

_HOUSING_WORDS = {
    "villa": "villa villor villaområde småhus friliggande villas house houses detached",
    "terraced": "terraced radhus kedjehus parhus rowhouse rowhouses townhouse townhouses",
    "flats": "flats flat apartments apartment flerfamiljshus flerbostadshus lägenheter hyreshus höghus",
    "mixed": "mixed blandat blandad blandade",
}
_HOUSING_CODES = {word: code for code, words in _HOUSING_WORDS.items() for word in words.split()}


@dataclass
class _Row:
    """A feature as it stands in the file, and what is known of it so far."""

    number: int
    value: Any
    properties: dict[str, Any]
    code: str = ""
    name: str = ""

    @property
    def title(self) -> str:
        called = " ".join(dict.fromkeys(part for part in (self.code, self.name) if part))
        if called:
            return _("Område %(number)s i filen (%(called)s)", number=self.number, called=called)
        return _("Område %(number)s i filen", number=self.number)


def _row(number: int, value: Any) -> _Row:
    properties = value.get("properties") if isinstance(value, dict) else None
    properties = dict(properties) if isinstance(properties, dict) else {}
    # A feature's own id is its code where no property is.
    if isinstance(value, dict) and _text(value.get("id")):
        properties.setdefault("id", value["id"])
    return _Row(number, value, properties)


def _chosen_fields(rows: Sequence[_Row], code: str | None, name: str | None) -> dict[str, str | None]:
    """Which property to take for what; `code` and `name` if given. Raises _Fault when the file lacks them."""
    known: dict[str, str] = {}
    for row in rows:
        for key in row.properties:
            known.setdefault(_plain(key), key)
    codes, names = next((each for each in _DIVISIONS if _first_usable(each[0], known, rows)), ((), ()))
    names = (*names, *_ANY_NAME) if names else (*_ANY_NAME, *(key for each in _DIVISIONS for key in each[1]))
    code = _wanted(code, known, rows) if code else _first_usable(codes, known, rows)
    name = _wanted(name, known, rows) if name else _first_usable(names, known, rows)
    return {
        # Names alone will do: a municipality's own map of polling districts often has nothing else.
        "code": code or name,
        "name": name,
        "housing": next((known[key] for key in _HOUSING if key in known), None),
        "households": next((known[key] for key in _HOUSEHOLDS if key in known), None),
    }


def _first_usable(names: Iterable[str], known: dict[str, str], rows: Sequence[_Row]) -> str | None:
    """The first of the names that half of the features have, unless all of them have the same county's."""
    for name in names:
        if name not in known:
            continue
        values = [text for row in rows if (text := _text(row.properties.get(known[name])))]
        same_for_all = name in _COARSE and len(values) > 1 and len(set(values)) == 1
        if len(values) * 2 >= len(rows) and not same_for_all:
            return known[name]
    return None


def _wanted(name: str, known: dict[str, str], rows: Sequence[_Row]) -> str:
    if any(name in row.properties for row in rows):
        return name
    if _plain(name) in known:
        return known[_plain(name)]
    there = ", ".join(_clean(key)[:40] for key in list(known.values())[:12])
    raise _Fault(_("Inget område har fältet %(field)s. Filens fält: %(there)s.", field=_clean(name), there=there))


def _label(row: _Row, fields: dict[str, str | None], *, alone: bool) -> None:
    """Give the row its code and name. Raises _Fault."""
    if not isinstance(row.value, dict) or row.value.get("type") != "Feature":
        raise _Fault(_("den är inte en Feature."))
    code = _text(row.properties.get(fields["code"] or ""))
    name = _text(row.properties.get(fields["name"] or "")) or code
    if alone and not fields["code"]:
        # A single outline, just drawn: there is nothing to confuse it with.
        code, name = "1", _("Område %(number)s", number=1)
    # Only as much of them as a sentence can carry.
    row.code, row.name = code[:LONGEST_CODE], name[:LONGEST_NAME]
    if not code and fields["code"]:
        raise _Fault(_("fältet %(field)s, som ger koden, är tomt.", field=_clean(fields["code"])))
    if not code:
        raise _Fault(_("den har varken kod eller namn."))
    if len(code) > LONGEST_CODE:
        raise _Fault(_("koden är längre än %(limit)s tecken.", limit=LONGEST_CODE))
    if len(name) > LONGEST_NAME:
        raise _Fault(_("namnet är längre än %(limit)s tecken.", limit=LONGEST_NAME))


def _housing(value: Any) -> str:
    word = _text(value)
    if not word or word.casefold() in ("ej angivet", "okänt", "unknown"):
        return ""
    try:
        return _HOUSING_CODES[word.casefold()]
    except KeyError:
        raise _Fault(
            _("boendeformen ”%(word)s” är inte villa, radhus, flerfamiljshus eller blandat.", word=word[:40])
        ) from None


def _households(value: Any) -> int | None:
    text = _text(value).replace(" ", "")
    if value is None or (isinstance(value, str) and not text):
        return None
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= MOST_HOUSEHOLDS:
        return int(text)
    shown = _clean(str(value))[:40]
    raise _Fault(_("antalet hushåll, %(value)s, är inte ett heltal mellan 0 och 1 miljon.", value=shown))


def _plain(key: str) -> str:
    return "".join(character for character in key.casefold() if character.isalnum())


def _text(value: Any) -> str:
    """A text or a whole number as one line of text, leading zeroes and all; "" for anything else."""
    if isinstance(value, float) and isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _clean(value) if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """On one line, without what no database or page can hold: control characters and halves of characters."""
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


# --- features -----------------------------------------------------------------------------------------------


def _feature(row: _Row, fields: dict[str, str | None], declared: str | None) -> Feature:
    for key, value in row.properties.items():
        if isinstance(value, float) and not isfinite(value):
            raise _Fault(_("fältet %(field)s är NaN eller för stort för att vara ett tal.", field=_clean(key)))
    return Feature(
        number=row.number,
        code=row.code,
        name=row.name,
        housing=_housing(row.properties.get(fields["housing"] or "")),
        households=_households(row.properties.get(fields["households"] or "")),
        geometry=_outline(row.value.get("geometry"), declared),
    )


def _outline(value: Any, declared: str | None) -> geometry.Geometry:
    """A GeoJSON geometry, checked, in WGS84, simplified. Raises _Fault."""
    if value is None:
        raise _Fault(_("den saknar yta: geometry är tom."))
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise _Fault(_("den är inte en Polygon eller MultiPolygon utan %(kind)s.", kind=_text(kind)[:40] or "?"))
    coordinates = value.get("coordinates")
    parts = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(parts, list) or not parts or not all(isinstance(p, list) and p for p in parts):
        raise _Fault(_("dess koordinater är tomma eller inga listor."))
    checked = []
    try:
        for part, rings in enumerate(parts, 1):
            names = [_ring_name(hole, part, len(parts)) for hole in range(len(rings))]
            polygon = [_ring(ring, name, declared) for ring, name in zip(rings, names, strict=True)]
            if place := geometry.crossing(polygon):
                longitude, latitude = (f"{degrees:.5f}" for degrees in place)
                raise _Fault(
                    _(
                        "dess gräns korsar sig själv vid longitud %(longitude)s, latitud %(latitude)s.",
                        longitude=longitude,
                        latitude=latitude,
                    )
                )
            # After the crossings: the two halves of a bow tie cancel each other out.
            for ring, name in zip(polygon, names, strict=True):
                if geometry.ring_fault(ring) == "flat":
                    raise _Fault(_("%(ring)s omsluter ingen yta.", ring=name))
            checked.append(polygon)
        return geometry.simplify(geometry.wound(geometry.outline(checked)), TOLERANCE_METRES, DECIMALS)
    except geometry.TooIntricate:
        raise _Fault(_("dess gräns är för invecklad. Förenkla den i ett kartprogram först.")) from None


def _ring_name(hole: int, part: int, parts: int) -> str:
    """What to call a ring in a sentence; the outer one is hole 0."""
    if parts == 1:
        return _("hål %(number)s", number=hole) if hole else _("ytterkanten")
    if hole:
        return _("hål %(number)s i del %(part)s", number=hole, part=part)
    return _("ytterkanten i del %(part)s", part=part)


def _ring(value: Any, name: str, declared: str | None) -> list[list[float]]:
    """A ring's positions as [longitude, latitude], heights dropped. Raises _Fault."""
    if not isinstance(value, list) or not value:
        raise _Fault(_("%(ring)s är tom eller ingen lista.", ring=name))
    ring = _in_wgs84([_position(each, number, name) for number, each in enumerate(value, 1)], declared)
    fault = geometry.ring_fault(ring)
    if fault == "open":
        raise _Fault(_("%(ring)s är inte sluten: den slutar inte där den börjar.", ring=name))
    if fault == "short":
        raise _Fault(_("%(ring)s har för få punkter: minst tre olika och den första igen.", ring=name))
    return ring


def _position(value: Any, number: int, ring: str) -> tuple[float, float]:
    if isinstance(value, list) and len(value) > 1:
        x, y = value[0], value[1]
        # The exact types: to Python True is a number too.
        if type(x) in (int, float) and type(y) in (int, float) and isfinite(x) and isfinite(y):
            return float(x), float(y)
    raise _Fault(_("punkt %(number)s i %(ring)s är inte två tal.", number=number, ring=ring))
