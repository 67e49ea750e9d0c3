"""Where a link or a form leads next: never to another server."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient

from canvass.members.people import Person
from canvass.web.page import security
from tests.cast import PASSWORD, Cast
from tests.web.browsing import OURS

pytestmark = pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # the same on either engine
SignedIn = Callable[[Person], FlaskClient]
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
        assert security.own_path(target, "/safe") == "/safe", target
        for answer in (
            bo.get("/sign-in", query_string={"next": target}),
            stranger.post("/language", data={"language": "en", "next": target}),
        ):
            assert answer.status_code == 303, target
            # As a browser reads it: tabs and line breaks are dropped, a backslash is a slash.
            read = answer.headers["Location"].translate({9: None, 10: None, 13: None}).replace("\\", "/").strip()
            assert urlsplit(urljoin(OURS, read)).netloc == "localhost", target
    signing_in = {"email": "bo@example.org", "password": PASSWORD, "next": "//evil.example"}
    assert stranger.post("/sign-in", data=signing_in).headers["Location"] == "/"


def test_after_signing_in_one_comes_to_the_page_asked_for(cast: Cast, stranger: FlaskClient) -> None:
    wanted = f"/campaigns/{cast.spring.id}?at={cast.hageby.id}"
    sent = stranger.get(wanted)
    assert sent.status_code == 303
    form = stranger.get(sent.headers["Location"])
    assert f'name="next" value="{wanted}"' in form.text
    answer = stranger.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD, "next": wanted})
    assert answer.headers["Location"] == wanted
    assert stranger.get(wanted).status_code == 200
