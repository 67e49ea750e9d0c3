"""Who is trained to lead, and a campaign that hangs on one person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient

from canvass.core import clock
from canvass.fieldwork import trainings
from canvass.members import organisations
from canvass.members.people import Person
from tests.cast import Cast, plan_shift

SignedIn = Callable[[Person], FlaskClient]


def test_who_has_done_the_training_is_noted_and_taken_back(cast: Cast, signed_in: SignedIn) -> None:
    bo, address = signed_in(cast.bo), f"/organisations/{cast.hageby.id}/trainings"
    for day in ("2026-04-01", "2026-05-01"):
        assert bo.post(address, data={"person": cast.alva.id, "done_on": day}).status_code == 303
    (training,) = trainings.at(organisations.beneath(cast.norrkoping.id))
    assert (training.person, training.done_on, training.noted_by_id) == (cast.alva, date(2026, 5, 1), cast.bo.id)
    assert "1 maj 2026" in signed_in(cast.cia).get(address).text
    assert "Alva (utbildad)" in bo.get(f"/campaigns/{cast.spring.id}/shifts/new?at={cast.hageby.id}").text
    assert bo.post(f"/trainings/{training.id}/forget").status_code == 303
    assert trainings.at(organisations.beneath(cast.norrkoping.id)) == []


@pytest.mark.parametrize(
    ("data", "field"),
    [({"person": "", "done_on": "2026-05-01"}, "person"), ({"done_on": "2026-05-07"}, "done_on"), ({}, "done_on")],
)
def test_a_training_that_cannot_be_is_told(cast: Cast, signed_in: SignedIn, data: dict[str, str], field: str) -> None:
    filled = {"person": cast.alva.id, "done_on": ""} | data
    answer = signed_in(cast.bo).post(f"/organisations/{cast.hageby.id}/trainings", data=filled)
    assert (answer.status_code, f'id="f-{field}-wrong"' in answer.text) == (422, True)


def test_a_campaign_that_leans_on_one_person_is_warned_of(cast: Cast, signed_in: SignedIn) -> None:
    here = organisations.beneath(cast.norrkoping.id)
    for days in (-30, -2, 1, 2):
        plan_shift(cast, hours=24 * days, leader=cast.alva)
    plan_shift(cast, hours=5)  # nobody leads that one yet
    assert trainings.leans_on_one(cast.spring, here) is None  # three that count
    plan_shift(cast, hours=72, leader=cast.dag)
    assert trainings.leans_on_one(cast.spring, here) == cast.alva
    assert "Kampanjen hänger på en person." in signed_in(cast.bo).get(f"/campaigns/{cast.spring.id}/shifts").text
    assert "hänger på en" not in signed_in(cast.alva).get(f"/campaigns/{cast.spring.id}/shifts").text
    for days in (4, 5):
        plan_shift(cast, hours=24 * days, leader=cast.dag)
    assert trainings.leans_on_one(cast.spring, here) is None  # half each


def test_a_single_trained_leader_is_leaning_on_one_too(cast: Cast) -> None:
    here = organisations.beneath(cast.norrkoping.id)
    trainings.note(cast.alva, cast.hageby, clock.today(), by=cast.bo)
    assert trainings.leans_on_one(cast.spring, here) is None  # nothing is to come
    plan_shift(cast, leader=cast.dag)
    assert trainings.leans_on_one(cast.spring, here) == cast.alva
    trainings.note(cast.dag, cast.ektorp, clock.today(), by=cast.bo)
    assert trainings.leans_on_one(cast.spring, here) is None
