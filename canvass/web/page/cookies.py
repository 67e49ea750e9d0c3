"""The product's own cookies. Scripts cannot read them, other sites cannot have them sent."""

from __future__ import annotations

from datetime import timedelta

from flask import Response

from canvass.web.page import site

SESSION, DEVICE, LANGUAGE = "canvass_session", "canvass_device", "canvass_language"
LIFETIME = timedelta(days=400)  # browsers keep none longer


def put(response: Response, name: str, value: str) -> None:
    """Set the cookie on the response; with HTTPS it is sent back over HTTPS only."""
    response.set_cookie(name, value, max_age=LIFETIME, httponly=True, samesite="Lax", secure=site.is_secure(), path="/")
