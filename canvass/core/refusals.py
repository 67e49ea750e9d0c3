"""How every rule says no: one exception, with a sentence for each field that it is about."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(ValueError):
    """What was asked for cannot be done so. Whoever catches it rolls back: some of it may have been written.

    `errors` maps the rule's arguments to sentences for the one who asked; what is about no single one of them stands
    under "", and a sentence given alone does too. `str()` is the sentences in a row.
    """

    def __init__(self, errors: Mapping[str, str] | str) -> None:
        self.errors = {"": errors} if isinstance(errors, str) else dict(errors)
        super().__init__(" ".join(self.errors.values()))
