"""Has granian hand over each request in the thread that received it, instead of by way of the event loop.

granian starts every ASGI application in the event loop, and a view that runs in a thread needs two more changes of
threads, there and back. Without them a small request takes about half of the time. There is no setting for it: this
replaces a part of granian 2.8 that is not documented, and the tests of this package fail when it is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from granian._granian import CallbackScheduler
from granian.server import embed, mp

Begin = Callable[[Any, Any, Any, Any], object]


def hand_over(begin: Begin) -> None:
    """Make servers that are started from now on call `begin` with a request's scope, receive and send.

    The fourth argument breaks the response off. The call must neither block, since no other request is received
    meanwhile, nor raise.
    """

    def make(loop: object, callback: object, impl_asyncio: bool = False) -> object:
        scheduler: Any = CallbackScheduler(loop, callback, None, None, None)  # type: ignore[call-arg]
        scheduler._schedule_fn = lambda one: begin(one.scope, one.proto.receive, one.proto.send, one.err)
        return scheduler

    for module in (mp, embed):
        module._new_cbscheduler = make  # type: ignore[attr-defined]
