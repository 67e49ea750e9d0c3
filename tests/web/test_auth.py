"""Who is asking: `current_user` in views and templates, what a stranger is answered, and what signs nobody in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import flask_login
import pytest
from flask import Flask, g, render_template_string
from flask.testing import FlaskClient
from flask_login import current_user

from canvass.core import db
from canvass.members import devices
from canvass.members.people import Person
from canvass.web.page import auth
from tests.cast import Cast
from tests.conftest import browser, questions
from tests.web.browsing import addresses, hand_in

pytestmark = pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # the same on either engine
SignedIn = Callable[[Person], FlaskClient]
SEEN = "{{ current_user.is_authenticated }} {{ current_user.is_anonymous }} {{ current_user.get_id() }}"


@pytest.fixture
def seen(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[FlaskClient], list[str]]:
    """`seen(client)` is what a template sees of `current_user` on an open page."""
    monkeypatch.setitem(app.view_functions, "about.page", auth.open_to_all(lambda: render_template_string(SEEN)))
    return lambda client: client.get("/about").text.split()


def test_a_template_sees_who_is_asking(
    cast: Cast, signed_in: SignedIn, stranger: FlaskClient, seen: Callable[[FlaskClient], list[str]]
) -> None:
    assert seen(signed_in(cast.bo)) == ["True", "False", cast.bo.id]
    assert seen(stranger) == ["False", "True", "None"]


def test_a_view_sees_the_same_person_by_either_name(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`auth.person()` is no proxy: a relationship takes it, and `is` compares it."""

    def view() -> list[object]:
        person = auth.person()
        return [type(person).__name__, person is current_user._get_current_object(), current_user.name]

    monkeypatch.setitem(app.view_functions, "people.me", view)
    assert signed_in(cast.bo).get("/me").json == ["Person", True, "Bo"]


def test_a_stranger_is_sent_to_sign_in_and_back(cast: Cast, stranger: FlaskClient) -> None:
    answer = stranger.get(f"/campaigns?at={cast.hageby.id}")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/sign-in?next=/campaigns?at%3D{cast.hageby.id}",
    )


def test_the_api_answers_a_stranger_in_json(cast: Cast, stranger: FlaskClient) -> None:
    answers = [stranger.get("/api/v1/hello"), stranger.get("/api/v1/outlines"), hand_in(stranger, cast.bo)]
    answers.append(stranger.get("/api/v1/hello", headers={"HX-Request": "true"}))
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json == {"error": "sign_in", "sentence": "Du behöver logga in först."}


def test_a_form_of_a_stranger_is_refused_with_a_page(stranger: FlaskClient) -> None:
    answer = stranger.post("/me", data={"name": "Bo"})
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "Du behöver logga in först." in answer.text


def test_htmx_is_told_to_reload_the_page_of_a_stranger(stranger: FlaskClient) -> None:
    """htmx follows redirects and shows errors in place: a sign-in page would end up inside the page that asked."""
    for answer in (
        stranger.get("/campaigns", headers={"HX-Request": "true"}),
        stranger.post("/me", headers={"HX-Request": "true"}),
    ):
        assert (answer.status_code, answer.headers["HX-Refresh"], answer.text) == (401, "true", "")


def test_a_device_token_is_no_login(
    app: Flask,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    seen: Callable[[FlaskClient], list[str]],
) -> None:
    """Not even in the one view that it opens."""

    def view() -> list[object]:
        return [current_user.is_authenticated, auth.visitor() is None, list(g.submitters)]

    monkeypatch.setitem(app.view_functions, "sync.receive", auth.open_to_devices(view))
    phone = browser(app)
    phone.set_cookie("canvass_device", devices.add(cast.bo))
    assert hand_in(phone, cast.bo).json == [False, True, [cast.bo.id]]
    assert seen(phone) == ["False", "True", "None"]


def test_no_signed_cookie_signs_anybody_in(
    app: Flask, cast: Cast, stranger: FlaskClient, seen: Callable[[FlaskClient], list[str]]
) -> None:
    """Not even one that is signed with the server's own secret, as Flask-Login would."""
    with stranger.session_transaction() as said:
        said.update(_user_id=cast.bo.id, _fresh=True)
    assert stranger.get("/me").status_code == 303
    stranger.set_cookie("remember_token", flask_login.encode_cookie(cast.bo.id, key=app.config["SECRET_KEY"]))
    assert stranger.get("/me").status_code == 303
    assert seen(stranger) == ["False", "True", "None"]


def test_a_cookie_of_another_site_on_this_host_keeps_nobody_out(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    bo.set_cookie("remember_token", "somebody|0123")
    assert bo.get("/me").status_code == 200
    assert bo.get_cookie("remember_token") is not None  # it is theirs


def test_being_known_sets_no_cookie_and_marks_no_answer(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    """What varies with the cookie is kept once per cookie by every cache on the way: style sheets must not."""
    bo, stranger = signed_in(cast.bo), browser(app)
    for client in (bo, stranger):
        for address in addresses(app, "GET"):
            answer = client.get(address, buffered=True)
            assert not answer.headers.getlist("Set-Cookie"), address
    for address in (
        "/static/css/phone.css",
        "/static/js/shared/theme.js",
        "/api/v1/hello",
        "/log",
        "/healthz",
        "/service-worker.js",
    ):
        answer = bo.get(address, buffered=True)
        assert (answer.status_code, "Cookie" in answer.vary) == (200, False), address


def test_who_is_asking_is_one_query(cast: Cast, signed_in: SignedIn) -> None:
    """Session, person, association and memberships at once; the device and the language ask for nothing."""
    bo = signed_in(cast.bo)
    with questions() as asked:
        assert bo.get("/campaigns").status_code == 200
    tables = re.compile(r"\b(FROM|JOIN) \(?(sessions|persons|memberships|devices)\b")
    assert len([statement for statement in asked if tables.search(statement)]) == 1


def test_what_is_refused_unread_asks_the_database_nothing(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    refused: tuple[Callable[[], Any], ...] = (
        lambda: bo.post("/me", headers={"Sec-Fetch-Site": "cross-site"}),
        lambda: bo.post("/me", data={"name": "x" * 1_000_001}),
        lambda: bo.get("/nowhere"),
        lambda: bo.delete("/me"),
    )
    for send in refused:
        db.session.commit()
        with questions() as asked:
            assert 400 <= send().status_code < 500
        assert asked == []
