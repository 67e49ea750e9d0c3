"""An evening's paper totals, entered in twenty seconds and taken back in one."""

from __future__ import annotations

from flask import Blueprint

from canvass.late_reports import LateReport  # noqa: F401

door = Blueprint("late_reports", __name__)
