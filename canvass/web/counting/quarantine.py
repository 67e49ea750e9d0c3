"""Quarantine: a leader admits or dismisses operations that could not be counted."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db
from canvass.core.i18n import gettext as _
from canvass.core.i18n import ngettext
from canvass.core.refusals import Refused
from canvass.counting import quarantine, reviews, sync
from canvass.counting.quarantine import Held
from canvass.members import access
from canvass.web.page import auth, fragments, security

bp = Blueprint("quarantine", __name__, url_prefix="/quarantine")


@bp.get("")
def index() -> ResponseReturnValue:
    """The held operations that wait for a decision, or with `?decided=1` those that have one."""
    person = auth.person()
    nodes = access.nodes(person, "quarantine.review")
    if not nodes:
        raise access.Forbidden("quarantine.review")
    is_decided = bool(request.args.get("decided"))
    return render_template(
        "quarantine/index.html",
        groups=reviews.decided(nodes, person) if is_decided else reviews.waiting(nodes, person),
        is_decided=is_decided,
    )


@bp.post("/<held_id>/admit")
def admit(held_id: str) -> ResponseReturnValue:
    """Count a held operation, or with `all` its whole group."""
    some = _undecided(held_id)
    if not some:
        return _back()
    try:
        counted = sync.admit(some, by=auth.person())
    except Refused as error:
        db.session.rollback()
        fragments.say(_("Uppgiften går inte att räkna: %(reason)s Den kan bara avfärdas.", reason=str(error)), "error")
        return _back()
    db.session.commit()
    fragments.say(ngettext("Uppgiften är räknad.", "%(num)s uppgifter är räknade.", counted))
    if left := len(some) - counted:
        fragments.say(
            ngettext(
                "En går inte att räkna och kan bara avfärdas.",
                "%(num)s går inte att räkna och kan bara avfärdas.",
                left,
            ),
            "warning",
        )
    return _back()


@bp.post("/<held_id>/dismiss")
def dismiss(held_id: str) -> ResponseReturnValue:
    """Decide that it, or with `all` its whole group, is not counted."""
    some = _undecided(held_id)
    if not some:
        return _back()
    quarantine.dismiss(some, by=auth.person())
    db.session.commit()
    fragments.say(
        ngettext(
            "Uppgiften är avfärdad. Den finns kvar under Avgjorda.",
            "%(num)s uppgifter är avfärdade. De finns kvar under Avgjorda.",
            len(some),
        )
    )
    return _back()


def _back() -> ResponseReturnValue:
    """Redirect to the page the form was on: this list or a campaign's page."""
    return redirect(security.own_path(request.form.get("next"), url_for("quarantine.index")), 303)


def _undecided(held_id: str) -> list[Held]:
    """The held operation, or with `all` its group, locked; none, with a message, when another leader was first."""
    held = access.find(auth.person(), Held, held_id, "quarantine.review")
    if request.form.get("all"):
        some = quarantine.group_of(held)
    else:
        db.session.refresh(held, with_for_update={"of": Held})
        some = [] if held.decision else [held]
    if not some:
        fragments.say(_("Den är redan avgjord."), "warning")
    return some
