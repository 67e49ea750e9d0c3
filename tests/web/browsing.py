"""What tests of the web send, and how they read who came of it."""

from __future__ import annotations

import html
import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from canvass.core import db
from canvass.core.db import new_id
from canvass.members.people import Person
from tests.cast import PASSWORD
from tests.conftest import browser

OURS, THEIRS = "http://localhost", "http://evil.example"


def bare(app: Flask) -> FlaskClient:
    """A program or an old browser: it says nothing of where its requests come from."""
    client = browser(app)
    del client.environ_base["HTTP_SEC_FETCH_SITE"]
    return client


def batch(author: Person) -> dict[str, Any]:
    """An empty batch: the phone only says that it is there."""
    return {"schema": 1, "install": new_id(), "batch": new_id(), "author": author.id, "ops": []}


def hand_in(client: FlaskClient, author: Person, **headers: str) -> TestResponse:
    return client.post("/api/v1/sync", json=batch(author), headers={"X-Sync": "1", **headers})


def addresses(app: Flask, method: str) -> list[str]:
    """Every address that takes this method, with ids that nobody has."""
    nothing = dict.fromkeys(["filename", "code", "token"], "nothing")
    with app.test_request_context():
        return [
            app.url_map.bind("localhost").build(
                rule.endpoint, {name: nothing.get(name, new_id()) for name in rule.arguments}, method=method
            )
            for rule in app.url_map.iter_rules()
            if method in (rule.methods or ())
        ]


def sign_in(client: FlaskClient, email: str = "bo@example.org", password: str = PASSWORD) -> TestResponse:
    return client.post("/sign-in", data={"email": email, "password": password})


def newest() -> Person:
    """The person who was added last."""
    return db.session.scalars(select(Person).order_by(Person.id.desc()).limit(1)).one()


def number_of_people() -> int:
    return db.session.scalar(select(func.count(Person.id))) or 0


def signed_in_as(client: FlaskClient) -> str:
    """The name on the own page of whoever is signed in; empty for a stranger."""
    found = re.search(r"<h1>(.*?)</h1>", client.get("/me").text)
    return html.unescape(found[1]) if found else ""
