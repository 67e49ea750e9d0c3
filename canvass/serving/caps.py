"""How many bodies may be under way and streams open: in all, so that room is left for phones, and of each who asks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class TooMany(Exception):
    """There is no room left, or whoever asks has taken their share."""


class Cap:
    """A limit of `most` in all, and of a share for each name under which something is taken. For any thread."""

    def __init__(self, most: int) -> None:
        self.most, self.taken = most, 0
        self._of: Counter[Hashable] = Counter()
        self._mutex = threading.Lock()

    def take(self, shares: Mapping[Any, int]) -> None:
        """Take one in each of these names. Raises TooMany, and takes none, when one of them has its share already."""
        with self._mutex:
            if self.taken >= self.most or any(self._of.get(name, 0) >= share for name, share in shares.items()):
                raise TooMany
            self.taken += 1
            self._of.update(shares.keys())

    def give_back(self, shares: Mapping[Any, int]) -> None:
        """Give back what was taken in these names."""
        with self._mutex:
            self.taken -= 1
            for name in shares:
                self._of[name] -= 1
                if not self._of[name]:
                    del self._of[name]

    @contextmanager
    def taking(self, shares: Mapping[Any, int]) -> Iterator[None]:
        """Take one for as long as the block lasts. Raises TooMany."""
        self.take(shares)
        try:
            yield
        finally:
            self.give_back(shares)
