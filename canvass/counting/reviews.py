"""Reviews: operations in quarantine as a leader reads them before deciding whether they count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from canvass.core import i18n
from canvass.core.db import is_id, session
from canvass.counting import quarantine
from canvass.counting.quarantine import Held
from canvass.fieldwork import campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members.organisations import Organisation

Named = TypeVar("Named", Campaign, Area)


@dataclass(frozen=True)
class Review:
    """A held operation, the reason in words, and as much as can be read of what it says."""

    held: Held
    reason: str
    what: str
    is_hopeless: bool


def review(held: Held) -> Review:
    """The held operation in words; whatever cannot be read of it is left out."""
    data = held.data
    said = data.get("data")
    facts = said if isinstance(said, dict) else {}
    campaign, area = _named(Campaign, data.get("campaign")), _named(Area, facts.get("area"))
    channel, outcome = str(facts.get("channel")), str(facts.get("outcome"))
    number = facts.get("n")
    parts = [
        campaigns.outcome_name(outcome) if outcome in campaigns.OUTCOMES else "",
        campaigns.channel_name(channel) if channel in campaigns.CHANNELS else "",
        area.name if area else "",
        campaign.name if campaign else "",
    ]
    if data.get("kind") == "delete":
        parts[0] = i18n.gettext("Ett ångrat försök")
    elif parts[0] and type(number) is int and number != 1:
        parts[0] = f"{i18n.number(number)} × {parts[0]}"
    what = " · ".join(part for part in parts if part)
    return Review(held, quarantine.sentence(held.code), what, held.code in quarantine.HOPELESS)


def waiting(campaign: Campaign, organisation: Organisation) -> list[Review]:
    """What waits for a decision at the organisation and beneath it: of this campaign, or of none that is known."""
    found = quarantine.held([organisation.id])
    return [review(one) for one in found if _named(Campaign, one.data.get("campaign")) in (campaign, None)]


def _named(kind: type[Named], object_id: object) -> Named | None:
    """The object of this kind with this id; None when there is none, or when it is no id."""
    return session.get(kind, object_id) if is_id(object_id) else None
