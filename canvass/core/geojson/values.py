"""JSON values as text that a database and a page can hold."""

from __future__ import annotations

from math import isfinite
from typing import Any


def text(value: Any) -> str:
    """A string or a whole number as one line of text, with its leading zeroes; "" for anything else."""
    if isinstance(value, float) and isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return clean(value) if isinstance(value, str) else ""


def clean(text: str) -> str:
    """The text on one line, without control characters, direction overrides and lone surrogates."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(filter(str.isprintable, line))


def key(name: str) -> str:
    """A property's name without case, spaces, hyphens and underscores, to compare with the known ones."""
    return "".join(filter(str.isalnum, name.casefold()))
