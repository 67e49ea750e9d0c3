"""Coordinates are read as phones and maps write them, and what is no position gets a sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.core import coordinates, places
from canvass.core.settings import ROOT

HERE = (58.5877, 16.1924)


@pytest.mark.parametrize(
    "text",
    [
        "58.5877, 16.1924",
        "58.5877,16.1924",
        "58,5877 16,1924",
        "58,5877, 16,1924",
        "58,5877; 16,1924",
        " 58.5877° ; 16.1924° ",
        "(58.5877, 16.1924)",
        "[58.5877, 16.1924]",
        "58.5877\t16.1924",
        "58.5877\n16.1924",
        "58.5877 / 16.1924",
        "58.5877° N, 16.1924° E",
        "58.5877°N 16.1924°Ö",
        "58,5877 N, 16,1924 O",
        "N 58.5877°, E 16.1924°",
        "N58.5877 E16.1924",
        "n 58.5877 ö 16.1924",
        "58.5877 nord, 16.1924 öst",
        "16.1924 E, 58.5877 N",
        "Lat: 58.5877, Long: 16.1924",
        "latitud 58.5877 longitud 16.1924",
        "WGS84: 58.5877, 16.1924",
        '{"lat": 58.5877, "lng": 16.1924}',
        "58\u00b035'15.72\"N 16\u00b011'32.64\"E",
        "58° 35' 15,72\" N, 16° 11' 32,64\" E",
        "58°35′15.72″N, 16°11′32.64″Ö",
        "58°35’15.72”N 16°11’32.64”E",
        "58º35'15.72''N 16º11'32.64''E",
        "58° 35.262' N, 16° 11.544' E",
        "58° 35,262′, 16° 11,544′",
        "58°35'15.72\" 16°11'32.64\"",
        "N 58 35.262 E 16 11.544",
        "58 35 15.72 N 16 11 32.64 E",
        "N 58° 35' 15.72\" E 16° 11' 32.64\"",
        # The other way round.
        "16.1924, 58.5877",
        "16,1924 58,5877",
        "16°11'32.64\"E 58°35'15.72\"N",
        # Links, as they are shared.
        "geo:58.5877,16.1924",
        "geo:58.5877,16.1924;u=35",
        "geo:0,0?q=58.5877,16.1924(Kiosken)",
        "https://www.google.com/maps/@58.5877,16.1924,17z",
        "https://www.google.com/maps?q=58.5877,16.1924",
        "https://maps.google.com/?q=58.5877%2C16.1924",
        "https://www.google.com/maps/search/?api=1&query=58.5877%2C16.1924",
        "https://www.google.se/maps/place/Kiosken/@58.58,16.19,17z/data=!3m1!4b1!4m6!3m5!1s0x0!8m2!3d58.5877!4d16.1924!16s",
        "https://www.google.com/maps/dir/?api=1&destination=58.5877,16.1924",
        "Kiosken https://maps.apple.com/?ll=58.5877,16.1924&q=Kiosken",
        "https://maps.apple.com/place?coordinate=58.5877,16.1924&name=Kiosken",
        "https://www.openstreetmap.org/?mlat=58.5877&mlon=16.1924#map=17/58.5/16.1",
        "https://www.openstreetmap.org/#map=17/58.5877/16.1924",
        "https://www.bing.com/maps?cp=58.5877~16.1924&lvl=16",
        "https://waze.com/ul?ll=58.5877,16.1924&navigate=yes",
        "https://www.hitta.se/kartan!~58.5877,16.1924,17z",
        "https://kartor.eniro.se/?c=58.5877,16.1924&z=15",
    ],
)
def test_a_position_is_read_as_phones_and_maps_write_it(text: str) -> None:
    assert coordinates.position(text) == pytest.approx(HERE, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "6494759, 569321",
        "569321, 6494759",
        "N 6494759 E 569321",
        "N: 6494759, E: 569321",
        "6 494 759, 569 321",
        "6494759.3 569321.0",
        "SWEREF 99 TM: N 6494759 E 569321",
        "X 6494759, Y 569321",
        "6494759 m N, 569321 m E",
        "https://minkarta.lantmateriet.se/plats/3006/v2.0/?e=569321&n=6494759&z=11&mapprofile=karta",
    ],
)
def test_sweref_99_tm_is_read(text: str) -> None:
    assert coordinates.position(text) == pytest.approx(HERE, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "place"),
    [("-12, -77", (-12.0, -77.0)), ("12 S, 77 W", (-12.0, -77.0)), ("−12,5 −77", (-12.5, -77.0)), ("  ", None)],
)
def test_what_lies_elsewhere_is_read_too(text: str, place: tuple[float, float] | None) -> None:
    assert coordinates.position(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "58.5877",
        "58.5877, öster",
        "91, 16",
        "58, 181",
        "Drottninggatan 2",
        "1e5, 2",
        "6494759",
        "6494759, 99999999",
        "https://example.org/",
        "58.5877 N, 16.1924 N",
        "9GC3HGQR+3X Norrköping",
    ],
)
def test_what_is_no_position_is_told(text: str) -> None:
    with pytest.raises(places.NotFound, match="koordinaterna"):
        coordinates.position(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("https://maps.app.goo.gl/abc123", "Den länken säger inte var platsen är."),
        ("Kiosken https://maps.apple/p/x", "Den länken säger inte var platsen är."),
        ("///ord.ord.ord", "Den länken säger inte var platsen är."),
        ("6500000, 1520000", "Det ser ut som RT 90."),
    ],
)
def test_what_is_recognised_says_what_to_do(text: str, sentence: str) -> None:
    with pytest.raises(places.NotFound, match=sentence):
        coordinates.position(text)


@given(st.text(alphabet="0123456789.,;°'\"NnSsEÖ -/@!?=&:()lat", max_size=60) | st.text(max_size=60))
def test_whatever_is_written_is_read_or_told(text: str) -> None:
    try:
        found = coordinates.position(text)
    except places.NotFound:
        return
    assert found is None or (-90 <= found[0] <= 90 and -180 <= found[1] <= 180)


def test_degrees_are_read_without_numpy() -> None:
    """It would cost a small machine 20 MB when the first shift is planned."""
    script = "import sys; from canvass.core import coordinates as c; c.position('58.5, 16.1')"
    script += "; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
