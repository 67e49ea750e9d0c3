"""The address in links and codes: one that others reach, or a sentence that it is not; and what HTTPS means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from canvass.core import db, nearby
from canvass.members import joining, tickets
from canvass.members.people import Person
from canvass.web.page import cookies
from tests.cast import Cast
from tests.conftest import browser, empty

NOT_REACHED = "Adressen fungerar bara på den här datorn"
SignedIn = Callable[[Person], FlaskClient]


@pytest.fixture
def shared(app: Flask, cast: Cast, signed_in: SignedIn) -> Callable[[str], str]:
    """The page with the join link, for who asks for it at an address."""
    joining.link(cast.norrkoping, cast.spring.id, cast.spring.ends_on, app.config["SECRET_KEY"])
    db.session.commit()
    cookie = signed_in(cast.bo).get_cookie(cookies.SESSION)
    assert cookie is not None
    bo = app.test_client(use_cookies=False)

    def ask(host: str, sheet: str = "join") -> str:
        address = f"/campaigns/{cast.spring.id}/{sheet}?organisation={cast.norrkoping.id}"
        return bo.get(address, headers={"Host": host, "Cookie": f"{cookies.SESSION}={cookie.value}"}).text

    return ask


@pytest.mark.parametrize("sheet", ["join", "poster"])
def test_a_link_that_leads_a_phone_to_itself_says_so(shared: Callable[..., str], sheet: str) -> None:
    assert NOT_REACHED in shared("127.0.0.1:8000", sheet)
    assert NOT_REACHED in shared("localhost:8000", sheet)
    assert NOT_REACHED not in shared("192.168.1.20:8000", sheet)


def test_on_a_server_that_listens_everywhere_links_lead_to_it(
    app: Flask, shared: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "HOST", "0.0.0.0")
    monkeypatch.setattr(nearby, "outward", {"0.0.0.0": "192.168.1.20"}.get)
    page = shared("127.0.0.1:8000")
    assert "http://192.168.1.20:8000/join/" in page
    assert NOT_REACHED not in page


def test_the_public_address_goes_before_all(
    app: Flask, shared: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://samtal.example.org")
    page = shared("127.0.0.1:8000")
    assert "https://samtal.example.org/join/" in page
    assert NOT_REACHED not in page


@pytest.mark.parametrize(
    ("config", "address", "is_warned"),
    [
        ({"HOST": "127.0.0.1", "PUBLIC_URL": ""}, "http://127.0.0.1:8000", True),
        ({"HOST": "192.168.1.20", "PUBLIC_URL": ""}, "http://192.168.1.20:8000", True),  # without HTTPS
        ({"HOST": "::1", "PUBLIC_URL": ""}, "http://[::1]:8000", True),
        ({"HOST": "127.0.0.1", "PUBLIC_URL": "https://samtal.example.org"}, "https://samtal.example.org", False),
    ],
)
def test_the_terminals_links_say_where_they_lead(config: dict[str, Any], address: str, *, is_warned: bool) -> None:
    assert nearby.public({"PORT": 8000, **config}) == address
    assert bool(nearby.advice(address)) == is_warned


def test_the_front_door_of_an_empty_installation_tells_of_the_link(app: Flask, stranger: FlaskClient) -> None:
    empty()
    db.session.commit()
    assert "länk i terminalen" in stranger.get("/").text


def test_the_front_door_asks_to_sign_in_when_there_are_people(stranger: FlaskClient, cast: Cast) -> None:
    assert stranger.get("/").headers["Location"].startswith("/sign-in")


@pytest.mark.parametrize("public", ["https://samtal.example.org", "http://192.168.1.20", ""])
def test_a_public_address_with_https_means_secure_cookies_whatever_the_proxy_says(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, public: str
) -> None:
    monkeypatch.setitem(app.config, "PUBLIC_URL", public)
    client = browser(app)
    token = tickets.sign_in_token(cast.bo)
    db.session.commit()
    answer = client.post(
        f"/sign-in/{token}", headers={"Sec-Fetch-Site": "same-origin"}, base_url="http://127.0.0.1:8000"
    )
    given = answer.headers.getlist("Set-Cookie")
    assert any(cookies.SESSION in cookie for cookie in given)
    is_secure = public.startswith("https:")
    assert [cookie for cookie in given if ("Secure" in cookie) != is_secure] == []
    assert ("Strict-Transport-Security" in answer.headers) == is_secure
