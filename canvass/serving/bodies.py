"""Reads a request's whole body in the event loop, before the request gets a worker thread.

There are few threads: a slow sender occupies a connection and some memory or disk, never a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

# Bytes of a body kept in memory: enough for most forms and for a phone's largest batch. The rest goes to a file.
IN_MEMORY = 128 * 1024
# How many longer bodies are read at the same time; others wait. At 64 MB each they fill a gigabyte of disk at most.
LONG_AT_ONCE = 16
# A body may take GRACE seconds, and one more for every LEAST_RATE bytes received, but never more than LONGEST seconds.
# A file of 64 MB over a 2G line of 100 kbit/s takes an hour and a half.
GRACE, LEAST_RATE, LONGEST = 60.0, 1000, 2 * 60 * 60.0

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Reader:
    """Reads bodies of at most `most` bytes, of any size for None."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self._long = asyncio.Semaphore(LONG_AT_ONCE)

    async def read(self, receive: Receive, file: IO[bytes], declared: int | None, first: Message | None = None) -> None:
        """Write the body to `file`. `declared` is its length according to the header, None when that does not say.

        `first` is a message that has been received already.

        Raises RequestEntityTooLarge (before reading anything, when the header admits it), RequestTimeout, and
        ClientDisconnected when the body ends before it is whole.
        """
        if self.most is not None and (declared or 0) > self.most:
            raise RequestEntityTooLarge
        began = asyncio.get_running_loop().time()
        size, is_whole, is_long = 0, False, False
        try:
            async with asyncio.timeout(GRACE) as deadline:
                while not is_whole:
                    message, first = first or await receive(), None
                    if message["type"] != "http.request":
                        raise ClientDisconnected
                    piece, is_whole = message.get("body", b""), not message.get("more_body", False)
                    size += len(piece)
                    if self.most is not None and size > self.most:
                        raise RequestEntityTooLarge
                    if size > IN_MEMORY:
                        is_long = is_long or await self._long.acquire()
                        await asyncio.to_thread(file.write, piece)  # a slow disk must not hold up the loop
                    else:
                        file.write(piece)
                    deadline.reschedule(began + min(GRACE + size / LEAST_RATE, LONGEST))
        except TimeoutError:
            raise RequestTimeout from None
        finally:
            if is_long:
                self._long.release()
        if declared not in (None, size):
            raise ClientDisconnected
        file.seek(0)


async def gone(receive: Receive) -> None:
    """Wait until the client has disconnected, or has its whole answer. The body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
