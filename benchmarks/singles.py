"""One operation a request, from 1, 32 and 64 phones at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks import load
from benchmarks.rows import Found, Key, Reference, Row
from benchmarks.stage import Stage

TITLE = "One operation a request"
ABOUT = """\
`POST /api/v1/sync` with one new attempt a request, each connection with a phone, an author and an installation of its
own, over six associations. Each answer comes after a durable commit, counted and authorised. The limit is the engine's
single connection in the same round. The goal is 0.25 of it (aim 0.35), with a p99 of at most three medians."""
NEEDS = ("limit",)

PHONES = (1, 32, 64)
GOAL, GOAL_P99 = 0.25, 3.0

Trial = Callable[[], dict[str, float]]


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """Each number of phones on each engine."""
    return {
        (f"singles {number}", engine): partial(posting, stage, engine, number)
        for engine in stage.engines
        for number in PHONES
    }


def posting(stage: Stage, engine: str, number: int, operations: int = 1) -> Trial:
    """A trial of so many phones that post as fast as they are answered; the rate is of operations."""
    server = stage.product(engine)
    phones = stage.scene(engine).phones(0, number)

    def once() -> dict[str, float]:
        makers = [phone.posts(server.host, operations) for phone in phones]
        found = load.drive(server.address, makers, stage.size.seconds, good=b'"stored"')
        return found.figures(operations)

    return once


def rows(found: Found) -> list[Row]:
    """Rate against the limit, and p99 against p50."""
    return [
        row
        for number in PHONES
        for engine in found.engines(f"singles {number}")
        for row in _of_one(found, (f"singles {number}", engine), number)
    ]


def _of_one(found: Found, key: Key, number: int) -> list[Row]:
    title, engine = f"{number} at once", key[1]
    limit = found.against("the limit", key, ("limit", engine))
    p50, p99 = (found.median(*key, figure) for figure in ("p50", "p99"))
    longer = Reference("p50", p50, p99 / p50 if p50 else 0.0)
    goal, goal_p99 = (GOAL if limit else None, GOAL_P99) if number > 1 else (None, None)
    return [
        Row(title, engine, found.median(*key), "operations/s", limit, goal, note=wrong(found, *key)),
        Row(f"{title}, p99", engine, p99, "ms", longer, goal_p99, is_most=True),
    ]


def wrong(found: Found, name: str, engine: str) -> str:
    """A note when there were wrong answers."""
    number = found.worst(name, engine, "wrong")
    return f"{number:.0f} wrong answers" if number else ""
