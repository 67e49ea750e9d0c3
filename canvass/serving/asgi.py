"""Between the server, which speaks ASGI, and Flask, which speaks WSGI: a request holds a thread, a watcher holds none.

a2wsgi does the like. It joins cookies with commas, takes a body that breaks off for a whole one, and crosses between
the threads four times for an answer where one time is enough.
"""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import partial
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.exceptions import ClientDisconnected

from canvass import create_app
from canvass.insight import streams
from canvass.web.insight import watching

# Python runs one thread at a time; the others are there to wait for the disk and the database. More than this
# measured slower on two cores, and the pool has 15 connections.
THREADS = 8
# Seconds after which a busy thread lets others go on. The event loop has each request twice in its hands, and Python's
# own 5 ms each time measured as a longer wait for every phone.
SWITCH = 0.0005
# Bytes of a request that are awaited before a thread is given to it: every batch and every form of a slow phone.
AT_ONCE = 256 * 1024
# Bytes of an answer that are gathered before it is sent; what is longer goes in pieces of this size.
PIECE = 256 * 1024

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def serve() -> Server:
    """What the server calls in each of its processes."""
    sys.setswitchinterval(SWITCH)
    threading.Thread(target=end_with_parent, daemon=True).start()
    return Server(create_app())


def end_with_parent() -> None:
    """End this process at once when the one that started it is gone, were it killed: nobody could stop it any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Server:
    """The app as an ASGI callable."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.pool = ThreadPoolExecutor(THREADS, "request")
        self.hub = streams.Hub(app.app_context)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def live(self, receive: Receive, send: Send) -> None:
        """From the first request to the last."""
        await receive()
        self.hub.open(asyncio.get_running_loop())
        # Told to stop, the server waits until everybody has been answered; watchers would keep it waiting.
        for number in (signal.SIGINT, signal.SIGTERM):
            before_that(number, self.hub.close)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.hub.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request and its answer, or its stream."""
        loop = asyncio.get_running_loop()
        begun, is_whole = await beginning(receive)
        if begun is None:
            return  # they left before they had said it all
        environ = read(scope)
        environ["wsgi.input"] = io.BytesIO(begun) if is_whole else io.BufferedReader(Rest(begun, receive, loop))
        wanted: list[streams.Watch] = []
        environ[watching.WANTED] = wanted

        def pass_on(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(_sent(send, message), loop).result()

        # In a context of its own: what one request has chosen, such as a language, must not reach the thread's next.
        work = partial(Context().run, ask, self.app.wsgi_app, environ, pass_on)
        start, body = await loop.run_in_executor(self.pool, work)
        if wanted and start["status"] == 200:
            await self.stream(scope, start, wanted[0], receive, send)
        elif body is not None:
            await send(start)
            await send({"type": "http.response.body", "body": body})

    async def stream(self, scope: Message, start: Message, watch: streams.Watch, receive: Receive, send: Send) -> None:
        """Send each new frame until the watcher leaves, may no longer watch, or has watched for long enough."""
        asked = dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1")
        is_packed = "gzip" in asked and scope["method"] == "GET"
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        if is_packed:
            headers.append((b"content-encoding", b"gzip"))
        await send({**start, "headers": headers})
        if scope["method"] == "GET":
            seat = self.hub.join(watch)
            left = asyncio.ensure_future(receive())
            left.add_done_callback(lambda _: seat.end())
            try:
                async for frame in seat.frames(is_packed=is_packed):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            finally:
                self.hub.leave(seat)
                left.cancel()
        await send({"type": "http.response.body", "body": b""})


async def beginning(receive: Receive) -> tuple[bytes | None, bool]:
    """What has come of a request's body when it is whole or AT_ONCE long, and whether it is whole; None if it broke."""
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None, False
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        is_whole = not message.get("more_body", False)
        if is_whole or size >= AT_ONCE:
            return b"".join(pieces), is_whole


class Rest(io.RawIOBase):
    """A long request's body as a file: what has come, then what comes. Read in the request's thread."""

    def __init__(self, begun: bytes, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._held, self._is_whole = memoryview(begun), False
        self._receive, self._loop = receive, loop

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held and not self._is_whole:
            message = asyncio.run_coroutine_threadsafe(_received(self._receive), self._loop).result()
            if message["type"] != "http.request":
                raise ClientDisconnected
            self._held, self._is_whole = memoryview(message.get("body", b"")), not message.get("more_body", False)
        size = min(len(buffer), len(self._held))
        buffer[:size], self._held = self._held[:size], self._held[size:]
        return size


async def _received(receive: Receive) -> Message:
    return await receive()


def read(scope: Message) -> dict[str, Any]:
    """The request as WSGI describes it (PEP 3333), without its body."""
    host, port = scope["server"] or ("localhost", 80)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        # A body without a length ends where its last piece says so.
        "wsgi.input_terminated": True,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").upper(), raw_value.decode("latin-1")
        if "_" in name:
            continue  # X_Forwarded_For would pass for the proxy's own X-Forwarded-For
        key = name.replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
        environ[key] = value
    return environ


def ask(
    app: Callable[..., Iterable[bytes]], environ: dict[str, Any], pass_on: Callable[[Message], None]
) -> tuple[Message, bytes | None]:
    """Have the app answer, in this thread: how the answer starts, and its body; None when it was long and passed on."""
    start: Message = {"type": "http.response.start"}

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
        start["status"] = int(status.split(" ", 1)[0])
        start["headers"] = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return gathered.append

    gathered: list[bytes] = []
    answer = app(environ, start_response)
    is_passed_on = False
    try:
        for piece in answer:
            gathered.append(piece)
            if sum(map(len, gathered)) >= PIECE:
                if not is_passed_on:
                    pass_on(start)
                pass_on({"type": "http.response.body", "body": b"".join(gathered), "more_body": True})
                gathered.clear()
                is_passed_on = True
        if not is_passed_on:
            return start, b"".join(gathered)
        pass_on({"type": "http.response.body", "body": b"".join(gathered)})
        return start, None
    finally:
        if hasattr(answer, "close"):
            answer.close()


async def _sent(send: Send, message: Message) -> None:
    await send(message)


def before_that(number: int, act: Callable[[], object]) -> None:
    """On this signal, do `act` and then what was to be done without it."""
    former = signal.getsignal(number)

    def handle(received: int, frame: Any) -> None:
        act()
        if callable(former):
            former(received, frame)

    signal.signal(number, handle)
