"""The limit on guessing passwords."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.members import passwords, throttle
from canvass.members.throttle import Try
from tests.cast import Cast
from tests.conftest import NOW, browser
from tests.web.browsing import sign_in


def test_after_ten_wrong_tries_the_address_is_blocked_for_a_quarter_of_an_hour(
    app: Flask, cast: Cast, later: Callable[..., Any]
) -> None:
    for _ in range(passwords.TRIES):
        throttle.count("sign-in bo@example.org", passwords.TRIES_WINDOW)
    db.session.commit()
    answer = sign_in(browser(app))
    assert answer.status_code == 429
    assert "Vänta en kvart" in answer.text
    assert sign_in(browser(app), " Bo@EXAMPLE.org").status_code == 429  # written otherwise, the same address
    assert sign_in(browser(app), "cia@example.org").status_code == 303  # nobody else is stopped
    with later(minutes=14):
        assert sign_in(browser(app)).status_code == 429
    with later(minutes=15):
        assert sign_in(browser(app)).status_code == 303


def test_a_wrong_try_is_counted_though_nothing_else_is_kept(cast: Cast, stranger: FlaskClient) -> None:
    sign_in(stranger, password="fel")
    sign_in(stranger, password="fel")
    tried = db.session.scalars(select(Try)).one()
    assert (tried.count, tried.since) == (2, NOW)
    assert "bo" not in tried.key
    assert re.fullmatch(r"[0-9a-f]{64}", tried.key)


def test_old_tries_are_forgotten(cast: Cast, stranger: FlaskClient, later: Callable[..., Any]) -> None:
    sign_in(stranger, password="fel")
    with later(days=2):
        sign_in(stranger, "cia@example.org", "fel")
        assert len(db.session.scalars(select(Try)).all()) == 1
