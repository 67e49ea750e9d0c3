"""Where a shift meets: the nearest areas, a position without a place, and no address service by itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.core import db
from canvass.fieldwork import meeting_points
from canvass.fieldwork.shifts import Shift
from canvass.members.people import Person
from tests.cast import Cast, plan_shift, square
from tests.fieldwork.shifts.common import form

SignedIn = Callable[[Person], FlaskClient]


def test_the_nearest_areas_come_first_with_their_distance(cast: Cast, signed_in: SignedIn) -> None:
    cast.hageby_north.outline = square(16.20, 58.60)
    cast.hageby_south.outline = square(16.20, 58.50)
    found = meeting_points.near([cast.hageby_north, cast.ektorp_hill, cast.hageby_south], 58.5, 16.2)
    assert [area for area, _away in found] == [cast.hageby_south, cast.hageby_north, cast.ektorp_hill]
    assert [round((away or 0) / 100) for _area, away in found] == [6, 117, 0]
    assert found[2][1] is None
    assert [a for a, _away in meeting_points.near([cast.hageby_north], None, None)] == [cast.hageby_north]

    filled = form(cast, coordinates="58.5, 16.2", areas=[], near="yes", points="Det jag skrev")
    answer = signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/shifts", data=filled)
    assert answer.status_code == 200
    assert "Det jag skrev" in answer.text
    listed = answer.text.split("data-meeting")[0]  # below it they are on the map
    assert re.findall(r"Hageby (?:norra|södra)|\d[\d,]* k?m bort", listed) == [
        "Hageby södra", "600 m bort", "Hageby norra", "11,7 km bort",
    ]  # fmt: skip
    assert list(db.session.scalars(select(Shift))) == []


def test_without_a_place_one_meets_in_the_area(cast: Cast) -> None:
    shift = plan_shift(cast, ground=[cast.hageby_north, cast.hageby_south])
    assert meeting_points.position(shift) is None
    cast.hageby_south.outline = square(16.20, 58.50)
    db.session.flush()
    assert meeting_points.position(shift) == (58.505, 16.205)
    assert meeting_points.words(shift) == "Hageby norra, Hageby södra"
    placed = plan_shift(cast, place="Torget", latitude=58.1, longitude=16.1)
    assert (meeting_points.position(placed), meeting_points.words(placed)) == ((58.1, 16.1), "Torget")


def test_nobody_is_asked_for_addresses_until_the_operator_names_a_service(
    app: Flask, cast: Cast, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo, filled = signed_in(cast.bo), form(cast, place="Drottninggatan 2", near="yes", points="Det jag skrev")
    answer = bo.post(f"/campaigns/{cast.spring.id}/shifts", data=filled)
    assert (answer.status_code, 'id="f-coordinates-wrong"' in answer.text) == (422, True)
    # A service that does not answer: a sentence, and nothing lost. What one answers is in test_places.py.
    monkeypatch.setitem(app.config, "GEOCODER", "nominatim:http://127.0.0.1:9")
    answer = bo.post(f"/campaigns/{cast.spring.id}/shifts", data=filled)
    assert (answer.status_code, 'id="f-place-wrong"' in answer.text) == (422, True)
    assert "Det jag skrev" in answer.text
    assert 'value="Drottninggatan 2"' in answer.text
