"""More requests than threads, on real sockets to the real server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask, request

from canvass.core import db
from canvass.serving import asgi, crowd
from tests.conftest import PATIENCE
from tests.serving.test_slow_senders import Serving, rest, status

Connect = Callable[[], socket.socket]
BATCH = 8000  # bytes


class Office:
    """A server with one thread, whose view waits until it may go on; who has been let in, in order."""

    def __init__(self, closing: ExitStack) -> None:
        self.begun: list[str] = []
        self.may_go_on, self.is_busy = threading.Event(), threading.Event()
        app = Flask("office")
        app.config["MAX_CONTENT_LENGTH"] = None
        app.add_url_rule("/<path:name>", "view", self.view, methods=["GET", "POST"])
        self.serving = closing.enter_context(Serving(app, threads=1))
        self.queue = self.serving.bridge.queue
        self._closing = closing
        closing.callback(self.may_go_on.set)

    def view(self, name: str) -> str:
        self.begun.append(request.cookies.get("canvass_device", name))
        self.is_busy.set()
        self.may_go_on.wait(PATIENCE)
        return name

    def ask(self, path: str, *, device: str = "", body: int = 0, headers: str = "") -> socket.socket:
        """A request that has been sent."""
        sender = self._closing.enter_context(socket.create_connection(("127.0.0.1", self.serving.port), PATIENCE))
        cookie = f"Cookie: other=1; canvass_device={device}\r\n" if device else ""
        head = (
            f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{cookie}{headers}"
        )
        sender.sendall(f"{head}Content-Length: {body}\r\n\r\n".encode() + bytes(body))
        return sender

    def occupy(self) -> None:
        """Let somebody keep the only thread."""
        self.ask("/first")
        assert self.is_busy.wait(PATIENCE)

    def until_waiting(self, number: int) -> None:
        until(lambda: len(self.queue.waiting()) == number)


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that other threads do."""
    ended = threading.Event()
    for _ in range(PATIENCE * 100):
        if is_so():
            return
        ended.wait(0.01)
    raise TimeoutError


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(crowd, "LIGHT", (3, 2, 1))
    monkeypatch.setattr(crowd, "HEAVY", (2, 1, 1))
    monkeypatch.setattr(asgi, "IMPATIENT", 0.01)
    with ExitStack() as closing:
        yield Office(closing)


def answer(sender: socket.socket) -> tuple[int, dict[str, str], str]:
    head, _, body = rest(sender).partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    return status(head), dict(line.lower().split(": ", 1) for line in lines), body.decode()


def test_when_there_is_no_place_a_phone_is_told_when_to_come_back(office: Office) -> None:
    office.occupy()
    for name in ("alva", "bo", "cia"):
        office.ask("/api/v1/hello", device=name)
    office.until_waiting(3)
    code, headers, body = answer(office.ask("/api/v1/hello", device="dag"))
    said = json.loads(body)
    assert (code, said["error"], headers["retry-after"]) == (503, "busy", str(said["seconds"]))
    assert said["seconds"] in range(crowd.BACK_AFTER[0], crowd.BACK_AFTER[1] + 1)
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-store")
    assert "dag" not in office.begun


@pytest.mark.parametrize(("language", "sentence"), [("sv", "Servern har mycket att göra."), ("en", "The server")])
def test_a_page_that_is_turned_away_says_so_in_words(office: Office, language: str, sentence: str) -> None:
    office.occupy()
    for name in ("alva", "bo", "cia"):
        office.ask("/page", device=name)
    office.until_waiting(3)
    code, headers, body = answer(office.ask("/page", headers=f"Accept-Language: {language}\r\n"))
    assert (code, headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert int(headers["retry-after"]) > 0
    assert sentence in body
    assert f'lang="{language}"' in body


def test_they_are_not_all_told_the_same_time(office: Office) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/v1/hello"}
    told = {json.loads(office.serving.bridge.crowd.refusal(environ)[1])["seconds"] for _ in range(500)}
    assert told == set(range(crowd.BACK_AFTER[0], crowd.BACK_AFTER[1] + 1))


def test_a_tap_has_a_place_when_batches_have_none(office: Office) -> None:
    office.occupy()
    for name in ("alva", "bo"):
        office.ask("/api/v1/sync", device=name, body=BATCH)
    office.until_waiting(2)
    refused, tap = (
        office.ask("/api/v1/sync", device="cia", body=BATCH),
        office.ask("/api/v1/sync", device="dag", body=9),
    )
    assert answer(refused)[0] == 503
    office.until_waiting(3)
    office.may_go_on.set()
    assert answer(tap)[0] == 200
    assert "cia" not in office.begun


def test_one_phone_with_many_requests_does_not_delay_another(office: Office) -> None:
    office.occupy()
    for number in range(2):
        office.ask("/page", device="greedy")
        office.until_waiting(number + 1)
    assert answer(office.ask("/page", device="greedy"))[0] == 503
    office.ask("/page", device="alva")
    office.until_waiting(3)
    office.may_go_on.set()
    until(lambda: len(office.begun) == 4)
    assert office.begun == ["first", "greedy", "alva", "greedy"]


def test_work_for_somebody_who_has_gone_is_not_begun(office: Office) -> None:
    office.occupy()
    gone = [office.ask("/page", device="gone"), office.ask("/api/v1/sync", device="gone too", body=BATCH)]
    stays = office.ask("/page", device="stays")
    office.until_waiting(3)
    for sender in gone:
        sender.close()
    office.until_waiting(1)
    office.may_go_on.set()
    assert answer(stays)[0] == 200
    assert office.begun == ["first", "stays"]


def test_strangers_behind_a_proxy_are_told_apart_and_their_cookies_are_not_kept() -> None:
    app = Flask("office")
    app.config["PROXIES"] = 1
    asker = crowd.Crowd(app).asker
    proxy = {"REMOTE_ADDR": "127.0.0.1"}
    one, other = (asker({**proxy, "HTTP_X_FORWARDED_FOR": f"1.1.1.1, 10.0.0.{number}"}) for number in (1, 2))
    assert one != other
    phone = {**proxy, "HTTP_COOKIE": "a=1; canvass_device=secret; b=2"}
    assert asker(phone) == asker({**phone, "REMOTE_ADDR": "10.0.0.3"}) != asker(proxy)
    assert "secret" not in str(asker(phone))


def test_every_thread_finds_a_connection_that_is_kept_open() -> None:
    watching = 2  # one connection looks for commits, one renders
    assert crowd.THREADS + asgi.LONG_THREADS + watching <= db.CONNECTIONS
