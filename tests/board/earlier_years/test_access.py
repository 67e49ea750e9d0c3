"""Who sees results of earlier years, and who may import them."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from canvass.board.earlier_years import results
from tests.board.earlier_years.common import FILE, SWEDISH, SignedIn, bring_in, upload
from tests.cast import Cast


def test_a_volunteer_reads_and_does_not_import(cast: Cast, signed_in: SignedIn) -> None:
    stands = bring_in(cast, (cast.hageby, 2025, 1264))
    client = signed_in(cast.alva)
    page = client.get(f"/organisations/{cast.hageby.id}/earlier-years")
    assert "1\N{NARROW NO-BREAK SPACE}264" in page.text
    assert "Läs in" not in page.text
    assert upload(client, cast.hageby, FILE).status_code == 403
    assert client.get(f"/organisations/{cast.ektorp.id}/earlier-years").status_code == 404
    assert client.post(f"/earlier-years/{stands.id}/undo").status_code == 403


def test_another_branch_sees_and_touches_nothing(cast: Cast, signed_in: SignedIn) -> None:
    stands = bring_in(cast, (cast.hageby, 2025, 1264))
    client = signed_in(cast.esa)
    assert client.get(f"/organisations/{cast.hageby.id}/earlier-years").status_code == 404
    assert client.post(f"/earlier-years/{stands.id}/undo").status_code == 404
    address = upload(client, cast.partille, SWEDISH + "Hageby s-förening;;2025;9;\r\n;0581;2025;9;\r\n").headers
    assert client.post(f"{address['Location']}/confirm", data={"skip": "yes"}).status_code == 422
    assert results.results([cast.hageby.id], 2025) == {cast.hageby.id: 1264}


def test_a_stranger_is_sent_to_sign_in(cast: Cast, stranger: FlaskClient) -> None:
    answer: Any = stranger.get(f"/organisations/{cast.hageby.id}/earlier-years")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/sign-in?")
