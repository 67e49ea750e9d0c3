"""Organisations are added, renamed and moved, by administrators only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import db
from canvass.core.audit import Entry
from canvass.members import access, people
from canvass.members.organisations import Organisation
from canvass.members.people import Membership, Person
from tests.cast import Cast
from tests.members.tree import line, named, numbers

SignedIn = Callable[[Person], FlaskClient]


def changes(cast: Cast) -> list[tuple[str, dict[str, str]]]:
    """Every view that changes the tree, with what would be right to post there."""
    here = f"/organisations/{cast.norrkoping.id}"
    return [
        (f"{here}/children", {"kind": "association", "child": "Vikbolandets s-förening"}),
        (f"{here}/rename", {"name": "Norrköpings arbetarekommun"}),
        (f"{here}/move", {"parent": cast.linkoping.parent_id or ""}),
        ("/organisations/import-sweden", {"organisation": cast.ostergotland.id}),
    ]


def test_only_administrators_change_the_tree(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    bo, cia, alva, esa = (signed_in(person) for person in (cast.bo, cast.cia, cast.alva, cast.esa))
    before = numbers()
    for address, data in changes(cast):
        assert stranger.post(address, data=data).status_code == 401
        assert esa.post(address, data=data).status_code == 404
        for client in (bo, cia, alva):
            assert client.post(address, data=data).status_code == 403
    db.session.expire_all()
    assert numbers() == before
    assert cast.norrkoping.name == "Norrköping"


def test_an_administrator_adds_an_association(cast: Cast, signed_in: SignedIn) -> None:
    adam, page = signed_in(cast.adam), f"/organisations/{cast.norrkoping.id}"
    answer = adam.post(f"{page}/children", data={"kind": "association", "child": "Vikbolandets s-förening"})
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    text = adam.get(page).text
    assert "Vikbolandets s-förening är tillagd." in text
    assert "3 s\N{NON-BREAKING HYPHEN}föreningar" in text
    assert line(named("Vikbolandets s-förening", "association"))[1] == "Norrköping"
    added = db.session.scalars(select(Entry).where(Entry.person_id == cast.adam.id).order_by(Entry.number)).all()[-1]
    assert added.action == "organisation.add"


def test_a_refused_addition_leaves_the_form_filled_in(cast: Cast, signed_in: SignedIn) -> None:
    answer = signed_in(cast.adam).post(
        f"/organisations/{cast.ostergotland.id}/children", data={"kind": "municipal", "child": "Norrköping"}
    )
    assert answer.status_code == 422
    assert "Det finns redan en organisation som heter Norrköping här." in answer.text
    assert '<option value="municipal" selected>' in answer.text
    assert 'value="Norrköping"' in answer.text
    wrong = {"kind": "district", "child": "Väst"}
    answer = signed_in(cast.adam).post(f"/organisations/{cast.norrkoping.id}/children", data=wrong)
    assert answer.status_code == 422
    assert "Partidistrikt kan inte ligga under Arbetarekommun." in answer.text
    assert 'value="Väst"' in answer.text


def test_an_administrator_renames(cast: Cast, signed_in: SignedIn) -> None:
    adam, page = signed_in(cast.adam), f"/organisations/{cast.hageby.id}"
    assert adam.post(f"{page}/rename", data={"name": "Hageby-Navestads s-förening"}).status_code == 303
    assert "Hageby-Navestads s-förening" in adam.get(page).text
    answer = adam.post(f"{page}/rename", data={"name": "Ektorp s-förening"})
    assert answer.status_code == 422
    assert "heter Ektorp s-förening här" in answer.text
    assert 'value="Ektorp s-förening"' in answer.text


def test_an_administrator_moves_an_association_with_all_it_has(cast: Cast, signed_in: SignedIn) -> None:
    adam, page = signed_in(cast.adam), f"/organisations/{cast.hageby.id}"
    form = adam.get(page).text
    assert f'value="{cast.linkoping.id}"' in form
    assert f'value="{cast.norrkoping.id}"' not in form  # it is there already
    assert f'value="{cast.ektorp.id}"' not in form  # no level for it
    assert adam.post(f"{page}/move", data={"parent": cast.linkoping.id}).status_code == 303
    db.session.expire_all()
    assert line(cast.hageby) == ["Hageby s-förening", "Linköping", "Östergötland"]
    assert cast.alva.association_id == cast.hageby.id
    assert cast.hageby_north.organisation_id == cast.hageby.id
    assert not access.may(cast.bo, "campaign.see", cast.hageby.id)


@pytest.mark.parametrize("parent", ["", "ektorp", "hageby"])
def test_a_place_that_cannot_be_is_refused_in_words(cast: Cast, signed_in: SignedIn, parent: str) -> None:
    wanted = getattr(cast, parent).id if parent else ""
    answer = signed_in(cast.adam).post(f"/organisations/{cast.hageby.id}/move", data={"parent": wanted})
    assert answer.status_code == 422
    assert 'id="f-parent-wrong"' in answer.text


def test_nobody_moves_an_organisation_out_of_their_own_reach(cast: Cast, signed_in: SignedIn) -> None:
    elsewhere = named("Göteborgsområdet", "district")
    answer = signed_in(cast.adam).post(f"/organisations/{cast.norrkoping.id}/move", data={"parent": elsewhere.id})
    assert answer.status_code == 404
    # Seen, being theirs to lead, but not theirs to administer.
    people.grant(cast.adam, "leader", elsewhere)
    answer = signed_in(cast.adam).post(f"/organisations/{cast.norrkoping.id}/move", data={"parent": elsewhere.id})
    assert answer.status_code == 422
    assert "Du kan bara flytta till något som du själv administrerar." in answer.text
    people.grant(cast.adam, "admin", elsewhere)
    answer = signed_in(cast.adam).post(f"/organisations/{cast.norrkoping.id}/move", data={"parent": elsewhere.id})
    assert answer.status_code == 303


def test_nobody_takes_an_organisation_from_those_above_it(cast: Cast, signed_in: SignedIn) -> None:
    """Bo administers Norrköping and another district: that does not make Norrköping his to carry off."""
    elsewhere = named("Göteborgsområdet", "district")
    people.grant(cast.bo, "admin", cast.norrkoping)
    people.grant(cast.bo, "admin", elsewhere)
    bo = signed_in(cast.bo)
    assert "Flytta" not in bo.get(f"/organisations/{cast.norrkoping.id}").text
    answer = bo.post(f"/organisations/{cast.norrkoping.id}/move", data={"parent": elsewhere.id})
    assert answer.status_code == 422
    assert "Du kan inte flytta Norrköping" in answer.text
    db.session.expire_all()
    assert cast.norrkoping.parent_id == cast.ostergotland.id


def test_roles_are_listed_where_they_are_held_and_volunteers_only_counted(cast: Cast, signed_in: SignedIn) -> None:
    text = signed_in(cast.adam).get(f"/organisations/{cast.hageby.id}").text
    assert db.session.scalar(select(func.count()).where(Membership.organisation_id == cast.hageby.id)) == 1
    assert "Alva" not in text
    assert "1 samtalare" in text


def test_a_wrong_level_is_changed_where_it_fits(cast: Cast, signed_in: SignedIn) -> None:
    """A set-up asks for the level first, when nobody knows yet what it means."""
    adam = signed_in(cast.adam)
    linkoping, address = f"/organisations/{cast.linkoping.id}", f"/organisations/{cast.linkoping.id}/level"
    assert "Ändra nivå" in adam.get(linkoping).text
    for wrong in ("national", "district", "", "x"):
        assert adam.post(address, data={"level": wrong}).status_code == 422
    assert adam.post(address, data={"level": "association"}).status_code == 303
    assert "S\N{NON-BREAKING HYPHEN}förening" in adam.get(linkoping).text
    assert db.session.get_one(Organisation, cast.linkoping.id, populate_existing=True).kind == "association"
    # Beneath Norrköping there are associations: nothing fits between them and the district but what it is.
    assert "Ändra nivå" not in adam.get(f"/organisations/{cast.norrkoping.id}").text
    assert adam.post(f"/organisations/{cast.norrkoping.id}/level", data={"level": "association"}).status_code == 422
