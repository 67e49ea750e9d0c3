"""What was filled in, read as the values that rules want; what cannot be read becomes a sentence beside its field."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from flask import has_request_context, request
from werkzeug.datastructures import MultiDict

from canvass.core import clock
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused

Facts = TypeVar("Facts")


class Form:
    """The posted fields. Templates read `form.name` to fill the form in again; `errors` maps fields to sentences.

    `first` is what the fields begin with. For a form that changes something it is what is saved now, so that `settle`
    can tell what the person has changed from what somebody else has.
    """

    def __init__(self, **first: Any) -> None:
        self.first = first
        self.errors: dict[str, str] = {}
        self.posted = request.form.copy() if has_request_context() else MultiDict[str, str]()

    def __getattr__(self, name: str) -> Any:
        """The field as it was typed, else what the form began with."""
        if name.startswith("_"):
            raise AttributeError(name)
        if request.method == "POST":
            return self.many(name) if self._is_list(name) else self.posted.get(name, "")
        return self.first.get(name, "")

    def fill(self, name: str, value: str) -> None:
        """Show this in the field instead of what was typed: the server knew better."""
        self.__dict__[name] = value

    @property
    def saw(self) -> str:
        """What the person has seen in the fields, for the form's hidden field: a fingerprint for each."""
        seen = {name: _fingerprint(value) for name, value in self.first.items()}
        if request.method == "POST":
            seen |= self._seen()
        return " ".join(f"{name}:{fingerprint}" for name, fingerprint in seen.items())

    def settle(self) -> None:
        """Let a field that was left as it was opened keep what somebody else has saved in it since.

        Where both have changed a field, differently, `errors` says so; sent again, the person's own counts. Call it
        with the row held (`db.hold`), before the fields are read.
        """
        seen = self._seen()
        for name, before in list(seen.items()):
            now: Any = self.first.get(name)
            typed = self.posted.getlist(name) if self._is_list(name) else self.posted.get(name, "")
            if name not in self.first or before == _fingerprint(now) or _fingerprint(typed) == _fingerprint(now):
                continue
            if _fingerprint(typed) == before:
                self.posted.setlist(name, [str(value) for value in (now if self._is_list(name) else [now])])
            else:
                self.errors[name] = _("Någon annan ändrade det här medan du skrev. Spara igen om ditt ska gälla.")
                seen[name] = _fingerprint(now)
        self.posted["saw"] = " ".join(f"{name}:{fingerprint}" for name, fingerprint in seen.items())

    def _seen(self) -> dict[str, str]:
        """The fingerprints that came back with the form."""
        pairs = (pair.rpartition(":") for pair in self.posted.get("saw", "").split())
        return {name: fingerprint for name, _colon, fingerprint in pairs}

    def _is_list(self, name: str) -> bool:
        return isinstance(self.first.get(name), (list, tuple))

    def blame(self, error: Refused, names: Mapping[str, str] | None = None) -> None:
        """Put each of the rule's sentences beside its field; `names` are the fields that the form calls otherwise.

        What could not be read keeps its own sentence: the rule only knows that nothing came.
        """
        said = {(names or {}).get(field, field): sentence for field, sentence in error.errors.items()}
        self.errors = {**said, **self.errors}

    def read(self, facts: type[Facts], **given: object) -> Facts:
        """The fields of a dataclass, read as its types say; `given` are those that the form has other fields for.

        What cannot be read is None and has a sentence in `errors`.
        """
        hints = get_type_hints(facts)
        read = {name: self._value(name, hint) for name, hint in hints.items() if name not in given}
        return msgspec.convert({**read, **given}, facts)

    def _value(self, name: str, hint: Any) -> object:
        """The field as a text, a day, a whole number or several texts."""
        wanted = {hint, get_origin(hint), *get_args(hint)}
        if date in wanted:
            return self.day(name)
        if int in wanted:
            return self.whole(name)
        return self.many(name) if Sequence in wanted else self.text(name)

    def text(self, name: str) -> str:
        """The field without surrounding space."""
        return self.posted.get(name, "").strip()

    def many(self, name: str) -> list[str]:
        """All values of a field that can be chosen several times."""
        return self.posted.getlist(name)

    def lines(self, name: str) -> list[str]:
        """The field's lines that say something."""
        return [line.strip() for line in self.posted.get(name, "").splitlines() if line.strip()]

    def whole(self, name: str) -> int | None:
        """A whole number, written 5000 or 5 000; None when left empty."""
        typed = "".join(self.posted.get(name, "").split())
        if not typed:
            return None
        if not typed.removeprefix("-").isdecimal() or len(typed) > 12:
            self.errors[name] = _("Skriv ett heltal.")
            return None
        return int(typed)

    def day(self, name: str) -> date | None:
        """A day as date fields send it; None when left empty."""
        typed = self.text(name)
        if not typed:
            return None
        try:
            return clock.typed_day(typed)
        except ValueError:
            self.errors[name] = _("Skriv datumet som 2026-05-31, med ett årtal mellan 1990 och 2099.")
            return None


def _fingerprint(value: object) -> str:
    """The same for what a browser sends back unchanged: it writes line breaks and empty fields in its own way."""
    lines: Iterable[object]
    if isinstance(value, (list, tuple)):
        lines = sorted(value)
    else:
        lines = (line.strip() for line in ("" if value is None else str(value)).strip().splitlines())
    return hashlib.sha256("\n".join(str(line) for line in lines).encode()).hexdigest()[:16]
