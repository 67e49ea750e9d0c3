"""How long the numbers take at each level of the tree in a national election year. Measures, and asserts nothing.

`python3 app.py test benchmarks/test_scale.py -s` prints it. All of Sweden with three associations in each municipal
organisation, and the counters of 16 million attempts (the counters only: the page reads no attempts).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import event, insert, select, text, update

import canvass
from canvass.core import clock, db, i18n, state
from canvass.counting.tallies import Pulse, Tally
from canvass.fieldwork import areas, campaigns, topics
from canvass.fieldwork.campaigns import CHANNELS, Campaign
from canvass.insight import numbers
from canvass.members import organisations
from canvass.members import sweden as reference
from canvass.members.organisations import Organisation
from tests.cast import new_campaign
from tests.conftest import NOW, engines

ATTEMPTS = 16_000_000
ASSOCIATIONS = 3  # in each municipal organisation
FIRST, LAST = date(2026, 1, 2), date(2026, 9, 13)
AREAS = 4  # of each association
LIMIT_MS = 50  # a tick every half second may take a tenth of a core
ROUNDS = 7


@pytest.fixture(params=engines())
def sweden(request: pytest.FixtureRequest, folder: Path) -> Iterator[Flask]:
    """The app with the whole country and its counters, on each engine."""
    from tests import postgres

    stop = None
    url = ""
    if request.param == "postgresql":
        url, stop = postgres.start(folder / "scale")
    app = canvass.create_app(DATA=folder / f"scale-{request.param}", DATABASE_URL=url, TESTING=True)
    app.config["DATA"].mkdir(exist_ok=True)
    with app.app_context(), clock.stopped(NOW), i18n.speaking("sv"):
        upgrade()
        state.begin(app.config["DATA"])
        fill()
        db.session.execute(text("ANALYZE"))  # as the database does by itself after a while
        db.session.commit()
        yield app
        db.session.rollback()
        db.session.remove()
        db.db.engine.dispose()
    if stop is not None:
        stop()


def test_the_numbers_at_every_level(sweden: Flask) -> None:
    campaign = db.session.query(Campaign).one()
    print()
    for kind in ("national", "district", "municipal", "association"):
        node = db.session.query(Organisation).filter_by(kind=kind).first()
        assert node is not None
        times, in_database = [], []
        for _ in range(ROUNDS):
            db.session.rollback()
            db.session.expire_all()
            touch(campaign)
            db.read_only()
            began = time.perf_counter()
            with waiting() as waits:
                counted = numbers.numbers(campaign, node)
            times.append((time.perf_counter() - began) * 1000)
            in_database.append(sum(waits) * 1000)
        median = statistics.median(times)
        engine = db.db.engine.dialect.name
        print(
            f"{engine}: {kind}: {counted.total.attempts:,} attempts in median {median:.1f} ms, "
            f"{median / LIMIT_MS:.2f} of the limit {LIMIT_MS} ms (first time {times[0]:.0f} ms), of it "
            f"{statistics.median(in_database):.1f} ms in {len(waits)} statements of the database"
        )


@contextmanager
def waiting() -> Iterator[list[float]]:
    """The seconds that each statement inside the block takes until its first rows are there."""
    waits: list[float] = []
    begun: list[float] = []

    def begin(*_what: Any) -> None:
        begun.append(time.perf_counter())

    def end(*_what: Any) -> None:
        waits.append(time.perf_counter() - begun[-1])

    listened = {"before_cursor_execute": begin, "after_cursor_execute": end}
    for name, listener in listened.items():
        event.listen(db.db.engine, name, listener)
    try:
        yield waits
    finally:
        for name, listener in listened.items():
            event.remove(db.db.engine, name, listener)


def touch(campaign: Campaign) -> None:
    """Raise the pulses of twenty associations, as if a phone of each had sent something since the last reading."""
    some = db.session.scalars(select(Pulse.organisation_id).where(Pulse.campaign_id == campaign.id).limit(20 * 40))
    changed = list(some)[::40]
    db.session.execute(update(Pulse).where(Pulse.organisation_id.in_(changed)).values(beat=Pulse.beat + 1))
    db.session.commit()


def fill() -> None:
    """Sweden, its associations and areas, and the counters as a year leaves them."""
    random = Random(2026)
    campaign = national_campaign()
    associations, ground = associations_and_areas(campaign.organisation_id)
    topic_ids = [topic.id for topic in topics.offered(campaign)]
    share = ATTEMPTS / len(associations)
    counters = 0
    for index, association in enumerate(associations):
        mine = ground[index * AREAS : (index + 1) * AREAS]
        rows = counted(campaign, association, keys_of(mine, topic_ids, random), share)
        db.session.execute(insert(Tally), rows)
        counters += len(rows)
    pulses = [{"campaign_id": campaign.id, "organisation_id": a["id"], "beat": 1} for a in associations]
    db.session.execute(insert(Pulse), pulses)
    print(f"\n{counters:,} counters")


def national_campaign() -> Campaign:
    """The country, and its election campaign with nine topics."""
    national = organisations.add("national", "Partiet", None)
    reference.add_missing(national)
    campaign = new_campaign(
        national,
        name="Valrörelsen",
        kind="mobilise",
        starts_on=FIRST,
        ends_on=LAST,
        channels=list(CHANNELS),
        topics=[f"Fråga {number}" for number in range(9)],
        target=1_600_000,
    )
    campaigns.open_(campaign)
    db.session.flush()
    return campaign


def associations_and_areas(national_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of the associations of every municipal organisation, and those of their areas in the same order."""
    made = {"code": "", "created_at": NOW}
    associations = [
        {"id": db.new_id(), "parent_id": node.id, "kind": "association", "name": f"{node.name} {n}", **made}
        for _depth, node in organisations.tree([national_id])
        if node.kind == "municipal"
        for n in range(ASSOCIATIONS)
    ]
    db.session.execute(insert(Organisation), associations)
    ground = [
        {"id": db.new_id(), "organisation_id": a["id"], "name": f"Område {n}", "housing": "", **made, "code": str(n)}
        for a in associations
        for n in range(AREAS)
    ]
    db.session.execute(insert(areas.Area), ground)
    return associations, ground


def keys_of(ground: list[dict[str, Any]], topic_ids: list[str], random: Random) -> dict[str, list[str]]:
    """The counters' keys by dimension of an association that was out on 120 days."""
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    out = random.sample(days, 120)
    return {
        "area": [area["id"] for area in ground],
        "channel": list(CHANNELS),
        "day": [day.isoformat() for day in out],
        "topic": topic_ids,
        "hour": [f"{c}-{w}-{h}" for c in CHANNELS for w in range(7) for h in (10, 12, 17, 18)],
        "visit": [f"{random.choice(ground)['id']}:{day}" for day in out],
    }


def counted(
    campaign: Campaign, association: dict[str, Any], keys: dict[str, list[str]], attempts: float
) -> list[dict[str, Any]]:
    """The counters' rows of an association, its attempts spread evenly over the keys and outcomes."""
    return [
        {
            "campaign_id": campaign.id,
            "dimension": dimension,
            "organisation_id": association["id"],
            "key": key,
            "outcome": outcome,
            "number": max(1, round(attempts / len(found) / len(outcomes_in(dimension)))),
        }
        for dimension, found in keys.items()
        for key in dict.fromkeys(found)
        for outcome in outcomes_in(dimension)
    ]


def outcomes_in(dimension: str) -> tuple[str, ...]:
    """Topics are counted of conversations only."""
    return ("talked",) if dimension == "topic" else ("talked", "not_home", "refused", "come_back")
