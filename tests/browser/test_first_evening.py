"""From the one-time link to the first conversation that a leader sees, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from canvass.core import db, state
from canvass.members import tickets
from tests.browser.conftest import PHONE, Live
from tests.cast import Cast


@pytest.fixture
def setup_link(live: Live) -> Iterator[str]:
    """The link that a fresh installation prints."""
    with live.app.app_context():
        for table in reversed(db.Base.metadata.sorted_tables):
            db.session.execute(table.delete())
        state.begin(live.app.config["DATA"])
        token = tickets.setup_token()
        db.session.commit()
        yield f"{live.url}/setup/{token}"
        db.session.remove()


def test_from_the_setup_link_to_a_counted_conversation(setup_link: str, live: Live, new_context: Any) -> None:
    leader = new_context(locale="sv-SE", viewport=PHONE).new_page()
    leader.goto(setup_link)
    leader.get_by_label("Organisationens namn").fill("Norrköpings arbetarekommun")
    leader.get_by_label("Ditt namn").fill("Bo")
    leader.get_by_label("E-post").fill("bo@example.org")
    leader.get_by_label("Lösenord").fill("en hel mening")
    leader.get_by_label("Kampanjens namn").fill("Vårens samtal")
    leader.get_by_role("button", name="Starta kampanjen").click()
    expect(leader.get_by_role("heading", level=1)).to_have_text("Vårens samtal")

    link = leader.get_by_label("Länk till gruppchatten").input_value()
    assert link.startswith(f"{live.url}/join/")

    volunteer = new_context(locale="sv-SE", viewport=PHONE, has_touch=True).new_page()
    volunteer.goto(link)
    volunteer.get_by_label("Ditt förnamn").fill("Alva")
    volunteer.get_by_role("button", name="Gå med").click()
    volunteer.get_by_role("button", name="Samtal", exact=True).tap()
    expect(volunteer.get_by_role("region", name="Senaste trycket")).to_contain_text("Samtal sparat")
    expect(volunteer.get_by_text("allt skickat")).to_be_visible()

    expect(leader.locator(".figure-value").first).to_have_text("1 / 1 000".replace(" ", " ", 1))


def test_the_campaign_page_follows_without_a_reload(stage: Cast, open_as: Callable[..., Page], phone: Page) -> None:
    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}")
    figure = page.locator(".figure-value").first
    expect(figure).to_contain_text("0")
    phone.get_by_role("button", name="Samtal", exact=True).tap()
    expect(figure).to_contain_text("1")
