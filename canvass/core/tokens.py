"""Secrets that a browser, a phone or a link carries. The database keeps only their hashes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from typing import Any

from canvass.core.db import peek


def new() -> str:
    """Return a new token of 256 random bits, in characters that an address and a cookie can hold."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Return what the database keeps of a token: its SHA-256 in hex. What is random needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def owners(statement: Any, known: Collection[str], **parameters: Any) -> dict[str, tuple[str, str]]:
    """Return what a statement finds for the hashes of these tokens, by token. Its rows are (hash, known as, owner)."""
    by_hash = {hashed(token): token for token in known}
    found = peek(statement, hashes=list(by_hash), **parameters) if by_hash else ()
    return {by_hash[token_hash]: (known_as, owner) for token_hash, known_as, owner in found}
