"""Secrets that a browser, a phone or a link carries. The database keeps only their hashes."""

from __future__ import annotations

import hashlib
import secrets


def new() -> str:
    """Return a new token of 256 random bits, in characters that an address and a cookie can hold."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Return what the database keeps of a token: its SHA-256 in hex. What is random needs no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
