"""Proposals: a number shared out to the last conversation, shown in the fields, and saved only when sent."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canvass.core.refusals import Refused
from canvass.fieldwork import targets
from canvass.insight.targets import proposals
from canvass.members import organisations
from tests.cast import Cast, log
from tests.insight.targets.common import SignedIn, address, agreed, earlier, fields, look, part, plain, sum_line

NUMBERS = st.integers(0, targets.LARGEST_TARGET)
WEIGHTS = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=40).filter(any)


@settings(max_examples=100, deadline=None)
@given(NUMBERS, WEIGHTS)
def test_shares_sum_to_the_number_and_follow_the_weights(number: int, weights: list[int]) -> None:
    shares = proposals.share_out(number, weights)
    assert sum(shares) == number
    assert min(shares) >= 0
    by_weight = sorted(zip(weights, shares, strict=True))
    for (lighter, less), (heavier, more) in pairwise(by_weight):
        assert less <= more or lighter == heavier
    for weight, share in zip(weights, shares, strict=True):
        assert abs(share - number * weight / sum(weights)) < 1 + number * 1e-9


@settings(max_examples=100, deadline=None)
@given(NUMBERS, st.lists(st.none() | st.integers(0, 5000), min_size=1, max_size=20), st.sampled_from(proposals.BASES))
def test_a_proposal_gives_everything_away_and_nothing_twice(number: int, figures: list[int | None], by: str) -> None:
    nodes = [part(f"n{at:02}", **({} if by == "even" else {by: figure})) for at, figure in enumerate(figures)]
    if by != "even" and not any(figures):
        with pytest.raises(Refused):
            proposals.propose(nodes, by, number)
        return
    proposal = proposals.propose(nodes, by, number)
    assert list(proposal.numbers) == [node.id for node in nodes]
    assert sum(proposal.numbers.values()) == number
    assert proposal == proposals.propose(nodes[::-1], by, number)  # whatever order they come in
    assert len(proposal.guessed) == (0 if by == "even" else figures.count(None))


def test_what_is_left_over_goes_to_the_nearest_and_between_equals_by_name() -> None:
    assert proposals.share_out(10, [1, 1, 1]) == [4, 3, 3]
    assert proposals.share_out(100, [500, 300, 199]) == [50, 30, 20]
    # Ö comes last, as a Swede sorts.
    even = proposals.propose([part("Öjersjö"), part("Zinkgruvan"), part("Åby")], "even", 4)
    assert even.numbers == {"Zinkgruvan": 2, "Åby": 1, "Öjersjö": 1}


def test_who_has_no_figure_counts_as_the_average_of_the_others() -> None:
    nodes = [part("A", members=100), part("B", members=300), part("C"), part("D", members=0)]
    proposal = proposals.propose(nodes, "members", 1600)
    assert proposal.numbers == {"A": 300, "B": 900, "C": 400, "D": 0}
    assert proposal.guessed == ["C"]


def test_what_is_kept_is_left_alone_and_the_rest_shared_by_the_others() -> None:
    nodes = [part("A", members=100), part("B", members=300), part("C")]
    proposal = proposals.propose(nodes, "members", 1000, {"C": 200, "elsewhere": 900})
    assert proposal.numbers == {"A": 200, "B": 600, "C": 200}
    assert (set(proposal.kept), proposal.guessed) == ({"C"}, [])
    with pytest.raises(Refused, match="redan mer än 100"):
        proposals.propose(nodes, "even", 100, {"C": 200})


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
    said = "Samtalen 2025 är inlästa där sådana siffror finns, annars räknade här, som på sidan Tidigare år."
    assert said in look(bo, address(cast))
    assert "Samtalen 2025" not in look(bo, address(cast, at=cast.hageby.id))
    log(cast, cast.alva, number=8, days_ago=200, area=cast.hageby_north)
    assert "räknade här, i alla kampanjer det året." in look(bo, address(cast, at=cast.hageby.id))
