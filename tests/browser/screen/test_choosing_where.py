"""Campaign, area and channel, chosen or found by position."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from canvass.core import db
from tests.browser.screen.logging_screen import REFUSED, TALKED, comes_to, outcome, sheet, tap
from tests.cast import Cast


def test_area_and_channel_follow_the_taps(phone: Page, stage: Cast) -> None:
    north, spring = stage.hageby_north.id, stage.spring.id
    db.session.commit()
    phone.get_by_role("button", name=re.compile("Välj område")).tap()
    sheet(phone, "Var är du?").get_by_role("button", name=re.compile("Hageby norra")).tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hageby norra")
    phone.get_by_role("radio", name="Telefon").tap()
    tap(phone, "Fel nummer")
    phone.get_by_role("radio", name="Torg").tap()
    expect(phone.locator(".outcome")).to_have_text([TALKED, REFUSED])
    tap(phone, TALKED)
    phone_call, stall = (spring, north, "phone", "wrong_number"), (spring, north, "stall", "talked")
    comes_to(phone, lambda a: (a.campaign_id, a.area_id, a.channel, a.outcome), phone_call, stall)
    phone.reload()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hageby norra")
    expect(phone.get_by_role("radio", name="Torg")).to_be_checked()


HAS_OUTLINES = """() => new Promise((resolve) => {
  indexedDB.open("canvass").onsuccess = ({ target: { result: database } }) => {
    database.transaction("outlines").objectStore("outlines").count().onsuccess = ({ target }) => {
      database.close();
      resolve(target.result > 0);
    };
  };
})"""


def test_the_area_is_found_on_the_phone_and_the_position_stays_there(stage: Cast, open_as: Callable[..., Page]) -> None:
    square = [[[16.1, 58.5], [16.2, 58.5], [16.2, 58.6], [16.1, 58.6], [16.1, 58.5]]]
    south = stage.hageby_south.id
    stage.hageby_south.outline = json.dumps({"type": "Polygon", "coordinates": square})
    db.session.commit()
    here = {"latitude": 58.5678, "longitude": 16.1234}
    with_position = {"geolocation": here, "permissions": ["geolocation"], "has_touch": True}
    phone = open_as(stage.alva, "/log", **with_position)
    sent: list[str] = []
    phone.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    outcome(phone, TALKED).wait_for()
    phone.wait_for_function(HAS_OUTLINES)
    phone.reload()
    outcome(phone, TALKED).wait_for()
    phone.wait_for_function(HAS_OUTLINES)
    phone.get_by_role("button", name=re.compile("Välj område")).tap()
    sheet(phone, "Var är du?").get_by_role("button", name="Hitta var jag är").tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Hageby södra")
    tap(phone, TALKED)
    comes_to(phone, lambda a: a.area_id, south)
    assert sent
    assert not any("58.56" in text or "16.12" in text for text in sent)


def square(west: float, south: float, size: float) -> list[list[float]]:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_the_phone_finds_its_area_by_itself(phone: Page) -> None:
    district = [square(16.0, 58.5, 0.6), square(16.4, 58.6, 0.1)]
    geometries = {
        "block": {"type": "Polygon", "coordinates": [square(16.2, 58.6, 0.1)]},
        "district": {"type": "Polygon", "coordinates": district},
        "islands": {"type": "MultiPolygon", "coordinates": [[square(17.0, 59.0, 0.1)], [square(17.2, 59.0, 0.1)]]},
        "nowhere": None,
    }
    features = [{"type": "Feature", "id": name, "geometry": geometry} for name, geometry in geometries.items()]
    outlines = {"type": "FeatureCollection", "features": features}
    expected = {
        "inside": ([16.05, 58.55], "district"),
        "in two, the smaller": ([16.25, 58.65], "block"),
        "in a hole": ([16.45, 58.65], None),
        "on an island": ([17.05, 59.05], "islands"),
        "on another": ([17.25, 59.05], "islands"),
        "between them": ([17.15, 59.05], None),
        "far away": ([0, 0], None),
    }
    find = """async ([outlines, positions]) => {
      const { areaAt } = await import('/static/js/phone/screen/place.js');
      return positions.map((position) => areaAt(outlines, ...position).id);
    }"""
    positions = [position for position, _ in expected.values()]
    assert dict(zip(expected, phone.evaluate(find, [outlines, positions]), strict=True)) == {
        name: area for name, (_, area) in expected.items()
    }
    assert phone.evaluate(find, [None, positions[:1]]) == [None]


def test_an_area_is_chosen_only_when_the_position_is_surer_than_its_border_is_near(phone: Page) -> None:
    """Two areas that meet at 16.1 degrees; a thousandth of a degree is 58 m there, and 111 m northwards."""
    block = square(16.05, 58.55, 0.01)
    rings = {"west": square(16.0, 58.5, 0.1), "east": square(16.1, 58.5, 0.1), "block": block}
    features = [
        {"type": "Feature", "id": name, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for name, ring in rings.items()
    ]
    expected = {
        "58 m from the border, known to 20 m": ([16.099, 58.53, 20], ["west", ["west"]]),
        "58 m from the border, known to 80 m": ([16.099, 58.53, 80], [None, ["west", "east"]]),
        "outside, near one": ([16.201, 58.53, 80], [None, ["east"]]),
        "outside of all": ([16.201, 58.53, 20], [None, []]),
        "well inside the smaller": ([16.055, 58.555, 80], ["block", ["block", "west"]]),
        "inside the smaller's border": ([16.0505, 58.555, 80], [None, ["block", "west"]]),
        "known to four kilometres": ([16.099, 58.53, 4000], [None, ["west", "east", "block"]]),
    }
    find = """async ([outlines, positions]) => {
      const { areaAt } = await import('/static/js/phone/screen/place.js');
      return positions.map((position) => areaAt(outlines, ...position)).map(({ id, near }) => [id, near]);
    }"""
    outlines = {"type": "FeatureCollection", "features": features}
    answers = phone.evaluate(find, [outlines, [position for position, _ in expected.values()]])
    assert dict(zip(expected, answers, strict=True)) == {name: answer for name, (_, answer) in expected.items()}


@pytest.mark.parametrize(
    ("accuracy", "says"),
    [
        (80, "Telefonen vet var du är på 80 m när."),
        (4000, "Telefonen vet bara var du är på 4 km när. Slå på ”Exakt plats”"),
    ],
)
def test_an_unsure_position_offers_the_areas_that_it_may_be(
    stage: Cast, open_as: Callable[..., Page], accuracy: int, says: str
) -> None:
    for area, west in ((stage.hageby_north, 16.0), (stage.hageby_south, 16.1)):
        area.outline = json.dumps({"type": "Polygon", "coordinates": [square(west, 58.5, 0.1)]})
    north = stage.hageby_north.id
    db.session.commit()
    here = {"latitude": 58.53, "longitude": 16.099, "accuracy": accuracy}
    phone = open_as(stage.alva, "/log", geolocation=here, permissions=["geolocation"], has_touch=True)
    outcome(phone, TALKED).wait_for()
    phone.wait_for_function(HAS_OUTLINES)
    phone.reload()
    outcome(phone, TALKED).wait_for()
    phone.wait_for_function(HAS_OUTLINES)
    phone.get_by_role("button", name=re.compile("Välj område")).tap()
    where = sheet(phone, "Var är du?")
    where.get_by_role("button", name="Hitta var jag är").tap()
    expect(where.get_by_role("status")).to_contain_text(says)
    expect(where.locator("#where-area-list").get_by_role("button")).to_have_text(
        [re.compile("Hageby norra"), re.compile("Hageby södra"), "Utan område"]
    )
    where.get_by_role("button", name=re.compile("Hageby norra")).tap()
    tap(phone, TALKED)
    comes_to(phone, lambda a: a.area_id, north)
