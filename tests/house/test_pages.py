"""Every page there is, in both languages: whole, named, and holding nothing from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, select, update

from canvass.board.earlier_years import imports
from canvass.core import db
from canvass.fieldwork import area_files, calendars, shifts
from canvass.insight import walls
from canvass.insight.walls import Wall
from canvass.members import joining, tickets
from canvass.members.people import Person
from tests.cast import Cast, plan_shift
from tests.conftest import browser
from tests.house.page import Page
from tests.house.views import OPEN_BY_TOKEN, OPEN_TO_ALL

SignedIn = Callable[[Person], FlaskClient]


def tokens_for(cast: Cast, secret: str) -> dict[str, str]:
    """A token for each kind of address that carries one, by the first part of its path."""
    sign_in = tickets.sign_in_token(cast.cia)
    return {
        "setup": tickets.setup_token(),
        "invitation": tickets.invite(cast.hageby, "leader", "Greta", by=cast.adam)[1],
        "back": tickets.way_back_token(tickets.make_way_back(cast.alva, secret), secret),
        "sign-in": sign_in,
        "demo": sign_in,
        "wall": walls.token(walls.make(cast.spring, cast.norrkoping, "", "sv", secret), secret),
        "calendar": calendars.token(calendars.make(cast.adam, secret), secret),
    }


def ids_for(cast: Cast, secret: str) -> dict[str, str]:
    """The id of one thing of each kind, by its name in the routes."""
    link = joining.link(cast.norrkoping, cast.spring.id, cast.spring.ends_on, secret)
    file = {"type": "FeatureCollection", "features": [FEATURE]}
    plan = area_files.plan_import(cast.hageby, json.dumps(file).encode())
    shift = plan_shift(cast, by=cast.adam, script="Hello!")
    shifts.link(shift, secret)
    return {
        "campaign_id": cast.spring.id,
        "membership_id": cast.alva.memberships[0].id,
        "area_id": cast.hageby_north.id,
        "organisation_id": cast.norrkoping.id,
        "draft_id": area_files.keep_draft(plan, {"housing": "", "file": "karta.geojson"}, by=cast.adam).id,
        "code": joining.code(link, secret),
        "import_id": imports.keep(cast.norrkoping, FAULTY_ROWS, by=cast.adam).id,
        "shift_id": shift.id,
        "person_id": cast.alva.id,
    }


@pytest.fixture
def addresses(app: Flask, cast: Cast, signed_in: SignedIn) -> dict[str, tuple[FlaskClient, str]]:
    """Everything that can be looked at: by whom, and at which address. New routes are among them by themselves."""
    adam, stranger = signed_in(cast.adam), browser(app)
    secret = app.config["SECRET_KEY"]
    tokens, ids = tokens_for(cast, secret), ids_for(cast, secret)
    db.session.commit()
    found = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        address = rule.rule.replace("<token>", tokens.get(rule.rule.split("/")[1], "no token"))
        for name, value in ids.items():
            address = address.replace(f"<{name}>", value)
        is_open = rule.endpoint in OPEN_TO_ALL | OPEN_BY_TOKEN
        found[rule.rule] = (stranger if is_open else adam, address)
    found["/nowhere"] = (adam, "/nowhere")
    found["/quarantine?decided=1"] = (adam, "/quarantine?decided=1")
    found["/reports?…"] = (adam, f"/reports?campaign={cast.spring.id}&by=area")
    shift_link = joining.current_shift_link(ids["shift_id"])
    assert shift_link is not None
    found["/join/<shift>"] = (stranger, f"/join/{joining.code(shift_link, secret)}")
    found["/organisations?q"] = (adam, "/organisations?q=o")
    # Without a link yet: the page offers to make one.
    found["/campaigns/<campaign_id>/join?…"] = (adam, f"/campaigns/{cast.spring.id}/join?organisation={cast.ektorp.id}")
    db.session.commit()
    return found


@pytest.fixture
def pages(addresses: dict[str, tuple[FlaskClient, str]]) -> dict[str, tuple[FlaskClient, str]]:
    """Those of them that are pages."""
    no_pages = ("/api/", "/healthz", "/readyz", "/service-worker", "/manifest")
    return {
        name: found
        for name, found in addresses.items()
        if name != "/" and not name.startswith(no_pages) and not name.endswith((".csv", ".ics", ".svg", "/live"))
    }


FEATURE = {
    "type": "Feature",
    "properties": {"code": "H9", "name": "Hageby nya"},
    "geometry": {"type": "Polygon", "coordinates": [[[16.1, 58.5], [16.2, 58.5], [16.2, 58.6], [16.1, 58.5]]]},
}
FAULTY_ROWS = [
    {"line": 2, "organisation": "Hageby", "year": "2025", "conversations": "1 264", "target": "1200"},
    {"line": 3, "organisation": "Ektarp", "year": "2025", "conversations": "7"},
]
# Words that no English sentence has, and no name in the cast.
SWEDISH = re.compile(r"\b(och|att|inte|eller|för|är|på|av|som|med|kan|ska|till|från|alla|den|det|du|vi|ni|här)\b", re.I)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_page_is_whole_and_named_and_holds_nothing_from_outside(
    pages: dict[str, tuple[FlaskClient, str]], language: str
) -> None:
    wrong = {}
    db.session.execute(update(Wall).values(language=language))  # a wall speaks one language, whoever looks
    for name, (client, address) in pages.items():
        client.set_cookie("canvass_language", language)
        answer = client.get(address)
        assert answer.status_code == (404 if name == "/nowhere" else 200), name
        page = Page(answer.text, language)
        if language == "en" and (found := SWEDISH.findall(page.text["all"] + said_by_scripts(answer.text))):
            page.wrong.append(f"Swedish: {sorted(set(found))}")
        if page.wrong:
            wrong[name] = page.wrong
    assert wrong == {}


def test_looking_only_reads(app: Flask, addresses: dict[str, tuple[FlaskClient, str]]) -> None:
    """Every transaction of every GET has promised so, and then neither engine lets it write."""
    begun: list[bool] = []

    def note(connection: Connection) -> None:
        begun.append(bool(connection.get_execution_options().get("reading")))

    writing, is_heard = {}, set()
    event.listen(db.db.engine, "begin", note)
    try:
        for name, (client, address) in addresses.items():
            db.session.rollback()
            begun.clear()
            client.get(address)
            if not all(begun):
                writing[name] = address
            is_heard |= set(begun)
        # A view that lets go of its transaction and goes on is heard.
        with app.test_request_context():
            db.read_only()
            db.session.rollback()
            begun.clear()
            assert db.session.scalar(select(1)) == 1
            assert begun == [False]
    finally:
        event.remove(db.db.engine, "begin", note)
    assert (writing, is_heard) == ({}, {True})


def said_by_scripts(page: str) -> str:
    """What the logging screen's scripts will say."""
    found = re.search(r'id="words">(.*?)</script>', page, re.DOTALL)
    return " ".join(json.loads(found[1]).values()) if found else ""


def test_a_form_that_comes_back_is_whole_too(pages: dict[str, tuple[FlaskClient, str]], cast: Cast) -> None:
    """With its sentences, which stand at their fields; a list above those of a longer form points at each."""
    wrong = {}
    for name in ("/setup/<token>", "/join/<code>", "/invitation/<token>", "/join", "/sign-in", "/me", "/areas/new"):
        client, address = pages[name]
        answer = client.post(address.removesuffix("/new"), data={"organisation": cast.hageby.id, "households": "x"})
        assert answer.status_code == 422, name
        page = Page(answer.text, "sv")
        links = re.findall(r'<a href="#(f-[\w-]+)"', answer.text)
        assert links or 'aria-invalid="true"' in answer.text, name
        page.wrong += [f"a sentence points at no field: {link}" for link in links if link not in page.ids]
        if page.wrong:
            wrong[name] = page.wrong
    assert wrong == {}


def test_the_page_test_finds_what_is_wrong() -> None:
    """A net with holes holds nothing."""
    good = '<html lang="sv"><title>Rubrik · Canvass</title><h1>Rubrik</h1>{}</html>'
    assert Page(good.format(""), "sv").wrong == []
    for bad in (
        "<h1>En till</h1>",
        "<h3>För djupt</h3>",
        '<input name="x">',
        '<label>x</label><input name="x">',
        '<p style="color:red">x</p>',
        '<button onclick="x()">x</button>',
        "<script>x()</script>",
        '<script src="https://cdn.example/x.js"></script>',
        '<script src="//cdn.example/x.js"></script>',
        '<a href="javascript:x()">x</a>',
        '<a href="/x"></a>',
        '<img src="/x.png">',
        '<p id="x"></p><p id="x"></p>',
        '<input aria-label="x" aria-describedby="y">',
        "<div><p></div>",
        "<style>p{}</style>",
    ):
        assert Page(good.format(bad), "sv").wrong, bad
    assert Page('<html lang="en"><title> · Canvass</title><h1> </h1></html>', "sv").wrong == [
        "lang is en",
        "1 h1",
        "no title",
    ]


def test_every_address_of_ours_in_a_page_leads_somewhere(pages: dict[str, tuple[FlaskClient, str]], app: Flask) -> None:
    """Links and forms, as the administrator sees them; a template that spells an address wrong is found here."""
    adapter = app.url_map.bind("localhost")
    astray = set()
    for client, address in pages.values():
        text = client.get(address).text
        for attribute, method in (("href", "GET"), ("src", "GET")):
            for target in re.findall(rf'\s{attribute}="(/[^"#?]*)', text):
                if not adapter.test(target, method=method):
                    astray.add((address, target))
        for form in re.findall(r"<form[^>]*>", text):
            method = "POST" if 'method="post"' in form else "GET"
            action = re.search(r'action="(/[^"?]*)', form)
            if not adapter.test(action[1] if action else address.split("?")[0], method=method):
                astray.add((address, form))
    assert astray == set()
