"""A person's shifts: the list, a calendar file for one, and the secret address of a calendar with all."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db, i18n
from canvass.core.i18n import gettext as _
from canvass.fieldwork import calendars, shifts
from canvass.fieldwork.shifts import Shift
from canvass.members import access
from canvass.web.page import auth, fragments, site

bp = Blueprint("calendars", __name__)


@bp.get("/me/shifts")
def mine() -> ResponseReturnValue:
    """The shifts that the person leads or has signed up for, and the calendar's address."""
    person = auth.person()
    known = calendars.of(person)
    return render_template(
        "calendars/mine.html",
        coming=[shift for shift in shifts.signed_up_for(person) if shift.state != "over"],
        address=_address(calendars.token(known, site.secret())) if known else "",
    )


@bp.post("/me/shifts")
def change() -> ResponseReturnValue:
    """Make a new address, or with `withdraw` none; the old one stops working."""
    if request.form.get("withdraw"):
        calendars.withdraw(auth.person())
        fragments.say(_("Adressen är borttagen. Kalendern får inte veta något mer."))
    else:
        calendars.make(auth.person(), site.secret())
        fragments.say(_("Adressen är klar. Lägg in den i din kalender."))
    db.session.commit()
    return redirect(url_for("calendars.mine"), 303)


@bp.get("/calendar/<token>.ics")
@auth.open_by_token
def follow(token: str) -> ResponseReturnValue:
    """All of a person's shifts. Calendar programs have no session: the address is the secret."""
    known = calendars.with_token(token)
    if known is None:
        raise access.NotFound("calendar")
    with i18n.speaking(known.person.language):
        return _file(shifts.signed_up_for(known.person))


@bp.get("/shifts/<shift_id>.ics")
def one(shift_id: str) -> ResponseReturnValue:
    """A calendar file with one shift."""
    response = _file([shifts.find(auth.person(), shift_id)])
    response.headers["Content-Disposition"] = "attachment; filename=pass.ics"
    return response


def _file(found: list[Shift]) -> Response:
    def page(shift: Shift) -> str:
        return f"{site.base_url()}{url_for('shifts.page', shift_id=shift.id)}"

    return Response(calendars.write(found, page), content_type="text/calendar; charset=utf-8")


def _address(token: str) -> str:
    return f"{site.base_url()}{url_for('calendars.follow', token=token)}"
