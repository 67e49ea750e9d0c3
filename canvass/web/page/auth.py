"""Who are you, did you mean to, and is this door open? Asked before every request; no is the default answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden, Unauthorized

from canvass.core import db, i18n
from canvass.members import people
from canvass.members.people import Person

SESSION_COOKIE, DEVICE_COOKIE, LANGUAGE_COOKIE = "canvass_session", "canvass_device", "canvass_language"
COOKIE_LIFE = timedelta(days=400)  # browsers keep none longer
LARGEST_FORM = 1_000_000  # bytes
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# Where the server puts the HTTPException with which a request is to be refused, when its body could not be read.
REFUSED = "canvass.refused"
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
View = TypeVar("View", bound=Callable[..., Any])
log = logging.getLogger("canvass.requests")


def open_to_all(view: View) -> View:
    """Mark a door that needs no person. A test holds the list of them."""
    view.is_open = True  # type: ignore[attr-defined]
    return view


def open_by_token(view: View) -> View:
    """Mark a door whose address or header is itself the secret, so that nobody can be tricked through it.

    Programs that send neither Sec-Fetch-Site nor Origin, as no browser of today does, may post here.
    """
    view.is_open = view.has_token = True  # type: ignore[attr-defined]
    return view


def open_to_devices(view: View) -> View:
    """Mark a door that a device token opens as well as a session. It begins its own writing transaction."""
    view.has_token = view.takes_device = True  # type: ignore[attr-defined]
    return view


def person() -> Person:
    """Whoever is asking. Only behind doors that are not open to all."""
    assert g.person is not None
    return g.person


def session() -> people.Session:
    """The session with which they are asking. As `person`, and never behind doors that a device opens."""
    assert g.session is not None
    return g.session


def visitor() -> Person | None:
    """Whoever is asking, None for a stranger."""
    return g.get("person")


def returning() -> Person | None:
    """The volunteer whose phone this is though the session has ended; with a join code they come back as themselves.

    Never somebody with a password: a phone that only may hand in must not become a leader's.
    """
    device = g.get("device")
    return device.person if device is not None and device.person.password_hash is None else None


def attach(app: Flask) -> None:
    """Stand before every door of the app."""
    app.before_request(guard)
    app.after_request(finish)


def guard() -> Any:
    """Let the request through, send it to sign in, or refuse it."""
    g.person = g.session = g.device = None
    i18n.speak(_language_asked())
    if REFUSED in request.environ:
        raise request.environ[REFUSED]
    if request.endpoint in (None, "static"):
        return None
    if request.mimetype != "multipart/form-data":
        # A file may be large, a form may not: it is taken apart in memory, and anybody can send one.
        request.max_content_length = LARGEST_FORM
    view = current_app.view_functions[request.endpoint or ""]
    takes_device = getattr(view, "takes_device", False)
    if request.method not in SAFE_METHODS:
        _refuse_cross_site(has_token=getattr(view, "has_token", False))
        # The whole form before the first query: a slow phone must not hold SQLite's only write lock while it sends.
        _ = request.form
    if request.method in SAFE_METHODS or takes_device:
        db.read_only()
    _recognise(takes_device=takes_device)
    if g.person is not None or getattr(view, "is_open", False):
        return None
    if request.path.startswith("/api/") or request.method not in SAFE_METHODS:
        raise Unauthorized
    if request.headers.get("HX-Request") == "true":
        # Followed, a redirect would put the sign-in page inside the page that asked.
        return Response(status=401, headers={"HX-Refresh": "true"})
    return redirect(url_for("people.sign_in", next=request.full_path.rstrip("?")), 303)


def finish(response: Response) -> Response:
    """The headers every answer carries. No address is logged, and no query: a code may stand in it."""
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint == "static" and response.status_code < 400:
        # The rest says what a page may do; on twenty style sheets and modules it would weigh as much as they do.
        if "v" in request.args:
            headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
    headers.setdefault("Content-Security-Policy", CSP)
    headers.setdefault("Referrer-Policy", "same-origin")
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
    headers.setdefault("Cache-Control", "no-store")
    route = request.url_rule.rule if request.url_rule else "–"
    log.info("%s %s %s", request.method, route, response.status_code)
    return response


def allow_tiles(response: Response) -> Response:
    """Let this page show pictures of the operator's tile server, when one is named: of that server, nothing else.

    Referrer-Policy is same-origin everywhere, so the server does not learn which page asks.
    """
    if url := current_app.config["TILES_URL"]:
        origin = "/".join(url.split("/")[:3])
        response.headers["Content-Security-Policy"] = CSP.replace("img-src ", f"img-src {origin} ")
    return response


def let_in(who: Person, response: Response) -> Response:
    """Sign the person in on this browser: a session to read with, a device token to hand in with."""
    if g.session is not None:
        people.end(g.session)  # the cookie is about to be another's, and nobody could use or end this one
    label = _browser()
    _opened, token = people.sign_in(who, label)
    _set_cookie(response, SESSION_COOKIE, token)
    if g.device is None or g.device.person_id != who.id:
        _set_cookie(response, DEVICE_COOKIE, people.add_device(who, label))
    _set_cookie(response, LANGUAGE_COOKIE, who.language)
    return response


def let_out(response: Response, *, keeps_device: bool) -> Response:
    """Sign out. The device token may stay, so that what waits on the phone can still be handed in, and nothing read."""
    if g.session is not None:
        people.end(g.session)
    response.delete_cookie(SESSION_COOKIE)
    if not keeps_device:
        device = people.device(request.cookies.get(DEVICE_COOKIE))
        if device is not None:
            people.forget_device(device)
        response.delete_cookie(DEVICE_COOKIE)
    return response


def choose_language(response: Response, language: str) -> Response:
    """Speak this language with this browser from now on."""
    if language in i18n.LANGUAGES:
        _set_cookie(response, LANGUAGE_COOKIE, language)
        if g.person is not None:
            g.person.language = language
    return response


def own_path(target: str | None, default: str) -> str:
    """`target` when it is a path on this server, else `default`: a link must not send people elsewhere."""
    # Browsers take // and /\ for the start of another server's name, and read past tabs and line breaks.
    if not target or not target.isprintable() or target[0] != "/" or target[1:2] in ("/", "\\"):
        return default
    return target


def base_url() -> str:
    """The product's address for links and QR codes, without a slash at the end."""
    return current_app.config["PUBLIC_URL"] or request.host_url.rstrip("/")


def secret() -> str:
    """The server's secret, from which join codes are computed."""
    return str(current_app.config["SECRET_KEY"])


def _recognise(*, takes_device: bool) -> None:
    opened = people.signed_in(request.cookies.get(SESSION_COOKIE))
    if opened is not None and people.is_stale(opened):
        opened_id = opened.id
        db.note_aside(lambda: people.touch(db.session.get_one(people.Session, opened_id)))
        opened = people.signed_in(request.cookies.get(SESSION_COOKIE))
    if opened is not None:
        g.session, g.person = opened, opened.person
    device = people.device(request.cookies.get(DEVICE_COOKIE))
    if device is not None:
        g.device = device
        if takes_device and g.person is None:
            g.person = device.person


def _refuse_cross_site(*, has_token: bool) -> None:
    """By what the browser says of where the request came from: a token in the form could expire, this cannot."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        is_own = site == "same-origin"
    elif origin is not None:
        is_own = origin in (request.host_url.rstrip("/"), current_app.config["PUBLIC_URL"] or None)
    else:
        is_own = has_token and (not request.path.startswith("/api/") or request.headers.get("X-Sync") == "1")
    if not is_own:
        raise Forbidden(i18n.gettext("Formuläret skickades inte härifrån. Öppna sidan på nytt och försök igen."))


def _language_asked() -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in i18n.LANGUAGES:
        return chosen
    default = current_app.config["LANGUAGE"]
    return request.accept_languages.best_match([default, *i18n.LANGUAGES], default) or default


def _set_cookie(response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=COOKIE_LIFE, httponly=True, samesite="Lax", secure=request.is_secure, path="/"
    )


def _browser() -> str:
    """A rough name for the browser, for the list of signed-in ones: enough to know one's own phone by."""
    agent = request.headers.get("User-Agent", "")
    system = next((name for key, name in _SYSTEMS if key in agent), "")
    browser = next((name for key, name in _BROWSERS if key in agent), "")
    return " · ".join(part for part in (browser, system) if part)


_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)
_BROWSERS = (
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
