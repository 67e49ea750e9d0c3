"""The block of numbers on a campaign's page: one template with one set of values, for the page and for its stream."""

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
from canvass.fieldwork import campaigns, shifts, targets
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import numbers, outings
from canvass.insight.forecasts import burn_ups, paces, sentences
from canvass.insight.forecasts.burn_ups import BurnUp
from canvass.insight.streams import Gone, Subject
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.members.people import Person
from canvass.web.insight.charts import chart

TEMPLATE = "campaigns/_numbers.html"


class Background(NamedTuple):
    """What the numbers are shown against and changes seldom: targets, shifts, and what came as late reports."""

    targets: list[tuple[date, int]]
    planned: list[tuple[date, int | None]]
    held: list[tuple[date, int]]
    late: late_reports.Parts


# For so many seconds a stream uses the background that it has read: reading it is a third of the work of a block.
BACKGROUND_LASTS = 2.0
_backgrounds: dict[tuple[str, str, date], tuple[float, Background]] = {}


def values(campaign: Campaign, node: Organisation, background: Background, *, may_review: bool) -> dict[str, Any]:
    """The values of the template, the same for everybody with the same rights at the node."""
    here = organisations.beneath(node.id)
    counted = numbers.numbers(campaign, node)
    found = burn_up(campaign, counted.days, background)
    return {
        "campaign": campaign,
        "node": node,
        "numbers": counted,
        "burn_up": chart.draw(found),
        "outlook": sentences.sentences(found),
        "late": background.late,
        "out_now": [] if node.kind in organisations.ABOVE_MUNICIPAL else outings.out_now(campaign, here),
        "topic_bars": _topic_bars,
        "may_review": may_review,
    }


def background(campaign: Campaign, node: Organisation) -> Background:
    """The background as it is now.

    Shifts are left out above a municipal organisation, where there would be thousands: the plan line then follows the
    campaign's rhythm alone.
    """
    here, is_above = organisations.beneath(node.id), node.kind in organisations.ABOVE_MUNICIPAL
    lately = clock.today() - timedelta(days=paces.SHIFT_DAYS)
    return Background(
        targets.revisions(campaign, node.id),
        [] if is_above else shifts.planned(campaign, here),
        [] if is_above else outings.recent(campaign, here, lately),
        late_reports.parts(campaign.id, here),
    )


def burn_up(campaign: Campaign, days: Mapping[str, Count], background: Background) -> BurnUp:
    """The campaign's burn-up to its last day, or to the day it was closed if that came first."""
    return burn_ups.burn_up(
        days,
        first=campaign.starts_on,
        last=campaigns.last_day(campaign),
        today=clock.today(),
        targets=background.targets,
        rhythm=campaign.rhythm,
        planned=background.planned,
        held=background.held,
    )


def rights(person: Person, node: Organisation) -> dict[str, bool]:
    """Which parts of the block the person may see: keywords for `values` and `subject`."""
    return {"may_review": access.may(person, "quarantine.review", node.id)}


def subject(campaign: Campaign, node: Organisation, **rights: bool) -> Subject:
    """The block as something to watch, in the language of the moment."""
    key = ("campaign", campaign.id, node.id, i18n.language(), *sorted(rights.items()))
    line = tuple(above.id for above in organisations.above(node.id))
    return Subject(key, campaign.id, line, partial(_block, campaign.id, node.id, i18n.language(), rights))


def _block(campaign_id: str, organisation_id: str, language: str, rights: dict[str, bool]) -> str:
    def recent(campaign: Campaign, node: Organisation) -> dict[str, Any]:
        return values(campaign, node, _recent_background(campaign, node), **rights)

    return block(TEMPLATE, recent, campaign_id, organisation_id, language)


def block(
    template: str,
    values: Callable[[Campaign, Organisation], dict[str, Any]],
    campaign_id: str,
    organisation_id: str,
    language: str,
) -> str:
    """The template rendered for a stream, outside of any request. Raises streams.Gone when campaign or node is gone."""
    campaign, node = db.session.get(Campaign, campaign_id), db.session.get(Organisation, organisation_id)
    if campaign is None or node is None:
        raise Gone
    # A request of nobody's, since templates that make addresses need one.
    address = current_app.config["PUBLIC_URL"] or None
    with current_app.test_request_context(base_url=address), i18n.speaking(language):
        return render_template(template, **values(campaign, node))


def _recent_background(campaign: Campaign, node: Organisation) -> Background:
    """The background as it was at most BACKGROUND_LASTS ago; older ones, of whatever campaign, are dropped."""
    now, key = time.monotonic(), (campaign.id, node.id, clock.today())
    for old in [old for old, (made_at, _) in _backgrounds.items() if now - made_at > BACKGROUND_LASTS]:
        _backgrounds.pop(old, None)
    if key not in _backgrounds:
        _backgrounds[key] = now, background(campaign, node)
    return _backgrounds[key][1]


def _topic_bars(counted: numbers.Numbers) -> list[dict[str, object]]:
    """The share of the conversations in which each topic was raised, as the bars macro reads it."""
    talked = counted.total.conversations or 1
    return [
        {"label": row.name, "value": n, "share": n / talked, "note": i18n.percent(n / talked)}
        for row in counted.by_topic
        for n in (row.count.conversations,)
    ]
