"""A herd: everybody's phones come back at one moment after an outage, and somebody taps in the middle of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from random import Random

from benchmarks import load
from benchmarks.phones import Phone
from benchmarks.rows import Found, Row, percentile
from benchmarks.servers import Product
from benchmarks.singles import Trial
from benchmarks.stage import POSTGRESQL, SLOW, Stage

TITLE = "Everybody at once"
ABOUT = """\
After an outage 500 phones come back at the same moment with 20 operations each: over six associations, and all in
one, whose counters they share. They behave as `static/js/phone/queue/deliver.js` does: 20 s without an answer is a
time-out, a 503 says how long to wait, and other failures back off from 2 s. Meanwhile ten volunteers tap, or open the
page (`hello`), ten times a second together; theirs is the time until the tap is stored, waiting included. The goals:
all is counted within 20 s, nothing times out, no error is shown to anybody, no deadlock is in PostgreSQL's log, the
volunteers are answered within a second at p95, and who is turned away knows it within 50 ms. Each round has a server
of its own; afterwards every counter is compared with the rows."""
MOST_ROUNDS = 3

OPERATIONS, VOLUNTEERS, EVERY = 20, 10, 0.1  # of each phone, in the middle, seconds between two of them
PHONE_PATIENCE, FIRST_PAUSE, LONGEST_PAUSE = 20.0, 2.0, 300.0  # seconds, as in deliver.js
GIVEN_UP = 90.0  # seconds after which a round ends, whatever is still waiting
GOAL_SECONDS, GOAL_P95, GOAL_TOLD = 20.0, 1.0, 0.05
SETTLED = ("stored", "duplicate", "superseded")
LAYOUTS = {"six associations": False, "one association": True}


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """Both layouts on each engine, and on PostgreSQL with two serving processes where there is a setting for it."""
    made: dict[tuple[str, str], Callable[[], Trial]] = {}
    for engine in stage.engines:
        if engine == SLOW:
            continue
        for layout in LAYOUTS:
            made[layout, engine] = partial(_trial, stage, engine, layout, {})
            if engine == POSTGRESQL and _is_setting("CANVASS_WORKERS"):
                two = {"CANVASS_WORKERS": "2"}
                made[f"{layout}, 2 processes", engine] = partial(_trial, stage, engine, layout, two)
    return made


def rows(found: Found) -> list[Row]:
    """What every phone, and those in the middle, went through."""
    return [row for name, engine in found.trials() for row in _of_one(found, name, engine)]


def _of_one(found: Found, name: str, engine: str) -> list[Row]:
    left = found.worst(name, engine, "left")
    given_up = f"given up with {left:.0f} phones waiting" if left else ""

    def row(title: str, figure: str, unit: str, goal: float | None, note: str = "") -> Row:
        value = found.worst(name, engine, figure) if goal == 0 else found.median(name, engine, figure)
        return Row(f"{name}: {title}", engine, value, unit, goal=goal, is_most=True, note=note)

    return [
        row("all counted after", "seconds", "s", GOAL_SECONDS, given_up),
        row("requests timed out", "timeouts", "", 0),
        row("errors shown", "errors", "", 0),
        row("told to come back later", "later", "times", None),
        row("told so after, median", "told", "s", GOAL_TOLD),
        row("a volunteer in the middle, p95", "p95", "s", GOAL_P95),
        row("counters or rows amiss", "amiss", "", 0),
        *([row("deadlocks", "deadlocks", "", 0)] if engine == POSTGRESQL else []),
    ]


def _is_setting(variable: str) -> bool:
    from canvass.core import settings

    return any(one.variable == variable for one in settings.SETTINGS)


def _trial(stage: Stage, engine: str, layout: str, variables: dict[str, str]) -> Trial:
    scene, number = stage.scene(engine), stage.size.phones

    def once() -> dict[str, float]:
        phones = scene.phones(0, number, in_one=LAYOUTS[layout])
        middle = scene.phones(len(scene.spread) - VOLUNTEERS, VOLUNTEERS)
        log = len(stage.postgres_log()) if engine == POSTGRESQL else 0
        with stage.serving(engine, variables=variables) as server:
            before, crowd = server.attempts(), Crowd(server)
            asyncio.run(crowd.come(phones, list(zip(middle, scene.volunteers[-VOLUNTEERS:], strict=True))))
            figures = crowd.figures()
            missed = abs(server.attempts() - before - number * OPERATIONS - crowd.taps) if not crowd.left else 0
            figures["amiss"] = float(missed + (not server.is_counted_right()))
        if engine == POSTGRESQL:
            figures["deadlocks"] = float(stage.postgres_log()[log:].count("deadlock detected"))
        return figures

    return once


@dataclass
class Crowd:
    """The phones that come back and the volunteers in the middle, and what became of their requests."""

    server: Product
    random: Random = field(default_factory=lambda: Random(5))
    seconds: float = 0.0
    left: int = 0  # phones that still wait
    taps: int = 0
    timeouts: int = 0
    errors: int = 0
    later: int = 0
    middle: list[float] = field(default_factory=list)  # seconds that each volunteer waited
    told: list[float] = field(default_factory=list)  # seconds until a phone was told to come back later

    async def come(self, phones: list[Phone], middle: list[tuple[Phone, str]]) -> None:
        """Let them all come at once, and return when all is counted, or they have been given up."""
        herd = [asyncio.ensure_future(self.hand_in(p, [p.operation() for _ in range(OPERATIONS)])) for p in phones]
        tapping = asyncio.ensure_future(self.tap(middle))
        began = time.monotonic()
        _done, waiting = await asyncio.wait(herd, timeout=GIVEN_UP)
        self.seconds, self.left = time.monotonic() - began, len(waiting)
        tapping.cancel()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*herd, tapping, return_exceptions=True)
        for task in herd:
            if not task.cancelled():
                task.result()

    async def tap(self, volunteers: list[tuple[Phone, str]]) -> None:
        """Have one after the other tap or open the page, until cancelled; those under way are waited for."""
        asking: list[asyncio.Future[None]] = []
        number = 0
        with suppress(asyncio.CancelledError):
            while True:
                phone, session = volunteers[number % len(volunteers)]
                is_tap = number // len(volunteers) % 2 == 0
                asking.append(asyncio.ensure_future(self.one_tap(phone) if is_tap else self.one_hello(session)))
                number += 1
                await asyncio.sleep(EVERY)
        if self.left:
            for one in asking:
                one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def one_tap(self, phone: Phone) -> None:
        began = time.monotonic()
        try:
            await self.hand_in(phone, [phone.operation()])
            self.taps += 1
        finally:
            self.middle.append(time.monotonic() - began)

    async def one_hello(self, session: str) -> None:
        request = load.get(self.server.host, "/api/v1/hello", f"canvass_session={session}")
        began = time.monotonic()
        try:
            await self.until_answered(lambda: request)
        finally:
            self.middle.append(time.monotonic() - began)

    async def hand_in(self, phone: Phone, operations: list[str]) -> None:
        """Send until a verdict has come for each, as the phone does."""
        pending = {json.loads(operation)["op"]: operation for operation in operations}
        while pending:
            body = await self.until_answered(lambda: phone.request(self.server.host, list(pending.values())))
            seconds = 0.0
            for result in json.loads(body)["results"]:
                if result["verdict"] == "retry":
                    seconds = max(seconds, float(result.get("seconds", 0)))
                    self.later += 1
                    continue
                pending.pop(result["op"], None)
                self.errors += result["verdict"] not in SETTLED
            if pending:
                await asyncio.sleep(max(seconds, FIRST_PAUSE))

    async def until_answered(self, make: Callable[[], bytes]) -> bytes:
        """Ask until there is an answer, waiting in between for as long as the server says, or ever longer."""
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(PHONE_PATIENCE):
                    status, body = await self.ask(make())
            except TimeoutError:
                self.timeouts += 1
            except (OSError, load.NoAnswer):
                self.errors += 1
            else:
                if status == 200:
                    return body
                if status in (429, 503):
                    self.later += 1
                    self.told.append(time.monotonic() - began)
                    if seconds := _seconds(body):
                        await asyncio.sleep(seconds)
                        continue
                else:
                    self.errors += 1
            await asyncio.sleep(pause * self.random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE)

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """One request on a new connection, as after an outage."""
        reader, writer = await asyncio.open_connection(*self.server.address)
        try:
            writer.write(request)
            received = b""
            while (answer := load.read(received)) is None:
                piece = await reader.read(65536)
                if not piece:
                    raise load.NoAnswer("the server closed the connection")
                received += piece
            return answer
        finally:
            writer.close()

    def figures(self) -> dict[str, float]:
        """All of it as numbers."""
        names = ("seconds", "left", "timeouts", "errors", "later")
        told = percentile(self.told, 50) if self.told else 0.0
        return {name: float(getattr(self, name)) for name in names} | {"p95": percentile(self.middle, 95), "told": told}


def _seconds(body: bytes) -> float:
    """How long a 503 says to wait; 0 when it does not say."""
    try:
        return float(json.loads(body)["seconds"])
    except (ValueError, KeyError, TypeError):
        return 0.0
