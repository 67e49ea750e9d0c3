"""The block of numbers that a campaign's page shows and its stream renews: one template, one set of values."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any, NamedTuple

from flask import current_app, render_template

from canvass.core import clock, db, i18n
from canvass.counting import late_reports
from canvass.counting.tallies import Count
from canvass.fieldwork import campaigns, shifts
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import forecasts, numbers, outings
from canvass.insight.forecasts import BurnUp
from canvass.insight.streams import Gone, Subject
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.insight import burnups

TEMPLATE = "campaigns/_numbers.html"


class Frame(NamedTuple):
    """What surrounds the numbers of a node and changes seldom: targets, shifts and what came on paper."""

    revisions: list[tuple[date, int]]
    planned: list[tuple[date, int | None]]
    recent: list[tuple[date, int]]
    late: late_reports.Parts


# How long a stream goes on with the frame it has. It holds a third of what a block is made of, and a tick that takes
# less time comes sooner. In seconds of the machine's clock, as the ticks are.
FRAME_LASTS = 2.0
_frames: dict[tuple[str, str, date], tuple[float, Frame]] = {}


def values(campaign: Campaign, node: Organisation, frame: Frame, *, may_review: bool) -> dict[str, Any]:
    """All that the block reads. Everybody with the same rights at the node sees the same: nothing here knows who."""
    here = organisations.beneath(node.id)
    counted = numbers.numbers(campaign, node)
    burn_up = plan(campaign, counted.days, frame)
    return {
        "campaign": campaign,
        "node": node,
        "numbers": counted,
        "burn_up": burnups.draw(burn_up),
        "outlook": forecasts.sentences(burn_up),
        "late": frame.late,
        "out_now": [] if node.kind in organisations.ABOVE_MUNICIPAL else outings.out_now(campaign, here),
        "topic_bars": _topic_bars,
        "may_review": may_review,
    }


def frame_of(campaign: Campaign, node: Organisation) -> Frame:
    """The frame as it is now.

    From above the plan follows the campaign's rhythm: thousands of shifts, each its own municipality's, are none.
    """
    here, is_above = organisations.beneath(node.id), node.kind in organisations.ABOVE_MUNICIPAL
    lately = clock.today() - timedelta(days=forecasts.SHIFT_DAYS)
    return Frame(
        campaigns.target_revisions(campaign, node.id),
        [] if is_above else shifts.planned(campaign, here),
        [] if is_above else outings.recent(campaign, here, lately),
        late_reports.parts(campaign.id, here),
    )


def plan(campaign: Campaign, days: Mapping[str, Count], frame: Frame) -> BurnUp:
    """Plan, result and forecast: by the shifts that are planned, and what shifts have given lately."""
    closing = campaign.closing_at
    last = min(campaign.ends_on, clock.local_day(closing)) if closing else campaign.ends_on
    return forecasts.values(
        days,
        first=campaign.starts_on,
        last=max(campaign.starts_on, last),
        today=clock.today(),
        revisions=frame.revisions,
        rhythm=campaign.rhythm,
        planned=frame.planned,
        shifts=frame.recent,
    )


def _lasting_frame(campaign: Campaign, node: Organisation) -> Frame:
    """The frame as it was lately; nothing is kept that nobody watches any more."""
    now, key = time.monotonic(), (campaign.id, node.id, clock.today())
    for old in [old for old, (made_at, _frame) in _frames.items() if now - made_at > FRAME_LASTS]:
        _frames.pop(old, None)
    if key not in _frames:
        _frames[key] = now, frame_of(campaign, node)
    return _frames[key][1]


def rights(person: Person, node: Organisation) -> dict[str, bool]:
    """What in the block is only for some: keywords for `values` and `subject`."""
    return {"may_review": access.may(person, "quarantine.review", node.id)}


def subject(campaign: Campaign, node: Organisation, **rights: bool) -> Subject:
    """The block as something to watch, in the language of the moment."""
    key = ("campaign", campaign.id, node.id, i18n.language(), *sorted(rights.items()))
    line = tuple(above.id for above in organisations.above(node.id))
    return Subject(key, campaign.id, line, partial(_block, campaign.id, node.id, i18n.language(), rights))


def _block(campaign_id: str, organisation_id: str, language: str, rights: dict[str, bool]) -> str:
    def lasting(campaign: Campaign, node: Organisation) -> dict[str, Any]:
        return values(campaign, node, _lasting_frame(campaign, node), **rights)

    return block(TEMPLATE, lasting, campaign_id, organisation_id, language)


def block(
    template: str,
    values: Callable[[Campaign, Organisation], dict[str, Any]],
    campaign_id: str,
    organisation_id: str,
    language: str,
) -> str:
    """The block that a stream sends, outside of any request. Raises streams.Gone when there is nothing to show."""
    campaign, node = db.session.get(Campaign, campaign_id), db.session.get(Organisation, organisation_id)
    if campaign is None or node is None:
        raise Gone
    # As in a request, nobody's: for templates that make addresses.
    address = current_app.config["PUBLIC_URL"] or None
    with current_app.test_request_context(base_url=address), i18n.speaking(language):
        return render_template(template, **values(campaign, node))


def _topic_bars(counted: numbers.Numbers) -> list[dict[str, object]]:
    """How often each topic was raised, as a share of the conversations."""
    talked = counted.total.conversations or 1
    return [
        {"label": line.name, "value": n, "share": n / talked, "note": i18n.percent(n / talked)}
        for line in counted.by_topic
        for n in (line.count.conversations,)
    ]
