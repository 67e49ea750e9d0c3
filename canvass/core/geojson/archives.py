"""Zip archives, as maps are published in and as KMZ is: the one map that is in it."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from canvass.core import texts
from canvass.core.geojson.faults import Fault
from canvass.core.i18n import gettext as _

MAPS = (".gpkg", ".geojson", ".json", ".geojsonl", ".kml")
# What the file in an archive may hold. A GeoPackage is read row by row, the others in memory.
MOST_UNPACKED = {".gpkg": 120_000_000}
MOST_IN_MEMORY = 30_000_000


def is_archive(data: bytes) -> bool:
    """Whether these are the bytes of a packed file: a zip archive, an empty one too, or another kind."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", *_OTHERS, _GZIP))


_GZIP = b"\x1f\x8b"
_OTHERS = (b"7z\xbc\xaf", b"Rar!")


def unpacked(data: bytes) -> bytes:
    """The only map in the archive. Raises Fault when there is none, or more than one."""
    if data.startswith(_OTHERS):
        raise Fault(_("Filen är packad på ett sätt som inte läses här. Packa upp den och välj kartan i den."))
    try:
        if data.startswith(_GZIP):
            limit = MOST_IN_MEMORY
            content = zlib.decompressobj(wbits=31).decompress(data, limit + 1)
        else:
            content, limit = _from_zip(data)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise Fault(_("Zip-arkivet är skadat. Ladda ner det en gång till.")) from None
    except (NotImplementedError, RuntimeError):
        raise Fault(
            _("Zip-arkivet är låst eller packat på ett ovanligt sätt. Packa upp det och välj kartan.")
        ) from None
    if len(content) > limit:
        raise Fault(
            _(
                "Kartan i zip-arkivet är större än %(limit)s MB. Dela den, till exempel per kommun.",
                limit=limit // 10**6,
            )
        )
    return content


def _from_zip(data: bytes) -> tuple[bytes, int]:
    """The map, but for what exceeds the limit by more than a byte; and the limit."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        chosen = _chosen([info for info in archive.infolist() if not _is_hidden(info.filename)])
        limit = MOST_UNPACKED.get(_kind(chosen.filename), MOST_IN_MEMORY)
        with archive.open(chosen) as file:
            # Never by the size that the archive says the file has.
            return file.read(limit + 1), limit


def _chosen(inside: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    found = [info for info in inside if _kind(info.filename) in MAPS]
    # The map of a KMZ has this name; the rest are pictures and other layers.
    main = [info for info in found if info.filename == "doc.kml"]
    if len(main or found) == 1:
        return (main or found)[0]
    if found:
        raise Fault(
            _(
                "I zip-arkivet finns flera kartor: %(names)s. Packa upp det och välj en av dem.",
                names=", ".join(texts.line(info.filename)[-60:] for info in found[:6]),
            )
        )
    if any(_kind(info.filename) == ".shp" for info in inside):
        raise Fault(shapefile())
    raise Fault(_("I zip-arkivet finns ingen karta i GeoJSON, GeoPackage eller KML."))


def shapefile() -> str:
    """What to do with a shapefile."""
    return _(
        "Det där är en shapefile. Hämta samma karta som GeoPackage eller GeoJSON, "
        "eller öppna den i ett kartprogram (till exempel QGIS) och exportera den som GeoJSON."
    )


def _kind(name: str) -> str:
    return PurePosixPath(name).suffix.casefold()


def _is_hidden(name: str) -> bool:
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")
