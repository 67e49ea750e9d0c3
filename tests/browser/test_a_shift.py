"""A shift's meeting point on the map and its picture for the group chat: what only a real browser can tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from canvass.core import clock, db
from tests.cast import Cast, log, plan_shift, square

# Headless browsers share nothing, so what would be shared is caught where it leaves the page.
SHARING = """
    navigator.canShare = () => true;
    navigator.share = async ({ files: [file], text }) => {
        document.title = `${file.type} ${file.size > 5000} ${text}`;
    };
"""


def test_a_shift_from_the_map_to_the_group_chat(stage: Cast, open_as: Callable[..., Page]) -> None:
    stage.hageby_north.outline = square(16.20, 58.60)
    stage.spring.starts_on = clock.today() - timedelta(days=2)
    stage.spring.ends_on = clock.today() + timedelta(days=2)
    over = plan_shift(stage, hours=-5, leader=stage.alva)
    log(stage, stage.alva, number=87, shift=over)
    db.session.commit()

    page = open_as(stage.bo, f"/campaigns/{stage.spring.id}/shifts/new")
    page.locator("summary", has_text="Samlingsplats").click()
    # In the middle of the map lies the middle of the only area drawn on it.
    page.locator("[data-meeting] svg").click()
    expect(page.get_by_label("Koordinater")).to_have_value(re.compile(r"58\.60[45]\d*, 16\.20[45]\d*"))
    expect(page.locator("circle.meeting")).to_be_visible()

    page.add_init_script(SHARING)
    page.goto(f"/shifts/{over.id}")
    page.get_by_role("button", name="Dela bilden").click()
    expect(page).to_have_title(re.compile("^image/png true 87 samtal, 100"))
