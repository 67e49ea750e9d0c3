"""Files of outlines: good ones are read whole, bad ones get a sentence that names the feature at fault."""

import copy
import json
import math
import time

import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from canvass.core import geojson, geometry, i18n
from canvass.core.settings import ROOT

REFERENCE = ROOT / "canvass" / "reference"
TO_SWEREF = pyproj.Transformer.from_crs(4326, 3006, always_xy=True)

HAGEBY = [[16.18, 58.57], [16.2, 58.57], [16.2, 58.58], [16.18, 58.58], [16.18, 58.57]]
VILBERGEN = [[16.14, 58.57], [16.16, 58.57], [16.16, 58.58], [16.14, 58.58], [16.14, 58.57]]


def feature(code="05810101", name="Hageby", ring=HAGEBY, **properties):
    properties = {"Valdistriktskod": code, "Valdistriktsnamn": name, **properties}
    outline = {"type": "Polygon", "coordinates": [copy.deepcopy(ring)]}
    return {"type": "Feature", "properties": properties, "geometry": outline}


def collection(*features, **members):
    return {"type": "FeatureCollection", **members, "features": list(features)}


def read(content, **fields):
    return geojson.read(content if isinstance(content, bytes) else json.dumps(content).encode(), **fields)


def only(content, **fields):
    """The one feature of a file that has no problems."""
    reading = read(content, **fields)
    assert reading.problems == []
    (read_feature,) = reading.features
    return read_feature


def refusal(content, **fields):
    """The one sentence of a file from which nothing could be read."""
    reading = read(content, **fields)
    (problem,) = reading.problems
    assert reading.features == []
    return problem.sentence


def refused_ring(ring):
    """The sentence about a feature with this ring, which stands second, after a good one."""
    reading = read(collection(feature(), feature("05810102", "Vilbergen", ring)))
    assert [f.name for f in reading.features] == ["Hageby"]
    (problem,) = reading.problems
    assert (problem.number, problem.code, problem.name) == (2, "05810102", "Vilbergen")
    start = "Område 2 i filen (05810102 Vilbergen): "
    assert problem.sentence.startswith(start)
    return problem.sentence.removeprefix(start)


# --- good files ---------------------------------------------------------------------------------------------


def test_all_municipalities_are_read_in_one_go():
    data = (REFERENCE / "municipalities.geojson").read_bytes()
    start = time.process_time()
    reading = geojson.read(data)
    assert time.process_time() - start < 3
    assert reading.problems == []
    assert len(reading.features) == 290
    assert reading.fields == {"code": "kommun_kod", "name": "kommun", "housing": None, "households": None}
    by_code = {f.code: f for f in reading.features}
    assert by_code["0114"].name == "Upplands Väsby"
    assert geometry.contains(by_code["0581"].geometry, 16.19, 58.59)
    assert not geometry.contains(by_code["0580"].geometry, 16.19, 58.59)


def test_the_shipped_list_and_the_shipped_outlines_agree():
    lines = (REFERENCE / "municipalities.csv").read_text("utf-8").splitlines()[1:]
    reading = geojson.read((REFERENCE / "municipalities.geojson").read_bytes())
    listed = [tuple(line.split(",")[:2]) for line in lines]
    assert sorted(listed) == sorted((f.code, f.name) for f in reading.features)


def test_an_outline_comes_out_closed_wound_and_rounded():
    detour = [
        [16.18, 58.57, 31.5],
        [16.18, 58.58, 31.5],
        [16.2, 58.580000001, 0],
        [16.2, 58.57],
        [16.18, 58.57],
    ]
    (ring,) = only(collection(feature(ring=detour))).geometry["coordinates"]
    assert ring == [[16.18, 58.57], [16.2, 58.57], [16.2, 58.58], [16.18, 58.58], [16.18, 58.57]]


def test_a_detailed_outline_is_simplified_but_not_moved():
    turns = [2 * math.pi * i / 2_000 for i in range(2_000)]
    ring = [[16.19 + 0.02 * math.cos(t), 58.57 + 0.01 * math.sin(t)] for t in turns]
    ring.append(ring[0])
    outline = only(collection(feature(ring=ring))).geometry
    assert len(outline["coordinates"][0]) < 100
    metres = [
        shapely.transform(shape(each), lambda places: [geometry.to_sweref(*place) for place in places])
        for each in (outline, {"type": "Polygon", "coordinates": [ring]})
    ]
    distance = shapely.hausdorff_distance(metres[0].boundary, metres[1].boundary, densify=0.5)
    assert distance < geojson.TOLERANCE_METRES + 0.6


def test_the_same_file_reads_the_same_twice():
    data = json.dumps(collection(feature(), feature("2", "Vilbergen", VILBERGEN))).encode()
    assert geojson.read(data) == geojson.read(data)


def in_sweref(ring):
    return [[round(metres, 3) for metres in TO_SWEREF.transform(*place)] for place in ring]


@pytest.mark.parametrize(
    "crs",
    [
        None,
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3006"}},
        {"type": "name", "properties": {"name": "EPSG:3006"}},
        {"type": "name", "properties": {"name": "http://www.opengis.net/def/crs/EPSG/0/3006"}},
        {"type": "name", "properties": {"name": "SWEREF99_TM"}},
        {"type": "EPSG", "properties": {"code": 3006}},
        "EPSG:3006",
    ],
)
def test_sweref_99_tm_is_taken_declared_or_not(crs):
    content = collection(feature(ring=in_sweref(HAGEBY)), crs=crs)
    assert only(content).geometry == only(collection(feature())).geometry


@pytest.mark.parametrize(
    "name",
    ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326", "EPSG:4258", "WGS 84"],
)
def test_wgs84_is_taken_by_its_names(name):
    content = collection(feature(), crs={"type": "name", "properties": {"name": name}})
    assert only(content) == only(collection(feature()))


def test_a_single_feature_is_a_file():
    assert only(feature()).code == "05810101"


def test_a_bare_polygon_is_a_file_with_one_nameless_area():
    reading = read({"type": "Polygon", "coordinates": [HAGEBY]})
    assert [(f.code, f.name) for f in reading.features] == [("1", "Område 1")]
    assert reading.fields["code"] is None


def test_several_parts_and_holes_are_kept():
    hole = [[16.185, 58.573], [16.185, 58.577], [16.195, 58.577], [16.195, 58.573], [16.185, 58.573]]
    content = feature()
    content["geometry"] = {"type": "MultiPolygon", "coordinates": [[HAGEBY, hole], [VILBERGEN]]}
    outline = only(content).geometry
    assert [len(rings) for rings in outline["coordinates"]] == [2, 1]
    assert not geometry.contains(outline, 16.19, 58.575)
    assert geometry.contains(outline, 16.15, 58.575)


def test_a_byte_order_mark_is_no_obstacle():
    assert only(b"\xef\xbb\xbf" + json.dumps(feature(), ensure_ascii=False).encode()).name == "Hageby"


# --- fields -------------------------------------------------------------------------------------------------


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
def test_codes_and_names_are_found_under_their_usual_names(properties, code, name):
    content = feature()
    content["properties"] = properties
    found = only(content)
    assert (found.code, found.name) == (code, name)


def test_a_features_own_id_is_its_code_when_no_property_is():
    content = {**feature(), "id": "way/42", "properties": {"name": "Hageby"}}
    assert (only(content).code, only(content).name) == ("way/42", "Hageby")


def test_the_municipality_common_to_all_is_not_their_code():
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


def test_a_field_that_few_features_have_is_not_their_code():
    features = [feature(), feature(ring=VILBERGEN), feature()]
    for number, each in enumerate(features):
        each["properties"] = {"id": f"A{number}", "namn": f"Område {number}"}
    features[0]["properties"]["kod"] = "7"
    assert [f.code for f in read(collection(*features)).features] == ["A0", "A1", "A2"]


def test_a_code_common_to_all_is_a_mistake_to_be_told():
    features = [feature(), feature(ring=VILBERGEN)]
    for number, each in enumerate(features):
        each["properties"] = {"kod": "7", "id": number}
    assert [p.number for p in read(collection(*features)).problems] == [2]


def test_fields_can_be_chosen():
    content = feature(Roteln="R7", Smeknamn="Kvarnen")
    chosen = read(content, code_field="Roteln", name_field="smeknamn")
    assert (chosen.features[0].code, chosen.features[0].name) == ("R7", "Kvarnen")
    assert chosen.fields == {"code": "Roteln", "name": "Smeknamn", "housing": None, "households": None}


def test_a_chosen_field_that_is_not_there_is_named_with_those_that_are():
    assert refusal(feature(), code_field="Rote") == (
        "Inget område har fältet Rote. Filens fält: Valdistriktskod, Valdistriktsnamn."
    )


def test_a_missing_code_is_named_by_the_name():
    reading = read(collection(feature(), feature(None, "Vilbergen", VILBERGEN)))
    assert [p.sentence for p in reading.problems] == [
        "Område 2 i filen (Vilbergen): fältet Valdistriktskod, som ger koden, är tomt."
    ]


def test_a_missing_name_is_the_code():
    reading = read(collection(feature(), feature("05810102", "  ", VILBERGEN)))
    assert [f.name for f in reading.features] == ["Hageby", "05810102"]


def test_several_without_code_or_name_are_refused():
    features = [feature(), feature()]
    for each in features:
        each["properties"] = None
    assert [p.sentence for p in read(collection(*features)).problems] == [
        "Område 1 i filen: den har varken kod eller namn.",
        "Område 2 i filen: den har varken kod eller namn.",
    ]


def test_a_code_used_twice_is_named_with_both_places():
    reading = read(collection(feature(), feature("2", "Vilbergen", VILBERGEN), feature(name="Smedby")))
    assert len(reading.features) == 2
    assert [p.sentence for p in reading.problems] == [
        "Område 3 i filen (05810101 Smedby): koden används redan av Område 1 i filen (05810101 Hageby)."
    ]


def test_too_long_a_code_or_name_is_refused():
    assert "koden är längre än 40 tecken" in refusal(feature(code="x" * 41))
    assert "namnet är längre än 120 tecken" in refusal(feature(name="x" * 121))
    assert only(feature(code="x" * 40, name="x" * 120)).code == "x" * 40


def test_a_name_holds_nothing_a_database_cannot():
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
def test_housing_is_understood_in_both_languages(word, housing):
    assert only(feature(Boendeform=word)).housing == housing
    assert only(feature(housing=word)).housing == housing


def test_an_unknown_housing_is_named():
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
def test_households_are_whole_numbers(value, households):
    assert only(feature(hushåll=value)).households == households
    assert only(feature(Households=value)).households == households


@pytest.mark.parametrize("value", [-1, 12.5, "många", True, 1_000_001, 10**40, [412], "٤"])
def test_other_households_are_refused(value):
    sentence = refusal(feature(hushåll=value))
    assert "antalet hushåll" in sentence or "för stort för att vara ett tal" in sentence


# --- files that are not what they should be -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Filen är tom."),
        (b" \n ", "Filen är tom."),
        (b'{"type":\n "Feature",,}', "Filen är inte JSON: det tar stopp på rad 2, tecken 12."),
        (b"<html>", "Filen är inte JSON: det tar stopp på rad 1, tecken 1."),
        (b"PK\x03\x04....", "Filen är ett zip-arkiv. Packa upp det och välj GeoJSON-filen i det."),
        ('{"type": "Feature"}'.encode("utf-16"), "Filen är i UTF-16. Spara om den i UTF-8."),
        ('{"type": "Feature"}'.encode("utf-16-le"), "Filen är i UTF-16. Spara om den i UTF-8."),
        (b"17", "Filen är JSON, men inte en FeatureCollection med områden."),
        (b"[]", "Filen är JSON, men inte en FeatureCollection med områden."),
        (b'{"type": "Topology"}', "Filen är JSON, men inte en FeatureCollection med områden."),
        (b'{"type": "FeatureCollection"}', "Filens FeatureCollection saknar sin lista ”features”."),
        (b'{"type": "FeatureCollection", "features": []}', "Filen innehåller inga områden."),
        (b"[" * 200_000, "Filen är nästlad så djupt att den inte kan vara GeoJSON."),
        (b'{"a":' * 200_000, "Filen är nästlad så djupt att den inte kan vara GeoJSON."),
    ],
)
def test_a_file_that_is_no_geojson_gets_its_sentence(content, sentence):
    assert refusal(content) == sentence


def test_latin_1_is_named_with_its_line():
    content = json.dumps(feature(name="Östantill"), ensure_ascii=False, indent=1).encode("latin-1")
    line = content[: content.index(b"\xd6")].count(b"\n") + 1
    assert refusal(content) == (
        f"Filen är inte i UTF-8 utan kanske i Latin-1: ett tecken på rad {line} går inte att läsa. "
        "Spara om den i UTF-8."
    )


def test_fifty_megabytes_are_refused_without_being_read(monkeypatch):
    monkeypatch.setattr(json, "loads", None)
    assert refusal(b"[" * 50_000_000) == ("Filen är på 50 MB; gränsen är 30 MB. Dela den, till exempel per kommun.")


@pytest.mark.parametrize("value", [None, 17, "Feature", [], {}, {"type": "Polygon"}])
def test_what_is_no_feature_is_named_by_its_number(value):
    reading = read(collection(feature(), value))
    assert [p.sentence for p in reading.problems] == ["Område 2 i filen: den är inte en Feature."]


def test_nan_is_not_json_wherever_it_stands():
    assert "fältet areal är NaN eller för stort" in refusal(feature(areal=math.nan))
    assert "fältet areal är NaN eller för stort" in refusal(feature(areal=-math.inf))
    huge = json.dumps(feature(areal=0)).replace('"areal": 0', '"areal": 1' + "0" * 5_000)
    assert "fältet areal är NaN eller för stort" in refusal(huge.encode())


# --- other coordinate systems -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("crs", "name"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}, "Web Mercator (EPSG:3857)"),
        ({"type": "name", "properties": {"name": "EPSG:3021"}}, "RT 90 2,5 gon V (EPSG:3021)"),
        ({"type": "EPSG", "properties": {"code": 3011}}, "SWEREF 99, lokal zon (EPSG:3011)"),
        ("EPSG:25833", "UTM 33 (EPSG:25833)"),
        ({"type": "name", "properties": {"name": "EPSG:2154"}}, "EPSG:2154"),
        ({"type": "name", "properties": {"name": "WGS 84 / UTM zone 33N"}}, "WGS 84 / UTM zone 33N"),
    ],
)
def test_another_system_is_refused_by_name(crs, name):
    assert refusal(collection(feature(), crs=crs)) == (
        f"Filen är i koordinatsystemet {name}. Spara om den i SWEREF 99 TM (EPSG:3006) eller WGS84."
    )


@pytest.mark.parametrize("crs", [{"type": "link", "properties": {"href": "x"}}, [], {"properties": {"name": {}}}])
def test_a_crs_that_says_nothing_is_refused(crs):
    assert refusal(collection(feature(), crs=crs)) == "Filens koordinatsystem (crs) går inte att läsa."


def test_a_crs_that_the_coordinates_belie_is_refused():
    crs = {"type": "name", "properties": {"name": "EPSG:3006"}}
    assert "filen uppger SWEREF 99 TM, men koordinaterna 16.18, 58.57 ser ut att vara i WGS84" in refusal(
        collection(feature(), crs=crs)
    )


@pytest.mark.parametrize("epsg", [3021, 3857, 3011])
def test_metres_of_an_undeclared_other_system_are_refused(epsg):
    other = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)
    sentence = refusal(feature(ring=[list(other.transform(east, north)) for east, north in HAGEBY]))
    assert "varken i WGS84 eller SWEREF 99 TM, utan kanske i RT 90, Web Mercator" in sentence


def test_a_swapped_axis_order_is_named():
    assert refused_ring([[y, x] for x, y in VILBERGEN]) == (
        "koordinaterna 58.57, 16.14 står i omvänd ordning: i GeoJSON kommer öst (longitud) före nord (latitud)."
    )
    assert "står i omvänd ordning" in refused_ring([[y, x] for x, y in in_sweref(VILBERGEN)])


def test_ground_outside_sweden_is_refused():
    assert refused_ring([[24.9, 60.1], [25.1, 60.1], [25.1, 60.2], [24.9, 60.1]]) == (
        "punkten 25.1, 60.1 ligger utanför Sverige."
    )
    assert "utanför Sverige" in refused_ring([[0, 0], [0, 1], [1, 1], [0, 0]])


# --- rings --------------------------------------------------------------------------------------------------


def test_an_open_ring_is_named():
    assert refused_ring(VILBERGEN[:-1]) == "ytterkanten är inte sluten: den slutar inte där den börjar."


def test_a_ring_of_two_points_is_named():
    short = [VILBERGEN[0], VILBERGEN[1], VILBERGEN[0]]
    assert refused_ring(short) == "ytterkanten har för få punkter: minst tre olika och den första igen."
    repeated = [VILBERGEN[0], VILBERGEN[1], VILBERGEN[1], VILBERGEN[1], VILBERGEN[0]]
    assert "har för få punkter" in refused_ring(repeated)


def test_a_ring_without_area_is_named():
    there_and_back = [[16.1, 58.5], [16.2, 58.53], [16.27, 58.6], [16.2, 58.53], [16.1, 58.5]]
    assert refused_ring(there_and_back) == "ytterkanten omsluter ingen yta."


def test_a_ring_that_crosses_itself_is_named_with_the_place():
    bow_tie = [[16.14, 58.57], [16.16, 58.58], [16.16, 58.57], [16.14, 58.58], [16.14, 58.57]]
    assert refused_ring(bow_tie) == "dess gräns korsar sig själv vid longitud 16.15000, latitud 58.57500."
    assert "korsar sig själv vid longitud 16.15" in refused_ring(in_sweref(bow_tie))


def test_a_broken_hole_is_named_with_its_part():
    content = feature()
    content["geometry"] = {"type": "MultiPolygon", "coordinates": [[HAGEBY], [VILBERGEN, VILBERGEN[:-1]]]}
    assert refusal(content).endswith("hål 1 i del 2 är inte sluten: den slutar inte där den börjar.")


@pytest.mark.parametrize(
    "position",
    [
        ["16.14", "58.57"],
        [None, 58.57],
        [16.14],
        [],
        None,
        "x",
        {},
        [True, 58.57],
        [math.nan, 58.57],
        [16.14, math.inf],
    ],
)
def test_a_position_that_is_not_two_numbers_is_named(position):
    ring = copy.deepcopy(VILBERGEN)
    ring[2] = position
    assert refused_ring(ring) == "punkt 3 i ytterkanten är inte två tal."


@pytest.mark.parametrize("number", ["1e999", "1" + "0" * 400, "1" + "0" * 5_000, "1e12", "-1e300"])
def test_a_huge_number_is_no_coordinate(number):
    data = json.dumps(collection(feature(ring=in_sweref(HAGEBY)), feature("2", "Vilbergen", VILBERGEN)))
    x = str(in_sweref(HAGEBY)[1][0])
    assert data.count(x) == 1
    reading = read(data.replace(x, number).encode())
    assert [f.name for f in reading.features] == ["Vilbergen"]
    assert [p.number for p in reading.problems] == [1]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "den saknar yta: geometry är tom."),
        ({"type": "Point", "coordinates": [16, 58]}, "den är inte en Polygon eller MultiPolygon utan Point."),
        ({"coordinates": [HAGEBY]}, "den är inte en Polygon eller MultiPolygon utan ?."),
        ([HAGEBY], "den är inte en Polygon eller MultiPolygon utan ?."),
        ({"type": "Polygon", "coordinates": []}, "dess koordinater är tomma eller inga listor."),
        ({"type": "Polygon"}, "dess koordinater är tomma eller inga listor."),
        ({"type": "MultiPolygon", "coordinates": []}, "dess koordinater är tomma eller inga listor."),
        ({"type": "MultiPolygon", "coordinates": [[]]}, "dess koordinater är tomma eller inga listor."),
        ({"type": "Polygon", "coordinates": HAGEBY}, "punkt 1 i ytterkanten är inte två tal."),
        ({"type": "MultiPolygon", "coordinates": [[[]]]}, "ytterkanten är tom eller ingen lista."),
    ],
)
def test_a_feature_without_ground_is_named(value, sentence):
    reading = read(collection(feature(), {**feature("2", "Vilbergen"), "geometry": value}))
    assert [p.sentence for p in reading.problems] == [f"Område 2 i filen (2 Vilbergen): {sentence}"]


def test_a_feature_without_a_geometry_member_is_named():
    content = feature()
    del content["geometry"]
    assert "den saknar yta" in refusal(content)


def test_an_outline_made_to_take_minutes_is_refused():
    zigzag = [[16 + side, 58 + side + (i + side / 2) / 1_000] for i in range(250) for side in (0, 1)]
    assert "för invecklad" in refused_ring([*zigzag, [15.5, 59], zigzag[0]])


def test_sentences_follow_the_language(monkeypatch):
    words = {"Område %(number)s i filen (%(called)s)": "Area %(number)s (%(called)s)"}
    monkeypatch.setattr(i18n, "catalogue", {"sv": {}, "en": words}.get)
    with i18n.speaking("en"):
        assert refusal(feature(boendeform="slott")).startswith("Area 1 (05810101 Hageby): ")


# --- anything at all ----------------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([16.15, 58.57]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "geometry", "coordinates", "features", "crs", "id", "namn", "hushåll"]
            )
            | st.text(max_size=3),
            inner | st.sampled_from(["Feature", "FeatureCollection", "Polygon", "MultiPolygon"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(anything)
def test_whatever_stands_in_a_file_it_is_read_or_refused(content):
    for each in (
        content,
        collection(content),
        {**feature(), "geometry": content},
        {**feature(), "properties": content},
    ):
        reading = read(each)
        assert reading.features or reading.problems


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=40))
def test_whatever_bytes_come_they_are_read_or_refused(content):
    assert read(content).problems


GOOD = collection(feature(hushåll=3), feature("2", "Vilbergen", VILBERGEN, boendeform="villa"))


def places(value, *path):
    """The way to everything inside a value."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from places(value[key], *path, key)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(places(GOOD))), anything)
def test_one_value_changed_anywhere_never_breaks_the_reading(place, value):
    content = copy.deepcopy(GOOD)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    reading = read(content)
    assert reading.features or reading.problems
    assert all(shape(f.geometry).is_valid for f in reading.features)
