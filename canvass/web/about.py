"""What may be read by anybody: how a conversation is counted, what is stored, and that the server is well."""

from __future__ import annotations

from flask import Blueprint, jsonify, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from canvass import db
from canvass.web import gate

door = Blueprint("about", __name__)


@door.get("/about")
@gate.open_to_all
def page() -> ResponseReturnValue:
    """Something to show at the door."""
    return render_template("about.html")


@door.get("/offline")
@gate.open_to_all
def offline() -> ResponseReturnValue:
    """Kept on the phone, for pages that need the network."""
    return render_template("offline.html")


@door.get("/healthz")
@gate.open_to_all
def health() -> ResponseReturnValue:
    """For the host's watchman: the server answers and the database too."""
    db.session.execute(text("SELECT 1"))
    return jsonify(status="ok")


@door.post("/language")
@gate.open_to_all
def language() -> ResponseReturnValue:
    """Another language, on the page one was on."""
    response = make_response(redirect(gate.own_path(request.form.get("next"), "/"), 303))
    gate.choose_language(response, request.form.get("language", ""))
    db.session.commit()
    return response
