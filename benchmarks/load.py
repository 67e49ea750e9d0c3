"""The load generator: raw sockets in one loop, so that it takes little of the two cores that the server needs.

Measured against wrk in `healthz`. wrk itself would do for singles, but cannot give each connection a phone of its own,
wait as a phone does when it is turned away, or keep a rate.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.rows import percentile

Maker = Callable[[], bytes]  # gives a connection its next request, whole
PATIENCE = 60.0  # seconds without any answer, after which the server is given up
WARM_UP = 0.3  # seconds, not counted
# With fewer answers than so many for each connection the time is doubled, as long as it is not longer than that.
LEAST, LONGEST = 3, 8.0  # answers, seconds
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class NoAnswer(RuntimeError):
    """The server closed the connection, or gave no answer that can be read."""


class Connection:
    """One kept connection, with at most one request on its way."""

    def __init__(self, address: tuple[str, int], make: Maker | None = None) -> None:
        self.address, self.make = address, make
        self.open()

    def open(self) -> None:
        self.socket = socket.create_connection(self.address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.is_asking = False
        self._received = b""

    def ask(self, request: bytes, began: float | None = None) -> None:
        """Send a request; `began` is when it was due, now if not given."""
        self.began = time.monotonic() if began is None else began
        self.is_asking = True
        self.socket.sendall(request)

    def hear(self) -> tuple[int, bytes] | None:
        """Read what has come; return (status, body) once the answer is whole. Raises NoAnswer."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise NoAnswer("the server closed the connection")
        received = self._received + piece if self._received else piece
        answer = read(received)
        self._received = b"" if answer else received
        self.is_asking = answer is None
        return answer

    def wait(self) -> tuple[int, bytes]:
        """Wait for the whole answer. Raises NoAnswer, TimeoutError."""
        while (answer := self.hear()) is None:
            pass
        return answer

    def close(self) -> None:
        self.socket.close()


def read(received: bytes) -> tuple[int, bytes] | None:
    """(status, body) of an HTTP/1.1 answer, None when it is not whole. Raises NoAnswer when it cannot be read."""
    end = received.find(b"\r\n\r\n") + 4
    if end < 4:
        return None
    status = int(received[9:12])
    if status in (204, 304):
        return status, b""
    head = received[:end]
    if found := _LENGTH.search(head):
        whole = end + int(found[1])
        return (status, received[end:whole]) if len(received) >= whole else None
    if b"chunked" not in head:
        raise NoAnswer("an answer without a length")
    if not received.endswith(b"0\r\n\r\n"):
        return None
    body, rest = b"", received[end:]
    while (size := int(rest[: rest.index(b"\r\n")], 16)) > 0:
        start = rest.index(b"\r\n") + 2
        body, rest = body + rest[start : start + size], rest[start + size + 2 :]
    return status, body


@dataclass
class Result:
    """What came of a drive: answers in the measured time, how long each took, and what was not as it should be."""

    seconds: float
    latencies: list[float] = field(default_factory=list)  # seconds
    moments: list[float] = field(default_factory=list)  # when each answer came, by the monotonic clock
    wrong: Counter[str] = field(default_factory=Counter)

    def figures(self, per_request: int = 1) -> dict[str, float]:
        """Rate (things a second), p50 and p99 (ms), and the number of wrong answers."""
        return {
            "rate": len(self.latencies) * per_request / self.seconds,
            "p50": percentile(self.latencies, 50) * 1000,
            "p99": percentile(self.latencies, 99) * 1000,
            "wrong": float(self.wrong.total()),
        }


def drive(
    address: tuple[str, int],
    makers: Sequence[Maker],
    seconds: float,
    *,
    good: bytes = b"",
    rate: float | None = None,
    warm_up: float = WARM_UP,
) -> Result:
    """One connection per maker, each with a request on its way all the time, or `rate` requests a second together.

    An answer is right when its status is 2xx and it holds `good`. With a rate, a request that finds all connections
    taken waits, and its time counts from when it was due.
    """
    with selectors.DefaultSelector() as waiting:
        connections = [Connection(address, make) for make in makers]
        try:
            for connection in connections:
                waiting.register(connection.socket, selectors.EVENT_READ, connection)
            return _Drive(waiting, connections, seconds, warm_up, rate, good).run()
        finally:
            for connection in connections:
                connection.close()


class _Drive:
    """The loop of `drive`."""

    def __init__(
        self,
        waiting: selectors.BaseSelector,
        connections: list[Connection],
        seconds: float,
        warm_up: float,
        rate: float | None,
        good: bytes,
    ) -> None:
        self.waiting, self.idle, self.good = waiting, deque(connections), good
        self.start = time.monotonic() + warm_up
        self.end = self.start + seconds
        self.least = 0 if rate else LEAST * len(connections)
        self.due = self.start - warm_up if rate else None
        self.step = 1 / rate if rate else 0.0
        self.on_its_way = 0
        self.result = Result(seconds)

    def run(self) -> Result:
        self.send()
        while self.on_its_way or self.goes_on():
            events = self.waiting.select(self.pause())
            if not events and self.due is None:
                raise NoAnswer(f"no answer for {PATIENCE:.0f} s")
            for key, _ in events:
                self.take(key.data)
            self.send()
        return self.result

    def goes_on(self) -> bool:
        """Whether the time is not over; it is made longer while there are too few answers to tell a rate from."""
        if time.monotonic() >= self.end and len(self.result.latencies) < self.least and self.result.seconds < LONGEST:
            self.end += self.result.seconds
            self.result.seconds = self.end - self.start
        return time.monotonic() < self.end

    def pause(self) -> float:
        """How long to wait for answers: until the next request is due, when one can be sent."""
        if self.due is None or not self.idle or time.monotonic() >= self.end:
            return PATIENCE if self.on_its_way else 0.0
        return max(0.0, min(self.due, self.end) - time.monotonic())

    def send(self) -> None:
        if not self.goes_on():
            return
        now = time.monotonic()
        while self.idle and now < self.end:
            if self.due is not None:
                if self.due > now:
                    return
                began, self.due = self.due, self.due + self.step
            else:
                began = now
            connection = self.idle.popleft()
            assert connection.make
            connection.ask(connection.make(), began)
            self.on_its_way += 1

    def take(self, connection: Connection) -> None:
        if not connection.is_asking:
            # The server has closed it after it had long been idle.
            self.waiting.unregister(connection.socket)
            connection.close()
            connection.open()
            self.waiting.register(connection.socket, selectors.EVENT_READ, connection)
            return
        answer = connection.hear()
        if answer is None:
            return
        now = time.monotonic()
        self.on_its_way -= 1
        self.idle.append(connection)
        status, body = answer
        if not 200 <= status < 300 or self.good not in body:
            self.result.wrong[f"{status} {body[:200].decode(errors='replace')}"] += 1
        elif self.start <= now <= self.end:
            self.result.latencies.append(now - connection.began)
            self.result.moments.append(now)


def get(host: str, path: str, cookie: str = "") -> bytes:
    """A GET request."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: */*", *([f"Cookie: {cookie}"] if cookie else [])]
    return "\r\n".join([*lines, "", ""]).encode()


def post(host: str, path: str, body: bytes, *headers: str) -> bytes:
    """A POST request with a JSON body."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def forever(request: bytes) -> Maker:
    """The same request again and again."""
    return lambda: request


def in_turn(requests: Sequence[bytes]) -> Maker:
    """Each of these requests in turn, from the beginning again at the end."""

    def all_of_them() -> Iterator[bytes]:
        while True:
            yield from requests

    return all_of_them().__next__
