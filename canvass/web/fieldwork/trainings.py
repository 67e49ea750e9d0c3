"""Trainings for leading shifts: the list, adding and removing."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import trainings
from canvass.fieldwork.trainings import Training
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.web.page import auth, forms, fragments

bp = Blueprint("trainings", __name__)


@bp.get("/organisations/<organisation_id>/trainings")
def index(organisation_id: str) -> ResponseReturnValue:
    """Who has done the training for leading shifts, and when."""
    return _page(
        access.find(auth.person(), Organisation, organisation_id, "person.see"),
        forms.Form(done_on=clock.today().isoformat()),
    )


@bp.post("/organisations/<organisation_id>/trainings")
def note(organisation_id: str) -> ResponseReturnValue:
    """Note that somebody has done the training."""
    person, form = auth.person(), forms.Form()
    organisation = access.find(person, Organisation, organisation_id, "shift.plan")
    done_on = form.day("done_on")
    known = {one.id: one for one in trainings.leaders_to_choose(organisation, by=person)}
    chosen = known.get(form.text("person"))
    try:
        if chosen is None:
            raise Refused({"person": _("Välj vem som gått utbildningen.")})
        if not form.errors:
            trainings.note(chosen, organisation, done_on, by=person)
    except Refused as error:
        form.blame(error)
    if form.errors:
        db.give_up()
        return _page(access.find(person, Organisation, organisation_id), form), 422
    db.session.commit()
    fragments.say(_("Utbildningen är noterad."))
    return redirect(url_for("trainings.index", organisation_id=organisation_id), 303)


@bp.post("/trainings/<training_id>/forget")
def forget(training_id: str) -> ResponseReturnValue:
    """Remove a training noted by mistake."""
    training = access.find(auth.person(), Training, training_id, "shift.plan")
    organisation_id = training.organisation_id
    trainings.forget(training, by=auth.person())
    db.session.commit()
    fragments.say(_("Noteringen är borttagen."))
    return redirect(url_for("trainings.index", organisation_id=organisation_id), 303)


def _page(organisation: Organisation, form: forms.Form) -> str:
    person = auth.person()
    may_plan = access.may(person, "shift.plan", organisation.id)
    return render_template(
        "trainings/index.html",
        organisation=organisation,
        rows=trainings.at(organisations.beneath(organisation.id)),
        may_plan=may_plan,
        choices=[(one.id, one.name) for one in trainings.leaders_to_choose(organisation, by=person)]
        if may_plan
        else [],
        form=form,
        errors=form.errors,
    )
