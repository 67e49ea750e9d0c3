"""The first evening: one link, one form, and people are logging."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from canvass.core import clock, db
from canvass.core.db import new_id
from canvass.counting import tallies
from canvass.fieldwork import targets, topics
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations, passwords, people, tickets
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.members.tickets import Ticket
from tests.conftest import NOW, browser

EVENING: dict[str, Any] = {
    "organisation": "Norrköpings arbetarekommun",
    "level": "municipal",
    "name": "Yusuf",
    "email": "yusuf@example.org",
    "password": "tio tecken och fler",
    "campaign": "Vårens samtal",
    "target": "5 000",
    "starts_on": "2026-05-01",
    "ends_on": "2026-06-30",
    "channels": ["door", "stall"],
    "kind": "listen",
    "topics": "Skolan\nVården\n\n",
}


@pytest.fixture
def link(app: Flask) -> str:
    """The address that the server prints when it starts for the first time."""
    token = tickets.setup_token()
    db.session.commit()
    return f"/setup/{token}"


def wrong_fields(page: str) -> set[str]:
    """The fields with a sentence of their own beside them."""
    return set(re.findall(r'id="f-([\w-]+)-wrong"', page))


def test_the_link_opens_a_form_with_sensible_suggestions(link: str, stranger: FlaskClient) -> None:
    page = stranger.get(link).text
    assert 'value="2026-05-06"' in page  # it begins today
    assert "Skolan\nTryggheten" in page
    assert 'value="door" checked' in page
    assert stranger.get(link).status_code == 200  # looking does not spend it


def test_one_form_makes_the_organisation_its_administrator_and_an_open_campaign(
    link: str, stranger: FlaskClient
) -> None:
    answer = stranger.post(link, data=EVENING)
    organisation = db.session.scalars(select(Organisation)).one()
    campaign = db.session.scalars(select(Campaign)).one()
    person = db.session.scalars(select(Person)).one()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/campaigns/{campaign.id}")
    assert (organisation.name, organisation.kind, organisation.parent_id) == (
        "Norrköpings arbetarekommun",
        "municipal",
        None,
    )
    assert [(m.role, m.organisation_id) for m in person.memberships] == [("admin", organisation.id)]
    assert passwords.authenticate("yusuf@example.org", "tio tecken och fler") is person
    assert (campaign.name, campaign.state, campaign.channels) == ("Vårens samtal", "open", ["door", "stall"])
    assert [topic.name for topic in topics.offered(campaign)] == ["Skolan", "Vården"]
    assert targets.agreed(campaign) == {organisation.id: 5000}
    assert "Allt är klart" in stranger.get(answer.headers["Location"]).text


def test_any_level_may_begin(app: Flask) -> None:
    for level in organisations.KINDS:
        evening = EVENING | {"level": level, "organisation": level, "email": f"{level}@example.org"}
        assert browser(app).post(f"/setup/{tickets.setup_token()}", data=evening).status_code == 303
    assert {*db.session.scalars(select(Organisation.kind))} == {*organisations.KINDS}


def test_the_link_is_spent(link: str, app: Flask, stranger: FlaskClient) -> None:
    assert stranger.post(link, data=EVENING).status_code == 303
    late = browser(app)
    assert late.get(link).status_code == 410
    assert late.post(link, data=EVENING | {"email": "eva@example.org", "organisation": "En till"}).status_code == 410
    assert len(db.session.scalars(select(Person)).all()) == 1


def test_only_the_latest_link_works_and_not_for_ever(
    link: str, stranger: FlaskClient, later: Callable[..., Any]
) -> None:
    newer = tickets.setup_token()
    db.session.commit()
    assert stranger.get(link).status_code == 410
    assert stranger.get(f"/setup/{newer}").status_code == 200
    with later(days=31):
        assert stranger.get(f"/setup/{newer}").status_code == 410
        assert stranger.post(f"/setup/{newer}", data=EVENING).status_code == 410
    assert stranger.get("/setup/made-up").status_code == 410


def test_everything_that_is_wrong_is_said_at_once_and_nothing_typed_is_lost(link: str, stranger: FlaskClient) -> None:
    wrong = {
        "organisation": "  ",
        "name": "\u200b",  # does not show
        "email": "yusuf",
        "password": "kort",
        "campaign": "x" * 121,
        "target": "många",
        "starts_on": "2026-06-30",
        "ends_on": "2026-05-01",
        "channels": [],
        "kind": "other",
        "topics": "Bara den här",
        "level": "district",
    }
    answer = stranger.post(link, data=wrong)
    assert answer.status_code == 422
    assert wrong_fields(answer.text) == {
        "organisation",
        "name",
        "email",
        "password",
        "campaign",
        "target",
        "ends_on",
        "channels",
    }
    assert "8 saker behöver rättas" in answer.text
    listed = re.findall(r'<a href="#f-([\w-]+)"', answer.text)
    assert listed[:5] == ["organisation", "name", "email", "password", "campaign"]  # in the order of the form
    assert 'value="yusuf"' in answer.text
    assert 'value="många"' in answer.text
    assert "Bara den här</textarea>" in answer.text
    assert re.search(r'value="district" selected', answer.text)
    assert re.search(r'value="other" checked', answer.text)
    assert 'name="channels" value="door" checked' not in answer.text
    assert "kort" not in answer.text  # a password is never sent back
    assert [db.session.scalar(select(kind.id).limit(1)) for kind in (Organisation, Person, Campaign)] == [None] * 3
    assert db.session.scalars(select(Ticket.spent_at)).one() is None
    assert stranger.post(link, data=EVENING).status_code == 303  # the link still works


def test_each_field_says_what_is_wrong_with_it(link: str, stranger: FlaskClient) -> None:
    wrong: list[tuple[dict[str, Any], set[str]]] = [
        ({"organisation": "x" * 121}, {"organisation"}),
        ({"level": "kingdom"}, {"level"}),
        ({"name": "x" * 61}, {"name"}),
        ({"email": "a b@example.org"}, {"email"}),
        ({"email": "@example.org"}, {"email"}),
        ({"email": "x" * 250 + "@example.org"}, {"email"}),
        ({"password": "x" * 9}, {"password"}),
        ({"password": "x" * 1001}, {"password"}),
        ({"target": "-1"}, {"target"}),
        ({"target": "--5"}, {"target"}),
        ({"target": "10 000 001"}, {"target"}),
        ({"target": "9" * 30}, {"target"}),
        ({"starts_on": "5 maj"}, {"starts_on"}),
        ({"starts_on": "", "ends_on": ""}, {"starts_on", "ends_on"}),
        ({"ends_on": "9999-12-31"}, {"ends_on"}),
        ({"kind": "war"}, {"kind"}),
        ({"channels": ["pigeon"]}, {"channels"}),
    ]
    for changes, fields in wrong:
        answer = stranger.post(link, data=EVENING | changes)
        assert (answer.status_code, wrong_fields(answer.text)) == (422, fields), changes


def test_what_is_refused_has_written_nothing(link: str, stranger: FlaskClient) -> None:
    written: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE", "SAVEPOINT"):
            written.append(statement)

    event.listen(db.db.engine, "before_cursor_execute", note)
    try:
        for changes in ({"organisation": ""}, {"level": ""}, {"email": ""}, {"campaign": ""}):
            assert stranger.post(link, data=EVENING | changes).status_code == 422
        assert written == []
        assert stranger.post(link, data=EVENING).status_code == 303
        assert written != []
    finally:
        event.remove(db.db.engine, "before_cursor_execute", note)


def test_an_address_that_somebody_has_is_refused_beside_its_field(link: str, stranger: FlaskClient) -> None:
    people.add("Yusuf", organisations.add("district", "Östergötland", None), email="yusuf@example.org")
    db.session.commit()
    answer = stranger.post(link, data=EVENING)
    assert (answer.status_code, wrong_fields(answer.text)) == (422, {"email"})


def test_a_target_may_wait(link: str, stranger: FlaskClient) -> None:
    assert stranger.post(link, data=EVENING | {"target": "", "topics": ""}).status_code == 303
    campaign = db.session.scalars(select(Campaign)).one()
    assert targets.agreed(campaign) == {}
    assert stranger.get(f"/campaigns/{campaign.id}").status_code == 200


def test_whoever_sets_up_in_english_goes_on_in_english(link: str, stranger: FlaskClient) -> None:
    stranger.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    answer = stranger.post(link, data=EVENING)
    assert '<html lang="en">' in stranger.get(answer.headers["Location"]).text
    assert db.session.scalars(select(Person.language)).one() == "en"


def test_from_the_link_to_the_first_counted_conversation(link: str, app: Flask, stranger: FlaskClient) -> None:
    """The leader's computer, then a volunteer's phone: nothing but what is on the pages."""
    page = stranger.get(stranger.post(link, data=EVENING).headers["Location"])
    way_in = re.search(r'value="http://localhost(/join/[A-Z0-9-]+)"', page.text)
    assert way_in, "the campaign's page shows the way in"
    phone = browser(app)
    assert "Vårens samtal" in phone.get(way_in[1]).text
    assert phone.post(way_in[1], data={"name": "Alva"}).headers["Location"] == "/log"
    hello = phone.get("/api/v1/hello").json
    assert hello
    (campaign,) = hello["campaigns"]
    assert (hello["person"]["name"], campaign["name"], campaign["target"]) == ("Alva", "Vårens samtal", 5000)
    operation = {
        "op": new_id(),
        "attempt": new_id(),
        "rev": 1,
        "base": 0,
        "kind": "create",
        "schema": 1,
        "seq": 1,
        "campaign": campaign["id"],
        "at": clock.text(NOW),
        "offset": 0,
        "data": {
            "area": None,
            "channel": "door",
            "outcome": "talked",
            "n": 1,
            "topics": [campaign["topics"][0]["id"]],
        },
    }
    batch = {"schema": 1, "install": new_id(), "batch": new_id(), "author": hello["person"]["id"], "ops": [operation]}
    answer = phone.post("/api/v1/sync", json=batch | {"pending": 1, "max_seq": 1}, headers={"X-Sync": "1"})
    assert answer.json
    assert [result["verdict"] for result in answer.json["results"]] == ["stored"]
    organisation = db.session.scalars(select(Organisation)).one()
    assert tallies.total(campaign["id"], organisations.beneath(organisation.id)).conversations == 1
    numbers = stranger.get(f"/campaigns/{campaign['id']}", headers={"HX-Request": "true"}).text
    assert re.search(r'figure-value">1 <span class="figure-total">/ 5\s000', numbers)
