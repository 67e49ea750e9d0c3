"""The exception by which rules refuse a request, with a sentence for each field that is wrong."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(ValueError):
    """The request breaks a rule. Whoever catches it rolls back: part of it may have been written.

    `errors` maps the names of fields to sentences to show; "" is for what concerns no single field, and for a sentence
    given without a field. `str()` joins the sentences.
    """

    def __init__(self, errors: Mapping[str, str] | str) -> None:
        self.errors = {"": errors} if isinstance(errors, str) else dict(errors)
        super().__init__(" ".join(self.errors.values()))
