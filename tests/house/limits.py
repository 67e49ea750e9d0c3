"""Every form and address there is, the names of the fields that their views ask for, and values at the limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, ClassVar

from werkzeug.datastructures import ImmutableMultiDict

DAYS = ["0001-01-01", "9999-12-31", "2026-02-30"]
TIMES = ["00:00", "24:00", "23:59:59.999999", "12:00+23:59"]
NUMBERS = ["-1", "2147483648", "999999999999", "9" * 5000, "nan", "²"]
PLACES = ["90, 180", "nan, nan"]
TEXTS = ["\0", "\udc80", "x" * 20_000, "\r\nSet-Cookie: x=1", "å\u202e%(x)s{0}/\\"]
# What no database takes for an id, or no driver for a text.
IDS = ["\0", "\udc80"]


class Curious(ImmutableMultiDict[str, Any]):
    """The fields of a form or query string, which notes the names that a view asks for."""

    asked: ClassVar[set[str]] = set()

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def get(self, key: str, *default: Any, **options: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *default, **options)

    def getlist(self, key: str, *kind: Any) -> list[Any]:
        self.asked.add(key)
        return super().getlist(key, *kind)


@dataclass
class Filled:
    """A form as its page shows it: where it is sent, and what is in its fields."""

    method: str
    address: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # by field: date, time, number, text …


class Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.address, self.found, self.choosing, self.writing = address, list[Filled](), "", ""
        self.is_in = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_in = True
            action = given.get("action") or self.address.split("?")[0]
            self.found.append(Filled(given.get("method", "get").upper(), action))
        if not self.is_in:
            return
        kind, name = given.get("type", "text"), given.get("name", "")
        if tag == "input" and name and (kind not in ("checkbox", "radio", "file") or "checked" in given):
            self.fill(name, given.get("value", "on"), kind)
        if tag in ("select", "textarea"):
            self.choosing, self.writing = (name, "") if tag == "select" else ("", name)
            self.found[-1].kinds[name] = tag
            self.found[-1].fields.setdefault(name, [] if tag == "select" else [""])
        if tag == "option" and self.choosing and ("selected" in given or not self.found[-1].fields[self.choosing]):
            self.found[-1].fields[self.choosing] = [given.get("value", "")]
        if tag == "button" and name:
            self.found[-1].kinds[name] = "hidden"

    def fill(self, name: str, value: str, kind: str) -> None:
        self.found[-1].fields.setdefault(name, []).append(value)
        self.found[-1].kinds[name] = kind

    def handle_data(self, data: str) -> None:
        if self.writing:
            self.found[-1].fields[self.writing][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_in = False
        if tag in ("select", "textarea"):
            self.choosing = self.writing = ""


def limits_of(kind: str) -> list[str]:
    """The values that matter for a field of this kind."""
    known = {"date": DAYS, "time": TIMES, "number": NUMBERS, "textarea": TEXTS, "text": NUMBERS + PLACES + TEXTS}
    return known.get(kind, IDS)
