"""The block of numbers that a campaign's page shows and its stream renews: one template, one set of values."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import current_app, render_template

from canvass import access, db, i18n, live, organisations
from canvass.campaigns import Campaign
from canvass.organisations import Organisation
from canvass.people import Person
from canvass.streams import Gone, Subject

TEMPLATE = "campaigns/_numbers.html"


def values(campaign: Campaign, node: Organisation, *, may_review: bool) -> dict[str, Any]:
    """All that the block reads. Everybody with the same rights at the node sees the same: nothing here knows who."""
    return {
        "campaign": campaign,
        "node": node,
        "numbers": live.numbers(campaign, node),
        "day_columns": _day_columns,
        "topic_bars": _topic_bars,
        "may_review": may_review,
    }


def rights(person: Person, node: Organisation) -> dict[str, bool]:
    """What in the block is only for some: keywords for `values` and `subject`."""
    return {"may_review": access.may(person, "quarantine.review", node.id)}


def subject(campaign: Campaign, node: Organisation, **rights: bool) -> Subject:
    """The block as something to watch, in the language of the moment."""
    key = ("campaign", campaign.id, node.id, i18n.language(), *sorted(rights.items()))
    line = tuple(above.id for above in organisations.above(node.id))
    return Subject(key, campaign.id, line, partial(_block, campaign.id, node.id, i18n.language(), rights))


def _block(campaign_id: str, organisation_id: str, language: str, rights: dict[str, bool]) -> str:
    """Raises streams.Gone when there is no such campaign or organisation any more."""
    campaign, node = db.session.get(Campaign, campaign_id), db.session.get(Organisation, organisation_id)
    if campaign is None or node is None:
        raise Gone
    # As in a request, nobody's: for templates that make addresses.
    address = current_app.config["PUBLIC_URL"] or None
    with current_app.test_request_context(base_url=address), i18n.speaking(language):
        return render_template(TEMPLATE, **values(campaign, node, **rights))


def _day_columns(lines: list[live.Line]) -> list[dict[str, object]]:
    return [{"label": line.name, "value": line.count.conversations} for line in lines]


def _topic_bars(numbers: live.Numbers) -> list[dict[str, object]]:
    """How often each topic was raised, as a share of the conversations."""
    talked = numbers.total.conversations or 1
    return [
        {"label": line.name, "value": n, "share": n / talked, "note": i18n.percent(n / talked)}
        for line in numbers.by_topic
        for n in (line.count.conversations,)
    ]
