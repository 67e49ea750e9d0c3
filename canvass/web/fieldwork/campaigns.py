"""Campaigns: the list, the form and the state."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns, drafts, targets, topics
from canvass.fieldwork.campaigns import Campaign, Facts
from canvass.insight import numbers
from canvass.members import access, joining, organisations, people
from canvass.members.organisations import Organisation
from canvass.web.page import auth, forms, fragments, site

bp = Blueprint("campaigns", __name__, url_prefix="/campaigns")


@bp.get("")
def index() -> ResponseReturnValue:
    """The person's campaigns with the result at the organisation where they have a role."""
    person = auth.person()
    found = [(campaign, access.tops(person, campaign.organisation_id)) for campaign in campaigns.seen_by(person)]
    shown = [(campaign, tops[0]) for campaign, tops in found if tops]
    rows = [(campaign, row) for (campaign, _top), row in zip(shown, numbers.results(shown), strict=True)]
    return render_template(
        "campaigns/index.html",
        rows=rows,
        may_create=bool(access.nodes(person, "campaign.edit")),
        removed_from=people.removed_from(person),
    )


@bp.get("/new")
def new() -> ResponseReturnValue:
    """An empty form with sensible suggestions."""
    return _form(_blank(), None)


@bp.post("")
def create() -> ResponseReturnValue:
    """Create a draft or, with `open`, an open campaign."""
    person, form = auth.person(), _blank()
    organisation = access.find(person, Organisation, form.text("organisation"), "campaign.edit")
    facts, target = _facts(form), _target(form)
    try:
        campaign = drafts.create(organisation, facts, topic_names=form.lines("topics"), target=target, by=person)
    except Refused as error:
        form.blame(error)
    if form.errors:
        db.give_up()
        return _form(form, None), 422
    if form.text("open"):
        campaigns.open_(campaign, by=person)
        joining.link(organisation, campaign.id, campaign.ends_on, site.secret())
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
    db.hold(campaign)
    form = _filled(campaign)
    form.settle()
    facts, target = _facts(form), _target(form)
    try:
        campaigns.edit(campaign, facts, by=person)
        topics.offer(campaign, form.lines("topics"))
        targets.agree(campaign, campaign.organisation, target, by=person)
        joining.prolong(campaign.id, campaign.ends_on)
    except Refused as error:
        form.blame(error)
    if form.errors:
        db.give_up()
        return _form(form, db.session.get(Campaign, campaign_id)), 422
    db.session.commit()
    fragments.say(_("Kampanjen är sparad."))
    return redirect(url_for("numbers.page", campaign_id=campaign.id), 303)


@bp.post("/<campaign_id>/state")
def change_state(campaign_id: str) -> ResponseReturnValue:
    """Open or close the campaign."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id, "campaign.edit")
    if request.form.get("state") == "open":
        campaigns.open_(campaign, by=person)
        joining.link(campaign.organisation, campaign.id, campaign.ends_on, site.secret())
        fragments.say(_("Kampanjen är öppen. Nu räknas samtalen."))
    elif request.form.get("state") == "close":
        campaigns.close(campaign, by=person)
        fragments.say(_("Kampanjen avslutas. Samtal som redan förts kan skickas in i två veckor till."))
    db.session.commit()
    return redirect(url_for("numbers.page", campaign_id=campaign.id), 303)


def _facts(form: forms.Form) -> Facts:
    return form.read(Facts, rhythm=form.text("rhythm") or "even")


def _target(form: forms.Form) -> int | None:
    """The number typed; None, with a sentence in the form's errors, when it cannot be a target."""
    number = form.whole("target")
    if sentence := targets.wrong(number):
        form.errors["target"] = sentence
        return None
    return number


def _blank() -> forms.Form:
    return forms.Form(
        kind="listen",
        starts_on=clock.today().isoformat(),
        channels=["door", "phone", "stall"],
        topics="\n".join(topics.suggested()),
        rhythm="even",
    )


def _filled(campaign: Campaign) -> forms.Form:
    return forms.Form(
        name=campaign.name,
        kind=campaign.kind,
        starts_on=campaign.starts_on.isoformat(),
        ends_on=campaign.ends_on.isoformat(),
        channels=campaign.channels,
        topics="\n".join(topic.name for topic in topics.offered(campaign)),
        script=campaign.script,
        rhythm=campaign.rhythm,
        target=targets.agreed(campaign).get(campaign.organisation_id, ""),
    )


def _form(form: forms.Form, campaign: Campaign | None) -> str:
    person = auth.person()
    owners = organisations.tree(access.nodes(person, "campaign.edit"))
    if campaign is None and not owners:
        raise access.Forbidden("campaign.edit")
    return render_template("campaigns/form.html", form=form, errors=form.errors, campaign=campaign, owners=owners)
