"""Campaign, area and channel, chosen or found by position."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

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
      return positions.map((position) => areaAt(outlines, ...position));
    }"""
    positions = [position for position, _ in expected.values()]
    assert dict(zip(expected, phone.evaluate(find, [outlines, positions]), strict=True)) == {
        name: area for name, (_, area) in expected.items()
    }
    assert phone.evaluate(find, [None, positions[:1]]) == [None]
