"""Set-up of a fresh installation, by a link that works once: the organisation, the first person and a campaign."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from canvass.core import clock, db, nearby
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.fieldwork import campaigns, drafts, targets, topics
from canvass.members import joining, organisations, passwords, people, tickets
from canvass.web.page import auth, forms, fragments, site

bp = Blueprint("setup", __name__, url_prefix="/setup")


@bp.get("/<token>")
@auth.open_by_token
def begin(token: str) -> ResponseReturnValue:
    """The form."""
    tickets.find("setup", token)
    return _form(_blank())


@bp.post("/<token>")
@auth.open_by_token
def finish(token: str) -> ResponseReturnValue:
    """Everything is checked before anything is written, in one transaction; the link is spent."""
    ticket = tickets.find("setup", token)
    form = _blank()
    facts = form.read(campaigns.Facts, name=form.text("campaign"), rhythm="even")
    target = form.whole("target")
    if sentence := targets.wrong(target):
        form.errors["target"] = sentence
    _check(form, facts)
    if form.errors:
        db.give_up()
        return _form(form), 422
    password_hash = passwords.hashed(form.password)
    organisation = organisations.add(form.text("level"), form.text("organisation"), None)
    person = people.add(form.text("name"), organisation, email=form.text("email"))
    passwords.change(person, password_hash)
    people.grant(person, "admin", organisation)
    campaign = drafts.create(organisation, facts, topic_names=form.lines("topics"), target=target, by=person)
    campaigns.open_(campaign, by=person)
    joining.link(organisation, campaign.id, campaign.ends_on, site.secret())
    tickets.spend(ticket)
    response = make_response(redirect(url_for("numbers.page", campaign_id=campaign.id), 303))
    auth.sign_in(person, response)
    db.session.commit()
    if nearby.is_only_here(site.base_url()):
        fragments.say(_("Allt är klart på den här datorn. Innan du delar länken: se till att telefoner når servern."))
    else:
        fragments.say(_("Allt är klart. Dela länken eller koden så kan de första gå med."))
    return response


def _check(form: forms.Form, facts: campaigns.Facts) -> None:
    """Collect what is wrong in every part of the form."""
    checks: tuple[tuple[Callable[[], object], dict[str, str]], ...] = (
        (
            lambda: organisations.checked(form.text("level"), form.text("organisation"), None),
            {"kind": "level", "name": "organisation"},
        ),
        (lambda: people.checked_name(form.name), {}),
        (lambda: people.unused_email(form.email), {}),
        (lambda: passwords.checked(form.password), {}),
        (lambda: campaigns.checked(facts), {"name": "campaign"}),
    )
    # In reverse: Form.blame puts new errors first, and the summary follows the form.
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
        topics="\n".join(topics.suggested()),
        target="1000",
    )


def _form(form: forms.Form) -> str:
    return render_template("setup.html", form=form, errors=form.errors)
