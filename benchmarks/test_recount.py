"""How long it takes to count everything again, and how much memory. Measures, and asserts nothing.

`python3 app.py test benchmarks/test_recount.py -s` prints it. CANVASS_BENCH_ATTEMPTS says of how many attempts, 1.6
million unless given; 16 million take some 10 GB of disk, in the folder that TMPDIR names, and a quarter of an hour.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Column, MetaData, Table, func, insert, literal, select, text

import canvass
from benchmarks.test_scale import associations_and_areas, national_campaign
from canvass.core import clock, db, i18n, state
from canvass.core.db import UtcDateTime
from canvass.counting import attempts
from canvass.counting.attempts import Attempt
from canvass.fieldwork import campaigns, topics
from tests.conftest import NOW, engines

ATTEMPTS = int(os.environ.get("CANVASS_BENCH_ATTEMPTS", "1600000"))
BASE = min(ATTEMPTS, 1_600_000)  # made one by one; the rest are copies on other days
EVENING = 60  # attempts of a team on one evening, in one area and channel, over three hours


@pytest.fixture(params=engines())
def logged(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The app with the whole country and its attempts, without counters, on each engine."""
    from tests import postgres

    folder, stop, url = Path(tempfile.mkdtemp(prefix="canvass-recount-")), None, ""
    if request.param == "postgresql":
        url, stop = postgres.start(folder / "cluster")
    app = canvass.create_app(DATA=folder / "data", DATABASE_URL=url, TESTING=True)
    app.config["DATA"].mkdir(exist_ok=True)
    try:
        with app.app_context(), clock.stopped(NOW), i18n.speaking("sv"):
            upgrade()
            state.begin(app.config["DATA"])
            fill()
            yield app
            db.session.rollback()
            db.session.remove()
            db.db.engine.dispose()
    finally:
        if stop is not None:
            stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_counting_again(logged: Flask) -> None:
    engine = db.db.engine.dialect.name
    print()
    check(f"{engine}: {ATTEMPTS:,} attempts are compared with counters that are not there")
    owners = db.session.execute(select(Attempt.campaign_id, Attempt.organisation_id).distinct()).all()
    some = owners[:: max(1, ATTEMPTS // BASE)]
    db.session.rollback()
    longest = 0.0
    with told(f"{engine}: {len(some)} of {len(owners)} organisations are counted again"):
        for owner in some:
            began = time.perf_counter()
            attempts.recount(*owner)
            db.session.commit()
            longest = max(longest, time.perf_counter() - began)
    print(f"{engine}: who logs waits at most {longest * 1000:.0f} ms for one of them")
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    check(f"{engine}: recount --check")


def check(what: str) -> None:
    """Print how long it takes to compare, and how many counters differ."""
    db.session.rollback()
    db.read_only()
    with told(what):
        found = sum(1 for _difference in attempts.drifting())
    db.session.rollback()
    print(f"{found:,} counters differ")


@contextmanager
def told(what: str) -> Iterator[None]:
    """Print how long the block took, and the most memory that the process had in it beyond what it had before."""
    most, is_over, had = [0], threading.Event(), memory()

    def watch() -> None:
        while not is_over.wait(0.1):
            most[0] = max(most[0], memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, worked = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        took, worked = time.perf_counter() - began, time.process_time() - worked
        is_over.set()
        watcher.join()
    more = (most[0] - had) / 1e6
    print(f"{what}: {took:.1f} s ({worked:.1f} s of it this process), at most {more:.0f} MB more than before")


def memory() -> int:
    """The bytes of memory that the process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def fill() -> None:
    """The attempts of a year, without counters: each evening a team of one association in one of its areas."""
    random = Random(2026)
    campaign = national_campaign()
    associations, ground = associations_and_areas(campaign.organisation_id)
    topic_ids = [topic.id for topic in topics.offered(campaign)]
    db.session.commit()
    indexes = list(Attempt.__table__.indexes)  # type: ignore[attr-defined]
    for index in indexes:
        index.drop(db.session.connection())
    add_evenings(campaign.id, [one["id"] for one in associations], [one["id"] for one in ground], topic_ids, random)
    for copy in range(1, ATTEMPTS // BASE):
        copy_to_other_days(copy)
        db.session.commit()
    for index in indexes:
        index.create(db.session.connection())
    db.session.commit()
    if db.db.engine.dialect.name == "sqlite":
        db.session.execute(text("PRAGMA optimize"))
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def add_evenings(campaign_id: str, owners: list[str], ground: list[str], topic_ids: list[str], random: Random) -> None:
    """The attempts that are made one by one."""
    rows: list[dict[str, Any]] = []
    for evening in range(BASE // EVENING):
        place = random.randrange(len(owners))
        begins = NOW.replace(minute=0) - timedelta(days=random.randrange(250), hours=random.randrange(4))
        facts = {
            "campaign_id": campaign_id,
            "organisation_id": owners[place],
            "area_id": ground[4 * place + random.randrange(4)],
            "channel": random.choices(list(campaigns.CHANNELS), (60, 20, 10, 5, 5))[0],
        }
        for number in range(evening * EVENING, (evening + 1) * EVENING):
            at = begins + timedelta(hours=number % EVENING // 20)
            rows.append(row(number, at=at, topic_ids=topic_ids, random=random, **facts))
        if len(rows) >= 60_000 or evening == BASE // EVENING - 1:
            db.session.execute(insert(Attempt.__table__), rows)  # type: ignore[arg-type]
            rows.clear()


def copy_to_other_days(copy: int) -> None:
    """The first attempts once more, eleven days earlier for each copy."""
    table = Attempt.__table__
    hours = Table("hours", MetaData(), Column("old", UtcDateTime), Column("new", UtcDateTime), prefixes=["TEMPORARY"])
    hours.create(db.session.connection())
    found = db.session.scalars(select(Attempt.happened_at).where(Attempt.id < f"{BASE:08x}").distinct())
    rows = [{"old": at, "new": at - timedelta(days=11 * copy)} for at in found]
    db.session.execute(insert(hours), rows)
    changed = {"id": literal(f"{copy:x}") + func.substr(table.c.id, 2), "happened_at": hours.c.new}
    columns = [changed.get(column.name, column) for column in table.columns]
    query = select(*columns).join(hours, hours.c.old == table.c.happened_at).where(table.c.id < f"{BASE:08x}")
    db.session.execute(insert(table).from_select(list(table.columns), query))  # type: ignore[arg-type]
    hours.drop(db.session.connection())


def row(number: int, *, at: datetime, topic_ids: list[str], random: Random, **facts: Any) -> dict[str, Any]:
    """An attempt. Every seventh is a conversation, with up to two topics."""
    outcome = random.choices(
        campaigns.CHANNELS[facts["channel"]], (15, 60, 15, 5, 5)[: len(campaigns.CHANNELS[facts["channel"]])]
    )[0]
    return {
        **facts,
        "id": f"{number:08x}-0000-4000-8000-{number:012x}",
        "author_id": None,
        "outcome": outcome,
        "number": 1,
        "happened_at": at,
        "happened_on": clock.local_day(at),
        "topics": random.sample(topic_ids, random.randrange(3)) if outcome == "talked" else [],
        "shift_id": None,
        "late_report_id": None,
        "rev": 1,
        "is_deleted": False,
    }
