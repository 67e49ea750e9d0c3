"""Flask-Login without cookies of its own."""

from __future__ import annotations

import flask_login
from flask import Response, request


class LoginManager(flask_login.LoginManager):  # type: ignore[misc]
    """Asks the request loader, and neither reads nor sets the signed cookies that Flask-Login would look for first.

    They would be a second way in, listed nowhere and never ended. Looking for them also makes every response, style
    sheets included, vary with the cookie, and keeps out whoever has a `remember_token` of another site on this host.
    """

    def _load_user(self) -> None:
        self._update_request_context_with_user(self._load_user_from_request(request))

    def _update_remember_cookie(self, response: Response) -> Response:
        return response

    def forget_user(self) -> None:
        """Make `current_user` anonymous for the rest of the request."""
        self._update_request_context_with_user()
