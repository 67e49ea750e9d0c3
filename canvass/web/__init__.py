"""The doors: one module per noun. None imports another's; what they share is in gate, fragments and errors."""

from __future__ import annotations

from flask import Flask
from flask_compress import Compress

from canvass.web import (
    about,
    allocations,
    areas,
    attempts,
    calendars,
    campaigns,
    coverage,
    earlier_years,
    errors,
    fragments,
    gate,
    hours,
    joining,
    late_reports,
    organisations,
    people,
    plausibility,
    quarantine,
    reports,
    setup,
    shifts,
    sync,
    trainings,
    walls,
)

DOORS = (
    about.door,
    allocations.door,
    areas.door,
    attempts.door,
    calendars.door,
    campaigns.door,
    coverage.door,
    earlier_years.door,
    hours.door,
    joining.door,
    late_reports.door,
    organisations.door,
    people.door,
    plausibility.door,
    quarantine.door,
    reports.door,
    setup.door,
    shifts.door,
    sync.door,
    trainings.door,
    walls.door,
)
COMPRESSED = [
    "text/html",
    "text/css",
    "text/javascript",
    "text/csv",
    "text/calendar",
    "application/json",
    "application/geo+json",
    "application/manifest+json",
    "image/svg+xml",
]


def attach(app: Flask) -> None:
    """Hang every door in the app."""
    # Phones pay by the byte. Only what is text shrinks, and no page carries a secret that its length could give away.
    app.config.update(COMPRESS_MIMETYPES=COMPRESSED, COMPRESS_ALGORITHM=["br", "gzip"])
    Compress(app)
    fragments.attach(app)
    errors.attach(app)
    gate.attach(app)
    for door in DOORS:
        app.register_blueprint(door)
