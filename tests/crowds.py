"""Callers that share a piece of work: who comes while the first is busy."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from canvass.core.together import Ticket, Together
from tests.conftest import PATIENCE


class Noticed(Together[Any, Any]):
    """Tells of everybody who comes to wait."""

    def __init__(self, work: Callable[[Any], Any], most: int) -> None:
        super().__init__(work, most)
        self.came = threading.Semaphore(0)

    def _wait(self, mine: Ticket[Any, Any]) -> None:
        self.came.release()
        super()._wait(mine)


class Gate:
    """Holds up the first piece of work until a crowd has gathered, and notes how many took part in each."""

    def __init__(self, work: Callable[[Any], Any], most: int) -> None:
        self._work = work
        self._began, self._let_go = threading.Event(), threading.Event()
        self.sizes: list[int] = []
        self.together = Noticed(self.do, most)

    def do(self, items: Any) -> Any:
        self.sizes.append(len(items))
        self._began.set()
        assert self._let_go.wait(PATIENCE)
        return self._work(items)

    def gather(self, *callers: Callable[[], Any]) -> list[Future[Any]]:
        """The first caller's work begins, the others come while it is under way; returns when all are done."""
        with ThreadPoolExecutor(len(callers)) as pool:
            found = [pool.submit(callers[0])]
            assert self._began.wait(PATIENCE)
            found += [pool.submit(each) for each in callers[1:]]
            for _ in callers[1:]:
                assert self.together.came.acquire(timeout=PATIENCE)
            self._let_go.set()
        return found
