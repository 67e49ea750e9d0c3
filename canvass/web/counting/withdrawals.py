"""Somebody's whole contribution: what it is, taking it out of the count, and taking that back."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db, i18n
from canvass.core.i18n import gettext as _
from canvass.core.refusals import Refused
from canvass.counting import withdrawals
from canvass.counting.receipts import Installation
from canvass.counting.withdrawals import Withdrawal
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access
from canvass.members.people import Person
from canvass.web.page import auth, forms, fragments

bp = Blueprint("withdrawals", __name__)


@bp.get("/people/<person_id>/contribution")
def page(person_id: str) -> ResponseReturnValue:
    """What would be withdrawn of the person, or with `?phone=` of one of their phones, and what has been."""
    reader = auth.person()
    whose = withdrawals.person(reader, person_id)
    phones = withdrawals.phones(whose)
    phone = _phone(phones, request.args.get("phone", ""))
    return render_template(
        "withdrawals/page.html",
        whose=whose,
        choices=[("", _("Allt, från alla telefoner")), *((each.id, _named(each)) for each in phones)] if phones else [],
        phone=phone,
        parts=withdrawals.preview(whose, phone.id if phone else None, reader),
        withdrawn=withdrawals.of(whose, reader),
    )


@bp.post("/people/<person_id>/contribution")
def withdraw(person_id: str) -> ResponseReturnValue:
    """Take it out of one campaign's count."""
    reader, form = auth.person(), forms.Form()
    whose = withdrawals.person(reader, person_id)
    phone = _phone(withdrawals.phones(whose), form.text("phone"))
    campaign = access.find(reader, Campaign, form.text("campaign"), "quarantine.review")
    try:
        withdrawals.withdraw(whose, phone.id if phone else None, campaign, by=reader)
    except Refused as error:
        db.session.rollback()
        fragments.say(str(error), "warning")
        return _back(whose, phone)
    db.session.commit()
    fragments.say(_("Det räknas inte längre. Det går att ångra här."))
    return _back(whose, phone)


@bp.post("/withdrawals/<withdrawal_id>/undo")
def undo(withdrawal_id: str) -> ResponseReturnValue:
    """Count it again."""
    reader = auth.person()
    found = access.find(reader, Withdrawal, withdrawal_id, "quarantine.review")
    whose = withdrawals.person(reader, found.person_id)
    if withdrawals.undo(found, by=reader):
        fragments.say(_("Det räknas igen."))
    db.session.commit()
    return _back(whose, None)


def _phone(phones: list[Installation], wanted: str) -> Installation | None:
    """The phone that is asked for, None for the person with all of them. Raises access.NotFound for another's."""
    if not wanted:
        return None
    found = next((phone for phone in phones if phone.id == wanted), None)
    if found is None:
        raise access.NotFound(wanted)
    return found


def _named(phone: Installation) -> str:
    return _("Telefonen som senast hördes av %(when)s", when=i18n.moment(phone.heard_at))


def _back(whose: Person, phone: Installation | None) -> ResponseReturnValue:
    return redirect(url_for("withdrawals.page", person_id=whose.id, phone=phone.id if phone else None), 303)
