"""Whole sets of batches give what the model gives, which takes one operation at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from canvass.core import db
from canvass.counting import operations, quarantine, sync, tallies
from canvass.counting.attempts import Attempt
from canvass.counting.quarantine import Held
from canvass.counting.receipts import Installation, Operation
from canvass.fieldwork import areas, campaigns, topics
from tests.cast import Cast, new_campaign, plan_shift
from tests.conftest import NOW
from tests.counting.model import Campaign, Model

TIMES = ["2026-03-29T01:30:00.000Z", "2026-05-05T10:20:00.000Z", "2026-05-06T15:59:00.000Z"]
CLOSED_AT = NOW - timedelta(hours=12)


def id_(kind: int, number: int) -> str:
    return str(UUID(int=(kind << 64) + number))


def mostly(*usual: Any, seldom: Sequence[Any] = ()) -> st.SearchStrategy[Any]:
    """One of the usual five times as often as one of the others."""
    return st.sampled_from([*usual * 5, *seldom] if seldom else usual)


# An operation with small numbers in place of the ids of its campaign, area, topics and shift. Most can be counted.
told = st.fixed_dictionaries(
    {
        "op": mostly(None, seldom=[id_(1, 0), id_(1, 1)]),  # None for one of its own
        "attempt": st.sampled_from([id_(2, 0), id_(2, 1), id_(2, 2)]),
        "rev": st.integers(1, 4),
        "kind": mostly("create", "edit", "edit", "delete", seldom=["invent"]),
        "campaign": mostly(0, 0, seldom=[1, 1, 1, 2, 3]),
        "at": st.sampled_from(TIMES),
        "data": st.fixed_dictionaries(
            {
                "area": mostly(None, 0, 1, 3, seldom=[2, 4]),
                "channel": st.sampled_from(["door", "stall"]),
                "outcome": mostly("talked", "refused", seldom=["wrong_number"]),
                "n": mostly(1, 3, 50, seldom=[51, 0]),
                "topics": st.lists(st.integers(0, 3), max_size=3),
                "shift": mostly(None, 0, 1, 2, seldom=[3]),
            }
        ),
    }
)

# Of a pool of operations: who hands in which, in batches, of which several are taken in at once.
Batches = list[tuple[int, list[int]]]
batches = st.lists(st.tuples(mostly(0, 0, seldom=[1, 2, 3]), st.lists(st.integers(0, 9), max_size=8)), max_size=4)


class World:
    """The cast's ids by the numbers that `told` has, and the model of the same."""

    def __init__(self, cast: Cast) -> None:
        autumn, theirs = (
            new_campaign(owner, name="En annan", kind="listen", starts_on=NOW, ends_on=NOW, channels=["door"])
            for owner in (cast.hageby, cast.partille)
        )
        for each in (autumn, theirs):
            campaigns.open_(each)
        autumn.closing_at = CLOSED_AT
        self.authors = [each.id for each in (cast.alva, cast.dag, cast.bo, cast.esa)]
        alva, dag, bo, esa = self.authors
        hageby, ektorp, norrkoping = (each.id for each in (cast.hageby, cast.ektorp, cast.norrkoping))
        of_hageby, of_ektorp = plan_shift(cast).id, plan_shift(cast, owner=cast.ektorp).id
        self.shifts = [of_hageby, of_ektorp, plan_shift(cast, owner=cast.norrkoping).id, id_(3, 3)]
        of_town = self.shifts[2]
        self.campaigns = [cast.spring.id, autumn.id, theirs.id, id_(4, 3)]
        town = areas.add(cast.norrkoping, name="Hela stan", by=cast.bo)
        self.areas = [cast.hageby_north.id, cast.hageby_south.id, cast.ektorp_hill.id, town.id, id_(5, 4)]
        known = list(topics.all_of(cast.spring))
        self.topics = [*known, id_(6, 3)]
        logged_for: dict[tuple[str, str | None], str] = {
            **{(alva, shift): hageby for shift in (None, of_hageby, of_ektorp, of_town)},
            **{(dag, shift): ektorp for shift in (None, of_hageby, of_ektorp, of_town)},
            **{(bo, shift): norrkoping for shift in (None, of_town)},
            (bo, of_hageby): hageby,
            (bo, of_ektorp): ektorp,
        }
        spring = Campaign(None, set(self.areas[:4]), set(known), logged_for)
        closing = Campaign(CLOSED_AT, {*self.areas[:2], town.id}, set(), {(alva, None): hageby, (bo, None): hageby})
        foreign = Campaign(None, set(), set(), {(esa, None): cast.ojersjo.id})
        self.model = Model(dict(zip(self.campaigns, (spring, closing, foreign), strict=False)))

    def operation(self, told: dict[str, Any], number: int) -> dict[str, Any]:
        data = dict(told["data"])
        for name, ids in (("area", self.areas), ("shift", self.shifts)):
            if data[name] is not None:
                data[name] = ids[data[name]]
        data["topics"] = [self.topics[number] for number in data["topics"]]
        fixed = {"op": told["op"] or id_(8, number), "base": 0, "schema": 1, "seq": number + 1, "offset": 0}
        campaign = self.campaigns[told["campaign"]]
        return {**told, **fixed, "campaign": campaign, "data": {} if told["kind"] == "delete" else data}

    def batch(self, author: int, sent: list[dict[str, Any]]) -> sync.Batch:
        body = {"schema": 1, "install": id_(7, author), "batch": db.new_id(), "max_seq": 12, "ops": sent}
        envelope = operations.read(json.dumps(body).encode())
        return sync.Batch(self.authors[author], envelope, operations.arrived(envelope))


@pytest.fixture
def world(cast: Cast) -> World:
    found = World(cast)
    db.session.commit()
    return found


def forget(world: World) -> None:
    for table in (Held, Operation, Attempt, tallies.Tally, tallies.Pulse, Installation):
        db.session.execute(delete(table))
    world.model = Model(world.model.campaigns)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(pool=st.lists(told, min_size=10, max_size=10), groups=st.lists(batches, min_size=1, max_size=3))
def test_rows_counters_verdicts_and_what_is_held_are_as_the_model_says(
    world: World, pool: list[dict[str, Any]], groups: list[Batches]
) -> None:
    forget(world)
    sent = [world.operation(each, number) for number, each in enumerate(pool)]
    for group in groups:
        answers = sync.receive([world.batch(author, [sent[number] for number in some]) for author, some in group])
        expected = [
            [world.model.take(world.authors[author], sent[number]) for number in some] for author, some in group
        ]
        assert [[each[1:] for each in answer.verdicts] for answer in answers] == expected
    assert {one.id: as_modelled(one) for one in db.session.scalars(select(Attempt))} == world.model.attempts
    assert {tuple(cell): number for cell, number in tallies.everything().items()} == {
        (campaign, dimension, organisation, key, outcome): number
        for (campaign, organisation, dimension, key, outcome), number in world.model.counters().items()
    }
    receipts = {one.id: one.verdict for one in db.session.scalars(select(Operation))}
    assert receipts == {op: verdict for op, (_content, _rev, verdict) in world.model.receipts.items()}
    held = {(one.operation_id, json.dumps(quarantine.read(one.raw), sort_keys=True)): one.code for one in rows(Held)}
    assert held == world.model.held
    db.session.rollback()


def rows(table: Any) -> list[Any]:
    return list(db.session.scalars(select(table)))


def as_modelled(one: Attempt) -> dict[str, Any]:
    return {
        "author": one.author_id,
        "campaign": one.campaign_id,
        "organisation": one.organisation_id,
        "rev": one.rev,
        "hour": f"{one.happened_at:%Y-%m-%dT%H}",
        "is_deleted": one.is_deleted,
        "channel": one.channel,
        "outcome": one.outcome,
        "n": one.number,
        "area": one.area_id,
        "topics": one.topics,
        "shift": one.shift_id,
    }
