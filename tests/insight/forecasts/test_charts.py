"""The burn-up as a chart: the curves, the words beside them, and the table that tells the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask, render_template

from canvass.core import i18n
from canvass.insight.forecasts import rounding
from canvass.insight.forecasts.burn_ups import BurnUp
from canvass.web.insight.charts import chart
from tests.insight.forecasts.ten_weeks import FIRST, LAST, TODAY, burn_up, every_day, plain


@pytest.fixture
def app(apps: Callable[[str], Flask]) -> Flask:
    """For its templates: which engine is behind them is all the same."""
    return apps("sqlite")


SITUATIONS = {
    "going": burn_up(every_day(20), target=None, targets=[(FIRST, 1000), (date(2026, 3, 20), 1500)]),
    "no target": burn_up(every_day(20), target=None),
    "early": burn_up({FIRST: 3}, FIRST),
    "before": burn_up({}, FIRST - timedelta(4)),
    "last day": burn_up(every_day(20, LAST), LAST),
    "over": burn_up(every_day(20, LAST), LAST + timedelta(4)),
    "nothing": burn_up({}, TODAY, None),
    "one day": burn_up({FIRST: 3}, FIRST, last=FIRST),
    "five years": burn_up(every_day(20), last=FIRST + timedelta(5 * 365)),
}


def drawn(app: Flask, found: BurnUp, **how: Any) -> Any:
    """The partial as a page would hold it, read as strictly as XML."""
    with app.test_request_context():
        text = render_template("campaigns/_burn_up.html", burn_up=chart.draw(found, **how))
    return ElementTree.fromstring(text)


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_burn_up_is_drawn_named_and_told_in_every_situation(app: Flask, name: str) -> None:
    figure = drawn(app, SITUATIONS[name])
    drawing = figure.find("svg")
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == drawing.findtext("title") == "Uppföljningskurva: samtal, plan och mål"
    assert drawing.find("desc").get("id") == drawing.get("aria-describedby")
    assert "hittills" in drawing.findtext("desc")
    assert figure.find("details/div/table/tbody/tr") is not None
    for element in drawing.iter():
        for attribute in ("x", "y", "x1", "x2", "y1", "y2", "cx", "cy"):
            if value := element.get(attribute):
                assert 0 <= float(value.removesuffix("%")) <= 100, (name, element.attrib)
        for number in re.findall(r"-?[\d.]+", element.get("d", "")):
            assert -0.1 <= float(number) <= 1000.1, (name, element.attrib)
    assert not {"style", "onload"} & {attribute for element in figure.iter() for attribute in element.attrib}


def test_the_drawing_says_today_the_target_those_before_and_the_result(app: Flask) -> None:
    texts = {plain(text.text) for text in drawn(app, SITUATIONS["going"]).iter("text")}
    assert {"idag", "Mål 1 500", "1 000", "700", "2 mars", "10 maj"} <= texts


def test_the_band_says_where_it_ends_unless_the_targets_number_stands_there(app: Flask) -> None:
    found = SITUATIONS["no target"]
    assert found.forecast.end is not None
    low, high = (plain(i18n.number(n)) for n in rounding.rounded(*found.forecast.end[1::2], found.so_far))
    texts = {plain(text.text) for text in drawn(app, found).iter("text")}
    assert {low, high} <= texts
    at_target = burn_up(every_day(20), target=found.forecast.end.high - 20)
    assert high not in {plain(text.text) for text in drawn(app, at_target).iter("text")}


def test_the_scale_leaves_room_for_the_targets_own_numbers() -> None:
    assert [plain(label.text) for label in chart.draw(SITUATIONS["going"]).heights] == ["500"]
    assert [plain(label.text) for label in chart.draw(SITUATIONS["no target"]).heights] == ["500", "1 000", "1 500"]


def test_the_targets_number_makes_way_for_a_result_that_ends_beside_it() -> None:
    def side(count: int) -> str:
        found = chart.draw(burn_up(every_day(count, LAST), LAST, 700))
        return next(label.side for label in found.labels if label.text == "Mål 700")

    assert (side(5), side(10)) == ("end", "start")


def test_when_it_is_over_no_day_is_today_and_nothing_is_foreseen(app: Flask) -> None:
    figure = drawn(app, SITUATIONS["over"])
    assert figure.find(".//*[@class='burn-up-today']") is None
    assert figure.find(".//*[@class='burn-up-band']") is None
    assert "idag" not in [text.text for text in figure.iter("text")]


def test_the_table_tells_week_by_week_what_the_curves_show(app: Flask) -> None:
    found = SITUATIONS["going"]
    rows = [[cell.text or "" for cell in row] for row in drawn(app, found).findall("details/div/table/tbody/tr")]
    assert rows[0] == ["8 mars", "140", plain(i18n.number(round(found.plan[6]))), ""]
    assert rows[5][:2] == ["6 apr. (idag)", "700"]
    assert plain(rows[-1][0]) == "10 maj"
    assert rows[-1][1] == ""
    assert plain(rows[-1][2]) == "1 500"
    assert plain(rows[-1][3]) == plain(rounding.interval(found))
    assert len(rows) == 11


def test_a_long_campaigns_table_has_a_line_for_every_four_weeks(app: Flask) -> None:
    assert len(drawn(app, SITUATIONS["five years"]).findall("details/div/table/tbody/tr")) < 70


def test_on_a_wall_the_words_are_few_and_there_is_no_table(app: Flask) -> None:
    page, wall = drawn(app, SITUATIONS["going"]), drawn(app, SITUATIONS["going"], large=True, id="wall")
    assert "burn-up-large" in wall.get("class")
    assert wall.find("details") is None
    assert len(list(wall.iter("text"))) < len(list(page.iter("text")))
    assert wall.find("svg/desc").get("id") == "wall-told"


def test_the_result_ends_at_the_mark_of_today() -> None:
    found = chart.draw(SITUATIONS["going"])
    x, y = (float(place.removesuffix("%")) * 10 for place in (found.today, found.today_height))
    for end in (found.result.split("L")[-1], found.median.removeprefix("M").split("L")[0]):
        assert [float(number) for number in end.split(",")] == pytest.approx([x, y], abs=0.2)


def test_a_quiet_stretch_costs_no_points() -> None:
    quiet = chart.draw(burn_up({FIRST: 10, TODAY: 5}))
    assert quiet.result.count("L") == 3  # up, along, and up to the middle of today
    assert quiet.plan.count("L") == 1
