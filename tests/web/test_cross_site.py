"""Forms that another site has sent are refused, whatever the session may do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from canvass.core import db
from canvass.members import devices
from canvass.members.people import Person
from tests.cast import PASSWORD, Cast
from tests.web.browsing import OURS, THEIRS, addresses, bare, batch

pytestmark = pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)  # the same on either engine
SignedIn = Callable[[Person], FlaskClient]

# The headers Sec-Fetch-Site and Origin, and whether a form with them is accepted.
FORMS = {
    ("same-origin", None): True,
    ("same-origin", OURS): True,
    ("same-site", OURS): False,  # a neighbour under the same domain is not us
    ("cross-site", OURS): False,  # Sec-Fetch-Site counts before Origin
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


def test_every_view_refuses_a_form_from_elsewhere(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    """Also for a session that may do everything, and also where the address holds a token."""
    adam = signed_in(cast.adam)
    let_through = [
        address
        for address in addresses(app, "POST")
        for site in ("cross-site", "same-site")
        if adam.post(address, headers={"Sec-Fetch-Site": site, "X-Sync": "1"}).status_code != 403
    ]
    assert let_through == []


def test_a_program_may_post_where_the_address_is_the_secret_and_nowhere_else(app: Flask, cast: Cast) -> None:
    """curl and scripts send neither Sec-Fetch-Site nor Origin; every browser of today sends one of them."""
    program = bare(app)
    open_views = sorted(
        {
            f"/{address.split('/')[1]}/…"
            for address in addresses(app, "POST")
            if program.post(address, headers={"X-Sync": "1"}).status_code != 403
        }
    )
    assert open_views == ["/api/…", "/back/…", "/demo/…", "/invitation/…", "/join/…", "/setup/…", "/sign-in/…"]
    assert program.post("/sign-in", data={"email": "bo@example.org", "password": PASSWORD}).status_code == 403


def test_a_batch_needs_its_header(app: Flask, cast: Cast) -> None:
    phone = bare(app)
    phone.set_cookie("canvass_device", devices.add(cast.alva))
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


def test_a_link_from_elsewhere_may_read_but_changes_nothing(cast: Cast, signed_in: SignedIn) -> None:
    """Signing out, or anything else that changes something, takes POST only."""
    alva = signed_in(cast.alva)
    assert alva.get("/me", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    for address in ("/sign-out", "/language", "/invitations", f"/campaigns/{cast.spring.id}/state"):
        assert alva.get(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 405
