"""How long the numbers take at each level of the tree in a national election year. Measures, and asserts nothing.

`python3 app.py test benchmarks/test_scale.py -s` prints it. All of Sweden with three associations in each municipal
organisation, and the counters of 16 million attempts (the counters only: the page reads no attempts).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import insert, select, text, update

import canvass
from canvass.core import clock, db, i18n, state
from canvass.counting.tallies import Pulse, Tally
from canvass.fieldwork import areas, campaigns, topics
from canvass.fieldwork.campaigns import CHANNELS, Campaign
from canvass.insight import numbers
from canvass.members import organisations
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
    """The country with its counters, on each engine."""
    from tests import postgres

    stop = None
    url = ""
    if request.param == "postgresql":
        url, stop = postgres.start(folder / "scale")
    app = canvass.create_app(DATA=folder / f"scale-{request.param}", DATABASE_URL=url, TESTING=True)
    app.config["DATA"].mkdir(exist_ok=True)
    with app.app_context(), clock.stopped(NOW), i18n.speaking("sv"):
        upgrade()
        state.begin(app.config["DATA"], None)
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
        times = []
        for _ in range(ROUNDS):
            db.session.rollback()
            db.session.expire_all()
            touch(campaign)
            db.read_only()
            began = time.perf_counter()
            counted = numbers.numbers(campaign, node)
            times.append((time.perf_counter() - began) * 1000)
        median = statistics.median(times)
        engine = db.db.engine.dialect.name
        print(
            f"{engine}: {kind}: {counted.total.attempts:,} attempts in median {median:.1f} ms, "
            f"{median / LIMIT_MS:.2f} of the limit {LIMIT_MS} ms (first time {times[0]:.0f} ms)"
        )


def touch(campaign: Campaign) -> None:
    """What twenty phones hand in during one tick: as many associations have changed since the last reading."""
    some = db.session.scalars(select(Pulse.organisation_id).where(Pulse.campaign_id == campaign.id).limit(20 * 40))
    changed = list(some)[::40]
    db.session.execute(update(Pulse).where(Pulse.organisation_id.in_(changed)).values(beat=Pulse.beat + 1))
    db.session.commit()


def fill() -> None:
    """Sweden, its associations and areas, and the counters as a year leaves them."""
    random = Random(2026)
    national = organisations.add("national", "Partiet", None)
    organisations.import_sweden(national)
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
    made = {"code": "", "created_at": NOW}
    associations = [
        {"id": db.new_id(), "parent_id": node.id, "kind": "association", "name": f"{node.name} {n}", **made}
        for _depth, node in organisations.tree([national.id])
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
    topic_ids = [topic.id for topic in topics.offered(campaign)]
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    rows = []
    for index, association in enumerate(associations):
        share = ATTEMPTS / len(associations)
        mine = ground[index * AREAS : (index + 1) * AREAS]
        out = random.sample(days, 120)
        keys = {
            "area": [g["id"] for g in mine],
            "channel": list(CHANNELS),
            "day": [day.isoformat() for day in out],
            "topic": topic_ids,
            "hour": [f"{c}-{w}-{h}" for c in CHANNELS for w in range(7) for h in (10, 12, 17, 18)],
            "visit": [f"{random.choice(mine)['id']}:{day}" for day in out],
        }
        for dimension, found in keys.items():
            outcomes = ("talked",) if dimension == "topic" else ("talked", "not_home", "refused", "come_back")
            for key in dict.fromkeys(found):
                for outcome in outcomes:
                    number = max(1, round(share / len(found) / len(outcomes)))
                    rows.append(
                        {
                            "campaign_id": campaign.id,
                            "dimension": dimension,
                            "organisation_id": association["id"],
                            "key": key,
                            "outcome": outcome,
                            "number": number,
                        }
                    )
    for batch in db.in_batches(rows, 20_000):
        db.session.execute(insert(Tally), batch)
    pulses = [{"campaign_id": campaign.id, "organisation_id": a["id"], "beat": 1} for a in associations]
    db.session.execute(insert(Pulse), pulses)
    print(f"\n{len(rows):,} counters")
