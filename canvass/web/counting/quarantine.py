"""Quarantine: a leader admits or dismisses operations that could not be counted."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass.core import db
from canvass.core.i18n import gettext as _
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
        rows=reviews.reviews(quarantine.held(nodes, is_decided=is_decided), person),
        is_decided=is_decided,
    )


@bp.post("/<held_id>/admit")
def admit(held_id: str) -> ResponseReturnValue:
    """Count a held operation."""
    held = _undecided(held_id)
    if held is None:
        return _back()
    try:
        sync.admit(held, by=auth.person())
    except Refused as error:
        db.session.rollback()
        fragments.say(_("Uppgiften går inte att räkna: %(reason)s Den kan bara avfärdas.", reason=str(error)), "error")
    else:
        db.session.commit()
        fragments.say(_("Uppgiften är räknad."))
    return _back()


@bp.post("/<held_id>/dismiss")
def dismiss(held_id: str) -> ResponseReturnValue:
    """Decide that it is not counted."""
    held = _undecided(held_id)
    if held is None:
        return _back()
    quarantine.dismiss(held, by=auth.person())
    db.session.commit()
    fragments.say(_("Uppgiften är avfärdad. Den finns kvar under Avgjorda."))
    return _back()


def _back() -> ResponseReturnValue:
    """Redirect to the page the form was on: this list or a campaign's page."""
    return redirect(security.own_path(request.form.get("next"), url_for("quarantine.index")), 303)


def _undecided(held_id: str) -> Held | None:
    """The held operation, locked; None, with a message, when another leader has decided already."""
    held = access.find(auth.person(), Held, held_id, "quarantine.review")
    db.session.refresh(held, with_for_update={"of": Held})
    if held.decision:
        fragments.say(_("Den är redan avgjord."), "warning")
        return None
    return held
