"""What a team is asked about its own unusual days."""

from __future__ import annotations

from flask import Blueprint

from canvass.plausibility import Answer  # noqa: F401

door = Blueprint("plausibility", __name__)
