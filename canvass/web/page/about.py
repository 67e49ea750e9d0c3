"""What may be read by anybody: how a conversation is counted, what is stored, and that the server is well."""

from __future__ import annotations

from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from canvass.core import db
from canvass.web.page import auth

bp = Blueprint("about", __name__)


@bp.get("/about")
@auth.open_to_all
def page() -> ResponseReturnValue:
    """Something to show at the door."""
    return render_template("about.html")


@bp.get("/offline")
@auth.open_to_all
def offline() -> ResponseReturnValue:
    """Kept on the phone, for pages that need the network."""
    return render_template("offline.html")


@bp.get("/healthz")
@auth.open_to_all
def health() -> ResponseReturnValue:
    """For the host's watchman: the server answers and the database too."""
    db.session.execute(text("SELECT 1"))
    return jsonify(status="ok")


@bp.get("/readyz")
@auth.open_to_all
def ready() -> ResponseReturnValue:
    """Which database answers, and how it keeps what it is given: {"engine", "version", "journal_mode"} and a status."""
    return jsonify(status="ok", **db.describe(db.session.connection()))


@bp.post("/language")
@auth.open_to_all
def language() -> ResponseReturnValue:
    """Another language, on the page one was on."""
    response = make_response(redirect(auth.own_path(request.form.get("next"), url_for("attempts.front")), 303))
    auth.choose_language(response, request.form.get("language", ""))
    db.session.commit()
    return response
