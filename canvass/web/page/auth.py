"""Who is asking, and which views they may reach.

`current_user` of Flask-Login is the person of our own session: a row in the database, found by the token in a cookie.
Views are closed to strangers unless they are marked as open. A device token is no login; it opens one view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from flask import Flask, Request, Response, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import Unauthorized
from werkzeug.http import parse_cookie

from canvass.core import db
from canvass.members import devices, people, sessions
from canvass.members.devices import Device
from canvass.members.people import Person
from canvass.members.sessions import Session
from canvass.web.page import browsers, cookies, kept
from canvass.web.page.login import LoginManager
from canvass.web.page.security import SAFE_METHODS

View = TypeVar("View", bound=Callable[..., Any])
# In a request's WSGI environment: the environments of those that the server answers together with it, and who they are.
ALONGSIDE, _SUBMITTERS = "canvass.alongside", "canvass.submitters"

login_manager = LoginManager()
login_manager.session_protection = None  # it would sign a phone out when its address changes


def attach(app: Flask) -> None:
    """Give the app Flask-Login, and require it of every view that is not marked as open."""
    login_manager.init_app(app)
    app.before_request(require_login)


def open_to_all(view: View) -> View:
    """Mark a view that needs no login. A test holds the list of them."""
    view.is_open = True  # type: ignore[attr-defined]
    return view


def open_by_token(view: View) -> View:
    """Mark a view that needs no login because its address is the secret. Programs may post to it: see security."""
    view.is_open = view.has_token = True  # type: ignore[attr-defined]
    return view


def open_to_devices(view: View) -> View:
    """Mark a view that a device token opens as well as a login: see `submitters`. It begins its own transaction."""
    view.has_token = view.takes_device = True  # type: ignore[attr-defined]
    return view


def require_login() -> ResponseReturnValue | None:
    """Find out who is asking, and stop whoever may not reach the view."""
    if request.endpoint in (None, "static"):
        return None
    view = current_app.view_functions[request.endpoint or ""]
    if getattr(view, "takes_device", False):
        g.session = None
        g.submitters = submitters()
        return None if g.submitters else login_manager.unauthorized()
    if request.method in SAFE_METHODS:
        db.read_only()
    g.session = _find_session()
    if g.session is not None or getattr(view, "is_open", False):
        return None
    return login_manager.unauthorized()


@login_manager.request_loader  # type: ignore[untyped-decorator]
def load_person(_request: Request) -> Person | None:
    """Return the person of the session that `require_login` has found; None before that, as when a form is refused."""
    found: Session | None = g.get("session")
    return people.present(found.person) if found is not None else None


@login_manager.unauthorized_handler  # type: ignore[untyped-decorator]
def unauthorized() -> ResponseReturnValue:
    """Answer a stranger: 401 for the API and for forms, a reload of the page for htmx, else a redirect to sign-in.

    A form with what somebody has typed is not reloaded away by htmx either: it gets the page that keeps it.
    """
    if request.path.startswith("/api/"):
        raise Unauthorized
    if request.headers.get("HX-Request") == "true" and kept.typed(401) is None:
        # htmx follows redirects: the sign-in page would end up inside the page that asked.
        return Response(status=401, headers={"HX-Refresh": "true"})
    if request.method not in SAFE_METHODS:
        raise Unauthorized
    return redirect(url_for("people.sign_in", next=request.full_path.rstrip("?")), 303)


def person() -> Person:
    """Return the person behind `current_user`, for rules that store or compare it. Only in views that need a login."""
    found = visitor()
    assert found is not None
    return found


def visitor() -> Person | None:
    """Return the person behind `current_user`, None for a stranger."""
    found = current_user._get_current_object()
    return found if isinstance(found, Person) else None


def current_session() -> Session:
    """Return the session behind `current_user`. Only in views that need a login."""
    found: Session = g.session
    return found


def submitters() -> dict[str, str]:
    """Return the ids of those whose operations the request may hand in: its session's person and its device's.

    By the id that the phone knows stands that of whom the operations are: see sessions.authors.
    """
    if _SUBMITTERS not in request.environ:
        _find_submitters(request.environ.get(ALONGSIDE) or [request.environ])
    found: dict[str, str] = request.environ[_SUBMITTERS]
    return found


def _find_submitters(environs: Sequence[dict[str, Any]]) -> None:
    """Look up those of several requests: phones ask thousands of times a minute, so all are found with two queries."""
    carried = [parse_cookie(environ) for environ in environs]
    kinds = [(cookies.SESSION, sessions.authors), (cookies.DEVICE, devices.authors)]
    owners = [(name, find({each[name] for each in carried if name in each})) for name, find in kinds]
    for environ, each in zip(environs, carried, strict=True):
        found = [known.get(each.get(name, "")) for name, known in owners]
        environ[_SUBMITTERS] = dict(author for author in found if author is not None)


def current_device() -> Device | None:
    """Return the device whose token the request carries, looked up once and only when asked for."""
    if "device" not in g:
        g.device = devices.find(request.cookies.get(cookies.DEVICE))
    found: Device | None = g.device
    return found


def sign_in(person: Person, response: Response) -> None:
    """Start a session for the person on this browser, and make it a device of theirs. Ends the session it had."""
    if g.session is not None:
        sessions.end(g.session)  # its cookie is replaced, so nobody could use or end it any more
    label = browsers.label(request.headers.get("User-Agent", ""))
    cookies.put(response, cookies.SESSION, sessions.start(person, label)[1])
    device = current_device()
    if device is None or people.present(device.person) is not person:
        cookies.put(response, cookies.DEVICE, devices.add(person, label))
    cookies.put(response, cookies.LANGUAGE, person.language)


def sign_out(response: Response, *, keeps_device: bool) -> None:
    """End the session. With `keeps_device` the phone may still hand in what waits on it, and read nothing."""
    if g.session is not None:
        sessions.end(g.session)
    response.delete_cookie(cookies.SESSION)
    if not keeps_device:
        if (device := current_device()) is not None:
            devices.end(device)
        response.delete_cookie(cookies.DEVICE)


def _find_session() -> Session | None:
    """Return the request's session. One that has not been seen for hours is touched first."""
    token = request.cookies.get(cookies.SESSION)
    found = sessions.find(token)
    if found is not None and sessions.is_stale(found):
        db.note_aside(partial(_touch, token))
        found = sessions.find(token)
    return found


def _touch(token: str | None) -> None:
    if (found := sessions.find(token)) is not None:
        sessions.touch(found)
