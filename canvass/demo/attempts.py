"""The demo's attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from sqlalchemy import insert

from canvass.core.db import in_batches, new_id, session
from canvass.counting import tallies
from canvass.counting.attempts import Attempt
from canvass.demo import facts, shifts
from canvass.demo.outings import Outing
from canvass.fieldwork import campaigns, topics
from canvass.fieldwork.campaigns import Campaign


def log(
    campaign: Campaign,
    outings: list[Outing],
    conversations: int,
    random: Random,
    shifts_from: date = date.max,
) -> None:
    """Divide the conversations among the outings by weight, and add each one's attempts. Outings from the day
    `shifts_from` become shifts.

    Rows and counters are written in bulk, since `attempts.log` for each would make the start slow.
    """
    ids = {topic.name: topic.id for topic in topics.offered(campaign)}
    total, before, done = sum(outing.weight for outing in outings), 0.0, 0
    rows: list[dict[str, Any]] = []
    for outing in outings:
        before += outing.weight
        share = round(conversations * before / total) - done
        done += share
        made = list(_attempts(outing, share, ids, random))
        shift = shifts.held(campaign, outing, made[0]["area_id"]) if made and outing.day >= shifts_from else None
        common = {"campaign_id": campaign.id, "shift_id": shift.id if shift else None, "rev": 1, "is_deleted": False}
        rows += [{"id": new_id(), **common, **attempt} for attempt in made]
    for batch in in_batches(rows, 5000):
        session.execute(insert(Attempt), batch)
    tallies.move(_counted(rows))


def _counted(rows: list[dict[str, Any]]) -> Counter[tallies.Cell]:
    """Return the counters that the rows add up to."""
    counted: Counter[tallies.Cell] = Counter()
    keys = ("campaign_id", "organisation_id", "area_id", "channel", "happened_at", "topics", "outcome", "shift_id")
    for row in rows:
        counted.update(dict.fromkeys(tallies.cells(*(row[key] for key in keys)), row["number"]))
    return counted


def _attempts(
    outing: Outing, conversations: int, topic_ids: dict[str, str], random: Random
) -> Iterator[dict[str, Any]]:
    """Yield the outing's attempts: its conversations, and the other outcomes that its contact rate implies."""
    team = outing.team
    area = None if outing.channel == "digital" else random.choice(team.ground)
    rate = (
        facts.ELSEWHERE[outing.channel]
        if outing.channel in facts.ELSEWHERE
        else facts.AT_DOORS[area.housing if area else "mixed"]
    )
    rest = round(conversations / (rate * random.uniform(0.85, 1.15))) - conversations
    out = random.sample(team.volunteers, min(len(team.volunteers), random.randint(1, 4)))
    talked, *others = campaigns.CHANNELS[outing.channel]

    def one(outcome: str, number: int, raised: list[str]) -> dict[str, Any]:
        return {
            "organisation_id": team.organisation.id,
            "area_id": area.id if area else None,
            "author_id": random.choice(out).id,
            "channel": outing.channel,
            "outcome": outcome,
            "number": number,
            "happened_at": random.choice(outing.hours),
            "happened_on": outing.day,
            "topics": raised,
        }

    for _ in range(conversations):
        raised = random.choices(list(facts.TOPICS), list(facts.TOPICS.values()), k=random.choice((0, 0, 1, 1, 1, 2)))
        yield one(talked, 1, [topic_ids[name] for name in dict.fromkeys(raised)])
    while rest > 0:
        # People who walk past a stall are counted several at a time.
        number = min(rest, random.randint(1, 5) if outing.channel == "stall" else 1)
        rest -= number
        yield one(random.choices(others, facts.OTHERWISE[outing.channel])[0], number, [])
