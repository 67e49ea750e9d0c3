"""What the server tells a phone when it starts: everything it needs to log while it is offline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from canvass.core import clock, state
from canvass.core.db import among, rows_of
from canvass.counting import operations, summaries, tallies
from canvass.counting.tallies import Count
from canvass.fieldwork import areas, campaigns, shifts, targets, topics
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import ShiftArea
from canvass.members import people
from canvass.members.people import Person


def hello(person: Person) -> dict[str, Any]:
    """Everything a phone needs to log while it is offline."""
    epoch, durable_before = state.told()
    return {
        "app": operations.APP,
        "epoch": epoch,
        "now": clock.text(clock.now()),
        "language": person.language,
        "durable_before": durable_before,
        "person": {
            "id": person.id,
            "name": person.name,
            "association": person.association_id,
            "association_name": person.association.name,
            "removed_from": people.removed_from(person),
        },
        "campaigns": _campaigns(person, campaigns.to_log_in(person)),
    }


def outlined(person: Person) -> list[Area]:
    """The areas that hello names, those of them that have an outline, with it."""
    owners = {campaign.organisation_id for campaign in campaigns.to_log_in(person)}
    ground = areas.named(owners, person.association_id)
    return areas.with_outlines(areas.with_ids({area[0] for some in ground.values() for area in some}).values())


def _campaigns(person: Person, found: list[Campaign]) -> list[dict[str, Any]]:
    """The campaigns as phones know them. Each thing is read for all of them at once: phones start all at once, too."""
    ids = [campaign.id for campaign in found]
    if not ids:
        return []
    own = {c.id: campaigns.logging_organisation(person, c) or c.organisation_id for c in found}
    owners = {campaign.organisation_id for campaign in found}
    result = tallies.at_tops(ids, {*owners, *own.values()})
    today = tallies.at_tops(ids, set(own.values()), "day", clock.today().isoformat())
    agreed, offered, told = targets.agreed_in(ids), topics.offered_in(ids), _shifts(person, ids)
    ground = areas.named(owners, person.association_id)
    return [
        {
            "id": campaign.id,
            "name": campaign.name,
            "state": campaign.state,
            "organisation_name": campaign.organisation.name,
            "association_name": (
                person.association.name if own[campaign.id] == person.association_id else campaign.organisation.name
            ),
            "script": campaign.script,
            "target": agreed.get((campaign.id, campaign.organisation_id)),
            "result": result.get((campaign.id, campaign.organisation_id), Count()).conversations,
            "association_result": result.get((campaign.id, own[campaign.id]), Count()).conversations,
            "association_today": today.get((campaign.id, own[campaign.id]), Count()).conversations,
            "areas": [{"id": id_, "code": code, "name": name} for id_, code, name in ground[campaign.organisation_id]],
            "channels": [{"channel": c, "outcomes": list(campaigns.CHANNELS[c])} for c in campaign.channels],
            "topics": [{"id": id_, "name": name} for id_, name in offered[campaign.id]],
            "shifts": told[campaign.id],
        }
        for campaign in found
    ]


def _shifts(person: Person, campaign_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    """The shifts the person may log on, each with what has come of it so far, by campaign id."""
    found = shifts.open_to(person, campaign_ids)
    summed, ground = summaries.summaries(found), _area_ids(shift.id for shift in found)
    told: dict[str, list[dict[str, Any]]] = {campaign_id: [] for campaign_id in campaign_ids}
    for shift in found:
        told[shift.campaign_id].append(
            {
                "id": shift.id,
                "channel": shift.channel,
                "areas": ground.get(shift.id, []),
                "starts_at": clock.text(shift.starts_at),
                "ends_at": clock.text(shift.ends_at),
                "place": shift.place,
                "leader": people.first_name(shift.leader.name) if shift.leader else None,
                "script": shift.script,
                "points": shift.points,
                "counts": {key: getattr(summed[shift.id], key) for key in ("attempts", "conversations", "reached")},
            }
        )
    return told


_AREA_IDS = select(ShiftArea.shift_id, ShiftArea.area_id).where(among(ShiftArea.shift_id))


def _area_ids(shift_ids: Iterable[str]) -> dict[str, list[str]]:
    """The ids of the areas given to each of the shifts, by shift id; shifts without any are left out."""
    found: dict[str, list[str]] = {}
    for shift_id, area_id in rows_of(_AREA_IDS, shift_ids):
        found.setdefault(shift_id, []).append(area_id)
    return found
