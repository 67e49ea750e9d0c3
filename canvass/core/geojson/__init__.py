"""Reading files of outlines: polling districts, DeSO, RegSO, municipalities, or what somebody drew on a map.

GeoJSON, GeoPackage and KML, also zipped. `archives`, `content`, `packages` and `kml` turn bytes into features, `fields`
finds what they are called, `systems` where they are, `outlines` what ground they cover. What has one obvious meaning is
mended and said; each fault becomes a sentence that names the feature it is in; the others are read all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from canvass.core import geometry
from canvass.core.geojson import archives, content, fields
from canvass.core.geojson.content import Content
from canvass.core.geojson.faults import Fault
from canvass.core.i18n import gettext as _

LIMIT_BYTES = 30_000_000


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
    """What a file gave. `fields` says which property was taken for what, None for those not there.

    `problems` name what was left out, `notes` what was mended or read without a part. `doubtful` are outlines whose
    code another has, under another name: left out unless they are parts of the same area. `choices` are the fields or
    layers, with examples, to choose from when `asks` is "fields" or "layer": then nothing has been read.
    """

    features: list[Feature] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    fields: dict[str, str | None] = field(
        default_factory=lambda: dict.fromkeys(("code", "name", "housing", "households"))
    )
    notes: list[str] = field(default_factory=list)
    doubtful: list[Feature] = field(default_factory=list)
    asks: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)


def read(
    data: bytes, code_field: str | None = None, name_field: str | None = None, layer: str | None = None
) -> Reading:
    """The outlines of a GeoJSON, GeoPackage or KML file, in WGS84, simplified together for phones.

    `code_field` and `name_field` choose the properties; otherwise the usual names are looked for. `layer` is that of a
    GeoPackage with several.
    """
    # Here, so that a server which reads no outlines never loads shapely and numpy.
    from canvass.core.geojson import systems

    reading = Reading()
    try:
        found = _content(data, layer)
        if found.layers:
            reading.asks, reading.choices = "layer", [(name, "") for name in found.layers]
            return reading
        reading.notes += found.notes
        declared = systems.declared(found.crs)
        rows = [fields.row(number, value) for number, value in enumerate(found.rows, 1)]
        reading.fields.update(fields.chosen(rows, code_field, name_field))
    except Fault as fault:
        reading.problems.append(Problem(str(fault)))
        return reading
    if not code_field and not name_field:
        reading.choices = fields.to_choose_from(rows, reading.fields)
    if reading.choices:
        reading.asks = "fields"
    else:
        _read_rows(rows, declared, reading)
    return reading


def joined(reading: Reading) -> Reading:
    """The reading with its doubtful outlines as parts of the areas whose codes they have."""
    from canvass.core.geojson import outlines

    more: dict[str, list[geometry.Geometry]] = {}
    for feature in reading.doubtful:
        more.setdefault(feature.code, []).append(feature.geometry)
    features = [
        replace(each, geometry=outlines.joined([each.geometry, *more[each.code]])) if each.code in more else each
        for each in reading.features
    ]
    numbers = {feature.number for feature in reading.doubtful}
    problems = [problem for problem in reading.problems if problem.number not in numbers]
    return replace(reading, features=features, problems=problems, doubtful=[])


def _content(data: bytes, layer: str | None) -> Content:
    """What stands in the file, whichever kind it is. Raises Fault."""
    if len(data) > LIMIT_BYTES:
        raise Fault(
            _(
                "Filen är på %(size)s MB; gränsen är %(limit)s MB. Dela den, till exempel per kommun.",
                size=f"{len(data) / 1e6:.0f}",
                limit=f"{LIMIT_BYTES / 1e6:.0f}",
            )
        )
    if archives.is_archive(data):
        data = archives.unpacked(data)
    if data.startswith(b"\x00\x00\x27\x0a"):
        raise Fault(archives.shapefile())
    from canvass.core.geojson import kml, packages

    if data.startswith(packages.MAGIC):
        return packages.read(data, layer)
    if kml.is_xml(data):
        return kml.read(data)
    return content.read(data)


def _read_rows(rows: list[fields.Row], declared: str | None, reading: Reading) -> None:
    """Add each row to the reading's features, notes, doubtful ones or problems."""
    from canvass.core.geojson import outlines

    taken: list[fields.Row] = []
    grounds: list[Any] = []
    places: dict[str, int] = {}
    for row in rows:
        try:
            fields.label(row, reading.fields, is_alone=len(rows) == 1)
            fields.describe(row, reading.fields)
            # Popped, so that a large file is not in memory twice.
            ground, mended = outlines.ground(row.value.pop("geometry", None), declared)
            row.notes += mended
            place = places.setdefault(row.code, len(taken))
            if place < len(taken) and taken[place].name == row.name:
                grounds[place], note = outlines.with_part(grounds[place], ground, taken[place].title)
                row.notes.append(note)
                continue
        except Fault as fault:
            _leave_out(row, str(fault), reading)
            continue
        taken.append(row)
        grounds.append(ground)
    for number, (row, outline) in enumerate(zip(taken, outlines.simplified(grounds), strict=True)):
        feature = Feature(row.number, row.code, row.name, row.housing, row.households, outline)
        if places[row.code] == number:
            reading.features.append(feature)
        else:
            reading.doubtful.append(feature)
            other = taken[places[row.code]].title
            _leave_out(row, _("koden används redan av %(other)s, med ett annat namn.", other=other), reading)
    reading.problems.sort(key=lambda problem: problem.number or 0)
    reading.notes += [_said(row, note) for row in rows for note in row.notes]


def _leave_out(row: fields.Row, fault: str, reading: Reading) -> None:
    reading.problems.append(Problem(_said(row, fault), row.number, row.code, row.name))


def _said(row: fields.Row, sentence: str) -> str:
    return _("%(feature)s: %(fault)s", feature=row.title, fault=sentence)
