"""The wallboard, and the links that open it."""

from __future__ import annotations

from flask import Blueprint

from canvass.walls import Wall  # noqa: F401

door = Blueprint("walls", __name__)
