"""What the tests of shifts share: a filled-in form, and the address of a shift's code."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from canvass.core import db
from canvass.fieldwork import shifts
from canvass.fieldwork.shifts import Shift
from canvass.members import joining
from tests.cast import Cast


def form(cast: Cast, **changes: Any) -> dict[str, Any]:
    """A form filled in with the least that is needed, and `changes`."""
    filled = {"organisation": cast.hageby.id, "channel": "door", "held_on": "2026-05-09", "begins": "11:00"}
    return filled | {"ends": "13:00", "areas": [cast.hageby_north.id]} | changes


def the_shift() -> Shift:
    return db.session.scalars(select(Shift)).one()


def join_address(app: Flask, shift: Shift) -> str:
    secret = app.config["SECRET_KEY"]
    return f"/join/{joining.code(shifts.link(shift, secret), secret)}"
