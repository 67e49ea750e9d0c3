"""The limit on guessing secrets. Failed tries are counted in the database, for all processes together."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, mapped_column

from canvass.core import clock, tokens
from canvass.core.db import Base, insert, session


class Try(Base):
    """The failed tries at one key since `since`. The key is hashed, so that the table has no e-mail addresses."""

    __tablename__ = "tries"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    since: Mapped[datetime]
    count: Mapped[int]


class TooManyTries(Exception):
    """The limit of failed tries is reached, until the window has passed."""


def is_blocked(key: str, limit: int, window: timedelta) -> bool:
    """Have there been `limit` failed tries at `key` within `window`?"""
    known = session.get(Try, tokens.hashed(key), populate_existing=True)
    return known is not None and known.count >= limit and clock.now() - known.since < window


def count(key: str, window: timedelta) -> None:
    """Count one failed try at `key`, in a new window when the old one has passed. Deletes rows older than a day."""
    now = clock.now()
    session.execute(insert(Try).values(key=tokens.hashed(key), since=now, count=0).on_conflict_do_nothing())
    known = session.get(Try, tokens.hashed(key), with_for_update=True, populate_existing=True)
    assert known is not None
    if now - known.since >= window:
        known.since, known.count = now, 0
    known.count += 1
    session.execute(delete(Try).where(Try.since < now - timedelta(days=1)))
