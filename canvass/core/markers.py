"""Whether anybody has committed anything, for those who wait for it."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Engine


class Marker:
    """Tells cheaply whether any process has committed anything.

    It has a connection of its own, outside all transactions, and so neither blocks a writer nor waits for one.
    """

    def __init__(self, engine: Engine) -> None:
        is_sqlite = engine.dialect.name == "sqlite"
        # A snapshot names the transactions that are under way, so each commit makes another. Unlike NOTIFY it costs
        # those who commit nothing.
        self._query = "PRAGMA data_version" if is_sqlite else "SELECT pg_current_snapshot()::text"
        self._borrowed = engine.raw_connection()
        if not is_sqlite:
            cast(Any, self._borrowed.driver_connection).autocommit = True
        self._cursor = self._borrowed.cursor()

    def read(self) -> object:
        """Return a value that differs from the last one if anything was committed in between."""
        self._cursor.execute(self._query)
        return self._cursor.fetchone()

    def close(self) -> None:
        """Close the connection. It does not go back to the pool, since it begins no transactions."""
        self._borrowed.invalidate()
