"""Pages for everybody: how a conversation is counted and what is stored, the offline page, the health check."""

from __future__ import annotations

from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db, engines
from canvass.web.page import auth, languages, security

bp = Blueprint("about", __name__)


@bp.get("/about")
@auth.open_to_all
def page() -> ResponseReturnValue:
    """The page about how we count and what we store."""
    return render_template("about.html")


@bp.get("/offline")
@auth.open_to_all
def offline() -> ResponseReturnValue:
    """The page that the service worker shows when another page needs the network."""
    return render_template("offline.html")


@bp.get("/healthz")
@auth.open_to_all
def health() -> ResponseReturnValue:
    """Answer 200 when the server and its database work, for the host's monitoring."""
    engines.check()
    return jsonify(status="ok")


@bp.get("/readyz")
@auth.open_to_all
def ready() -> ResponseReturnValue:
    """Which database answers, and how it keeps what it is given: {"engine", "version", "journal_mode"} and a status."""
    return jsonify(status="ok", **engines.describe(db.session.connection()))


@bp.post("/language")
@auth.open_to_all
def language() -> ResponseReturnValue:
    """Change the language, and go back to the page where it was chosen."""
    response = make_response(redirect(security.own_path(request.form.get("next"), url_for("attempts.front")), 303))
    languages.choose(request.form.get("language", ""), response, auth.visitor())
    db.session.commit()
    return response
