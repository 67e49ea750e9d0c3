"""The demo's attempts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from canvass.core.db import new_id
from canvass.counting import attempts
from canvass.counting.attempts import Change, Facts
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
    """
    ids = {topic.name: topic.id for topic in topics.offered(campaign)}
    total, before, done = sum(outing.weight for outing in outings), 0.0, 0
    changes: list[Change] = []
    for outing in outings:
        before += outing.weight
        share = round(conversations * before / total) - done
        done += share
        made = list(_attempts(campaign, outing, share, ids, random))
        if made and outing.day >= shifts_from:
            shift = shifts.held(campaign, outing, made[0].facts.area_id if made[0].facts else None)
            made = [one._replace(facts=one.facts._replace(shift_id=shift.id)) for one in made if one.facts]
        changes += made
    # All at once: one by one would make the start slow.
    attempts.store([attempts.revised(None, change) for change in changes], {})


def _attempts(
    campaign: Campaign, outing: Outing, conversations: int, topic_ids: dict[str, str], random: Random
) -> Iterator[Change]:
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

    def one(outcome: str, number: int, raised: list[str]) -> Change:
        return Change(
            new_id(),
            random.choice(out).id,
            campaign.id,
            team.organisation.id,
            random.choice(outing.hours),
            Facts(area.id if area else None, outing.channel, outcome, number, raised),
        )

    for _ in range(conversations):
        raised = random.choices(list(facts.TOPICS), list(facts.TOPICS.values()), k=random.choice((0, 0, 1, 1, 1, 2)))
        yield one(talked, 1, [topic_ids[name] for name in dict.fromkeys(raised)])
    while rest > 0:
        # People who walk past a stall are counted several at a time.
        number = min(rest, random.randint(1, 5) if outing.channel == "stall" else 1)
        rest -= number
        yield one(random.choices(others, facts.OTHERWISE[outing.channel])[0], number, [])
