"""Who may reach which view: every route, for every role, with what is theirs and what is not. The default is no.

Everybody here stands at Norrköping. A row of the table says what each role gets for what belongs to:

    Norrköping itself, Hageby beneath it, Linköping beside it, Östergötland above it, Partille elsewhere

    +  it works      !  let in, and the form is refused      -  403, seen but not theirs to do      .  404, not theirs
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from flask import Flask, has_request_context, request
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.board.earlier_years import imports
from canvass.core import clock, db
from canvass.core.settings import ROOT
from canvass.counting import late_reports, quarantine
from canvass.counting.receipts import Operation
from canvass.fieldwork import areas, campaigns, trainings
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import walls
from canvass.members import access, devices, joining, organisations, people, sessions
from canvass.members.devices import Device
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, new_campaign, plan_shift
from tests.conftest import browser

SignedIn = Callable[[Person], FlaskClient]
ROLES = ("volunteer", "leader", "board", "admin")
PLACES = ("own", "child", "sibling", "parent", "foreign")
MARKS = {200: "+", 204: "+", 303: "+", 400: "!", 409: "!", 422: "!", 403: "-", 404: "."}

# For the roles in that order. One mark where the answer is the same whoever owns what: the route names nothing.
TABLE = {
    # one's own
    "GET /me": "+ + + +",
    "POST /me": "! ! ! !",
    "POST /me/sessions/<session_id>/end": "..... ..... ..... .....",
    "POST /me/devices/<device_id>/end": "..... ..... ..... .....",
    "GET /api/v1/hello": "+ + + +",
    "GET /api/v1/outlines": "+ + + +",
    "POST /api/v1/sync": "! ! ! !",
    # campaigns: what is above is taken part in, so it is seen
    "GET /campaigns": "+ + + +",
    "GET /campaigns/new": "- + - +",
    "POST /campaigns organisation=<organisation_id>": "--.-. !!.-. --.-. !!.-.",
    "GET /campaigns/<campaign_id>": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<campaign_id>/live": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<campaign_id>/edit": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<campaign_id>/edit": "--.-. !!.-. --.-. !!.-.",
    "POST /campaigns/<campaign_id>/state state=open": "--.-. ++.-. --.-. ++.-.",
    "GET /campaigns/<campaign_id>/targets": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/targets target-<own>=7": "--.-. +!.+. --.-. +!.+.",
    # what works when and where
    "GET /campaigns/<campaign_id>/hours": "++.+. ++.+. ++.+. ++.+.",
    "POST /campaigns/<campaign_id>/advice villa=door": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<campaign_id>/plausibility organisation=<own>": "++.+. ++.+. ++.+. ++.+.",
    # evenings on paper
    "GET /campaigns/<campaign_id>/late": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/late": "--.-. !!.!. --.-. !!.!.",
    "POST /late-reports/<report_id>/undo": "--.-. ++.-. --.-. ++.-.",
    # the map
    "GET /campaigns/<campaign_id>/map": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<campaign_id>/map/<area_id>": "++.+. ++.+. ++.+. ++.+.",
    "POST /campaigns/<campaign_id>/map/<area_id>/assign shift=<shift_id>": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<campaign_id>/map/<area_id>/release shift=<shift_id>": "--.-. ++.-. --.-. ++.-.",
    # shifts: seen as campaigns are, and what one leads or comes to wherever it is
    "GET /campaigns/<campaign_id>/shifts": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<campaign_id>/shifts/new": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/shifts organisation=<own>": "--.-. !..!. --.-. !..!.",
    "GET /campaigns/<campaign_id>/visits": "++.+. ++.+. ++.+. ++.+.",
    "GET /shifts/<shift_id>": "++.+. ++.+. ++.+. ++.+.",
    "GET /shifts/<shift_id>.ics": "++.+. ++.+. ++.+. ++.+.",
    "GET /shifts/<shift_id>/image.svg": "++.+. ++.+. ++.+. ++.+.",
    "GET /shifts/<shift_id>/poster": "--.-. ++.-. --.-. ++.-.",
    "GET /shifts/<shift_id>/edit": "--.-. ++.-. --.-. ++.-.",
    "POST /shifts/<shift_id>/edit": "--.-. !!.-. --.-. !!.-.",
    "POST /shifts/<shift_id>/cancel": "--.-. ++.-. --.-. ++.-.",
    "POST /shifts/<shift_id>/link": "--.-. ++.-. --.-. ++.-.",
    "POST /shifts/<shift_id>/sign-up": "++.+. ++.+. ++.+. ++.+.",
    "POST /shifts/<shift_id>/withdraw": "++.+. ++.+. ++.+. ++.+.",
    "GET /me/shifts": "+ + + +",
    "POST /me/shifts": "+ + + +",
    "GET /organisations/<organisation_id>/trainings": "--.-. ++.-. ++.-. ++.-.",
    "POST /organisations/<organisation_id>/trainings": "--.-. !!.-. --.-. !!.-.",
    "POST /trainings/<training_id>/forget": "--.-. ++.-. --.-. ++.-.",
    # coming in
    "GET /campaigns/<campaign_id>/join": "--.-. ++.+. --.-. ++.+.",
    "GET /campaigns/<campaign_id>/poster": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/join organisation=<own>": "--.-. +..+. --.-. +..+.",
    "POST /invitations organisation=<organisation_id>&role=leader": "--.-. --.-. --.-. ++.-.",
    "POST /invitations/<ticket_id>/withdraw": "--.-. --.-. --.-. ++.-.",
    # wallboards
    "GET /campaigns/<campaign_id>/walls": "--.-. ++.+. --.-. ++.+.",
    "POST /campaigns/<campaign_id>/walls organisation=<own>": "--.-. +..+. --.-. +..+.",
    "POST /walls/<wall_id>/withdraw": "--.-. ++.-. --.-. ++.-.",
    # areas: those above are walked in, so they are seen
    "GET /areas": "+ + + +",
    "GET /areas/new": "- + - +",
    "POST /areas organisation=<organisation_id>": "--.-. !!.-. --.-. !!.-.",
    "GET /areas/<area_id>": "++.+. ++.+. ++.+. ++.+.",
    "GET /areas/<area_id>/edit": "--.-. ++.-. --.-. ++.-.",
    "POST /areas/<area_id>/edit organisation=<own>": "--.-. !!.-. --.-. !!.-.",
    "POST /areas/<area_id>/retire": "--.-. ++.-. --.-. ++.-.",
    "POST /areas/<area_id>/bring-back": "--.-. ++.-. --.-. ++.-.",
    "GET /areas/import": "- + - +",
    "POST /areas/import organisation=<organisation_id>": "--.-. !!.-. --.-. !!.-.",
    "GET /areas/import/<draft_id>": "..... ..... ..... .....",
    "POST /areas/import/<draft_id>/confirm": "..... ..... ..... .....",
    "POST /areas/import/<draft_id>/cancel": "..... ..... ..... .....",
    # the tree
    "GET /organisations": "- + + +",
    "GET /organisations/<organisation_id>": "--.-. ++.-. ++.-. ++.-.",
    "POST /organisations/<organisation_id>/children kind=x": "--.-. --.-. --.-. !!.-.",
    "POST /organisations/<organisation_id>/rename": "--.-. --.-. --.-. !!.-.",
    "GET /organisations/<organisation_id>/members": "--.-. --.-. --.-. ++.-.",
    "POST /organisations/<organisation_id>/members members-<organisation_id>=7": "--.-. --.-. --.-. ++.-.",
    "POST /organisations/<organisation_id>/move parent=<own>": "--.-. --.-. --.-. !+.-.",
    "POST /organisations/import-sweden organisation=<organisation_id>": "--.-. --.-. --.-. !!.-.",
    # earlier years: everybody reads what is beneath them, leaders import
    "GET /organisations/<organisation_id>/earlier-years": "++.-. ++.-. ++.-. ++.-.",
    "POST /organisations/<organisation_id>/earlier-years": "--.-. !!.-. --.-. !!.-.",
    "GET /organisations/<organisation_id>/earlier-years/example.csv": "--.-. ++.-. --.-. ++.-.",
    "GET /earlier-years/<import_id>": "--.-. ++.-. --.-. ++.-.",
    "POST /earlier-years/<import_id>/confirm skip=yes": "--.-. !!.-. --.-. !!.-.",
    "POST /earlier-years/<import_id>/cancel": "--.-. ++.-. --.-. ++.-.",
    "POST /earlier-years/<import_id>/undo": "--.-. ++.-. --.-. ++.-.",
    # people
    "GET /people": "- + + +",
    "POST /memberships/<membership_id>/revoke": "--.-. --.-. --.-. ++.-.",
    # what phones sent and nobody has counted
    "GET /quarantine": "- + - +",
    "POST /quarantine/<held_id>/admit": "--.-. ++.-. --.-. ++.-.",
    "POST /quarantine/<held_id>/dismiss": "--.-. ++.-. --.-. ++.-.",
    # what leaves the house
    "GET /reports": "- + + +",
    "POST /reports/totals.csv": "- + + +",
    "POST /reports/totals.xlsx": "- + + +",
}

# The same routes where the question names something else that could be another's.
QUESTIONS = {
    "GET /campaigns/<own_campaign>?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<parent_campaign>?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<own_campaign>/live?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<parent_campaign>/live?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<own_campaign>/map?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<own_campaign>/map/<area_id>": "++.+. ++.+. ++.+. ++.+.",
    "GET /campaigns/<own_campaign>/map/<own_area>?at=<organisation_id>": "++... ++... ++... ++...",
    "POST /campaigns/<own_campaign>/map/<own_area>/assign shift=<shift_id>": "--.-. +..-. --.-. +..-.",
    "GET /campaigns/<own_campaign>/targets?at=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<own_campaign>/shifts?at=<organisation_id>": "++... ++... ++... ++...",
    "GET /campaigns/<own_campaign>/shifts/new?at=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<own_campaign>/shifts/new?copy=<shift_id>": "----- ++.+. ----- ++.+.",
    "GET /campaigns/<own_campaign>/visits?at=<organisation_id>": "++... ++... ++... ++...",
    "POST /campaigns/<own_campaign>/shifts organisation=<organisation_id>": "--.-. !!.-. --.-. !!.-.",
    "GET /campaigns/<own_campaign>/join?organisation=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<own_campaign>/poster?organisation=<organisation_id>": "----- ++... ----- ++...",
    "POST /campaigns/<own_campaign>/join organisation=<organisation_id>": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<own_campaign>/join organisation=<organisation_id>&withdraw=yes": "--.-. ++.-. --.-. ++.-.",
    "GET /campaigns/<own_campaign>/walls?at=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<parent_campaign>/walls?at=<organisation_id>": "----- ++... ----- ++...",
    "POST /campaigns/<own_campaign>/walls organisation=<organisation_id>": "--.-. ++.-. --.-. ++.-.",
    "POST /campaigns/<own_campaign>/targets target-<organisation_id>=7": "----- ++.-. ----- ++.-.",
    "POST /campaigns/<parent_campaign>/targets target-<organisation_id>=7": "----- ++.-. ----- ++.-.",
    "GET /campaigns/<own_campaign>/late?at=<organisation_id>": "----- ++... ----- ++...",
    "GET /campaigns/<parent_campaign>/late?at=<organisation_id>": "----- ++... ----- ++...",
    "POST /campaigns/<own_campaign>/late organisation=<organisation_id>": "----- !!.-. ----- !!.-.",
    "POST /campaigns/<own_campaign>/targets area-<area_id>=7": "----- ++.-. ----- ++.-.",
    "POST /campaigns/<parent_campaign>/targets area-<area_id>=7": "----- ++.-. ----- ++.-.",
    "POST /areas/<own_area>/edit organisation=<organisation_id>": "----- !!.-. ----- !!.-.",
    "POST /organisations/<child>/move parent=<organisation_id>": "----- ----- ----- +!.!.",
    "GET /reports?campaign=<campaign_id>": "----- ++.+. ++.+. ++.+.",
    "POST /reports/totals.csv?campaign=<campaign_id>": "----- ++.+. ++.+. ++.+.",
    "POST /reports/totals.xlsx?campaign=<campaign_id>": "----- ++.+. ++.+. ++.+.",
}


@dataclass
class World:
    """A browser for each role, all of them of Norrköping, and one thing of each kind for each place."""

    browsers: dict[str, FlaskClient] = field(default_factory=dict)
    ids: dict[str, dict[str, str]] = field(default_factory=dict)

    def answer(self, role: str, row: str, place: str) -> int:
        """The status this role gets for a row of a table with the ids of what is the place's."""
        filled = re.sub(r"<(\w+)>", lambda found: self.ids[place][found[1]], row)
        method, address, *form = filled.split(" ")
        data = dict(part.split("=") for part in form[0].split("&")) if form else None
        return self.browsers[role].open(address, method=method, data=data).status_code

    def mark(self, role: str, row: str, place: str) -> str:
        """The same as a sign of the table."""
        status = self.answer(role, row, place)
        return MARKS.get(status, f"[{status}]")


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
        found.ids[place] = {f"{kind}_id": key for kind, key in _belongings(node, cast).items()}
    for place, node in nodes.items():
        for every in found.ids.values():
            every |= {place: node.id, f"{place}_campaign": found.ids[place]["campaign_id"]}
            every |= {f"{place}_area": found.ids[place]["area_id"]}
    db.session.commit()
    return found


def _belongings(node: Organisation, cast: Cast) -> dict[str, str]:
    """The id of one thing of each kind that is this organisation's."""
    resident = people.add("Resident", node)
    membership = people.grant(resident, "volunteer", node)
    opened, _token = sessions.start(resident)
    devices.add(resident)
    campaign = new_campaign(
        node,
        name="Kampanjen",
        kind="listen",
        starts_on=date(2026, 3, 1),
        ends_on=date(2026, 12, 31),
        channels=["door"],
        topics=[],
        target=None,
    )
    campaigns.open_(campaign)
    area = areas.add(node, name="Området", by=resident)
    shift = plan_shift(cast, owner=node, campaign=campaign, ground=[area], by=resident)
    plan = areas.plan_import(node, b'{"type":"FeatureCollection","features":[]}')
    return {
        "organisation": node.id,
        "campaign": campaign.id,
        "area": area.id,
        "shift": shift.id,
        "training": trainings.note(resident, node, date(2026, 2, 1), by=resident).id,
        "ticket": joining.invite(node, "leader", "", by=resident)[0].id,
        "membership": membership.id,
        "session": opened.id,
        "device": db.session.scalars(select(Device.id).where(Device.person_id == resident.id)).one(),
        "held": _held(resident, campaign.id),
        "import": imports.keep(node, [{"line": 2, "conversations": "7"}], by=resident).id,
        "report": _late_report(resident, campaign, node),
        "wall": walls.make(campaign, node, "", "sv", "key", by=resident).id,
        "draft": areas.keep_draft(plan, {"housing": "", "file": "x.geojson"}, by=cast.adam).id,
    }


def _late_report(author: Person, campaign: Campaign, node: Organisation) -> str:
    """An evening that somebody has entered from paper."""
    report_id = db.new_id()
    totals = late_reports.Totals(date(2026, 5, 5), 18, "door", None, {"talked": 3})
    assert late_reports.enter(report_id, campaign, node, totals, by=author)
    return report_id


def _held(author: Person, campaign_id: str) -> str:
    """An operation in quarantine that could be admitted."""
    operation = {"op": db.new_id(), "attempt": db.new_id(), "rev": 1, "kind": "create", "schema": 1, "seq": 1}
    operation |= {"campaign": campaign_id, "at": "2026-05-06T10:00:00Z"}
    operation |= {"data": {"channel": "door", "outcome": "talked", "n": 99}}
    receipt = {"digest": "…", "installation_id": db.new_id(), "attempt_id": operation["attempt"], "seq": 1, "rev": 1}
    db.session.add(Operation(id=operation["op"], verdict="quarantined", received_at=clock.now(), **receipt))
    return quarantine.hold(author, str(operation["op"]), "…", json.dumps(operation), "number").id


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


def test_a_stranger_is_stopped_at_every_closed_door(app: Flask, world: World) -> None:
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
    own = ["GET /me", "POST /me", "GET /me/shifts", "POST /me/shifts", "POST /api/v1/sync"]
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


# --- the rule itself ----------------------------------------------------------------------------------------


def test_a_role_reaches_down_and_neither_up_nor_sideways(cast: Cast) -> None:
    reached = {
        who.name: {
            node.name
            for node in (cast.ostergotland, cast.norrkoping, cast.hageby, cast.ektorp, cast.linkoping, cast.partille)
            if access.may(who, "campaign.see", node.id)
        }
        for who in (cast.alva, cast.bo, cast.adam, cast.esa)
    }
    assert reached == {
        "Alva": {"Hageby s-förening"},
        "Bo": {"Norrköping", "Hageby s-förening", "Ektorp s-förening"},
        "Adam": {"Östergötland", "Norrköping", "Hageby s-förening", "Ektorp s-förening", "Linköping"},
        "Esa": {"Partille"},
    }


def test_two_roles_in_two_places_do_not_mix(cast: Cast) -> None:
    """Leader in Hageby and board in Partille is leader in Hageby only."""
    people.grant(cast.alva, "leader", cast.hageby)
    people.grant(cast.alva, "board", cast.partille)
    assert access.may(cast.alva, "campaign.edit", cast.hageby.id)
    assert not access.may(cast.alva, "campaign.edit", cast.partille.id)
    assert access.may(cast.alva, "report.export", cast.partille.id)
    assert not access.may(cast.alva, "campaign.edit", cast.norrkoping.id)


def test_what_is_moved_is_reached_from_its_new_place(cast: Cast) -> None:
    organisations.move(cast.hageby, cast.linkoping)
    assert not access.may(cast.bo, "campaign.see", cast.hageby.id)
    assert access.may(cast.adam, "campaign.see", cast.hageby.id)


def test_an_unknown_action_is_allowed_to_nobody(cast: Cast) -> None:
    assert not access.may(cast.adam, "everything", cast.ostergotland.id)
    assert not access.may_anywhere(cast.adam, "everything")
    assert access.nodes(cast.adam, "everything") == []
    with pytest.raises(access.Forbidden):
        access.require(cast.adam, "everything", cast.ostergotland.id)


def test_every_right_is_asked_for_and_everything_asked_for_is_a_right() -> None:
    """A right that nothing asks for, or a question that no right answers, is a slip of the pen."""
    asking = re.compile(
        r"\b(?:may|may_anywhere|require|find|nodes|reach|standpoints)\([^()]*(?:\(\)[^()]*)*?[\"'](\w+\.\w+)[\"']"
    )
    files = [*(ROOT / "canvass").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    texts = [path.read_text("utf-8") for path in files if path.name != "access.py"]
    assert {action for text in texts for action in asking.findall(text)} <= access.ACTIONS
    unasked = {action for action in access.ACTIONS if not any(f'"{action}"' in text for text in texts)}
    assert unasked - {"campaign.see"} == set()  # what access.py itself asks for when nothing else is said
