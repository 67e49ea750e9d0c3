"""The queue before the worker threads: who is next, and who gets no place."""

from __future__ import annotations

import threading
from collections.abc import Hashable

import pytest

from canvass.serving.queue import Full, Lane, Queue
from tests.conftest import PATIENCE


class Bench:
    """A queue of taps and batches, and the order in which one thread gets them."""

    def __init__(self, *, most: int = 100, share: int = 100, threads: int = 2) -> None:
        self.taps: Lane[str] = Lane(most, share, at_once=threads)
        self.batches: Lane[str] = Lane(most, share, at_once=threads // 2)
        self.queue = Queue(self.taps, self.batches)

    def taken(self, times: int) -> list[str]:
        """What a thread takes that finishes each before the next."""
        found, lane = [], None
        for _ in range(times):
            place = self.queue.take(done=lane)
            assert place is not None
            lane = place.lane
            found.append(place.work)
        return found

    def put(self, lane: Lane[str], asker: Hashable, *works: str) -> None:
        for work in works:
            self.queue.put(lane, asker, work)


def test_a_greedy_phone_delays_only_itself() -> None:
    bench = Bench()
    bench.put(bench.taps, "greedy", "g1", "g2", "g3")
    bench.put(bench.taps, "alva", "a1", "a2")
    bench.put(bench.taps, "bo", "b1")
    assert bench.taken(6) == ["g1", "a1", "b1", "g2", "a2", "g3"]


def test_taps_and_batches_take_turns() -> None:
    bench = Bench()
    bench.put(bench.batches, "alva", "batch 1", "batch 2", "batch 3")
    bench.put(bench.taps, "bo", "tap 1", "tap 2")
    assert bench.taken(5) == ["tap 1", "batch 1", "tap 2", "batch 2", "batch 3"]


def test_batches_leave_a_thread_for_taps() -> None:
    bench = Bench(threads=2)
    bench.put(bench.batches, "alva", "batch 1", "batch 2")
    first = bench.queue.take()
    assert first is not None
    assert first.work == "batch 1"
    began, second = threading.Event(), []

    def other() -> None:
        began.set()
        place = bench.queue.take()
        second.append(place and place.work)

    thread = threading.Thread(target=other)
    thread.start()
    assert began.wait(PATIENCE)
    bench.put(bench.taps, "bo", "tap")
    thread.join(PATIENCE)
    assert second == ["tap"]
    assert [place.work for place in bench.queue.waiting()] == ["batch 2"]


def test_a_lane_has_an_end_and_the_other_is_not_touched() -> None:
    bench = Bench(most=2)
    bench.put(bench.batches, "alva", "one")
    bench.put(bench.batches, "bo", "two")
    assert bench.queue.is_full(bench.batches, "cia")
    with pytest.raises(Full):
        bench.put(bench.batches, "cia", "three")
    assert not bench.queue.is_full(bench.taps, "cia")
    bench.put(bench.taps, "cia", "tap")
    assert len(bench.queue.waiting()) == 3


def test_a_phone_has_a_few_places_and_gets_them_back() -> None:
    bench = Bench(share=2)
    bench.put(bench.taps, "alva", "one", "two")
    with pytest.raises(Full):
        bench.put(bench.taps, "alva", "three")
    assert bench.taken(1) == ["one"]
    bench.put(bench.taps, "alva", "three")
    assert bench.taken(2) == ["two", "three"]


def test_what_is_dropped_is_not_taken_and_its_place_is_free() -> None:
    bench = Bench(most=2)
    gone = bench.queue.put(bench.taps, "alva", "gone")
    bench.put(bench.taps, "bo", "there")
    assert bench.queue.drop(gone)
    assert not bench.queue.drop(gone)
    bench.put(bench.taps, "cia", "new")
    assert bench.taken(2) == ["there", "new"]


def test_every_piece_of_work_is_taken_once_by_one_of_many_threads() -> None:
    bench = Bench(most=10_000, share=10_000, threads=8)
    taken: list[str] = []

    def work() -> None:
        lane = None
        while (place := bench.queue.take(done=lane)) is not None:
            lane = place.lane
            taken.append(place.work)
            if len(taken) == 2000:
                bench.queue.close()

    def ask(name: str) -> None:
        for number in range(250):
            bench.put(bench.batches if number % 3 else bench.taps, name, f"{name} {number}")

    threads = [threading.Thread(target=work) for _ in range(8)]
    threads += [threading.Thread(target=ask, args=(f"phone {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(taken) == len(set(taken)) == 2000


def test_closing_lets_those_who_wait_go() -> None:
    bench = Bench()
    threads = [threading.Thread(target=bench.queue.take) for _ in range(3)]
    for thread in threads:
        thread.start()
    bench.queue.close()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert bench.queue.take() is None
