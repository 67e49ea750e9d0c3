"""What people type is taken in one spelling, whichever their device has."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from canvass.core import db
from canvass.fieldwork import topics
from canvass.members.people import Person
from tests.cast import Cast
from tests.fieldwork.areas.files import of

SignedIn = Callable[[Person], FlaskClient]


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def test_every_field_of_every_form_and_query_is_composed(app: Flask) -> None:
    sent = {"name": decomposed("Åkerby"), "lines": decomposed("Skolan\r\nVård\u202een"), "password": decomposed("pång")}
    with app.test_request_context("/?q=" + decomposed("östra"), method="POST", data=sent):
        assert request.args["q"] == "östra"
        assert request.form["name"] == request.values["name"] == "Åkerby"
        assert request.form["lines"] == "Skolan\nVården"
        # A hash was made of it as it was typed.
        assert request.form["password"] == decomposed("pång")
    with app.test_request_context(method="POST", data=sent, content_type="multipart/form-data"):
        assert request.form.getlist("name") == ["Åkerby"]


def test_an_area_named_on_a_mac_is_found_from_a_phone(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    data = {"organisation": cast.hageby.id, "name": decomposed("Sjövik"), "code": decomposed("Å1"), "housing": ""}
    assert bo.post("/areas", data=data).status_code == 303
    assert of(cast.hageby)["Å1"].name == "Sjövik"
    for typed in ("sjövik", decomposed("SJÖVIK"), decomposed("å1")):
        assert "Sjövik" in bo.get("/areas", query_string={"q": typed}).text
        assert "Inget område passar" not in bo.get("/areas", query_string={"q": typed}).text


def test_a_topic_in_two_spellings_is_one(cast: Cast) -> None:
    topics.offer(cast.spring, ["Vård", decomposed("Vård"), "Skola"])
    db.session.flush()
    assert [topic.name for topic in topics.offered(cast.spring)] == ["Vård", "Skola"]


@pytest.mark.parametrize(
    "name", ["\u0645\u06cc\u200c\u062f\u0627\u0646", "Gården \U0001f468\u200d\U0001f469\u200d\U0001f467"]
)
def test_a_name_keeps_its_joiners(cast: Cast, signed_in: SignedIn, name: str) -> None:
    assert signed_in(cast.alva).post("/me", data={"what": "name", "name": name}).status_code == 303
    db.session.expire_all()
    assert cast.alva.name == name
