"""GeoPackages (OGC 12-128): an SQLite database with a table for each layer, as public authorities publish maps."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import shapely

from canvass.core.geojson.content import Content
from canvass.core.geojson.faults import Fault
from canvass.core.i18n import gettext as _
from canvass.core.sqlite import sqlite3

MAGIC = b"SQLite format 3\x00"
_AREAS = ("POLYGON", "MULTIPOLYGON", "GEOMETRY", "GEOMETRYCOLLECTION", "SURFACE", "MULTISURFACE", "CURVEPOLYGON")
_LAYERS = """
SELECT c.table_name, g.column_name, upper(g.geometry_type_name), s.organization, s.organization_coordsys_id,
       coalesce(s.srs_name, '') || ' ' || coalesce(s.definition, '')
FROM gpkg_contents c
JOIN gpkg_geometry_columns g ON g.table_name = c.table_name
JOIN sqlite_master m ON m.name = c.table_name AND m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'
LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
WHERE c.data_type = 'features' ORDER BY c.table_name
"""
# Bytes of the envelope by the code in a geometry's flags.
_ENVELOPES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}
# So many times a hundred thousand steps of SQLite's machine may a file take; a layer of a million rows takes 200.
_MOST_STEPS = 2_000


def read(data: bytes, layer: str | None) -> Content:
    """The features of a layer of areas: of `layer`, else of the only one. Raises Fault."""
    try:
        with _opened(data) as database:
            layers = {row[0]: row[1:] for row in database.execute(_LAYERS) if row[2] in _AREAS}
            if not layers:
                raise Fault(_("Filen är en GeoPackage, men inget lager i den har områden."))
            if layer not in layers and len(layers) > 1:
                return Content([], layers=list(layers))
            chosen = layer if layer and layer in layers else next(iter(layers))
            column, _kind, authority, number, described = layers[chosen]
            rows = list(_features(database, chosen, column))
    except sqlite3.Error:
        raise Fault(_("Filen är en databas, men ingen hel GeoPackage. Ladda ner den en gång till.")) from None
    if not rows:
        raise Fault(_("Filen innehåller inga områden."))
    return Content(rows, _system(authority, number, described))


def _system(authority: Any, number: Any, described: str) -> str | None:
    """What the file calls its coordinate system; None where it leaves it undefined."""
    if str(authority).casefold() == "epsg":
        return f"EPSG:{number}"
    return None if number in (None, -1, 0) else described


@contextmanager
def _opened(data: bytes) -> Iterator[sqlite3.Connection]:
    """The database, which may be made by anybody: nothing in its schema is run, and no query goes on for minutes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.gpkg"
        path.write_bytes(data)
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            steps = iter(range(_MOST_STEPS))
            database.set_progress_handler(lambda: next(steps, None) is None, 100_000)
            database.text_factory = lambda text: text.decode("utf-8", "replace")
            database.execute("PRAGMA trusted_schema=OFF")
            database.execute("PRAGMA cell_size_check=ON")
            yield database


def _features(database: sqlite3.Connection, layer: str, column: str) -> Iterator[dict[str, Any]]:
    cursor = database.execute(f"SELECT * FROM {_quoted(layer)}")
    names = [description[0] for description in cursor.description]
    keys = {row[1] for row in database.execute(f"PRAGMA table_info({_quoted(layer)})") if row[5]}
    for row in cursor:
        values = dict(zip(names, row, strict=True))
        shape = values.pop(column, None)
        # The row's number in this very file is nobody's code.
        properties = {
            name: value for name, value in values.items() if name not in keys and not isinstance(value, bytes)
        }
        yield {"type": "Feature", "properties": properties, "geometry": _geometry(shape)}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _geometry(blob: Any) -> Any:
    """The geometry in a GeoPackage's own envelope; None where there is none, {} where it cannot be read."""
    if not isinstance(blob, bytes):
        return None
    size = _ENVELOPES.get(blob[3] >> 1 & 7) if blob[:2] == b"GP" and len(blob) > 8 else None
    if size is None:
        return {}
    found = shapely.from_wkb(blob[8 + size :], on_invalid="ignore")
    return {} if found is None else None if found.is_empty else found
