"""What the tests of reports share."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.core.audit import Entry
from canvass.fieldwork import campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, new_campaign

SignedIn = Callable[[Person], FlaskClient]


def read(client: FlaskClient, table: str = "totals", **query: Any) -> list[dict[str, str]]:
    """The rows of a CSV as programs read it."""
    answer = client.post(f"/reports/{table}.csv", query_string={"dialect": "rfc4180", **query})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def audited() -> list[Entry]:
    return list(db.session.scalars(select(Entry).where(Entry.action == "report.export").order_by(Entry.number)))


def a_campaign(cast: Cast, name: str, organisation: Organisation | None = None) -> Campaign:
    """Another open campaign."""
    campaign = new_campaign(
        organisation or cast.norrkoping,
        name=name,
        kind="listen",
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        channels=["door"],
        topics=[],
        target=None,
    )
    campaigns.open_(campaign)
    return campaign
