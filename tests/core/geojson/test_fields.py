"""Codes, names, housing and households are found under the names that the usual files give them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from canvass.core import geojson, geometry
from tests.core.geojson.files import HAGEBY, VILBERGEN, collection, feature, only, read, refusal

FURTHER = [[x, y + 0.1] for x, y in HAGEBY]


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


def test_a_code_common_to_all_is_asked_about() -> None:
    features = [feature(), feature(ring=VILBERGEN)]
    for number, each in enumerate(features):
        each["properties"] = {"kod": "7", "nr": number, "tomt": None}
    reading = read(collection(*features))
    assert (reading.asks, reading.features, reading.problems) == ("fields", [], [])
    assert reading.choices == [("kod", "7"), ("nr", "0, 1")]
    assert [f.code for f in read(collection(*features), code_field="nr").features] == ["0", "1"]


def test_fields_that_nobody_knows_are_asked_about_once() -> None:
    features = [feature(), feature(ring=VILBERGEN)]
    for number, each in enumerate(features):
        each["properties"] = {"rotens nr": f"R{number}", "kallas": f"Rote {number}", "yta": 1.5}
    reading = read(collection(*features))
    assert (reading.asks, reading.choices) == ("fields", [("rotens nr", "R0, R1"), ("kallas", "Rote 0, Rote 1")])
    chosen = read(collection(*features), code_field="rotens nr", name_field="kallas")
    assert [(f.code, f.name) for f in chosen.features] == [("R0", "Rote 0"), ("R1", "Rote 1")]


@pytest.mark.parametrize(
    ("properties", "fields"),
    [
        ({"VALDISTRIK": "05810101", "VALDISTR_1": "Hageby"}, ("VALDISTRIK", "VALDISTR_1")),
        ({"VALDISTR_1": "05810101", "VALDISTRIK": "Hageby"}, ("VALDISTR_1", "VALDISTRIK")),
        ({"OBJECTID": 1, "valdistr_1": "Hageby", "valdistrik": "05810101"}, ("valdistrik", "valdistr_1")),
        ({"DISTRIKTSK": "012345", "DISTRIKTSN": "Hageby"}, ("DISTRIKTSK", "DISTRIKTSN")),
        ({"OMRÅDESKO": "H1", "OMRÅDESNA": "Hageby"}, ("OMRÅDESKO", "OMRÅDESNA")),
    ],
)
def test_names_cut_by_a_shapefile_are_known(properties: Any, fields: Any) -> None:
    other = {
        name: value.replace("1", "2").replace("Hage", "Vil") if isinstance(value, str) else 2
        for name, value in properties.items()
    }
    features = [feature(), feature(ring=VILBERGEN)]
    features[0]["properties"], features[1]["properties"] = properties, other
    reading = read(collection(*features))
    assert (reading.fields["code"], reading.fields["name"]) == fields
    assert {f.name for f in reading.features} == {"Hageby", "Vilby"}


def test_cut_names_of_housing_and_households_are_known() -> None:
    found = only(feature(BOENDEFORM="villa", ANTALHUSH=412, ANTAL_HUSH=None))
    assert (found.housing, found.households) == ("villa", 412)


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
    reading = read(collection(feature(), feature("2", "Smedby", FURTHER), feature(None, "Vilbergen", VILBERGEN)))
    assert [p.sentence for p in reading.problems] == [
        "Område 3 i filen (Vilbergen): fältet Valdistriktskod, som ger koden, är tomt."
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


def test_a_code_of_two_names_is_asked_about() -> None:
    content = collection(feature(), feature("2", "Vilbergen", VILBERGEN), feature(name="Smedby", ring=FURTHER))
    reading = read(content)
    assert [f.name for f in reading.features] == ["Hageby", "Vilbergen"]
    assert [p.sentence for p in reading.problems] == [
        "Område 3 i filen (05810101 Smedby): koden används redan av Område 1 i filen (05810101 Hageby), "
        "med ett annat namn."
    ]
    assert [f.name for f in reading.doubtful] == ["Smedby"]
    both = geojson.joined(reading)
    assert (both.problems, both.doubtful) == ([], [])
    assert [len(geometry.polygons(f.geometry)) for f in both.features] == [2, 1]
    assert both.features[0].name == "Hageby"


def test_a_code_and_name_in_several_places_is_one_area_with_several_parts() -> None:
    reading = read(collection(feature(), feature("2", "Vilbergen", VILBERGEN), feature(ring=FURTHER), feature()))
    assert [(f.name, len(geometry.polygons(f.geometry))) for f in reading.features] == [("Hageby", 2), ("Vilbergen", 1)]
    assert reading.problems == []
    assert [note.partition(": ")[2] for note in reading.notes] == [
        "den är en del av Område 1 i filen (05810101 Hageby), som har samma kod och namn.",
        "den är en del av Område 1 i filen (05810101 Hageby), som har samma kod och namn.",
    ]


def test_the_same_area_twice_is_read_once() -> None:
    reading = read(collection(feature(), feature("2", "Vilbergen", VILBERGEN), feature(ring=HAGEBY[::-1])))
    assert [len(geometry.polygons(f.geometry)) for f in reading.features] == [1, 1]
    assert [note.partition(": ")[2] for note in reading.notes] == [
        "den är likadan som Område 1 i filen (05810101 Hageby) och är läst en gång."
    ]


def test_parts_that_are_all_the_file_holds_are_one_area() -> None:
    (found,) = read(collection(feature(), feature(ring=FURTHER))).features
    assert len(geometry.polygons(found.geometry)) == 2


def test_too_long_a_code_or_name_is_refused() -> None:
    assert "koden är längre än 40 tecken" in refusal(feature(code="x" * 41))
    assert "namnet är längre än 120 tecken" in refusal(feature(name="x" * 121))
    assert only(feature(code="x" * 40, name="x" * 120)).code == "x" * 40


def test_a_long_name_alone_is_a_code_all_the_same() -> None:
    content = feature()
    content["properties"] = {"name": "Området kring " + "x" * 60}
    found = only(content)
    assert found.name == content["properties"]["name"]
    assert len(found.code) == 40
    assert found.code == only(content).code
    other = feature(ring=VILBERGEN)
    other["properties"] = {"name": content["properties"]["name"] + "y"}
    assert len({f.code for f in read(collection(content, other)).features}) == 2


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


@pytest.mark.parametrize("word", ["slott", "Bostadsrätt", "Villor/radhus", "Fritidshus"])
def test_an_unknown_housing_is_named_and_left_out(word: str) -> None:
    reading = read(feature(boendeform=word))
    assert [(f.housing, f.name) for f in reading.features] == [("", "Hageby")]
    assert f"boendeformen ”{word}” är inte" in reading.notes[0]


@pytest.mark.parametrize(
    ("value", "households"),
    [
        (0, 0),
        (412, 412),
        (412.0, 412),
        ("1234.0", 1234),
        ("1234,00", 1234),
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
    assert read(feature(hushåll=value)).notes == []


@pytest.mark.parametrize("value", [-1, 12.5, "många", "..", "<5", True, 1_000_001, 10**40, [412], math.nan, "٤"])
def test_other_households_are_named_and_left_out(value: Any) -> None:
    reading = read(feature(hushåll=value))
    assert [f.households for f in reading.features] == [None]
    assert "antalet hushåll" in reading.notes[0]
