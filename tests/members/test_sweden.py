"""All of Sweden from one list: what is added, what is recognised, and what is left where it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from canvass.core import audit, db
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns
from canvass.members import access, organisations, people, sweden
from canvass.members.people import Person
from tests.cast import Cast, new_campaign
from tests.conftest import NOW
from tests.members.tree import WHOLE, line, named, numbers

SignedIn = Callable[[Person], FlaskClient]


def test_an_empty_installation_gets_the_whole_party(app: Flask) -> None:
    counts = sweden.add_missing()
    assert numbers() == WHOLE
    assert counts == {**WHOLE, "placed": 0, "elsewhere": 0}
    assert line(named("Partille")) == ["Partille", "Göteborgsområdet", "Partiet"]
    assert named("Upplands-Bro").code == "0139"


def test_what_is_there_is_not_added_again(app: Flask) -> None:
    sweden.add_missing()
    assert set(sweden.add_missing().values()) == {0}
    assert numbers() == WHOLE


def test_a_municipal_organisation_that_began_alone_gets_district_and_party_above_it(app: Flask) -> None:
    alone = organisations.add("municipal", "Socialdemokraterna i Norrköping", None)
    hageby = organisations.add("association", "Hageby s-förening", alone)
    bo = people.add("Bo", alone)
    people.grant(bo, "leader", alone)
    campaign = new_campaign(
        alone,
        name="Vårkampanjen",
        kind="listen",
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        channels=["door"],
        topics=[],
        target=None,
        by=bo,
    )
    for _time in range(2):
        sweden.add_missing()
        assert numbers() == {**WHOLE, "association": 1}
        assert line(hageby) == ["Hageby s-förening", "Socialdemokraterna i Norrköping", "Östergötland", "Partiet"]
    assert alone.code == "0581"
    assert campaigns.seen_by(bo) == [campaign]
    assert access.may(bo, "campaign.edit", hageby.id)
    assert not access.may(bo, "campaign.see", named("Linköping").id)
    assert audit.broken_at() is None


def test_a_municipal_organisation_is_known_by_any_of_its_names(app: Flask) -> None:
    names = {
        "Norrköping": "0581",
        "Linköpings arbetarekommun": "0580",
        "Arbetarekommunen Boxholm": "0560",
        "Socialdemokraterna i Motala": "0583",
        "S MJÖLBY": "0586",
        "Upplands-Bro AK": "0139",
        "Upplands Väsby arbetarekommun": "0114",
        "Dals Eds arbetarekommun": "1438",
        "Borås arbetarekommun": "1490",
    }
    for name in names:
        organisations.add("municipal", name, None)
    counts = sweden.add_missing()
    assert (counts["placed"], counts["municipal"]) == (len(names), 290 - len(names))
    assert {name: named(name).code for name in names} == names
    assert len({name for name in names if len(line(named(name))) == 3}) == len(names)


def test_a_code_tells_more_than_a_name(app: Flask) -> None:
    odd = organisations.add("municipal", "Linköpings vänner", None, code="0581")
    sweden.add_missing()
    assert line(odd) == ["Linköpings vänner", "Östergötland", "Partiet"]
    assert odd.code == "0581"
    assert named("Linköping").code == "0580"


def test_a_name_that_speaks_of_two_places_is_no_guess(app: Flask) -> None:
    both = organisations.add("municipal", "Sundsvall och Timrå", None)
    sweden.add_missing()
    assert line(both) == ["Sundsvall och Timrå", "Partiet"]
    assert numbers()["municipal"] == 291


def test_an_association_that_began_alone_comes_under_the_municipality_in_its_name(app: Flask) -> None:
    partille = organisations.add("association", "S-kvinnor i Partille", None)
    rose = organisations.add("association", "Röda rosen", None)
    for _time in range(2):
        sweden.add_missing()
        assert line(partille) == ["S-kvinnor i Partille", "Partille", "Göteborgsområdet", "Partiet"]
        # Nobody but people can tell whose it is: they find it beneath the party, and move it.
        assert line(rose) == ["Röda rosen", "Partiet"]


def test_a_district_that_began_alone_is_known_by_any_of_its_names(app: Flask) -> None:
    holds = {
        "Socialdemokraterna i Jämtland": "Åre",
        "Skånes partidistrikt": "Lund",
        "Stockholms läns partidistrikt": "Solna",
        "Stockholms arbetarekommun": "Stockholm",
        "Göteborgsområdets partidistrikt": "Partille",
        "Göteborg": "Göteborg",
        "Jönköpings partidistrikt": "Jönköping",
    }
    for name in holds:
        organisations.add("district", name, None)
    assert sweden.add_missing()["placed"] == len(holds)
    assert numbers() == WHOLE
    assert {line(named(municipal))[1]: municipal for municipal in holds.values()} == holds


def test_a_name_taken_by_something_else_stops_it_all(cast: Cast) -> None:
    organisations.add("association", "Kinda", cast.ostergotland)
    with pytest.raises(Refused, match="heter Kinda under Östergötland"):
        sweden.add_missing(cast.ostergotland)


def test_a_municipal_organisation_right_beneath_the_party_gets_its_district(app: Flask) -> None:
    party = organisations.add("national", "Socialdemokraterna", None)
    norrkoping = organisations.add("municipal", "Norrköping", party)
    counts = sweden.add_missing(party)
    assert (counts["placed"], counts["municipal"]) == (1, 289)
    assert line(norrkoping) == ["Norrköping", "Östergötland", "Socialdemokraterna"]


def test_what_somebody_has_put_elsewhere_stays_there(app: Flask) -> None:
    party = organisations.add("national", "Partiet", None)
    region = organisations.add("district", "Region Öst", party)
    norrkoping = organisations.add("municipal", "Norrköping", region)
    sweden.add_missing()
    assert norrkoping.parent_id == region.id
    assert numbers() == {**WHOLE, "district": 27}


def test_a_district_fetches_its_own_municipal_organisations(cast: Cast) -> None:
    counts = sweden.add_missing(cast.ostergotland)
    assert counts == {"national": 0, "district": 0, "municipal": 11, "placed": 0, "elsewhere": 0}
    assert len(organisations.children(cast.ostergotland.id)) == 13
    assert organisations.children(cast.ojersjo.parent_id) == [cast.ojersjo]


def test_a_branch_draws_nothing_in_from_elsewhere(cast: Cast) -> None:
    """An administrator of one district cannot come by what stands outside it."""
    stray = organisations.add("municipal", "Kinda", None)
    counts = sweden.add_missing(cast.ostergotland)
    assert stray.parent_id is None
    assert counts["elsewhere"] == 1
    party = organisations.add("national", "Ett annat parti", None)
    assert sweden.add_missing(party)["elsewhere"] == 2  # the cast's two districts
    assert cast.ostergotland.parent_id is None


def test_only_the_party_and_its_districts_have_something_to_fetch(cast: Cast) -> None:
    for organisation in (cast.norrkoping, cast.hageby):
        with pytest.raises(Refused, match="bara läggas under partiet eller ett partidistrikt"):
            sweden.add_missing(organisation)
    organisations.rename(cast.ostergotland, "Region Öst")
    with pytest.raises(Refused, match="Region Öst finns inte bland de 26 partidistrikten"):
        sweden.add_missing(cast.ostergotland)


def test_the_command_makes_one_party_of_it_all(app: Flask, cast: Cast) -> None:
    for _time in range(2):
        result = app.test_cli_runner().invoke(args=["canvass", "organisations", "import-sweden"])
        assert result.exit_code == 0, result.output
        db.session.expire_all()
        assert numbers() == {**WHOLE, "association": 3}
    assert line(cast.hageby) == ["Hageby s-förening", "Norrköping", "Östergötland", "Partiet"]
    assert line(cast.ojersjo)[2:] == ["Göteborgsområdet", "Partiet"]


def test_a_district_administrator_fetches_its_municipal_organisations(cast: Cast, signed_in: SignedIn) -> None:
    adam, page = signed_in(cast.adam), f"/organisations/{cast.ostergotland.id}"
    assert "Hämta distriktets arbetarekommuner" in adam.get(page).text
    assert "Hämta" not in adam.get(f"/organisations/{cast.norrkoping.id}").text
    answer = adam.post("/organisations/import-sweden", data={"organisation": cast.ostergotland.id})
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert "Nya arbetarekommuner: 11." in adam.get(page).text
    adam.post("/organisations/import-sweden", data={"organisation": cast.ostergotland.id})
    assert "Nya arbetarekommuner: 0." in adam.get(page).text


def test_a_district_of_another_name_fetches_nothing_and_says_why(cast: Cast, signed_in: SignedIn) -> None:
    organisations.rename(cast.ostergotland, "Region Öst")
    answer = signed_in(cast.adam).post("/organisations/import-sweden", data={"organisation": cast.ostergotland.id})
    assert answer.status_code == 422
    assert "Region Öst finns inte bland de 26 partidistrikten." in answer.text
