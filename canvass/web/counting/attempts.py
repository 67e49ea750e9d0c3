"""The logging screen: one page that holds nothing personal, kept on the phone by its service worker."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from canvass.core import i18n
from canvass.core.i18n import gettext as _
from canvass.members import people
from canvass.web.counting import shell
from canvass.web.page import auth, fragments

bp = Blueprint("attempts", __name__)


@bp.get("/log")
@auth.open_to_all
def screen() -> ResponseReturnValue:
    """The page is the same for everybody: who logs what is known on the phone only."""
    response = Response(render_template("log.html"))
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/service-worker.js")
@auth.open_to_all
def service_worker() -> ResponseReturnValue:
    """The script that keeps the logging screen on the phone."""
    response = Response(shell.worker(), mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = url_for("attempts.front")
    return response


@bp.get("/manifest.webmanifest")
@auth.open_to_all
def manifest() -> ResponseReturnValue:
    """The web app manifest, for the home screen."""
    response = jsonify(
        name="Canvass",
        short_name="Canvass",
        description=_("Logga samtal vid dörren, i telefon och på torget."),
        lang=i18n.language(),
        start_url=url_for("attempts.screen"),
        scope=url_for("attempts.front"),
        display="standalone",
        orientation="any",
        background_color="#ffffff",
        theme_color="#ffffff",
        icons=[
            {"src": fragments.asset("icons/icon-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": fragments.asset("icons/icon-512.png"), "sizes": "512x512", "type": "image/png"},
            {
                "src": fragments.asset("icons/maskable-512.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
    )
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/")
@auth.open_to_all
def front() -> ResponseReturnValue:
    """Redirect to the logging screen, the campaigns or the sign-in form; an empty installation says how to begin."""
    person = auth.visitor()
    if person is None:
        return redirect(url_for("people.sign_in"), 303) if people.is_anyone() else render_template("waiting.html")
    leads = any(m.role != "volunteer" for m in person.memberships)
    return redirect(url_for("campaigns.index" if leads else "attempts.screen"), 303)
