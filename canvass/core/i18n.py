"""The product's languages. Swedish sentences are in the code; translations/en.po has them in English."""

from __future__ import annotations

import logging
import re
import unicodedata
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
    """Return the translation of each Swedish sentence; empty for Swedish. Read once per process and language."""
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
    """Return the language of this request or command: `sv` or `en`."""
    return _language.get()


def speak(wanted: str) -> None:
    """Use `wanted` for the rest of this request or command; Swedish for a language that there is not."""
    _language.set(wanted if wanted in LANGUAGES else "sv")


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Use `wanted` inside the block, and the former language after it."""
    before = language()
    speak(wanted)
    try:
        yield
    finally:
        speak(before)


def gettext(msgid: str, **values: Any) -> str:
    """Return the sentence in the current language, with each %(name)s replaced when values are given."""
    found = catalogue(language()).get(msgid) or msgid
    sentence = found if isinstance(found, str) else found[0]
    return sentence % values if values else sentence


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """Return `one` or `many` in the current language, chosen by `num`, which %(num)s shows with thousands separated."""
    found = catalogue(language()).get(one)
    forms = found if isinstance(found, tuple) and all(found) else (one, many)
    return forms[0 if num == 1 else 1] % {"num": number(num), **values}


def number(value: float | None, decimals: int = 0) -> str:
    """Return 3412 as "3 412" with a narrow no-break space in Swedish, "3,412" in English; a dash for None."""
    if value is None:
        return "–"
    plain = f"{value:,.{decimals}f}"
    return plain if language() == "en" else plain.replace(",", THIN_SPACE).replace(".", ",")


def percent(share: float | None) -> str:
    """Return 0.1234 as "12 %" with a no-break space in Swedish, "12%" in English; a dash for None."""
    if share is None:
        return "–"
    return f"{number(share * 100)}%" if language() == "en" else f"{number(share * 100)}\N{NO-BREAK SPACE}%"


def day(value: date | datetime | None, form: str = "d MMM y") -> str:
    """Return a date, or a time's Swedish day, such as "21 nov. 2026"; a dash for None. `form` is a CLDR pattern."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = clock.local_day(value)
    return _day(value, form, "en_GB" if language() == "en" else "sv_SE")


@lru_cache(maxsize=5000)
def _day(value: date, form: str, locale: str) -> str:
    # Cached: live pages name the same days again and again, and Babel parses the pattern each time.
    return format_date(value, form, locale=locale)


def weekday(number: int, width: str = "wide") -> str:
    """Return the name of a weekday, 0 for Monday: "tisdag", or "tis" for any width but "wide"."""
    # The fifth of January 2026 is a Monday.
    return day(date(2026, 1, 5 + number), "EEEE" if width == "wide" else "EEE")


def moment(value: datetime | None) -> str:
    """Return a time in Swedish local time, such as "21 nov. 2026 18:05"; a dash for None."""
    return "–" if value is None else f"{day(value)} {time_of_day(value)}"


def time_of_day(value: datetime) -> str:
    """Return the Swedish local time of day, such as "18:05"."""
    return f"{value.astimezone(clock.ZONE):%H:%M}"


@lru_cache(maxsize=20_000)
def sort_key(name: str) -> str:
    """Return a key that sorts å ä ö last, 2 before 10, and other accented letters beside the plain ones.

    Sorting is done here, since databases disagree on collation.
    """
    text = unicodedata.normalize("NFC", name).casefold()
    if not text.isascii():
        text = "".join(map(_plain_letter, unicodedata.normalize("NFC", text)))
    return _DIGITS.sub(_numbered, text)


def _plain_letter(letter: str) -> str:
    if letter.isascii() or letter in _SWEDISH_ORDER:
        return _SWEDISH_ORDER.get(letter, letter)
    base, *marks = list(unicodedata.normalize("NFD", letter))
    if unicodedata.combining(base):
        return ""
    # Ǻ is an Å with an accent.
    swedish = unicodedata.normalize("NFC", base + marks[0]) if marks else base
    return _SWEDISH_ORDER.get(swedish, base)


def _numbered(digits: re.Match[str]) -> str:
    """The number with its length before it, so that 10 comes after 9."""
    number = digits[0].lstrip("0") or "0"
    return f"{min(len(number), 999):03d}{number}"


_DIGITS = re.compile("[0-9]+")
# { | } ~ stand after z in Unicode, in that order.
_SWEDISH_ORDER = {"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}", "ü": "y"}
