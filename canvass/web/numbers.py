"""The block of numbers that a campaign's page shows and its stream renews: one template, one set of values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from flask import current_app, render_template

from canvass import access, campaigns, clock, db, forecasts, i18n, late_reports, live, organisations, outings, shifts
from canvass.campaigns import Campaign
from canvass.forecasts import BurnUp
from canvass.organisations import Organisation
from canvass.people import Person
from canvass.streams import Gone, Subject
from canvass.tallies import Count
from canvass.web import burnups

TEMPLATE = "campaigns/_numbers.html"


def values(campaign: Campaign, node: Organisation, *, may_review: bool) -> dict[str, Any]:
    """All that the block reads. Everybody with the same rights at the node sees the same: nothing here knows who."""
    numbers, here = live.numbers(campaign, node), organisations.beneath(node.id)
    burn_up = plan(campaign, node, numbers.days)
    return {
        "campaign": campaign,
        "node": node,
        "numbers": numbers,
        "burn_up": burnups.draw(burn_up),
        "outlook": forecasts.sentences(burn_up),
        "late": late_reports.parts(campaign.id, here),
        "out_now": [] if node.kind in live.ABOVE_AREAS else outings.out_now(campaign, here),
        "topic_bars": _topic_bars,
        "may_review": may_review,
    }


def plan(campaign: Campaign, node: Organisation, days: Mapping[str, Count]) -> BurnUp:
    """Plan, result and forecast at a node: by the shifts that are planned there, and what shifts have given lately.

    From above the plan follows the campaign's rhythm: thousands of shifts, each its own municipality's, are none.
    """
    here, closing = organisations.beneath(node.id), campaign.closing_at
    is_above = node.kind in live.ABOVE_AREAS
    lately = clock.today() - timedelta(days=forecasts.SHIFT_DAYS)
    last = min(campaign.ends_on, clock.local_day(closing)) if closing else campaign.ends_on
    return forecasts.values(
        days,
        first=campaign.starts_on,
        last=max(campaign.starts_on, last),
        today=clock.today(),
        revisions=campaigns.target_revisions(campaign, node.id),
        rhythm=campaign.rhythm,
        planned=[] if is_above else shifts.planned(campaign, here),
        shifts=[] if is_above else shifts.recent(campaign, here, lately),
    )


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


def _topic_bars(numbers: live.Numbers) -> list[dict[str, object]]:
    """How often each topic was raised, as a share of the conversations."""
    talked = numbers.total.conversations or 1
    return [
        {"label": line.name, "value": n, "share": n / talked, "note": i18n.percent(n / talked)}
        for line in numbers.by_topic
        for n in (line.count.conversations,)
    ]
