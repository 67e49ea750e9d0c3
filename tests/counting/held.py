"""Operations that are held, for the tests of quarantine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.counting import tallies
from canvass.counting.quarantine import Held
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, new_campaign
from tests.conftest import NOW
from tests.counting.phone import Phone

SignedIn = Callable[[Person], FlaskClient]


NOBODY = "01900000-0000-7000-8000-000000000000"


def total(cast: Cast) -> tallies.Count:
    return tallies.total(cast.spring.id, organisations.beneath(cast.ostergotland.id))


def the_held() -> Held:
    return db.session.scalars(select(Held)).one()


def hold(cast: Cast, phone: Phone, **changes: Any) -> tuple[dict[str, Any], Held]:
    """An operation that is held though nothing is wrong with it but its area, and what is kept of it."""
    operation = phone.operation(cast, data={"n": 40, "area": NOBODY}, **changes)
    assert phone.verdicts(operation) == ["quarantined"]
    return operation, the_held()


def another(organisation: Organisation) -> Campaign:
    found = new_campaign(
        organisation,
        name="En annan",
        kind="listen",
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        channels=["door"],
        topics=[],
        target=None,
    )
    db.session.flush()
    return found
