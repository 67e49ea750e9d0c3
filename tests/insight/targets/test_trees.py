"""The target tree: each part's target and result, what the plan asks for, and what to divide by."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from canvass.board.earlier_years import results
from canvass.fieldwork import areas, campaigns, targets
from canvass.insight.forecasts import sentences
from canvass.insight.targets import trees
from canvass.members import organisations
from tests.cast import Cast, log, new_campaign, plan_shift
from tests.conftest import NOW
from tests.insight.targets.common import SignedIn, address, earlier, look, parts_of, plain


def test_each_part_has_its_target_its_result_and_what_the_plan_asks_for(cast: Cast) -> None:
    targets.agree(cast.spring, cast.hageby, 3060, by=cast.bo)
    log(cast, cast.alva, number=700)
    log(cast, cast.dag, "not_home", number=9)
    tree = trees.tree(cast.spring, cast.norrkoping)
    assert (tree.node.result, tree.node.target, tree.sum, tree.missing) == (700, 5000, 3060, 1940)
    hageby, ektorp = (
        parts_of(cast, cast.norrkoping)["Hageby s-förening"],
        parts_of(cast, cast.norrkoping)["Ektorp s-förening"],
    )
    # With today 67 of the campaign's 306 days have gone: ten conversations a day.
    assert (hageby.result, hageby.ahead, hageby.is_behind) == (700, 30, False)
    assert (hageby.agreed and hageby.agreed.set_by, ektorp.target, ektorp.ahead) == ("Bo", None, None)
    assert not ektorp.is_behind


def test_every_part_stands_as_on_its_campaign_page(cast: Cast, signed_in: SignedIn, later: Callable[..., Any]) -> None:
    """One plan line: with the shifts and the raised targets, of organisations at every level."""
    targets.agree(cast.spring, cast.norrkoping, 500)
    targets.agree(cast.spring, cast.hageby, 3060)
    with later(days=-20):
        targets.agree(cast.spring, cast.ektorp, 300)
    targets.agree(cast.spring, cast.ektorp, 900)  # raised today
    log(cast, cast.alva, number=390)
    log(cast, cast.dag, number=66)
    for week in range(6):
        plan_shift(cast, hours=168 * week + 1, expected=40)
    with later(days=-30):
        plan_shift(cast, owner=cast.ektorp, ground=[cast.ektorp_hill], expected=20)
    said = set()
    for days in (-65, 0, 20):
        with later(days=days):
            adam = signed_in(cast.adam)
            found = {**parts_of(cast, cast.norrkoping), "Norrköping": trees.tree(cast.spring, cast.norrkoping).node}
            for node in (cast.norrkoping, cast.hageby, cast.ektorp):
                sentence = sentences.of_plan(found[node.name].ahead)
                said.add(sentence)
                assert sentence in plain(adam.get(f"/campaigns/{cast.spring.id}?at={node.id}").text), (node.name, days)
                assert sentence in look(adam, address(cast, at=node.id)), (node.name, days)
    assert len(said) > 4
    # And beneath a district, whose own plan follows the rhythm alone, the parts are the same ones.
    found = {**parts_of(cast, cast.ostergotland, is_deep=True)}
    assert found["Ektorp s-förening"].ahead == parts_of(cast, cast.norrkoping)["Ektorp s-förening"].ahead


def test_the_plan_line_begins_with_nothing_and_ends_with_all(cast: Cast, later: Callable[..., Any]) -> None:
    targets.agree(cast.spring, cast.hageby, 3060)
    for days, behind in ((-100, None), (-66, 0), (-65, 10), (239, 3050), (240, 3060), (999, 3060)):
        with later(days=days):
            ahead = parts_of(cast, cast.norrkoping)["Hageby s-förening"].ahead
            assert ahead == (None if behind is None else -behind), days


def test_a_part_whose_own_parts_do_not_add_up_is_marked(cast: Cast) -> None:
    targets.agree(cast.spring, cast.hageby, 1000)
    assert parts_of(cast, cast.norrkoping)["Hageby s-förening"].missing is None  # nothing is broken down there yet
    targets.agree(cast.spring, cast.hageby, 700, area_id=cast.hageby_north.id)
    assert parts_of(cast, cast.norrkoping)["Hageby s-förening"].missing == 300
    targets.agree(cast.spring, cast.hageby, 400, area_id=cast.hageby_south.id)
    assert parts_of(cast, cast.norrkoping)["Hageby s-förening"].missing == -100
    areas.retire(cast.hageby_south, by=cast.bo)
    assert parts_of(cast, cast.norrkoping)["Hageby s-förening"].missing == 300


def test_an_areas_result_is_what_its_owners_people_talked_there(cast: Cast) -> None:
    log(cast, cast.alva, number=5, area=cast.hageby_north)
    log(cast, cast.dag, number=3, area=cast.hageby_north)
    log(cast, cast.alva, number=2, area=cast.ektorp_hill)
    assert {name: found.result for name, found in parts_of(cast, cast.hageby).items()} == {
        "Hageby norra": 5,
        "Hageby södra": 0,
    }
    # The same line, found from above, says the same.
    assert parts_of(cast, cast.norrkoping, is_deep=True)["Hageby norra"].result == 5
    everybodys = areas.add(cast.norrkoping, name="Centrum", by=cast.bo)
    log(cast, cast.alva, number=4, area=everybodys)
    assert parts_of(cast, cast.norrkoping, "areas")["Centrum"].result == 4


def test_organisations_and_own_areas_are_two_ways_and_never_one_sum(cast: Cast) -> None:
    centre = areas.add(cast.norrkoping, name="Centrum", by=cast.bo)
    targets.agree(cast.spring, cast.hageby, 3000)
    targets.agree(cast.spring, cast.norrkoping, 5000, area_id=centre.id)
    found = {of: trees.tree(cast.spring, cast.norrkoping, of) for of in ("", "areas")}
    assert {of: (tree.ways, tree.sum) for of, tree in found.items()} == {
        "": (["organisations", "areas"], 3000),
        "areas": (["organisations", "areas"], 5000),
    }
    assert trees.tree(cast.spring, cast.hageby).ways == ["areas"]
    assert trees.tree(cast.spring, cast.linkoping).ways == []


def test_members_are_said_or_summed_but_a_sum_with_a_gap_is_none(cast: Cast) -> None:
    def of_norrkoping() -> int | None:
        return parts_of(cast, cast.ostergotland)["Norrköping"].members

    organisations.set_members(cast.hageby, 120)
    assert of_norrkoping() is None
    organisations.set_members(cast.ektorp, 0)
    assert of_norrkoping() == 120
    organisations.set_members(cast.norrkoping, 900)
    assert of_norrkoping() == 900


def test_households_are_those_of_all_areas_beneath(cast: Cast) -> None:
    areas.add(cast.norrkoping, name="Centrum", households=1000, by=cast.bo)
    assert parts_of(cast, cast.ostergotland)["Norrköping"].households == 1850
    assert parts_of(cast, cast.norrkoping)["Ektorp s-förening"].households is None


def test_last_year_is_what_was_counted_then_in_any_campaign(cast: Cast) -> None:
    other = new_campaign(
        cast.hageby,
        name="Vintern",
        kind="listen",
        starts_on=date(2025, 11, 1),
        ends_on=date(2026, 2, 1),
        channels=["door"],
        topics=[],
        target=None,
    )
    campaigns.open_(other)
    for days_ago in (126, 125, 490, 491):  # 31 December, 1 January; 1 January 2025, 31 December 2024
        log(cast, cast.alva, number=days_ago, days_ago=days_ago, area=cast.hageby_north, campaign=other)
    assert parts_of(cast, cast.norrkoping)["Hageby s-förening"].last_year == 126 + 490
    assert parts_of(cast, cast.hageby)["Hageby norra"].last_year == 126 + 490
    assert parts_of(cast, cast.hageby)["Hageby södra"].last_year is None


def test_last_year_is_else_what_the_files_say(cast: Cast) -> None:
    earlier(cast.hageby, 2025, 30, "door")
    earlier(cast.hageby, 2024, 70)
    earlier(cast.ektorp, 2025, 11, undone_at=NOW)
    earlier(cast.ektorp, 2025, 12, confirmed_at=None)
    found = parts_of(cast, cast.norrkoping)
    assert {name: one.last_year for name, one in found.items()} == {"Hageby s-förening": 30, "Ektorp s-förening": None}
    assert parts_of(cast, cast.ostergotland)["Norrköping"].last_year == 30
    earlier(cast.norrkoping, 2025, 405)
    assert parts_of(cast, cast.ostergotland)["Norrköping"].last_year == 405


def test_last_year_is_the_same_on_every_page(cast: Cast, signed_in: SignedIn) -> None:
    """Of channels imported one after the other, of what was counted here, and of both, there is one figure."""
    earlier(cast.hageby, 2025, 120, "door")
    earlier(cast.hageby, 2025, 40, "phone")
    earlier(cast.hageby, 2025, 50, "phone", confirmed_at=NOW + timedelta(hours=1))
    earlier(cast.hageby, 2024, 12)
    log(cast, cast.alva, number=7, days_ago=200)
    log(cast, cast.dag, number=9, days_ago=200)
    adam = signed_in(cast.adam)
    earlier_years = plain(adam.get(f"/organisations/{cast.norrkoping.id}/earlier-years").text)
    for name, number in (("Hageby s-förening", 170), ("Ektorp s-förening", 9)):
        assert parts_of(cast, cast.norrkoping)[name].last_year == number
        assert re.search(rf"{name}</a></th>[^/]*<td class=\"num\">{number}</td>", earlier_years.replace("\n", ""))
    assert parts_of(cast, cast.ostergotland)["Norrköping"].last_year == 179
    assert "179" in earlier_years.split("</h2>")[1].split("<table>")[0]  # its bar
    here = organisations.beneath(cast.norrkoping.id)
    assert results.results(here, 2025) == {cast.norrkoping.id: 179, cast.hageby.id: 170, cast.ektorp.id: 9}


def test_of_two_files_the_one_confirmed_last_counts(cast: Cast, later: Callable[..., Any]) -> None:
    with later(hours=1):
        earlier(cast.hageby, 2025, 41)
    earlier(cast.hageby, 2025, 40, confirmed_at=NOW.replace(year=2025))
    assert parts_of(cast, cast.norrkoping)["Hageby s-förening"].last_year == 41
