"""Files that leaders bring, uploaded one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from canvass.fieldwork import area_files, areas
from canvass.members.people import Person
from canvass.web.fieldwork import areas as area_pages
from canvass.web.fieldwork import shift_form
from tests.cast import Cast
from tests.fieldwork.areas.files import of, upload

SignedIn = Callable[[Person], FlaskClient]
DATA = Path(__file__).parents[2] / "core" / "geojson" / "data"


def four_hundred_and_fifty() -> bytes:
    """Squares in a grid, Rote 000 to 449."""
    features = []
    for number in range(450):
        x, y = 15.5 + number % 25 * 0.012, 58.3 + number // 25 * 0.008
        ring = [[x, y], [x + 0.01, y], [x + 0.01, y + 0.006], [x, y + 0.006], [x, y]]
        outline = {"type": "Polygon", "coordinates": [ring]}
        properties = {"kod": f"{number:03}", "namn": f"Rote {number:03}"}
        features.append({"type": "Feature", "properties": properties, "geometry": outline})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("11a-codes-as-text", "11b-codes-as-numbers"),
        ("12a-names-nfc", "12b-names-nfd"),
        ("12b-names-nfd", "12a-names-nfc"),
        ("00-control", "20-sweref-crs-urn"),
        ("11a-codes-as-text", "13-shapefile-field-names"),
    ],
)
def test_the_same_areas_in_another_guise_are_recognised(cast: Cast, first: str, then: str) -> None:
    content = (DATA / f"{first}.geojson").read_bytes()
    area_files.carry_out(area_files.plan_import(cast.hageby, content), by=cast.bo)
    plan = area_files.plan_import(cast.hageby, (DATA / f"{then}.geojson").read_bytes())
    assert (len(plan.unchanged) + len(plan.changed), plan.added) == (5, [])
    if not then.startswith("20"):  # other coordinates are rounded to another centimetre
        assert plan.changed == []


def test_numbered_areas_are_listed_as_people_count(cast: Cast, signed_in: SignedIn) -> None:
    file = json.loads((DATA / "14-numbered-names.geojson").read_text("utf-8"))
    content = json.dumps({**file, "features": file["features"][::-1]}).encode()
    bo, wanted = signed_in(cast.bo), [str(number) for number in range(1, 13)]
    preview = bo.get(upload(bo, cast.hageby, content).headers["Location"]).text
    assert re.findall(r"<li>Distrikt (\d+) ", preview) == wanted
    area_files.carry_out(area_files.plan_import(cast.hageby, content), by=cast.bo)
    for page in ("/areas", f"/campaigns/{cast.spring.id}/shifts/new", f"/campaigns/{cast.spring.id}/map"):
        text = bo.get(page).text
        found = list(dict.fromkeys(re.findall(r">\s*Distrikt (\d+)<", text)))
        assert found == wanted, page


def test_each_of_many_areas_can_be_found_everywhere(cast: Cast, signed_in: SignedIn) -> None:
    area_files.carry_out(area_files.plan_import(cast.hageby, four_hundred_and_fifty()), by=cast.bo)
    bo, campaign = signed_in(cast.bo), f"/campaigns/{cast.spring.id}"
    for page in ("/shifts/new", "/late", "/map", "/visits", f"/targets?at={cast.hageby.id}&of=areas"):
        text = bo.get(f"{campaign}{page}").text
        found = set(re.findall(r">\s*Rote (\d{3})\s*<", text))
        assert len(found) == 450, page
    listed = bo.get("/areas").text
    assert "53 områden till finns. Sök" in listed
    assert "Rote 449" in bo.get("/areas?q=449").text
    hello = bo.get("/api/v1/hello").json or {}
    assert {"Rote 000", "Rote 449"} <= {area["name"] for area in hello["campaigns"][0]["areas"]}


def test_areas_beyond_what_a_form_can_hold_are_searched(
    cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shift_form, "MOST_AREAS", 100)
    area_files.carry_out(area_files.plan_import(cast.hageby, four_hundred_and_fifty()), by=cast.bo)
    bo, address = signed_in(cast.bo), f"/campaigns/{cast.spring.id}/shifts"
    assert "353 områden till finns. Sök för att hitta dem." in bo.get(f"{address}/new").text
    area = of(cast.hageby)["447"]
    sent = {"organisation": cast.hageby.id, "words": "rote 44", "find": "yes", "areas": [cast.hageby_north.id]}
    text = bo.post(address, data=sent).text
    assert f'value="{area.id}"' in text
    assert f'value="{cast.hageby_north.id}" checked' in text
    assert "Rote 300" not in text
    assert "Inget område passar" in bo.post(address, data={**sent, "areas": [], "words": "finns inte"}).text


def test_retired_areas_are_not_cut_without_a_word(
    cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(area_pages, "MOST_SHOWN", 1)
    for area in (cast.hageby_north, cast.hageby_south):
        areas.retire(area, by=cast.bo)
    text = signed_in(cast.bo).get("/areas").text
    assert "2 områden ur bruk" in text
    assert "Ett område till finns." in text


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir()))
def test_every_file_leads_to_a_preview_or_to_a_sentence(cast: Cast, signed_in: SignedIn, name: str) -> None:
    bo = signed_in(cast.bo)
    answer = upload(bo, cast.hageby, (DATA / name).read_bytes())
    is_named = name.startswith(("22-", "23-", "24-"))
    assert answer.status_code == (422 if is_named else 303)
    if not is_named:
        assert "Stämmer det här?" in bo.get(answer.headers["Location"]).text
