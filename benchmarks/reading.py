"""How long the pages take that are opened most, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks import load
from benchmarks.rows import Found, Row
from benchmarks.scene import Scene
from benchmarks.singles import Trial, wrong
from benchmarks.stage import SLOW, Stage

TITLE = "Reading"
ABOUT = """\
One connection that opens the same page again and again, at the demo's size: a campaign with 12 500 attempts, six
associations and 14 areas, and 1 260 people. The goals are 4 ms for the phone's `hello` and 20 ms for the campaign's
page."""

GOALS: dict[str, float | None] = {
    "hello": 4.0,
    "the campaign": 20.0,
    "the reports": None,
    "the map": None,
    "the list of campaigns": None,
}


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """Each page on each engine."""
    return {
        (page, engine): partial(_trial, stage, engine, page)
        for engine in stage.engines
        if engine != SLOW
        for page in GOALS
    }


def rows(found: Found) -> list[Row]:
    """The median of each page."""
    return [
        Row(
            page,
            engine,
            found.median(page, engine, "p50"),
            "ms",
            goal=goal,
            is_most=True,
            note=wrong(found, page, engine),
        )
        for page, goal in GOALS.items()
        for engine in found.engines(page)
    ]


def addresses(scene: Scene) -> dict[str, tuple[str, str]]:
    """(path, session token) of each page."""
    leader = scene.leaders[0]
    return {
        "hello": ("/api/v1/hello", scene.volunteers[0]),
        "the campaign": (f"/campaigns/{scene.campaign}", leader),
        "the reports": ("/reports", leader),
        "the map": (f"/campaigns/{scene.campaign}/map", leader),
        "the list of campaigns": ("/campaigns", leader),
    }


def _trial(stage: Stage, engine: str, page: str) -> Trial:
    server = stage.product(engine)
    path, session = addresses(stage.scene(engine))[page]
    makers = [load.forever(load.get(server.host, path, f"canvass_session={session}"))]
    return lambda: load.drive(server.address, makers, stage.size.seconds / 2).figures()
