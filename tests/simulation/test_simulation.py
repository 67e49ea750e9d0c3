"""The proof on real input, small: phones that misbehave, the real server over HTTP, and a ledger that it never sees.

The whole year, which takes minutes, is `python3 app.py simulate`.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from canvass.core import db
from tests.conftest import engines
from tests.simulation import plan, run
from tests.simulation.ledger import Cell, Diary
from tests.simulation.plan import Facts

TODAY = date(2026, 5, 6)
TALKED = Facts("HA1", "door", "talked")
REFUSED = Facts("HA1", "door", "refused")


@pytest.fixture(params=engines())
def database_url(request: pytest.FixtureRequest, apps: Callable[[str], Flask]) -> str:
    """An empty database on each engine in turn."""
    if request.param == "sqlite":
        return ""
    app, name = apps("postgresql"), "simulation"
    with app.app_context(), db.db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        return str(db.db.engine.url.set(database=name))


def test_a_year_with_every_misfortune_is_counted_to_the_last_conversation(folder: Path, database_url: str) -> None:
    data = Path(tempfile.mkdtemp(dir=folder))
    browsers = int("CANVASS_TEST_CHROMIUM" in os.environ)
    year = plan.year(seed=67, scale=0.015, phones=12, browsers=browsers, today=datetime.now(plan.ZONE).date())
    result = run.Replay(data, year, seed=67, database_url=database_url).run()
    assert result.problems == [], "\n".join([*result.lines, *result.problems])
    assert any("ledger = export" in line and "yes" in line for line in result.lines)


def test_the_year_has_the_conversations_it_was_ordered_with() -> None:
    year = plan.year(seed=1, scale=1, phones=60, browsers=3, today=TODAY)
    assert sum(drive.conversations for drive in year.drives) == year.conversations == 5000
    assert 19_000 < year.attempts < 22_000
    assert sum(volunteer.is_offline for volunteer in year.volunteers) == 20
    assert sum(volunteer.drowns for volunteer in year.volunteers) == 1
    assert {action.facts.channel for action in taps(year)} == {"door", "phone", "stall", "digital"}
    assert max(action.at.date() for action in taps(year)) < TODAY
    assert min(action.at.date() for action in taps(year)) > TODAY - timedelta(days=340)


def test_the_same_seed_gives_the_same_year() -> None:
    first, again, other = (plan.year(seed, 0.02, 12, 1, TODAY) for seed in (7, 7, 8))
    assert first == again != other


def test_what_was_undone_is_not_in_the_ledger() -> None:
    diary = Diary("Hageby s-förening")
    diary.log("a", "Vår", TODAY, TALKED)
    diary.log("b", "Vår", TODAY, TALKED)
    diary.change("b", REFUSED)
    diary.log("c", "Vår", TODAY, TALKED)
    diary.change("c", None)
    assert diary.counts() == Counter({cell("talked"): 1, cell("refused"): 1})


def test_what_had_left_the_phone_outlives_it() -> None:
    diary = Diary("Hageby s-förening")
    diary.log("a", "Vår", TODAY, TALKED)
    diary.hand_over("a")
    diary.change("a", REFUSED)
    diary.log("b", "Vår", TODAY, TALKED)
    diary.lose_phone()
    assert diary.counts() == Counter({cell("talked"): 1})


@pytest.mark.parametrize("exported", [{}, {"talked": 2}, {"talked": 1, "refused": 1}])
def test_a_single_wrong_cell_is_a_problem(exported: dict[str, int]) -> None:
    result = run.Result()
    found = Counter({cell(outcome): number for outcome, number in exported.items()})
    result.expect_same("ledger = export", found, Counter({cell("talked"): 1}))
    assert len(result.problems) == 1


def taps(year: plan.Year) -> list[plan.Log]:
    return [a for v in year.volunteers for day in v.days for a in day if isinstance(a, plan.Log)]


def cell(outcome: str) -> Cell:
    return Cell("Vår", "HA1", "Hageby s-förening", TODAY, "door", outcome)
