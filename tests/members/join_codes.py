"""The code of a campaign's join link, for the tests of joining."""

from __future__ import annotations

from flask import Flask

from canvass.members import joining
from canvass.members.organisations import Organisation
from tests.cast import Cast


def code(app: Flask, cast: Cast, organisation: Organisation | None = None) -> str:
    """The short code of the campaign's way in, as it is printed."""
    secret = app.config["SECRET_KEY"]
    link = joining.link(organisation or cast.norrkoping, cast.spring.id, cast.spring.ends_on, secret)
    return joining.code(link, secret)
