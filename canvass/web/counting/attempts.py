"""The logging screen: one page that holds nothing personal, kept on the phone by its service worker."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from pathlib import Path

from flask import Blueprint, Response, current_app, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from canvass.core import i18n
from canvass.core.i18n import gettext as _
from canvass.web.page import auth, fragments

bp = Blueprint("attempts", __name__)


@bp.get("/log")
@auth.open_to_all
def screen() -> ResponseReturnValue:
    """The shell, the same for everybody: who is logging and what, the phone knows itself."""
    response = Response(render_template("log.html"))
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/service-worker.js")
@auth.open_to_all
def service_worker() -> ResponseReturnValue:
    """The worker, told what the shell is made of: its text changes with any part of it, and then phones update."""
    shell = shell_files()
    pages = render_template("log.html") + render_template("offline.html")
    version = hashlib.sha256("".join([pages, *(fragments.mark(f) for f in shell)]).encode()).hexdigest()[:12]
    urls = [url_for("attempts.screen"), url_for("about.offline"), *_addresses(pages, shell)]
    source = (Path(current_app.static_folder or "") / "service-worker.js").read_text("utf-8")
    text = f"const VERSION = {json.dumps(version)};\nconst SHELL = {json.dumps(urls)};\n{source}"
    response = Response(text, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = url_for("attempts.front")
    return response


@bp.get("/manifest.webmanifest")
@auth.open_to_all
def manifest() -> ResponseReturnValue:
    """What a phone's home screen shows."""
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


def shell_files() -> list[str]:
    """The static files that the logging screen needs, found by following what it links and imports."""
    static = Path(current_app.static_folder or "")
    page = render_template("log.html")
    found = dict.fromkeys(re.findall(r'["\'(]/static/([^"\'?)]+)', page))
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        if not name.endswith(".js"):
            continue
        for imported in re.findall(r'(?:from|import\()\s*["\'](\.[^"\']+)', (static / name).read_text("utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))
            if path not in found:
                found[path] = None
                waiting.append(path)
    return list(found)


def _addresses(page: str, shell: list[str]) -> list[str]:
    """Each file's address as the page or the importing module writes it: with its mark, or plain."""
    return [fragments.asset(f) if fragments.asset(f) in page else url_for("static", filename=f) for f in shell]


@bp.get("/")
@auth.open_to_all
def front() -> ResponseReturnValue:
    """Where each person wants to be: at the door, over the numbers, or signing in."""
    person = auth.visitor()
    if person is None:
        return redirect(url_for("people.sign_in"), 303)
    leads = any(m.role != "volunteer" for m in person.memberships)
    return redirect(url_for("campaigns.index" if leads else "attempts.screen"), 303)
