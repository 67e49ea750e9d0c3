"""The product's languages. Swedish is written in the code itself; translations/en.po says it in English."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.messages.pofile import read_po

from canvass.core import clock

LANGUAGES = {"sv": "Svenska", "en": "English"}
TRANSLATIONS = Path(__file__).parents[2] / "translations"
THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"

_language: ContextVar[str] = ContextVar("language", default="sv")
log = logging.getLogger(__name__)


@cache
def catalogue(language: str) -> dict[str, str | tuple[str, ...]]:
    """What each Swedish sentence is called in `language`; empty for Swedish. Read once per process."""
    path = TRANSLATIONS / f"{language}.po"
    if language == "sv" or not path.exists():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=language, abort_invalid=True)
    found: dict[str, str | tuple[str, ...]] = {}
    for message in messages:
        if message.id and message.string and not message.fuzzy:
            key = message.id if isinstance(message.id, str) else message.id[0]
            found[key] = message.string if isinstance(message.string, str) else tuple(message.string)
    return found


def language() -> str:
    """The language spoken in this request or command: `sv` or `en`."""
    return _language.get()


def speak(wanted: str) -> None:
    """Use `wanted` from here on, in this request or command."""
    _language.set(wanted if wanted in LANGUAGES else "sv")


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Use `wanted` inside the block."""
    before = language()
    speak(wanted)
    try:
        yield
    finally:
        speak(before)


def gettext(msgid: str, **values: Any) -> str:
    """The sentence in the language of the moment, with %(name)s replaced."""
    found = catalogue(language()).get(msgid) or msgid
    sentence = found if isinstance(found, str) else found[0]
    return sentence % values if values else sentence


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """As gettext, choosing by `num`, which is also at hand as %(num)s, written as people write numbers."""
    found = catalogue(language()).get(one)
    forms = found if isinstance(found, tuple) and all(found) else (one, many)
    return forms[0 if num == 1 else 1] % {"num": number(num), **values}


def number(value: float | None, decimals: int = 0) -> str:
    """3412 as "3 412" with a narrow no-break space in Swedish, "3,412" in English; a dash for None."""
    if value is None:
        return "–"
    plain = f"{value:,.{decimals}f}"
    return plain if language() == "en" else plain.replace(",", THIN_SPACE).replace(".", ",")


def percent(share: float | None) -> str:
    """0.1234 as "12 %", "12%" in English; a dash for None."""
    if share is None:
        return "–"
    return f"{number(share * 100)}%" if language() == "en" else f"{number(share * 100)}\N{NO-BREAK SPACE}%"


def day(value: date | datetime | None, form: str = "d MMM y") -> str:
    """A date as people write it: 21 nov. 2026. `form` is a CLDR pattern."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = clock.local_day(value)
    return _day(value, form, "en_GB" if language() == "en" else "sv_SE")


@lru_cache(maxsize=5000)
def _day(value: date, form: str, locale: str) -> str:
    # Kept, since a page names each day of a campaign twice a second, and reading the pattern takes a tenth of a ms.
    return format_date(value, form, locale=locale)


def weekday(number: int, width: str = "wide") -> str:
    """A weekday by its number from Monday as 0: tisdag, or tis for width "abbreviated"."""
    # The fifth of January 2026 is a Monday.
    return day(date(2026, 1, 5 + number), "EEEE" if width == "wide" else "EEE")


def moment(value: datetime | None) -> str:
    """A time as people write it, in Swedish local time: 21 nov. 2026 18:05."""
    return "–" if value is None else f"{day(value)} {time_of_day(value)}"


def time_of_day(value: datetime) -> str:
    """The hour and minute in Sweden: 18:05."""
    return f"{value.astimezone(clock.ZONE):%H:%M}"


def sort_key(name: str) -> str:
    """Order as a Swede does, å ä ö last, the same on every engine: databases disagree on collation."""
    return name.casefold().translate(_SWEDISH_ORDER)


# { | } ~ stand after z in Unicode, in that order.
_SWEDISH_ORDER = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}", "é": "e", "ü": "y"})
