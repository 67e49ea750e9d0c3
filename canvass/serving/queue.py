"""The queue in front of the worker threads: bounded, in lanes, and shared fairly among those who ask."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, TypeVar

W = TypeVar("W")


class Full(Exception):
    """There is no place left in the lane, or the one who asks has as many as anybody may have."""


@dataclass
class Lane(Generic[W]):
    """One kind of work: at most `most` of it wait, `share` of one asker's, and `at_once` occupy threads.

    A thread may take up to `together` of it at a time, see `Queue.more`.
    """

    most: int
    share: int
    at_once: int
    together: int = 1
    waiting: int = 0
    running: int = 0
    # Round-robin: the asker at the front is served next and then goes to the end.
    askers: OrderedDict[Hashable, deque[Place[W]]] = field(default_factory=OrderedDict)


@dataclass(eq=False, slots=True)
class Place(Generic[W]):
    """Work in the queue. `since` is when it came, by the monotonic clock."""

    lane: Lane[W]
    asker: Hashable
    work: W
    since: float
    is_waiting: bool = True


class Queue(Generic[W]):
    """Hands work to threads: the lanes take turns, and within a lane the askers do. May be used from any thread."""

    def __init__(self, *lanes: Lane[W]) -> None:
        self._lanes = deque(lanes)  # the next one to serve is in front
        self._mutex = threading.Lock()
        # Threads without work wait for a call. It is cheaper than a condition, and this is done twice per request.
        self._idle = 0
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._is_closed = False

    def put(self, lane: Lane[W], asker: Hashable, work: W) -> Place[W]:
        """Add work. Raises Full."""
        with self._mutex:
            mine = lane.askers.get(asker)
            if lane.waiting >= lane.most or (mine is not None and len(mine) >= lane.share):
                raise Full
            if mine is None:
                mine = lane.askers[asker] = deque()
            place = Place(lane, asker, work, time.monotonic())
            mine.append(place)
            lane.waiting += 1
            if self._idle and lane.running < lane.at_once:
                self._call()
        return place

    def is_full(self, lane: Lane[W], asker: Hashable) -> bool:
        """Would `put` refuse work just now?"""
        with self._mutex:
            return lane.waiting >= lane.most or len(lane.askers.get(asker, ())) >= lane.share

    def take(self, done: Lane[W] | None = None) -> Place[W] | None:
        """Wait for work, and return it; None once the queue is closed. `done` is the lane of what was taken before."""
        while True:
            with self._mutex:
                if done is not None:
                    done.running -= 1
                    done = None
                if self._is_closed:
                    return None
                if (place := self._next()) is not None:
                    return place
                self._idle += 1
            self._calls.get()

    def more(self, lane: Lane[W]) -> list[Place[W]]:
        """Return what may be done together with what a thread has just taken from the lane."""
        with self._mutex:
            return [self._first(lane) for _ in range(min(lane.together - 1, lane.waiting))]

    def drop(self, place: Place[W]) -> bool:
        """Remove work that nobody waits for any more; returns False when a thread has it already."""
        with self._mutex:
            if not place.is_waiting:
                return False
            self._remove(place, place.lane.askers[place.asker])
            return True

    def waiting(self, seconds: float = 0) -> list[Place[W]]:
        """Return the work that has waited for this long."""
        before = time.monotonic() - seconds
        with self._mutex:
            places = [place for lane in self._lanes for mine in lane.askers.values() for place in mine]
        return [place for place in places if place.since <= before]

    def close(self) -> None:
        """Let every thread that waits for work go, now and later. What waits stays undone."""
        with self._mutex:
            self._is_closed = True
            while self._idle:
                self._call()

    def _call(self) -> None:
        self._idle -= 1
        self._calls.put(None)

    def _next(self) -> Place[W] | None:
        for _ in range(len(self._lanes)):
            self._lanes.rotate(-1)
            lane = self._lanes[-1]
            if lane.waiting and lane.running < lane.at_once:
                lane.running += 1
                return self._first(lane)
        return None

    def _first(self, lane: Lane[W]) -> Place[W]:
        asker, mine = next(iter(lane.askers.items()))
        place = mine[0]
        self._remove(place, mine)
        if mine:
            lane.askers.move_to_end(asker)
        return place

    def _remove(self, place: Place[W], mine: deque[Place[W]]) -> None:
        mine.remove(place)
        if not mine:
            del place.lane.askers[place.asker]
        place.lane.waiting -= 1
        place.is_waiting = False
