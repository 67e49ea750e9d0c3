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
from sqlalchemy import insert, select, text

import canvass
from benchmarks.test_scale import associations_and_areas, national_campaign
from canvass.core import clock, db, i18n, state
from canvass.counting import attempts
from canvass.counting.attempts import Attempt
from canvass.fieldwork import campaigns, topics
from tests.conftest import NOW, engines

ATTEMPTS = int(os.environ.get("CANVASS_BENCH_ATTEMPTS", "1600000"))
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
            state.begin(app.config["DATA"], None)
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
    owners = db.session.execute(select(Attempt.campaign_id, Attempt.organisation_id).distinct()).all()
    db.session.rollback()
    longest = 0.0
    print()
    with told(
        f"{engine}: the counters of {len(owners)} organisations, none of which is there, from {ATTEMPTS:,} attempts"
    ):
        for owner in owners:
            began = time.perf_counter()
            attempts.recount(*owner)
            db.session.commit()
            longest = max(longest, time.perf_counter() - began)
    print(f"{engine}: who logs waits at most {longest * 1000:.0f} ms for one of them")
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    db.read_only()
    with told(f"{engine}: recount --check"):
        found = attempts.drift()
    print(f"{engine}: {len(found)} counters differ")


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
    statement = insert(Attempt.__table__)  # type: ignore[arg-type]
    rows: list[dict[str, Any]] = []
    for evening in range(ATTEMPTS // EVENING):
        place = random.randrange(len(associations))
        starts_at = NOW - timedelta(days=random.randrange(250), hours=random.randrange(4))
        area = ground[4 * place + random.randrange(4)]["id"]
        channel = random.choices(list(campaigns.CHANNELS), (60, 20, 10, 5, 5))[0]
        for number in range(EVENING):
            rows.append(
                row(
                    evening * EVENING + number,
                    campaign_id=campaign.id,
                    organisation_id=associations[place]["id"],
                    area_id=area,
                    channel=channel,
                    at=starts_at.replace(minute=0) + timedelta(hours=number // 20),
                    topic_ids=topic_ids,
                    random=random,
                )
            )
        if len(rows) >= 60_000:
            db.session.execute(statement, rows)
            rows.clear()
    if rows:
        db.session.execute(statement, rows)
    for index in indexes:
        index.create(db.session.connection())
    db.session.commit()
    if db.db.engine.dialect.name == "sqlite":
        db.session.execute(text("PRAGMA optimize"))
    db.session.execute(text("ANALYZE"))
    db.session.commit()


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
