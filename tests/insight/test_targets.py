"""The target tree: its milestones, proposals, history and page."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.board.earlier_years import EarlierImport, EarlierResult
from canvass.core import db
from canvass.core.refusals import Refused
from canvass.counting import tallies
from canvass.counting.tallies import Count
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign, Target
from canvass.insight import targets
from canvass.insight.targets import Milestone, Part, Wish
from canvass.members import organisations, people
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from tests.cast import Cast, log
from tests.conftest import NOW, questions

SignedIn = Callable[[Person], FlaskClient]


def address(cast: Cast, **chosen: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in chosen.items())
    return f"/campaigns/{cast.spring.id}/targets?{query}"


def look(client: FlaskClient, where: str) -> str:
    """The page as people read it: plain spaces, no entities."""
    answer = client.get(where)
    assert answer.status_code == 200, answer.text
    return plain(answer.text)


def plain(text: str) -> str:
    return html.unescape(text).replace("\u202f", " ").replace("\xa0", " ")


def fields(text: str) -> dict[str, str]:
    """What the list of parts would send as it stands."""
    form = (
        text.split('<table class="allocation">')[0].rsplit("<form", 1)[1] + text.split('<table class="allocation">')[1]
    )
    return dict(re.findall(r'<input[^>]*?name="((?!keep)[^"]+)"[^>]*?value="([^"]*)"', form.split("</form>")[0]))


def sum_line(text: str) -> str:
    found = re.search(r'id="sum"[^>]*>([^<]*)<', text)
    assert found is not None
    return found[1]


def names(text: str) -> list[str]:
    """The parts shown, from above."""
    return re.findall(r'<th scope="row">.*?<a [^>]*>([^<]*)</a>', text, re.DOTALL)


def wrong_fields(text: str) -> set[str]:
    return set(re.findall(r'id="f-([\w-]+)-wrong"', text))


def agreed(cast: Cast) -> dict[str, int]:
    """What is agreed, by name."""
    found = campaigns.targets(cast.spring)
    return {node.name: found[node.id] for node in (cast.norrkoping, cast.hageby, cast.ektorp) if node.id in found}


def part(name: str, **figures: Any) -> Part:
    facts: dict[str, Any] = {"code": "", "owner_id": name, "above": (), "is_area": False, "is_direct": True}
    return Part(id=name, name=name, **facts | {"agreed": None, "result": 0, "expected": None} | figures)


def parts(cast: Cast, node: Organisation, of: str = "", **how: Any) -> dict[str, Part]:
    return {found.name: found for found in targets.tree(cast.spring, node, of, **how).parts}


def earlier(organisation: Organisation, year: int, number: int, channel: str = "", **states: Any) -> None:
    """A file of earlier years that says so, confirmed unless `states` says otherwise."""
    file = EarlierImport(organisation_id=organisation.id, content=[], **{"confirmed_at": NOW} | states)
    db.session.add(file)
    db.session.flush()
    result = {"organisation_id": organisation.id, "year": year, "channel": channel, "conversations": number}
    db.session.add(EarlierResult(import_id=file.id, **result))
    db.session.flush()


# --- milestones ---------------------------------------------------------------------------------------------


def test_quarters_of_the_target_are_milestones_with_the_day_they_were_reached() -> None:
    days = {"2026-05-02": Count(90, 30), "2026-05-01": Count(40, 20), "2026-05-04": Count(9, 0)}
    assert targets.milestones(days, 100) == [
        Milestone(25, date(2026, 5, 2)),
        Milestone(50, date(2026, 5, 2)),
        Milestone(75, None),
        Milestone(100, None),
    ]


def test_half_a_conversation_more_is_a_whole_one() -> None:
    assert [milestone.number for milestone in targets.milestones({}, 25)] == [7, 13, 19, 25]
    assert [milestone.number for milestone in targets.milestones({}, 2)] == [1, 2]


def test_the_target_before_it_was_raised_is_a_milestone_and_one_that_was_higher_is_none() -> None:
    days = {"2026-05-01": Count(900, 410)}
    found = targets.milestones(days, 450, earlier=[400, 600, 450])
    assert [milestone.number for milestone in found] == [113, 225, 338, 400, 450]
    assert found[3] == Milestone(400, date(2026, 5, 1))
    assert found[4] == Milestone(450, None)


def test_without_a_target_there_is_nothing_on_the_way() -> None:
    assert targets.milestones({"2026-05-01": Count(9, 9)}, 0) == []


# --- sharing out --------------------------------------------------------------------------------------------

NUMBERS = st.integers(0, campaigns.LARGEST_TARGET)
WEIGHTS = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=40).filter(any)


@settings(max_examples=100, deadline=None)
@given(NUMBERS, WEIGHTS)
def test_shares_sum_to_the_number_and_follow_the_weights(number: int, weights: list[int]) -> None:
    shares = targets.share_out(number, weights)
    assert sum(shares) == number
    assert min(shares) >= 0
    by_weight = sorted(zip(weights, shares, strict=True))
    for (lighter, less), (heavier, more) in pairwise(by_weight):
        assert less <= more or lighter == heavier
    for weight, share in zip(weights, shares, strict=True):
        assert abs(share - number * weight / sum(weights)) < 1 + number * 1e-9


@settings(max_examples=100, deadline=None)
@given(NUMBERS, st.lists(st.none() | st.integers(0, 5000), min_size=1, max_size=20), st.sampled_from(targets.BASES))
def test_a_proposal_gives_everything_away_and_nothing_twice(number: int, figures: list[int | None], by: str) -> None:
    nodes = [part(f"n{at:02}", **({} if by == "even" else {by: figure})) for at, figure in enumerate(figures)]
    if by != "even" and not any(figures):
        with pytest.raises(Refused):
            targets.propose(nodes, by, number)
        return
    proposal = targets.propose(nodes, by, number)
    assert list(proposal.numbers) == [node.id for node in nodes]
    assert sum(proposal.numbers.values()) == number
    assert proposal == targets.propose(nodes[::-1], by, number)  # whatever order they come in
    assert len(proposal.guessed) == (0 if by == "even" else figures.count(None))


def test_what_is_left_over_goes_to_the_nearest_and_between_equals_by_name() -> None:
    assert targets.share_out(10, [1, 1, 1]) == [4, 3, 3]
    assert targets.share_out(100, [500, 300, 199]) == [50, 30, 20]
    # Ö comes last, as a Swede sorts.
    even = targets.propose([part("Öjersjö"), part("Zinkgruvan"), part("Åby")], "even", 4)
    assert even.numbers == {"Zinkgruvan": 2, "Åby": 1, "Öjersjö": 1}


def test_who_has_no_figure_counts_as_the_average_of_the_others() -> None:
    nodes = [part("A", members=100), part("B", members=300), part("C"), part("D", members=0)]
    proposal = targets.propose(nodes, "members", 1600)
    assert proposal.numbers == {"A": 300, "B": 900, "C": 400, "D": 0}
    assert proposal.guessed == ["C"]


def test_what_is_kept_is_left_alone_and_the_rest_shared_by_the_others() -> None:
    nodes = [part("A", members=100), part("B", members=300), part("C")]
    proposal = targets.propose(nodes, "members", 1000, {"C": 200, "elsewhere": 900})
    assert proposal.numbers == {"A": 200, "B": 600, "C": 200}
    assert (proposal.kept, proposal.guessed) == ({"C"}, [])
    with pytest.raises(Refused, match="redan mer än 100"):
        targets.propose(nodes, "even", 100, {"C": 200})


# --- the tree -----------------------------------------------------------------------------------------------


def test_each_part_has_its_target_its_result_and_what_the_plan_asks_for(cast: Cast) -> None:
    campaigns.set_target(cast.spring, cast.hageby, 3060, by=cast.bo)
    log(cast, cast.alva, number=700)
    log(cast, cast.dag, "not_home", number=9)
    tree = targets.tree(cast.spring, cast.norrkoping)
    assert (tree.node.result, tree.node.target, tree.sum, tree.missing) == (700, 5000, 3060, 1940)
    hageby, ektorp = (
        parts(cast, cast.norrkoping)["Hageby s-förening"],
        parts(cast, cast.norrkoping)["Ektorp s-förening"],
    )
    # 66 of the campaign's 306 days have gone; today is not over.
    assert (hageby.result, hageby.expected, hageby.ahead, hageby.is_behind) == (700, 660, 40, False)
    assert (hageby.agreed and hageby.agreed.set_by, ektorp.target, ektorp.expected) == ("Bo", None, None)
    assert not ektorp.is_behind


def test_the_plan_line_begins_with_nothing_and_ends_with_all(cast: Cast, later: Callable[..., Any]) -> None:
    for days, wanted in ((-100, 0), (-66, 0), (-65, 10), (239, 3050), (240, 3060), (999, 3060)):
        with later(days=days):
            assert targets.expected(cast.spring, 3060) == wanted, days
    cast.spring.rhythm = "rising"
    assert 0 < targets.expected(cast.spring, 3060) < 660


def test_a_part_whose_own_parts_do_not_add_up_is_marked(cast: Cast) -> None:
    campaigns.set_target(cast.spring, cast.hageby, 1000)
    assert parts(cast, cast.norrkoping)["Hageby s-förening"].missing is None  # nothing is broken down there yet
    campaigns.set_target(cast.spring, cast.hageby, 700, area_id=cast.hageby_north.id)
    assert parts(cast, cast.norrkoping)["Hageby s-förening"].missing == 300
    campaigns.set_target(cast.spring, cast.hageby, 400, area_id=cast.hageby_south.id)
    assert parts(cast, cast.norrkoping)["Hageby s-förening"].missing == -100
    areas.retire(cast.hageby_south, by=cast.bo)
    assert parts(cast, cast.norrkoping)["Hageby s-förening"].missing == 300


def test_an_areas_result_is_what_its_owners_people_talked_there(cast: Cast) -> None:
    log(cast, cast.alva, number=5, area=cast.hageby_north)
    log(cast, cast.dag, number=3, area=cast.hageby_north)
    log(cast, cast.alva, number=2, area=cast.ektorp_hill)
    assert {name: found.result for name, found in parts(cast, cast.hageby).items()} == {
        "Hageby norra": 5,
        "Hageby södra": 0,
    }
    # The same line, found from above, says the same.
    assert parts(cast, cast.norrkoping, is_deep=True)["Hageby norra"].result == 5
    everybodys = areas.add(cast.norrkoping, name="Centrum", by=cast.bo)
    log(cast, cast.alva, number=4, area=everybodys)
    assert parts(cast, cast.norrkoping, "areas")["Centrum"].result == 4


def test_organisations_and_own_areas_are_two_ways_and_never_one_sum(cast: Cast) -> None:
    centre = areas.add(cast.norrkoping, name="Centrum", by=cast.bo)
    campaigns.set_target(cast.spring, cast.hageby, 3000)
    campaigns.set_target(cast.spring, cast.norrkoping, 5000, area_id=centre.id)
    found = {of: targets.tree(cast.spring, cast.norrkoping, of) for of in ("", "areas")}
    assert {of: (tree.ways, tree.sum) for of, tree in found.items()} == {
        "": (["organisations", "areas"], 3000),
        "areas": (["organisations", "areas"], 5000),
    }
    assert targets.tree(cast.spring, cast.hageby).ways == ["areas"]
    assert targets.tree(cast.spring, cast.linkoping).ways == []


def test_members_are_said_or_summed_but_a_sum_with_a_gap_is_none(cast: Cast) -> None:
    def of_norrkoping() -> int | None:
        return parts(cast, cast.ostergotland)["Norrköping"].members

    organisations.set_members(cast.hageby, 120)
    assert of_norrkoping() is None
    organisations.set_members(cast.ektorp, 0)
    assert of_norrkoping() == 120
    organisations.set_members(cast.norrkoping, 900)
    assert of_norrkoping() == 900


def test_households_are_those_of_all_areas_beneath(cast: Cast) -> None:
    areas.add(cast.norrkoping, name="Centrum", households=1000, by=cast.bo)
    assert parts(cast, cast.ostergotland)["Norrköping"].households == 1850
    assert parts(cast, cast.norrkoping)["Ektorp s-förening"].households is None


def test_last_year_is_what_was_counted_then_in_any_campaign(cast: Cast) -> None:
    other = campaigns.create(
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
    earlier(cast.hageby, 2025, 9999)
    hageby = parts(cast, cast.norrkoping)["Hageby s-förening"]
    assert (hageby.last_year, hageby.last_year_is_imported) == (126 + 490, False)
    assert parts(cast, cast.hageby)["Hageby norra"].last_year == 126 + 490
    assert parts(cast, cast.hageby)["Hageby södra"].last_year is None


def test_last_year_is_else_what_the_files_say(cast: Cast) -> None:
    earlier(cast.hageby, 2025, 30, "door")
    earlier(cast.hageby, 2024, 70)
    earlier(cast.ektorp, 2025, 11, undone_at=NOW)
    earlier(cast.ektorp, 2025, 12, confirmed_at=None)
    found = parts(cast, cast.norrkoping)
    assert {name: (one.last_year, one.last_year_is_imported) for name, one in found.items()} == {
        "Hageby s-förening": (30, True),
        "Ektorp s-förening": (None, False),
    }
    assert parts(cast, cast.ostergotland)["Norrköping"].last_year == 30
    earlier(cast.norrkoping, 2025, 405)
    assert parts(cast, cast.ostergotland)["Norrköping"].last_year == 405


def test_of_two_files_the_one_confirmed_last_counts(cast: Cast, later: Callable[..., Any]) -> None:
    with later(hours=1):
        earlier(cast.hageby, 2025, 41)
    earlier(cast.hageby, 2025, 40, confirmed_at=NOW.replace(year=2025))
    assert parts(cast, cast.norrkoping)["Hageby s-förening"].last_year == 41


def test_the_list_is_searched_narrowed_and_sorted() -> None:
    def behind(by: int) -> dict[str, int]:
        return {"result": 100, "expected": 100 + by}

    def agreed_on(number: int) -> targets.Agreed:
        return targets.Agreed(number, 1, NOW, "Bo")

    found = [
        part("Ödeshög", agreed=agreed_on(50), **behind(7), code="0509"),
        part("Åtvidaberg", agreed=agreed_on(400), **behind(-3)),
        part("Boxholm", result=600),
        part("Motala", agreed=agreed_on(90), **behind(70)),
    ]

    def order(wanted: str = "", **how: Any) -> str:
        return " ".join(one.name[0] for one in targets.shown(found, wanted, **how))

    assert order() == order(sort="nothing known") == "B M Å Ö"
    assert order(sort="target") == "Å M Ö B"
    assert order(sort="result") == "B M Å Ö"
    assert order(sort="behind") == "M Ö Å B"
    assert order(sort="unset") == "B M Å Ö"
    assert order(only_behind=True) == "M Ö"
    assert order("ödes 05") == "Ö"
    assert order("å") == "Å"


# --- setting and remembering --------------------------------------------------------------------------------


def test_every_number_is_kept_with_who_and_when_and_why(cast: Cast, later: Callable[..., Any]) -> None:
    cast.bo.name = "Bo Ek"
    with later(days=2):
        campaigns.set_target(cast.spring, cast.norrkoping, 6000, note="  det går  bra ", by=cast.bo)
    found = targets.history(cast.spring, cast.norrkoping.id)
    assert [(one.number, one.before, one.set_by, one.note) for one in found] == [
        (6000, 5000, "Bo", "det går bra"),
        (5000, None, "Adam", ""),
    ]
    assert (found[0].set_at - found[1].set_at).days == 2
    assert targets.history(cast.spring, cast.hageby.id) == []


def test_a_target_is_raised_and_lowered_in_plain_words(cast: Cast, signed_in: SignedIn) -> None:
    bo, key = signed_in(cast.bo), f"target-{cast.norrkoping.id}"
    sent = {"at": cast.norrkoping.id, f"saw-{key}": "1", key: "6 000", "note": "Det går så bra"}
    bo.post(address(cast), data=sent)
    text = look(bo, address(cast))
    assert text.count("Nu höjer vi till 6 000") == 3  # said once, and told on the page and in the history
    assert "från 5 000" in text
    assert "”Det går så bra”" in text
    bo.post(address(cast), data={"at": cast.norrkoping.id, f"saw-{key}": "2", key: "4500"})
    assert "Målet sänktes till 4 500" in look(bo, address(cast))
    assert "Nu höjer vi till 6 000" in look(bo, address(cast))


def test_a_reason_is_a_few_words(cast: Cast, signed_in: SignedIn) -> None:
    key = f"target-{cast.norrkoping.id}"
    sent = {"at": cast.norrkoping.id, f"saw-{key}": "1", key: "6000", "note": "å" * 201}
    answer = signed_in(cast.bo).post(address(cast), data=sent)
    assert (answer.status_code, wrong_fields(answer.text)) == (422, {"note"})
    assert agreed(cast) == {"Norrköping": 5000}


def test_targets_are_broken_down_on_one_page(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    assert sum_line(look(bo, address(cast))) == "Delarna är 0 av 5 000 – 5 000 saknas"
    for hageby, ektorp, said in (
        ("3 000", "1500", "Delarna är 4 500 av 5 000 – 500 saknas"),
        ("3 000", "2000", "Delarna är 5 000 av 5 000 – det går jämnt ut"),
        ("", "2100", "Delarna är 5 100 av 5 000 – 100 för mycket"),  # an empty field takes nothing back
        ("3000", "0", "Delarna är 3 000 av 5 000 – 2 000 saknas"),
    ):
        sent = fields(bo.get(address(cast)).text)
        sent |= {f"target-{cast.hageby.id}": hageby, f"target-{cast.ektorp.id}": ektorp}
        assert bo.post(address(cast), data=sent).status_code == 303
        assert sum_line(look(bo, address(cast))) == said
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 3000, "Ektorp s-förening": 0}
    assert "Satt 6 maj av Bo" in look(bo, address(cast))


def test_a_list_sent_as_it_stands_changes_nothing(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    bo.post(address(cast), data=fields(bo.get(address(cast)).text))
    assert "Inget mål var ändrat." in look(bo, address(cast))
    assert db.session.query(Target).count() == 1


def test_without_a_target_of_its_own_only_the_sum_is_told(cast: Cast, signed_in: SignedIn) -> None:
    campaigns.set_target(cast.spring, cast.hageby, 20, area_id=cast.hageby_north.id)
    text = look(signed_in(cast.bo), address(cast, at=cast.hageby.id))
    assert sum_line(text) == "Delarna är tillsammans 20. Inget mål är satt för Hageby s-förening."
    assert "Sätt målet" in text
    assert "Delarna under är 20" in look(signed_in(cast.bo), address(cast))


def test_an_area_gets_a_target_from_its_association(cast: Cast, signed_in: SignedIn) -> None:
    people.grant(cast.dag, "leader", cast.hageby)
    dag, where = signed_in(cast.dag), address(cast, at=cast.hageby.id)
    for number in ("300", "350"):
        sent = fields(dag.get(where).text) | {f"area-{cast.hageby_north.id}": number}
        assert dag.post(where, data=sent).status_code == 303
    north = parts(cast, cast.hageby)["Hageby norra"]
    assert (north.target, north.revision) == (350, 2)
    assert "Så har målet ändrats i Hageby norra" in look(
        dag, address(cast, at=cast.hageby.id, area=cast.hageby_north.id)
    )
    assert dag.get(address(cast, at=cast.hageby.id, area=cast.ektorp_hill.id)).status_code == 404
    # He logs in Ektorp, so he sees its ground.
    assert dag.post(where, data={f"area-{cast.ektorp_hill.id}": "9"}).status_code == 403


def test_one_wrong_target_saves_none_and_all_that_was_typed_stays(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    sent = fields(bo.get(address(cast)).text)
    sent |= {f"target-{cast.ektorp.id}": "-1", f"target-{cast.hageby.id}": "3000"}
    answer = bo.post(address(cast), data=sent)
    assert answer.status_code == 422
    assert wrong_fields(answer.text) == {f"target-{cast.ektorp.id}"}
    assert "Inget är sparat än." in answer.text
    assert "Ektorp s-förening: Målet ska vara ett heltal" in answer.text
    assert fields(answer.text) == sent
    assert sum_line(plain(answer.text)).startswith("Delarna är 3 000 av 5 000")
    assert agreed(cast) == {"Norrköping": 5000}
    answer = bo.post(address(cast), data=sent | {f"target-{cast.ektorp.id}": "många"})
    assert (answer.status_code, fields(answer.text)[f"target-{cast.ektorp.id}"]) == (422, "många")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(cast: Cast, signed_in: SignedIn) -> None:
    campaigns.set_target(cast.spring, cast.hageby, 1000, by=cast.bo)
    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    hageby, ektorp = f"target-{cast.hageby.id}", f"target-{cast.ektorp.id}"
    bos, adams = (fields(client.get(address(cast)).text) for client in (bo, adam))
    bo.post(address(cast), data=bos | {hageby: "1200"})
    answer = adam.post(address(cast), data=adams | {hageby: "1300", ektorp: "40"})
    assert (answer.status_code, wrong_fields(answer.text)) == (422, {hageby})
    assert "Bo satte 1 200 medan du skrev 1 300." in plain(answer.text)
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 1200}  # all or nothing
    # Having seen both numbers, Adam may insist.
    again = fields(answer.text)
    assert (again[hageby], again[ektorp]) == ("1300", "40")
    assert adam.post(address(cast), data=again).status_code == 303
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 1300, "Ektorp s-förening": 40}


def test_what_one_did_not_touch_is_left_as_the_other_set_it(cast: Cast, signed_in: SignedIn) -> None:
    campaigns.set_target(cast.spring, cast.hageby, 1000, by=cast.bo)
    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    hageby, ektorp = f"target-{cast.hageby.id}", f"target-{cast.ektorp.id}"
    bos, adams = (fields(client.get(address(cast)).text) for client in (bo, adam))
    bo.post(address(cast), data=bos | {hageby: "1200", ektorp: "40"})
    # A slip of his own on the way changes nothing: the thousand he never touched is still not his word.
    answer = adam.post(address(cast), data=adams | {ektorp: "x"})
    assert wrong_fields(answer.text) == {ektorp}
    # And where they agree there is nothing to quarrel about.
    assert adam.post(address(cast), data=fields(answer.text) | {ektorp: "40"}).status_code == 303
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 1200, "Ektorp s-förening": 40}


def test_a_slip_elsewhere_does_not_hide_what_somebody_else_changed(cast: Cast, signed_in: SignedIn) -> None:
    bo, adam = signed_in(cast.bo), signed_in(cast.adam)
    hageby, ektorp = f"target-{cast.hageby.id}", f"target-{cast.ektorp.id}"
    adams = fields(adam.get(address(cast)).text)
    answer = adam.post(address(cast), data=adams | {hageby: "1300", ektorp: "x"})
    bo.post(address(cast), data={hageby: "1200"})
    answer = adam.post(address(cast), data=fields(answer.text) | {ektorp: "y"})
    assert wrong_fields(answer.text) == {hageby, ektorp}
    assert agreed(cast)["Hageby s-förening"] == 1200


def test_of_two_leaders_in_the_same_moment_one_is_told(app: Flask, cast: Cast) -> None:
    spring_id, hageby_id, leaders = cast.spring.id, cast.hageby.id, {cast.bo.id: 1200, cast.adam.id: 1300}
    db.session.commit()
    told, at_once = [], threading.Barrier(2)

    def set_hageby(person_id: str, number: int) -> None:
        with app.app_context():
            person, hageby = db.session.get_one(Person, person_id), db.session.get_one(Organisation, hageby_id)
            spring = db.session.get_one(Campaign, spring_id)
            db.session.rollback()
            at_once.wait()
            try:
                targets.save(spring, {"hageby": Wish(hageby, "", number, 0)}, by=person)
                db.session.commit()
            except Refused as refused:
                told.append(refused.errors)
                db.session.rollback()

    threads = [threading.Thread(target=set_hageby, args=one) for one in leaders.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [list(errors) for errors in told] == [["hageby"]]
    assert [one.number in leaders.values() for one in targets.history(cast.spring, hageby_id)] == [True]


# --- the page -----------------------------------------------------------------------------------------------


def test_a_proposal_fills_in_the_fields_and_saves_nothing(cast: Cast, signed_in: SignedIn) -> None:
    organisations.set_members(cast.hageby, 300)
    organisations.set_members(cast.ektorp, 100)
    bo, hageby, ektorp = signed_in(cast.bo), f"target-{cast.hageby.id}", f"target-{cast.ektorp.id}"
    answer = bo.get(address(cast, by="members"))
    sent = fields(answer.text)
    assert (sent[hageby], sent[ektorp]) == ("3750", "1250")
    assert "Förslag, inte sparat än." in answer.text
    assert sum_line(plain(answer.text)) == "Delarna är 5 000 av 5 000 – det går jämnt ut"
    assert agreed(cast) == {"Norrköping": 5000}
    bo.post(address(cast), data=sent)
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 3750, "Ektorp s-förening": 1250}
    kept = fields(bo.get(address(cast, by="even", number="2 000", keep=f"{cast.hageby.id}:1800")).text)
    assert (kept[hageby], kept[ektorp]) == ("1800", "200")


def test_a_proposal_says_who_had_no_figure_and_when_nobody_had(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    text = look(bo, address(cast, by="households"))
    assert "En saknar antal hushåll och har räknats som genomsnittet av de andra:" in text
    assert fields(text)[f"target-{cast.ektorp.id}"] == "2500"
    for by, said in (("members", "Ingen av dem har ett medlemstal."), ("last_year", "något resultat från förra året")):
        assert said in look(bo, address(cast, by=by))
    assert "Skriv hur många samtal" in look(bo, address(cast, at=cast.hageby.id, by="even"))
    assert "Det som ska behållas är redan mer än" in look(bo, address(cast, by="even", keep=f"{cast.hageby.id}:9000"))
    for slip in ({"by": "force"}, {"by": "even", "keep": "x"}, {"by": "even", "number": "9" * 30}):
        assert bo.get(address(cast, **slip)).status_code == 200


def test_where_last_years_figures_come_from_is_said(cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    assert "Samtalen 2025" not in look(bo, address(cast))
    earlier(cast.ektorp, 2025, 50)
    assert "Samtalen 2025 är tagna ur tidigare års siffror." in look(bo, address(cast))
    log(cast, cast.alva, number=8, days_ago=200)
    assert "räknade här där det finns några, annars tagna ur tidigare års siffror." in look(bo, address(cast))


def test_a_narrowed_list_changes_only_what_it_shows_and_the_sum_counts_the_rest(
    cast: Cast, signed_in: SignedIn
) -> None:
    bo = signed_in(cast.bo)
    campaigns.set_target(cast.spring, cast.hageby, 3000)
    campaigns.set_target(cast.spring, cast.ektorp, 600)
    log(cast, cast.dag, number=500)
    text = look(bo, address(cast, behind="yes"))
    assert names(text) == ["Hageby s-förening"]
    assert sum_line(text) == "Delarna är 3 600 av 5 000 – 1 400 saknas"
    assert 'data-others="600"' in text
    sent = fields(text) | {f"target-{cast.hageby.id}": "4000"}
    answer = bo.post(address(cast), data=sent)
    assert "behind=yes" in answer.headers["Location"]
    assert agreed(cast) == {"Norrköping": 5000, "Hageby s-förening": 4000, "Ektorp s-förening": 600}
    # What was typed comes back, though the association has caught up meanwhile.
    sent = fields(look(bo, address(cast, behind="yes"))) | {f"target-{cast.hageby.id}": "x"}
    log(cast, cast.alva, number=4000)
    assert names(plain(bo.post(address(cast), data=sent).text)) == ["Hageby s-förening"]


def test_a_search_goes_through_all_levels_beneath(cast: Cast, signed_in: SignedIn) -> None:
    year = campaigns.create(
        cast.ostergotland,
        name="Distriktets år",
        kind="listen",
        starts_on=NOW.date(),
        ends_on=NOW.date(),
        channels=["door"],
        topics=[],
        target=900,
    )
    adam = signed_in(cast.adam)
    where = f"/campaigns/{year.id}/targets"
    text = look(adam, f"{where}?q=hageby")
    assert names(text) == ["Hageby norra", "Hageby s-förening", "Hageby södra"]
    assert "Norrköping › Hageby s-förening" in text
    assert len(names(look(adam, f"{where}?all=yes"))) == 7
    assert names(look(adam, where)) == ["Linköping", "Norrköping"]
    assert "Ingen passar" in look(adam, f"{where}?q=ingenstans")
    sent = fields(text) | {f"target-{cast.hageby.id}": "90", f"area-{cast.hageby_north.id}": "30"}
    adam.post(where, data=sent)
    assert campaigns.targets(year) == {cast.ostergotland.id: 900, cast.hageby.id: 90}
    assert targets.tree(year, cast.hageby).sum == 30
    assert "Nedbrytningen under saknar 60" in look(adam, f"{where}?at={cast.norrkoping.id}")
    assert "Delarna under är 90" in look(adam, where)


def test_a_leader_sets_the_targets_of_their_own_part_only(cast: Cast, signed_in: SignedIn) -> None:
    people.grant(cast.dag, "leader", cast.ektorp)
    dag, where = signed_in(cast.dag), address(cast)
    for organisation, status in [(cast.ektorp, 303), (cast.norrkoping, 403), (cast.hageby, 404), (cast.partille, 404)]:
        assert dag.post(where, data={f"target-{organisation.id}": "7"}).status_code == status, organisation.name
    both = {f"target-{cast.ektorp.id}": "9", f"target-{cast.norrkoping.id}": "9"}
    assert dag.post(where, data=both).status_code == 403
    assert agreed(cast) == {"Norrköping": 5000, "Ektorp s-förening": 7}
    assert "Mål för Ektorp s-förening" in look(dag, where)


def test_the_doors_to_the_targets_are_shut(cast: Cast, signed_in: SignedIn, stranger: FlaskClient) -> None:
    where = f"/campaigns/{cast.spring.id}/targets"
    for who, status in ((cast.alva, 403), (cast.cia, 403), (cast.esa, 404)):
        browser = signed_in(who)
        assert browser.get(where).status_code == status, who.name
        assert browser.post(where, data={f"target-{cast.norrkoping.id}": "7"}).status_code == status, who.name
    assert stranger.get(where).status_code == 303
    assert stranger.post(where, data={f"target-{cast.norrkoping.id}": "7"}).status_code == 401
    bo = signed_in(cast.bo)
    assert bo.get(f"{where}?at={cast.ostergotland.id}").status_code == 404
    assert bo.post(where, data={f"target-{cast.linkoping.id}": "7"}).status_code == 404
    assert agreed(cast) == {"Norrköping": 5000}


@pytest.mark.parametrize("engine_app", ["sqlite"], indirect=True)
def test_the_whole_country_asks_no_more_than_one_association(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    organisations.import_sweden()
    party = next(node for node in organisations.children(None) if node.kind == "national")
    municipals = [node for _depth, node in organisations.tree([party.id]) if node.kind == "municipal"]
    new = [
        {"id": db.new_id(), "kind": "association", "name": f"{node.name} {which}", "parent_id": node.id, "code": ""}
        for node in municipals
        for which in ("norra", "södra", "östra")
    ]
    db.session.execute(Organisation.__table__.insert(), [{**one, "created_at": NOW} for one in new])
    year = campaigns.create(
        party,
        name="Riksåret",
        kind="listen",
        starts_on=date(2026, 1, 1),
        ends_on=date(2026, 12, 31),
        channels=["door"],
        topics=[],
        target=200_000,
    )
    targets = [{"organisation_id": one["id"], "revision": revision} for one in new for revision in (1, 2)]
    rows = [{**one, "id": db.new_id(), "campaign_id": year.id, "area_id": "", "note": ""} for one in targets]
    db.session.execute(Target.__table__.insert(), [{**row, "number": 200, "set_at": NOW} for row in rows])
    ground = [{"id": db.new_id(), "organisation_id": one["id"], "code": "1", "name": "Centrum"} for one in new]
    db.session.execute(Area.__table__.insert(), [{**one, "housing": "", "created_at": NOW} for one in ground])
    tallies.move({tallies.Cell(year.id, "channel", str(one["id"]), "door", "talked"): 100 for one in new})
    people.grant(cast.bo, "leader", party)
    bo, where = signed_in(cast.bo), f"/campaigns/{year.id}/targets"

    def asked(address: str) -> int:
        bo.get(address)
        with questions() as seen:
            assert bo.get(address).status_code == 200
        return len(seen)

    alone = asked(f"{where}?at={cast.hageby.id}&all=yes")
    for address in (where, f"{where}?q=norra&behind=yes&sort=behind", f"{where}?all=yes", f"{where}?by=even"):
        assert asked(address) <= alone, address
    assert len(names(look(bo, where))) == 26
    text = look(bo, f"{where}?q=vingåker+södra")
    assert names(text) == ["Vingåker södra"]
    assert "Sörmland › Vingåker" in text
    text = look(bo, f"{where}?all=yes")
    assert len(names(text)) == 100
    assert "till finns. Sök för att hitta dem." in text
