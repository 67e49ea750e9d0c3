"""Areas: by hand, from a file with a preview, and on a map."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import audit, db, geojson
from canvass.core.refusals import Refused
from canvass.core.settings import ROOT
from canvass.counting import attempts
from canvass.counting.attempts import Facts
from canvass.fieldwork import areas
from canvass.fieldwork.areas import Area, Draft
from canvass.members import people
from canvass.members.people import Person
from tests.cast import Cast
from tests.conftest import NOW, questions

SignedIn = Callable[[Person], FlaskClient]
SWEDEN = ROOT / "canvass" / "reference" / "municipalities.geojson"


def feature(code: str, name: str = "", *, east: float = 0, is_open: bool = False, **properties: Any) -> dict[str, Any]:
    """A square of about 500 metres in Norrköping, `east` squares to the right."""
    x, y = 16.17 + 0.01 * east, 58.57
    ring = [[x, y], [x + 0.009, y], [x + 0.009, y + 0.005], [x, y + 0.005], [x, y]]
    return {
        "type": "Feature",
        "properties": {"kod": code, "namn": name, **properties} if code else {},
        "geometry": {"type": "Polygon", "coordinates": [ring[:-1] if is_open else ring]},
    }


def file_of(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def of(organisation: Any) -> dict[str, Area]:
    """An organisation's areas by code, read anew."""
    db.session.flush()
    db.session.expire_all()
    return {area.code: area for area in db.session.scalars(select(Area).where(Area.organisation_id == organisation.id))}


def brought_in(cast: Cast, *features: dict[str, Any], housing: str = "") -> areas.Plan:
    """A file read into Hageby's areas."""
    plan = areas.plan_import(cast.hageby, file_of(*features), housing=housing)
    areas.carry_out(plan, housing=housing, by=cast.bo)
    return plan


def upload(client: FlaskClient, organisation: Any, content: bytes | None, **fields: str) -> Any:
    """Choose a file in the form and send it."""
    data: dict[str, Any] = {
        "organisation": organisation.id,
        "code_field": "",
        "name_field": "",
        "housing": "",
        **fields,
    }
    if content is not None:
        data["file"] = (io.BytesIO(content), "hageby.geojson")
    answer = client.post("/areas/import", data=data, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # the client itself leaves a large body's file open
    return answer


def mark_in(text: str) -> str:
    """The preview's mark, which its button sends back."""
    found = re.search(r'name="mark" value="(\w+)"', text)
    assert found is not None
    return found[1]


# --- by hand ------------------------------------------------------------------------------------------------


def test_an_area_without_a_code_gets_the_next_free_number(cast: Cast) -> None:
    assert areas.add(cast.hageby, name="Navestad", by=cast.bo).code == "1"
    areas.add(cast.hageby, name="Ringdansen", code="2", by=cast.bo)
    assert areas.add(cast.hageby, name="Smedby", by=cast.bo).code == "3"


def test_what_an_area_cannot_be_is_said_field_by_field(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        areas.add(cast.hageby, name=" ", code="H1", housing="slott", households=-1, by=cast.bo)
    assert set(refused.value.errors) == {"name", "code", "housing", "households"}
    # A code is an organisation's own: another may use the same.
    assert areas.add(cast.ektorp, name="Eneby", code="H1", by=cast.bo).code == "H1"


def test_an_area_moves_to_another_owner_with_its_counts(cast: Cast) -> None:
    areas.edit(
        cast.hageby_north,
        organisation=cast.norrkoping,
        name="Hageby norra",
        code="H1",
        housing="flats",
        households=640,
        by=cast.bo,
    )
    assert of(cast.norrkoping)["H1"] is cast.hageby_north
    with pytest.raises(Refused, match="används redan"):
        areas.edit(
            cast.ektorp_hill, organisation=cast.hageby, name="X", code="H2", housing="", households=None, by=cast.bo
        )


def test_retiring_twice_keeps_the_first_day(cast: Cast, later: Callable[..., Any]) -> None:
    areas.retire(cast.hageby_north, by=cast.bo)
    with later(days=3):
        areas.retire(cast.hageby_north, by=cast.bo)
    assert cast.hageby_north.retired_at == NOW


# --- from a file --------------------------------------------------------------------------------------------


def test_a_file_adds_what_is_new_and_changes_what_it_speaks_of(cast: Cast) -> None:
    plan = areas.plan_import(cast.hageby, file_of(feature("H1", "Hageby nord"), feature("H3", "Navestad", east=1)))
    assert [f.code for f in plan.added] == ["H3"]
    (change,) = plan.changed
    assert set(change.values) == {"name", "outline"}
    assert plan.problems == plan.unchanged == []
    areas.carry_out(plan, by=cast.bo)
    found = of(cast.hageby)
    assert (found["H1"].name, found["H1"].housing, found["H1"].households) == ("Hageby nord", "flats", 640)
    assert found["H1"].geometry is not None
    assert found["H2"].outline is None
    assert found["H3"].name == "Navestad"
    assert audit.broken_at() is None


def test_the_same_file_twice_changes_nothing(cast: Cast) -> None:
    features = [feature("H1", "Hageby norra", boendeform="radhus", hushåll=640), feature("H3", east=1)]
    brought_in(cast, *features)
    plan = areas.plan_import(cast.hageby, file_of(*features))
    assert (plan.added, plan.changed, len(plan.unchanged)) == ([], [], 2)


def test_housing_chosen_for_the_file_is_only_for_areas_without(cast: Cast) -> None:
    features = [feature("H1"), feature("H3", east=1, boendeform="radhus"), feature("H4", east=2)]
    brought_in(cast, *features, housing="mixed")
    assert {code: area.housing for code, area in of(cast.hageby).items()} == {
        "H1": "flats",
        "H2": "villa",
        "H3": "terraced",
        "H4": "mixed",
    }


def test_a_file_without_names_leaves_the_names_that_people_use(cast: Cast) -> None:
    brought_in(cast, feature("H1"), feature("H3", east=1))
    assert {code: area.name for code, area in of(cast.hageby).items()} == {
        "H1": "Hageby norra",
        "H2": "Hageby södra",
        "H3": "H3",
    }


def test_a_file_brings_retired_areas_back(cast: Cast) -> None:
    brought_in(cast, feature("H1"))
    areas.retire(cast.hageby_north, by=cast.bo)
    plan = brought_in(cast, feature("H1"))
    assert [change.values for change in plan.changed] == [{"retired_at": None}]
    assert of(cast.hageby)["H1"].retired_at is None


def test_outlines_drawn_one_by_one_do_not_overwrite_each_other(cast: Cast) -> None:
    """A single outline has no code, so the next is not the same ground under another shape."""
    brought_in(cast, feature(""))
    brought_in(cast, feature("", east=1))
    assert {code: area.name for code, area in of(cast.hageby).items() if code.isdigit()} == {
        "1": "Område 1",
        "2": "Område 2",
    }
    again = areas.plan_import(cast.hageby, file_of(feature("", east=1)))
    assert [area.code for area in again.unchanged] == ["2"]


def test_a_file_with_one_fault_changes_nothing(cast: Cast) -> None:
    plan = areas.plan_import(cast.hageby, file_of(feature("H3", "Navestad"), feature("H4", "Smedby", is_open=True)))
    assert [f.code for f in plan.added] == ["H3"]
    with pytest.raises(Refused, match=r"Smedby.*inte sluten"):
        areas.carry_out(plan, by=cast.bo)
    assert set(of(cast.hageby)) == {"H1", "H2"}


def test_a_plan_is_marked_by_what_it_would_do(cast: Cast) -> None:
    content = file_of(feature("H1", "Hageby nord"), feature("H3", east=1))
    before = areas.plan_import(cast.hageby, content).mark
    assert areas.plan_import(cast.hageby, content).mark == before
    marks = {before}
    cast.hageby_north.name = "Norra Hageby"
    marks.add(areas.plan_import(cast.hageby, content).mark)
    areas.add(cast.hageby, name="Navestad", code="H3", by=cast.bo)
    marks.add(areas.plan_import(cast.hageby, content).mark)
    assert len(marks) == 3


def test_forgotten_files_are_cleared_away(cast: Cast, later: Callable[..., Any]) -> None:
    plan = areas.plan_import(cast.hageby, file_of(feature("H3")))
    first = areas.keep_draft(plan, {}, by=cast.bo)
    assert areas.draft(first.id, of=cast.bo) is first
    assert areas.draft(first.id, of=cast.cia) is None
    with later(hours=25):
        second = areas.keep_draft(plan, {}, by=cast.bo)
    assert list(db.session.scalars(select(Draft.id))) == [second.id]


def test_the_command_reads_the_same_files(app: Flask, cast: Cast, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.geojson", tmp_path / "bad.geojson"
    good.write_bytes(file_of(feature("H3", "Navestad")))
    bad.write_bytes(file_of(feature("H4", "Smedby"), feature("H5", "Ljura", is_open=True)))
    command = ["canvass", "areas", "import", "--organisation", "Hageby s-förening"]
    db.session.commit()
    refused = app.test_cli_runner().invoke(args=[*command, str(bad)])
    assert refused.exit_code == 1
    assert "Ljura" in refused.output
    assert app.test_cli_runner().invoke(args=[*command, str(good)]).exit_code == 0
    assert set(of(cast.hageby)) == {"H1", "H2", "H3"}


# --- looking ------------------------------------------------------------------------------------------------


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
            db.new_id(),
            author=cast.alva,
            campaign_id=cast.spring.id,
            organisation_id=cast.hageby.id,
            happened_at=NOW,
            facts=Facts(cast.hageby_north.id, "door", outcome, number, ()),
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


# --- a file in the browser ----------------------------------------------------------------------------------


def test_a_file_is_previewed_then_read_in(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    brought_in(cast, feature("H2", "Hageby södra", east=2))
    features = [feature("H1", "Hageby nord"), feature("H2", "Hageby södra", east=2), feature("H3", "Navestad", east=1)]
    answer = upload(bo, cast.hageby, file_of(*features))
    assert answer.status_code == 303
    preview = answer.headers["Location"]
    text = bo.get(preview).text
    for expected in (
        "hageby.geojson",
        "1 nytt område",
        "Navestad",
        "1 område ändras",
        "heter nu Hageby nord",
        "får en gräns",
    ):
        assert expected in text
    assert "1 oförändrat" in text
    assert text.count('class="map-area map-added"') == text.count('class="map-area map-changed"') == 2  # and the legend
    assert set(of(cast.hageby)) == {"H1", "H2"}  # nothing yet
    confirmed = bo.post(f"{preview}/confirm", data={"mark": mark_in(text)})
    assert confirmed.status_code == 303
    assert "Nya områden: 1. Ändrade: 1." in bo.get(confirmed.headers["Location"]).text
    assert {code: area.name for code, area in of(cast.hageby).items()} == {
        "H1": "Hageby nord",
        "H2": "Hageby södra",
        "H3": "Navestad",
    }


def test_a_second_tap_on_the_button_does_no_harm(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    preview = upload(bo, cast.hageby, file_of(feature("H3", "Navestad"))).headers["Location"]
    data = {"mark": mark_in(bo.get(preview).text)}
    for _tap in range(2):
        answer = bo.post(f"{preview}/confirm", data=data)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/areas?organisation={cast.hageby.id}")
    assert bo.get(preview).status_code == 303
    assert set(of(cast.hageby)) == {"H1", "H2", "H3"}


def test_nothing_is_done_that_the_preview_did_not_say(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    preview = upload(bo, cast.hageby, file_of(feature("H3", "Navestad"))).headers["Location"]
    data = {"mark": mark_in(bo.get(preview).text)}
    areas.add(cast.hageby, name="Något helt annat", code="H3", by=cast.adam)
    answer = bo.post(f"{preview}/confirm", data=data)
    assert answer.status_code == 409
    assert "Någon har ändrat områdena sedan du läste in filen" in answer.text
    assert "Något helt annat" in answer.text
    assert "heter nu Navestad" in answer.text
    assert of(cast.hageby)["H3"].name == "Något helt annat"
    assert bo.post(f"{preview}/confirm", data={"mark": mark_in(answer.text)}).status_code == 303
    assert of(cast.hageby)["H3"].name == "Navestad"


def test_a_preview_can_be_cancelled(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    preview = upload(bo, cast.hageby, file_of(feature("H3", "Navestad"))).headers["Location"]
    assert bo.post(f"{preview}/cancel").headers["Location"] == "/areas"
    assert bo.get(preview).status_code == 404
    assert set(of(cast.hageby)) == {"H1", "H2"}
    assert db.session.scalar(select(func.count()).select_from(Draft)) == 0


def test_a_waiting_file_is_its_owners_alone(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    bo = signed_in(cast.bo)
    preview = upload(bo, cast.hageby, file_of(feature("H3", "Navestad"))).headers["Location"]
    assert stranger.get(preview).status_code == 303
    assert stranger.post(f"{preview}/confirm").status_code == 401
    for person in (cast.adam, cast.cia, cast.alva, cast.esa):
        client = signed_in(person)
        assert client.get(preview).status_code == 404
        assert client.post(f"{preview}/confirm").status_code == 404
        assert client.post(f"{preview}/cancel").status_code == 404
    # Whoever leads no longer reads no more files in.
    data = {"mark": mark_in(bo.get(preview).text)}
    people.revoke(cast.bo.memberships[0])
    people.grant(cast.bo, "volunteer", cast.hageby)
    assert bo.post(f"{preview}/confirm", data=data).status_code == 403
    assert set(of(cast.hageby)) == {"H1", "H2"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hej", "Filen är inte JSON: det tar stopp på rad 1"),
        (b"", "Filen är tom."),
        (file_of(feature("H3", "Navestad", is_open=True)), "(H3 Navestad): ytterkanten är inte sluten"),
        (file_of(feature("H3", "Navestad"), feature("H3", "Smedby", east=1)), "(H3 Smedby): koden används redan av"),
        (file_of(feature("H3", "Navestad", east=4000)), "(H3 Navestad): punkten 56.17, 58.57 ligger utanför Sverige"),
        (file_of(feature("H3", "Navestad", boendeform="slott")), "(H3 Navestad): boendeformen"),
        (None, "Välj en fil."),
    ],
)
def test_a_bad_file_gets_a_sentence_and_keeps_the_form(
    cast: Cast, signed_in: SignedIn, content: bytes | None, sentence: str
) -> None:
    answer = upload(signed_in(cast.bo), cast.ektorp, content, housing="flats", name_field="namn")
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'<option value="{cast.ektorp.id}" selected>' in answer.text
    assert '<option value="flats" selected>' in answer.text
    assert 'value="namn"' in answer.text
    assert set(of(cast.ektorp)) == {"E1"}
    assert db.session.scalar(select(func.count()).select_from(Draft)) == 0


def test_every_fault_of_a_file_is_listed_beside_what_could_be_read(cast: Cast, signed_in: SignedIn) -> None:
    features = [
        feature("H3", "Navestad", is_open=True),
        feature("H4", "Smedby", hushåll="många"),
        feature("H5", "Ljura"),
    ]
    answer = upload(signed_in(cast.bo), cast.hageby, file_of(*features))
    assert answer.status_code == 422
    for expected in ("Filen har 2 fel.", "(H3 Navestad)", "(H4 Smedby)", "Det här gick att läsa"):
        assert expected in answer.text
    assert answer.text.count('class="map-area map-added"') == 2  # Ljura, and the legend
    assert "confirm" not in answer.text


def test_a_file_that_is_too_large_is_refused_in_words(
    cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geojson, "LIMIT_BYTES", 1_000_000)
    answer = upload(signed_in(cast.bo), cast.hageby, b" " * 1_600_000)
    assert answer.status_code == 422
    assert "Filen är på 2 MB; gränsen är 1 MB." in answer.text


def test_no_phone_waits_for_the_database_while_a_file_is_read(
    cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, in_transaction = geojson.read, []

    def watched(*args: Any, **kwargs: Any) -> geojson.Reading:
        in_transaction.append(db.session().in_transaction())
        return read(*args, **kwargs)

    monkeypatch.setattr(geojson, "read", watched)
    assert upload(signed_in(cast.bo), cast.hageby, file_of(feature("H3", "Navestad"))).status_code == 303
    assert in_transaction == [False]


def test_an_unknown_field_or_housing_is_refused(cast: Cast, signed_in: SignedIn) -> None:
    bo, content = signed_in(cast.bo), file_of(feature("H3", "Navestad"))
    answer = upload(bo, cast.hageby, content, code_field="löpnr")
    assert answer.status_code == 422
    assert "Inget område har fältet löpnr. Filens fält: kod, namn." in answer.text
    assert 'value="löpnr"' in answer.text
    assert upload(bo, cast.hageby, content, housing="slott").status_code == 422


def test_other_fields_can_be_chosen_for_code_and_name(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    content = file_of(feature("x", "y", nr="7", kallas="Navestad"))
    preview = upload(bo, cast.hageby, content, code_field="nr", name_field="kallas").headers["Location"]
    text = bo.get(preview).text
    assert "<dd>nr</dd>" in text
    bo.post(f"{preview}/confirm", data={"mark": mark_in(text)})
    assert of(cast.hageby)["7"].name == "Navestad"


def test_all_municipalities_of_sweden_go_through_the_browser(cast: Cast, signed_in: SignedIn) -> None:
    adam, content = signed_in(cast.adam), SWEDEN.read_bytes()
    preview = upload(adam, cast.ostergotland, content).headers["Location"]
    answer = adam.get(preview)
    assert "290 nya områden" in answer.text
    assert "Kungsbacka" in answer.text
    assert len(answer.data) < 200_000
    confirmed = adam.post(f"{preview}/confirm", data={"mark": mark_in(answer.text)})
    assert confirmed.status_code == 303
    assert len(of(cast.ostergotland)) == 290
    assert "Övertorneå" in adam.get(confirmed.headers["Location"]).text
    again = adam.get(upload(adam, cast.ostergotland, content).headers["Location"]).text
    assert "Allt i filen finns redan, precis så." in again
    assert "/confirm" not in again


def test_a_map_of_very_many_areas_is_drawn_in_one_piece(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    many = [feature(f"N{number}", east=number % 60) for number in range(500)]
    text = bo.get(upload(bo, cast.hageby, file_of(*many)).headers["Location"]).text
    assert text.count('<path class="map-area') == 2  # one for all of them, one in the legend
    assert "… och 100 till." in text
