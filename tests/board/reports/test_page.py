"""The page: the selection as a form, and the first of its rows."""

from __future__ import annotations

from tests.board.reports.common import SignedIn, read
from tests.cast import Cast, log


def test_the_page_opens_on_the_latest_campaign_by_association(logged: Cast, signed_in: SignedIn) -> None:
    page = signed_in(logged.cia).get("/reports").text
    assert '<th scope="row">Hageby s-förening</th>' in page
    assert f'<option value="{logged.spring.id}" selected>' in page
    assert f"/reports/totals.xlsx?campaign={logged.spring.id}&amp;by=association" in page
    assert page.count("<h1>") == 1


def test_the_page_shows_the_first_rows_and_says_how_many_there_are(cast: Cast, signed_in: SignedIn) -> None:
    for days in range(60):
        log(cast, cast.alva, days_ago=days)
    client = signed_in(cast.cia)
    page = client.get(f"/reports?campaign={cast.spring.id}&by=day").text
    assert page.count('<th scope="row">') == 50
    assert "Här visas de första 50 av 60 rader." in page
    assert len(read(client, campaign=cast.spring.id, by="day")) == 60


def test_the_chosen_stays_chosen(logged: Cast, signed_in: SignedIn) -> None:
    page = signed_in(logged.cia).get("/reports?campaign=&from=2026-05-06&to=&by=day&by=channel").text
    assert 'name="from" type="date" value="2026-05-06"' in page
    assert 'value="day" checked' in page
    assert 'value="area" checked' not in page
    assert "by=day&amp;by=channel" in page
