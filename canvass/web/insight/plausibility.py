"""A team's answer to a question about a day out of the ordinary; the campaign's page asks it."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db
from canvass.core.i18n import gettext as _
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import plausibility
from canvass.members import access
from canvass.members.organisations import Organisation
from canvass.web.page import auth, forms, fragments

bp = Blueprint("plausibility", __name__, url_prefix="/campaigns")


@bp.post("/<campaign_id>/plausibility")
def answer(campaign_id: str) -> ResponseReturnValue:
    """Save the answer, right or wrong, if this person is asked that question now; else say that it is answered."""
    person, form = auth.person(), forms.Form()
    campaign = access.find(person, Campaign, campaign_id)
    organisation = access.find(person, Organisation, form.text("organisation"))
    asked = (organisation.id, form.text("day"), form.text("channel"), form.text("kind"))
    for question in plausibility.questions(campaign, person, organisation):
        if asked == (question.organisation.id, question.day.isoformat(), question.channel, question.kind):
            said = "right" if form.text("answer") == "right" else "wrong"
            plausibility.answer(question, campaign, said, by=person)
            fragments.say(
                _("Tack! Då räknas det som det är.")
                if said == "right"
                else _("Tack! Rätta det som går i telefonen, bland dagens försök. Säg till er ledare om resten.")
            )
            break
    else:
        fragments.say(_("Den frågan är redan besvarad."), "warning")
    db.session.commit()
    return redirect(url_for("numbers.page", campaign_id=campaign.id, at=form.text("at") or None), 303)
