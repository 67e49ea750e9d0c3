"""The doors: one module per noun. None imports another's; what they share is in gate, fragments and errors."""

from __future__ import annotations

from flask import Flask

from canvass.web import (
    about,
    areas,
    attempts,
    campaigns,
    errors,
    fragments,
    gate,
    joining,
    organisations,
    people,
    quarantine,
    reports,
    setup,
    sync,
)

DOORS = (
    about.door,
    areas.door,
    attempts.door,
    campaigns.door,
    joining.door,
    organisations.door,
    people.door,
    quarantine.door,
    reports.door,
    setup.door,
    sync.door,
)


def attach(app: Flask) -> None:
    """Hang every door in the app."""
    fragments.attach(app)
    errors.attach(app)
    gate.attach(app)
    for door in DOORS:
        app.register_blueprint(door)
