"""Many screens that watch while phones post: what they cost, how soon they see it, and what they take from posting."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks import crowd, load
from benchmarks.rows import Found, Row, percentile
from benchmarks.singles import Trial
from benchmarks.stage import SLOW, SQLITE, Stage

TITLE = "Watching"
ABOUT = """\
Streams of the live block, three in seven of the whole campaign and the others of an association. First 2 000 of them
beside 100 operations a second: from the answer to a phone (which comes after the commit) until a screen has been sent
a total that includes it, and what the server's processes use in all. Then phones that post as fast as they are
answered, 32 at once, with nobody watching, 500 and 5 000. The goals: a median under a second and a p99 under three;
under one core and 300 MB; at least 0.9 of the posting with 500, and 0.6 with 5 000."""
MOST_ROUNDS = 3

RATE, PHONES = 100, 32
LAST = 3.0  # seconds for what was posted last to reach the screens
UNSEEN = 60.0  # seconds that stand for what a screen was never sent
STEADY, FULL = 5.0, 2.0  # times the seconds of a trial
MOST_MEDIAN, MOST_P99, MOST_CORES, MOST_MB = 1.0, 3.0, 1.0, 300.0
GOAL_SOME, GOAL_MOST = 0.9, 0.6


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """Posting beside nobody, some and most, and on both engines a steady rate beside many."""
    made: dict[tuple[str, str], Callable[[], Trial]] = {}
    if SQLITE in stage.engines:
        made["nobody", SQLITE] = partial(_full, stage, SQLITE, 0)
        made["some", SQLITE] = partial(_full, stage, SQLITE, stage.size.screens)
        made["most", SQLITE] = partial(_full, stage, SQLITE, stage.size.most_watchers)
    for engine in stage.engines:
        if engine != SLOW:
            made["many", engine] = partial(_steady, stage, engine, stage.size.watchers)
    return made


def rows(found: Found) -> list[Row]:
    """What many cost and see, and what some and most take from posting."""
    made = []
    for engine in found.engines("many"):
        of = partial(found.median, "many", engine)
        title = f"{of('screens'):.0f} screens, {RATE} operations a second"
        for what, figure, unit, goal in (
            ("commit to screen, median", "p50", "s", MOST_MEDIAN),
            ("commit to screen, p99", "p99", "s", MOST_P99),
            ("processor", "cores", "cores", MOST_CORES),
            ("memory", "memory", "MB", MOST_MB),
            ("a post, p99", "post p99", "ms", None),
        ):
            made.append(Row(f"{title}: {what}", engine, of(figure), unit, goal=goal, is_most=True))
        made.append(Row(f"{title}: taken in", engine, of("rate"), "operations/s", goal=0.95 * RATE))
    for name, goal in (("nobody", None), ("some", GOAL_SOME), ("most", GOAL_MOST)):
        for engine in found.engines(name):
            key, ended = (name, engine), found.worst(name, engine, "wrong")
            nobody = found.against("0 screens", key, ("nobody", engine)) if goal else None
            note = f"{ended:.0f} wrong answers or ended streams" if ended else ""
            title = f"{found.median(*key, 'screens'):.0f} screens, full posting"
            value = found.median(*key)
            made.append(Row(title, engine, value, "operations/s", nobody, goal, note=note))
    return made


def _full(stage: Stage, engine: str, number: int) -> Trial:
    """Posting as fast as it is answered beside so many screens."""

    def once() -> dict[str, float]:
        seconds = FULL * stage.size.seconds
        if not number:
            return _post(stage, engine, seconds, None)[1]
        paths, cookies = stage.scene(engine).screens(number)
        with crowd.watching(stage.product(engine), paths, cookies, stage.environment()) as screens:
            figures = _post(stage, engine, seconds, None)[1]
            figures["wrong"] += screens.leave()["ended"]
        return figures | {"screens": float(number)}

    stage.product(engine)
    return once


def _steady(stage: Stage, engine: str, number: int) -> Trial:
    """A steady rate beside so many screens."""
    server = stage.product(engine)

    def once() -> dict[str, float]:
        paths, cookies = stage.scene(engine).screens(number)
        with crowd.watching(server, paths, cookies, stage.environment()) as screens:
            seconds, cpu = STEADY * stage.size.seconds, server.cpu()
            found, figures = _post(stage, engine, seconds, RATE)
            figures["cores"] = (server.cpu() - cpu) / seconds
            figures["memory"] = server.memory()
            time.sleep(LAST)
            told = screens.leave()
        waits = delays(found.moments, told["seen"])
        figures |= {"p50": percentile(waits, 50), "p99": percentile(waits, 99), "post p99": figures["p99"]}
        return figures | {"screens": float(number)}

    return once


def _post(stage: Stage, engine: str, seconds: float, rate: float | None) -> tuple[load.Result, dict[str, float]]:
    server = stage.product(engine)
    phones = stage.scene(engine).phones(0, PHONES)
    for phone in phones:
        phone.only = "talked"  # so that every operation moves the total that is shown
    makers = [phone.posts(server.host) for phone in phones]
    found = load.drive(server.address, makers, seconds, good=b'"stored"', rate=rate, warm_up=0.0)
    return found, found.figures() | {"screens": 0.0}


def delays(moments: list[float], seen: list[list[Any]]) -> list[float]:
    """Seconds from each answered post until each screen that reads was sent a total that includes it."""
    found = []
    for shown in seen:
        if not shown:
            continue
        base, totals = shown[0][1], [total for _, total in shown]
        for number, moment in enumerate(sorted(moments), 1):
            first = bisect_left(totals, base + number)
            if first < len(shown):
                found.append(max(0.0, shown[first][0] - moment))
            else:
                found.append(UNSEEN)
    return found
