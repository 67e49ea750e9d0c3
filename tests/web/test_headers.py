"""The headers of every response: what the browser may load, whom it trusts, and what it may keep."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from canvass.core.db import new_id
from canvass.fieldwork import campaigns
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import browser
from tests.web.browsing import hand_in

pytestmark = pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # the same on either engine
SignedIn = Callable[[Person], FlaskClient]
Answers = dict[str, TestResponse]
known: dict[Flask, Answers] = {}


@pytest.fixture
def answers(app: Flask, request: pytest.FixtureRequest) -> Answers:
    """One answer of every kind, asked for once and shared: no test changes them."""
    if app not in known:
        known[app] = request.getfixturevalue("asked")
    return known[app]


@pytest.fixture
def asked(app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> Answers:
    stranger, bo = browser(app), signed_in(cast.bo)
    page = f"/campaigns/{cast.spring.id}"
    part = bo.get(page, headers={"HX-Request": "true"})
    found = {
        "page": bo.get("/campaigns"),
        "own page": bo.get("/me"),
        "numbers": part,
        "not modified": bo.get(page, headers={"HX-Request": "true", "If-None-Match": part.headers["ETag"]}),
        "csv": bo.post(f"/reports/totals.csv?campaign={cast.spring.id}"),
        "xlsx": bo.post(f"/reports/totals.xlsx?campaign={cast.spring.id}"),
        "hello": bo.get("/api/v1/hello"),
        "outlines": bo.get("/api/v1/outlines"),
        "batch": hand_in(bo, cast.bo),
        "open page": stranger.get("/about"),
        "shell": stranger.get("/log"),
        "worker": stranger.get("/service-worker.js"),
        "manifest": stranger.get("/manifest.webmanifest"),
        "health": stranger.get("/healthz"),
        "sent to sign in": stranger.get("/me"),
        "part for nobody": stranger.get(page, headers={"HX-Request": "true"}),
        "sign in first": stranger.get("/api/v1/hello"),
        "posted by nobody": stranger.post("/me"),
        "from elsewhere": stranger.post("/sign-in", headers={"Sec-Fetch-Site": "cross-site"}),
        "forbidden": signed_in(cast.alva).get("/people"),
        "not there": stranger.get("/nowhere"),
        "not theirs": bo.get(f"/campaigns/{new_id()}"),
        "wrong method": stranger.delete("/me"),
        "spent": stranger.get("/setup/nothing"),
        "wrong form": stranger.post("/sign-in", data={"email": "x", "password": "y"}),
        "too large": stranger.post("/sign-in", data={"email": "x" * 1_000_001}),
        "static": stranger.get("/static/js/shared/theme.js", buffered=True),
        "static, joined": stranger.get("/static/css/phone.css"),
        "static, marked": stranger.get("/static/css/phone.css?v=0123456789"),
        "no such file": stranger.get("/static/css/nothing.css"),
    }
    monkeypatch.setattr(campaigns, "seen_by", lambda person: 1 / 0)
    found["broken"] = bo.get("/campaigns")
    return found


def test_every_answer_limits_what_the_browser_may_load(answers: Answers) -> None:
    for name, answer in answers.items():
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert "Access-Control-Allow-Origin" not in answer.headers, name
        if name.startswith("static"):
            continue
        policy = {
            words[0]: words[1:]
            for directive in answer.headers["Content-Security-Policy"].split(";")
            if (words := directive.split())
        }
        assert policy.pop("default-src") == ["'none'"], name
        assert policy.pop("base-uri") == policy.pop("frame-ancestors") == ["'none'"], name
        assert policy.pop("form-action") == ["'self'"], name
        assert set(policy) >= {"script-src", "style-src", "connect-src", "worker-src"}, name
        assert policy.pop("img-src") == ["'self'", "data:", "blob:"], name
        assert all(sources == ["'self'"] for sources in policy.values()), name
        assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer"), name
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert "geolocation=(self)" in answer.headers["Permissions-Policy"], name


def test_every_kind_of_answer_has_its_status(answers: Answers) -> None:
    assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 200} == {
        "not modified": 304,
        "sent to sign in": 303,
        "part for nobody": 401,
        "sign in first": 401,
        "posted by nobody": 401,
        "from elsewhere": 403,
        "forbidden": 403,
        "not there": 404,
        "not theirs": 404,
        "wrong method": 405,
        "spent": 410,
        "wrong form": 422,
        "too large": 413,
        "no such file": 404,
        "broken": 500,
    }


def test_nothing_personal_stays_in_the_browsers_cache(answers: Answers) -> None:
    revalidated = {"numbers", "not modified", "outlines"}  # they carry an ETag
    same_for_all = {"shell", "worker", "manifest"}
    for name, answer in answers.items():
        kept = answer.headers["Cache-Control"]
        if name in revalidated:
            assert kept == "private, no-cache", name
        elif name in same_for_all:
            assert kept == "no-cache", name
        elif name == "static, marked":
            assert "immutable" in kept, name
        elif not name.startswith("static"):
            assert kept == "no-store", name


def test_an_error_page_tells_people_what_and_nothing_of_how(answers: Answers) -> None:
    assert "Något gick fel hos oss" in answers["broken"].text
    for name, answer in answers.items():
        if answer.status_code >= 400 and answer.mimetype == "text/html" and answer.data:
            assert answer.data.count(b"<h1") == 1, name
        assert b"Traceback" not in answer.data, name
        assert b"ZeroDivision" not in answer.data, name


def test_a_page_that_is_watched_reloads_when_its_session_has_ended(answers: Answers) -> None:
    """htmx follows redirects: the sign-in page would end up inside the campaign's."""
    assert answers["part for nobody"].headers["HX-Refresh"] == "true"
    assert answers["part for nobody"].text == ""


def test_only_over_https_are_browsers_told_to_stay_there(app: Flask) -> None:
    client = browser(app)
    assert "Strict-Transport-Security" not in client.get("/about").headers
    assert "Strict-Transport-Security" in client.get("/about", base_url="https://localhost").headers
    claimed = client.get("/about", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"})
    assert "Strict-Transport-Security" not in claimed.headers  # no proxy is trusted unless the operator says so
