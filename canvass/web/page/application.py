"""Flask, without what it does for every request and no view of ours needs, and with forms that are tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue

from canvass.core import db


class Messages(SecureCookieSessionInterface):
    """Flask's session. It is empty but for messages for the next page, so most requests bring none to be verified."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


class Application(Flask):
    """All views are ordinary functions: Flask need not look for coroutines ten times per request."""

    session_interface = Messages()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        """Call the view; again when its form lost a race for a row, so that it finds what the other one wrote.

        Two who add the same thing at once are both told what one would be told after the other. Phones' requests are
        tried again by the API itself.
        """
        if request.method != "POST" or request.path.startswith("/api/"):
            return super().dispatch_request()
        return db.repeat(super().dispatch_request, commits=False, between=_rewind)


def _rewind() -> None:
    """Let files that came with the form be read from their beginning."""
    for file in request.files.values():
        file.seek(0)
