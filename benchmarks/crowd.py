"""Many watchers, in a process of its own so that their processor time is not counted as the server's.

Reads {"url", "paths", "cookies", "way"} as JSON from stdin and prints "ready" when every watcher has been answered.
After another line on stdin it prints {"seen": [[[moment, total], …], …], "bytes": …, "answers": …}: when some of them
saw which total, and how much all of them received.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import zlib
from contextlib import suppress
from typing import Any

POLL_EVERY = 3  # seconds
READERS = 20  # how many of them read the totals; the others only receive
TOTAL = re.compile(r'figure-value">([\d\s]+)')


class Watcher:
    """A watcher on a connection of its own, by stream or by polling."""

    def __init__(self, order: dict[str, Any], number: int) -> None:
        self.host, self.port = order["url"].removeprefix("http://").split(":")
        self.path = order["paths"][number % len(order["paths"])]
        self.cookie, self.way = order["cookies"][number % len(order["cookies"])], order["way"]
        self.reads = number % max(1, len(order["cookies"]) // READERS) == 0
        self.seen: list[tuple[float, int]] = []
        self.bytes = self.answers = 0
        self.come = asyncio.Event()

    async def watch(self) -> None:
        reader, writer = await asyncio.open_connection(self.host, int(self.port))
        self.reader, self.writer = reader, writer
        try:
            await (self.stream() if self.way == "stream" else self.poll())
        finally:
            writer.close()

    def ask(self, path: str, **more: str) -> None:
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}", f"Cookie: canvass_session={self.cookie}"]
        lines += ["Accept-Encoding: gzip", *(f"{name.replace('_', '-')}: {value}" for name, value in more.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())

    async def stream(self) -> None:
        address, _, query = self.path.partition("?")
        self.ask(f"{address}/live?{query}")
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        text = ""
        while size := int(await self.reader.readline(), 16):
            packed = (await self.reader.readexactly(size + 2))[:-2]
            self.bytes += size
            self.answers += 1
            if self.reads:
                text += unpacker.decompress(packed).decode()
                *whole, text = text.split("\n\n")
                for frame in whole:
                    self.note(frame)
            self.come.set()

    async def poll(self) -> None:
        await asyncio.sleep(POLL_EVERY * hash((self.cookie, self.path)) % 1000 / 1000)
        tag = '""'
        while True:
            began = time.monotonic()
            self.ask(self.path, **{"HX-Request": "true", "If-None-Match": tag})
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = re.search(r"content-length: (\d+)", head)
            body = await self.reader.readexactly(int(length[1])) if length and " 304 " not in head else b""
            if found := re.search(r"etag: (\S+)", head):
                tag = found[1]
            self.bytes += len(body)
            self.answers += 1
            if body and self.reads:
                self.note(zlib.decompress(body, zlib.MAX_WBITS | 16).decode() if "gzip" in head else body.decode())
            self.come.set()
            await asyncio.sleep(max(0, POLL_EVERY - (time.monotonic() - began)))

    def note(self, block: str) -> None:
        if found := TOTAL.search(block):
            self.seen.append((time.monotonic(), int(re.sub(r"\D", "", found[1]))))


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    crowd = [Watcher(order, number) for number in range(len(order["cookies"]))]
    tasks = []
    for number, watcher in enumerate(crowd):
        tasks.append(asyncio.create_task(watcher.watch()))
        if number % 20 == 19:
            await asyncio.sleep(0.05)
    await asyncio.gather(*(watcher.come.wait() for watcher in crowd))
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
    told = [watcher for watcher in crowd if watcher.reads]
    totals = {"bytes": sum(w.bytes for w in crowd), "answers": sum(w.answers for w in crowd)}
    print(json.dumps({"seen": [watcher.seen for watcher in told], **totals}), flush=True)


if __name__ == "__main__":
    with suppress(asyncio.CancelledError):
        asyncio.run(main())
