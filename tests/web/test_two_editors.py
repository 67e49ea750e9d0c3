"""Two people have the same form open: each saves what they have changed, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from canvass.core import clock, db
from canvass.fieldwork import areas, campaigns, shifts, targets, topics
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members import organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, plan_shift
from tests.web import filling_in

SignedIn = Callable[[Person], FlaskClient]


class Edited(NamedTuple):
    """A form that changes something: its page, its address, two of its fields with new values, and what is saved."""

    page: str
    address: str
    mine: tuple[str, str, str]
    theirs: tuple[str, str, str]
    saved: Callable[[], dict[str, object]]


def the_campaign(cast: Cast) -> Edited:
    spring = cast.spring.id

    def saved() -> dict[str, object]:
        found = db.session.get_one(Campaign, spring, populate_existing=True)
        facts = {name: getattr(found, name) for name in campaigns.Facts.__dataclass_fields__}
        offered = [topic.name for topic in topics.offered(found)]
        return facts | {"target": str(targets.agreed(found)[found.organisation_id]), "topics": offered}

    at = f"/campaigns/{spring}/edit"
    return Edited(at, at, ("script", "Hejsan!", "Tjena!"), ("target", "6000", "7000"), saved)


def the_shift(cast: Cast) -> Edited:
    shift_id = plan_shift(cast, place="Torget", expected=20, ground=[cast.hageby_north, cast.hageby_south]).id

    def saved() -> dict[str, object]:
        found = db.session.get_one(Shift, shift_id, populate_existing=True)
        facts = {name: str(getattr(found, name)) for name in shifts.Facts.__dataclass_fields__ if name[:5] != "area_"}
        return facts | {"areas": {one.name for one in found.areas}}

    at = f"/shifts/{shift_id}/edit"
    return Edited(at, at, ("expected", "25", "30"), ("place", "Biblioteket", "Skolan"), saved)


def the_area(cast: Cast) -> Edited:
    area = cast.hageby_north.id

    def saved() -> dict[str, object]:
        found = db.session.get_one(Area, area, populate_existing=True)
        return {name: str(getattr(found, name)) for name in ("name", "code", "housing", "households")}

    at = f"/areas/{area}/edit"
    return Edited(at, at, ("households", "700", "800"), ("name", "Hageby nord", "Norra Hageby"), saved)


def the_advice(cast: Cast) -> Edited:
    spring = cast.spring.id

    def saved() -> dict[str, object]:
        found = db.session.get_one(Campaign, spring, populate_existing=True)
        return {housing: campaigns.advised(found, housing) or "" for housing in areas.HOUSING}

    page, at = f"/campaigns/{spring}/hours", f"/campaigns/{spring}/advice"
    return Edited(page, at, ("villa", "phone", "stall"), ("flats", "phone", "door"), saved)


def the_members(cast: Cast) -> Edited:
    norrkoping, hageby, ektorp = cast.norrkoping.id, cast.hageby.id, cast.ektorp.id
    organisations.set_members(cast.hageby, 40)
    organisations.set_members(cast.ektorp, 50)

    def saved() -> dict[str, object]:
        nodes = [db.session.get_one(Organisation, id_, populate_existing=True) for id_ in (norrkoping, hageby, ektorp)]
        return {f"members-{node.id}": str(node.members) for node in nodes}

    at = f"/organisations/{norrkoping}/members"
    return Edited(at, at, (f"members-{hageby}", "41", "42"), (f"members-{ektorp}", "51", "52"), saved)


FORMS = (the_campaign, the_shift, the_area, the_advice, the_members)


@pytest.mark.parametrize("the_form", FORMS)
def test_what_one_did_not_touch_stays_as_the_other_saved_it(
    the_form: Callable[[Cast], Edited], cast: Cast, signed_in: SignedIn
) -> None:
    edited = the_form(cast)
    adam = signed_in(cast.adam)
    before = edited.saved()
    opened = filling_in.form(adam.get(edited.page).text, edited.address)
    (mine, my_value, _), (theirs, their_value, _) = edited.mine, edited.theirs
    assert signed_in(cast.adam).post(edited.address, data=opened | {theirs: [their_value]}).status_code == 303
    assert adam.post(edited.address, data=opened | {mine: [my_value]}).status_code == 303
    assert edited.saved() == before | {theirs: their_value, mine: my_value}


@pytest.mark.parametrize("the_form", FORMS)
def test_what_both_have_changed_is_asked_about_once(
    the_form: Callable[[Cast], Edited], cast: Cast, signed_in: SignedIn
) -> None:
    edited = the_form(cast)
    adam = signed_in(cast.adam)
    opened = filling_in.form(adam.get(edited.page).text, edited.address)
    (mine, my_value, _), (theirs, first, second) = edited.mine, edited.theirs
    signed_in(cast.adam).post(edited.address, data=opened | {theirs: [first]})
    saved = edited.saved()
    answer = adam.post(edited.address, data=opened | {theirs: [second], mine: [my_value]})
    assert (answer.status_code, f'id="f-{theirs}-wrong"' in answer.text) == (422, True)
    assert "Någon annan ändrade det här medan du skrev." in answer.text
    assert edited.saved() == saved  # all or nothing
    again = filling_in.form(answer.text, edited.address)
    assert (again[theirs], again[mine]) == ([second], [my_value])  # what was typed is still there
    assert adam.post(edited.address, data=again).status_code == 303
    assert edited.saved() == saved | {theirs: second, mine: my_value}


def test_areas_and_topics_are_lists_and_are_kept_as_such(cast: Cast, signed_in: SignedIn) -> None:
    edited = the_shift(cast)
    adam = signed_in(cast.adam)
    opened = filling_in.form(adam.get(edited.page).text, edited.address)
    signed_in(cast.adam).post(edited.address, data=opened | {"areas": [cast.hageby_south.id]})
    adam.post(edited.address, data=opened | {"wanted": ["4"]})
    assert edited.saved()["areas"] == {"Hageby södra"}

    edited = the_campaign(cast)
    opened = filling_in.form(adam.get(edited.page).text, edited.address)
    assert opened["topics"] == ["Skolan\r\nVården\r\nTryggheten"]
    signed_in(cast.adam).post(edited.address, data=opened | {"topics": ["Badhuset\r\nSkolan"]})
    adam.post(edited.address, data=opened | {"name": ["Vårens kampanj"]})
    assert edited.saved()["topics"] == ["Badhuset", "Skolan"]


def test_a_name_that_another_has_changed_is_not_changed_back_unseen(cast: Cast, signed_in: SignedIn) -> None:
    page, address = f"/organisations/{cast.hageby.id}", f"/organisations/{cast.hageby.id}/rename"
    adam = signed_in(cast.adam)
    opened = filling_in.form(adam.get(page).text, address)
    adam.post(address, data=opened | {"name": ["Hageby centrum"]})
    answer = adam.post(address, data=opened | {"name": ["Hageby by"]})
    assert (answer.status_code, 'id="f-name-wrong"' in answer.text) == (422, True)
    assert adam.post(address, data=filling_in.form(answer.text, address)).status_code == 303
    assert db.session.get_one(Organisation, cast.hageby.id, populate_existing=True).name == "Hageby by"


def test_of_two_who_save_at_the_same_moment_both_are_heard(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    edited = the_shift(cast)
    shift_id = edited.page.split("/")[2]
    opened = filling_in.form(signed_in(cast.adam).get(edited.page).text, edited.address)
    clients = [signed_in(cast.adam), signed_in(cast.bo)]
    changes = [{edited.mine[0]: [edited.mine[1]]}, {edited.theirs[0]: [edited.theirs[1]]}]
    both_are_there, answers = threading.Barrier(2), []

    def save(client: FlaskClient, change: filling_in.Sent) -> None:
        with app.app_context(), clock.stopped(clock.now()):
            both_are_there.wait()
            answers.append(client.post(edited.address, data=opened | change).status_code)

    threads = [threading.Thread(target=save, args=pair) for pair in zip(clients, changes, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303, 303]
    saved = edited.saved()
    assert (saved["expected"], saved["place"]) == ("25", "Biblioteket")
    assert db.session.get_one(Shift, shift_id).revision == 2
