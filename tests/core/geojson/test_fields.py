"""Codes, names, housing and households are found under the names that the usual files give them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.geojson.files import VILBERGEN, collection, feature, only, read, refusal


@pytest.mark.parametrize(
    ("properties", "code", "name"),
    [
        # The election authority in 2026, 2022 and 2018; padding and all.
        (
            {"Kommunkod": "0581", "Valdistriktskod": "05810101", "Valdistriktsnamn": "Ö  Hageby "},
            "05810101",
            "Ö Hageby",
        ),
        ({"Lkfv": " 05810101 ", "Vdnamn": "Hageby"}, "05810101", "Hageby"),
        ({"VD": "05810101", "VD_NAMN": "Hageby", "namn": "Hagebyskolan"}, "05810101", "Hageby"),
        # A municipality's own.
        ({"OBJECTID": 3, "VD_NAMN": "Hageby"}, "Hageby", "Hageby"),
        # Statistics Sweden.
        ({"desokod": "0581C1010", "regsokod": "0581R001", "kommunkod": "0581"}, "0581C1010", "0581C1010"),
        ({"deso": "0581C1010", "kommun": "0581", "lan": "05"}, "0581C1010", "0581C1010"),
        ({"regsokod": "0581R001", "regsonamn": "Hageby", "kommunnamn": "Norrköping"}, "0581R001", "Hageby"),
        ({"KnKod": "0581", "KnNamn": "Norrköping"}, "0581", "Norrköping"),
        # Somebody's own.
        ({"kod": "007", "namn": "Hageby", "kommun": "Norrköping"}, "007", "Hageby"),
        ({"code": 7, "name": "Hageby"}, "7", "Hageby"),
        ({"ID": 7.0, "Område": "Hageby"}, "7", "Hageby"),
        ({"name": "Hageby"}, "Hageby", "Hageby"),
    ],
)
def test_codes_and_names_are_found_under_their_usual_names(properties: Any, code: Any, name: Any) -> None:
    content = feature()
    content["properties"] = properties
    found = only(content)
    assert (found.code, found.name) == (code, name)


def test_a_features_own_id_is_its_code_when_no_property_is() -> None:
    content = {**feature(), "id": "way/42", "properties": {"name": "Hageby"}}
    assert (only(content).code, only(content).name) == ("way/42", "Hageby")


def test_the_municipality_common_to_all_is_not_their_code() -> None:
    features = [feature(), feature(ring=VILBERGEN)]
    for number, each in enumerate(features):
        each["properties"] = {
            "kommunkod": "0581",
            "kommun": "Norrköping",
            "id": number,
            "namn": f"Område {number}",
        }
    reading = read(collection(*features))
    assert [(f.code, f.name) for f in reading.features] == [("0", "Område 0"), ("1", "Område 1")]


def test_a_field_that_few_features_have_is_not_their_code() -> None:
    features = [feature(), feature(ring=VILBERGEN), feature()]
    for number, each in enumerate(features):
        each["properties"] = {"id": f"A{number}", "namn": f"Område {number}"}
    features[0]["properties"]["kod"] = "7"
    assert [f.code for f in read(collection(*features)).features] == ["A0", "A1", "A2"]


def test_a_code_common_to_all_is_a_mistake_to_be_told() -> None:
    features = [feature(), feature(ring=VILBERGEN)]
    for number, each in enumerate(features):
        each["properties"] = {"kod": "7", "id": number}
    assert [p.number for p in read(collection(*features)).problems] == [2]


def test_fields_can_be_chosen() -> None:
    content = feature(Roteln="R7", Smeknamn="Kvarnen")
    chosen = read(content, code_field="Roteln", name_field="smeknamn")
    assert (chosen.features[0].code, chosen.features[0].name) == ("R7", "Kvarnen")
    assert chosen.fields == {"code": "Roteln", "name": "Smeknamn", "housing": None, "households": None}


def test_a_chosen_field_that_is_not_there_is_named_with_those_that_are() -> None:
    assert refusal(feature(), code_field="Rote") == (
        "Inget område har fältet Rote. Filens fält: Valdistriktskod, Valdistriktsnamn."
    )


def test_a_missing_code_is_named_by_the_name() -> None:
    reading = read(collection(feature(), feature(None, "Vilbergen", VILBERGEN)))
    assert [p.sentence for p in reading.problems] == [
        "Område 2 i filen (Vilbergen): fältet Valdistriktskod, som ger koden, är tomt."
    ]


def test_a_missing_name_is_the_code() -> None:
    reading = read(collection(feature(), feature("05810102", "  ", VILBERGEN)))
    assert [f.name for f in reading.features] == ["Hageby", "05810102"]


def test_several_without_code_or_name_are_refused() -> None:
    features = [feature(), feature()]
    for each in features:
        each["properties"] = None
    assert [p.sentence for p in read(collection(*features)).problems] == [
        "Område 1 i filen: den har varken kod eller namn.",
        "Område 2 i filen: den har varken kod eller namn.",
    ]


def test_a_code_used_twice_is_named_with_both_places() -> None:
    reading = read(collection(feature(), feature("2", "Vilbergen", VILBERGEN), feature(name="Smedby")))
    assert len(reading.features) == 2
    assert [p.sentence for p in reading.problems] == [
        "Område 3 i filen (05810101 Smedby): koden används redan av Område 1 i filen (05810101 Hageby)."
    ]


def test_too_long_a_code_or_name_is_refused() -> None:
    assert "koden är längre än 40 tecken" in refusal(feature(code="x" * 41))
    assert "namnet är längre än 120 tecken" in refusal(feature(name="x" * 121))
    assert only(feature(code="x" * 40, name="x" * 120)).code == "x" * 40


def test_a_name_holds_nothing_a_database_cannot() -> None:
    assert only(feature(name="Hage\ud800by\x00\u202e\nSödra")).name == "Hageby Södra"


@pytest.mark.parametrize(
    ("word", "housing"),
    [
        ("villa", "villa"),
        ("Småhus", "villa"),
        ("radhus", "terraced"),
        ("Flerfamiljshus", "flats"),
        ("apartments", "flats"),
        ("blandat", "mixed"),
        ("", ""),
        (None, ""),
    ],
)
def test_housing_is_understood_in_both_languages(word: Any, housing: Any) -> None:
    assert only(feature(Boendeform=word)).housing == housing
    assert only(feature(housing=word)).housing == housing


def test_an_unknown_housing_is_named() -> None:
    assert "boendeformen ”slott”" in refusal(feature(boendeform="slott"))


@pytest.mark.parametrize(
    ("value", "households"),
    [
        (0, 0),
        (412, 412),
        (412.0, 412),
        (1_000_000, 1_000_000),
        ("1 204", 1204),
        ("1\N{NARROW NO-BREAK SPACE}204", 1204),
        ("", None),
        (None, None),
    ],
)
def test_households_are_whole_numbers(value: Any, households: Any) -> None:
    assert only(feature(hushåll=value)).households == households
    assert only(feature(Households=value)).households == households


@pytest.mark.parametrize("value", [-1, 12.5, "många", True, 1_000_001, 10**40, [412], "٤"])
def test_other_households_are_refused(value: Any) -> None:
    sentence = refusal(feature(hushåll=value))
    assert "antalet hushåll" in sentence or "för stort för att vara ett tal" in sentence
