"""Which of a feature's properties are its code, name, housing and number of households, and what they say."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from canvass.core import texts
from canvass.core.geojson.faults import Fault
from canvass.core.geojson.values import key, text
from canvass.core.i18n import gettext as _

LONGEST_CODE = 40
LONGEST_NAME = 120
MOST_HOUSEHOLDS = 1_000_000

# What the usual files call a feature's code and its name, the finest division first: a file of polling districts has
# the municipality of each as well. Written as `key` makes them.
_DIVISIONS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    # The election authority: 2026, then 2022 and 2024, then 2018; and municipalities' own.
    (
        ("valdistriktskod", "lkfv", "vdkod", "valdistriktkod", "vd", "valdistrikt"),
        ("valdistriktsnamn", "vdnamn", "valdistriktnamn", "valdistrikt"),
    ),
    # Statistics Sweden.
    (("desokod", "deso"), ("desonamn", "regsonamn")),
    (("regsokod", "regso"), ("regsonamn", "regso")),
    (("distriktskod",), ("distriktsnamn",)),
    (("kod", "code", "områdeskod", "omradeskod", "areacode", "nyko", "nyckelkod", "postnummer", "postnr"), ()),
    (("kommunkod", "knkod"), ("kommunnamn", "kommun", "knnamn")),
    (("länskod", "lanskod", "länkod", "lankod", "lnkod"), ("länsnamn", "lansnamn", "län", "lan", "lnnamn")),
    (("id",), ()),
)
_COARSE = {name for codes, names in _DIVISIONS[-3:-1] for name in codes + names}
_ANY_NAME = (
    *("namn", "name", "områdesnamn", "omradesnamn", "område", "omrade", "titel", "title"),
    *("stadsdelsnamn", "stadsdel", "benämning", "benamning", "beteckning"),
)
_HOUSING = ("boendeform", "housing", "hustyp", "bostadstyp")
_HOUSEHOLDS = ("hushåll", "hushall", "households", "antalhushåll", "antalhushall")

_HOUSING_WORDS = {
    "villa": "villa villor villaområde villabebyggelse småhus friliggande villas house houses detached",
    "terraced": "terraced radhus kedjehus parhus rowhouse rowhouses townhouse townhouses",
    "flats": "flats flat apartments apartment flerfamiljshus flerbostadshus lägenheter hyreshus höghus",
    "mixed": "mixed blandat blandad blandade",
}
_HOUSING_CODES = {word: code for code, words in _HOUSING_WORDS.items() for word in words.split()}


@dataclass
class Row:
    """A feature as it stands in the file, and what `label` and `describe` have read of it.

    `number` is its place in the file, from 1.
    """

    number: int
    value: Any
    properties: dict[str, Any]
    code: str = ""
    name: str = ""
    housing: str = ""
    households: int | None = None
    # Sentences about what was left out or mended.
    notes: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What to call it in a sentence."""
        called = " ".join(dict.fromkeys(part for part in (self.code, self.name) if part))
        if called:
            return _("Område %(number)s i filen (%(called)s)", number=self.number, called=called)
        return _("Område %(number)s i filen", number=self.number)


def row(number: int, value: Any) -> Row:
    """A value of the file's list of features, whatever it is."""
    properties = value.get("properties") if isinstance(value, dict) else None
    properties = dict(properties) if isinstance(properties, dict) else {}
    # A feature's own id is its code where no property is.
    if isinstance(value, dict) and text(value.get("id")):
        properties.setdefault("id", value["id"])
    return Row(number, value, properties)


def chosen(rows: Sequence[Row], code: str | None, name: str | None) -> dict[str, str | None]:
    """The property to take for each of code, name, housing and households.

    `code` and `name` are the ones asked for, if any. Raises Fault when the file lacks them.
    """
    known: dict[str, str] = {}
    for name_there in named(rows):
        known.setdefault(key(name_there), name_there)
    known = _uncut(known, rows) | known
    codes, names = next((each for each in _DIVISIONS if _first_usable(each[0], known, rows)), ((), ()))
    names = (*names, *_ANY_NAME) if names else (*_ANY_NAME, *(name for each in _DIVISIONS for name in each[1]))
    code = _wanted(code, known, rows) if code else _first_usable(codes, known, rows)
    name = _wanted(name, known, rows) if name else _first_usable(names, known, rows)
    return {
        # Names alone will do: a municipality's own map of polling districts often has nothing else.
        "code": code or name,
        "name": name,
        "housing": next((known[field] for field in _HOUSING if field in known), None),
        "households": next((known[field] for field in _HOUSEHOLDS if field in known), None),
    }


def label(row: Row, fields: dict[str, str | None], *, is_alone: bool) -> None:
    """Give the row its code and name. Raises Fault."""
    if not isinstance(row.value, dict) or row.value.get("type") != "Feature":
        raise Fault(_("den är inte en Feature."))
    code = text(row.properties.get(fields["code"] or ""))
    name = text(row.properties.get(fields["name"] or "")) or code
    if is_alone and not fields["code"]:
        # A single outline, just drawn: there is nothing to confuse it with.
        code, name = "1", _("Område %(number)s", number=1)
    if fields["code"] == fields["name"] and LONGEST_CODE < len(code) <= LONGEST_NAME:
        # A name alone may be longer than a code: the same name gives the same code.
        code = f"{code[: LONGEST_CODE - 7]}-{hashlib.sha256(code.encode()).hexdigest()[:6]}"
    # Only as much of them as a sentence can carry.
    row.code, row.name = code[:LONGEST_CODE], name[:LONGEST_NAME]
    if not code and fields["code"]:
        raise Fault(_("fältet %(field)s, som ger koden, är tomt.", field=texts.line(fields["code"])))
    if not code:
        raise Fault(_("den har varken kod eller namn."))
    if len(code) > LONGEST_CODE:
        raise Fault(_("koden är längre än %(limit)s tecken.", limit=LONGEST_CODE))
    if len(name) > LONGEST_NAME:
        raise Fault(_("namnet är längre än %(limit)s tecken.", limit=LONGEST_NAME))


def describe(row: Row, fields: dict[str, str | None]) -> None:
    """Give the row its housing and households; what cannot be read is left out with a note."""
    try:
        row.housing = _housing(row.properties.get(fields["housing"] or ""))
    except Fault as fault:
        row.notes.append(str(fault))
    try:
        row.households = _households(row.properties.get(fields["households"] or ""))
    except Fault as fault:
        row.notes.append(str(fault))


def _housing(value: Any) -> str:
    """The housing code of a Swedish or English word, "" when it is not given. Raises Fault for an unknown word."""
    word = text(value)
    if not word or word.casefold() in ("ej angivet", "okänt", "unknown"):
        return ""
    try:
        return _HOUSING_CODES[word.casefold()]
    except KeyError:
        raise Fault(
            _(
                "boendeformen ”%(word)s” är inte villa, radhus, flerfamiljshus eller blandat och är utelämnad.",
                word=word[:40],
            )
        ) from None


def _households(value: Any) -> int | None:
    """The number of households, None when it is not given. Raises Fault for what is no such number."""
    digits = re.sub(r"[\s']|[.,]0+$", "", text(value))
    if value is None or (isinstance(value, str) and not digits):
        return None
    if digits.isascii() and digits.isdigit() and len(digits) < 10 and int(digits) <= MOST_HOUSEHOLDS:
        return int(digits)
    shown = texts.line(str(value))[:40]
    raise Fault(
        _("antalet hushåll, %(value)s, är inte ett heltal mellan 0 och 1 miljon och är utelämnat.", value=shown)
    )


def named(rows: Iterable[Row]) -> list[str]:
    """All properties that the rows have, in the order of the file."""
    return list(dict.fromkeys(name for row in rows for name in row.properties))


def to_choose_from(rows: Sequence[Row], fields: dict[str, str | None]) -> list[tuple[str, str]]:
    """The properties with a few of their values, when somebody has to say which is the code or name; else none.

    That is when none is known, or when the one that is known has the same value everywhere and another has not.
    """
    values = {name: [text(row.properties.get(name)) for row in rows] for name in named(rows)}
    code = fields["code"]
    is_common = code is not None and len(set(values[code])) == 1
    if len(rows) < 2 or (code and not (is_common and any(len({*found, ""}) > 2 for found in values.values()))):
        return []
    seen = {name: list(filter(None, dict.fromkeys(found))) for name, found in values.items()}
    return [(name, ", ".join(value[:30] for value in found[:3])) for name, found in seen.items() if found]


def _uncut(known: dict[str, str], rows: Sequence[Row]) -> dict[str, str]:
    """The known names of properties that were cut to the ten bytes a shapefile has room for, or numbered to fit."""
    found: dict[str, str] = {}
    codes = {name for each in _DIVISIONS for name in each[0]}
    names = {name for each in _DIVISIONS for name in each[1]} | {*_ANY_NAME}
    for name in known.values():
        start = key(re.sub(r"_\d$", "", name))
        if len(name.encode()) not in (9, 10) or len(start) < 7:
            continue
        values = [value for row in rows if (value := text(row.properties.get(name)))]
        has_codes = sum(any(map(str.isdigit, value)) for value in values) * 2 > len(values)
        for whole in (codes if has_codes else names) | {*_HOUSING, *_HOUSEHOLDS}:
            if whole.startswith(start) and whole not in known:
                found.setdefault(whole, name)
    return found


def _first_usable(names: Iterable[str], known: dict[str, str], rows: Sequence[Row]) -> str | None:
    """The first of the names that at least half of the features have a value for.

    A county or municipality that is the same for all of them is passed over.
    """
    for name in names:
        if name not in known:
            continue
        values = [value for row in rows if (value := text(row.properties.get(known[name])))]
        is_same_for_all = name in _COARSE and len(values) > 1 and len(set(values)) == 1
        if len(values) * 2 >= len(rows) and not is_same_for_all:
            return known[name]
    return None


def _wanted(name: str, known: dict[str, str], rows: Sequence[Row]) -> str:
    """The property that somebody asked for, spelled as in the file. Raises Fault."""
    if any(name in row.properties for row in rows):
        return name
    if key(name) in known:
        return known[key(name)]
    there = ", ".join(texts.line(field)[:40] for field in list(known.values())[:12])
    raise Fault(_("Inget område har fältet %(field)s. Filens fält: %(there)s.", field=texts.line(name), there=there))
