"""What watching costs the server, and how soon numbers are seen. `python3 app.py test benchmarks/test_live.py -s`.

Rounds of nobody watching, 500 streams, and 500 watchers who poll every three seconds instead, in turn on one server:
first with phones that post ten times a second together, then with phones that post as fast as they are answered.
Not part of the suite: it measures, and asserts nothing about time.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any
from typing import cast as cast_to

from canvass.core import clock, db
from canvass.counting import attempts
from canvass.counting.attempts import Facts
from canvass.fieldwork import areas
from canvass.members import devices, organisations, people, sessions
from tests.browser.conftest import Live, serving, staged
from tests.cast import Cast

WATCHERS, PHONES, RATE = int(os.environ.get("CANVASS_TEST_WATCHERS", "500")), 12, 10
ROUNDS, STEADY, FULL = int(os.environ.get("CANVASS_TEST_ROUNDS", "3")), 10, 5  # times, seconds, seconds
LIMIT_DELAY, LIMIT_CORE = 1.0, 0.1  # seconds, of a core


def test_what_watching_costs(folder: Path) -> None:
    """On the default server and database."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with serving(folder / "measured") as server, staged(server.app) as cast:
        scene = Scene(server, cast)
        for way in ["", "stream", "poll"] * ROUNDS:
            with scene.crowd(way) as crowd:
                figures = found[way or "nobody"]
                began, cpu = time.monotonic(), scene.cpu()
                accepted, latencies = scene.post(STEADY, RATE)
                figures["core"].append((scene.cpu() - cpu) / (time.monotonic() - began))
                figures["steady"] += latencies
                posted, fast = scene.post(FULL, None)
                figures["full"] += fast
                figures["posts a second"].append(len(posted) / FULL)
                time.sleep(1)
                told = crowd()
            figures["delay"] += delays(accepted, told["seen"])
            figures["bytes"].append(told["bytes"] / WATCHERS)
        for phone in scene.phones:
            phone.connection.close()
    report(found)


class Scene:
    """A server with a campaign of some size, the phones of those who log, and the leaders who watch."""

    def __init__(self, server: Live, cast: Cast) -> None:
        self.server, self.cast = server, cast
        crew = []
        for number in range(PHONES):
            home = organisations.add("association", f"Förening {number}", cast.norrkoping)
            for letter in "AB":
                areas.add(home, name=f"Kvarter {number}{letter}", code=f"{number}{letter}", by=cast.adam)
            person = people.add(f"Samtalare {number}", home)
            people.grant(person, "volunteer", home)
            crew.append((person, home))
            for day in range(30):
                facts = Facts(None, random.choice(["door", "phone"]), "talked", 2, [])
                attempts.log(
                    attempts.Change(
                        db.new_id(),
                        author_id=person.id,
                        campaign_id=cast.spring.id,
                        organisation_id=home.id,
                        happened_at=clock.now() - timedelta(days=day),
                        facts=facts,
                    )
                )
        self.phones = [Phone(server.url, cast, person, devices.add(person)) for person, _ in crew]
        at = [cast.norrkoping.id] * 3 + [home.id for _, home in crew[:4]]
        self.paths = [f"/campaigns/{cast.spring.id}?at={id_}" for id_ in at]
        leaders = [people.add(f"Ledare {number}", cast.norrkoping) for number in range(50)]
        for leader in leaders:
            people.grant(leader, "leader", cast.norrkoping)
        self.cookies = [sessions.start(leaders[number % 50])[1] for number in range(WATCHERS)]
        self.total = 60 * PHONES
        db.session.commit()

    @contextmanager
    def crowd(self, way: str) -> Iterator[Any]:
        """All watch, by `way`: stream, poll or '' for none. The function given ends it and returns what they saw."""
        if not way:
            yield lambda: {"seen": [], "bytes": 0}
            return
        order = {"url": self.server.url, "paths": self.paths, "cookies": self.cookies, "way": way}
        command = [sys.executable, str(Path(__file__).with_name("crowd.py"))]
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, **pipes) as process:
            source, answers = cast_to(Any, process.stdin), cast_to(Any, process.stdout)
            print(json.dumps(order), file=source, flush=True)
            assert answers.readline() == "ready\n"

            def leave() -> Any:
                print(file=source, flush=True)
                return json.loads(answers.readline())

            yield leave
            process.kill()

    def post(self, seconds: float, rate: float | None) -> tuple[list[tuple[float, int]], list[float]]:
        """All phones post, `rate` times a second together or as fast as they can.

        Returns when each total was reached, and how long each post took.
        """
        accepted: list[tuple[float, int]] = []
        latencies: list[float] = []
        lock = threading.Lock()
        until = time.monotonic() + seconds

        def work(phone: Phone, number: int) -> None:
            phone.connection.close()  # the server drops one that has been idle for a while
            pause = len(self.phones) / rate if rate else 0
            time.sleep(pause * number / len(self.phones))
            while (began := time.monotonic()) < until:
                phone.log()
                done = time.monotonic()
                with lock:
                    self.total += 1
                    accepted.append((done, self.total))
                    latencies.append(done - began)
                if pause:
                    time.sleep(max(0.0, began + pause - time.monotonic()))

        threads = [threading.Thread(target=work, args=(phone, i)) for i, phone in enumerate(self.phones)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return accepted, latencies

    def cpu(self) -> float:
        """Seconds of processor time that the server and its workers have used."""
        parents, ticks = {}, {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(path.parent.name)] = int(fields[1])
            ticks[int(path.parent.name)] = int(fields[11]) + int(fields[12])
        mine = {self.server.process.pid}
        for _generation in range(3):
            mine |= {pid for pid, parent in parents.items() if parent in mine}
        return sum(ticks[pid] for pid in mine) / os.sysconf("SC_CLK_TCK")


class Phone:
    """A phone that hands in one conversation at a time, on a kept connection."""

    def __init__(self, url: str, cast: Cast, person: people.Person, token: str) -> None:
        self.connection = HTTPConnection(url.removeprefix("http://"), timeout=60)
        self.headers = {"Content-Type": "application/json", "X-Sync": "1", "Cookie": f"canvass_device={token}"}
        self.author, self.campaign = person.id, cast.spring.id
        self.install, self.seq = db.new_id(), 0

    def log(self) -> None:
        self.seq += 1
        data: dict[str, Any] = {"area": None, "channel": "door", "outcome": "talked", "n": 1, "topics": []}
        now = clock.text(clock.now())
        operation = {"op": db.new_id(), "attempt": db.new_id(), "rev": 1, "base": 0, "kind": "create", "schema": 1}
        operation |= {"seq": self.seq, "campaign": self.campaign, "at": now, "offset": 0, "data": data}
        batch = {"schema": 1, "install": self.install, "batch": db.new_id(), "author": self.author, "epoch": None}
        batch |= {"sent_at": now, "pending": 1, "max_seq": self.seq, "ops": [operation]}
        self.connection.request("POST", "/api/v1/sync", json.dumps(batch), self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert json.loads(body)["results"][0]["verdict"] == "stored", body


def delays(accepted: list[tuple[float, int]], seen: list[list[tuple[float, int]]]) -> list[float]:
    """From each accepted post until each reading watcher of the whole campaign was shown a total that includes it."""
    found = []
    for one in seen:
        if not one or one[-1][1] < accepted[-1][1]:
            continue  # watches an association, whose totals are smaller
        for moment, total in accepted:
            found.append(max(0.0, next(when for when, shown in one if shown >= total) - moment))
    return found


def report(found: dict[str, dict[str, list[float]]]) -> None:
    """Medians, and ratios to the limits and to nobody watching."""
    alone = found["nobody"]
    print(f"\n{WATCHERS} watchers, {PHONES} phones, {ROUNDS} rounds each")
    for way, figures in found.items():
        core, full = median(figures["core"]), figures["full"]
        print(f"{way}:")
        print(f"  {RATE} posts a second: {core:.3f} core, post p50 {at(figures['steady'], 50) * 1000:.0f} ms, ", end="")
        print(f"p95 {at(figures['steady'], 95) * 1000:.0f} ms")
        print(f"  full speed: {median(figures['posts a second']):.0f} a second, ", end="")
        print(f"post p50 {at(full, 50) * 1000:.0f} ms, p95 {at(full, 95) * 1000:.0f} ms")
        if way == "nobody":
            continue
        cost = core - median(alone["core"])
        print(f"  watching costs {cost:.3f} core, {cost / LIMIT_CORE:.2f} of the limit;", end=" ")
        print(f"{median(figures['bytes']) / 1024:.0f} kB each")
        p50, p95 = at(figures["delay"], 50), at(figures["delay"], 95)
        print(f"  accepted → seen: p50 {p50:.2f} s, p95 {p95:.2f} s, {p50 / LIMIT_DELAY:.2f} of the limit")
        for name in ("steady", "full"):
            p50, p95 = (at(figures[name], p) / at(alone[name], p) for p in (50, 95))
            print(f"  posts, {name}: p50 {p50:.2f} and p95 {p95:.2f} times what they take with nobody watching")


def at(figures: list[float], percent: int) -> float:
    """The percentile."""
    return sorted(figures)[min(len(figures) - 1, len(figures) * percent // 100)]
