"""Lets callers that come at the same time share one piece of work, such as a transaction and its commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Does `work` for all who wait, at most `most` at once: whoever comes while it is under way goes with the next.

    There is no thread of its own, and nobody waits for company: a caller who finds no work under way does it, for
    everybody who waits by then.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int) -> None:
        self._work, self._most = work, most
        self._waiting: list[tuple[T, Future[R]]] = []
        self._is_busy = False
        self._changed = threading.Condition()

    def do(self, item: T) -> R:
        """Return the result for the item. Raises what `work` raised, which all who took part in it get to see."""
        result: Future[R] = Future()
        with self._changed:
            self._waiting.append((item, result))
        while not result.done():
            with self._changed:
                self._changed.wait_for(lambda: result.done() or not self._is_busy)
                if result.done():
                    break
                self._is_busy = True
                taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                self._do(taken)
            finally:
                with self._changed:
                    self._is_busy = False
                    self._changed.notify_all()
        return result.result()

    def _do(self, taken: list[tuple[T, Future[R]]]) -> None:
        try:
            found = self._work([item for item, _result in taken])
        except BaseException as error:  # noqa: BLE001 every caller gets it
            for _item, result in taken:
                result.set_exception(error)
        else:
            for (_item, result), value in zip(taken, found, strict=True):
                result.set_result(value)
