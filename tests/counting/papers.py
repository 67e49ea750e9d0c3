"""Evenings on paper, for the tests of late reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from canvass.core import db
from canvass.counting import late_reports, tallies
from canvass.counting.late_reports import LateReport, Totals
from canvass.counting.tallies import Count
from canvass.fieldwork import topics
from canvass.fieldwork.areas import Area
from canvass.members import organisations
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW

SignedIn = Callable[[Person], FlaskClient]

YESTERDAY = NOW.date() - timedelta(days=1)


def topic(cast: Cast, name: str) -> str:
    return next(t.id for t in topics.offered(cast.spring) if t.name == name)


def paper(cast: Cast, *, report: str | None = None, **changes: Any) -> dict[str, Any]:
    """What Bo fills in: an evening in Hageby norra."""
    return {
        "report": report or db.new_id(),
        "at": cast.norrkoping.id,
        "organisation": cast.hageby.id,
        "happened_on": YESTERDAY.isoformat(),
        "hour": "18",
        "channel": "door",
        "area": cast.hageby_north.id,
        "talked": "12",
        "not_home": "40",
        "refused": "8",
        **changes,
    }


def send(client: FlaskClient, cast: Cast, **changes: Any) -> TestResponse:
    return client.post(f"/campaigns/{cast.spring.id}/late", data=paper(cast, **changes))


def enter(cast: Cast, by: Person, *, area: Area | None = None, days_ago: int = 1, **outcomes: int) -> LateReport:
    """Somebody enters a door evening in Hageby without a browser."""
    report_id, day = db.new_id(), NOW.date() - timedelta(days=days_ago)
    totals = Totals(day, 18, "door", area.id if area else None, outcomes or {"talked": 3})
    assert late_reports.enter(report_id, cast.spring, cast.hageby, totals, by=by)
    return db.session.get_one(LateReport, report_id)


def total(cast: Cast) -> Count:
    return tallies.total(cast.spring.id, organisations.beneath(cast.norrkoping.id))


def part(cast: Cast) -> late_reports.Parts:
    return late_reports.parts(cast.spring.id, organisations.beneath(cast.norrkoping.id))
