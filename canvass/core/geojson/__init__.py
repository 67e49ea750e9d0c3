"""Reading files of outlines: polling districts, DeSO, RegSO, municipalities, or what somebody drew on a map.

`content` turns bytes into features, `fields` finds what they are called, `systems` where they are, `outlines` what
ground they cover. Each fault becomes a sentence that names the feature it is in; the others are read all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from canvass.core import geometry
from canvass.core.geojson import content, fields
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
    """What a file gave. `fields` says which property was taken for what, None for those not there."""

    features: list[Feature] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    fields: dict[str, str | None] = field(
        default_factory=lambda: dict.fromkeys(("code", "name", "housing", "households"))
    )


def read(data: bytes, code_field: str | None = None, name_field: str | None = None) -> Reading:
    """The outlines of a GeoJSON file, in WGS84, simplified together for phones.

    Takes a FeatureCollection, a single Feature or a bare Polygon or MultiPolygon, in WGS84 or SWEREF 99 TM.
    `code_field` and `name_field` choose the properties; otherwise the usual names are looked for.
    """
    # Here, so that a server which reads no outlines never loads shapely and numpy.
    from canvass.core.geojson import systems

    reading = Reading()
    try:
        _check_size(data)
        whole = content.parsed(data)
        declared = systems.declared(whole)
        rows = [fields.row(number, value) for number, value in enumerate(content.features(whole), 1)]
        reading.fields.update(fields.chosen(rows, code_field, name_field))
    except Fault as fault:
        reading.problems.append(Problem(str(fault)))
    else:
        _read_rows(rows, declared, reading)
    return reading


def _check_size(data: bytes) -> None:
    if len(data) > LIMIT_BYTES:
        raise Fault(
            _(
                "Filen är på %(size)s MB; gränsen är %(limit)s MB. Dela den, till exempel per kommun.",
                size=f"{len(data) / 1e6:.0f}",
                limit=f"{LIMIT_BYTES / 1e6:.0f}",
            )
        )


def _read_rows(rows: list[fields.Row], declared: str | None, reading: Reading) -> None:
    """Add each row to the reading's features or problems."""
    from canvass.core.geojson import outlines

    by_code: dict[str, fields.Row] = {}
    taken, grounds = [], []
    for row in rows:
        try:
            fields.label(row, reading.fields, is_alone=len(rows) == 1)
            earlier = by_code.setdefault(row.code, row)
            if earlier is not row:
                raise Fault(_("koden används redan av %(other)s.", other=earlier.title))
            fields.describe(row, reading.fields)
            # Popped, so that a large file is not in memory twice.
            grounds.append(outlines.ground(row.value.pop("geometry", None), declared))
            taken.append(row)
        except Fault as fault:
            sentence = _("%(feature)s: %(fault)s", feature=row.title, fault=fault)
            reading.problems.append(Problem(sentence, row.number, row.code, row.name))
    reading.features += [
        Feature(row.number, row.code, row.name, row.housing, row.households, outline)
        for row, outline in zip(taken, outlines.simplified(grounds), strict=True)
    ]
