"""Map tiles: of the operator's server if one is named, and from nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import canvass
from canvass.core import settings
from canvass.members.people import Person
from canvass.web.page import drawings, frames
from tests.cast import Cast
from tests.fieldwork.areas.files import feature
from tests.insight.outlined import outlined

SignedIn = Callable[[Person], FlaskClient]


TILES = "https://tiles.example.org/{z}/{x}/{y}.png"


@pytest.fixture
def tiled(app: Flask) -> Any:
    """The operator has named a tile server."""
    app.config.update(TILES_URL=TILES, TILES_CREDIT="Kartbild: Exempelverket")
    yield
    app.config.update(TILES_URL="", TILES_CREDIT="")


def policy(answer: Any) -> str:
    return next(part for part in answer.headers["Content-Security-Policy"].split("; ") if part.startswith("img-src"))


def test_no_server_is_asked_for_tiles_unless_one_is_named(cast: Cast, signed_in: SignedIn) -> None:
    outlined(cast)
    answer = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/map")
    assert "<image" not in answer.text
    assert policy(answer) == "img-src 'self' data: blob:"


def test_the_named_server_may_be_asked_from_maps_and_from_nowhere_else(
    cast: Cast, signed_in: SignedIn, tiled: None
) -> None:
    ljura, _smedby = outlined(cast)
    bo = signed_in(cast.bo)
    for address in (f"/campaigns/{cast.spring.id}/map", f"/campaigns/{cast.spring.id}/map/{ljura.id}"):
        answer = bo.get(address)
        assert policy(answer) == "img-src https://tiles.example.org 'self' data: blob:"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert re.search(r'<image href="https://tiles.example.org/1\d/\d+/\d+.png"', answer.text)
        assert "Kartbild: Exempelverket" in answer.text
    for address in (f"/campaigns/{cast.spring.id}", "/areas", "/me"):
        assert policy(bo.get(address)) == "img-src 'self' data: blob:"


@pytest.mark.parametrize(
    "url",
    [
        "http://tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}.png",
        "https://{s}.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}/{y}/{x}.png",
        "https://somebody@tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org; script-src */{z}/{x}/{y}.png",
        "/{z}/{x}/{y}.png",
    ],
)
def test_a_tile_server_that_cannot_be_trusted_is_refused_at_start(url: str) -> None:
    with pytest.raises(ValueError, match="CANVASS_TILES_URL must be an https address"):
        canvass.create_app(TILES_URL=url)


@pytest.mark.parametrize("url", [TILES, "http://localhost:8080/{z}/{y}/{x}", "https://a.se:8443/t?z={z}&x={x}&y={y}"])
def test_a_tile_server_with_a_name_is_taken(url: str) -> None:
    assert settings.read(TILES_URL=url)["TILES_URL"] == url


def test_tiles_cover_the_whole_map_and_are_neither_blurred_nor_many() -> None:
    square = feature("1")["geometry"]
    for size in (0.001, 0.03, 1, 20):
        ring = [[16 + (x - 16.17) * size, 58 + (y - 58.57) * size] for x, y in square["coordinates"][0]]
        frame = drawings.frame_of([{"type": "Polygon", "coordinates": [ring]}], 400, 4, frames.mercator)
        tiles = drawings.tiles(frame, TILES)
        assert min(max(tile["x"], tile["y"]) for tile in tiles) <= 0
        assert max(tile["x"] + tile["size"] for tile in tiles) >= frame.width
        assert max(tile["y"] + tile["size"] for tile in tiles) >= frame.height
        assert len(tiles) <= 42
