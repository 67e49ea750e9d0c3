"""Campaigns: the list, the form and the state."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import numbers
from canvass.members import access, joining, organisations
from canvass.members.organisations import Organisation
from canvass.web.page import auth, forms, fragments

bp = Blueprint("campaigns", __name__, url_prefix="/campaigns")


@bp.get("")
def index() -> ResponseReturnValue:
    """The person's campaigns with how far each has come, from where they stand."""
    person = auth.person()
    rows = []
    for campaign in campaigns.seen_by(person):
        stands = access.standpoints(person, campaign.organisation_id)
        if stands:
            rows.append((campaign, numbers.standing(campaign, stands[0])))
    return render_template("campaigns/index.html", rows=rows, may_create=bool(access.nodes(person, "campaign.edit")))


@bp.get("/new")
def new() -> ResponseReturnValue:
    """An empty form with sensible suggestions."""
    return _form(_blank(), None)


@bp.post("")
def create() -> ResponseReturnValue:
    """A draft, or an open campaign at once."""
    person, form = auth.person(), _blank()
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
        joining.link(organisation, campaign.id, campaign.ends_on, auth.secret())
    db.session.commit()
    return redirect(url_for("numbers.page", campaign_id=campaign.id), 303)


@bp.get("/<campaign_id>/edit")
def edit(campaign_id: str) -> ResponseReturnValue:
    """The form, filled in."""
    campaign = access.find(auth.person(), Campaign, campaign_id, "campaign.edit")
    return _form(_filled(campaign), campaign)


@bp.post("/<campaign_id>/edit")
def save(campaign_id: str) -> ResponseReturnValue:
    """The changes, or the form again with what is wrong."""
    person = auth.person()
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
    return redirect(url_for("numbers.page", campaign_id=campaign.id), 303)


@bp.post("/<campaign_id>/state")
def change_state(campaign_id: str) -> ResponseReturnValue:
    """Open, or close for new conversations."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id, "campaign.edit")
    if request.form.get("state") == "open":
        campaigns.open_(campaign, by=person)
        fragments.say(_("Kampanjen är öppen. Nu räknas samtalen."))
    elif request.form.get("state") == "close":
        campaigns.close(campaign, by=person)
        fragments.say(_("Kampanjen avslutas. Samtal som redan förts kan skickas in i två veckor till."))
    db.session.commit()
    return redirect(url_for("numbers.page", campaign_id=campaign.id), 303)


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
    person = auth.person()
    owners = organisations.tree(access.nodes(person, "campaign.edit"))
    if campaign is None and not owners:
        raise access.Forbidden("campaign.edit")
    return render_template("campaigns/form.html", form=form, errors=form.errors, campaign=campaign, owners=owners)
