"""Imports: previewed before they take effect, confirmed whole, and undone whole."""

from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy import func, select

from canvass.board.earlier_years import files, previews, results
from canvass.board.earlier_years.models import EarlierResult
from canvass.board.earlier_years.results import Year
from canvass.core import audit, db, i18n
from canvass.core.audit import Entry
from tests.board.earlier_years.common import FILE, SWEDISH, SignedIn, bring_in, upload
from tests.cast import Cast


def test_a_file_is_seen_before_it_stands_and_can_be_taken_back(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    preview = upload(client, cast.norrkoping, FILE)
    assert preview.status_code == 303
    address = preview.headers["Location"]
    page = client.get(address).text
    assert "Läs in 3 rader" in page
    assert "Hoppa över" not in page
    assert db.session.scalar(select(func.count()).select_from(EarlierResult)) == 0
    assert [client.post(f"{address}/confirm").status_code for _ in range(2)] == [303, 303]
    assert results.compare(cast.norrkoping) == [
        Year(2025, True, 1669, None, 2),  # Ektorp said no target
        Year(2024, True, 900, 1000),
    ]
    assert results.compare(cast.hageby) == [Year(2025, True, 1264, 1200)]
    shown = client.get(f"/organisations/{cast.norrkoping.id}/earlier-years").text
    assert "inläst för 2 organisationer under" in shown
    assert "90\N{NO-BREAK SPACE}%" in shown
    assert "3 resultat är inlästa." in shown
    assert client.post(f"{address}/undo").status_code == 303
    assert results.compare(cast.norrkoping) == []
    actions = [e.action for e in db.session.scalars(select(Entry).order_by(Entry.number))]
    assert actions[-2:] == ["earlier_years.import", "earlier_years.undo"]
    assert audit.broken_at() is None


def test_faulty_rows_stop_everything_until_they_may_be_left_out(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    address = upload(client, cast.norrkoping, FILE + "Kiruna;;2025;7;\r\nHageby;;2025;9;\r\n").headers["Location"]
    page = client.get(address).text
    assert "2 felaktiga rader" in page
    assert "Samma sak står redan på rad 2." in page
    refused = client.post(f"{address}/confirm")
    assert refused.status_code == 422
    assert "Rätta filen och välj den på nytt" in refused.text
    assert results.compare(cast.norrkoping) == []
    assert client.post(f"{address}/confirm", data={"skip": "yes"}).status_code == 303
    assert results.results([cast.hageby.id, cast.ektorp.id], 2025) == {cast.hageby.id: 1264, cast.ektorp.id: 405}


def test_a_file_with_nothing_right_in_it_cannot_be_confirmed(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    address = upload(client, cast.norrkoping, SWEDISH + "Kiruna;;2025;7;\r\n").headers["Location"]
    assert "/confirm" not in client.get(address).text
    answer = client.post(f"{address}/confirm", data={"skip": "yes"})
    assert (answer.status_code, "Ingen rad går att läsa in." in answer.text) == (422, True)


def test_the_latest_import_wins_and_undoing_it_brings_the_earlier_back(cast: Cast, signed_in: SignedIn) -> None:
    bring_in(cast, (cast.hageby, 2025, 100), (cast.ektorp, 2025, 50))
    page = signed_in(cast.bo)
    address = upload(page, cast.norrkoping, SWEDISH + "Hageby;;2025;120;\r\nEktorp;;2025;50;\r\n").headers["Location"]
    preview = page.get(address).text
    assert "förut 100" in preview
    assert re.findall(r'pill-\w+">(\w+)<', preview) == ["Ändras", "Oförändrad"]
    page.post(f"{address}/confirm")
    assert results.results([cast.hageby.id], 2025) == {cast.hageby.id: 120}
    page.post(f"{address}/undo")
    assert results.results([cast.hageby.id], 2025) == {cast.hageby.id: 100}


def test_cancelling_forgets_the_file_and_spares_what_stands(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    address = upload(client, cast.norrkoping, FILE).headers["Location"]
    client.post(f"{address}/cancel")
    assert client.get(address).status_code == 404
    stands = bring_in(cast, (cast.hageby, 2025, 100))
    client.post(f"/earlier-years/{stands.id}/cancel")
    assert results.results([cast.hageby.id], 2025) == {cast.hageby.id: 100}


def test_a_second_file_takes_the_place_of_one_that_waits(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in(cast.bo)
    first, second = (upload(client, cast.norrkoping, FILE).headers["Location"] for _ in range(2))
    assert [client.get(address).status_code for address in (first, second)] == [404, 200]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_example_filled_in_is_a_file_we_read(cast: Cast, signed_in: SignedIn, language: str) -> None:
    client = signed_in(cast.bo)
    client.set_cookie("canvass_language", language)
    cast.ektorp.name = "=Ektorp"
    answer = client.get(f"/organisations/{cast.norrkoping.id}/earlier-years/example.csv")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in rows[1:]] == ["'=Ektorp", "Hageby s-förening"]
    assert {row[2] for row in rows[1:]} == {"2025"}
    filled = "\r\n".join(";".join([*row[:3], "5", "6"] if at else row) for at, row in enumerate(rows))
    with i18n.speaking(language):
        preview = previews.preview(cast.norrkoping, files.read(filled.encode("utf-8-sig")))
    assert [(row.outcome, row.organisation) for row in preview.rows] == [("new", cast.ektorp), ("new", cast.hageby)]
