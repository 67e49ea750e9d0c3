"""The tree in words and numbers, for the tests of organisations."""

from __future__ import annotations

from sqlalchemy import func, select

from canvass.core import db
from canvass.members import organisations
from canvass.members.organisations import Organisation

WHOLE = {"national": 1, "district": 26, "municipal": 290}


def numbers() -> dict[str, int]:
    """How many organisations of each kind there are."""
    query = select(Organisation.kind, func.count()).group_by(Organisation.kind)
    return dict(db.session.execute(query).all())


def line(organisation: Organisation) -> list[str]:
    """The organisation's name and those above it."""
    return [node.name for node in organisations.above(organisation.id)]


def named(name: str, kind: str = "municipal") -> Organisation:
    found = db.session.scalars(select(Organisation).where(Organisation.name == name, Organisation.kind == kind))
    return found.one()
