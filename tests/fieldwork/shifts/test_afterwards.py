"""A shift that is out now, or over."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

from flask.testing import FlaskClient

from canvass.members.people import Person
from tests.cast import Cast, log, plan_shift, send_out

SignedIn = Callable[[Person], FlaskClient]


def test_the_part_that_follows_is_fetched_alone(cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast, hours=-1)
    part = signed_in(cast.bo).get(f"/shifts/{shift.id}", headers={"HX-Request": "true"}).text
    assert "Telefoner ute" in part
    assert "<html" not in part


def test_a_shift_that_is_over_has_something_for_the_group_chat(cast: Cast, signed_in: SignedIn) -> None:
    shift = plan_shift(cast, hours=-5, leader=cast.alva)
    cast.hageby_north.name = "Hageby <norra> & co"
    log(cast, cast.alva, number=87, shift=shift)
    send_out(shift, cast.dag, pending=2)
    alva = signed_in(cast.alva)
    page = alva.get(f"/shifts/{shift.id}").text
    text = html.unescape(re.search(r'id="share-text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)[1])  # type: ignore[index]
    assert text.split("\n") == [
        "87 samtal, 100\N{NO-BREAK SPACE}% öppnade, tack!",
        "Dörr · Hageby <norra> & co",
        "onsdag 6 maj",
        "Hageby s-förening",
        "Vårkampanjen",
    ]
    assert "Telefonerna efteråt" in page  # one of them still has something to send
    image = alva.get(f"/shifts/{shift.id}/image.svg")
    assert image.mimetype == "image/svg+xml"
    assert ">87<" in image.text
    assert "Hageby &lt;norra&gt; &amp; co" in image.text
    assert "Alva" not in image.text
    assert "http" not in image.text.replace("http://www.w3.org/2000/svg", "")
