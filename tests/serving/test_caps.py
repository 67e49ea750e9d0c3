"""What one client may hold open: bodies that never end, streams, and answers that it does not read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from flask import Flask, request

from canvass.serving import bodies, crowd, spools
from canvass.serving.caps import Cap, TooMany
from tests.cast import Cast
from tests.conftest import PATIENCE, in_a_loop
from tests.serving.test_asgi import Wire, _scope, exchange, serving, until
from tests.serving.test_crowd import until as wait_until
from tests.serving.test_slow_senders import LONG_ANSWER, Serving, begin, get, rest, status

HALF = ("Content-Length: 10", "Connection: close")


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def server(closing: ExitStack) -> tuple[Serving, Callable[[], socket.socket]]:
    """A server, and what opens a connection to it."""
    app = Flask("echo")
    app.config["MAX_CONTENT_LENGTH"] = None
    app.add_url_rule("/", "answer", lambda: "ok")
    app.add_url_rule("/<name>", "receive", lambda name: str(len(request.get_data())), methods=["POST"])
    app.add_url_rule("/long", "long", lambda: iter([bytes(LONG_ANSWER // 100)] * 100))
    running = closing.enter_context(Serving(app))
    address = ("127.0.0.1", running.port)
    return running, lambda: closing.enter_context(socket.create_connection(address, timeout=PATIENCE))


def test_nobody_takes_more_than_there_is_or_than_their_share() -> None:
    cap = Cap(3)
    with cap.taking({"alva": 1, "hall": 2}):
        for shares in ({"alva": 1, "hall": 2}, {"alva": 1}):
            with pytest.raises(TooMany):
                cap.take(shares)
        cap.take({"bo": 1, "hall": 2})
        with pytest.raises(TooMany):
            cap.take({"cia": 1, "hall": 2})
        cap.take({"cia": 1})
        with pytest.raises(TooMany):
            cap.take({"dag": 1})
    cap.take({"alva": 1, "hall": 2})
    assert cap.taken == 3


def test_one_phone_has_few_bodies_under_way_and_others_have_theirs(
    closing: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "BODIES_OF_ONE", 2)
    monkeypatch.setattr(crowd, "BODIES_OF_ADDRESS", 4)
    _running, connect = server(closing)
    mine = [connect() for _ in range(3)]
    for sender in mine[:2]:
        begin(sender, "half", *HALF, "Cookie: canvass_device=a")
    mine[2].sendall(b"POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: canvass_device=a\r\n")
    mine[2].sendall(b"Content-Length: 10\r\n\r\n")
    refused = rest(mine[2])
    assert (status(refused), b"retry-after" in refused) == (503, True)
    others = [connect() for _ in range(3)]
    for number, sender in enumerate(others[:2]):
        begin(sender, "half", *HALF, f"Cookie: canvass_device=other{number}")
    # The address has its share now, whatever name it gives itself.
    others[2].sendall(b"POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 10\r\n\r\n")
    assert status(rest(others[2])) == 503
    assert get(connect()) == 200  # looking takes nothing
    mine[0].sendall(bytes(10))
    assert rest(mine[0]).endswith(b"10")
    begin(connect(), "half", *HALF, "Cookie: canvass_device=a")


def test_a_body_that_broke_off_gives_its_place_back(closing: ExitStack) -> None:
    running, connect = server(closing)
    for said, declared in ((b"", 10), (b"half", 10), (bytes(200_000), 300_000)):
        sender = connect()
        begin(sender, "half", f"Content-Length: {declared}")
        sender.sendall(said)
        assert running.bridge.bodies.taken == 1
        sender.close()
        wait_until(lambda: running.bridge.bodies.taken == 0)
    running.bridge.bodies.take({})
    assert running.bridge.bodies.taken == 1


def test_a_stranger_sends_little(app: Flask, cast: Cast) -> None:
    large = bytes(bodies.OF_STRANGERS + 1)
    said = [(b"content-length", str(len(large)).encode()), (b"sec-fetch-site", b"same-origin")]
    chunked = [(b"transfer-encoding", b"chunked"), (b"sec-fetch-site", b"same-origin")]
    known = _scope(cast.bo)["headers"]
    forged = [(b"cookie", b"canvass_session=nobodys")]
    for headers in (said, chunked, said + forged, chunked + forged):
        sent = exchange(app, large, headers=headers, raw_path=b"/sign-in")
        assert sent[0]["status"] == 413
    for headers in (said, chunked):
        # It is too large for this form all the same, but it was read.
        assert exchange(app, large, headers=headers + known, raw_path=b"/areas")[0]["status"] == 404


async def has_begun(wire: Wire) -> None:
    await until(lambda: wire.sent)


def test_a_session_has_so_many_streams_and_no_more(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "STREAMS_OF_ONE", 1)
    live = f"/campaigns/{cast.spring.id}/live".encode()
    bo, cia = ({**_scope(person), "raw_path": live, "client": ("127.0.0.1", "1")} for person in (cast.bo, cast.cia))
    wires = [Wire() for _ in range(4)]

    async def scene() -> None:
        leaves = asyncio.Event()

        async def receive() -> Any:
            await leaves.wait()
            return {"type": "http.disconnect"}

        async with serving(app, threads=2) as found:
            for wire, scope in zip(wires[:3], (bo, bo, cia), strict=True):
                found.begin(scope, receive, wire.send, wire.fail)
                await has_begun(wire)
            leaves.set()
            await asyncio.gather(wires[0].is_whole(), wires[2].is_whole())
            leaves.clear()
            found.begin(bo, receive, wires[3].send, wires[3].fail)
            await has_begun(wires[3])
            leaves.set()
            await wires[3].is_whole()
            await until(lambda: found.streams.taken == 0)

    in_a_loop(scene())
    assert [wire.sent[0]["status"] for wire in wires] == [200, 503, 200, 200]


def test_who_does_not_read_their_answer_is_not_waited_for_for_good(
    closing: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spools, "STALLED", 0.05)
    running, connect = server(closing)
    reader = connect()
    reader.sendall(b"GET /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert reader.recv(8) == b"HTTP/1.1"
    wait_until(lambda: not running.bridge.tasks)
    assert get(connect()) == 200
    reader.settimeout(PATIENCE)
    with suppress(ConnectionResetError):
        assert len(rest(reader)) < LONG_ANSWER
