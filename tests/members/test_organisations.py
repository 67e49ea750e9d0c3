"""The tree: what hangs where, who may change it, and all of Sweden from one list."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import audit, db
from canvass.core.audit import Entry
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns
from canvass.members import access, organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Membership, Person
from tests.cast import Cast, new_campaign
from tests.conftest import NOW

SignedIn = Callable[[Person], FlaskClient]

WHOLE = {"national": 1, "district": 26, "municipal": 290}


def numbers() -> dict[str, int]:
    """How many organisations of each kind there are."""
    query = select(Organisation.kind, func.count()).group_by(Organisation.kind)
    return dict(db.session.execute(query).all())


def line(organisation: Organisation) -> list[str]:
    """The organisation's name and those above it."""
    return [node.name for node in organisations.above(organisation.id)]


def named(name: str, kind: str = "municipal") -> Organisation:
    found = db.session.scalars(select(Organisation).where(Organisation.name == name, Organisation.kind == kind))
    return found.one()


# --- the tree -----------------------------------------------------------------------------------------------


def test_an_organisation_stands_beneath_a_higher_level_only(cast: Cast) -> None:
    with pytest.raises(Refused, match="Arbetarekommun kan inte ligga under S-förening"):
        organisations.add("municipal", "Vikbolandet", cast.hageby)
    with pytest.raises(Refused, match="Välj en nivå"):
        organisations.add("county", "Östergötland", None)


def test_two_of_the_same_name_cannot_stand_side_by_side(cast: Cast) -> None:
    with pytest.raises(Refused, match="heter Hageby s-förening"):
        organisations.rename(cast.ektorp, " Hageby  s-förening ")
    with pytest.raises(Refused, match="Skriv ett namn"):
        organisations.rename(cast.ektorp, "  ")


def test_an_organisation_cannot_be_moved_beneath_itself(cast: Cast) -> None:
    with pytest.raises(Refused, match="under sig själv"):
        organisations.move(cast.norrkoping, cast.hageby)


def test_a_move_takes_along_all_that_lies_beneath(cast: Cast) -> None:
    organisations.move(cast.norrkoping, named("Göteborgsområdet", "district"), by=cast.adam.id)
    assert line(cast.hageby) == ["Hageby s-förening", "Norrköping", "Göteborgsområdet"]
    assert not organisations.is_beneath(cast.hageby.id, cast.ostergotland.id)
    assert audit.broken_at() is None


# --- all of Sweden ------------------------------------------------------------------------------------------


def test_an_empty_installation_gets_the_whole_party(app: Flask) -> None:
    counts = organisations.import_sweden()
    assert numbers() == WHOLE
    assert counts == {**WHOLE, "placed": 0, "elsewhere": 0}
    assert line(named("Partille")) == ["Partille", "Göteborgsområdet", "Partiet"]
    assert named("Upplands-Bro").code == "0139"


def test_what_is_there_is_not_added_again(app: Flask) -> None:
    organisations.import_sweden()
    assert set(organisations.import_sweden().values()) == {0}
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
        organisations.import_sweden()
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
    counts = organisations.import_sweden()
    assert (counts["placed"], counts["municipal"]) == (len(names), 290 - len(names))
    assert {name: named(name).code for name in names} == names
    assert len({name for name in names if len(line(named(name))) == 3}) == len(names)


def test_a_code_tells_more_than_a_name(app: Flask) -> None:
    odd = organisations.add("municipal", "Linköpings vänner", None, code="0581")
    organisations.import_sweden()
    assert line(odd) == ["Linköpings vänner", "Östergötland", "Partiet"]
    assert odd.code == "0581"
    assert named("Linköping").code == "0580"


def test_a_name_that_speaks_of_two_places_is_no_guess(app: Flask) -> None:
    both = organisations.add("municipal", "Sundsvall och Timrå", None)
    organisations.import_sweden()
    assert line(both) == ["Sundsvall och Timrå", "Partiet"]
    assert numbers()["municipal"] == 291


def test_an_association_that_began_alone_comes_under_the_municipality_in_its_name(app: Flask) -> None:
    partille = organisations.add("association", "S-kvinnor i Partille", None)
    rose = organisations.add("association", "Röda rosen", None)
    for _time in range(2):
        organisations.import_sweden()
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
    assert organisations.import_sweden()["placed"] == len(holds)
    assert numbers() == WHOLE
    assert {line(named(municipal))[1]: municipal for municipal in holds.values()} == holds


def test_a_name_taken_by_something_else_stops_it_all(cast: Cast) -> None:
    organisations.add("association", "Kinda", cast.ostergotland)
    with pytest.raises(Refused, match="heter Kinda under Östergötland"):
        organisations.import_sweden(cast.ostergotland)


def test_a_municipal_organisation_right_beneath_the_party_gets_its_district(app: Flask) -> None:
    party = organisations.add("national", "Socialdemokraterna", None)
    norrkoping = organisations.add("municipal", "Norrköping", party)
    counts = organisations.import_sweden(party)
    assert (counts["placed"], counts["municipal"]) == (1, 289)
    assert line(norrkoping) == ["Norrköping", "Östergötland", "Socialdemokraterna"]


def test_what_somebody_has_put_elsewhere_stays_there(app: Flask) -> None:
    party = organisations.add("national", "Partiet", None)
    region = organisations.add("district", "Region Öst", party)
    norrkoping = organisations.add("municipal", "Norrköping", region)
    organisations.import_sweden()
    assert norrkoping.parent_id == region.id
    assert numbers() == {**WHOLE, "district": 27}


def test_a_district_fetches_its_own_municipal_organisations(cast: Cast) -> None:
    counts = organisations.import_sweden(cast.ostergotland)
    assert counts == {"national": 0, "district": 0, "municipal": 11, "placed": 0, "elsewhere": 0}
    assert len(organisations.children(cast.ostergotland.id)) == 13
    assert organisations.children(cast.ojersjo.parent_id) == [cast.ojersjo]


def test_a_branch_draws_nothing_in_from_elsewhere(cast: Cast) -> None:
    """An administrator of one district cannot come by what stands outside it."""
    stray = organisations.add("municipal", "Kinda", None)
    counts = organisations.import_sweden(cast.ostergotland)
    assert stray.parent_id is None
    assert counts["elsewhere"] == 1
    party = organisations.add("national", "Ett annat parti", None)
    assert organisations.import_sweden(party)["elsewhere"] == 2  # the cast's two districts
    assert cast.ostergotland.parent_id is None


def test_only_the_party_and_its_districts_have_something_to_fetch(cast: Cast) -> None:
    for organisation in (cast.norrkoping, cast.hageby):
        with pytest.raises(Refused, match="bara läggas under partiet eller ett partidistrikt"):
            organisations.import_sweden(organisation)
    organisations.rename(cast.ostergotland, "Region Öst")
    with pytest.raises(Refused, match="Region Öst finns inte bland de 26 partidistrikten"):
        organisations.import_sweden(cast.ostergotland)


def test_the_command_makes_one_party_of_it_all(app: Flask, cast: Cast) -> None:
    for _time in range(2):
        result = app.test_cli_runner().invoke(args=["canvass", "organisations", "import-sweden"])
        assert result.exit_code == 0, result.output
        db.session.expire_all()
        assert numbers() == {**WHOLE, "association": 3}
    assert line(cast.hageby) == ["Hageby s-förening", "Norrköping", "Östergötland", "Partiet"]
    assert line(cast.ojersjo)[2:] == ["Göteborgsområdet", "Partiet"]


# --- looking ------------------------------------------------------------------------------------------------


def test_a_leader_sees_their_part_of_the_tree(cast: Cast, signed_in: SignedIn) -> None:
    text = signed_in(cast.bo).get("/organisations").text
    assert "Norrköping" in text
    assert "Hageby s-förening" in text
    assert "Linköping" not in text
    assert "Partille" not in text


def test_the_whole_country_is_shown_in_two_levels(cast: Cast, signed_in: SignedIn) -> None:
    organisations.import_sweden()
    people.grant(cast.adam, "admin", named("Partiet", "national"))
    answer = signed_in(cast.adam).get("/organisations")
    assert answer.text.count("<details>") == 26
    assert "Arjeplog" in answer.text
    assert "Hageby s-förening" not in answer.text  # counted at Norrköping, listed on its page
    assert "13 arbetarekommuner, 2 s-föreningar" in answer.text
    assert len(answer.data) < 120_000


def test_a_search_finds_by_part_of_the_name_and_by_code(cast: Cast, signed_in: SignedIn) -> None:
    adam = signed_in(cast.adam)
    found = adam.get("/organisations?q=HAGEBY").text
    assert "1 träff<" in found
    assert "Östergötland › Norrköping" in found
    assert "Ektorp" not in found
    assert "Norrköping" in adam.get("/organisations?q=0581").text
    assert "Ingen träff" in adam.get("/organisations?q=partille").text


def test_an_organisations_page_tells_who_and_what_belongs_there(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    text = bo.get(f"/organisations/{cast.norrkoping.id}").text
    for expected in ("Arbetarekommun", "0581", "2 s-föreningar", "Cia", "Styrelse", "Vårkampanjen", "3 områden i bruk"):
        assert expected in text
    assert "Byt namn" not in text
    # Those above take it along in theirs, those beneath are in its branch.
    assert "Vårkampanjen" in bo.get(f"/organisations/{cast.hageby.id}").text
    assert "Vårkampanjen" in signed_in(cast.adam).get(f"/organisations/{cast.ostergotland.id}").text
    assert "Vårkampanjen" not in signed_in(cast.adam).get(f"/organisations/{cast.linkoping.id}").text
    assert "1 samtalare" in bo.get(f"/organisations/{cast.hageby.id}").text


def test_doors_to_the_tree_are_shut(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    page = f"/organisations/{cast.norrkoping.id}"
    assert stranger.get("/organisations").status_code == 303
    assert stranger.get(page).headers["Location"].startswith("/sign-in?next=")
    assert signed_in(cast.esa).get(page).status_code == 404
    assert signed_in(cast.alva).get(page).status_code == 403
    assert signed_in(cast.alva).get("/organisations").status_code == 403
    # What stands above is known to be there, but is not theirs to look into.
    assert signed_in(cast.bo).get(f"/organisations/{cast.ostergotland.id}").status_code == 403
    assert signed_in(cast.bo).get("/organisations/none").status_code == 404


# --- changing -----------------------------------------------------------------------------------------------


def changes(cast: Cast) -> list[tuple[str, dict[str, str]]]:
    """Every door that changes the tree, with what would be right to post there."""
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
    assert "3 s-föreningar" in text
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


def test_roles_are_listed_where_they_are_held_and_volunteers_only_counted(cast: Cast, signed_in: SignedIn) -> None:
    text = signed_in(cast.adam).get(f"/organisations/{cast.hageby.id}").text
    assert db.session.scalar(select(func.count()).where(Membership.organisation_id == cast.hageby.id)) == 1
    assert "Alva" not in text
    assert "1 samtalare" in text


# --- members ------------------------------------------------------------------------------------------------


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
