"""Days out of the ordinary: a question to the team, then to its leader, and never an accusation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from canvass.counting.tallies import Count
from canvass.insight import plausibility
from canvass.members import organisations, people
from canvass.members.people import Person
from tests.cast import Cast, log

SignedIn = Callable[[Person], FlaskClient]


def asked(cast: Cast, person: Person) -> list[tuple[str, str]]:
    """What the person is asked: the team and the kind of each question."""
    questions = plausibility.questions(cast.spring, person, cast.norrkoping)
    return [(question.organisation.name, question.kind) for question in questions]


@pytest.mark.parametrize(
    ("channel", "count", "pace", "expected"),
    [
        ("door", Count(60, 15), 40, []),
        ("door", Count(60, 58), 40, ["high"]),
        ("door", Count(600, 0), 40, ["low"]),
        ("door", Count(10, 10), 10, []),  # chance
        ("door", Count(40, 28), 40, []),  # much, but not beyond doubt
        ("phone", Count(100, 98), 30, ["high"]),
        ("stall", Count(100, 100), 50, []),  # only those who stop are counted
        ("door", Count(400, 60), 151, ["fast"]),
        ("door", Count(400, 398), 151, ["high", "fast"]),
    ],
)
def test_only_what_chance_does_not_explain_is_asked_about(
    channel: str, count: Count, pace: int, expected: list[str]
) -> None:
    assert list(plausibility.kinds(channel, count, pace)) == expected


def test_the_team_is_asked_first_and_its_leader_two_days_later(cast: Cast, later: Callable[..., Any]) -> None:
    log(cast, cast.alva, number=48)
    log(cast, cast.alva, "not_home", 2)
    assert asked(cast, cast.alva) == [("Hageby s-förening", "high")]
    assert asked(cast, cast.bo) == asked(cast, cast.dag) == []
    with later(days=2):
        assert asked(cast, cast.bo) == [("Hageby s-förening", "high")]
        assert asked(cast, cast.dag) == []  # another team's day is none of theirs
        assert asked(cast, cast.cia) == []
    with later(days=15):
        assert asked(cast, cast.alva) == asked(cast, cast.bo) == []


def test_an_answer_ends_the_question_and_a_no_is_told_to_the_leader(cast: Cast, later: Callable[..., Any]) -> None:
    log(cast, cast.alva, number=50)
    [question] = plausibility.questions(cast.spring, cast.alva, cast.norrkoping)
    plausibility.answer(question, cast.spring, "wrong", by=cast.alva)
    assert asked(cast, cast.alva) == []
    assert asked(cast, cast.bo) == [("Hageby s-förening", "high")]
    plausibility.answer(question, cast.spring, "right", by=cast.bo)
    with later(days=3):
        assert asked(cast, cast.bo) == asked(cast, cast.alva) == []
    with pytest.raises(ValueError, match="maybe"):
        plausibility.answer(question, cast.spring, "maybe", by=cast.bo)


def test_pace_is_that_of_one_phone_in_one_hour(cast: Cast) -> None:
    friend = people.add("Fia", cast.hageby)
    people.grant(friend, "volunteer", cast.hageby)
    for who in (cast.alva, friend):
        for _ in range(3):
            log(cast, who, "not_home", 30)
            log(cast, who, "talked", 10)
    assert asked(cast, cast.alva) == []  # 120 an hour each, not 240
    log(cast, cast.alva, "not_home", 31)
    [question] = plausibility.found(cast.spring, organisations.beneath(cast.norrkoping.id))
    assert (question.kind, question.pace, question.count) == ("fast", 151, Count(271, 60))


def test_the_page_asks_without_accusing_and_takes_the_answer(cast: Cast, signed_in: SignedIn) -> None:
    log(cast, cast.alva, number=50)
    page = signed_in(cast.alva).get(f"/campaigns/{cast.spring.id}").text
    assert "Stämmer det här?" in page
    assert "Det är ovanligt många." in page
    facts = {"organisation": cast.hageby.id, "day": "2026-05-06", "channel": "door", "kind": "high", "answer": "right"}
    # Dag is of another team: the question is not his to answer.
    signed_in(cast.dag).post(f"/campaigns/{cast.spring.id}/plausibility", data=facts)
    assert asked(cast, cast.alva)
    answer = signed_in(cast.alva).post(f"/campaigns/{cast.spring.id}/plausibility", data=facts)
    assert answer.status_code == 303
    assert asked(cast, cast.alva) == []
    assert "Stämmer det här?" not in signed_in(cast.alva).get(f"/campaigns/{cast.spring.id}").text


def test_no_name_of_a_volunteer_stands_in_a_question(
    cast: Cast, signed_in: SignedIn, later: Callable[..., Any]
) -> None:
    log(cast, cast.alva, number=50)
    with later(days=3):
        page = signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}").text
    assert "Stämmer det här?" in page
    assert "Alva" not in page
