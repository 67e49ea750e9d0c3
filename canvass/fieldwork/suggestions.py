"""What a new shift is likely to be."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from sqlalchemy import select

from canvass.core import clock
from canvass.core.db import session
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members.organisations import Organisation


def next_shift(campaign: Campaign, organisation: Organisation, pattern: Shift | None = None) -> dict[str, Any]:
    """Values for the form of a new shift: those of the pattern, or the organisation's latest shift, some weeks later.

    Without either: today at the next full hour, or tomorrow evening when today is nearly over.
    """
    if pattern is None:
        query = select(Shift).where(Shift.campaign_id == campaign.id, Shift.organisation_id == organisation.id)
        pattern = session.scalar(query.order_by(Shift.starts_at.desc()).limit(1))
    now = clock.now().astimezone(clock.ZONE)
    if pattern is None:
        day, hour = now.date(), now.hour + 1
        if hour > 19:
            day += timedelta(days=1)
        if not 9 <= hour <= 19:
            hour = 18
        return {"channel": campaign.channels[0], "day": day, "from": time(hour), "to": time(hour + 2)}
    starts, ends = (moment.astimezone(clock.ZONE) for moment in (pattern.starts_at, pattern.ends_at))
    day = starts.date() + timedelta(days=7)
    while day < now.date():
        day += timedelta(days=7)
    return {
        "channel": pattern.channel if pattern.channel in campaign.channels else campaign.channels[0],
        "day": day,
        "from": starts.time(),
        "to": ends.time(),
        "areas": [area.id for area in pattern.areas if not area.retired_at],
        "place": pattern.place,
        "position": (pattern.latitude, pattern.longitude),
        "leader": pattern.leader_id,
        "wanted": pattern.wanted,
        "expected": pattern.expected,
        "script": pattern.script,
        "points": pattern.points,
    }
