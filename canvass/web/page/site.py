"""What the operator has settled for this server, as views need it."""

from __future__ import annotations

from flask import current_app, request


def base_url() -> str:
    """Return the public address for links and QR codes, without a slash at the end."""
    return current_app.config["PUBLIC_URL"] or request.host_url.rstrip("/")


def secret() -> str:
    """Return the server's secret, from which join codes and calendar addresses are computed."""
    return str(current_app.config["SECRET_KEY"])
