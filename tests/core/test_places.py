"""Where on Earth: positions as people write them, and addresses asked of a service that the operator has named."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from canvass.core import places, settings
from canvass.members.people import Person
from tests.cast import Cast


class Nominatim(BaseHTTPRequestHandler):
    """Speaks as Nominatim does, of one address only."""

    asked: list[str]

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)["q"][0]
        self.asked.append(query)
        if query == "Trasig gata 1":
            self.send_error(500)
            return
        found = [{"lat": "58.58771", "lon": "16.19240", "display_name": "Drottninggatan 2, Norrköping"}]
        body = json.dumps(found if query == "Drottninggatan 2" else []).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def service() -> Iterator[tuple[str, list[str]]]:
    """The setting that names a service on this machine, and what it has been asked."""
    asked: list[str] = []
    handler = type("Handler", (Nominatim,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"nominatim:http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_an_answer_that_is_an_error_is_closed(service: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []
    close = HTTPError.close

    def noted(error: HTTPError) -> None:
        closed.append(error.code)
        close(error)

    monkeypatch.setattr(HTTPError, "close", noted)
    with pytest.raises(places.NotFound):
        places.look_up("Trasig gata 1", service[0])
    assert closed == [500]


def test_an_address_becomes_a_position(service: tuple[str, list[str]]) -> None:
    setting, asked = service
    assert places.look_up("Drottninggatan 2", setting) == (58.58771, 16.1924)
    assert asked == ["Drottninggatan 2"]


def test_a_shifts_form_comes_back_with_the_position_of_its_address(
    service: tuple[str, list[str]],
    app: Flask,
    cast: Cast,
    signed_in: Callable[[Person], FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(app.config, "GEOCODER", service[0])
    filled = {"organisation": cast.hageby.id, "channel": "door", "place": "Drottninggatan 2", "points": "Det jag skrev"}
    answer = signed_in(cast.bo).post(f"/campaigns/{cast.spring.id}/shifts", data=filled | {"near": "yes"})
    assert answer.status_code == 200
    assert 'value="58.58771, 16.1924"' in answer.text
    assert "Det jag skrev" in answer.text


def test_what_cannot_be_found_is_a_sentence(service: tuple[str, list[str]]) -> None:
    setting, _asked = service
    with pytest.raises(places.NotFound, match="finns inte på kartan"):
        places.look_up("Ingenstansgatan 5", setting)
    with pytest.raises(places.NotFound, match="just nu"):
        places.look_up("Trasig gata 1", setting)
    with pytest.raises(places.NotFound, match="just nu"):
        places.look_up("Drottninggatan 2", "nominatim:http://127.0.0.1:9")
    with pytest.raises(places.NotFound, match="inte slås upp här"):
        places.look_up("Drottninggatan 2", "")


def test_distances_are_along_the_ground() -> None:
    norrkoping, linkoping = (58.5877, 16.1924), (58.4108, 15.6214)
    assert places.metres(*norrkoping, *linkoping) == pytest.approx(38_650, rel=0.005)
    assert places.metres(*norrkoping, *norrkoping) == 0


@pytest.mark.parametrize("setting", ["nominatim", "nominatim:", "nominatim:example.org", "google:https://example.org"])
def test_a_service_that_cannot_be_asked_is_told_at_the_start(setting: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="CANVASS_GEOCODER"):
        settings.read(DATA=tmp_path, GEOCODER=setting)
    assert settings.read(DATA=tmp_path)["GEOCODER"] == ""
