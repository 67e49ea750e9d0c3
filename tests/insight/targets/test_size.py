"""The whole country's target tree asks the database no more than one association's."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import insert

from canvass.core import db
from canvass.counting import tallies
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.targets import Target
from canvass.members import organisations, people, sweden
from canvass.members.organisations import Organisation
from tests.cast import Cast, new_campaign
from tests.conftest import NOW, questions
from tests.insight.targets.common import SignedIn, look, names


def all_of_sweden() -> Campaign:
    """A national campaign: three associations in each municipality, each with an area, two targets and a result."""
    sweden.add_missing()
    party = next(node for node in organisations.children(None) if node.kind == "national")
    municipals = [node for _depth, node in organisations.tree([party.id]) if node.kind == "municipal"]
    new = [
        {"id": db.new_id(), "kind": "association", "name": f"{node.name} {which}", "parent_id": node.id, "code": ""}
        for node in municipals
        for which in ("norra", "södra", "östra")
    ]
    db.session.execute(insert(Organisation), [{**one, "created_at": NOW} for one in new])
    year = new_campaign(
        party,
        name="Riksåret",
        kind="listen",
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        channels=["door"],
        topics=[],
        target=200_000,
    )
    targets = [{"organisation_id": one["id"], "revision": revision} for one in new for revision in (1, 2)]
    rows = [{**one, "id": db.new_id(), "campaign_id": year.id, "area_id": "", "note": ""} for one in targets]
    db.session.execute(insert(Target), [{**row, "number": 200, "set_at": NOW} for row in rows])
    ground = [{"id": db.new_id(), "organisation_id": one["id"], "code": "1", "name": "Centrum"} for one in new]
    db.session.execute(insert(Area), [{**one, "housing": "", "created_at": NOW} for one in ground])
    tallies.move({tallies.Cell(year.id, "channel", str(one["id"]), "door", "talked"): 100 for one in new})
    return year


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
def test_the_whole_country_asks_no_more_than_one_association(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    year = all_of_sweden()
    people.grant(cast.bo, "leader", year.organisation)
    bo, where = signed_in(cast.bo), f"/campaigns/{year.id}/targets"

    def asked(address: str) -> int:
        bo.get(address)
        with questions() as seen:
            assert bo.get(address).status_code == 200
        return len(seen)

    alone = asked(f"{where}?at={cast.hageby.id}&all=yes")
    for address in (where, f"{where}?q=norra&behind=yes&sort=behind", f"{where}?all=yes", f"{where}?by=even"):
        assert asked(address) <= alone, address
    assert len(names(look(bo, where))) == 26
    text = look(bo, f"{where}?q=vingåker+södra")
    assert names(text) == ["Vingåker södra"]
    assert "Sörmland › Vingåker" in text
    text = look(bo, f"{where}?all=yes")
    assert len(names(text)) == 100
    assert "till finns. Sök för att hitta dem." in text
