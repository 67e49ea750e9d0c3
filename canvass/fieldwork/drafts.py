"""A new campaign as its form makes it: a draft with topics and a target."""

from __future__ import annotations

from collections.abc import Iterable

from canvass.fieldwork import campaigns, targets, topics
from canvass.fieldwork.campaigns import Campaign, Facts
from canvass.members.organisations import Organisation
from canvass.members.people import Person


def create(
    owner: Organisation,
    facts: Facts,
    *,
    topic_names: Iterable[str] = (),
    target: int | None = None,
    by: Person | None = None,
) -> Campaign:
    """A new draft that offers these topics. Raises Refused with a sentence per field."""
    campaign = campaigns.create(owner, facts, by=by)
    topics.offer(campaign, topic_names)
    targets.agree(campaign, owner, target, by=by)
    return campaign
