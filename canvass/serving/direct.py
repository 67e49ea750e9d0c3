"""Has granian hand over each request in the thread that received it, instead of by way of the event loop.

granian starts every ASGI application in the event loop, and a view that runs in a thread needs two more changes of
threads, there and back. Without them a small request takes about half of the time. There is no setting for it: this
replaces a part of granian 2.8 that is not documented, and the tests of this package fail when it is not there.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from contextvars import Context
from typing import Any

from granian._granian import CallbackScheduler
from granian.server import embed, mp

Begin = Callable[[Any, Any, Any, Any], object]


class Now:
    """A callback for a future of granian's that runs in the thread in which it is done, not in the event loop."""

    def __init__(self, act: Callable[[Any], object]) -> None:
        self._act = act

    def __call__(self, future: Any) -> None:
        try:
            next(iter(future))
        except StopIteration as done:
            self._act(done.value)
        except CancelledError:
            pass


def first(receive: Callable[[], Any], act: Callable[[Any], object]) -> Any:
    """Call `act` with the next message as soon as it is there, in the thread that receives requests.

    The call must neither block nor raise. Returns the future, for who wants to `cancel` it.
    """
    future = receive()
    future.add_done_callback(Now(act), context=Context())
    return future


def hand_over(begin: Begin) -> None:
    """Make servers that are started from now on call `begin` with a request's scope, receive and send.

    The fourth argument breaks the response off. The call must neither block, since no other request is received
    meanwhile, nor raise.
    """

    def make(loop: Any, callback: object, impl_asyncio: bool = False) -> object:
        schedule = loop.call_soon_threadsafe

        def call_soon_threadsafe(callback: Callable[..., object], *values: Any, context: Any = None) -> Any:
            if isinstance(callback, Now):
                return callback(*values)
            return schedule(callback, *values, context=context)

        loop.call_soon_threadsafe = call_soon_threadsafe
        scheduler: Any = CallbackScheduler(loop, callback, None, None, None)  # type: ignore[call-arg]
        scheduler._schedule_fn = lambda one: begin(one.scope, one.proto.receive, one.proto.send, one.err)
        return scheduler

    for module in (mp, embed):
        module._new_cbscheduler = make  # type: ignore[attr-defined]
