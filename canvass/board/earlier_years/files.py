"""Files of earlier years' results: CSV as spreadsheets save it, read into rows of text by column."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from typing import Any

from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.refusals import Refused

LIMIT_BYTES = 1_000_000
MOST_ROWS = 5_000
LONGEST_CELL = 200

# What each column may be called, in Swedish or English, in lower case.
HEADINGS = {
    "organisation": "organisation förening s-förening arbetarekommun kommun namn name association municipality",
    "code": "kod kommunkod organisationskod code municipality_code",
    "year": "år year",
    "channel": "sätt kanal channel way",
    "conversations": "samtal antal_samtal resultat conversations result",
    "target": "mål samtalsmål target goal",
}


def read(content: bytes) -> list[dict[str, Any]]:
    """The rows of a CSV file as a Swedish or an English Excel saves it: the text of each column, and "line".

    Rows with neither a result nor a target are left out. Raises Refused with a sentence.
    """
    if len(content) > LIMIT_BYTES:
        raise Refused(_("Filen är för stor. Den får vara högst 1 MB."))
    if content.startswith(b"PK"):
        raise Refused(_("Det där är en arbetsbok. Öppna den i Excel och spara den som CSV."))
    lines = _text(content).splitlines(keepends=True)
    # Excel may begin a file with a line that says which separator it used.
    skipped = 1 if lines and lines[0].casefold().startswith("sep=") else 0
    header = lines[skipped] if len(lines) > skipped else ""
    reader = csv.reader(lines[skipped:], delimiter=max(";\t,", key=header.count))
    try:
        names = _columns(next(reader, []))
        rows: list[dict[str, Any]] = []
        for cells in reader:
            row = {name: _cell(cells[at]) for name, at in names.items() if at < len(cells)}
            if row.get("conversations") or row.get("target"):
                rows.append({"line": reader.line_num + skipped, **row})
    except csv.Error:
        raise Refused(_("Filen går inte att läsa som CSV.")) from None
    if not rows:
        raise Refused(_("Filen har inga rader med siffror."))
    if len(rows) > MOST_ROWS:
        raise Refused(_("Filen har fler än 5 000 rader. Dela den i flera."))
    return rows


def headings() -> dict[str, str]:
    """The headings of the example file by column, in the language of the moment."""
    return {
        "organisation": _("Organisation"),
        "code": _("Kommunkod"),
        "year": _("År"),
        "channel": _("Sätt"),
        "conversations": ngettext("Samtal", "Samtal", 2),
        "target": _("Mål"),
    }


def whole(text: str) -> int | None:
    """1264, 1 264, 1.264, 1,264 and 1264,00 as a number; None for anything else."""
    text = re.sub(r"[.,]0{1,2}$", "", "".join(text.split()))
    return int(re.sub(r"\D", "", text)) if re.fullmatch(r"\d{1,12}|\d{1,3}([.,]\d{3}){1,3}", text, re.ASCII) else None


def _text(content: bytes) -> str:
    """UTF-8 or Windows-1252 as text. Raises Refused for anything else."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refused(_("Filen går inte att läsa som text. Spara den som CSV i UTF-8."))


def _columns(header: Sequence[str]) -> dict[str, int]:
    """The position of each known column. Raises Refused when one that is needed is missing."""
    words = {word.replace("_", " "): name for name, words in HEADINGS.items() for word in words.split()}
    # The example file's own headings too, in the language of the moment.
    words |= {heading.casefold(): name for name, heading in headings().items()}
    found: dict[str, int] = {}
    for at, heading in enumerate(header):
        name = words.get(_cell(heading).casefold())
        if name:
            found.setdefault(name, at)
    missing = [headings()[name] for name in ("year", "conversations") if name not in found]
    if "organisation" not in found and "code" not in found:
        missing.insert(0, headings()["organisation"])
    if missing:
        raise Refused(
            _("Första raden ska säga vad kolumnerna heter. Det här saknas: %(columns)s.", columns=", ".join(missing))
        )
    return found


def _cell(text: str) -> str:
    """Without surplus space, and without the apostrophe that our exports put before what looks like a formula."""
    return " ".join(text.split()).removeprefix("'")[:LONGEST_CELL]
