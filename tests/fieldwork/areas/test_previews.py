"""A file is previewed before it is read in."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import db, geometry
from canvass.core.settings import ROOT
from canvass.fieldwork import areas
from canvass.fieldwork.area_files import Draft
from canvass.members import people
from canvass.members.people import Person
from tests.cast import Cast
from tests.fieldwork.areas.files import brought_in, feature, file_of, mark_in, of, upload

SignedIn = Callable[[Person], FlaskClient]
SWEDEN = ROOT / "canvass" / "reference" / "municipalities.geojson"


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


def test_what_can_be_read_is_offered_without_the_rest(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    features = [
        feature("H3", "Navestad", hushåll="många"),
        feature("H4", "Smedby", is_bare=True),
        feature("H5", "Ljura", east=4000),
    ]
    preview = upload(bo, cast.hageby, file_of(*features)).headers["Location"]
    text = bo.get(preview).text
    for expected in (
        "2 områden i filen kan inte läsas in som de är:",
        "(H4 Smedby): den har ingen gräns i filen.",
        "(H5 Ljura): punkten 56.17, 58.57 ligger utanför Sverige.",
        "Det här är lagat eller utelämnat:",
        "antalet hushåll, många, är inte ett heltal",
        "Ta med resten: läs in 1 område",
    ):
        assert expected in text
    # Who has not seen that something is left out does not leave it out.
    assert bo.post(f"{preview}/confirm", data={"mark": mark_in(text)}).status_code == 422
    assert bo.post(f"{preview}/confirm", data={"mark": mark_in(text), "rest": "yes"}).status_code == 303
    assert set(of(cast.hageby)) == {"H1", "H2", "H3"}


def test_one_code_with_two_names_is_a_question(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    content = file_of(
        feature("H3", "Navestad"), feature("H3", "Navestad östra", east=2), feature("H4", "Smedby", east=4)
    )
    for joined, parts in (({}, 1), ({"joined": "yes"}, 2)):
        preview = upload(bo, cast.hageby, content).headers["Location"]
        text = bo.get(preview).text
        assert "är delar av samma område" in text
        data = {"mark": mark_in(text), "rest": "yes", **joined}
        assert bo.post(f"{preview}/confirm", data=data).status_code == 303
        assert len(geometry.polygons(of(cast.hageby)["H3"].geometry or {})) == parts
    assert of(cast.hageby)["H3"].name == "Navestad"


def test_codes_without_their_zeros_are_said(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    brought_in(cast, feature("007", "Ljura"))
    text = bo.get(upload(bo, cast.hageby, file_of(feature("7", "Ljura"))).headers["Location"]).text
    assert "En kod har andra inledande nollor" in text
    assert "Allt i filen finns redan, precis så." in text
