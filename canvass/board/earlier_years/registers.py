"""Finding the organisation that a row of a file is about, by its code or by its name as people write it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from canvass.core import i18n, texts
from canvass.core.i18n import gettext as _
from canvass.members.organisations import Organisation

# Looking for the most similar name is slow, so it is done for so many unknown names of a file at most.
MOST_SUGGESTIONS = 100

_KIND = re.compile(r"\W+(s-förening(en)?|arbetarekommun|partidistrikt|kommun|län)$")


class Match(NamedTuple):
    """The organisation that a row is about; else a sentence that helps, and those it may be about when several."""

    organisation: Organisation | None
    sentence: str = ""
    candidates: Sequence[Organisation] = ()


class Register:
    """The organisations that a file may be about."""

    def __init__(self, nodes: Iterable[Organisation]) -> None:
        self._suggestions = 0
        self.by_id: dict[str, Organisation] = {}
        self._codes: dict[str, list[Organisation]] = {}
        self._names: dict[str, list[Organisation]] = {}
        self._short: dict[str, list[Organisation]] = {}
        for node in nodes:
            self.by_id[node.id] = node
            if node.code:
                self._codes.setdefault(node.code, []).append(node)
            self._names.setdefault(_folded(node.name), []).append(node)
            for name in _shortened(node.name):
                self._short.setdefault(name, []).append(node)
        # Files have line breaks and hyphens in the middle of names.
        self._squeezed: dict[str, list[Organisation]] = {}
        for name, found in [*self._names.items(), *self._short.items()]:
            self._squeezed.setdefault(_squeezed(name), []).extend(found)

    def find(self, name: str, code: str) -> Match:
        """The organisation, else what helps; a name needs not say its kind."""
        # A spreadsheet takes codes for numbers and drops their leading zero.
        code = re.sub(r"[.,]0+$", "", code)
        by_code = self._codes.get(code) or self._codes.get(code.zfill(4)) or []
        by_name = self._named(name)
        found = by_code or by_name
        if by_code and by_name:
            found = [node for node in by_name if node in by_code]
            if not found:
                one, other = by_code[0].name, by_name[0].name
                return Match(None, _("Koden hör till %(one)s men namnet till %(other)s.", one=one, other=other))
        if len(found) == 1:
            return Match(found[0])
        if found:
            found.sort(key=lambda node: (i18n.sort_key(self.title(node)), node.id))
            named = ", ".join(self.title(node) for node in found[:4])
            return Match(None, _("Flera kan menas: %(names)s.", names=named), found)
        return Match(None, self._help(name, code))

    def title(self, node: Organisation) -> str:
        """The name, with that of the organisation above it where another has the same."""
        above = self.by_id.get(node.parent_id or "")
        if len(self._names[_folded(node.name)]) < 2 or above is None:
            return node.name
        return f"{node.name} ({above.name})"

    def _named(self, name: str) -> list[Organisation]:
        if found := self._names.get(_folded(name)):
            return list(found)
        found = [node for short in _shortened(name) for node in self._short.get(short, [])]
        if name:
            found = found or self._squeezed.get(_squeezed(_folded(name)), [])
        return list({node.id: node for node in found}.values())

    def _help(self, name: str, code: str) -> str:
        """What to say of a name or code that nobody here has."""
        if not name:
            return _("Ingen organisation här har koden %(code)s.", code=code) if code else _("Organisation saknas.")
        self._suggestions += 1
        known = {**self._short, **self._names} if self._suggestions <= MOST_SUGGESTIONS else {}
        close = difflib.get_close_matches(_folded(name), known, n=1)
        if not close:
            return _("Finns inte här.")
        suggested = (self._names.get(close[0]) or self._short[close[0]])[0]
        return _("Finns inte här. Menas %(name)s?", name=suggested.name)


def _squeezed(name: str) -> str:
    return re.sub(r"[\s-]+", "", name)


def _folded(name: str) -> str:
    return texts.folded(name)


def _shortened(name: str) -> set[str]:
    """The name without its kind, and that without a genitive s: Norrköping for Norrköpings arbetarekommun."""
    folded = _folded(name)
    short = _KIND.sub("", folded)
    return {short} - {""} if short == folded else {short, short.removesuffix("s")}
