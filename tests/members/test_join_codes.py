"""Codes and links to join by: as they are read, how long they work, and who makes them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import db
from canvass.members import joining, throttle
from canvass.members.joining import JoinLink
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW
from tests.members.join_codes import code

SignedIn = Callable[[Person], FlaskClient]


def test_a_code_is_read_as_people_write_it(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    printed = code(app, cast)
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", printed)
    assert not set(printed) & set("IO01")  # none that is easily misread
    plain = printed.replace("-", "")
    first, last = printed.split("-")
    for typed in (plain, plain.lower(), f" {first}  {last} ", f"{first.lower()}–{last}", f"{first}/{last}"):
        answer = stranger.post("/join", data={"code": typed})
        assert answer.headers.get("Location") == f"/join/{printed}", typed
    assert stranger.get(f"/join/{plain.lower()}").status_code == 200


def test_a_wrong_code_is_told_beside_the_field(cast: Cast, stranger: FlaskClient) -> None:
    for typed in ("ABCD-2345", "", "å", "x" * 500, "%", "<script>"):
        answer = stranger.post("/join", data={"code": typed})
        assert answer.status_code == 422
        assert 'id="f-code-wrong"' in answer.text
        assert f'value="{html.escape(typed)}"' in answer.text
        assert "<script>" not in answer.text
    assert stranger.get("/join/ABCD-2345").status_code == 410
    assert stranger.post("/join/ABCD-2345", data={"name": "Ville"}).status_code == 410


def test_a_hall_of_mistypers_is_not_stopped(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    """A hundred people at one meeting who each get it wrong twice."""
    throttle.count("join", joining.TRIES_WINDOW)
    db.session.scalars(select(throttle.Try)).one().count = 200
    assert stranger.get(f"/join/{code(app, cast)}").status_code == 200


def test_a_code_works_until_a_week_after_the_campaign(
    app: Flask, cast: Cast, stranger: FlaskClient, later: Callable[..., Any]
) -> None:
    address = f"/join/{code(app, cast)}"
    last = (cast.spring.ends_on - NOW.date()).days
    with later(days=last + 7):
        assert stranger.get(address).status_code == 200
    with later(days=last + 8):
        assert stranger.get(address).status_code == 410
        assert stranger.post(address, data={"name": "Ville", "association": cast.hageby.id}).status_code == 410


def test_a_campaign_that_goes_on_longer_keeps_its_printed_code(
    app: Flask, cast: Cast, stranger: FlaskClient, signed_in: SignedIn, later: Callable[..., Any]
) -> None:
    """The posters hang already: moving the last day moves the code's."""
    printed = code(app, cast)
    form = {
        "name": cast.spring.name,
        "kind": "listen",
        "starts_on": "2026-03-01",
        "ends_on": "2027-02-28",
        "channels": "door",
        "topics": "Skolan",
    }
    assert signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/edit", data=form).status_code == 303
    with later(days=(date(2027, 2, 20) - NOW.date()).days):
        assert stranger.get(f"/join/{printed}").status_code == 200


def test_an_organisation_without_a_link_is_given_one_by_a_button(cast: Cast, signed_in: SignedIn) -> None:
    bo, page = signed_in(cast.bo), f"/campaigns/{cast.spring.id}"
    asked = f"{page}/join?organisation={cast.hageby.id}"
    assert "Skapa länk" in bo.get(asked).text
    assert bo.get(f"{page}/poster?organisation={cast.hageby.id}").headers["Location"] == asked
    assert db.session.scalar(select(func.count(JoinLink.id))) == 0  # looking makes none
    # From the campaign's page it takes one press: the button makes the link, and from then on it is a link itself.
    assert f'<form method="post" action="{page}/join">' in bo.get(f"{page}?at={cast.hageby.id}").text
    assert bo.post(f"{page}/join", data={"organisation": cast.hageby.id}).headers["Location"] == asked
    assert 'class="qr"' in bo.get(asked).text
    assert f'href="{asked}"' in bo.get(f"{page}?at={cast.hageby.id}").text


def test_a_campaign_that_is_opened_has_its_link(cast: Cast, signed_in: SignedIn) -> None:
    cast.spring.opened_at = None
    db.session.commit()
    signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/state", data={"state": "open"})
    assert joining.current_link(cast.spring.organisation_id, cast.spring.id)


def test_links_bear_the_public_address(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leader sits at the office's own address; the volunteers do not."""
    monkeypatch.setitem(app.config, "PUBLIC_URL", "https://samtal.example.org")
    printed = code(app, cast)
    page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/join").text
    assert f"https://samtal.example.org/join/{printed}" in page
    assert "http://localhost" not in page


def test_no_code_is_kept(app: Flask, cast: Cast) -> None:
    printed = code(app, cast)
    kept = str(db.session.execute(select(JoinLink.__table__)).all())
    assert printed not in kept
    assert printed.replace("-", "") not in kept


def test_a_join_link_lasts_at_least_from_today(app: Flask, cast: Cast) -> None:
    """A campaign that has run over its last day can still be joined for a week."""
    link = joining.link(cast.norrkoping, cast.spring.id, date(2020, 1, 1), app.config["SECRET_KEY"])
    assert timedelta(days=7) < link.expires_at - NOW < timedelta(days=9)
