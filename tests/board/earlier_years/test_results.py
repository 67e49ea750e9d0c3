"""Results: what a year was, from files and from the counters, one beside the other."""

from __future__ import annotations

from canvass.board.earlier_years import results
from canvass.board.earlier_years.results import Year
from canvass.counting import tallies
from canvass.members import organisations
from tests.board.earlier_years.common import bring_in
from tests.cast import Cast, log


def test_the_figure_for_all_ways_wins_over_the_separate_ones(cast: Cast) -> None:
    bring_in(cast, (cast.hageby, 2025, 30), channel="door", target="40")
    bring_in(cast, (cast.hageby, 2025, 12), channel="phone", target="10")
    assert results.compare(cast.hageby) == [Year(2025, True, 42, 50)]
    bring_in(cast, (cast.hageby, 2025, 45))
    bring_in(cast, (cast.hageby, 2025, 31), channel="door")
    assert results.compare(cast.hageby) == [Year(2025, True, 45, None)]


def test_what_is_said_of_the_whole_wins_over_the_sum_of_its_parts(cast: Cast) -> None:
    bring_in(cast, (cast.hageby, 2025, 30), (cast.ektorp, 2025, 20))
    everybody = [cast.ostergotland.id, cast.norrkoping.id, cast.hageby.id, cast.linkoping.id]
    assert results.results(everybody, 2025) == {
        cast.ostergotland.id: 50,
        cast.norrkoping.id: 50,
        cast.hageby.id: 30,
    }
    bring_in(cast, (cast.norrkoping, 2025, 70))
    assert results.results(everybody, 2025)[cast.ostergotland.id] == 70


def test_years_counted_here_stand_beside_the_imported(cast: Cast) -> None:
    log(cast, cast.alva, number=7)
    log(cast, cast.dag, number=3)
    log(cast, cast.alva, number=4, days_ago=200)  # last autumn
    bring_in(cast, (cast.norrkoping, 2025, 90))
    assert results.compare(cast.norrkoping) == [
        Year(2026, False, 10, 5000),
        Year(2025, True, 90, None),
        Year(2025, False, 4, None),
    ]
    assert results.results(organisations.beneath(cast.norrkoping.id), 2025) == {
        cast.norrkoping.id: 90,
        cast.hageby.id: 4,
    }
    assert results.results([cast.norrkoping.id], 2026) == {cast.norrkoping.id: 10}


def test_imported_results_are_never_counted_as_this_years(cast: Cast) -> None:
    bring_in(cast, (cast.hageby, 2025, 100))
    assert tallies.total(cast.spring.id, organisations.beneath(cast.norrkoping.id)) == (0, 0)
