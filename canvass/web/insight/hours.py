"""Contact rates by weekday and time of day, and the leaders' advice on which channel to use by kind of housing."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting import tallies
from canvass.fieldwork import areas, campaigns
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import hours
from canvass.insight.hours import Slot
from canvass.members import access, organisations
from canvass.web.page import auth, forms, fragments, level

bp = Blueprint("hours", __name__, url_prefix="/campaigns")


@bp.get("/<campaign_id>/hours")
def page(campaign_id: str) -> ResponseReturnValue:
    """A table of contact rates for each channel, and the advice."""
    campaign = access.find(auth.person(), Campaign, campaign_id)
    return _page(campaign, _filled(campaign))


def _filled(campaign: Campaign) -> forms.Form:
    return forms.Form(**{housing: campaigns.advised(campaign, housing) or "" for housing in areas.HOUSING})


def _page(campaign: Campaign, form: forms.Form) -> str:
    person, here = auth.person(), level.of(campaign)
    return render_template(
        "hours/page.html",
        campaign=campaign,
        level=here,
        weeks=hours.weeks(tallies.by("hour", campaign.id, organisations.beneath(here.node.id))),
        housings=areas.HOUSING,
        form=form,
        errors=form.errors,
        may_edit=access.may(person, "campaign.edit", campaign.organisation_id),
        weekday=i18n.weekday,
        span=span,
        fewest=hours.FEWEST,
    )


@bp.post("/<campaign_id>/advice")
def advise(campaign_id: str) -> ResponseReturnValue:
    """Set the advised channel for each kind of housing."""
    person = auth.person()
    campaign = access.find(person, Campaign, campaign_id, "campaign.edit")
    db.hold(campaign)
    form = _filled(campaign)
    form.settle()
    try:
        campaigns.advise(campaign, {housing: form.text(housing) for housing in areas.HOUSING}, by=person)
    except Refused as error:
        form.blame(error)
    if form.errors:
        db.session.rollback()
        return _page(access.find(person, Campaign, campaign_id), form), 422
    db.session.commit()
    fragments.say(_("Råden är sparade."))
    return redirect(url_for("hours.page", campaign_id=campaign_id), 303)


def span(slot: Slot) -> str:
    """A slot's two hours: 18:00–20:00."""
    return f"{slot.hour:02}:00–{slot.hour + hours.WINDOW:02}:00"
