"""The gate: whose request it is, whether they meant it, and what every answer carries."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from canvass.core import db
from canvass.core.db import new_id
from canvass.fieldwork import campaigns
from canvass.members import joining, people
from canvass.members.people import Device, Person, Session
from canvass.web.page import auth
from tests.cast import PASSWORD, Cast
from tests.conftest import NOW, browser

SignedIn = Callable[[Person], FlaskClient]
OURS, THEIRS = "http://localhost", "http://evil.example"


@pytest.fixture
def engine_app(apps: Callable[[str], Flask]) -> Flask:
    """Headers and cookies are the same on either engine."""
    return apps("sqlite")


def bare(app: Flask) -> FlaskClient:
    """A program or an old browser: it says nothing of where its requests come from."""
    client = browser(app)
    del client.environ_base["HTTP_SEC_FETCH_SITE"]
    return client


def rows(kind: type[db.Base]) -> int:
    return db.session.scalar(select(func.count()).select_from(kind)) or 0


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


# --- did you mean to? ---------------------------------------------------------------------------------------


# What the browser says of where a form comes from, in Sec-Fetch-Site and in Origin, and whether it is taken.
FORMS = {
    ("same-origin", None): True,
    ("same-origin", OURS): True,
    ("same-site", OURS): False,  # a neighbour under the same domain is not us
    ("cross-site", OURS): False,  # the browser's word weighs most
    ("cross-site", THEIRS): False,
    ("cross-site", None): False,
    ("none", None): False,
    ("", OURS): False,
    ("SAME-ORIGIN", None): False,
    (None, OURS): True,  # browsers from before Sec-Fetch-Site
    (None, THEIRS): False,
    (None, "https://localhost"): False,
    (None, "http://localhost:8080"): False,
    (None, "http://localhost.evil.example"): False,
    (None, "null"): False,
    (None, ""): False,
    (None, None): False,
}


def test_only_our_own_pages_may_send_a_form(cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    del alva.environ_base["HTTP_SEC_FETCH_SITE"]
    taken = {}
    for number, (site, origin) in enumerate(FORMS):
        headers = {"Sec-Fetch-Site": site, "Origin": origin}
        name = f"Alva {number}"
        answer = alva.post("/me", data={"name": name}, headers={k: v for k, v in headers.items() if v is not None})
        taken[site, origin] = answer.status_code == 303
        assert answer.status_code in (303, 403)
        assert (db.session.get_one(Person, cast.alva.id).name == name) == taken[site, origin]
    assert taken == FORMS


def test_behind_a_proxy_the_public_address_is_ours(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://samtal.example.org")
    alva = signed_in(cast.alva)
    alva.environ_base.pop("HTTP_SEC_FETCH_SITE")
    sent = [
        alva.post("/me", data={"name": "Ava"}, headers={"Origin": origin}).status_code
        for origin in ("https://samtal.example.org", "http://samtal.example.org", "https://example.org", "")
    ]
    assert sent == [303, 403, 403, 403]


def test_every_door_refuses_a_form_from_elsewhere(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    """Also where the session may do everything, and also the doors that have a token in their address."""
    adam = signed_in(cast.adam)
    let_through = [
        address
        for address in addresses(app, "POST")
        for site in ("cross-site", "same-site")
        if adam.post(address, headers={"Sec-Fetch-Site": site, "X-Sync": "1"}).status_code != 403
    ]
    assert let_through == []


def test_a_program_may_post_where_the_address_is_the_secret_and_nowhere_else(app: Flask, cast: Cast) -> None:
    """curl and scripts send neither Sec-Fetch-Site nor Origin; no browser of today is so silent."""
    program = bare(app)
    open_doors = sorted(
        {
            f"/{address.split('/')[1]}/…"
            for address in addresses(app, "POST")
            if program.post(address, headers={"X-Sync": "1"}).status_code != 403
        }
    )
    assert open_doors == ["/api/…", "/demo/…", "/invitation/…", "/join/…", "/setup/…", "/sign-in/…"]
    assert program.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD}).status_code == 403


def test_a_batch_needs_its_header(app: Flask, cast: Cast) -> None:
    phone = bare(app)
    phone.set_cookie("canvass_device", people.add_device(cast.alva))
    for headers, status in [
        ({"X-Sync": "1"}, 200),
        ({"X-Sync": "1", "Origin": OURS}, 200),
        ({"X-Sync": "1", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"X-Sync": "1", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Sync": "1", "Origin": THEIRS}, 403),
        ({}, 403),
        ({"X-Sync": "0"}, 403),
        ({"X-Sync": "yes"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 400),
    ]:
        assert phone.post("/api/v1/sync", json=batch(cast.alva), headers=headers).status_code == status, headers


def test_reading_needs_no_such_proof_but_changes_nothing(cast: Cast, signed_in: SignedIn) -> None:
    """A link in a letter leads in; signing out, or anything else that does something, has no address to link to."""
    alva = signed_in(cast.alva)
    assert alva.get("/me", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    for address in ("/sign-out", "/language", "/invitations", f"/campaigns/{cast.spring.id}/state"):
        assert alva.get(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 405


# --- what every answer carries ------------------------------------------------------------------------------


Answers = dict[str, TestResponse]
known: dict[Flask, Answers] = {}


@pytest.fixture
def answers(app: Flask, request: pytest.FixtureRequest) -> Answers:
    """One answer of every sort; asked for once per engine, since nobody changes them."""
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
        "csv": bo.get(f"/reports/totals.csv?campaign={cast.spring.id}"),
        "xlsx": bo.get(f"/reports/totals.xlsx?campaign={cast.spring.id}"),
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
        "static, marked": stranger.get("/static/js/shared/theme.js?v=0123456789", buffered=True),
        "no such file": stranger.get("/static/css/nothing.css"),
    }
    monkeypatch.setattr(campaigns, "seen_by", lambda person: 1 / 0)
    found["broken"] = bo.get("/campaigns")
    return found


def test_every_answer_tells_the_browser_to_trust_nothing_else(answers: Answers) -> None:
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


def test_the_sorts_of_answers_are_what_they_are_called(answers: Answers) -> None:
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
    asked_each_time = {"numbers", "not modified", "outlines"}  # they carry an ETag
    same_for_all = {"shell", "worker", "manifest"}
    for name, answer in answers.items():
        kept = answer.headers["Cache-Control"]
        if name in asked_each_time:
            assert kept == "private, no-cache", name
        elif name in same_for_all:
            assert kept == "no-cache", name
        elif name == "static, marked":
            assert "immutable" in kept, name
        elif not name.startswith("static"):
            assert kept == "no-store", name


def test_what_went_wrong_is_said_in_words_and_nothing_of_how(answers: Answers) -> None:
    assert "Något gick fel hos oss" in answers["broken"].text
    for name, answer in answers.items():
        if answer.status_code >= 400 and answer.mimetype == "text/html" and answer.data:
            assert answer.data.count(b"<h1") == 1, name
        assert b"Traceback" not in answer.data, name
        assert b"ZeroDivision" not in answer.data, name


def test_a_page_that_is_watched_reloads_when_its_session_has_ended(answers: Answers) -> None:
    """htmx follows redirects by itself: the sign-in page would stand inside the campaign's."""
    assert answers["part for nobody"].headers["HX-Refresh"] == "true"
    assert answers["part for nobody"].text == ""


def test_only_over_https_are_browsers_told_to_stay_there(app: Flask) -> None:
    client = browser(app)
    assert "Strict-Transport-Security" not in client.get("/about").headers
    assert "Strict-Transport-Security" in client.get("/about", base_url="https://localhost").headers
    claimed = client.get("/about", headers={"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"})
    assert "Strict-Transport-Security" not in claimed.headers  # no proxy is trusted unless the operator says so


def test_an_error_page_needs_no_database(cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be the database that failed: asking it who is asking would wait, or fail again."""
    bo = signed_in(cast.bo)

    def locked(person: Person) -> None:
        monkeypatch.setattr(db.session(), "execute", lambda *args, **kwargs: pytest.fail("asked again"))
        raise OperationalError("SELECT 1", {}, Exception("database is locked"))

    monkeypatch.setattr(campaigns, "seen_by", locked)
    answer = bo.get("/campaigns")
    assert answer.status_code == 503
    assert "Servern har mycket att göra" in answer.text


def test_text_that_no_database_takes_is_refused_politely(
    cast: Cast, signed_in: SignedIn, stranger: FlaskClient
) -> None:
    """PostgreSQL has no NUL in its texts; it is an error there, and a name nobody sees on SQLite."""
    bo = signed_in(cast.bo)
    tried = [
        bo.get("/campaigns/%00"),
        bo.get(f"/campaigns/{cast.spring.id}?at=%00"),
        bo.post("/campaigns", data={"organisation": "\0"}),
        bo.post("/me/sessions/%00/end"),
        stranger.get("/join/%00"),
        stranger.get("/sign-in/%00"),
        stranger.post("/sign-in", data={"email": "bo@example.org\0", "password": "\0"}),
    ]
    assert all(400 <= answer.status_code < 500 for answer in tried), [a.status_code for a in tried]
    bo.post("/me", data={"name": "B\0o"})
    assert db.session.get_one(Person, cast.bo.id).name == "Bo"


# --- where to? ----------------------------------------------------------------------------------------------

ELSEWHERE = [
    "http://evil.example/",
    "https:evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\r\nSet-Cookie: a=b",
    "javascript:alert(1)",
    "evil.example",
    "//[",
    "http://[",
    "",
]


def test_no_link_leads_through_us_to_somewhere_else(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    bo = signed_in(cast.bo)
    for target in ELSEWHERE:
        assert auth.own_path(target, "/safe") == "/safe", target
        for answer in (
            bo.get("/sign-in", query_string={"next": target}),
            stranger.post("/language", data={"language": "en", "next": target}),
        ):
            assert answer.status_code == 303, target
            # As a browser reads it: tabs and line breaks are nothing, a backslash is a slash.
            read = answer.headers["Location"].translate({9: None, 10: None, 13: None}).replace("\\", "/").strip()
            assert urlsplit(urljoin(OURS, read)).netloc == "localhost", target
    signing_in = {"email": "bo@example.org", "password": PASSWORD, "next": "//evil.example"}
    assert stranger.post("/sign-in", data=signing_in).headers["Location"] == "/"


def test_after_signing_in_one_stands_where_one_was_going(cast: Cast, stranger: FlaskClient) -> None:
    wanted = f"/campaigns/{cast.spring.id}?at={cast.hageby.id}"
    sent = stranger.get(wanted)
    assert sent.status_code == 303
    form = stranger.get(sent.headers["Location"])
    assert f'name="next" value="{wanted}"' in form.text
    answer = stranger.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD, "next": wanted})
    assert answer.headers["Location"] == wanted
    assert stranger.get(wanted).status_code == 200


# --- cookies and what they open -----------------------------------------------------------------------------


def test_scripts_cannot_read_a_cookie_and_other_sites_cannot_send_one(cast: Cast, stranger: FlaskClient) -> None:
    for scheme in ("http", "https"):
        answers = [
            stranger.post(
                "/sign-in", data={"email": "bo@example.org", "password": PASSWORD}, base_url=f"{scheme}://localhost"
            ),
            stranger.post("/me", data={"name": "Bo"}, base_url=f"{scheme}://localhost"),  # says so on the next page
            stranger.post("/language", data={"language": "en"}, base_url=f"{scheme}://localhost"),
        ]
        found = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
        assert {"canvass_session", "canvass_device", "canvass_language"} <= {c.split("=")[0] for c in found}
        for cookie in found:
            assert "; HttpOnly" in cookie, cookie
            assert "; SameSite=Lax" in cookie, cookie
            assert "; Path=/" in cookie, cookie
            assert "Domain=" not in cookie, cookie
            if not cookie.startswith("canvass_said="):  # what the next page says, and nothing that opens anything
                assert ("; Secure" in cookie) == (scheme == "https"), cookie
        stranger.post("/sign-out", base_url=f"{scheme}://localhost")


def test_a_copied_database_opens_no_session(cast: Cast, stranger: FlaskClient) -> None:
    stranger.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD})
    known = [stranger.get_cookie(name) for name in ("canvass_session", "canvass_device")]
    tokens = [cookie.value for cookie in known if cookie]
    assert len(tokens) == 2
    assert all(len(token) >= 43 for token in tokens)  # 256 bits
    written = "".join(
        str(tuple(row)) for table in db.Base.metadata.sorted_tables for row in db.session.execute(table.select())
    )
    assert not [token for token in (*tokens, PASSWORD) if token in written]


def test_a_made_up_cookie_opens_nothing(cast: Cast, stranger: FlaskClient) -> None:
    for token in ("", "x", "å", "' OR 1=1 --", "x" * 3000):
        stranger.set_cookie("canvass_session", token)
        stranger.set_cookie("canvass_device", token)
        assert stranger.get("/me").status_code == 303, token
        assert hand_in(stranger, cast.alva).status_code == 401, token


def test_a_device_hands_in_and_reads_nothing(app: Flask, cast: Cast) -> None:
    """A stolen phone whose session has ended: no page, no figures, no name, and no other change either."""
    phone = browser(app)
    phone.set_cookie("canvass_device", people.add_device(cast.bo))
    assert hand_in(phone, cast.bo).status_code == 200
    nobody = browser(app)
    for method in ("GET", "POST"):
        for address in addresses(app, method):
            if address == "/api/v1/sync":
                continue
            seen, unseen = (who.open(address, method=method) for who in (phone, nobody))
            assert seen.status_code == unseen.status_code, (method, address)
            assert cast.bo.name not in seen.text.split(), (method, address)
    assert phone.get("/api/v1/hello").json == {"error": "sign_in", "sentence": "Du behöver logga in först."}
    assert phone.get("/api/v1/outlines").status_code == 401


def test_a_device_hands_in_its_own_persons_operations_only(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    phone = browser(app)
    phone.set_cookie("canvass_device", people.add_device(cast.alva))
    assert hand_in(phone, cast.dag).status_code == 401
    assert hand_in(signed_in(cast.bo), cast.alva).status_code == 401  # not even her leader's session


def test_a_session_is_no_device_and_a_device_no_session(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    session, device = bo.get_cookie("canvass_session"), bo.get_cookie("canvass_device")
    assert session
    assert device
    crossed = browser(app)
    crossed.set_cookie("canvass_session", device.value)
    crossed.set_cookie("canvass_device", session.value)
    assert crossed.get("/me").status_code == 303
    assert hand_in(crossed, cast.bo).status_code == 401


def test_an_unused_session_ends_and_the_queue_goes_on(
    cast: Cast, signed_in: SignedIn, later: Callable[..., Any]
) -> None:
    bo, alva = signed_in(cast.bo), signed_in(cast.alva)
    with later(days=31):
        assert bo.get("/me").status_code == 303
        assert bo.get("/api/v1/hello").status_code == 401
        assert hand_in(bo, cast.bo).status_code == 200
        assert alva.get("/me").status_code == 200  # a volunteer's phone stays over the summer
    with later(days=31 + 401):
        assert alva.get("/me").status_code == 303
        assert hand_in(alva, cast.alva).status_code == 200


def test_a_session_in_use_goes_on(cast: Cast, signed_in: SignedIn, later: Callable[..., Any]) -> None:
    bo = signed_in(cast.bo)
    for days in range(0, 120, 20):
        with later(days=days):
            assert bo.get("/campaigns").status_code == 200


def test_reading_a_page_twice_writes_nothing(cast: Cast, signed_in: SignedIn, later: Callable[..., Any]) -> None:
    """That the session is used is noted now and then, not at every look."""
    bo = signed_in(cast.bo)

    def seen_at() -> object:
        return db.session.scalar(select(Session.seen_at).where(Session.person_id == cast.bo.id))

    with later(minutes=30):
        bo.get("/campaigns")
        assert seen_at() == NOW
    with later(hours=7):
        bo.get("/campaigns")
        assert seen_at() == NOW + timedelta(hours=7)


def test_an_ended_session_is_over_at_once(cast: Cast, signed_in: SignedIn) -> None:
    phone, computer = signed_in(cast.bo), signed_in(cast.bo)
    session = db.session.scalars(select(Session).where(Session.person_id == cast.bo.id).order_by(Session.id)).first()
    assert session
    assert computer.post(f"/me/sessions/{session.id}/end").status_code == 303
    assert sorted([phone.get("/me").status_code, computer.get("/me").status_code]) == [200, 303]


def test_signing_out_ends_the_session_for_good(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    session, device = bo.get_cookie("canvass_session"), bo.get_cookie("canvass_device")
    assert session
    assert device
    assert bo.post("/sign-out").headers["Location"] == "/sign-in"
    assert bo.get_cookie("canvass_session") is None  # so that a page kept by the back button finds out
    assert bo.get_cookie("canvass_device") is None
    assert (rows(Session), rows(Device)) == (0, 0)
    thief = browser(app)
    thief.set_cookie("canvass_session", session.value)
    thief.set_cookie("canvass_device", device.value)
    assert thief.get("/me").status_code == 303
    assert hand_in(thief, cast.bo).status_code == 401


def test_signing_out_with_a_full_outbox_keeps_the_right_to_hand_it_in(cast: Cast, signed_in: SignedIn) -> None:
    alva = signed_in(cast.alva)
    alva.post("/sign-out", data={"keep": "yes"})
    assert alva.get("/me").status_code == 303
    assert rows(Session) == 0
    assert hand_in(alva, cast.alva).status_code == 200


def test_signing_in_as_somebody_else_leaves_no_session_behind(cast: Cast, signed_in: SignedIn) -> None:
    """A shared computer at the office: whoever signs in takes the place of the one before."""
    bo = signed_in(cast.bo)
    bo.post("/sign-in", data={"email": "cia@example.org", "password": PASSWORD})
    assert 'href="/me"><span>Cia' in bo.get("/me").text
    assert not db.session.scalar(select(Session.id).where(Session.person_id == cast.bo.id))


def test_signing_in_again_on_a_phone_keeps_its_device(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    before = bo.get_cookie("canvass_device")
    bo.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD})
    assert bo.get_cookie("canvass_device") == before
    assert rows(Device) == 1


# --- what is written down -----------------------------------------------------------------------------------


def test_the_log_holds_no_address_no_question_and_no_secret(
    app: Flask, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = joining.sign_in_token(cast.bo)
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


def test_what_the_database_chokes_on_is_not_logged_either(
    cast: Cast, stranger: FlaskClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who take an address up at once: the error says where it was, never the values in it."""
    hageby = cast.hageby.id

    def collide(*_args: object) -> None:
        db.session.add(Person(name="Bo", email="bo@example.org", association_id=hageby))
        db.session.flush()

    monkeypatch.setattr(people, "with_password", collide)
    assert stranger.post("/sign-in", data={"email": "bo@example.org"}).status_code == 500
    assert "in collide" in caplog.text
    assert "bo@example.org" not in caplog.text


# --- languages ----------------------------------------------------------------------------------------------


def test_the_language_is_the_persons_then_the_browsers(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    assert '<html lang="sv">' in stranger.get("/about").text
    assert '<html lang="en">' in stranger.get("/about", headers={"Accept-Language": "en-GB,en;q=0.9"}).text
    assert '<html lang="sv">' in stranger.get("/about", headers={"Accept-Language": "de,fr"}).text
    stranger.post("/language", data={"language": "en", "next": "/about"})
    assert '<html lang="en">' in stranger.get("/about").text
    stranger.post("/language", data={"language": "xx", "next": "/about"})
    assert '<html lang="en">' in stranger.get("/about").text
    bo = signed_in(cast.bo)
    bo.post("/language", data={"language": "en"})
    assert db.session.get_one(Person, cast.bo.id).language == "en"


def test_a_phone_is_told_apart_by_its_browser_and_nothing_more(cast: Cast, stranger: FlaskClient) -> None:
    agent = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605 Version/17.4 Mobile/15E148 Safari/604"
    )
    stranger.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD}, headers={"User-Agent": agent})
    assert db.session.scalars(select(Session.label)).one() == "Safari · iPhone"
