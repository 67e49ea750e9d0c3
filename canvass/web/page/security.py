"""What is refused before anybody is asked who they are, and the headers with which every answer protects its reader."""

from __future__ import annotations

import logging

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import Forbidden

from canvass.core import i18n
from canvass.web.page import site

LARGEST_FORM = 1_000_000  # bytes
# Where the server puts the HTTPException with which it refuses a request whose body could not be received.
REFUSED = "canvass.refused"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
UNLESS_SET = [
    ("Content-Security-Policy", CSP),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "geolocation=(self), camera=(), microphone=()"),
    ("Cache-Control", "no-store"),
]
log = logging.getLogger("canvass.requests")


def attach(app: Flask) -> None:
    """Check each request before its view, and complete each response."""
    app.before_request(check_request)
    app.after_request(set_headers)
    app.after_request(log_request)


def check_request() -> None:
    """Refuse what did not arrive, is too large or was sent by another site. Raises HTTPException."""
    if REFUSED in request.environ:
        raise request.environ[REFUSED]
    if request.endpoint in (None, "static"):
        return
    if request.method not in SAFE_METHODS:
        if request.mimetype != "multipart/form-data":
            # A file may be large, a form may not: it is parsed in memory, and anybody can send one.
            request.max_content_length = LARGEST_FORM
        view = current_app.view_functions[request.endpoint or ""]
        if not is_same_origin(has_token=getattr(view, "has_token", False)):
            raise Forbidden(i18n.gettext("Formuläret skickades inte härifrån. Öppna sidan på nytt och försök igen."))
        if not request.is_json:
            # Read the whole form before the first query: a slow phone must not hold SQLite's only write lock meanwhile.
            _ = request.form


def is_same_origin(*, has_token: bool) -> bool:
    """Was the request sent by one of our own pages, or by a program to a view whose token is the secret?

    The browser says so in Sec-Fetch-Site or, an older one, in Origin. A CSRF token in the form could expire, this
    cannot. A program that sends neither header is let through to a view with a token only, and to the API only with
    X-Sync, which no form can send.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site == "same-origin"
    if origin is not None:
        return origin in (request.host_url.rstrip("/"), current_app.config["PUBLIC_URL"] or None)
    return has_token and (not request.path.startswith("/api/") or request.headers.get("X-Sync") == "1")


def set_headers(response: Response) -> Response:
    """Set the headers that limit what a browser does with the response: whom it trusts, tells and stores it for."""
    headers = response.headers
    headers.add("X-Content-Type-Options", "nosniff")
    if site.is_secure():
        headers.add("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "static" and response.status_code < 400:
        # The other headers concern pages; on twenty style sheets and modules they would weigh as much as the content.
        if "v" in request.args:
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
    present = {name.lower() for name, _value in headers}
    for name, value in UNLESS_SET:
        if name.lower() not in present:
            headers.add(name, value)
    return response


def log_request(response: Response) -> Response:
    """Log method, route and status, but no address of a client and no value of a URL: it may be a join code."""
    if log.isEnabledFor(logging.INFO) and (request.endpoint != "static" or response.status_code >= 400):
        log.info("%s %s %s", request.method, request.url_rule.rule if request.url_rule else "–", response.status_code)
    return response


def allow_tiles(response: Response) -> Response:
    """Let this page load pictures from the operator's tile server, if one is set, and nothing else from there.

    Referrer-Policy is same-origin everywhere, so that server does not learn which page asks.
    """
    if url := current_app.config["TILES_URL"]:
        origin = "/".join(url.split("/")[:3])
        response.headers["Content-Security-Policy"] = CSP.replace("img-src ", f"img-src {origin} ")
    return response


def own_path(target: str | None, default: str) -> str:
    """Return `target` when it is a path on this server, else `default`: no link of ours may redirect elsewhere."""
    # Browsers take // and /\ for the start of another server's name, and ignore tabs and line breaks.
    if not target or not target.isprintable() or target[0] != "/" or target[1:2] in ("/", "\\"):
        return default
    return target
