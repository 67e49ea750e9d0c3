"""Canvass: conversations logged at the door, counted for the board."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from canvass import cli, web
from canvass.core import db, settings
from canvass.web.page.application import Application


def create_app(**overrides: Any) -> Flask:
    """Return the Flask application with its settings, database, views and commands.

    `overrides` are settings by name (DATA="/srv/canvass") and win over the environment. Raises ValueError for a
    setting that cannot be used.
    """
    app = Application("canvass", root_path=str(settings.ROOT), static_folder="static", template_folder="templates")
    app.config.update(settings.read(**overrides))
    app.config["SECRET_KEY"] = settings.secret(app.config["DATA"], "key")
    # Flask's session cookie only has messages for the next page; sessions of people are kept on the server.
    app.config.update(SESSION_COOKIE_NAME="canvass_said", SESSION_COOKIE_SAMESITE="Lax")
    app.config["SESSION_COOKIE_SECURE"] = app.config["PUBLIC_URL"].startswith("https:")
    app.config["MAX_CONTENT_LENGTH"] = settings.LARGEST_UPLOAD
    if app.config["PROXIES"]:
        hops = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    db.attach(app)
    web.attach(app)
    cli.attach(app)
    return app
