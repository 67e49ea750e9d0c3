"""Files of earlier years' results: CSV as spreadsheets save it, read into rows of text by column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from canvass.core import texts
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.refusals import Refused

LIMIT_BYTES = 1_000_000
MOST_ROWS = 5_000
LONGEST_CELL = 200
# The headings stand in one of the first lines; above them may be a title and blank lines.
MOST_ABOVE = 30

# What each column may be called, in Swedish or English, in lower case.
HEADINGS = {
    "organisation": "organisation förening s-förening arbetarekommun kommun distrikt partidistrikt namn name "
    "association municipality",
    "code": "kod kommunkod organisationskod code municipality_code",
    "year": "år valår årtal verksamhetsår valdag datum year election_year",
    "channel": "sätt kanal channel way",
    "conversations": "samtal antal_samtal genomförda_samtal antal_genomförda_samtal resultat utfall "
    "conversations result",
    "target": "mål samtalsmål mål_samtal mål_antal_samtal target goal",
}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)", re.ASCII)
# A star, a note's number and a unit after a figure.
_MARKS = re.compile(r"(?:\s*(?:\*+|[†‡§]|[¹²³⁰⁴-⁹]+|\[\w+\]|st\.?|samtal))+$")


def read(content: bytes) -> list[dict[str, Any]]:
    """The rows of a CSV file as a spreadsheet saves it: the text of each column, and "line".

    Rows that say nothing of a year are left out; one without a figure and a year is kept with "aside", to be named.
    Where each year has a column there is a row for each of them. Raises Refused with a sentence.
    """
    if len(content) > LIMIT_BYTES:
        raise Refused(_("Filen är för stor. Den får vara högst 1 MB."))
    if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise Refused(_("Det där är en arbetsbok. Öppna den i Excel och spara den som CSV."))
    try:
        table, at, columns = _table(content)
        rows: list[dict[str, Any]] = []
        for line, cells in table[at + 1 :]:
            rows += _rows(line, cells, columns)
            if len(rows) > MOST_ROWS:
                raise Refused(_("Filen har fler än 5 000 rader. Dela den i flera."))
    except csv.Error:
        raise Refused(_("Filen går inte att läsa som CSV.")) from None
    if not any("aside" not in row for row in rows):
        raise Refused(_("Filen har inga rader med siffror."))
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
    """1264, 1 264, 1.264, 1,264, 1264,00, 1264* and 1,264E+03 as a number; None for anything else.

    1,26E+03 is something else: a spreadsheet has dropped the last digits.
    """
    text = re.sub(r"[\s'’]", "", _MARKS.sub("", text.casefold()))
    if powered := re.fullmatch(r"(\d)(?:[.,](\d+))?e\+?(\d{1,2})", text, re.ASCII):
        first, decimals, power = powered[1], powered[2] or "", int(powered[3])
        return int(first + decimals) if len(decimals) == power else None
    text = re.sub(r"[.,]0{1,2}$", "", text)
    return int(re.sub(r"\D", "", text)) if re.fullmatch(r"\d{1,12}|\d{1,3}([.,]\d{3}){1,3}", text, re.ASCII) else None


def year(text: str) -> int | None:
    """The year in 2022, 2 022, Valet 2022 and 2022-09-11; None when there is none, or more than one."""
    found = set(_YEAR.findall(text))
    return int(found.pop()) if len(found) == 1 else None if found else whole(text)


def _table(content: bytes) -> tuple[list[tuple[int, list[str]]], int, dict[str, int]]:
    """The file's rows with their lines, the place of the headings among them, and the columns by what they hold.

    The encoding and the separator are those that give known headings. Raises Refused.
    """
    best: list[str] = []
    for text in _texts(content):
        first = text.partition("\n")[0].strip().casefold()
        # Excel may begin a file with a line that says which separator it used.
        separators = first[4:5] if first.startswith("sep=") and len(first) == 5 else ";\t,|"
        for separator in separators:
            lines = _lines(text, separator)
            for at, (_line, cells) in enumerate(lines[:MOST_ABOVE]):
                columns, missing = _columns(cells)
                if not missing:
                    return lines, at, columns
                if columns and (not best or len(missing) < len(best)):
                    best = missing
    if not best:
        best = _columns([])[1]
    raise Refused(
        _("Första raden ska säga vad kolumnerna heter. Det här saknas: %(columns)s.", columns=", ".join(best))
    )


def _texts(content: bytes) -> Iterator[str]:
    """The file as text, in the encodings that spreadsheets save it in. Raises Refused for what is no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or content[1:2] == b"\0" or content[:1] == b"\0":
        bare = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
        encodings = ["utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else bare]
    else:
        encodings = ["utf-8-sig", "cp1252", "mac_roman", "cp850"]
    is_text = False
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # The last two take any byte for a letter: they are only tried.
        is_text = is_text or (encoding in encodings[:2] and "\0" not in text)
        if "\0" not in text:
            yield text
        if encoding.startswith("utf"):
            break
    if not is_text:
        raise Refused(_("Filen går inte att läsa som text. Spara den som CSV i UTF-8."))


def _lines(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """The rows that hold anything, with the line each ends on. Only line feeds and returns outside quotes end one."""
    # Old Macs end lines with a return alone.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows = [(reader.line_num, [_cell(cell) for cell in cells]) for cells in reader]
    return [(line, cells) for line, cells in rows if any(cells)]


def _columns(header: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """The position of each known column, years' own columns among them; and the headings of those that are missing."""
    words = {word.replace("_", " "): name for name, words in HEADINGS.items() for word in words.split()}
    # The example file's own headings too, in the language of the moment.
    words |= {texts.folded(heading): name for name, heading in headings().items()}
    found: dict[str, int] = {}
    for at, heading in enumerate(header):
        written = re.sub(r"\([^)]*\)|[*:.]+$", "", texts.folded(heading)).strip()
        years = _YEAR.findall(written)
        name = words.get(written)
        if len(years) == 1 and not name:
            what = words.get(_YEAR.sub("", written).strip(" -–:"), "conversations" if written == years[0] else "")
            name = f"{what} {years[0]}" if what in ("conversations", "target") else None
        if name:
            found.setdefault(name, at)
    has_years = any(name.startswith("conversations ") for name in found) and "conversations" not in found
    needed = [] if has_years else ["year", "conversations"]
    missing = [headings()[name] for name in needed if name not in found]
    if "organisation" not in found and "code" not in found:
        missing.insert(0, headings()["organisation"])
    return found, missing


def _rows(line: int, cells: list[str], columns: dict[str, int]) -> Iterator[dict[str, Any]]:
    """What a line of the file says: a row, or one for each year that has a column; none when it has no figures."""
    row: dict[str, Any] = {name: cells[at] for name, at in columns.items() if at < len(cells)}
    years = sorted({name.partition(" ")[2] for name in columns if " " in name})
    has_figures = False
    for one in years or [""]:
        figures = {name: row.pop(f"{name} {one}", "") for name in ("conversations", "target")} if one else {}
        own = {**{name: text for name, text in row.items() if " " not in name}, **figures}
        if one:
            own["year"] = one
        if own.get("conversations") or own.get("target"):
            has_figures = True
            yield {"line": line, **own}
    if not has_figures and not row.get("year") and not years:
        yield {"line": line, "aside": "text", "organisation": " ".join(cell for cell in cells if cell)[:LONGEST_CELL]}


def _cell(text: str) -> str:
    """Without surplus space, the apostrophe that our exports put before what looks like a formula, and ="…"."""
    text = re.sub(r'^="(.*)"$', r"\1", texts.line(text))
    return text.removeprefix("'")[:LONGEST_CELL]
