"""What the operator has settled for this server, as views need it."""

from __future__ import annotations

from flask import current_app, request

from canvass.core import nearby


def base_url() -> str:
    """Return the public address for links and QR codes, without a slash at the end."""
    if public := current_app.config["PUBLIC_URL"]:
        return str(public)
    asked = request.host_url.rstrip("/")
    if nearby.is_only_here(asked) and (outward := nearby.outward(current_app.config["HOST"])):
        # Whoever sits at the server's own machine makes links for others.
        return nearby.origin(outward, current_app.config["PORT"])
    return asked


def is_secure() -> bool:
    """Does the browser speak HTTPS with us, or with the proxy that the public address leads to?"""
    return request.is_secure or current_app.config["PUBLIC_URL"].startswith("https:")


def secret() -> str:
    """Return the server's secret, from which join codes and calendar addresses are computed."""
    return str(current_app.config["SECRET_KEY"])
