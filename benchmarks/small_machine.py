"""A municipality's evening on a machine of one core and 512 MB."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks import cgroups, evenings, load
from benchmarks.evenings import Evening
from benchmarks.rows import Found, Row
from benchmarks.singles import Trial
from benchmarks.stage import SQLITE, Stage

TITLE = "A small machine"
ABOUT = """\
The server alone in a control group with one core and 512 MB, SQLite: 60 phones that hand in five operations a second
together, two pages a second, 20 screens that watch and an export now and then; then 16 phones that post as fast as they
are answered. No goal but to carry it."""
MOST_ROUNDS = 3

EVENING = Evening(phones=60, operations=5, pages=2, exports=0.2, screens=20)
LENGTH, FULL, AT_ONCE = 6.0, 2.0, 16  # times the seconds of a trial, phones


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """One, on SQLite."""
    return {("small", SQLITE): partial(_trial, stage)} if SQLITE in stage.engines else {}


def rows(found: Found) -> list[Row]:
    """How long things took, and what was left of the machine."""
    if not found.has("small", SQLITE):
        return []
    of, worst = partial(found.median, "small", SQLITE), partial(found.worst, "small", SQLITE)
    limited = cgroups.WAYS[int(of("way"))]
    lines = [
        ("an operation, p50", of("post p50"), "ms", None, ""),
        ("an operation, p99", of("post p99"), "ms", None, ""),
        ("a page, p50", of("page p50"), "ms", None, ""),
        ("a page, p99", of("page p99"), "ms", None, ""),
        ("wrong answers or ended streams", worst("wrong"), "", 0, ""),
        ("memory, the most", worst("memory"), "MB", cgroups.MB, f"limited by {limited}"),
        ("processor", of("cores"), "cores", None, ""),
        ("full posting", of("full"), "operations/s", None, ""),
    ]
    return [
        Row(name, SQLITE, value, unit, goal=goal, is_most=True, note=note) for name, value, unit, goal, note in lines
    ]


def _trial(stage: Stage) -> Trial:
    scene, seconds = stage.scene(SQLITE), stage.size.seconds

    def once() -> dict[str, float]:
        with cgroups.small() as (command, way), stage.serving(SQLITE, confined=command) as server:
            course = evenings.spend(stage, SQLITE, server, EVENING, LENGTH * seconds, 0.2)
            makers = [phone.posts(server.host) for phone in scene.phones(100, AT_ONCE)]
            full = load.drive(server.address, makers, FULL * seconds, good=b'"stored"')
            memory = max(server.memory(), *(note[0] for note in course.notes))
        posts, shown, taken = course.posts.figures(), course.pages.figures(), course.exports.figures()
        return {
            **{f"post {name}": posts[name] for name in ("p50", "p99")},
            **{f"page {name}": shown[name] for name in ("p50", "p99")},
            "wrong": posts["wrong"] + shown["wrong"] + taken["wrong"] + full.figures()["wrong"] + course.ended,
            "memory": memory,
            "way": float(cgroups.WAYS.index(way)),
            "cores": course.cores,
            "full": full.figures()["rate"],
        }

    return once
