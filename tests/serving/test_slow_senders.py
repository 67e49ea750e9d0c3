"""Slow, stalled and broken-off requests, on real sockets to the real server: nobody else waits, no view sees half."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest
from flask import Flask, request
from granian.constants import Interfaces
from granian.server.embed import Server as Granian

from canvass.serving import asgi, bodies, crowd, direct
from canvass.web.page import security
from tests.conftest import PATIENCE
from tests.postgres import free_port

LARGEST = 2_000_000  # bytes of a body
LONG_ANSWER = 16_000_000  # bytes: more than the buffers of both ends of a connection hold

Connect = Callable[[], socket.socket]


@pytest.fixture
def reached() -> list[str]:
    """The names of those whose requests a view has seen."""
    return []


@pytest.fixture
def connect(reached: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Opens a connection to a server of this test's own, on which nothing happens by time."""
    monkeypatch.setattr(bodies, "GRACE", 3600.0)
    app = Flask("echo")
    app.config["MAX_CONTENT_LENGTH"] = LARGEST

    @app.before_request
    def refuse() -> None:
        if security.REFUSED in request.environ:
            raise request.environ[security.REFUSED]

    @app.post("/<name>")
    def receive(name: str) -> str:
        reached.append(name)
        return str(len(request.get_data()))

    @app.get("/long")
    def answer_at_length() -> Iterator[bytes]:
        yield from [bytes(LONG_ANSWER // 100)] * 100

    @app.get("/")
    def answer() -> str:
        return "ok"

    with ExitStack() as closing:
        address = ("127.0.0.1", closing.enter_context(Serving(app)).port)
        yield lambda: closing.enter_context(socket.create_connection(address, timeout=PATIENCE))


class Serving(threading.Thread):
    """The product's server and bridge in a thread."""

    def __init__(self, app: Flask, threads: int = crowd.THREADS) -> None:
        super().__init__()
        self.bridge, self.threads = asgi.Server(app), threads
        self.bridge.is_signed_in = lambda environ: True  # type: ignore[method-assign]  # there is no database
        self.port, self.is_begun = free_port(), threading.Event()

    def run(self) -> None:
        asyncio.run(self.serve())

    async def serve(self) -> None:
        bridge = self.bridge
        bridge.open(asyncio.get_running_loop(), self.threads)
        direct.hand_over(bridge.begin)
        server = Granian(bridge, port=self.port, interface=Interfaces.ASGINL, log_enabled=False, backpressure=1000)
        server.on_startup(self.is_begun.set)
        self.stop = partial(asyncio.get_running_loop().call_soon_threadsafe, server.stop)
        await server.serve()
        bridge.close()

    def __enter__(self) -> Serving:
        self.start()
        self.is_begun.wait(PATIENCE)
        while self.is_alive():
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except ConnectionRefusedError:
                self.join(0.01)  # it begins to listen a moment later
        raise AssertionError("the server ended")

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self.join(PATIENCE)


def begin(sender: socket.socket, name: str, *headers: str) -> None:
    """Ask to send a body, and wait until the server reads it."""
    lines = [f"POST /{name} HTTP/1.1", "Host: localhost", "Expect: 100-continue", *headers, "", ""]
    sender.sendall("\r\n".join(lines).encode())
    assert sender.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def get(sender: socket.socket) -> int:
    """The status of an answer to somebody who asks for little."""
    sender.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return status(rest(sender))


def rest(sender: socket.socket) -> bytes:
    """All that comes until the server closes."""
    return b"".join(iter(lambda: sender.recv(65_536), b""))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("number", [crowd.THREADS, 200])
@pytest.mark.parametrize("said", [0, 300_000])
def test_those_who_stall_in_the_middle_of_a_body_hold_up_nobody(
    connect: Connect, reached: list[str], number: int, said: int
) -> None:
    stalled = [connect() for _ in range(number)]
    for sender in stalled:
        begin(sender, "stalled", "Content-Length: 300001", "Connection: close")
        sender.sendall(bytes(said))
    assert [get(connect()) for _ in range(2 * crowd.THREADS)] == [200] * 2 * crowd.THREADS
    assert reached == []
    stalled[0].sendall(bytes(300_001 - said))
    assert rest(stalled[0]).endswith(b"\r\n\r\n300001")


def test_those_who_do_not_read_their_answers_hold_up_nobody(connect: Connect) -> None:
    readers = [connect() for _ in range(crowd.THREADS)]
    for reader in readers:
        reader.sendall(b"GET /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert reader.recv(8) == b"HTTP/1.1"
    assert get(connect()) == 200
    assert rest(readers[0]).count(b"\0") == LONG_ANSWER


@pytest.mark.parametrize(
    ("header", "half"),
    [
        ("Content-Length: 11", b"hello"),
        ("Content-Length: 500000", bytes(400_000)),
        ("Transfer-Encoding: chunked", b"b\r\nhello"),
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\n"),
        ("Transfer-Encoding: chunked", b"5\r\nhello\r\nno number\r\n"),
    ],
)
def test_half_a_body_reaches_no_view(connect: Connect, reached: list[str], header: str, half: bytes) -> None:
    sender = connect()
    begin(sender, "half", header)
    sender.sendall(half)
    sender.shutdown(socket.SHUT_WR)
    assert b" 200 " not in rest(sender)
    assert reached == []


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(connect: Connect, reached: list[str]) -> None:
    sender = connect()
    sender.sendall(f"POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LARGEST + 1}\r\n\r\n".encode())
    assert status(rest(sender)) == 413
    assert reached == []


def test_a_body_that_does_not_say_how_large_it_is_is_refused_when_it_shows(
    connect: Connect, reached: list[str]
) -> None:
    sender = connect()
    begin(sender, "growing", "Transfer-Encoding: chunked")
    sender.sendall(b"%x\r\n" % (LARGEST + 1) + bytes(LARGEST + 1))
    assert status(rest(sender)) == 413
    assert reached == []


def test_who_sends_nothing_more_is_told_that_it_took_too_long(
    connect: Connect, reached: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "GRACE", 0.1)
    sender = connect()
    begin(sender, "late", "Content-Length: 11")
    assert status(rest(sender)) == 408
    assert reached == []
