"""A burn-up in words: where it is heading, how it is doing against the plan, and what it takes."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from typing import Any

import pytest

from canvass.insight.forecasts import paces, sentences
from canvass.insight.forecasts.burn_ups import BurnUp
from canvass.insight.forecasts.intervals import Forecast, Point
from tests.insight.forecasts.ten_weeks import FIRST, LAST, TODAY, burn_up, plain

NOT_ENOUGH = "Det räcker passen inte till. Bli fler, eller se över målet."


def said(found: BurnUp) -> str:
    return plain(" ".join(sentences.sentences(found).all))


def foreseen(low: int, high: int, target: int | None, so_far: int = 3000, **more: Any) -> BurnUp:
    """In the middle of a campaign that is taken to end between these."""
    band = [Point(LAST, low, (low + high) // 2, high)]
    given: dict[str, Any] = {
        "first": FIRST, "last": LAST, "today": TODAY, "so_far": so_far, "result": [so_far], "plan": [],
        "targets": [(FIRST, target)] if target else [], "forecast": Forecast(band=band, pace_days=14), "pace": None,
    }  # fmt: skip
    return BurnUp(**(given | more))


@pytest.mark.parametrize(
    ("low", "high", "target", "sentence"),
    [
        (4113, 4587, 5000, "FORTNIGHT: 4 100–4 600 av 5 000. I den takten når ni troligen inte målet."),
        (4113, 5587, 5000, "FORTNIGHT: 4 000–5 600 av 5 000. Målet är inom räckhåll, men inte säkert."),
        (4113, 5587, 4500, "FORTNIGHT: 4 000–5 600 av 4 500. Målet är inom räckhåll, men inte säkert."),
        (5113, 5587, 5000, "FORTNIGHT: 5 100–5 600 av 5 000. Ni är på väg att nå målet."),
        (4113, 4587, None, "FORTNIGHT: 4 100–4 600 samtal."),
        (4113, 4587, 2500, "Målet är nått! FORTNIGHT: 4 100–4 600 samtal."),
    ],
)
def test_the_forecast_in_words(low: int, high: int, target: int | None, sentence: str) -> None:
    expected = sentence.replace("FORTNIGHT", "Med takten de senaste 14 dagarna")
    assert said(foreseen(low, high, target)) == expected


def test_a_short_campaign_speaks_of_the_pace_so_far() -> None:
    short = Forecast(band=[Point(LAST, 41, 50, 63)], pace_days=9, is_whole=True)
    assert said(foreseen(0, 0, 100, so_far=30, forecast=short)).startswith("Med takten hittills: 40–65 av 100.")
    assert said(foreseen(0, 0, None, so_far=30, forecast=short)) == "Med takten hittills: 40–65 samtal."


def test_too_little_data_says_so_and_what_it_waits_for() -> None:
    assert said(burn_up({FIRST: 3}, FIRST + timedelta(2), 700)) == (
        "Det är för tidigt för en prognos. Den kommer när en vecka har gått och ni har samtalat minst tre dagar. "
        "Ni ligger 17 samtal efter planen. Ni behöver 72 samtal i veckan."
    )


def test_before_the_start_one_hears_when_it_begins_and_what_it_takes() -> None:
    assert said(burn_up({}, FIRST - timedelta(3))) == "Kampanjen börjar 2 mars. Ni behöver 500 samtal i veckan."


@pytest.mark.parametrize(
    ("number", "target", "sentence"),
    [
        (400, 5000, "Kampanjens tid är ute: 400 av 5 000."),
        (5000, 5000, "Målet är nått: kampanjens tid är ute, och det blev 5 000 av 5 000."),
        (1, None, "Kampanjens tid är ute: 1 samtal."),
        (400, None, "Kampanjens tid är ute: 400 samtal."),
    ],
)
def test_when_it_is_over_the_result_is_all_there_is_to_say(number: int, target: int | None, sentence: str) -> None:
    assert said(burn_up({FIRST: number}, LAST + timedelta(1), target)) == sentence


@pytest.mark.parametrize(
    ("so_far", "sentence"),
    [
        (359, "Ni följer planen."),
        (360, "Ni följer planen."),
        (361, "Ni ligger 1 samtal före planen."),
        (400, "Ni ligger 40 samtal före planen."),
        (350, "Ni följer planen."),
        (349, "Ni ligger 1 samtal efter planen."),
        (300, "Ni ligger 50 samtal efter planen."),
    ],
)
def test_a_day_in_progress_is_neither_before_nor_after_the_plan(so_far: int, sentence: str) -> None:
    """At ten a day, 350 by last night and 360 tonight."""
    assert sentences.sentences(burn_up({FIRST: so_far}, target=700)).plan == sentence


@pytest.mark.parametrize(
    ("remaining", "days", "sentence"),
    [
        (588, 35, "Ni behöver 120 samtal i veckan."),
        (1, 35, "Ni behöver 1 samtal i veckan."),
        (588, 9, "Ni behöver 66 samtal om dagen."),
        (9, 9, "Ni behöver 1 samtal om dagen."),
        (588, 1, "Ni behöver 588 samtal till idag."),
    ],
)
def test_what_it_takes_in_words(remaining: int, days: int, sentence: str) -> None:
    assert needed(remaining, days) == sentence


@pytest.mark.parametrize(
    ("remaining", "days", "planned", "given", "sentence"),
    [
        (380, 35, 10, None, "Ni behöver 38 samtal per pass, två pass i veckan."),
        (380, 35, 10, 40, "Ni behöver 38 samtal per pass, två pass i veckan."),
        (5, 35, 5, None, "Ni behöver 1 samtal per pass, ett pass i veckan."),
        (380, 35, 12, None, "Ni behöver 32 samtal per pass, ungefär två pass i veckan."),
        (380, 35, 70, None, "Ni behöver 6 samtal per pass, 14 pass i veckan."),
        (220, 9, 4, None, "Ni behöver 55 samtal per pass och har fyra pass kvar."),
        (38, 9, 1, None, "Ni behöver 38 samtal per pass och har ett pass kvar."),
        (120, 70, 2, None, "Ni behöver 60 samtal per pass och har två pass kvar."),
        (
            380, 35, 10, 25,
            "Ni behöver 38 samtal per pass, två pass i veckan. "
            "Med 25 samtal per pass, som nu, behövs fyra pass i veckan.",
        ),
        (
            380, 9, 10, 25,
            "Ni behöver 38 samtal per pass och har tio pass kvar. "
            "Med 25 samtal per pass, som nu, behövs 16 pass.",
        ),
        (380, 35, 10, 3, "Ni behöver 38 samtal per pass, två pass i veckan."),
    ],
)  # fmt: skip
def test_what_it_takes_by_shifts_in_words(
    remaining: int, days: int, planned: int, given: int | None, sentence: str
) -> None:
    shifts = [(TODAY, None)] * planned
    # One past shift makes no habit to speak of beside so many planned.
    assert needed(remaining, days, shifts, [(TODAY - timedelta(27), given)] if given else []) == sentence


@pytest.mark.parametrize(
    ("remaining", "days", "planned", "given", "sentence"),
    [
        (5000, 35, 1, None, f"Ni behöver 1 000 samtal i veckan. {NOT_ENOUGH}"),
        (5000, 35, 1, 25, f"Ni behöver 1 000 samtal i veckan. {NOT_ENOUGH}"),
        (
            380, 9, 4, None,
            "Ni behöver 43 samtal om dagen. Med högst 60 samtal per pass behövs sju pass, och fyra är planerade.",
        ),
        (
            380, 70, 2, None,
            "Ni behöver 38 samtal i veckan. Med högst 60 samtal per pass behövs sju pass, och två är planerade.",
        ),
        (
            380, 35, 1, 25,
            "Ni behöver 76 samtal i veckan. Med 25 samtal per pass, som nu, behövs 16 pass, och ett är planerat.",
        ),
        (
            900, 35, 4, 100,
            "Ni behöver 230 samtal per pass, ungefär ett pass i veckan. "
            "Med 100 samtal per pass, som nu, behövs två pass i veckan.",
        ),
        (
            70, 1, 1, None,
            "Ni behöver 70 samtal till idag. Med högst 60 samtal per pass behövs två pass, och ett är planerat.",
        ),
    ],
)  # fmt: skip
def test_a_pace_that_no_team_can_walk_is_not_asked_of_it(
    remaining: int, days: int, planned: int, given: int | None, sentence: str
) -> None:
    held = [(TODAY - timedelta(27), given)] if given else []
    assert needed(remaining, days, [(TODAY, None)] * planned, held) == sentence


def test_shifts_that_were_held_but_are_not_planned_are_not_asked_for() -> None:
    busy = [(TODAY - timedelta(day), 10) for day in range(1, 8) for _shift in range(5)]
    assert needed(3200, 35, [(TODAY, None)] * 7, busy) == "Ni behöver 640 samtal i veckan."
    assert needed(3200, 35, [(TODAY, None)] * 100, busy).startswith("Ni behöver 19 samtal per pass, ")
    # Whatever is said, nobody is asked for more than can be walked.
    for remaining, days, planned, given in itertools.product(
        (1, 50, 600, 9000, 10**6), (1, 8, 30, 300), (0, 1, 7, 90), (0, 1, 12, 80)
    ):
        said = needed(remaining, days, [(TODAY, None)] * planned, [(TODAY - timedelta(3), given)] if given else [])
        per_shift = re.search(r"behöver ([\d ]+) samtal per pass", said)
        assert per_shift is None or int(per_shift[1].replace(" ", "")) <= max(60, 3 * given), said
        a_week = re.search(r"behövs ([\d ]+) pass i veckan", said)
        assert a_week is None or int(a_week[1]) <= max(7, 2 * max(planned * 7 / days, 2)), said


def needed(remaining: int, days: int, planned: Any = (), shifts: Any = ()) -> str:
    pace = paces.required_pace(remaining, TODAY, TODAY + timedelta(days - 1), planned, shifts)
    return plain(sentences.sentences(foreseen(10, 20, 9999, so_far=5, pace=pace)).need)
