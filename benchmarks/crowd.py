"""Screens that watch, in a process of their own so that their processor time is not counted as the server's.

Reads {"address": [host, port], "paths": […], "cookies": […]} as JSON from a line on stdin, and prints "ready" when
every screen has been shown something. After another line it prints what they saw: {"seen": [[[moment, total], …], …],
"bytes": …, "frames": …, "ended": …}: `seen` of some that show the first path, `ended` the streams the server ended.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.load import get
from benchmarks.servers import ROOT, Server

READERS = 20  # how many of them read the totals; the others only receive
FROM_ONE = 2000  # streams from one address
OPENING = 50  # streams that are being opened at the same time
TOTAL = re.compile(rb'figure-value">([^<]+)')


class Screen:
    """One stream. A reader notes each total it is shown, and when."""

    def __init__(self, order: dict[str, Any], number: int) -> None:
        self.reads = number % max(1, len(order["cookies"]) // READERS) == 0
        path = order["paths"][0 if self.reads else number % len(order["paths"])]
        address, _, query = path.partition("?")
        host, port = order["address"]
        request = get(f"{host}:{port}", f"{address}/live?{query}", f"canvass_session={order['cookies'][number]}")
        self.request = request.replace(b"\r\n\r\n", b"\r\nAccept-Encoding: gzip\r\n\r\n")
        # An address may have so many streams only.
        self.address, self.source = (host, port), f"127.0.0.{1 + number // FROM_ONE}"
        self.seen: list[tuple[float, int]] = []
        self.bytes = self.frames = 0

    def open(self) -> socket.socket:
        """Ask for the stream."""
        self.socket = socket.create_connection(self.address, timeout=60, source_address=(self.source, 0))
        self.socket.sendall(self.request)
        self.received, self.text = b"", b""
        self.is_begun = self.is_shown = False
        self.unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        return self.socket

    def hear(self) -> bool:
        """Take in what has come; False when the server has ended the stream."""
        piece = self.socket.recv(262_144)
        if not piece or piece.endswith(b"\r\n0\r\n\r\n"):
            return False
        self.bytes += len(piece)
        self.frames += 1
        self.received = self.received + piece if self.reads or not self.is_begun else b""
        if not self.is_begun and (end := self.received.find(b"\r\n\r\n")) >= 0:
            if b" 200 " not in self.received[:16]:
                raise RuntimeError(self.received[:300].decode(errors="replace"))
            self.is_begun, self.received = True, self.received[end + 4 :]
            self.is_shown = bool(self.received)
        elif self.is_begun:
            self.is_shown = True
        if self.reads and self.is_begun:
            self.read()
        return True

    def read(self) -> None:
        """Unpack the whole chunks that have come, and note the totals in them."""
        while (line := self.received.find(b"\r\n")) > 0:
            size = int(self.received[:line], 16)
            if len(self.received) < line + size + 4:
                return
            self.text += self.unpacker.decompress(self.received[line + 2 : line + 2 + size])
            self.received = self.received[line + size + 4 :]
        *whole, self.text = self.text.split(b"\n\n")
        for frame in whole:
            if found := TOTAL.search(frame):
                self.seen.append((time.monotonic(), int(re.sub(rb"\D", b"", found[1]))))


def main() -> None:
    """Watch until told to stop."""
    allow_many_connections()
    order = json.loads(sys.stdin.readline())
    screens = [Screen(order, number) for number in range(len(order["cookies"]))]
    ended = 0
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin, selectors.EVENT_READ)
    to_open, opening, is_ready = list(reversed(screens)), 0, False
    while True:
        while to_open and opening < OPENING:
            screen = to_open.pop()
            waiting.register(screen.open(), selectors.EVENT_READ, screen)
            opening += 1
        if not is_ready and not to_open and not opening:
            is_ready = True
            print("ready", flush=True)
        for key, _ in waiting.select():
            if key.data is None:
                sys.stdin.readline()
                return tell(screens, ended)
            was_shown = key.data.is_shown
            if key.data.hear():
                opening -= key.data.is_shown and not was_shown
                continue
            waiting.unregister(key.fileobj)
            key.data.socket.close()
            opening -= not was_shown
            ended += 1
            to_open.append(key.data)  # as a browser does


def tell(screens: list[Screen], ended: int) -> None:
    """Print what they saw."""
    sums = {name: sum(getattr(screen, name) for screen in screens) for name in ("bytes", "frames")}
    print(json.dumps({"seen": [screen.seen for screen in screens if screen.reads], "ended": ended, **sums}), flush=True)


def allow_many_connections() -> None:
    """Raise the limit of open files as far as it goes."""
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# From outside


class Crowd:
    """The process of the screens. `leave` ends it and returns what they saw."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def leave(self) -> dict[str, Any]:
        """What they saw until now. They watch no longer."""
        assert self.process.stdin
        assert self.process.stdout
        print(file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


@contextmanager
def watching(server: Server, paths: list[str], cookies: list[str], environment: dict[str, str]) -> Iterator[Crowd]:
    """As many screens as there are cookies, all of which have been shown something when the block begins."""
    command = [sys.executable, "-m", "benchmarks.crowd"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, cwd=ROOT, **pipes) as process:
        try:
            order = {"address": server.address, "paths": paths, "cookies": cookies}
            print(json.dumps(order), file=process.stdin, flush=True)
            assert process.stdout
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the screens were shown nothing")
            yield Crowd(process)
        finally:
            process.kill()


if __name__ == "__main__":
    main()
