"""Files that cannot be read in get a sentence and keep the form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from canvass.core import db, geojson
from canvass.fieldwork.area_files import Draft
from canvass.members.people import Person
from tests.cast import Cast
from tests.core.geojson.files import package
from tests.fieldwork.areas.files import feature, file_of, mark_in, of, upload

SignedIn = Callable[[Person], FlaskClient]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hej", "Filen är inte JSON: det tar stopp på rad 1"),
        (b"", "Filen är tom."),
        (file_of(feature("H3", "Navestad", is_bare=True)), "(H3 Navestad): den har ingen gräns i filen."),
        (file_of(feature("H3", "Navestad", east=4000)), "(H3 Navestad): punkten 56.17, 58.57 ligger utanför Sverige"),
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


def test_every_fault_of_a_file_is_listed_when_nothing_can_be_read(cast: Cast, signed_in: SignedIn) -> None:
    features = [
        feature("H3", "Navestad", is_bare=True),
        feature("H4", "Smedby", east=4000),
    ]
    answer = upload(signed_in(cast.bo), cast.hageby, file_of(*features))
    assert answer.status_code == 422
    for expected in ("Filen har 2 fel.", "(H3 Navestad)", "(H4 Smedby)"):
        assert expected in answer.text
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


def test_fields_are_chosen_in_a_list_when_nobody_knows_them(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    features = [feature("x", east=east) for east in (1, 2)]
    for number, each in enumerate(features, 1):
        each["properties"] = {"rotens nr": f"R{number}", "kallas": f"Rote {number}"}
    asked = upload(bo, cast.hageby, file_of(*features), housing="villa").headers["Location"]
    text = bo.get(asked).text
    for expected in ("Vilka fält?", "rotens nr: R1, R2", "kallas: Rote 1, Rote 2", "Samma som koden"):
        assert expected in text
    assert bo.post(f"{asked}/choose", data={"code_field": "nåt annat", "name_field": ""}).status_code == 422
    assert bo.post(f"{asked}/confirm", data={"mark": ""}).status_code == 303  # there is nothing to confirm yet
    preview = bo.post(f"{asked}/choose", data={"code_field": "rotens nr", "name_field": "kallas"}).headers["Location"]
    bo.post(f"{preview}/confirm", data={"mark": mark_in(bo.get(preview).text)})
    assert (of(cast.hageby)["R2"].name, of(cast.hageby)["R2"].housing) == ("Rote 2", "villa")
    assert bo.get(asked).status_code == 404


def test_a_chosen_field_that_helps_nobody_comes_back_with_the_list(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    features = [feature("x", "y", east=4000 + east, nr=f"R{east}") for east in (1, 2)]
    for each in features:
        del each["properties"]["kod"], each["properties"]["namn"]
    asked = upload(bo, cast.hageby, file_of(*features)).headers["Location"]
    answer = bo.post(f"{asked}/choose", data={"code_field": "nr", "name_field": ""})
    assert answer.status_code == 422
    assert "ligger utanför Sverige" in answer.text
    assert "nr: R1, R2" in answer.text


def test_a_waiting_file_is_asked_about_by_its_owner_alone(
    cast: Cast, signed_in: SignedIn, stranger: FlaskClient
) -> None:
    features = [feature("x", east=east, nr=f"R{east}") for east in (1, 2)]
    for each in features:
        del each["properties"]["kod"], each["properties"]["namn"]
    asked = upload(signed_in(cast.bo), cast.hageby, file_of(*features)).headers["Location"]
    data = {"code_field": "nr", "name_field": ""}
    assert stranger.post(f"{asked}/choose", data=data).status_code == 401
    for person in (cast.adam, cast.cia, cast.alva, cast.esa):
        assert signed_in(person).post(f"{asked}/choose", data=data).status_code == 404


def test_a_layer_is_chosen_when_there_are_several(cast: Cast, signed_in: SignedIn, tmp_path: Path) -> None:
    bo = signed_in(cast.bo)
    content = package(tmp_path, {"kommun": ["0581"], "distrikt": ["1", "2"]})
    asked = upload(bo, cast.hageby, content).headers["Location"]
    assert "Vilket lager?" in bo.get(asked).text
    assert bo.post(f"{asked}/choose", data={"layer": "län"}).status_code == 422
    preview = bo.post(f"{asked}/choose", data={"layer": "distrikt"}).headers["Location"]
    assert "2 nya områden" in bo.get(preview).text
