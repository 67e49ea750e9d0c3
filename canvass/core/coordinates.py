"""Coordinates as phones, maps and map links write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote_plus

from canvass.core import geometry, texts
from canvass.core.i18n import gettext as _
from canvass.core.places import NotFound

Position = tuple[float, float]

# No link to a map is longer; the rest of a text is not looked through.
LONGEST = 2_000

_NUMBER = r"-?\d{1,3}(?:[.,]\d+)?"
_DECIMAL = r"(-?\d{1,3}\.\d+)"
# Where links have a place, the exact one first: Google's pin, OpenStreetMap's pin, a search, what the map shows.
_LINKS = (
    rf"!3d{_DECIMAL}!4d{_DECIMAL}",
    rf"mlat={_DECIMAL}&mlon={_DECIMAL}",
    rf"[?&](?:q|query|ll|sll|daddr|destination|coordinate|center|cp|c|map|to)=(?:loc:)?\(?{_DECIMAL}\s*[,~;]?\s*{_DECIMAL}",
    rf"geo:{_DECIMAL},{_DECIMAL}",
    rf"#(?:map=)?[\d.]+/{_DECIMAL}/{_DECIMAL}",
    rf"[@/!~]{_DECIMAL},{_DECIMAL}",
)
_SHORT_LINKS = re.compile(r"maps\.app\.goo\.gl|goo\.gl/maps|maps\.apple/p/|osm\.org/go/|share\.here\.com|w3w\.co|^///")
_LABELS = re.compile(
    r"[\"']?\b(?:lat(?:itude?|itud)?|long?(?:itude?|itud)?|lng|wgs ?84|sweref ?99 ?tm|koordinat(?:er)?)\b[\"']?\s*[:=]?"
)
_DEGREES = (
    r"(-?\d{1,3}(?:[.,]\d+)?)\s*(?:°|º|˚|grader|deg)\s*"
    r"(?:(\d{1,2}(?:[.,]\d+)?)\s*['′’‘´]\s*)?(?:(\d{1,2}(?:[.,]\d+)?)\s*(?:[\"″”“]|''|′′|’’))?"
)
# Eastings and northings in metres, with a blank before the thousands or not.
_NORTHING, _EASTING = r"([67][ .]?\d{3}[ .]?\d{3}(?:[.,]\d+)?)", r"(1?[ .]?\d{3}[ .]?\d{3}(?:[.,]\d+)?)"
_SHORT_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?:[.,]\d+)?(?!\d)")
_BETWEEN = r"\s*(?:[,;/|]\s*|\s)"


def position(text: str) -> Position | None:
    """The latitude and longitude that are written in degrees, in degrees and minutes, in SWEREF 99 TM or in a link.

    None for an empty text. What lies in Sweden only when turned round is turned round. Raises NotFound, with a
    sentence, for anything else.
    """
    text = texts.line(text[:LONGEST])
    if not text:
        return None
    if _SHORT_LINKS.search(text):
        raise NotFound(
            _("Den länken säger inte var platsen är. Öppna den, håll fingret på platsen och kopiera koordinaterna.")
        )
    found = _in_link(text) if ":" in text or "?" in text else None
    found = found or _in_degrees(text) or _in_metres(text)
    if found is None:
        raise NotFound(_("Skriv koordinaterna som 58.5877, 16.1924."))
    latitude, longitude = found
    if not _is_in_sweden(latitude, longitude) and _is_in_sweden(longitude, latitude):
        latitude, longitude = longitude, latitude
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise NotFound(_("Skriv koordinaterna som 58.5877, 16.1924."))
    return latitude, longitude


def _is_in_sweden(latitude: float, longitude: float) -> bool:
    west, south, east, north = geometry.SWEDEN
    return west <= longitude <= east and south <= latitude <= north


def _in_link(text: str) -> Position | None:
    link = unquote_plus(text)
    for pattern in _LINKS:
        if found := re.search(pattern, link):
            return float(found[1]), float(found[2])
    # Lantmäteriet's map.
    east, north = (re.search(rf"[?&]{name}=(\d{{6,7}}(?:\.\d+)?)", link) for name in "en")
    return _from_sweref(float(north[1]), float(east[1])) if east and north else None


def _in_degrees(text: str) -> Position | None:
    text = _LABELS.sub(" ", text.casefold().replace("−", "-")).strip(" ()[]{}<>")
    text = re.sub(r"\b(north|nord|norr|south|syd|east|öster|öst|ost|west|väst)\w*", lambda found: found[0][0], text)
    # N and E, or in Swedish N and Ö: before the numbers or after them.
    if lettered := _lettered(text):
        return lettered
    if found := re.fullmatch(rf"({_NUMBER})°?{_BETWEEN}({_NUMBER})°?", text):
        return _number(found[1]), _number(found[2])
    if found := re.fullmatch(rf"{_DEGREES}{_BETWEEN}?{_DEGREES}", text):
        return _angle(found.groups()[:3]), _angle(found.groups()[3:])
    return None


def _lettered(text: str) -> Position | None:
    north, east = "[ns]", "[eöowv]"
    for one, other in ((north, east), (east, north)):
        first = re.fullmatch(rf"({one})[ .]*(.*?\d\D{{0,3}}?){_BETWEEN}?({other})[ .]*(.*)", text)
        last = re.fullmatch(rf"(.*?)\s*({one})\.?{_BETWEEN}?(.*?)\s*({other})\.?", text)
        if first:
            parts = {first[1]: _chunk(first[2]), first[3]: _chunk(first[4])}
        elif last:
            parts = {last[2]: _chunk(last[1]), last[4]: _chunk(last[3])}
        else:
            continue
        if None not in parts.values():
            signed = {
                letter: -angle if letter in "swv" else angle for letter, angle in parts.items() if angle is not None
            }
            latitude = next(angle for letter, angle in signed.items() if letter in "ns")
            longitude = next(angle for letter, angle in signed.items() if letter not in "ns")
            return latitude, longitude
    return None


def _chunk(text: str) -> float | None:
    """Degrees, minutes and seconds beside a letter, with their marks or with blanks alone."""
    numbers = _SHORT_NUMBER.findall(text)
    rest = re.sub(r"[\s,°º˚'′’‘´\"″”“]", "", _SHORT_NUMBER.sub("", text))
    return _angle(numbers) if 0 < len(numbers) <= 3 and not rest else None


def _angle(parts: Sequence[str | None]) -> float:
    degrees, minutes, seconds = [*map(_number, parts), 0.0, 0.0][:3]
    whole = abs(degrees) + minutes / 60 + seconds / 3600
    return round(-whole if degrees < 0 else whole, 7)


def _in_metres(text: str) -> Position | None:
    """SWEREF 99 TM, north first as it is written in Sweden or east first as maps have it. Raises NotFound for RT 90."""
    text = re.sub(r"[neöxy]\s*[:=]?\s*(?=\d)", " ", _LABELS.sub(" ", text.casefold())).strip(" ()[]")
    text = re.sub(r"(?<=\d)(?:\s*m\b(?:\s*[neö]\b)?|\s*[neö]\b)", " ", text).strip()
    found = re.fullmatch(rf"{_NORTHING}{_BETWEEN}{_EASTING}", text)
    turned = re.fullmatch(rf"{_EASTING}{_BETWEEN}{_NORTHING}", text)
    if not found and not turned:
        return None
    north, east = (found[1], found[2]) if found else (turned[2], turned[1]) if turned else ("", "")
    return _from_sweref(
        _number(re.sub(r"[ .](?=\d{3}(?!\d))", "", north)), _number(re.sub(r"[ .](?=\d{3}(?!\d))", "", east))
    )


def _from_sweref(north: float, east: float) -> Position:
    # Here, since it brings numpy, and few write metres.
    import numpy as np

    from canvass.core.geojson import sweref

    if east > 1_000_000:
        raise NotFound(
            _("Det ser ut som RT 90. Skriv koordinaterna i WGS84, som 58.5877, 16.1924, eller i SWEREF 99 TM.")
        )
    ((longitude, latitude),) = sweref.from_sweref(np.array([[east, north]])).tolist()
    if not _is_in_sweden(latitude, longitude):
        raise NotFound(_("Skriv koordinaterna som 58.5877, 16.1924."))
    return round(latitude, 6), round(longitude, 6)


def _number(text: str | None) -> float:
    return float((text or "0").replace(",", "."))
