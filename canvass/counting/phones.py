"""What the server tells a phone when it starts: everything it needs to log while it is offline."""

from __future__ import annotations

from typing import Any

from canvass.core import clock, state
from canvass.counting import operations, summaries, tallies
from canvass.fieldwork import areas, campaigns, shifts, targets, topics
from canvass.fieldwork.campaigns import Campaign
from canvass.members import organisations, people
from canvass.members.people import Person


def hello(person: Person) -> dict[str, Any]:
    """Everything a phone needs to log while it is offline."""
    durable = state.durable_before()
    return {
        "app": operations.APP,
        "epoch": state.epoch(),
        "now": clock.text(clock.now()),
        "language": person.language,
        "durable_before": clock.text(durable) if durable else None,
        "person": {
            "id": person.id,
            "name": person.name,
            "association": person.association_id,
            "association_name": person.association.name,
        },
        "campaigns": [_campaign(person, campaign) for campaign in campaigns.to_log_in(person)],
    }


def _campaign(person: Person, campaign: Campaign) -> dict[str, Any]:
    own = campaigns.logging_organisation(person, campaign) or campaign.organisation_id
    today = tallies.by("day", campaign.id, organisations.beneath(own)).get(clock.today().isoformat(), tallies.Count())
    return {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        "script": campaign.script,
        "target": targets.agreed(campaign).get(campaign.organisation_id),
        "result": tallies.total(campaign.id, organisations.beneath(campaign.organisation_id)).conversations,
        "association_result": tallies.total(campaign.id, organisations.beneath(own)).conversations,
        "association_today": today.conversations,
        "areas": [
            {"id": area.id, "code": area.code, "name": area.name}
            for area in areas.serving(campaign.organisation_id, near=person.association_id)
        ],
        "channels": [{"channel": c, "outcomes": list(campaigns.CHANNELS[c])} for c in campaign.channels],
        "topics": [{"id": topic.id, "name": topic.name} for topic in topics.offered(campaign)],
        "shifts": _shifts(person, campaign),
    }


def _shifts(person: Person, campaign: Campaign) -> list[dict[str, Any]]:
    """The shifts the person may log on, each with what has come of it so far."""
    found = shifts.open_to(person, campaign)
    summed = summaries.summaries(found)
    return [
        {
            "id": shift.id,
            "channel": shift.channel,
            "areas": [area.id for area in shift.areas],
            "starts_at": clock.text(shift.starts_at),
            "ends_at": clock.text(shift.ends_at),
            "place": shift.place,
            "leader": people.first_name(shift.leader.name) if shift.leader else None,
            "script": shift.script,
            "points": shift.points,
            "counts": {key: getattr(summed[shift.id], key) for key in ("attempts", "conversations", "reached")},
        }
        for shift in found
    ]
