"""Who reaches which view: each row of the table, for every role and every place. The default is no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, has_request_context, request
from flask.testing import FlaskClient

from canvass.core import db
from canvass.members import people
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import browser
from tests.members.access_table import QUESTIONS, TABLE
from tests.members.world import PLACES, ROLES, World, belongings

SignedIn = Callable[[Person], FlaskClient]


@pytest.fixture
def world(app: Flask, cast: Cast, signed_in: SignedIn) -> World:
    found = World()
    nodes = dict(
        zip(PLACES, (cast.norrkoping, cast.hageby, cast.linkoping, cast.ostergotland, cast.partille), strict=True)
    )
    for role in ROLES:
        person = people.add(role.title(), cast.norrkoping)
        people.grant(person, role, cast.norrkoping)
        found.browsers[role] = signed_in(person)
    for place, node in nodes.items():
        found.ids[place] = {f"{kind}_id": key for kind, key in belongings(node, cast).items()}
    for place, node in nodes.items():
        for every in found.ids.values():
            every |= {place: node.id, f"{place}_campaign": found.ids[place]["campaign_id"]}
            every |= {f"{place}_area": found.ids[place]["area_id"], f"{place}_person": found.ids[place]["person_id"]}
    db.session.commit()
    return found


@pytest.fixture
def kept(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every request do all it does, and take it back when it ends: no case changes the next one's world.

    A list of the requests that would have changed something for good.
    """
    found: list[str] = []

    def flush() -> None:
        if has_request_context():
            found.append(request.path)
            db.session.flush()

    monkeypatch.setattr(db.session, "commit", flush)
    monkeypatch.setattr(db, "let_go", lambda: None)
    return found


# A thousand requests, so on one engine; what the views do is tested on both.
@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", [TABLE, QUESTIONS], ids=["routes", "questions"])
def test_every_role_reaches_exactly_these_views(world: World, kept: list[str], table: dict[str, str]) -> None:
    found: dict[str, str] = {}
    refused_and_done = []
    for row, marks in table.items():
        answers = []
        for role, wanted in zip(ROLES, marks.split(), strict=True):
            kept.clear()
            answers.append("".join(world.mark(role, row, place) for place in PLACES[: len(wanted)]))
            if kept and not set(answers[-1]) & {"+", "!"}:
                refused_and_done.append((row, role))
        found[row] = " ".join(answers)
    assert found == table
    assert refused_and_done == []


def test_the_table_knows_every_route(app: Flask) -> None:
    """A new route stands in the table, or is marked as open to all (tests/house/views.py lists those)."""
    closed = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not getattr(app.view_functions[rule.endpoint], "is_open", False)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {" ".join(row.split(" ")[:2]) for row in TABLE} == closed


def test_the_table_has_all_five_places_for_whatever_has_an_id(app: Flask) -> None:
    for row, marks in (TABLE | QUESTIONS).items():
        widths = {len(mark) for mark in marks.split()}
        assert widths == ({5} if "_id>" in row else {1}), row


def test_a_stranger_is_stopped_at_every_closed_view(app: Flask, world: World) -> None:
    stranger = browser(app)
    for row in TABLE:
        if not row.startswith("POST /api/v1/sync"):
            world.browsers["stranger"] = stranger
            status = world.answer("stranger", row, "own")
            assert status == (303 if row.startswith("GET /") and "/api/" not in row else 401), row
    assert stranger.get("/campaigns").headers["Location"] == "/sign-in?next=/campaigns"
    assert stranger.head("/campaigns").status_code == 303


def test_somebody_without_any_role_is_as_good_as_a_stranger(world: World, cast: Cast, signed_in: SignedIn) -> None:
    """Their roles were taken back; they may still see their own page and sign out."""
    for membership in list(cast.bo.memberships):
        people.revoke(membership)
    world.browsers["nobody"] = signed_in(cast.bo)
    let_in = [row for row in TABLE if world.mark("nobody", row, "own") in "+!"]
    own = ["GET /me", "POST /me", "POST /me/way-back", "GET /me/shifts", "POST /me/shifts", "POST /api/v1/sync"]
    empty = ["GET /areas", "GET /campaigns", "GET /api/v1/hello", "GET /api/v1/outlines"]
    assert sorted(let_in) == sorted(own + empty)
    bo = world.browsers["nobody"]
    assert bo.get("/api/v1/hello").json["campaigns"] == []  # type: ignore[index]
    assert "Vårkampanjen" not in bo.get("/campaigns").text
    assert "Hageby" not in bo.get("/areas").text


def test_looking_changes_nothing(world: World) -> None:
    """Whatever an administrator opens. Only a way in is made at first sight, and an export put on record."""

    def content() -> dict[str, list[Any]]:
        return {
            table.name: sorted(map(str, db.session.execute(table.select())))
            for table in db.Base.metadata.sorted_tables
            if table.name not in ("join_links", "audit_entries", "audit_head", "sessions")
        }

    before = content()
    for row in TABLE:
        if row.startswith("GET /"):
            world.answer("admin", row, "own")
    db.session.commit()
    assert content() == before
