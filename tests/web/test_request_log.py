"""The log of requests holds no address of a client, no secret and nothing that was typed."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient

from canvass.core import db
from canvass.members import joining, passwords, tickets
from canvass.members.people import Person
from tests.cast import PASSWORD, Cast
from tests.conftest import browser
from tests.web.browsing import hand_in

pytestmark = pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # the same on either engine


def test_the_log_holds_no_address_no_query_string_and_no_secret(
    app: Flask, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = tickets.sign_in_token(cast.bo)
    code = joining.code(joining.link(cast.hageby, cast.spring.id, cast.spring.ends_on, "key"), "key")
    where = {"REMOTE_ADDR": "203.0.113.77"}
    secrets = ["203.0.113.77", token, code, "bo@example.org", PASSWORD, "hemligt", "Mozilla", cast.alva.id]
    client = browser(app)
    client.environ_base |= where | {"HTTP_USER_AGENT": "Mozilla/5.0", "HTTP_X_FORWARDED_FOR": "203.0.113.77"}
    client.get("/about?hemligt=hemligt")
    client.get(f"/sign-in/{token}")
    client.post(f"/sign-in/{token}")
    client.get(f"/join/{code}")
    client.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD})
    client.post("/sign-in", data={"email": "bo@example.org", "password": "hemligt"})
    client.get(f"/me?next={token}")
    client.get("/hemligt")
    hand_in(client, cast.alva)

    assert "POST /sign-in/<token> 303" in caplog.text  # it does log
    assert [secret for secret in secrets if secret in caplog.text] == []


def test_values_that_the_database_refused_are_not_logged(
    cast: Cast, stranger: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people register the same e-mail address at once: the traceback is logged, the statement's values are not."""
    hageby = cast.hageby.id

    def collide(*_args: object) -> None:
        db.session.add(Person(name="Bo", email="bo@example.org", association_id=hageby))
        db.session.flush()

    monkeypatch.setattr(passwords, "authenticate", collide)
    assert stranger.post("/sign-in", data={"email": "bo@example.org"}).status_code == 409
    assert "in collide" in caplog.text
    assert "bo@example.org" not in caplog.text
