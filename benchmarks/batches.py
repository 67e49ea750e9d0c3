"""Fifty operations a request, as a phone sends after an hour without coverage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks import singles
from benchmarks.limit import BATCH
from benchmarks.rows import Found, Row
from benchmarks.singles import Trial
from benchmarks.stage import Stage

TITLE = "Fifty operations a request"
ABOUT = """\
The same with fifty new attempts in each request, from four phones at once. The goal is 0.5 of what one connection of
the engine's driver commits fifty at a time (aim 0.8)."""
NEEDS = ("limit",)

NAME, PHONES, GOAL = "batches", 4, 0.5


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """Four phones on each engine."""
    return {(NAME, engine): partial(singles.posting, stage, engine, PHONES, BATCH) for engine in stage.engines}


def rows(found: Found) -> list[Row]:
    """Operations a second against the limit, and how long a request takes."""
    made = []
    for engine in found.engines(NAME):
        key, note = (NAME, engine), singles.wrong(found, NAME, engine)
        limit = found.against("the limit", key, ("limit of 50", engine))
        goal = GOAL if limit else None
        made.append(Row("4 at once", engine, found.median(*key), "operations/s", limit, goal, note=note))
        made.append(Row("4 at once, p50", engine, found.median(*key, "p50"), "ms"))
    return made
