"""Sends a long answer while it is made: a thread writes it to a file, and the event loop sends what is there.

The thread is done as soon as the answer is made, however slowly it is read, and with it the transaction that it reads
from; a direct hand-over would keep both for as long as the slowest reader takes. It costs disk instead of memory.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from contextvars import Context
from tempfile import TemporaryFile
from typing import IO

from canvass.serving.bodies import Receive, Send, gone
from canvass.serving.wsgi import Answer

PIECE = 64 * 1024  # bytes
# Seconds in which a reader must have taken a piece. Over a 2G line of 100 kbit/s one takes five.
STALLED = 300
log = logging.getLogger(__name__)


class Spool:
    """A file that one thread fills and the event loop reads behind it."""

    def __init__(self, file: IO[bytes], wake: Callable[[], object]) -> None:
        self._file, self._wake = file, wake
        self._mutex = threading.Lock()  # the file has one position
        self._size = self._read = 0
        self.is_unwanted = self.is_whole = self.is_ended = False

    def fill(self, answer: Answer) -> None:
        """Write the answer until it is whole or unwanted, and close it. An error is logged; it is not whole then."""
        assert answer.rest is not None
        try:
            self._write(answer.beginning)
            for piece in () if self.is_unwanted else answer.rest:
                self._write(piece)
                if self.is_unwanted:
                    break
            else:
                self.is_whole = True
        except Exception:
            log.exception("a long answer broke off")
        finally:
            self._close(answer)

    def leave(self) -> None:
        """Nobody reads any more."""
        self.is_unwanted = True
        self._wake()

    def _close(self, answer: Answer) -> None:
        assert answer.rest is not None
        try:
            answer.rest.close()
        except Exception:
            self.is_whole = False
            log.exception("a long answer could not be closed")
        finally:
            self.is_ended = True
            self._wake()

    def _write(self, piece: bytes) -> None:
        with self._mutex:
            self._file.seek(self._size)
            self._file.write(piece)
            self._size += len(piece)
        self._wake()

    def next(self) -> bytes:
        """Return the next bytes to send, b"" when no more have been written."""
        with self._mutex:
            self._file.seek(self._read)
            piece = self._file.read(min(PIECE, self._size - self._read))
        self._read += len(piece)
        return piece


async def pressed(sending: Awaitable[None]) -> None:
    """Wait until it is sent. Raises TimeoutError when the reader takes nothing: its connection is not kept for good."""
    async with asyncio.timeout(STALLED):
        await sending


async def send_long(answer: Answer, context: Context, pool: Executor, receive: Receive, send: Send) -> bool:
    """Have a thread of the pool make the answer, and send it as it grows; return False when it failed on the way."""
    loop = asyncio.get_running_loop()
    news = asyncio.Event()
    with TemporaryFile() as file:
        spool = Spool(file, lambda: loop.call_soon_threadsafe(news.set))
        filling = loop.run_in_executor(pool, context.run, spool.fill, answer)
        left = asyncio.ensure_future(gone(receive))
        left.add_done_callback(lambda _left: spool.leave())
        try:
            await send(answer.start)
            while not spool.is_unwanted:
                news.clear()
                is_ended = spool.is_ended  # asked first: nothing is written after the end
                if piece := await asyncio.to_thread(spool.next):
                    await pressed(send({"type": "http.response.body", "body": piece, "more_body": True}))
                elif is_ended:
                    break
                else:
                    await news.wait()
        except TimeoutError:
            return False
        finally:
            has_left, spool.is_unwanted = spool.is_unwanted, True
            left.cancel()
            await filling
    if spool.is_whole:
        await send({"type": "http.response.body", "body": b""})
    return spool.is_whole or has_left
