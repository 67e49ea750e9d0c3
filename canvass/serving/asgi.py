"""The app as an ASGI application: a request is answered by a worker thread, a stream is sent by the event loop.

It is written by hand since no bridge from ASGI to WSGI lets the app give a stream back to the event loop; see `stream`.
A request without a body never meets the event loop; see `direct`.
"""

from __future__ import annotations

import asyncio
import atexit
import io
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any

from flask import Flask
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestTimeout
from werkzeug.http import parse_cookie
from werkzeug.wsgi import get_content_length

from canvass import create_app
from canvass.insight import streams
from canvass.members import sessions
from canvass.serving import bodies, caps, crowd, direct, spools, wsgi
from canvass.serving.bodies import Message, Receive, Send
from canvass.serving.queue import Full, Place, Queue
from canvass.web.counting import sync
from canvass.web.insight import watching
from canvass.web.page import auth, cookies, security

# Threads that make long answers. More would only take time from those who log.
LONG_THREADS = 2
OF_BODY = (b"content-length", b"content-encoding")
# Seconds that a request has waited when we begin to ask whether its client is still there.
IMPATIENT = 0.5

log = logging.getLogger(__name__)
Fail = Callable[[BaseException], object]


class BrokenOff(Exception):
    """An answer could not be made to its end. Without this its reader would take the beginning for the whole."""


def serve() -> Server:
    """Return the ASGI application. The server calls this in its serving process."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    server = Server(create_app())
    direct.hand_over(server.begin)
    atexit.register(end_at_once)
    return server


def end_at_once() -> None:
    """End this process when all has been answered, instead of taking the interpreter apart.

    Until 3.14 Python ends a thread that asks for the interpreter meanwhile by pthread_exit. granian's threads, which do
    so to let go of what they hold, cannot be unwound like that: Rust panics, and the process aborts.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def end_with_parent() -> None:
    """End this process as soon as its parent is gone, killed ones included: otherwise nothing would ever stop it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@dataclass(eq=False)
class Request:
    """A request on its way: what it asks for, and how to hear of its client and to answer it."""

    environ: dict[str, Any]
    receive: Receive
    send: Send
    fail: Fail
    body: Any = field(default_factory=io.BytesIO)  # a file
    coming: Any = None  # the future with the beginning of the body
    wanted: list[streams.Watch] = field(default_factory=list)
    parts: list[sync.Part] = field(default_factory=list)
    shares: dict[Hashable, int] = field(default_factory=dict)  # in whose names its body is received

    def __post_init__(self) -> None:
        self.keep(self.body)
        self.environ |= {watching.WANTED: self.wanted, sync.SHARED: self.parts}

    def keep(self, body: Any) -> None:
        """Use this file for the body."""
        self.body = self.environ["wsgi.input"] = body

    def answer(self, start: Message, content: bytes) -> None:
        """Send a whole response, in whichever thread; what `send` returns is only for those who have more to send."""
        self.send(start)
        self.send({"type": "http.response.body", "body": content})
        self.body.close()
        # The traceback of an error in a view may keep this object for a while. The connection must not be kept with it:
        # one with an unread body is closed as soon as nobody can read it any more.
        self.receive = self.send = _is_answered  # type: ignore[assignment]
        self.fail = _is_answered


async def _is_answered(*_message: object) -> Message:
    return {"type": "http.disconnect"}


class Server:
    """The ASGI application: HTTP requests, streams, and the server's start and stop."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.crowd = crowd.Crowd(app)
        self.queue: Queue[Request] = Queue(self.crowd.light, self.crowd.taps, self.crowd.heavy)
        self.reader = bodies.Reader(app.config["MAX_CONTENT_LENGTH"])
        self.bodies, self.streams = caps.Cap(crowd.BODIES), caps.Cap(crowd.STREAMS)
        self.hub = streams.Hub(app.app_context)
        self.long = ThreadPoolExecutor(LONG_THREADS, "long answer")
        self.tasks: set[asyncio.Task[None]] = set()
        self._expected: dict[Request, float] = {}  # of whose body nothing has come, and since when
        self._watched: set[Place[Request]] = set()

    # --- start and stop -------------------------------------------------------------------------------------

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Live through the server's start and stop. Requests come to `begin`."""
        await receive()
        self.open(asyncio.get_running_loop())
        # When told to stop, the server waits for every open response, and streams would keep it waiting.
        for number in (signal.SIGINT, signal.SIGTERM):
            before_that(number, self.hub.close)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def open(self, loop: asyncio.AbstractEventLoop, threads: int = crowd.THREADS) -> None:
        """Start the threads. Requests may come from now on."""
        self.loop = loop
        self.hub.open(loop)
        loop.call_later(IMPATIENT, self._look_for_the_gone)
        for _ in range(threads):
            threading.Thread(target=self._work, name="request", daemon=True).start()

    def close(self) -> None:
        """End the streams, and the threads as soon as they have nothing to do."""
        self.hub.close()
        self.queue.close()
        self.long.shutdown(wait=False)

    # --- in the thread that receives requests -----------------------------------------------------------------

    def begin(self, scope: Message, receive: Receive, send: Send, fail: Fail) -> None:
        """Queue a request, by way of the loop if it has a body to read; or refuse it, if there is no place for it."""
        try:
            request = Request(wsgi.environ(scope), receive, send, fail)
            if scope["method"] in ("GET", "HEAD"):
                self._queue(request)
            elif self.queue.is_full(self.crowd.lane(request.environ), self.crowd.asker(request.environ)):
                request.answer(*self.crowd.refusal(request.environ))
            else:
                request.shares = self.crowd.of_bodies(request.environ)
                self.bodies.take(request.shares)
                self._receive(request)
        except caps.TooMany:
            request.answer(*self.crowd.refusal(request.environ))
        except Exception:
            log.exception("a request could not be begun")

    def _receive(self, request: Request) -> None:
        """Queue a request as soon as its body is there, by way of the loop unless it comes in one piece."""
        declared = get_content_length(request.environ)

        def look(message: Message) -> None:
            if self._expected.pop(request, None) is None:
                return  # too late
            request.coming = None  # it refers back to the request, and so would keep the connection
            body = message.get("body", b"")
            if message["type"] == "http.request" and len(body) == declared:
                request.keep(io.BytesIO(body))
                self._received(request)
            else:
                self.loop.call_soon_threadsafe(self._spawn, self._read(request, message))

        if declared is None or declared > bodies.IN_MEMORY:
            self.loop.call_soon_threadsafe(self._spawn, self._read(request))
        else:
            self._expected[request] = time.monotonic()
            request.coming = direct.first(request.receive, look)

    def _received(self, request: Request) -> None:
        """Queue a request whose body is there, or will not be read."""
        self.bodies.give_back(request.shares)
        self._queue(request)

    def _queue(self, request: Request) -> None:
        try:
            self.queue.put(self.crowd.lane(request.environ), self.crowd.asker(request.environ), request)
        except Full:
            request.answer(*self.crowd.refusal(request.environ))

    # --- in a worker thread -----------------------------------------------------------------------------------

    def _work(self) -> None:
        lane = None
        while (place := self.queue.take(done=lane)) is not None:
            lane = place.lane
            try:
                self._answer_all([place.work, *(each.work for each in self.queue.more(lane))])
            except Exception:
                log.exception("an answer could not be sent")  # the thread must go on
            del place

    def _answer_all(self, requests: list[Request]) -> None:
        """Answer each request; those that leave their part to a shared transaction only after its commit."""
        environs = [request.environ for request in requests]
        sharing: list[tuple[Request, Message]] = []
        for request in requests:
            request.environ[auth.ALONGSIDE] = environs
            if (start := self._answer(request)) is not None:
                sharing.append((request, start))
        environs.clear()
        if not sharing:
            return
        try:
            with self.app.app_context():
                found = sync.commit([request.parts[0] for request, _start in sharing])
        except Exception as error:  # noqa: BLE001 each view gets it, and answers its request alone
            for request, _start in sharing:
                request.parts.clear()
                request.environ[sync.SHARED] = error
                request.body.seek(0)
                self._answer(request)
            return
        for (request, start), body in zip(sharing, found, strict=True):
            # The view's own body was empty, and may have been compressed all the same.
            headers = [(name, value) for name, value in start["headers"] if name not in OF_BODY]
            request.answer({**start, "headers": [*headers, (b"content-length", b"%d" % len(body))]}, body)

    def _answer(self, request: Request) -> Message | None:
        """Run the app, and send its answer, or let the loop send the stream or the long answer.

        Returns the answer's beginning instead if the view has left its part to a shared transaction.
        """
        # In a fresh context: the language of one request must not leak into the next one in the same thread.
        context = Context()
        try:
            answer = context.run(wsgi.run, self.app.wsgi_app, request.environ)
            if answer.rest is not None:
                self.loop.call_soon_threadsafe(self._spawn, self._send_long(request, answer, context))
            elif request.wanted and answer.start["status"] == 200:
                self.loop.call_soon_threadsafe(self._spawn, self._stream(request, answer.start))
            elif request.parts and answer.start["status"] == 200:
                return answer.start
            else:
                request.answer(answer.start, answer.beginning)
        except Exception:
            log.exception("a request could not be answered")
            request.answer({"type": "http.response.start", "status": 500, "headers": []}, b"")
        return None

    # --- in the event loop ------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _look_for_the_gone(self) -> None:
        """Ask for those who have waited for long whether they still do."""
        self.loop.call_later(IMPATIENT, self._look_for_the_gone)
        for place in self.queue.waiting(IMPATIENT):
            if place not in self._watched:
                self._watched.add(place)
                self._spawn(self._drop_when_gone(place))
        before = time.monotonic() - bodies.GRACE
        for request, since in self._expected.copy().items():
            if since < before and self._expected.pop(request, None) is not None:
                request.coming.cancel()  # or the connection would be kept open for it
                request.environ[security.REFUSED] = RequestTimeout()
                self._received(request)

    async def _drop_when_gone(self, place: Place[Request]) -> None:
        await bodies.gone(place.work.receive)  # or it has its answer
        self._watched.discard(place)
        if self.queue.drop(place):
            place.work.body.close()

    async def _read(self, request: Request, first: Message | None = None) -> None:
        """Read the request's body, and queue it."""
        request.keep(SpooledTemporaryFile(bodies.IN_MEMORY))  # noqa: SIM115  closed with the request
        declared, most = get_content_length(request.environ), 0
        try:
            if declared is None or declared > bodies.OF_STRANGERS:
                most = 0 if await asyncio.to_thread(self.is_signed_in, request.environ) else bodies.OF_STRANGERS
            await self.reader.read(request.receive, request.body, declared, first, most)
        except ClientDisconnected:
            request.body.close()
            self.bodies.give_back(request.shares)
            return  # half a body must not reach a view, and nobody waits for the answer
        except HTTPException as refused:
            request.environ[security.REFUSED] = type(refused)()  # without a traceback, see Request.answer
        self._received(request)

    def is_signed_in(self, environ: dict[str, Any]) -> bool:
        """Has the request the cookie of a session? False too when the database does not answer."""
        token = parse_cookie(environ).get(cookies.SESSION)
        try:
            with self.app.app_context():
                return bool(token and sessions.authors([token]))
        except DBAPIError:
            return False

    async def _send_long(self, request: Request, answer: wsgi.Answer, context: Context) -> None:
        with request.body:
            if not await spools.send_long(answer, context, self.long, request.receive, request.send):
                request.fail(BrokenOff())

    async def _stream(self, request: Request, start: Message) -> None:
        """Send each new frame until the client disconnects, may no longer watch, or the stream's time is up."""
        try:
            with self.streams.taking(self.crowd.of_streams(request.environ, request.wanted[0].key)):
                await self._keep_sending(request, start)
        except caps.TooMany:
            request.answer(*self.crowd.refusal(request.environ))
        except TimeoutError:
            request.fail(BrokenOff())

    async def _keep_sending(self, request: Request, start: Message) -> None:
        request.body.close()
        send, method = request.send, request.environ["REQUEST_METHOD"]
        is_packed = "gzip" in request.environ.get("HTTP_ACCEPT_ENCODING", "") and method == "GET"
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        if is_packed:
            headers.append((b"content-encoding", b"gzip"))
        await send({**start, "headers": headers})
        if method == "GET":
            seat = self.hub.join(request.wanted[0])
            left = asyncio.ensure_future(bodies.gone(request.receive))
            left.add_done_callback(lambda _: seat.end())
            try:
                async for frame in seat.frames(is_packed=is_packed):
                    await spools.pressed(send({"type": "http.response.body", "body": frame, "more_body": True}))
            finally:
                self.hub.leave(seat)
                left.cancel()
        await send({"type": "http.response.body", "body": b""})


def before_that(number: int, act: Callable[[], object]) -> None:
    """Make this signal call `act` before its former handler."""
    former = signal.getsignal(number)

    def handle(received: int, frame: Any) -> None:
        act()
        if callable(former):
            former(received, frame)

    signal.signal(number, handle)
