"""A campaign's page: its numbers at one level of the tree, and the stream that keeps them up to date."""

from __future__ import annotations

import hashlib

from flask import Blueprint, make_response, request
from flask.typing import ResponseReturnValue

from canvass.core import clock
from canvass.counting import reviews
from canvass.fieldwork import campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import plausibility
from canvass.members import access, joining, sessions
from canvass.web.insight import blocks, watching
from canvass.web.page import auth, fragments, level

bp = Blueprint("numbers", __name__, url_prefix="/campaigns")


@bp.get("/<campaign_id>")
def page(campaign_id: str) -> ResponseReturnValue:
    """The page, or only its block of numbers when htmx asks, which it does when there is no stream; with an ETag."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id)
    here = level.of(campaign)
    node = here.node
    may_join = access.may(person, "joining.manage", node.id)
    may_review = access.may(person, "quarantine.review", node.id)
    link = joining.current_link(node.id, campaign.id) if may_join else None
    body = fragments.page_or_part(
        "campaigns/page.html",
        blocks.TEMPLATE,
        **blocks.values(campaign, node, blocks.background(campaign, node), **blocks.rights(person, node)),
        level=here,
        closing_ends=campaigns.closing_ends(campaign),
        may_edit=access.may(person, "campaign.edit", campaign.organisation_id),
        may_join=may_join,
        organisation=node,
        **(fragments.way_in(link) if link else {}),
        may_export=access.may_anywhere(person, "report.export"),
        to_review=reviews.waiting([node.id], person, campaign) if may_review else [],
        questions=plausibility.questions(campaign, person, node),
        is_overdue=campaign.state == "open" and campaign.ends_on < clock.today(),
    )
    response = make_response(body)
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:20])
    response.headers["Cache-Control"] = "private, no-cache" if fragments.wants_part() else "no-store"
    response.headers["Vary"] = "HX-Request, HX-Request-Type, Cookie"
    return response.make_conditional(request)


@bp.get("/<campaign_id>/live")
def watch(campaign_id: str) -> ResponseReturnValue:
    """The block as a stream."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id)
    node = level.of(campaign).node
    subject = blocks.subject(campaign, node, **blocks.rights(person, node))
    return watching.answer(subject, sessions.still_valid, sessions.credentials(auth.current_session()))
