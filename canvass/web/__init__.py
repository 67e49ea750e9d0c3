"""The web layer: a blueprint per noun, in packages named as those below. What views share is in web/page."""

from __future__ import annotations

from flask import Flask
from flask_compress import Compress

from canvass.web.board import earlier_years, reports
from canvass.web.counting import attempts, late_reports, quarantine, sync, withdrawals
from canvass.web.fieldwork import area_files, areas, calendars, campaigns, shifts, trainings
from canvass.web.insight import coverage, hours, numbers, plausibility, targets, walls
from canvass.web.members import joining, organisations, people, setup
from canvass.web.page import about, auth, errors, fragments, languages, security, stylesheets

BLUEPRINTS = (
    about.bp,
    area_files.bp,
    areas.bp,
    attempts.bp,
    calendars.bp,
    campaigns.bp,
    coverage.bp,
    earlier_years.bp,
    hours.bp,
    joining.bp,
    late_reports.bp,
    numbers.bp,
    organisations.bp,
    people.bp,
    plausibility.bp,
    quarantine.bp,
    reports.bp,
    setup.bp,
    shifts.bp,
    sync.bp,
    targets.bp,
    trainings.bp,
    walls.bp,
    withdrawals.bp,
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
    """Register every blueprint, and what runs around each request."""
    # Phones pay by the byte. Only what is text shrinks, and no page carries a secret that its length could give away.
    app.config.update(
        COMPRESS_MIMETYPES=COMPRESSED,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_ALGORITHM_STREAMING=["br", "deflate"],  # static files; zstd, the default, is worse at small texts
    )
    Compress(app)
    stylesheets.attach(app)
    fragments.attach(app)
    errors.attach(app)
    # In this order before each request: what may be refused unread comes before the first query.
    languages.attach(app)
    security.attach(app)
    auth.attach(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
