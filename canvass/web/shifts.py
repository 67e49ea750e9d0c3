"""Shifts: planned, signed up for, run and summed up."""

from __future__ import annotations

from flask import Blueprint

from canvass.shifts import Shift  # noqa: F401

door = Blueprint("shifts", __name__)
