"""The list of parts: searched, narrowed, sorted, and saved as it is shown."""

from __future__ import annotations

from typing import Any

from canvass.fieldwork import targets
from canvass.insight.targets import lists, trees
from canvass.insight.targets.parts import Agreed
from tests.cast import Cast, log, new_campaign
from tests.conftest import NOW
from tests.insight.targets.common import SignedIn, address, agreed, fields, look, names, part, plain, sum_line


def test_the_list_is_searched_narrowed_and_sorted() -> None:
    def behind(by: int) -> dict[str, int]:
        return {"result": 100, "ahead": -by}

    def agreed_on(number: int) -> Agreed:
        return Agreed(number, 1, NOW, "Bo")

    found = [
        part("Ödeshög", agreed=agreed_on(50), **behind(7), code="0509"),
        part("Åtvidaberg", agreed=agreed_on(400), **behind(-3)),
        part("Boxholm", result=600),
        part("Motala", agreed=agreed_on(90), **behind(70)),
    ]

    def order(wanted: str = "", **how: Any) -> str:
        return " ".join(one.name[0] for one in lists.shown(found, wanted, **how))

    assert order() == order(sort="nothing known") == "B M Å Ö"
    assert order(sort="target") == "Å M Ö B"
    assert order(sort="result") == "B M Å Ö"
    assert order(sort="behind") == "M Ö Å B"
    assert order(sort="unset") == "B M Å Ö"
    assert order(only_behind=True) == "M Ö"
    assert order("ödes 05") == "Ö"
    assert order("å") == "Å"


def test_a_narrowed_list_changes_only_what_it_shows_and_the_sum_counts_the_rest(
    cast: Cast, signed_in: SignedIn
) -> None:
    bo = signed_in(cast.bo)
    targets.agree(cast.spring, cast.hageby, 3000)
    targets.agree(cast.spring, cast.ektorp, 600)
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
    year = new_campaign(
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
    assert targets.agreed(year) == {cast.ostergotland.id: 900, cast.hageby.id: 90}
    assert trees.tree(year, cast.hageby).sum == 30
    assert "Nedbrytningen under saknar 60" in look(adam, f"{where}?at={cast.norrkoping.id}")
    assert "Delarna under är 90" in look(adam, where)
