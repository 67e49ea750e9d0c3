"""The app as an ASGI application: a request is answered in a worker thread, a stream is sent by the event loop.

It is written by hand since no bridge from ASGI to WSGI lets the app give a stream back to the event loop; see `stream`.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Flask
from werkzeug.exceptions import ClientDisconnected, HTTPException
from werkzeug.wsgi import get_content_length

from canvass import create_app
from canvass.insight import streams
from canvass.serving import bodies, wsgi
from canvass.serving.bodies import Message, Receive
from canvass.web.insight import watching
from canvass.web.page import security

# Python runs one thread at a time; the others wait for the disk and the database. More threads were slower on two
# cores, and the database pool has 15 connections.
THREADS = 8
# Seconds after which a busy thread lets others run. The event loop handles each request twice, before and after its
# thread, and with Python's default of 5 ms every request measurably waited longer.
SWITCH = 0.0005

Send = Callable[[Message], Awaitable[None]]


def serve() -> Server:
    """Return the ASGI application. The server calls this in its serving process."""
    sys.setswitchinterval(SWITCH)
    threading.Thread(target=end_with_parent, daemon=True).start()
    return Server(create_app())


def end_with_parent() -> None:
    """End this process as soon as its parent is gone, killed ones included: otherwise nothing would ever stop it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Server:
    """The ASGI application: HTTP requests, streams, and the server's start and stop."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.pool = ThreadPoolExecutor(THREADS, "request")
        self.reader = bodies.Reader(app.config["MAX_CONTENT_LENGTH"])
        self.hub = streams.Hub(app.app_context)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            await send({"type": "websocket.close"})

    async def live(self, receive: Receive, send: Send) -> None:
        """Start sending streams when the server starts, and end them when it stops."""
        await receive()
        self.hub.open(asyncio.get_running_loop())
        # When told to stop, the server waits for every open response, and streams would keep it waiting.
        for number in (signal.SIGINT, signal.SIGTERM):
            before_that(number, self.hub.close)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.hub.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, scope: Message, receive: Receive, send: Send) -> None:
        """Read one request, answer it in a worker thread, and send the answer or the stream it asks for."""
        environ = wsgi.environ(scope)
        wanted: list[streams.Watch] = []
        environ[watching.WANTED] = wanted
        with SpooledTemporaryFile(bodies.IN_MEMORY) as body:
            environ["wsgi.input"] = body
            try:
                if scope["method"] not in ("GET", "HEAD"):
                    await self.reader.read(receive, body, get_content_length(environ))
            except ClientDisconnected:
                return  # half a body must not reach a view, and nobody waits for the answer
            except HTTPException as refused:
                environ[security.REFUSED] = refused
            # In a fresh context: the language of one request must not leak into the next one in the same thread.
            work = partial(Context().run, wsgi.run, self.app.wsgi_app, environ)
            start, content = await asyncio.get_running_loop().run_in_executor(self.pool, work)
        if wanted and start["status"] == 200:
            await self.stream(scope, start, wanted[0], receive, send)
        else:
            await send(start)
            await send({"type": "http.response.body", "body": content})

    async def stream(self, scope: Message, start: Message, watch: streams.Watch, receive: Receive, send: Send) -> None:
        """Send each new frame until the client disconnects, may no longer watch, or the stream's time is up."""
        asked = dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1")
        is_packed = "gzip" in asked and scope["method"] == "GET"
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        if is_packed:
            headers.append((b"content-encoding", b"gzip"))
        await send({**start, "headers": headers})
        if scope["method"] == "GET":
            seat = self.hub.join(watch)
            left = asyncio.ensure_future(gone(receive))
            left.add_done_callback(lambda _: seat.end())
            try:
                async for frame in seat.frames(is_packed=is_packed):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            finally:
                self.hub.leave(seat)
                left.cancel()
        await send({"type": "http.response.body", "body": b""})


async def gone(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


def before_that(number: int, act: Callable[[], object]) -> None:
    """Make this signal call `act` before its former handler."""
    former = signal.getsignal(number)

    def handle(received: int, frame: Any) -> None:
        act()
        if callable(former):
            former(received, frame)

    signal.signal(number, handle)
