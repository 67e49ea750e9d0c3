"""Counting again: what the rows say, whatever they say and whoever logs meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextvars import Context
from datetime import UTC, datetime
from random import Random
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, text

from canvass.cli import commands
from canvass.core import clock, db, sqlite
from canvass.counting import attempts, tallies
from canvass.counting.attempts import Attempt
from canvass.counting.tallies import Cell, Tally
from canvass.fieldwork import campaigns
from tests.cast import Cast, log, new_campaign, plan_shift
from tests.conftest import NOW

# An ordinary hour, both sides of midnight in Sweden, and the nights on which the clocks are put forward and back.
HOURS = [
    datetime(2026, 5, 6, 16, tzinfo=UTC),
    *(datetime(2026, 5, 6, hour, tzinfo=UTC) for hour in (21, 22)),
    *(datetime(2026, 3, 29, hour, tzinfo=UTC) for hour in (0, 1, 2)),
    *(datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1, 2)),
]


def any_rows(cast: Cast, seed: int, number: int = 120) -> list[Attempt]:
    """Rows of every sort, without their counters."""
    random = Random(seed)
    other = new_campaign(
        cast.ostergotland,
        name="Höstkampanjen",
        kind="listen",
        starts_on=cast.spring.starts_on,
        ends_on=cast.spring.ends_on,
        channels=["door"],
    )
    shift = plan_shift(cast)
    topics = [db.new_id() for _ in range(3)]
    rows = []
    for _ in range(number):
        at, channel = random.choice(HOURS), random.choice(list(campaigns.CHANNELS))
        rows.append(
            Attempt(
                id=db.new_id(),
                campaign_id=random.choice([cast.spring.id, other.id]),
                organisation_id=random.choice([cast.hageby.id, cast.ektorp.id, cast.ostergotland.id]),
                area_id=random.choice([None, cast.hageby_north.id, cast.ektorp_hill.id]),
                author_id=random.choice([None, cast.alva.id]),
                channel=channel,
                outcome=random.choice(campaigns.CHANNELS[channel]),
                number=random.choice([1, 1, 7]),
                happened_at=at,
                happened_on=clock.local_day(at),
                topics=random.sample(topics, random.randrange(4)),
                shift_id=random.choice([None, shift.id]),
                rev=1,
                is_deleted=random.random() < 0.2,
            )
        )
    db.session.add_all(rows)
    db.session.commit()
    return rows


def count_again() -> None:
    for owner in {(cell.campaign_id, cell.organisation_id) for cell in attempts.drift()}:
        attempts.recount(*owner)
    db.session.commit()


@pytest.mark.parametrize("seed", range(4))
def test_the_database_counts_as_logging_does(cast: Cast, seed: int) -> None:
    expected: Counter[Cell] = Counter()
    for row in any_rows(cast, seed):
        if not row.is_deleted:
            cells = tallies.cells(
                row.campaign_id,
                row.organisation_id,
                row.area_id,
                row.channel,
                row.happened_at,
                row.topics,
                row.outcome,
                row.shift_id,
            )
            expected.update(dict.fromkeys(cells, row.number))
    assert attempts.drift() == {cell: (0, number) for cell, number in expected.items()}
    count_again()
    assert (tallies.everything(), attempts.drift()) == (expected, {})


def test_only_the_wrong_counters_are_told_and_set_right(app: Flask, cast: Cast) -> None:
    log(cast, cast.alva, number=5, area=cast.hageby_north, topics=["Skolan"])
    log(cast, cast.dag, "not_home", 2)
    db.session.commit()
    right = tallies.everything()
    wrong = next(cell for cell in right if cell.dimension == "area" and cell.organisation_id == cast.hageby.id)
    missing = next(cell for cell in right if cell.dimension == "hour" and cell.organisation_id == cast.ektorp.id)
    # Of somebody who has logged nothing.
    stray = Cell(cast.spring.id, "channel", cast.linkoping.id, "door", "talked")
    tallies.move({wrong: 3, missing: -right[missing], stray: 4})
    db.session.commit()
    pulse = tallies.pulse(cast.spring.id)

    def run(*argv: str) -> Result:
        runner = app.test_cli_runner()
        return Context().run(runner.invoke, commands, argv)

    checked = run("recount", "--check")
    assert (checked.exit_code, "3 counters differ" in checked.output) == (1, True)
    assert f"{' '.join(wrong)}: 8, should be 5" in checked.output
    assert attempts.drift() == {wrong: (8, 5), missing: (0, 2), stray: (4, 0)}
    db.session.rollback()
    assert "Counted again." in run("recount").output
    db.session.rollback()
    assert (tallies.everything(), attempts.drift()) == (right, {})
    assert db.session.scalar(select(Tally.number).where(Tally.number == 0)) is None
    assert tallies.pulse(cast.spring.id) > pulse  # who watches is told


def logging(app: Flask, cast: Cast) -> Callable[[], None]:
    """Another request, in which Alva logs three conversations."""
    alva, spring, hageby = cast.alva.id, cast.spring.id, cast.hageby.id

    def work() -> None:
        facts = attempts.Facts(None, "door", "talked", 3, ())
        attempts.log(attempts.Change(db.new_id(), alva, spring, hageby, NOW, facts))

    def request() -> None:
        with app.app_context():
            db.repeat(work)

    return request


def test_a_check_sees_one_moment_while_others_log(app: Flask, cast: Cast) -> None:
    log(cast, cast.dag)
    log_more = Thread(target=logging(app, cast))
    db.session.commit()
    db.read_only()
    owners = tallies.owners()  # the check has begun
    log_more.start()
    if db.db.engine.dialect.name == "postgresql" or sqlite.WAL_IS_SAFE:
        log_more.join()
    assert (attempts.drift(), tallies.owners()) == ({}, owners)
    db.session.rollback()  # on an SQLite without WAL who logs has waited for this
    log_more.join()
    assert (attempts.drift(), len(tallies.owners())) == ({}, 2)


def test_who_logs_while_it_is_counted_again_is_counted_once(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(cast, cast.alva, number=2)
    tallies.move(dict.fromkeys(tallies.everything(), 1))
    db.session.commit()
    log_more, summed = Thread(target=logging(app, cast)), tallies._summed

    def between_rows_and_counters(rows: Any) -> Any:
        found = summed(rows)
        log_more.start()
        if db.db.engine.dialect.name == "postgresql":
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while log_more.is_alive() and not db.session.scalar(waiting):
                pass
        return found

    monkeypatch.setattr(tallies, "_summed", between_rows_and_counters)
    attempts.recount(cast.spring.id, cast.hageby.id)
    db.session.commit()
    log_more.join()
    monkeypatch.undo()
    assert (attempts.drift(), sorted(tallies.everything().values())) == ({}, [5, 5, 5, 5])
