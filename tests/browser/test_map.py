"""The campaign's map in a real browser: by keyboard, and on the tiles of a real server when one is named."""

from __future__ import annotations

import json
import math
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from canvass.core import db
from canvass.fieldwork import area_files
from tests.browser.conftest import Live, comes_true, serving
from tests.browser.screen.logging_screen import AXE
from tests.cast import Cast
from tests.fieldwork.areas.files import feature, file_of

CREDIT = "Kartbild: Exempelverket"


class TileServer(ThreadingHTTPServer):
    """Grey pictures, and what was asked of it: each path with its headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Tiles)
        self.asked: list[tuple[str, dict[str, str]]] = []
        # By another name than the product's: cookies know no ports.
        self.url = f"http://localhost:{self.server_port}"


class Tiles(BaseHTTPRequestHandler):
    server: TileServer

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(GREY)

    def log_message(self, *_args: Any) -> None:
        pass


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


# One grey pixel, stretched over its place.
GREY = b"\x89PNG\r\n\x1a\n" + b"".join(
    [
        chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(b"\x00\xcc")),
        chunk(b"IEND", b""),
    ]
)


@pytest.fixture
def tile_server() -> Iterator[TileServer]:
    with TileServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def on_tiles(live: Live, tile_server: TileServer) -> Iterator[str]:
    """Where the product stands on the same data with the tile server named."""
    address = f"{tile_server.url}/{{z}}/{{x}}/{{y}}.png"
    with serving(live.app.config["DATA"], CANVASS_TILES_URL=address, CANVASS_TILES_CREDIT=CREDIT) as server:
        yield server.url


def test_the_map_alone_and_on_tiles(
    stage: Cast, open_as: Callable[..., Page], live: Live, on_tiles: str, tile_server: TileServer
) -> None:
    plan = area_files.plan_import(stage.norrkoping, file_of(feature("1", "Ljura"), feature("2", "Smedby", east=2)))
    area_files.carry_out(plan, by=stage.bo)
    db.session.commit()
    path = f"/campaigns/{stage.spring.id}/map"

    page = open_as(stage.bo, "/me")
    origins: set[str] = set()
    page.on("request", lambda request: origins.add("{0.scheme}://{0.netloc}".format(urlsplit(request.url))))
    page.goto(path)
    assert origins == {live.url}
    is_accessible(page)
    ljura = page.get_by_role("group", name="Karta över områdena").get_by_role("link", name=re.compile("Ljura"))
    ljura.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ljura")

    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(on_tiles + path)
    expect(page.get_by_text(CREDIT)).to_be_visible()
    tiles = page.locator(".map image").count()
    assert tiles > 0
    comes_true(page, lambda: len(tile_server.asked), tiles)
    assert origins == {live.url, on_tiles, tile_server.url}
    assert complaints == []
    assert not any({"Referer", "Cookie", "Origin"} & set(headers) for _path, headers in tile_server.asked)

    is_drawn_where_the_tiles_have_it(page)


def is_accessible(page: Page) -> None:
    """In light and in dark."""
    for scheme, rules in AXE.items():
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found = Axe().run(page, options=rules).response["violations"]
        assert found == [], json.dumps(found, indent=1)


def is_drawn_where_the_tiles_have_it(page: Page) -> None:
    """Compare Ljura's corners on each tile, by the formula of tile servers, with the outline on the screen."""
    west, south, east, north = 16.17, 58.57, 16.179, 58.575
    outline = page.locator(".map-area").nth(0).evaluate(PLACE)
    for tile in page.locator(".map image").all():
        z, x, y = map(int, re.findall(r"\d+", urlsplit(tile.get_attribute("href") or "").path))
        place = tile.evaluate(PLACE)
        corners = [
            (place["x"] + (across - x) * place["width"], place["y"] + (down - y) * place["height"])
            for across, down in (in_tiles(west, north, z), in_tiles(east, south, z))
        ]
        drawn = [(outline["x"], outline["y"]), (outline["x"] + outline["width"], outline["y"] + outline["height"])]
        assert [value for corner in drawn for value in corner] == pytest.approx(
            [value for corner in corners for value in corner], abs=1.5
        )


def in_tiles(longitude: float, latitude: float, zoom: int) -> tuple[float, float]:
    """Where a position is, in whole and part tiles from the upper left corner of the world."""
    phi = math.radians(latitude)
    down = (1 - math.log(math.tan(phi) + 1 / math.cos(phi)) / math.pi) / 2
    return (longitude + 180) / 360 * 2**zoom, down * 2**zoom


# Its box in the window, without its stroke.
PLACE = """element => {
  const box = element.getBBox(), matrix = element.getScreenCTM();
  const corner = new DOMPoint(box.x, box.y).matrixTransform(matrix);
  return {x: corner.x, y: corner.y, width: box.width * matrix.a, height: box.height * matrix.d};
}"""
