"""Summaries: what came of a shift, in a sentence of thanks."""

from __future__ import annotations

import pytest

from canvass.counting import summaries
from tests.cast import Cast, log, plan_shift


@pytest.mark.parametrize(
    ("channel", "outcomes", "sentence"),
    [
        ("door", {"talked": 87, "not_home": 860, "refused": 40, "inaccessible": 0, "come_back": 13},
         "87 samtal, 14\N{NO-BREAK SPACE}% öppnade, tack!"),
        ("door", {"talked": 1, "inaccessible": 3}, "1 samtal, 25\N{NO-BREAK SPACE}% öppnade, tack!"),
        ("phone", {"talked": 10, "no_answer": 25, "wrong_number": 5, "refused": 10},
         "10 samtal, 40\N{NO-BREAK SPACE}% svarade, tack!"),
        ("stall", {"talked": 30, "refused": 70}, "30 samtal, 30\N{NO-BREAK SPACE}% pratade, tack!"),
        ("door", {}, "0 samtal, tack!"),
    ],
)  # fmt: skip
def test_the_thanks_say_what_came_of_it(cast: Cast, channel: str, outcomes: dict[str, int], sentence: str) -> None:
    shift = plan_shift(cast, channel=channel, hours=-5)
    for outcome, number in outcomes.items():
        if number:
            log(cast, cast.alva, outcome, number, channel=channel, shift=shift)
    log(cast, cast.alva, "talked", 500, channel=channel)  # on no shift
    log(cast, cast.alva, "talked", 500, channel=channel, shift=plan_shift(cast))  # on another
    assert summaries.summary(shift).sentence == sentence


def test_guests_from_another_association_count_on_the_shift(cast: Cast) -> None:
    shift = plan_shift(cast, hours=-5)
    log(cast, cast.alva, number=3, shift=shift)
    log(cast, cast.dag, number=4, shift=shift)
    assert summaries.summary(shift).conversations == 7
