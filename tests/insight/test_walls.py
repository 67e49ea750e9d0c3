"""The wallboard: numbers across the room by a link that can be withdrawn, and nobody's name."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from canvass.core import audit, db
from canvass.fieldwork import campaigns, targets
from canvass.insight import walls
from canvass.insight.walls import Wall
from canvass.members import organisations
from canvass.members.people import Person
from canvass.web.insight import walls as screens
from tests.cast import Cast, log, new_campaign, undo
from tests.conftest import NOW, browser

SignedIn = Callable[[Person], FlaskClient]
Later = Callable[..., Any]
BLOCK = {"HX-Request": "true"}


@pytest.fixture
def wall(app: Flask, cast: Cast) -> Wall:
    """The wall of Norrköping's spring campaign."""
    return walls.make(cast.spring, cast.norrkoping, "Biografen", "sv", app.config["SECRET_KEY"], by=cast.bo)


def address(app: Flask, wall: Wall) -> str:
    return f"/wall/{walls.token(wall, app.config['SECRET_KEY'])}"


def shown(page: str) -> str:
    """What the page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).replace("\u202f", " ").split())


@pytest.fixture
def look(app: Flask, wall: Wall, stranger: FlaskClient) -> Callable[..., str]:
    """`look()` is what a stranger with the address reads on the wall."""
    return lambda: shown(stranger.get(address(app, wall), headers=BLOCK).text)


# --- the link -----------------------------------------------------------------------------------------------


def test_a_leader_makes_a_link_and_the_screen_in_the_hall_shows_it(
    app: Flask, cast: Cast, signed_in: SignedIn, stranger: FlaskClient
) -> None:
    bo, place = signed_in(cast.bo), f"/campaigns/{cast.spring.id}/walls"
    assert f'href="{place}?at={cast.norrkoping.id}"' in bo.get(f"/campaigns/{cast.spring.id}").text
    made = bo.post(place, data={"organisation": cast.hageby.id, "name": " Stora  salen ", "language": "sv"})
    assert (made.status_code, made.headers["Location"]) == (303, f"{place}?at={cast.hageby.id}")
    page = bo.get(place).text
    assert "Stora salen" in page
    assert "<svg" in page
    (url,) = re.findall(r'value="http://localhost(/wall/[a-z2-7]{32})"', page)
    answer = stranger.get(url)
    assert answer.status_code == 200
    assert shown(answer.text).startswith("Vårkampanjen · Canvass Vårkampanjen Hageby s-förening 0 samtal")
    assert audit.broken_at() is None
    entry = db.session.scalars(select(audit.Entry).where(audit.Entry.action == "wall.make")).one()
    assert (entry.person_id, entry.organisation_id) == (cast.bo.id, cast.hageby.id)


def test_only_the_hash_of_the_address_is_kept(app: Flask, wall: Wall) -> None:
    token = walls.token(wall, app.config["SECRET_KEY"])
    kept = [str(value) for row in db.session.execute(Wall.__table__.select()) for value in row]
    assert not any(token in value for value in kept)
    assert walls.token(wall, "another server's secret") != token
    assert walls.with_token(token.upper()) is wall  # as a television's keyboard writes it


def test_a_withdrawn_link_says_so_and_so_does_one_that_never_was(
    app: Flask, cast: Cast, wall: Wall, signed_in: SignedIn, stranger: FlaskClient
) -> None:
    bo, url = signed_in(cast.bo), address(app, wall)
    assert stranger.get(url).status_code == 200
    answer = bo.post(f"/walls/{wall.id}/withdraw")
    assert answer.headers["Location"].endswith(f"/walls?at={cast.norrkoping.id}")
    assert "Biografen" not in bo.get(answer.headers["Location"]).text
    for gone in (url, f"/wall/{'a' * 32}", "/wall/x"):
        page = stranger.get(gone)
        assert (page.status_code, stranger.get(f"{gone}/live").status_code) == (410, 410)
        assert "Den här länken gäller inte längre." in shown(page.text)
        assert "Vårkampanjen" not in page.text
        assert "<script" not in page.text
    bo.post(f"/walls/{wall.id}/withdraw")
    assert len(db.session.scalars(select(audit.Entry).where(audit.Entry.action == "wall.withdraw")).all()) == 1


def test_withdrawing_one_leaves_the_others(app: Flask, cast: Cast, wall: Wall) -> None:
    other = walls.make(cast.spring, cast.hageby, "", "en", app.config["SECRET_KEY"])
    assert walls.still_open({wall.id, other.id, "never"}) == {wall.id, other.id}
    walls.withdraw(wall, by=cast.bo)
    assert walls.still_open({wall.id, other.id}) == {other.id}
    assert walls.beneath(cast.spring.id, cast.norrkoping.id) == [other]
    assert walls.beneath(cast.spring.id, cast.ektorp.id) == []


def test_a_wall_is_made_only_where_the_campaign_is(cast: Cast, signed_in: SignedIn) -> None:
    """Adam may do it anywhere in the district; the campaign is Norrköping's."""
    answer = signed_in(cast.adam).post(
        f"/campaigns/{cast.spring.id}/walls", data={"organisation": cast.linkoping.id, "language": "sv"}
    )
    assert answer.status_code == 404


def test_others_may_neither_make_links_nor_withdraw_them(
    cast: Cast, wall: Wall, signed_in: SignedIn, stranger: FlaskClient
) -> None:
    place = f"/campaigns/{cast.spring.id}/walls"
    for who, status in ((cast.alva, 403), (cast.cia, 403), (cast.esa, 404)):
        client = signed_in(who)
        asked = client.get(place), client.post(place, data={"organisation": cast.norrkoping.id})
        withdrawn = client.post(f"/walls/{wall.id}/withdraw")
        assert [answer.status_code for answer in (*asked, withdrawn)] == [status] * 3, who.name
    assert stranger.get(place).status_code == 303
    assert stranger.post(f"/walls/{wall.id}/withdraw").status_code == 401
    assert walls.still_open([wall.id]) == {wall.id}


# --- what the address gives away ----------------------------------------------------------------------------


def test_it_needs_no_login_and_leaves_no_trace(app: Flask, cast: Cast, wall: Wall, stranger: FlaskClient) -> None:
    for answer in (stranger.get(address(app, wall)), stranger.get(address(app, wall), headers=BLOCK)):
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert not re.search(r"<(a|form|nav|button)\b", answer.text)
    assert stranger.get(address(app, wall)).headers["Cache-Control"] == "no-store"


def test_nobodys_name_is_on_it_whoever_looks(app: Flask, cast: Cast, wall: Wall, signed_in: SignedIn) -> None:
    everybody = (cast.alva, cast.bo, cast.cia, cast.dag, cast.esa, cast.adam)
    for who in (cast.alva, cast.dag):
        log(cast, who, number=3, area=cast.hageby_north)
    for client in (browser(app), signed_in(cast.bo)):
        page = client.get(address(app, wall)).text
        assert [who.name for who in everybody if re.search(rf"\b{who.name}\b", page)] == []
        # Nor which association or area is ahead of which; nor what the leader calls the screen.
        for other in ("Hageby", "Ektorp", "Biografen"):
            assert other not in page


def test_it_speaks_its_own_language_to_everybody(app: Flask, cast: Cast, stranger: FlaskClient) -> None:
    made = walls.make(cast.spring, cast.norrkoping, "", "en", app.config["SECRET_KEY"])
    odd = walls.make(cast.spring, cast.norrkoping, "", "tlh", app.config["SECRET_KEY"])
    assert '<html lang="en"' in stranger.get(address(app, made)).text
    assert '<html lang="sv"' in stranger.get(address(app, odd)).text


def test_it_is_dark_unless_the_address_says_light(app: Flask, wall: Wall, stranger: FlaskClient) -> None:
    themes = {
        asked: re.search(r'data-theme="(\w+)"', stranger.get(address(app, wall) + asked).text)[1]  # type: ignore[index]
        for asked in ("", "?look=light", "?look=dark", "?look=%22%3E")
    }
    assert themes == {"": "dark", "?look=light": "light", "?look=dark": "dark", "?look=%22%3E": "dark"}


# --- the numbers --------------------------------------------------------------------------------------------


def test_the_number_is_the_conversations_of_the_organisation_and_all_beneath_it(
    app: Flask, cast: Cast, look: Callable[..., str], stranger: FlaskClient
) -> None:
    assert "0 samtal av 5 000 0 %" in look()
    log(cast, cast.alva, number=40, days_ago=1)
    log(cast, cast.dag, number=2)
    log(cast, cast.dag, "not_home", 9)
    assert "42 samtal av 5 000 1 %" in look()
    assert "Idag 2" in look()
    assert "4 958 samtal kvar till målet" in look()
    hageby = walls.make(cast.spring, cast.hageby, "", "sv", app.config["SECRET_KEY"])
    page = stranger.get(address(app, hageby), headers=BLOCK)
    assert shown(page.text).startswith("40 samtal Sedan")  # without a target of its own
    assert "<progress" not in page.text


def test_the_last_hour_is_told_by_the_hour_it_counts_from(cast: Cast, look: Callable[..., str], later: Later) -> None:
    """An attempt knows its hour only. A new hour is looked at together with the one before it for a quarter."""
    with later(hours=-1):  # 17.30 in Sweden
        log(cast, cast.alva, number=7)
    log(cast, cast.dag, number=5)
    log(cast, cast.dag, "refused", number=5)
    assert "Sedan 18:00 5 " in look()
    with later(minutes=30):
        assert "Sedan 18:00 5 " in look()
    with later(minutes=44):
        log(cast, cast.alva, number=2)
        assert "Sedan 18:00 7 " in look()
    with later(minutes=45):
        assert "Sedan 19:00 2 " in look()
    with later(hours=-24):
        assert "Sedan 18:00 14 " in look()  # what a phone with a fast clock sent counts when it was


def test_what_was_undone_and_what_others_did_is_not_in_the_last_hour(cast: Cast) -> None:
    here, since = organisations.beneath(cast.norrkoping.id), walls.lately()
    log(cast, cast.alva, number=3)
    undone = log(cast, cast.alva, number=9)
    undo(cast, cast.alva, undone)
    assert walls.conversations_since(since, cast.spring.id, here) == 3
    assert walls.conversations_since(since, cast.spring.id, organisations.beneath(cast.ektorp.id)) == 0
    assert walls.conversations_since(since, db.new_id(), here) == 0


def test_milestones_are_quarters_with_their_day_and_a_new_one_is_news(
    cast: Cast, look: Callable[..., str], later: Later
) -> None:
    targets.agree(cast.spring, cast.norrkoping, 100)
    log(cast, cast.alva, number=30, days_ago=2)
    assert "25 % 4 maj 50 % 50 75 % 75 100 % 100 70 samtal kvar till målet" in look()
    log(cast, cast.alva, number=20)
    assert "50 % 6 maj" in look()
    assert "Idag nådde vi halva målet!" in look()
    log(cast, cast.alva, number=50)
    assert "100 % 6 maj Idag nådde vi målet!" in look()
    with later(days=1):
        assert "100 % 6 maj Målet är nått!" in look()


def test_a_raised_target_is_a_milestone_too(cast: Cast, look: Callable[..., str], later: Later) -> None:
    targets.agree(cast.spring, cast.norrkoping, 40)
    log(cast, cast.alva, number=41)
    targets.agree(cast.spring, cast.norrkoping, 100)
    assert "Idag nådde vi det förra målet, 40 samtal!" in look()
    with later(days=1):
        assert "Förra målet, 40, är nått. 59 samtal kvar till det nya." in look()


def test_a_campaign_that_is_over_shows_its_result(cast: Cast, look: Callable[..., str], later: Later) -> None:
    log(cast, cast.alva, number=30, days_ago=1)
    log(cast, cast.alva, "not_home", number=50)
    campaigns.close(cast.spring)
    for days in (0, 30):
        with later(days=days):
            assert "30 samtal av 5 000" in look()
            assert "Kampanjen är avslutad. Tack, alla som var med!" in look()
            assert "Bästa dagen, 5 maj 30 Försök 80" in look()
            assert "Idag" not in look()


def test_before_the_first_day_it_says_when_we_begin(cast: Cast, look: Callable[..., str]) -> None:
    cast.spring.starts_on = NOW.date() + timedelta(days=3)
    assert "Vi börjar den 9 maj." in look()


@pytest.mark.parametrize("target", [None, 1, 3, 10_000_000])
def test_it_stands_whatever_is_aimed_at(app: Flask, cast: Cast, stranger: FlaskClient, target: int | None) -> None:
    campaign = new_campaign(
        cast.hageby,
        name="Hageby " + "lyssnar " * 12,
        kind="listen",
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        channels=["door"],
        topics=[],
        target=target,
    )
    campaigns.open_(campaign)
    made = walls.make(campaign, cast.hageby, "", "sv", app.config["SECRET_KEY"])
    for _ in range(2):
        assert stranger.get(address(app, made)).status_code == 200
        log(cast, cast.alva, number=50, campaign=campaign)


# --- kept up to date ----------------------------------------------------------------------------------------


def test_the_block_is_the_page_without_its_frame_and_not_sent_twice(
    app: Flask, cast: Cast, wall: Wall, stranger: FlaskClient
) -> None:
    url = address(app, wall)
    whole, part = stranger.get(url), stranger.get(url, headers=BLOCK)
    assert "<html" not in part.text
    assert part.text.strip() in whole.text
    assert f'data-live="{url}/live" data-part="{url}"' in whole.text

    def again(first: TestResponse) -> TestResponse:
        return stranger.get(url, headers={**BLOCK, "If-None-Match": first.headers["ETag"]})

    assert again(part).status_code == 304
    log(cast, cast.alva)
    assert again(part).status_code == 200


def test_the_stream_renders_what_the_page_shows_once_for_all_screens_alike(
    app: Flask, cast: Cast, wall: Wall, stranger: FlaskClient
) -> None:
    log(cast, cast.alva)
    db.session.commit()
    subject = screens.subject(cast.spring, cast.norrkoping)
    assert subject == screens.subject(cast.spring, cast.norrkoping)
    assert subject != screens.subject(cast.spring, cast.hageby)
    assert subject.render().strip() == stranger.get(address(app, wall), headers=BLOCK).text.strip()


def test_the_page_around_the_block_is_rendered_once_and_not_with_every_block(
    app: Flask, cast: Cast, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = []

    def render(name: str, **_values: object) -> str:
        rendered.append(name)
        return "the page"

    monkeypatch.setattr(screens, "render_template", render)
    db.session.commit()
    subject = screens.subject(cast.spring, cast.norrkoping)
    screens._version.cache_clear()
    assert subject.render() == subject.render()
    assert rendered == [screens.PAGE]
    screens._version.cache_clear()


def test_a_new_version_of_the_page_around_the_block_marks_the_block(app: Flask, cast: Cast, wall: Wall) -> None:
    def version() -> str:
        block = screens.subject(cast.spring, cast.norrkoping).render()
        db.session.rollback()  # it was rendered in a transaction that only reads
        return re.search(r'data-version="(\w+)"', block)[1]  # type: ignore[index]

    db.session.commit()
    before = version()
    log(cast, cast.alva)
    db.session.commit()
    assert version() == before
    cast.spring.name = "Sommarkampanjen"
    db.session.commit()
    assert version() != before
