"""Reviews: operations in quarantine as a leader reads them before deciding whether they count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from canvass.core import i18n
from canvass.core.db import in_batches, is_id, session
from canvass.counting import quarantine
from canvass.counting.quarantine import Held
from canvass.fieldwork import campaigns
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access, organisations
from canvass.members.people import Person

Named = TypeVar("Named", Campaign, Area)

# Of a group so many are shown one by one.
MOST_SHOWN = 20


@dataclass(frozen=True)
class Review:
    """A held operation, the reason in words, and as much as can be read of what it says."""

    held: Held
    reason: str
    what: str
    # Whether the reader may count it, and if only somebody else may, whose leaders.
    may_count: bool
    counted_by: str


@dataclass(frozen=True)
class Group:
    """Reviews that are alike, of which the first are shown."""

    shown: list[Review]
    number: int


def decided(organisation_ids: list[str], person: Person) -> list[Group]:
    """What has been decided at these organisations and beneath, one by one."""
    found = _read(quarantine.held(organisation_ids, is_decided=True), person)
    return [Group([review], 1) for review in found.values()]


def waiting(organisation_ids: list[str], person: Person, campaign: Campaign | None = None) -> list[Group]:
    """What waits for a decision there, in groups; with a campaign only what is of it, or of none that is known."""
    campaign_id = campaign.id if campaign else None
    groups = quarantine.groups(organisation_ids, campaign_id)
    rows = quarantine.held(organisation_ids, campaign_id=campaign_id) if any(g.number > 1 for g in groups) else []
    found = _read(dict.fromkeys([*(group.latest for group in groups), *rows]), person)
    shown: dict[tuple[Any, ...], list[Review]] = {}
    for review in found.values():
        shown.setdefault(quarantine.alike(review.held), []).append(review)
    return [Group(shown[quarantine.alike(group.latest)][:MOST_SHOWN], group.number) for group in groups]


def _read(found: Iterable[Held], person: Person) -> dict[str, Review]:
    """Each of the held operations in words, by id; whatever cannot be read, or the person may not see, is left out."""
    read = [(held, held.data) for held in found]
    known = _named(Campaign, (data.get("campaign") for _held, data in read), person)
    ground = _named(Area, (_facts(data).get("area") for _held, data in read), person)
    reviews = {}
    for held, data in read:
        campaign, area = known.get(str(data.get("campaign"))), ground.get(str(_facts(data).get("area")))
        owner = campaign.organisation if campaign and _can_count(held, campaign) else None
        may_count = owner is not None and access.may(person, "quarantine.review", owner.id)
        counted_by = owner.name if owner and not may_count else ""
        what = _what(data, campaign, area)
        reviews[held.id] = Review(held, quarantine.sentence(held.code), what, may_count, counted_by)
    return reviews


def _can_count(held: Held, campaign: Campaign) -> bool:
    """Whether anybody may count it, as far as can be told without trying; `sync.admit` decides."""
    if held.code == "not_member":
        return campaign.organisation_id in organisations.line(held.author.association_id)
    return held.code not in quarantine.HOPELESS


def _what(data: dict[str, Any], campaign: Campaign | None, area: Area | None) -> str:
    """As much as can be read of what the operation says."""
    facts = _facts(data)
    channel, outcome, number = str(facts.get("channel")), str(facts.get("outcome")), facts.get("n")
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
    return " · ".join(part for part in parts if part)


def _facts(data: dict[str, Any]) -> dict[str, Any]:
    said = data.get("data")
    return said if isinstance(said, dict) else {}


def _named(kind: type[Named], ids: Iterable[object], person: Person) -> dict[str, Named]:
    """The objects of this kind with these ids that the person may see, by id."""
    wanted = sorted({str(one) for one in ids if is_id(one)})
    query = access.visible(person, kind)
    return {one.id: one for some in in_batches(wanted) for one in session.scalars(query.where(kind.id.in_(some)))}
