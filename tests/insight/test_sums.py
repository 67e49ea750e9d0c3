"""The sums of each level: what is cached is always what the counters say, and never what was not committed."""

from __future__ import annotations

from random import Random

from canvass.core import db
from canvass.counting import tallies
from canvass.counting.tallies import Count
from canvass.insight import sums
from canvass.members import organisations
from canvass.members.organisations import Organisation
from tests.cast import Cast, log
from tests.conftest import questions


def agree(cast: Cast) -> None:
    """At every node, the sums are what the counters add up to when all of them are read."""
    db.session.commit()
    db.read_only()
    reading = sums.Reading(cast.spring.id)
    for node in db.session.query(Organisation):
        here = organisations.beneath(node.id)
        found = reading.of(node.id)
        for dimension in sums.DIMENSIONS:
            counts = {key: count for key, count in found.get(dimension, {}).items() if count.attempts}
            expected = tallies.by(dimension, cast.spring.id, here).items()
            assert counts == {key: count for key, count in expected if count.attempts}, (node.name, dimension)
        assert reading.total(node.id) == tallies.total(cast.spring.id, here)
    db.session.rollback()


def test_every_level_adds_up_whatever_is_logged_and_moved(cast: Cast) -> None:
    random = Random(5)
    agree(cast)
    for _ in range(12):
        who = random.choice([cast.alva, cast.dag, cast.bo])
        log(cast, who, random.choice(["talked", "not_home"]), random.randint(1, 9), days_ago=random.randint(0, 3))
        agree(cast)
    organisations.move(cast.hageby, cast.linkoping)
    agree(cast)
    log(cast, cast.alva, topics=["Skolan"])
    agree(cast)


def test_two_that_change_places_are_told_apart(cast: Cast) -> None:
    log(cast, cast.alva, number=3)
    log(cast, cast.dag, number=5)
    organisations.move(cast.ektorp, cast.linkoping)
    agree(cast)
    organisations.move(cast.hageby, cast.linkoping)
    organisations.move(cast.ektorp, cast.norrkoping)
    agree(cast)


def test_what_is_not_committed_is_not_cached(cast: Cast) -> None:
    agree(cast)
    log(cast, cast.alva, number=40)
    assert sums.Reading(cast.spring.id).total(cast.ostergotland.id) == Count(40, 40)
    db.session.rollback()
    log(cast, cast.alva, number=2)
    agree(cast)


def test_only_what_has_changed_is_read_again(cast: Cast) -> None:
    log(cast, cast.alva)
    log(cast, cast.dag)
    agree(cast)
    db.read_only()
    with questions() as asked:
        sums.Reading(cast.spring.id).of(cast.ostergotland.id)
    assert not [question for question in asked if "tallies" in question]
    db.session.rollback()
    log(cast, cast.dag)
    db.session.commit()
    db.read_only()
    with questions() as asked:
        sums.Reading(cast.spring.id).of(cast.ostergotland.id)
    assert len([question for question in asked if "tallies" in question]) == 1


def test_no_more_than_a_few_campaigns_are_kept_in_memory(cast: Cast) -> None:
    db.session.rollback()
    db.read_only()
    for number in range(sums.MOST_CAMPAIGNS + 3):
        sums.Reading(f"campaign {number}")
    assert list(sums._cache) == [f"campaign {number}" for number in range(3, sums.MOST_CAMPAIGNS + 3)]


def test_what_is_the_nodes_own_is_what_none_beneath_has(cast: Cast) -> None:
    log(cast, cast.bo, number=4)
    log(cast, cast.alva, number=3)
    reading = sums.Reading(cast.spring.id)
    assert (reading.own(cast.norrkoping.id), reading.own(cast.hageby.id)) == (Count(4, 4), Count(3, 3))
