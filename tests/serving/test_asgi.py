"""Between the server and Flask: every request arrives as it was sent, and every answer leaves as it was given."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from contextlib import asynccontextmanager
from contextvars import Context
from functools import partial
from typing import Any

import pytest
from flask import Flask, Response, request

from canvass.core.db import db
from canvass.members import sessions
from canvass.members.people import Person
from canvass.serving import asgi, bodies
from tests.cast import Cast
from tests.conftest import PATIENCE, in_a_loop

Headers = list[tuple[bytes, bytes]]
ASKED = {
    "type": "http",
    "method": "GET",
    "raw_path": b"/",
    "query_string": b"",
    "http_version": "1.1",
    "scheme": "http",
    "server": ("127.0.0.1", "8000"),
    "client": ("127.0.0.1", "50000"),
    "headers": [],
}
END, BREAK = {"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}


def exchange(app: Flask, *pieces: bytes, end: Any = END, headers: Headers = [], **scope: Any) -> list[Any]:  # noqa: B006
    """What the server sends for a request whose body comes in these pieces, to the end of its answer; without an `end`
    the body stalls, and after a BREAK there is no answer, only an end of the server's own work.
    """
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces] + [end] * bool(end)
    wire = Wire()
    asked = {**ASKED, "method": "POST" if pieces else "GET", "headers": [(b"host", b"localhost"), *headers], **scope}

    async def scene() -> None:
        async with serving(app) as server:
            server.begin(asked, partial(Coming, coming), wire.send, wire.fail)
            if end is BREAK:
                await until(lambda: server.tasks)
                await asyncio.gather(*server.tasks)
            else:
                await wire.is_whole()

    in_a_loop(scene())
    return wire.sent


@asynccontextmanager
async def serving(app: Flask, **options: Any) -> AsyncIterator[asgi.Server]:
    """A server in this loop."""
    server = asgi.Server(app)
    server.open(asyncio.get_running_loop(), **options)
    try:
        yield server
    finally:
        server.close()


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop and the threads go on until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await asyncio.sleep(0)


class Coming:
    """What receiving gives back, as the server's own: to be awaited, or to be called back by."""

    def __init__(self, messages: list[Any]) -> None:
        self._messages = messages

    def __await__(self) -> Generator[Any, None, Any]:
        return (yield from self) if self._messages else (yield from asyncio.Event().wait().__await__())

    def __iter__(self) -> Generator[Any, None, Any]:
        yield from ()
        return self._messages.pop(0)

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Context) -> None:
        if self._messages:
            context.run(callback, self)


class Sent:
    """What sending gives back, as the server's own: it may be awaited or not."""

    def __await__(self) -> Iterator[None]:
        yield


class Wire:
    """The way to a client. The server may send in any of its threads."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.failures: list[BaseException] = []
        self.fail = self.failures.append

    def send(self, message: Any) -> Any:
        self.sent.append(message)
        return Sent()

    async def is_whole(self) -> None:
        await until(lambda: self.sent and _is_last(self.sent[-1]))


async def _silence() -> Any:
    await asyncio.Event().wait()


def _is_last(message: Any) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body", False)


def body(sent: list[Any]) -> bytes:
    assert [message.get("more_body", False) for message in sent[1:]] == [True] * (len(sent) - 2) + [False]
    return b"".join(message["body"] for message in sent[1:])


@pytest.fixture
def echo() -> Callable[[Callable[[], Any]], Flask]:
    """`echo(view)` is an app whose only door answers with `view()`, at any address."""

    def make(view: Callable[[], Any]) -> Flask:
        app = Flask("echo")
        app.add_url_rule("/", "echo", view, methods=["GET", "POST"])
        app.add_url_rule("/<path:rest>", "deep", lambda rest: view(), methods=["GET", "POST"])
        return app

    return make


Echo = Callable[[Callable[[], Any]], Flask]


@pytest.mark.parametrize("pieces", [[b"kort"], [b"i ", b"bitar"], [b"x" * 300_000, b"y" * 300_000, b"slut"]])
@pytest.mark.parametrize("says_length", [True, False])
def test_a_body_arrives_whole(echo: Echo, pieces: list[bytes], says_length: bool) -> None:
    whole = b"".join(pieces)
    headers = [(b"content-length", str(len(whole)).encode())] if says_length else [(b"transfer-encoding", b"chunked")]
    sent = exchange(echo(lambda: request.get_data()), *pieces, headers=headers)
    assert (sent[0]["status"], body(sent)) == (200, whole)


@pytest.mark.parametrize("half", [b"hal", b"x" * 300_000])
def test_a_body_that_breaks_off_reaches_nobody(echo: Echo, half: bytes) -> None:
    reached: list[bytes] = []

    def view() -> str:
        reached.append(request.get_data())
        return "ok"

    assert exchange(echo(view), half, end=BREAK) == []
    assert reached == []


def test_a_file_arrives_whole(echo: Echo) -> None:
    content = bytes(range(256)) * 4000
    text = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + content + b"\r\n--x--\r\n"
    pieces = [text[start : start + 65_536] for start in range(0, len(text), 65_536)]
    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", str(len(text)).encode())]
    assert body(exchange(echo(lambda: request.files["f"].read()), *pieces, headers=headers)) == content


def test_cookies_stay_apart_and_no_name_passes_for_another(echo: Echo) -> None:
    headers = [(b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-many", b"1"), (b"x-many", b"2")]
    headers += [(b"x_forwarded_for", b"evil"), (b"content-type", b"text/plain")]

    def view() -> Any:
        forwarded = request.headers.get("X-Forwarded-For")
        return [dict(request.cookies), request.headers["X-Many"], forwarded, request.content_type]

    assert body(exchange(echo(view), headers=headers)).replace(b"\n", b"") == (
        b'[{"a":"1","b":"2"},"1,2",null,"text/plain"]'
    )


def test_an_address_arrives_as_it_was_written(echo: Echo) -> None:
    app = echo(lambda: f"{request.path}?{request.query_string.decode()} {request.host} {request.remote_addr}")
    sent = exchange(app, raw_path=b"/%C3%96jersj%C3%B6/a%20b", query_string=b"q=%C3%A5&r=1")
    assert body(sent).decode() == "/Öjersjö/a b?q=%C3%A5&r=1 localhost 127.0.0.1"


def test_head_gives_the_length_and_nothing_else(echo: Echo) -> None:
    sent = exchange(echo(lambda: "hej"), method="HEAD")
    assert (dict(sent[0]["headers"])[b"content-length"], body(sent)) == (b"3", b"")


def test_a_long_answer_is_gathered_and_closed(echo: Echo) -> None:
    closed: list[str] = []

    def view() -> Response:
        response = Response(b"%d" % (number % 10) * 10_000 for number in range(100))
        response.call_on_close(lambda: closed.append("closed"))
        return response

    assert body(exchange(echo(view))) == b"".join(b"%d" % (number % 10) * 10_000 for number in range(100))
    assert closed == ["closed"]


@pytest.mark.parametrize(("language", "sentence"), [("sv", "Det tog för lång tid"), ("en", "It took too long")])
def test_a_body_that_does_not_come_is_refused_in_words(
    app: Flask, monkeypatch: pytest.MonkeyPatch, language: str, sentence: str
) -> None:
    monkeypatch.setattr(bodies, "GRACE", 0)
    headers = [(b"sec-fetch-site", b"same-origin"), (b"cookie", f"canvass_language={language}".encode())]
    for address in (b"/sign-in", b"/static/css/base.css", b"/nowhere"):
        page = exchange(app, b"name=Al", end=None, headers=headers, raw_path=address)
        assert page[0]["status"] == 408
        assert sentence in body(page).decode()
    phone = exchange(app, b"{", end=None, headers=headers, raw_path=b"/api/v1/sync")
    assert phone[0]["status"] == 408
    assert json.loads(body(phone))["sentence"].startswith(sentence)


def test_a_request_has_a_thread_of_its_own(echo: Echo) -> None:
    assert body(exchange(echo(lambda: threading.current_thread().name))).startswith(b"request")


@pytest.mark.parametrize("pieces", [1, 30])
def test_an_answer_that_fails_halfway_is_no_whole_one(echo: Echo, pieces: int) -> None:
    wire = Wire()

    def view() -> Response:
        def rows() -> Iterable[bytes]:
            yield from [b"x" * 10_000] * pieces
            raise ZeroDivisionError

        return Response(rows())

    async def scene() -> None:
        async with serving(echo(view)) as server:
            server.begin({**ASKED}, _silence, wire.send, wire.fail)
            await until(lambda: wire.sent and not server.tasks)

    in_a_loop(scene())
    got = wire.sent[0]["status"], _is_last(wire.sent[-1]), len(wire.failures)
    assert got == ((500, True, 0) if pieces == 1 else (200, False, 1))


def test_a_stream_is_kept_without_a_thread_and_ends_when_they_leave(app: Flask, cast: Cast) -> None:
    live, scope = f"/campaigns/{cast.spring.id}/live".encode(), _scope(cast.bo)
    wire, others = Wire(), Wire()

    async def scene() -> None:
        leaves = asyncio.Event()

        async def receive() -> Any:
            await leaves.wait()
            return {"type": "http.disconnect"}

        async with serving(app, threads=1) as server:
            server.begin({**scope, "raw_path": live}, receive, wire.send, wire.fail)
            await until(lambda: any(len(message.get("body", b"")) > 500 for message in wire.sent))
            server.begin({**scope, "raw_path": b"/healthz"}, receive, others.send, others.fail)
            await others.is_whole()
            leaves.set()
            await wire.is_whole()

    in_a_loop(scene())
    assert others.sent[0]["status"] == 200
    start = dict(wire.sent[0]["headers"])
    assert (wire.sent[0]["status"], start[b"content-encoding"]) == (200, b"gzip")
    assert b"content-length" not in start
    assert start[b"content-type"].startswith(b"text/event-stream")
    assert wire.sent[-1] == {"type": "http.response.body", "body": b""}


def _scope(person: Person) -> dict[str, Any]:
    """A request by somebody who is signed in, but for its path."""
    token = sessions.start(person)[1]
    db.session.commit()
    headers = [(b"cookie", f"canvass_session={token}".encode()), (b"accept-encoding", b"gzip, br")]
    return {**ASKED, "server": None, "client": None, "headers": headers}
