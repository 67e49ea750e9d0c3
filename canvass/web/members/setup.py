"""Set-up of a fresh installation, by a link that works once: the organisation, the first person and a campaign."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns
from canvass.members import joining, organisations, passwords, people
from canvass.web.page import auth, forms, fragments, site

bp = Blueprint("setup", __name__, url_prefix="/setup")


@bp.get("/<token>")
@auth.open_by_token
def begin(token: str) -> ResponseReturnValue:
    """The form."""
    joining.ticket("setup", token)
    return _form(_blank())


@bp.post("/<token>")
@auth.open_by_token
def finish(token: str) -> ResponseReturnValue:
    """All of it in one transaction; the link is spent."""
    ticket = joining.ticket("setup", token)
    form = _blank()
    starts_on, ends_on, target = form.day("starts_on"), form.day("ends_on"), form.whole("target")
    try:
        with db.session.begin_nested():
            organisation = organisations.add(form.text("level"), form.text("organisation"), None)
    except Refused as error:
        form.errors["level" if form.text("level") not in organisations.KINDS else "organisation"] = str(error)
        organisation = organisations.add("association", "–", None)  # so that the rest is checked too; rolled back below
    checks = {"name": people.checked_name, "email": people.checked_email, "password": passwords.checked}
    for field, check in checks.items():
        try:
            check(request.form.get(field, ""))
        except Refused as error:
            form.errors[field] = str(error)
    person = None if form.errors else people.add(form.text("name"), organisation, email=form.text("email"))
    try:
        campaign = campaigns.create(
            organisation,
            name=form.text("campaign"),
            kind=form.text("kind"),
            starts_on=starts_on,
            ends_on=ends_on,
            channels=form.many("channels"),
            topics=form.lines("topics"),
            target=target,
            by=person,
        )
    except Refused as error:
        named = {"campaign" if field == "name" else field: sentence for field, sentence in error.errors.items()}
        form.errors = {**form.errors, **named, **form.errors}  # in the order of the form
    if form.errors or person is None:
        db.session.rollback()
        return _form(form), 422
    passwords.change(person, form.password)
    people.grant(person, "admin", organisation)
    campaigns.open_(campaign, by=person)
    joining.link(organisation, campaign.id, campaign.ends_on, site.secret())
    joining.spend(ticket)
    response = make_response(redirect(url_for("numbers.page", campaign_id=campaign.id), 303))
    auth.sign_in(person, response)
    db.session.commit()
    fragments.say(_("Allt är klart. Dela länken eller koden så kan de första börja logga."))
    return response


def _blank() -> forms.Form:
    today = clock.today()
    return forms.Form(
        level="municipal",
        kind="listen",
        starts_on=today.isoformat(),
        ends_on=(today + timedelta(days=60)).isoformat(),
        channels=["door", "phone", "stall"],
        topics="\n".join(campaigns.suggested_topics()),
        target="1000",
    )


def _form(form: forms.Form) -> str:
    return render_template("setup.html", form=form, errors=form.errors)
