"""Between the server and Flask: every request arrives as it was sent, and every answer leaves as it was given."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
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


END, BREAK = {"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}


def exchange(app: Flask, *pieces: bytes, end: Any = END, headers: Headers = [], **scope: Any) -> list[Any]:  # noqa: B006
    """What the server is told to send for a request whose body comes in these pieces; without an `end`, it stalls."""
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces] + [end] * bool(end)
    sent: list[Any] = []

    async def receive() -> Any:
        return coming.pop(0) if coming else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    asked = {
        "type": "http",
        "method": "POST" if pieces else "GET",
        "raw_path": b"/",
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("127.0.0.1", "8000"),
        "client": ("127.0.0.1", "50000"),
        "headers": [(b"host", b"localhost"), *headers],
        **scope,
    }
    server = asgi.Server(app)
    in_a_loop(asyncio.wait_for(server(asked, receive, send), PATIENCE))
    server.pool.shutdown()
    return sent


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


def test_an_answer_that_fails_halfway_is_no_whole_one(echo: Echo) -> None:
    def view() -> Response:
        def rows() -> Iterable[bytes]:
            yield b"x" * 300_000
            raise ZeroDivisionError

        return Response(rows())

    with pytest.raises(ZeroDivisionError):
        exchange(echo(view))


def test_a_stream_is_kept_without_a_thread_and_ends_when_they_leave(app: Flask, cast: Cast) -> None:
    live, scope = f"/campaigns/{cast.spring.id}/live".encode(), _scope(cast.bo)
    server, sent, others = asgi.Server(app), [], []
    server.pool = ThreadPoolExecutor(1)

    async def scene() -> None:
        server.hub.open(asyncio.get_running_loop())
        asked, leaves, shown = iter([{"type": "http.request"}]), asyncio.Event(), asyncio.Event()

        async def receive() -> Any:
            for message in asked:
                return message
            await leaves.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if len(message.get("body", b"")) > 500:
                shown.set()

        async def answer(message: Any) -> None:
            others.append(message)

        stream = asyncio.create_task(server({**scope, "raw_path": live}, receive, send))
        await asyncio.wait_for(shown.wait(), PATIENCE)
        await asyncio.wait_for(server({**scope, "raw_path": b"/healthz"}, _ask, answer), PATIENCE)
        leaves.set()
        await asyncio.wait_for(stream, PATIENCE)
        server.hub.close()

    in_a_loop(scene())
    server.pool.shutdown()
    assert others[0]["status"] == 200
    start = dict(sent[0]["headers"])
    assert (sent[0]["status"], start[b"content-encoding"]) == (200, b"gzip")
    assert b"content-length" not in start
    assert start[b"content-type"].startswith(b"text/event-stream")
    assert sent[-1] == {"type": "http.response.body", "body": b""}


async def _ask() -> Any:
    return {"type": "http.request"}


def _scope(person: Person) -> dict[str, Any]:
    """A request by somebody who is signed in, but for its path."""
    token = sessions.start(person)[1]
    db.session.commit()
    headers = [(b"cookie", f"canvass_session={token}".encode()), (b"accept-encoding", b"gzip, br")]
    scope = {"type": "http", "method": "GET", "query_string": b"", "http_version": "1.1", "scheme": "http"}
    return {**scope, "server": None, "client": None, "headers": headers}
