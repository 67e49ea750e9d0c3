"""Results of earlier years: a CSV file, its preview, and undoing it."""

from __future__ import annotations

from flask import Blueprint

from canvass.earlier_years import EarlierResult  # noqa: F401

door = Blueprint("earlier_years", __name__)
