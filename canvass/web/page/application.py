"""Flask, without what it does for every request and no view of ours needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


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
