"""The list of parts: searched, narrowed and sorted."""

from __future__ import annotations

from collections.abc import Iterable

from canvass.core import i18n
from canvass.core.i18n import gettext as _
from canvass.insight.targets.parts import Part

# What a list of parts can be sorted by, in the order they are offered.
SORTS = ("name", "target", "result", "behind", "unset")


def shown(parts: Iterable[Part], wanted: str = "", *, only_behind: bool = False, sort: str = "name") -> list[Part]:
    """The parts that have all the words of `wanted` in code or name, sorted by one of SORTS; equal ones by name."""
    words = wanted.casefold().split()
    found = [
        part
        for part in parts
        if all(word in f"{part.code} {part.name}".casefold() for word in words) and (part.is_behind or not only_behind)
    ]
    found.sort(
        key=lambda part: (i18n.sort_key(part.name), tuple(map(i18n.sort_key, part.above)), i18n.sort_key(part.code))
    )
    if sort == "target":
        found.sort(key=lambda part: -1 if part.target is None else part.target, reverse=True)
    elif sort == "result":
        found.sort(key=lambda part: part.result, reverse=True)
    elif sort == "behind":
        found.sort(key=lambda part: (part.ahead is None, part.ahead or 0))
    elif sort == "unset":
        found.sort(key=lambda part: part.target is not None)
    return found


def sort_name(sort: str) -> str:
    """One of SORTS as the page calls it."""
    return {
        "name": _("Namn"),
        "target": _("Störst mål"),
        "result": _("Flest samtal"),
        "behind": _("Längst efter planen"),
        "unset": _("Utan mål först"),
    }[sort]
