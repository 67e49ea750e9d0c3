"""What frame and framework cost: a request that does next to nothing, against a Flask app that does nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import partial

from benchmarks import load, servers
from benchmarks.rows import Found, Row
from benchmarks.servers import Server
from benchmarks.singles import Trial, wrong
from benchmarks.stage import SQLITE, Stage

TITLE = "The frame"
ABOUT = """\
`/healthz` of the product (its middleware, and a query) against a Flask app with that one view, on the same granian
with its WSGI interface and 8 threads (`benchmarks/bare.py`). The last row tells what our load generator costs: the
bare app's rate with it, against wrk's."""

CONNECTIONS, GOAL = (1, 16), 0.5
WRK = "wrk"


def trials(stage: Stage) -> dict[tuple[str, str], Callable[[], Trial]]:
    """Both apps with 1 and 16 connections, and the bare one with wrk where there is wrk."""
    made: dict[tuple[str, str], Callable[[], Trial]] = {}
    for number in CONNECTIONS:
        made[f"healthz {number}", SQLITE] = partial(_trial, stage, number, lambda: stage.product(SQLITE))
        made[f"bare {number}", ""] = partial(_trial, stage, number, lambda: _bare(stage))
    if shutil.which(WRK):
        made[WRK, ""] = partial(_wrk, stage)
    return made


def rows(found: Found) -> list[Row]:
    """The product against the bare app."""
    made = []
    for number in CONNECTIONS:
        key, note = (f"healthz {number}", SQLITE), wrong(found, f"healthz {number}", SQLITE)
        bare = found.against("bare Flask", key, (f"bare {number}", ""))
        made.append(Row(f"{number} at once", SQLITE, found.median(*key), "requests/s", bare, GOAL, note=note))
    ours = (f"bare {CONNECTIONS[-1]}", "")
    if against_wrk := found.against(WRK, ours, (WRK, "")):
        made.append(Row("bare Flask, our generator", "", found.median(*ours), "requests/s", against_wrk))
    return made


def _bare(stage: Stage) -> Server:
    return stage.once("bare", servers.bare_flask(stage.environment()))


def _trial(stage: Stage, number: int, ask: Callable[[], Server]) -> Trial:
    server = ask()
    makers = [load.forever(load.get(server.host, "/healthz"))] * number
    return lambda: load.drive(server.address, makers, stage.size.seconds, good=b"ok").figures()


def _wrk(stage: Stage) -> Trial:
    server = _bare(stage)
    seconds = max(1, round(stage.size.seconds))
    command = [WRK, "-t1", f"-c{CONNECTIONS[-1]}", f"-d{seconds}s", f"http://{server.host}/healthz"]

    def once() -> dict[str, float]:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.search(r"Requests/sec: +([\d.]+)", said)
        return {"rate": float(found[1]) if found else 0.0}

    return once
