"""What was filled in, read as the values that rules want; what cannot be read becomes a sentence beside its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from flask import request

from canvass.core import clock
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused

Facts = TypeVar("Facts")


class Form:
    """The posted fields. Templates read `form.name` to fill the form in again; `errors` maps fields to sentences."""

    def __init__(self, **first: Any) -> None:
        self.first = first
        self.errors: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        """The field as it was typed, else what the form began with."""
        if name.startswith("_"):
            raise AttributeError(name)
        if request.method == "POST":
            return self.many(name) if isinstance(self.first.get(name), (list, tuple)) else request.form.get(name, "")
        return self.first.get(name, "")

    def fill(self, name: str, value: str) -> None:
        """Show this in the field instead of what was typed: the server knew better."""
        self.__dict__[name] = value

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
        return request.form.get(name, "").strip()

    def many(self, name: str) -> list[str]:
        """All values of a field that can be chosen several times."""
        return request.form.getlist(name)

    def lines(self, name: str) -> list[str]:
        """The field's lines that say something."""
        return [line.strip() for line in request.form.get(name, "").splitlines() if line.strip()]

    def whole(self, name: str) -> int | None:
        """A whole number, written 5000 or 5 000; None when left empty."""
        typed = "".join(request.form.get(name, "").split())
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
