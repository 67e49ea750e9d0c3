"""The list of areas with its map, one area's page, and the forms that change it."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient

from canvass.core import db
from canvass.counting import attempts
from canvass.counting.attempts import Facts
from canvass.fieldwork import areas
from canvass.members import people
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW, questions
from tests.fieldwork.areas.files import brought_in, feature, of

SignedIn = Callable[[Person], FlaskClient]


def test_everyone_sees_the_areas_of_their_own_branch(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    bo, alva, esa = (signed_in(person).get("/areas").text for person in (cast.bo, cast.alva, cast.esa))
    assert "Hageby norra" in bo
    assert "Ektorpshöjden" in bo
    assert "Hageby norra" in alva
    assert "Ektorpshöjden" not in alva
    assert "Inga områden än" in esa
    assert "Nytt område" in bo
    assert "Nytt område" not in alva
    assert stranger.get("/areas").headers["Location"].startswith("/sign-in?next=")


def test_the_list_is_narrowed_by_words_and_by_organisation(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    found = bo.get("/areas?q=hageby+NOR").text
    assert "Hageby norra" in found
    assert "Hageby södra" not in found
    assert "Hageby södra" in bo.get("/areas?q=h2").text
    ektorp = bo.get(f"/areas?organisation={cast.ektorp.id}").text
    assert "Ektorpshöjden" in ektorp
    assert "Hageby norra" not in ektorp
    assert "Ektorpshöjden" in bo.get(f"/areas?organisation={cast.norrkoping.id}").text
    assert "Inget område passar" in bo.get("/areas?q=skarphagen").text


def test_retired_areas_stand_apart_and_off_the_map(cast: Cast, signed_in: SignedIn) -> None:
    brought_in(cast, feature("H1", "Hageby norra"), feature("H2", "Hageby södra", east=1))
    areas.retire(cast.hageby_south, by=cast.bo)
    text = signed_in(cast.bo).get("/areas").text
    assert "1 område ur bruk" in text
    assert text.count('<path class="map-area') == 1
    assert text.index("1 område ur bruk") < text.index("Hageby södra")


def test_the_list_asks_the_database_a_few_questions_however_many_areas(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    with questions() as before:
        bo.get("/areas?q=område")
    brought_in(cast, *(feature(f"N{number}", f"Område {number}", east=number) for number in range(50)))
    db.session.commit()
    with questions() as after:
        assert "Område 49" in bo.get("/areas?q=område").text
    assert len(after) == len(before) + 1  # the outlines, all at once


def test_an_areas_page_has_its_facts_its_outline_and_what_was_counted(cast: Cast, signed_in: SignedIn) -> None:
    brought_in(cast, feature("H1", "Hageby norra"), feature("H2", "Hageby södra", east=1))
    for outcome, number in (("talked", 3), ("not_home", 7)):
        attempts.log(
            attempts.Change(
                db.new_id(),
                author_id=cast.alva.id,
                campaign_id=cast.spring.id,
                organisation_id=cast.hageby.id,
                happened_at=NOW,
                facts=Facts(cast.hageby_north.id, "door", outcome, number, ()),
            )
        )
    text = signed_in(cast.bo).get(f"/areas/{cast.hageby_north.id}").text
    for expected in ("Hageby s-förening", "H1", "Flerfamiljshus", "640", "Vårkampanjen", "30\N{NO-BREAK SPACE}%"):
        assert expected in text
    assert text.count('<path class="map-area') == 2  # its own outline and its neighbour's
    empty = signed_in(cast.bo).get(f"/areas/{cast.ektorp_hill.id}").text
    assert "Inga samtal har räknats här än." in empty
    assert "ingen gräns på kartan" in empty


def test_an_area_is_shown_to_those_of_its_branch(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    page = f"/areas/{cast.hageby_north.id}"
    assert stranger.get(page).status_code == 303
    for person, status in ((cast.alva, 200), (cast.cia, 200), (cast.dag, 404), (cast.esa, 404)):
        assert signed_in(person).get(page).status_code == status
    assert "Ändra" not in signed_in(cast.alva).get(page).text


# --- changing by hand ---------------------------------------------------------------------------------------


def test_a_leader_adds_an_area(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    assert "Hageby s-förening" in bo.get("/areas/new").text
    data = {"organisation": cast.hageby.id, "name": "Navestad", "code": "", "housing": "flats", "households": "1 250"}
    answer = bo.post("/areas", data=data)
    assert answer.status_code == 303
    assert "Navestad är tillagt." in bo.get(answer.headers["Location"]).text
    area = of(cast.hageby)["1"]
    assert (area.name, area.housing, area.households) == ("Navestad", "flats", 1250)


def test_a_wrong_area_comes_back_with_the_form_filled_in(cast: Cast, signed_in: SignedIn) -> None:
    data = {"organisation": cast.ektorp.id, "name": "Eneby", "code": "E1", "housing": "villa", "households": "många"}
    for address in ("/areas", f"/areas/{cast.hageby_north.id}/edit"):
        answer = signed_in(cast.bo).post(address, data=data)
        assert answer.status_code == 422
        for expected in ("E1 används redan", "Skriv ett heltal.", 'value="Eneby"', 'value="många"', "2 saker"):
            assert expected in answer.text
        assert f'<option value="{cast.ektorp.id}" selected>' in answer.text
        assert '<option value="villa" selected>' in answer.text
    assert set(of(cast.ektorp)) == {"E1"}
    assert cast.hageby_north.name == "Hageby norra"


def test_a_leader_edits_retires_and_brings_back(cast: Cast, signed_in: SignedIn) -> None:
    bo, page = signed_in(cast.bo), f"/areas/{cast.hageby_north.id}"
    form = bo.get(f"{page}/edit").text
    assert 'value="640"' in form
    assert '<option value="flats" selected>' in form
    data = {"organisation": cast.norrkoping.id, "name": "Hageby nord", "code": "N1", "housing": "", "households": ""}
    assert bo.post(f"{page}/edit", data=data).headers["Location"] == page
    area = of(cast.norrkoping)["N1"]
    assert (area.id, area.name, area.housing, area.households) == (cast.hageby_north.id, "Hageby nord", "", None)
    assert bo.post(f"{page}/retire").status_code == 303
    assert "Ta i bruk igen" in bo.get(page).text
    assert bo.post(f"{page}/bring-back").status_code == 303
    assert "Ta ur bruk" in bo.get(page).text


def test_an_area_is_only_given_to_an_organisation_one_leads(cast: Cast, signed_in: SignedIn) -> None:
    """Esa also leads Hageby: he may edit its areas, hand them to Partille, and to nobody else."""
    people.grant(cast.esa, "leader", cast.hageby)
    esa, address = signed_in(cast.esa), f"/areas/{cast.hageby_north.id}/edit"
    data = {"name": "Hageby norra", "code": "H1", "housing": "", "households": ""}
    # Norrköping is seen from Hageby, being above it; Ektorp is not.
    assert esa.post(address, data={**data, "organisation": cast.norrkoping.id}).status_code == 403
    assert esa.post(address, data={**data, "organisation": cast.ektorp.id}).status_code == 404
    assert esa.post(address, data={**data, "organisation": cast.partille.id}).status_code == 303
    assert "H1" in of(cast.partille)


def test_doors_that_change_areas_are_shut(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    page = f"/areas/{cast.hageby_north.id}"
    data = {"organisation": cast.hageby.id, "name": "Nytt", "code": "H1", "housing": "", "households": ""}
    posts = ("/areas", f"{page}/edit", f"{page}/retire", f"{page}/bring-back", "/areas/import")
    clients = {signed_in(cast.alva): 403, signed_in(cast.cia): 403, signed_in(cast.esa): 404, signed_in(cast.dag): 404}
    for address in posts:
        assert stranger.post(address, data=data).status_code == 401
        for client, status in clients.items():
            assert client.post(address, data=data).status_code == status, address
    for address in ("/areas/new", "/areas/import", f"{page}/edit"):
        assert stranger.get(address).status_code == 303
        assert signed_in(cast.alva).get(address).status_code == 403
    assert signed_in(cast.esa).get(f"{page}/edit").status_code == 404
    assert of(cast.hageby)["H1"].name == "Hageby norra"
