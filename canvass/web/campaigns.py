"""Campaigns: the list, the live page, the form and the state."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass import access, campaigns, clock, db, joining, live, organisations, people, plausibility
from canvass.campaigns import Campaign
from canvass.i18n import gettext as _
from canvass.organisations import Organisation
from canvass.refusals import Refused
from canvass.web import forms, fragments, gate, level, numbers, watching

door = Blueprint("campaigns", __name__, url_prefix="/campaigns")


@door.get("")
def index() -> ResponseReturnValue:
    """The person's campaigns with how far each has come, from where they stand."""
    person = gate.person()
    rows = []
    for campaign in campaigns.seen_by(person):
        stands = access.standpoints(person, campaign.organisation_id)
        if stands:
            rows.append((campaign, live.standing(campaign, stands[0])))
    return render_template("campaigns/index.html", rows=rows, may_create=bool(access.nodes(person, "campaign.edit")))


@door.get("/<campaign_id>")
def page(campaign_id: str) -> ResponseReturnValue:
    """The numbers for the node asked for. Where no stream can be kept, the block alone is fetched with its ETag."""
    person = gate.person()
    campaign = access.find(person, Campaign, campaign_id)
    here = level.of(campaign)
    node = here.node
    may_join = access.may(person, "joining.manage", node.id)
    link = joining.current_link(node.id, campaign.id) if may_join else None
    body = fragments.page_or_part(
        "campaigns/page.html",
        numbers.TEMPLATE,
        **numbers.values(campaign, node, numbers.frame_of(campaign, node), **numbers.rights(person, node)),
        level=here,
        closing_ends=campaigns.closing_ends(campaign),
        may_edit=access.may(person, "campaign.edit", campaign.organisation_id),
        may_join=may_join,
        organisation=node,
        **(fragments.way_in(link) if link else {}),
        may_export=access.may_anywhere(person, "report.export"),
        to_review=live.to_review(campaign, node) if access.may(person, "quarantine.review", node.id) else [],
        questions=plausibility.questions(campaign, person, node),
        is_overdue=campaign.state == "open" and campaign.ends_on < clock.today(),
    )
    response = make_response(body)
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:20])
    response.headers["Cache-Control"] = "private, no-cache" if request.headers.get("HX-Request") else "no-store"
    response.headers["Vary"] = "HX-Request, Cookie"
    return response.make_conditional(request)


@door.get("/<campaign_id>/live")
def watch(campaign_id: str) -> ResponseReturnValue:
    """The same block as a stream, each time something in it changes."""
    person = gate.person()
    campaign = access.find(person, Campaign, campaign_id)
    node = level.of(campaign).node
    subject = numbers.subject(campaign, node, **numbers.rights(person, node))
    return watching.answer(subject, people.still_standing, people.standing(gate.session()))


@door.get("/new")
def new() -> ResponseReturnValue:
    """An empty form with sensible suggestions."""
    return _form(_blank(), None)


@door.post("")
def create() -> ResponseReturnValue:
    """A draft, or an open campaign at once."""
    person, form = gate.person(), _blank()
    organisation = access.find(person, Organisation, form.text("organisation"), "campaign.edit")
    try:
        target = form.whole("target")
        campaign = campaigns.create(organisation, target=target, by=person, **_fields(form))
    except Refused as error:
        form.blame(error)
    if form.errors:
        db.session.rollback()
        return _form(form, None), 422
    if form.text("open"):
        campaigns.open_(campaign, by=person)
        joining.link(organisation, campaign.id, campaign.ends_on, gate.secret())
    db.session.commit()
    return redirect(url_for("campaigns.page", campaign_id=campaign.id), 303)


@door.get("/<campaign_id>/edit")
def edit(campaign_id: str) -> ResponseReturnValue:
    """The form, filled in."""
    campaign = access.find(gate.person(), Campaign, campaign_id, "campaign.edit")
    return _form(_filled(campaign), campaign)


@door.post("/<campaign_id>/edit")
def save(campaign_id: str) -> ResponseReturnValue:
    """The changes, or the form again with what is wrong."""
    person = gate.person()
    campaign = access.find(person, Campaign, campaign_id, "campaign.edit")
    form = _filled(campaign)
    target = form.whole("target")
    try:
        campaigns.edit(campaign, by=person, **_fields(form))
        campaigns.set_target(campaign, campaign.organisation, target, by=person)
        joining.prolong(campaign.id, campaign.ends_on)
    except Refused as error:
        form.blame(error)
    if form.errors:
        db.session.rollback()
        return _form(form, db.session.get(Campaign, campaign_id)), 422
    db.session.commit()
    fragments.say(_("Kampanjen är sparad."))
    return redirect(url_for("campaigns.page", campaign_id=campaign.id), 303)


@door.post("/<campaign_id>/state")
def change_state(campaign_id: str) -> ResponseReturnValue:
    """Open, or close for new conversations."""
    person = gate.person()
    campaign = access.find(person, Campaign, campaign_id, "campaign.edit")
    if request.form.get("state") == "open":
        campaigns.open_(campaign, by=person)
        fragments.say(_("Kampanjen är öppen. Nu räknas samtalen."))
    elif request.form.get("state") == "close":
        campaigns.close(campaign, by=person)
        fragments.say(_("Kampanjen avslutas. Samtal som redan förts kan skickas in i två veckor till."))
    db.session.commit()
    return redirect(url_for("campaigns.page", campaign_id=campaign.id), 303)


def _fields(form: forms.Form) -> dict[str, Any]:
    return {
        "name": form.text("name"),
        "kind": form.text("kind"),
        "starts_on": form.day("starts_on"),
        "ends_on": form.day("ends_on"),
        "channels": form.many("channels"),
        "topics": form.lines("topics"),
        "script": form.text("script"),
        "rhythm": form.text("rhythm") or "even",
    }


def _blank() -> forms.Form:
    return forms.Form(
        kind="listen",
        starts_on=clock.today().isoformat(),
        channels=["door", "phone", "stall"],
        topics="\n".join(campaigns.suggested_topics()),
        rhythm="even",
    )


def _filled(campaign: Campaign) -> forms.Form:
    return forms.Form(
        name=campaign.name,
        kind=campaign.kind,
        starts_on=campaign.starts_on.isoformat(),
        ends_on=campaign.ends_on.isoformat(),
        channels=campaign.channels,
        topics="\n".join(topic.name for topic in campaigns.topics(campaign)),
        script=campaign.script,
        rhythm=campaign.rhythm,
        target=campaigns.targets(campaign).get(campaign.organisation_id, ""),
    )


def _form(form: forms.Form, campaign: Campaign | None) -> str:
    person = gate.person()
    owners = organisations.tree(access.nodes(person, "campaign.edit"))
    if campaign is None and not owners:
        raise access.Forbidden("campaign.edit")
    return render_template("campaigns/form.html", form=form, errors=form.errors, campaign=campaign, owners=owners)
