"""Streams: each block of numbers is rendered once when something has changed, and sent to all who watch it.

Each process has one hub. Its thread looks for commits, by whichever process, and renders; watchers are tasks of the
server's event loop and need no thread. Only the latest frame is kept, so a slow reader skips frames and none queue up.

To make something else watchable: make a `Subject` (what is rendered, and of which campaign and organisation), write a
guard (which of these keys may still watch? one query for all of them, such as sessions.still_valid), and have the view,
when it has checked the person's right, return `watching.answer(subject, guard, key)` (canvass/web/insight/watching.py).
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from canvass.core import db, markers
from canvass.counting import tallies
from canvass.members import organisations

LOOK_EVERY = 0.1  # seconds between two looks for commits
# The least time between two rounds of rendering, and the share of a core that they may take: when a round costs much,
# the next comes later, but at most MOST after it. Without changes a block is rendered again after RENEW_EVERY, since
# "today" ends at night.
TICK, SHARE, MOST = 0.5, 0.07, 10.0  # seconds, of one, seconds
RENEW_EVERY = 60.0
# The least time between two renderings of a block for changes that raise no pulse, such as a new target or what waits
# on phones. Each round renders one such block.
SEEN_EVERY = 2.0
CHECK_EVERY = 1.0  # the least time between two looks at who may still watch
LINES_EVERY = 10.0  # the least time between two readings of the tree of organisations
HEARTBEAT = 15.0  # how often a comment is sent, so that both ends notice when the other is gone
LIFETIME = 30 * 60  # of a stream; then the browser opens another, and the view checks the person's right again
GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"

log = logging.getLogger(__name__)
Guard = Callable[[set[Any]], Collection[Hashable]]


class Gone(LookupError):
    """What was watched does not exist any more."""


@dataclass(frozen=True)
class Subject:
    """A block that can be watched. Equal subjects share one rendering, which must not depend on who watches."""

    key: tuple[Hashable, ...]
    campaign_id: str
    # The ids of the organisation whose numbers they are, its parent, and so on up. When these change, streams end.
    line: tuple[str, ...]
    # Called in an app context, in a transaction that only reads. Raises Gone.
    render: Callable[[], str] = field(compare=False)


@dataclass(frozen=True)
class Watch:
    """A granted right to watch: `guard` tells whether `key` still has it."""

    subject: Subject
    guard: Guard
    key: Hashable


class Frame:
    """Text to send to all watchers of a subject, compressed once."""

    def __init__(self, text: str) -> None:
        self.plain = text.encode()
        # A full flush: the data refers to nothing before it and ends on a whole byte; frames can follow in any order.
        packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self.packed = packer.compress(self.plain) + packer.flush(zlib.Z_FULL_FLUSH)


class Seat:
    """One watcher. Used in the event loop only."""

    def __init__(self, watch: Watch, room: Room) -> None:
        self.watch, self.room = watch, room
        self.news = asyncio.Event()
        self.is_ended = False

    def end(self) -> None:
        """The stream ends before its next frame."""
        self.is_ended = True
        self.news.set()

    async def frames(self, *, is_packed: bool) -> AsyncIterator[bytes]:
        """The bytes to send until the seat is ended; of several unsent frames only the latest."""
        if is_packed:
            yield GZIP_HEADER
        shown: Frame | None = None
        while not self.is_ended:
            self.news.clear()
            frame = self.room.frame
            if frame is None or frame is shown:
                frame = self.room.ping
            else:
                shown = frame
            if frame is not None:
                yield frame.packed if is_packed else frame.plain
            await self.news.wait()


class Room:
    """A subject with its watchers and its latest frame."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.seats: set[Seat] = set()
        self.text: str | None = None
        self.frame: Frame | None = None
        self.ping: Frame | None = None
        self.rendered_at = float("-inf")
        self.is_behind = True  # something was committed since it was rendered


class Hub:
    """All rooms of a process, and the thread that renders for them. `enter` opens an app context."""

    def __init__(self, enter: Callable[[], AbstractContextManager[object]]) -> None:
        self.renders = 0  # ever
        self._enter = enter
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rooms: dict[Subject, Room] = {}
        self._changed = threading.Condition()  # guards _rooms and their seats
        self._is_closed = False
        self._beats: dict[tuple[str, str], int] = {}
        self._lines: dict[str, tuple[str, ...]] = {}
        self._lines_at = self._checked_at = float("-inf")
        self._is_unchecked = False

    # --- from the event loop --------------------------------------------------------------------------------

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the thread. It does not look for commits until somebody watches."""
        self._loop = loop
        threading.Thread(target=self._work, name="streams", daemon=True).start()

    def close(self) -> None:
        """End every stream and start no more. May be called from a signal handler, and several times."""
        self._is_closed = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        with self._changed:
            self._changed.notify()
            for room in self._rooms.values():
                for seat in room.seats:
                    seat.end()

    def join(self, watch: Watch) -> Seat:
        """A seat for a watcher; call `leave` when it is gone."""
        with self._changed:
            room = self._rooms.setdefault(watch.subject, Room(watch.subject))
            seat = Seat(watch, room)
            room.seats.add(seat)
            self._changed.notify()
        if self._is_closed:
            seat.end()
        elif self._loop is not None:
            # Spread out, so that those who came at the same moment do not all come back at the same moment.
            self._loop.call_later(LIFETIME * random.uniform(0.9, 1), seat.end)
        return seat

    def leave(self, seat: Seat) -> None:
        """The watcher is gone."""
        with self._changed:
            seat.room.seats.discard(seat)
            if not seat.room.seats:
                self._rooms.pop(seat.watch.subject, None)

    # --- in the thread --------------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._is_closed:
            with self._changed:
                self._changed.wait_for(lambda: self._rooms or self._is_closed)
            try:
                if not self._is_closed:
                    self._watch()
            except Exception:
                # The database may be gone. Browsers try again by themselves, and the view tells them what is wrong.
                log.exception("no live numbers")
                with self._changed:
                    seats = [seat for room in self._rooms.values() for seat in room.seats]
                    self._end(seats)
                    self._changed.wait_for(lambda: self._is_closed, timeout=1)

    def _watch(self) -> None:
        """Look for commits for as long as anybody watches."""
        with self._enter():
            marker = markers.Marker(db.db.engine)
        try:
            seen: object = None
            next_round = next_beat = time.monotonic()
            while self._rooms and not self._is_closed:
                now = time.monotonic()
                mark = marker.read()
                with self._changed:
                    rooms = list(self._rooms.values())
                if mark != seen:
                    seen, self._is_unchecked = mark, True
                    for room in rooms:
                        room.is_behind = True
                if now >= next_beat:
                    next_beat = now + HEARTBEAT
                    self._ping(rooms)
                is_new = any(room.text is None for room in rooms)
                if is_new or now >= next_round:
                    worked = time.thread_time()
                    self._round(rooms)
                    worked = time.thread_time() - worked
                    took = time.monotonic() - now
                    # At least half of the time is left to others, also when a round is slow because it waits for them.
                    next_round = now + min(MOST, max(TICK, worked / SHARE, 2 * took))
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closed, LOOK_EVERY)
        finally:
            marker.close()

    def _round(self, rooms: list[Room]) -> None:
        """End the streams of those who may no longer watch, and render what has changed."""
        now = time.monotonic()
        old = [room for room in rooms if now - room.rendered_at >= RENEW_EVERY]
        if not old and not self._is_unchecked and not any(room.is_behind for room in rooms):
            return
        with self._reading():
            self._check(rooms, now)
            touched = self._touched(rooms)
        new = [room for room in rooms if room.text is None]
        # One of the others, that which has waited longest: many quiet rooms must not slow down a busy one.
        waiting = [room for room in rooms if room.is_behind and now - room.rendered_at >= SEEN_EVERY]
        late = sorted(waiting, key=lambda room: room.rendered_at)[:1]
        for room in dict.fromkeys([*touched, *new, *late, *old]):
            self._render(room, now)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """A transaction that only reads. It must be short: on SQLite it may delay those who write."""
        with self._enter():
            db.read_only()
            yield

    def _check(self, rooms: list[Room], now: float) -> None:
        """End the streams of those who may no longer watch, with one call of each guard; and of moved organisations."""
        if now - self._checked_at < CHECK_EVERY:
            return
        self._checked_at, self._is_unchecked = now, False
        seats: dict[Guard, list[Seat]] = defaultdict(list)
        with self._changed:
            for room in rooms:
                for seat in room.seats:
                    seats[seat.watch.guard].append(seat)
        for guard, held in seats.items():
            valid = guard({seat.watch.key for seat in held})
            self._end(seat for seat in held if seat.watch.key not in valid)
        if now - self._lines_at >= LINES_EVERY:
            self._lines_at, self._lines = now, organisations.lines()
            for room in rooms:
                if self._lines.get(room.subject.line[0]) != room.subject.line:
                    self._end(room.seats)

    def _touched(self, rooms: Iterable[Room]) -> list[Room]:
        """The rooms in whose campaign something was counted at their organisation or beneath since the last time."""
        before, self._beats = self._beats, tallies.beats({room.subject.campaign_id for room in rooms})
        places = {
            (campaign_id, above)
            for (campaign_id, organisation_id), beat in self._beats.items()
            if before.get((campaign_id, organisation_id)) != beat
            for above in self._lines.get(organisation_id, (organisation_id,))
        }
        return [room for room in rooms if (room.subject.campaign_id, room.subject.line[0]) in places]

    def _render(self, room: Room, now: float) -> None:
        room.rendered_at, room.is_behind = now, False
        self.renders += 1
        try:
            with self._reading():
                text = room.subject.render()
        except Gone:
            self._end(room.seats)
            return
        except Exception:
            log.exception("a block could not be rendered")  # the others can
            self._end(room.seats)
            return
        if text != room.text:
            room.text = text
            lines = "".join(f"data: {line}\n" for line in text.splitlines())
            room.frame = Frame(f"{lines}\n")  # htmx swaps what has no event's name
            self._wake(room.seats)

    def _ping(self, rooms: list[Room]) -> None:
        ping = Frame("event: ping\n\n")  # not a comment: of those htmx says nothing
        for room in rooms:
            room.ping = ping
            self._wake(room.seats)

    def _wake(self, seats: Iterable[Seat]) -> None:
        self._each(seats, lambda seat: seat.news.set())

    def _end(self, seats: Iterable[Seat]) -> None:
        self._each(seats, Seat.end)

    def _each(self, seats: Iterable[Seat], act: Callable[[Seat], object]) -> None:
        """Do this to all seats in one call of the event loop: waking the loop costs more than waking a watcher."""
        with self._changed:
            chosen = list(seats)
        assert self._loop is not None
        if chosen:
            self._loop.call_soon_threadsafe(lambda: [act(seat) for seat in chosen])
