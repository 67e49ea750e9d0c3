"""How many members an organisation has."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.core.audit import Entry
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast

SignedIn = Callable[[Person], FlaskClient]


def test_a_district_fills_in_all_its_members_on_one_page(cast: Cast, signed_in: SignedIn) -> None:
    adam, where = signed_in(cast.adam), f"/organisations/{cast.ostergotland.id}/members"
    sent = {f"members-{cast.norrkoping.id}": "1 240", f"members-{cast.linkoping.id}": "0"}
    assert adam.post(where, data=sent).status_code == 303
    assert (cast.norrkoping.members, cast.linkoping.members, cast.ostergotland.members) == (1240, 0, None)
    assert 'value="1240"' in adam.get(where).text
    assert "1\u202f240 medlemmar" in adam.get(f"/organisations/{cast.norrkoping.id}").text
    adam.post(where, data={f"members-{cast.linkoping.id}": "", f"members-{cast.partille.id}": "9"})
    db.session.expire_all()
    # An emptied field takes its number back, one that was not there leaves it; another district's is not this page's.
    assert (cast.norrkoping.members, cast.linkoping.members, cast.partille.members) == (1240, None, None)
    entries = db.session.scalars(select(Entry).where(Entry.action == "organisation.members").order_by(Entry.number))
    changes = [(entry.details["before"], entry.details["after"]) for entry in entries]
    assert changes == [(None, 0), (None, 1240), (0, None)]


def test_one_wrong_number_of_members_saves_none(cast: Cast, signed_in: SignedIn) -> None:
    where = f"/organisations/{cast.ostergotland.id}/members"
    for wrong in ("många", "-1", "1 000 001"):
        sent = {f"members-{cast.norrkoping.id}": "12", f"members-{cast.linkoping.id}": wrong}
        answer = signed_in(cast.adam).post(where, data=sent)
        assert answer.status_code == 422
        assert f'id="f-members-{cast.linkoping.id}-wrong"' in answer.text
        assert f'value="{wrong}"' in answer.text
        assert db.session.get_one(Organisation, cast.norrkoping.id).members is None


def test_only_administrators_count_the_members(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    where, sent = f"/organisations/{cast.norrkoping.id}/members", {f"members-{cast.norrkoping.id}": "12"}
    for who, status in ((cast.alva, 403), (cast.bo, 403), (cast.esa, 404)):
        assert signed_in(who).get(where).status_code == status, who.name
        assert signed_in(who).post(where, data=sent).status_code == status, who.name
    assert stranger.get(where).status_code == 303
    assert stranger.post(where, data=sent).status_code == 401
    assert cast.norrkoping.members is None
