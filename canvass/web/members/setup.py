"""The first evening: from the one-time link to the first campaign's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns
from canvass.members import joining, organisations, people
from canvass.web.page import auth, forms, fragments

bp = Blueprint("setup", __name__, url_prefix="/setup")


@bp.get("/<token>")
@auth.open_by_token
def begin(token: str) -> ResponseReturnValue:
    """One form: the organisation, you, the campaign."""
    joining.ticket("setup", token)
    return _form(_blank())


@bp.post("/<token>")
@auth.open_by_token
def finish(token: str) -> ResponseReturnValue:
    """Everything is checked before anything is written, in one transaction; the link is spent."""
    ticket = joining.ticket("setup", token)
    form = _blank()
    facts = _facts(form)
    _check(form, facts)
    if form.errors:
        db.session.rollback()
        return _form(form), 422
    organisation = organisations.add(form.text("level"), form.text("organisation"), None)
    person = people.add(form.text("name"), organisation, email=form.text("email"))
    people.set_password(person, form.password)
    people.grant(person, "admin", organisation)
    campaign = campaigns.create(organisation, **facts, topics=form.lines("topics"), by=person)
    campaigns.open_(campaign, by=person)
    joining.link(organisation, campaign.id, campaign.ends_on, auth.secret())
    joining.spend(ticket)
    response = make_response(redirect(url_for("numbers.page", campaign_id=campaign.id), 303))
    auth.let_in(person, response)
    db.session.commit()
    fragments.say(_("Allt är klart. Dela länken eller koden så kan de första börja logga."))
    return response


def _facts(form: forms.Form) -> dict[str, Any]:
    """What the form says of the campaign."""
    return {
        "name": form.text("campaign"),
        "kind": form.text("kind"),
        "starts_on": form.day("starts_on"),
        "ends_on": form.day("ends_on"),
        "channels": form.many("channels"),
        "target": form.whole("target"),
    }


def _check(form: forms.Form, facts: dict[str, Any]) -> None:
    """Let each rule look at its part of the form, also when another has found something."""
    checks: tuple[tuple[Callable[[], object], dict[str, str]], ...] = (
        (
            lambda: organisations.checked(form.text("level"), form.text("organisation"), None),
            {"kind": "level", "name": "organisation"},
        ),
        (lambda: people.checked_name(form.name), {}),
        (lambda: people.unused_email(form.email), {}),
        (lambda: people.checked_password(form.password), {}),
        (lambda: campaigns.checked(**facts), {"name": "campaign"}),
    )
    # From the last to the first, since a form puts what it is told before what it knows.
    for check, names in reversed(checks):
        try:
            check()
        except Refused as error:
            form.blame(error, names)


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
