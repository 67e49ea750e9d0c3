"""Sums: a report's figures by the keys of its breakdowns, put in order in a temporary database, not in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from canvass.core import sqlite

# Attempts, conversations, and how many of each came as late reports.
FIGURES = 4


class Sums:
    """Rows of keys followed by FIGURES whole numbers, to be added in any order and read in another.

    There may be as many as there are attempts. What is kept of them here are the different keys of each column, with
    a number each, and the sum of each figure; SQLite moves the rows to a file when they are more than a few thousand.
    """

    def __init__(self, columns: int) -> None:
        self.keys: list[dict[Any, int]] = [{} for _ in range(columns)]
        self.count = 0
        self.totals = [0] * FIGURES
        # It is passed from one thread to another, like all that belongs to a response, and never used by two at once.
        self._kept = sqlite.sqlite3.connect("", isolation_level=None, check_same_thread=False)
        names = ", ".join(f"c{number} INTEGER" for number in range(columns + FIGURES))
        self._kept.execute(f"CREATE TABLE sums ({names})")
        self._kept.execute("BEGIN")

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows: a key for each column, and the figures."""
        wide = len(self.keys)
        numbered = [
            (*(seen.setdefault(key, len(seen)) for seen, key in zip(self.keys, row, strict=False)), *row[wide:])
            for row in rows
        ]
        for index in range(FIGURES):
            self.totals[index] += sum(row[wide + index] for row in numbered)
        self.count += len(numbered)
        self._kept.executemany(f"INSERT INTO sums VALUES ({', '.join('?' * (wide + FIGURES))})", numbered)

    def in_order(self, orders: Sequence[Sequence[Any]]) -> Iterator[tuple[int, ...]]:
        """Yield the rows sorted by the place of each key in its column's order, with these places instead of keys."""
        for column, order in enumerate(orders):
            # Of an order that was made before: the rows may be read more than once.
            self._kept.execute(f"DROP TABLE IF EXISTS places{column}")
            self._kept.execute(f"CREATE TABLE places{column} (number INTEGER PRIMARY KEY, place INTEGER)")
            places = [(self.keys[column][key], place) for place, key in enumerate(order) if key in self.keys[column]]
            self._kept.executemany(f"INSERT INTO places{column} VALUES (?, ?)", places)
        wide = len(orders)
        joins = "".join(f" JOIN places{n} ON places{n}.number = c{n}" for n in range(wide))
        placed = [f"places{n}.place" for n in range(wide)]
        wanted = ", ".join([*placed, *(f"c{n}" for n in range(wide, wide + FIGURES))])
        yield from self._kept.execute(f"SELECT {wanted} FROM sums{joins} ORDER BY {', '.join(placed)}")

    def close(self) -> None:
        """Delete the rows."""
        self._kept.close()
