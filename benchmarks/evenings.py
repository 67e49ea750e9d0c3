"""What an evening asks of a server: phones that post at a steady rate, pages, exports, and screens that watch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from benchmarks import crowd, load
from benchmarks.load import Result
from benchmarks.scene import Scene
from benchmarks.servers import Product, Watch
from benchmarks.stage import Stage

SAME_ORIGIN = "Sec-Fetch-Site: same-origin"  # what a browser says of a form on the page


@dataclass(frozen=True)
class Evening:
    """How much of it there is: rates in things a second."""

    phones: int
    operations: float
    pages: float
    exports: float
    screens: int


@dataclass
class Course:
    """How it went."""

    posts: Result
    pages: Result
    exports: Result
    notes: list[tuple[float, int, float]]  # memory, handles and WAL over time
    cores: float
    ended: int


def spend(stage: Stage, engine: str, server: Product, evening: Evening, seconds: float, every: float) -> Course:
    """Have the evening for so many seconds, noting what the server uses `every` so many."""
    scene = stage.scene(engine)
    makers = [phone.posts(server.host) for phone in scene.phones(0, evening.phones)]
    asked = {
        "posts": partial(load.drive, server.address, makers, seconds, good=b'"stored"', rate=evening.operations),
        "pages": partial(_ask, server, pages(scene, server.host), seconds, evening.pages),
        "exports": partial(_ask, server, exports(scene, server.host), seconds, evening.exports),
    }
    paths, cookies = scene.screens(evening.screens)
    with crowd.watching(server, paths, cookies, stage.environment()) as screens, ThreadPoolExecutor(3) as pool:
        cpu = server.cpu()
        with Watch(server, every) as watch:
            under_way = {name: pool.submit(work) for name, work in asked.items()}
            found = {name: future.result() for name, future in under_way.items()}
        cores = (server.cpu() - cpu) / seconds
        ended = screens.leave()["ended"]
    return Course(**found, notes=watch.notes, cores=cores, ended=ended)


def pages(scene: Scene, host: str) -> list[bytes]:
    """The pages that people open most: the phone's hello, the campaign, the reports, the areas and the shifts."""
    leader, campaign = f"canvass_session={scene.leaders[0]}", f"/campaigns/{scene.campaign}"
    paths = [campaign, f"{campaign}?at={scene.associations[0]}", "/reports", f"{campaign}/shifts"]
    hello = [load.get(host, "/api/v1/hello", f"canvass_session={token}") for token in scene.volunteers[:10]]
    return [request for path in paths for request in (*hello[:3], load.get(host, path, leader))]


def exports(scene: Scene, host: str) -> list[bytes]:
    """The campaign's totals, as CSV and as a workbook."""
    query = f"campaign={scene.campaign}&by=association,day"
    headers = (f"Cookie: canvass_session={scene.leaders[1]}", SAME_ORIGIN)
    return [load.post(host, f"/reports/totals.{form}?{query}", b"", *headers) for form in ("csv", "xlsx")]


def _ask(server: Product, requests: list[bytes], seconds: float, rate: float) -> Result:
    if not rate:
        return Result(seconds)
    makers = [load.in_turn(requests[first:] + requests[:first]) for first in range(min(4, len(requests)))]
    return load.drive(server.address, makers, seconds, rate=rate)
