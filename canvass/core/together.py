"""Lets callers that come at the same time share one piece of work, such as a transaction and its commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Ticket(Generic[T, R]):
    """One caller's item, and what came of it."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.result: R
        self.error: BaseException | None = None
        self.is_done = False
        # Held until the caller is called: because it is done, or because it is their turn to do the work.
        self.called = threading.Lock()
        self.called.acquire()


class Together(Generic[T, R]):
    """Does `work` for all who wait, at most `most` at once: whoever comes while it is under way goes with the next.

    There is no thread of its own, and nobody waits for company: a caller who finds no work under way does it, for
    everybody who waits by then, and then calls the first of those who came meanwhile to do theirs.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int) -> None:
        self._work, self._most = work, most
        self._waiting: list[Ticket[T, R]] = []
        self._is_busy = False
        self._mutex = threading.Lock()

    def do(self, item: T) -> R:
        """Return the result for the item. Raises what `work` raised, which all who took part in it get to see."""
        mine: Ticket[T, R] = Ticket(item)
        with self._mutex:
            self._waiting.append(mine)
            must_wait, self._is_busy = self._is_busy, True
        if must_wait:
            self._wait(mine)
        if not mine.is_done:
            self._do()
        if mine.error is not None:
            raise mine.error
        return mine.result

    def _wait(self, mine: Ticket[T, R]) -> None:
        mine.called.acquire()  # each is woken once: all at once would only get into each other's way

    def _do(self) -> None:
        with self._mutex:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            for ticket, result in zip(taken, self._work([ticket.item for ticket in taken]), strict=True):
                ticket.result = result
        except BaseException as error:  # noqa: BLE001 every caller gets it
            for ticket in taken:
                ticket.error = error
        for ticket in taken:
            ticket.is_done = True
            ticket.called.release()
        with self._mutex:
            self._is_busy = bool(self._waiting)
            if self._waiting:
                self._waiting[0].called.release()
