"""How long the export of all rows takes beside the database's own, and what it does to those who log meanwhile.

`python3 app.py test benchmarks/test_exports.py -s` prints both. Measures, and asserts nothing about time. Beside
`sqlite3 -csv`, where there is such a program, and COPY, with the same rows, names and order; CANVASS_TEST_ROWS is how
many, 1.6 million unless it says otherwise.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert, text

import canvass
from benchmarks import load
from benchmarks.phones import Phone
from benchmarks.rows import percentile
from canvass.board.reports import rows
from canvass.board.reports.selections import Selection
from canvass.core import clock, db, i18n, sheets, state
from canvass.counting.attempts import Attempt
from canvass.fieldwork import areas
from canvass.fieldwork.campaigns import CHANNELS
from canvass.members import devices, organisations, sessions
from tests.browser.conftest import serving, staged
from tests.cast import Cast, gather
from tests.conftest import NOW, engines

ROWS, ROUNDS = int(os.environ.get("CANVASS_TEST_ROWS", "1600000")), int(os.environ.get("CANVASS_TEST_ROUNDS", "3"))
ASSOCIATIONS, AREAS, EVENING, SECONDS, PHONES, RATE = 300, 4, 20, 15, 12, 10
THE_SAME = """
    SELECT c.name, o.name, o.code, t.happened_on, a.name, a.code, t.channel, t.outcome, t.number,
           t.late_report_id IS NOT NULL
    FROM attempts t JOIN campaigns c ON c.id = t.campaign_id JOIN organisations o ON o.id = t.organisation_id
    LEFT JOIN areas a ON a.id = t.area_id WHERE NOT t.is_deleted
    ORDER BY t.campaign_id, t.organisation_id, t.happened_on, t.area_id, t.channel, t.outcome, t.number
"""


@pytest.fixture(params=engines())
def election(request: pytest.FixtureRequest, folder: Path) -> Iterator[Flask]:
    """The app with a year of attempts, on each engine."""
    from tests import postgres

    url, stop = postgres.start(folder / "exports") if request.param == "postgresql" else ("", None)
    app = canvass.create_app(DATA=folder / f"exports-{request.param}", DATABASE_URL=url, TESTING=True)
    app.config["DATA"].mkdir(exist_ok=True)
    with app.app_context(), clock.stopped(NOW), i18n.speaking("sv"):
        upgrade()
        state.begin(app.config["DATA"])
        yield app
        db.session.remove()
        db.db.engine.dispose()
    if stop is not None:
        stop()


def test_beside_the_databases_own_export(election: Flask, tmp_path: Path) -> None:
    cast = gather()
    fill(cast)
    file, engine = tmp_path / "rows", db.db.engine.dialect.name
    own = by_copy if engine == "postgresql" else by_program
    ways: dict[str, Callable[[Path], object]] = {"own": own, "csv": lambda to: export(cast, to, "csv")}
    times: dict[str, list[float]] = {way: [] for way in ways}
    print()
    for way in [*ways] * ROUNDS:
        began = time.perf_counter()
        ways[way](file)
        times[way].append(time.perf_counter() - began)
    ratios = [mine / own for mine, own in zip(times["csv"], times["own"], strict=True)]
    print(f"{engine}: {ROWS:,} rows: its own {median(times['own']):.2f} s, CSV {median(times['csv']):.2f} s, ", end="")
    print(f"ratio {median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}), {most_memory()} MB")
    began = time.perf_counter()
    export(cast, file, "xlsx")
    print(f"{engine}: XLSX {time.perf_counter() - began:.0f} s, {file.stat().st_size >> 20} MB, {most_memory()} MB")


def export(cast: Cast, to: Path, form: str) -> None:
    """As the view does."""
    db.session.rollback()
    db.read_only()
    with closing(rows.rows(cast.cia, Selection())) as log, to.open("wb") as file:
        db.session.rollback()
        if form == "csv":
            file.writelines(sheets.csv_bytes(log.headings, log.rows))
        else:
            sheets.write_xlsx(file, "Rader", log.headings, log.rows)


def by_program(to: Path) -> None:
    program = shutil.which("sqlite3") or pytest.skip("there is no program sqlite3")
    with to.open("wb") as file:
        subprocess.run([program, "-csv", str(db.db.engine.url.database), THE_SAME], stdout=file, check=True)


def by_copy(to: Path) -> None:
    borrowed = db.db.engine.raw_connection()
    cursor: Any = borrowed.cursor()
    with to.open("wb") as file, cursor.copy(f"COPY ({THE_SAME}) TO STDOUT (FORMAT csv)") as copy:
        file.writelines(copy)
    borrowed.close()


def test_those_who_log_meanwhile(folder: Path) -> None:
    """On the default server and database: ten posts a second, with nobody exporting and during each export."""
    found: dict[str, list[float]] = {"nobody": [], "csv": [], "xlsx": []}
    with serving(folder / "exporting") as server, staged(server.app) as cast:
        fill(cast)
        cookie = sessions.start(cast.cia)[1]
        token, ground = devices.add(cast.alva), [cast.hageby_north.id]
        phones = [Phone(cast.alva.id, token, cast.spring.id, ground) for _ in range(PHONES)]
        db.session.commit()
        name, _, port = server.url.removeprefix("http://").partition(":")
        makers = [phone.posts(f"{name}:{port}") for phone in phones]
        for form in [*found] * ROUNDS:
            enough = threading.Event()
            worker = threading.Thread(target=ask_again, args=(server.url, cookie, form, enough))
            if form != "nobody":
                worker.start()
                time.sleep(0.5)
            posted = load.drive((name, int(port)), makers, SECONDS, good=b'"stored"', rate=RATE)
            assert not posted.wrong
            found[form] += posted.latencies
            enough.set()
            if form != "nobody":
                worker.join()
    idle = percentile(found["nobody"], 99)
    print()
    for form, latencies in found.items():
        p99 = percentile(latencies, 99)
        print(f"{form}: median {median(latencies) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, {p99 / idle:.2f} x nobody's")


def ask_again(url: str, cookie: str, form: str, enough: threading.Event) -> None:
    """Take the file again and again until it is enough."""
    headers = {"Cookie": f"canvass_session={cookie}", "Sec-Fetch-Site": "same-origin"}
    while not enough.is_set():
        connection = HTTPConnection(url.removeprefix("http://"), timeout=600)
        connection.request("POST", f"/reports/rows.{form}", headers=headers)
        answer = connection.getresponse()
        while answer.read(1 << 16):
            pass
        assert answer.status == 200
        connection.close()


def fill(cast: Cast) -> None:
    """Evenings of attempts, over many associations and areas. Commits."""
    dice = random.Random(2026)
    homes = [organisations.add("association", f"Krets {number}", cast.norrkoping) for number in range(ASSOCIATIONS)]
    ground = {
        home.id: [areas.add(home, name=f"Kvarter {n}", code=str(n), by=cast.adam).id for n in range(AREAS)]
        for home in homes
    }
    common = {"campaign_id": cast.spring.id, "author_id": cast.alva.id, "topics": [], "rev": 1, "is_deleted": False}
    days = [date(2026, 3, 1) + timedelta(days=n) for n in range(190)]

    def evenings() -> Iterator[dict[str, Any]]:
        for _ in range(ROWS // EVENING):
            home, day, channel = dice.choice(list(ground)), dice.choice(days), dice.choice(list(CHANNELS))
            area = dice.choice(ground[home])
            for _ in range(EVENING):
                yield common | {
                    "id": db.new_id(), "organisation_id": home, "area_id": area, "channel": channel,
                    "outcome": dice.choice(CHANNELS[channel]), "number": dice.choice((1, 1, 1, 1, 2, 3)),
                    "happened_at": NOW, "happened_on": day,
                }  # fmt: skip

    for some in db.in_batches(evenings(), 10_000):
        db.session.execute(insert(Attempt), some)
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def most_memory() -> int:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
