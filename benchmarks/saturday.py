"""Half an hour of the last Saturday before an election: whether anything grows that should not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median

from benchmarks import evenings
from benchmarks.evenings import Evening
from benchmarks.rows import Found, Reference, Row
from benchmarks.servers import Product
from benchmarks.singles import Trial
from benchmarks.stage import SLOW, Stage

TITLE = "Election Saturday"
ABOUT = """\
Thirty minutes of 100 operations a second from 300 phones, 500 screens that watch, five pages a second, and an export
every twenty seconds. What the server uses is noted all the time; a row compares the median of the last quarter with
that of the second. The goals: memory within 3 per cent, open files and the write-ahead log no larger, nothing answered
wrongly, and every counter agrees with the rows afterwards."""
MOST_ROUNDS = 1

RATE = 100.0
EVENING = Evening(phones=300, operations=RATE, pages=5, exports=0.05, screens=500)
GOAL_MEMORY, GOAL_FLAT = 1.03, 1.1
WATCHED = ("memory", "open files", "write-ahead log")


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """Once on each engine, one after the other."""
    return {("saturday", engine): partial(_trial, stage, engine) for engine in stage.engines if engine != SLOW}


def rows(found: Found) -> list[Row]:
    """What grew, and how it went meanwhile."""
    return [row for engine in found.engines("saturday") for row in _of_one(found, engine)]


def _of_one(found: Found, engine: str) -> list[Row]:
    def of(figure: str) -> float:
        return found.median("saturday", engine, figure)

    made = []
    for name, unit, most in (
        ("memory", "MB", GOAL_MEMORY),
        ("open files", "", GOAL_FLAT),
        ("write-ahead log", "MB", GOAL_FLAT),
    ):
        last, second = of(f"{name} last"), of(f"{name} second")
        if second:
            before = Reference("the second", second, last / second)
            made.append(Row(f"{name}, last quarter", engine, last, unit, before, most, is_most=True))
    made.append(Row("taken in", engine, of("rate"), "operations/s", goal=0.99 * RATE))
    for title, figure, unit in (
        ("an operation, p50", "post p50", "ms"),
        ("an operation, p99", "post p99", "ms"),
        ("a page, p99", "page p99", "ms"),
        ("an export, p99", "export p99", "ms"),
        ("processor", "cores", "cores"),
    ):
        made.append(Row(title, engine, of(figure), unit))
    for title, figure in (("wrong answers", "wrong"), ("counters amiss", "amiss")):
        made.append(Row(title, engine, of(figure), "", goal=0, is_most=True))
    return made


def _trial(stage: Stage, engine: str) -> Trial:
    def once() -> dict[str, float]:
        seconds = stage.size.minutes * 60
        with stage.serving(engine) as server:
            return _spend(stage, engine, server, seconds)

    stage.scene(engine)
    return once


def _spend(stage: Stage, engine: str, server: Product, seconds: float) -> dict[str, float]:
    evening = Evening(**{**EVENING.__dict__, "screens": min(EVENING.screens, stage.size.screens)})
    course = evenings.spend(stage, engine, server, evening, seconds, max(0.2, seconds / 900))
    posts, shown, taken = course.posts.figures(), course.pages.figures(), course.exports.figures()
    quarter = max(1, len(course.notes) // 4)
    figures = {}
    for number, name in enumerate(WATCHED):
        figures[f"{name} second"] = float(median(note[number] for note in course.notes[quarter : 2 * quarter]))
        figures[f"{name} last"] = float(median(note[number] for note in course.notes[-quarter:]))
    return figures | {
        "rate": posts["rate"],
        "post p50": posts["p50"],
        "post p99": posts["p99"],
        "page p99": shown["p99"],
        "export p99": taken["p99"],
        "cores": course.cores,
        "wrong": posts["wrong"] + shown["wrong"] + taken["wrong"],
        "amiss": float(not server.is_counted_right()),
    }
