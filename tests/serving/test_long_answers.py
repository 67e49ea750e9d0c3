"""Answers that are made while they are sent, on real sockets to the real server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask, Response, request, stream_with_context

from canvass.serving import spools, wsgi
from tests.conftest import PATIENCE
from tests.serving.test_slow_senders import Serving, get, rest, status

PIECE = b"x" * 100_000
PIECES = 200  # more than the buffers of both ends of a connection hold


class Export:
    """A view whose answer is made piece by piece, and says how far it has come."""

    def __init__(self) -> None:
        self.has_begun, self.may_go_on, self.is_closed = (threading.Event() for _ in range(3))
        self.made = 0
        self.thread = ""

    def view(self) -> Response:
        return Response(stream_with_context(self.pieces()), mimetype="text/csv", headers={"X-Name": "export"})

    def pieces(self) -> Iterator[bytes]:
        try:
            yield bytes(wsgi.IN_MEMORY)
            yield f"{request.args['name']}\n".encode()
            self.thread = threading.current_thread().name
            self.has_begun.set()
            assert self.may_go_on.wait(PATIENCE)
            for _ in range(PIECES):
                self.made += 1
                yield PIECE
        finally:
            self.is_closed.set()

    def fails(self) -> Response:
        def pieces() -> Iterator[bytes]:
            yield from [PIECE] * 3
            raise ZeroDivisionError

        return Response(pieces())


@pytest.fixture
def export() -> Export:
    return Export()


@pytest.fixture
def server(export: Export) -> Iterator[Serving]:
    app = Flask("exports")
    app.config["MAX_CONTENT_LENGTH"] = None
    app.add_url_rule("/export", "export", export.view)
    app.add_url_rule("/fails", "fails", export.fails)
    app.add_url_rule("/", "small", lambda: "ok")
    with ExitStack() as closing:
        closing.callback(export.may_go_on.set)
        yield closing.enter_context(Serving(app, threads=1))


def connect(server: Serving) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def ask(sender: socket.socket, path: str = "/export?name=Hageby") -> None:
    sender.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())


def test_the_first_piece_arrives_before_the_next_is_made(server: Serving, export: Export) -> None:
    with connect(server) as reader:
        ask(reader)
        answer = b""
        while b"Hageby\n" not in answer:
            answer += reader.recv(65_536)
        assert (status(answer), export.made) == (200, 0)
        assert b"x-name: export" in answer
        assert b"content-length" not in answer
        export.may_go_on.set()
        assert rest(reader).count(b"x") == PIECES * len(PIECE)
    assert export.is_closed.wait(PATIENCE)


def test_it_holds_no_thread_for_requests(server: Serving, export: Export) -> None:
    with connect(server) as reader, connect(server) as other:
        ask(reader)
        assert export.has_begun.wait(PATIENCE)
        assert export.thread.startswith("long answer")
        assert get(other) == 200


def test_who_reads_slowly_holds_no_thread_and_no_transaction(server: Serving, export: Export) -> None:
    export.may_go_on.set()
    with connect(server) as reader:
        ask(reader)
        assert export.is_closed.wait(PATIENCE)  # all is made, and nothing of it read
        assert export.made == PIECES
        assert rest(reader).count(b"x") > PIECES * len(PIECE)


def test_it_is_closed_when_the_reader_leaves(server: Serving, export: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    left = threading.Event()

    def leave(spool: spools.Spool) -> None:
        spool.is_unwanted = True
        left.set()

    monkeypatch.setattr(spools.Spool, "leave", leave)
    with connect(server) as reader:
        ask(reader)
        assert export.has_begun.wait(PATIENCE)
    assert left.wait(PATIENCE)
    export.may_go_on.set()
    assert export.is_closed.wait(PATIENCE)
    assert export.made == 1  # the piece after which it was told


def test_one_that_fails_ends_without_its_end(server: Serving) -> None:
    with connect(server) as reader:
        ask(reader, "/fails")
        answer = rest(reader)
    assert answer.count(b"x") >= len(PIECE)
    assert not answer.endswith(b"0\r\n\r\n")
