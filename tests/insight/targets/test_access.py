"""Who may set which targets."""

from __future__ import annotations

from flask.testing import FlaskClient

from canvass.members import people
from tests.cast import Cast
from tests.insight.targets.common import SignedIn, address, agreed, look


def test_a_leader_sets_the_targets_of_their_own_part_only(cast: Cast, signed_in: SignedIn) -> None:
    people.grant(cast.dag, "leader", cast.ektorp)
    dag, where = signed_in(cast.dag), address(cast)
    for organisation, status in [(cast.ektorp, 303), (cast.norrkoping, 403), (cast.hageby, 404), (cast.partille, 404)]:
        assert dag.post(where, data={f"target-{organisation.id}": "7"}).status_code == status, organisation.name
    both = {f"target-{cast.ektorp.id}": "9", f"target-{cast.norrkoping.id}": "9"}
    assert dag.post(where, data=both).status_code == 403
    assert agreed(cast) == {"Norrköping": 5000, "Ektorp s-förening": 7}
    assert "Mål för Ektorp s-förening" in look(dag, where)


def test_nobody_but_its_leaders_gets_at_the_targets(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    where = f"/campaigns/{cast.spring.id}/targets"
    for who, status in ((cast.alva, 403), (cast.cia, 403), (cast.esa, 404)):
        browser = signed_in(who)
        assert browser.get(where).status_code == status, who.name
        assert browser.post(where, data={f"target-{cast.norrkoping.id}": "7"}).status_code == status, who.name
    assert stranger.get(where).status_code == 303
    assert stranger.post(where, data={f"target-{cast.norrkoping.id}": "7"}).status_code == 401
    bo = signed_in(cast.bo)
    assert bo.get(f"{where}?at={cast.ostergotland.id}").status_code == 404
    assert bo.post(where, data={f"target-{cast.linkoping.id}": "7"}).status_code == 404
    assert agreed(cast) == {"Norrköping": 5000}
