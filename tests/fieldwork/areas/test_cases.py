"""Files that leaders bring, uploaded one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from canvass.fieldwork import area_files
from canvass.members.people import Person
from tests.cast import Cast
from tests.fieldwork.areas.files import upload

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
    content = (DATA / "14-numbered-names.geojson").read_bytes()
    area_files.carry_out(area_files.plan_import(cast.hageby, content), by=cast.bo)
    bo, wanted = signed_in(cast.bo), [str(number) for number in range(1, 13)]
    for page in ("/areas", f"/campaigns/{cast.spring.id}/shifts/new", f"/campaigns/{cast.spring.id}/map"):
        text = bo.get(page).text
        found = list(dict.fromkeys(re.findall(r">\s*Distrikt (\d+)<", text)))
        assert found == wanted, page


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir()))
def test_every_file_leads_to_a_preview_or_to_a_sentence(cast: Cast, signed_in: SignedIn, name: str) -> None:
    bo = signed_in(cast.bo)
    answer = upload(bo, cast.hageby, (DATA / name).read_bytes())
    is_named = name.startswith(("22-", "23-", "24-"))
    assert answer.status_code == (422 if is_named else 303)
    if not is_named:
        assert "Stämmer det här?" in bo.get(answer.headers["Location"]).text
