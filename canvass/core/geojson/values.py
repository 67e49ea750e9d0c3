"""JSON values as text that a database and a page can hold."""

from __future__ import annotations

from math import isfinite
from typing import Any

from canvass.core import texts


def text(value: Any) -> str:
    """A string or a whole number as one line of text, with its leading zeroes; "" for anything else."""
    if isinstance(value, float) and isfinite(value) and value == int(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return texts.line(value) if isinstance(value, str) else ""


def key(name: str) -> str:
    """A property's name without case, spaces, hyphens and underscores, to compare with the known ones."""
    return "".join(filter(str.isalnum, texts.folded(name)))
