"""How long a sender may take. The clock is the loop's own, and jumps to whatever is waited for."""

from __future__ import annotations

import asyncio
import io
import selectors
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from canvass.serving import bodies

MOST = 64 * 1024 * 1024


@pytest.fixture(autouse=True)
def _in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread writes a long body: while it did, this clock would not stand still."""
    monkeypatch.setattr(bodies, "IN_MEMORY", MOST)


class Hasty(selectors.DefaultSelector):
    """Says that the time has passed instead of letting it."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.passed += timeout or 0
        return super().select(0)


class Sender:
    """Sends `pieces`, each `pause` seconds after the one before, then nothing more, or leaves."""

    def __init__(self, pieces: Iterator[bytes] | list[bytes], pause: float, *, leaves: bool = False) -> None:
        self.pieces, self.pause, self.leaves = iter(pieces), pause, leaves
        self.seconds = 0.0  # when it was told that its body is whole, or was refused

    async def receive(self) -> bodies.Message:
        await asyncio.sleep(self.pause)
        piece = next(self.pieces, None)
        if piece is None and not self.leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"} if piece is None else {"type": "http.request", **_message(piece)}

    def send(self, declared: int | None = None) -> bytes:
        """What is read of it."""
        file = io.BytesIO()
        selector = Hasty()
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: selector.passed  # type: ignore[method-assign]
        try:
            _in_a_thread(loop, bodies.Reader(MOST).read(self.receive, file, declared))
        finally:
            self.seconds = selector.passed
        return file.read()


def _message(piece: bytes) -> dict[str, Any]:
    return {"body": piece.removesuffix(END), "more_body": not piece.endswith(END)}


def _in_a_thread(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    """This thread may have Playwright's loop, which never ends."""
    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(loop.run_until_complete, work).result()
        finally:
            loop.close()


END = b"."  # at the end of the last piece


def test_a_large_file_on_a_slow_line_arrives() -> None:
    """64 MB at 100 kbit/s."""
    sender = Sender([bytes(64 * 1024)] * 1023 + [bytes(64 * 1024) + END], 64 * 1024 / 12_500)
    assert len(sender.send(MOST)) == MOST
    assert 5000 < sender.seconds < bodies.LONGEST


def test_a_sender_without_coverage_has_a_minute() -> None:
    assert Sender([b"one", b"two" + END], 29).send() == b"onetwo"
    with pytest.raises(RequestTimeout):
        Sender([b"one", b"two" + END], 31).send()


def test_one_who_stops_is_given_up() -> None:
    sender = Sender([bytes(10_000)], 0)
    with pytest.raises(RequestTimeout):
        sender.send()
    assert sender.seconds == bodies.GRACE + 10


def test_one_who_sends_a_byte_now_and_then_is_given_up() -> None:
    sender = Sender([b"x"] * 1000, 1)
    with pytest.raises(RequestTimeout):
        sender.send()
    assert bodies.GRACE <= sender.seconds < bodies.GRACE + 1


def test_nobody_sends_for_ever() -> None:
    sender = Sender([bytes(2000)] * 20_000, 1)
    with pytest.raises(RequestTimeout):
        sender.send()
    assert sender.seconds == bodies.LONGEST


def test_a_body_is_not_longer_than_is_allowed_whatever_it_says() -> None:
    sender = Sender([bytes(MOST), b"x" + END], 1)
    with pytest.raises(RequestEntityTooLarge):
        sender.send()
    with pytest.raises(RequestEntityTooLarge):
        sender.send(MOST + 1)
    assert sender.seconds == 0  # before anything was read


@pytest.mark.parametrize("declared", [None, 3, 4, 1000])
def test_a_body_that_breaks_off_is_none(declared: int | None) -> None:
    with pytest.raises(ClientDisconnected):
        Sender([b"one"], 0, leaves=True).send(declared)


@pytest.mark.parametrize("declared", [2, 4])
def test_a_body_of_another_length_than_it_said_is_none(declared: int) -> None:
    with pytest.raises(ClientDisconnected):
        Sender([b"one" + END], 0).send(declared)
