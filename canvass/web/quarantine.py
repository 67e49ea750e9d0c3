"""What phones handed in that could not be counted: a leader looks, admits or dismisses. Nothing is ever thrown away."""

from __future__ import annotations

from typing import TypeVar

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from canvass import access, campaigns, db, i18n, quarantine, sync
from canvass.areas import Area
from canvass.campaigns import Campaign
from canvass.i18n import gettext as _
from canvass.quarantine import Held
from canvass.web import fragments, gate

door = Blueprint("quarantine", __name__, url_prefix="/quarantine")

Owned = TypeVar("Owned", Campaign, Area)


@door.get("")
def index() -> ResponseReturnValue:
    """What waits for a decision, with the reason in words; or what has been decided."""
    person = gate.person()
    nodes = access.nodes(person, "quarantine.review")
    if not nodes:
        raise access.Forbidden("quarantine.review")
    is_decided = bool(request.args.get("decided"))
    return render_template(
        "quarantine/index.html",
        rows=[_row(held) for held in quarantine.held(nodes, is_decided=is_decided)],
        is_decided=is_decided,
    )


@door.post("/<held_id>/admit")
def admit(held_id: str) -> ResponseReturnValue:
    """Count it after all."""
    held = _undecided(held_id)
    if held is None:
        return redirect(url_for("quarantine.index"), 303)
    try:
        sync.admit(held, by=gate.person())
    except sync.Refused as error:
        db.session.rollback()
        fragments.say(_("Uppgiften går inte att räkna: %(reason)s Den kan bara avfärdas.", reason=str(error)), "error")
    else:
        db.session.commit()
        fragments.say(_("Uppgiften är räknad."))
    return redirect(url_for("quarantine.index"), 303)


@door.post("/<held_id>/dismiss")
def dismiss(held_id: str) -> ResponseReturnValue:
    """Leave it uncounted, on record."""
    held = _undecided(held_id)
    if held is None:
        return redirect(url_for("quarantine.index"), 303)
    quarantine.dismiss(held, by=gate.person())
    db.session.commit()
    fragments.say(_("Uppgiften är avfärdad. Den finns kvar under Avgjorda."))
    return redirect(url_for("quarantine.index"), 303)


def _undecided(held_id: str) -> Held | None:
    """The held operation, locked; None when another leader was faster, whose decision stands."""
    held = access.find(gate.person(), Held, held_id, "quarantine.review")
    db.session.refresh(held, with_for_update={"of": Held})
    if held.decision:
        fragments.say(_("Den är redan avgjord."), "warning")
        return None
    return held


def _row(held: Held) -> dict[str, object]:
    """What a leader needs to see of it, in words; whatever cannot be read is left out."""
    data = held.data
    said = data.get("data")
    facts = said if isinstance(said, dict) else {}
    campaign, area = _named(Campaign, data.get("campaign")), _named(Area, facts.get("area"))
    channel, outcome = str(facts.get("channel")), str(facts.get("outcome"))
    number = facts.get("n")
    parts = [
        campaigns.outcome_name(outcome) if outcome in campaigns.OUTCOMES else "",
        campaigns.channel_name(channel) if channel in campaigns.CHANNELS else "",
        area.name if area else "",
        campaign.name if campaign else "",
    ]
    if data.get("kind") == "delete":
        parts[0] = _("Ett ångrat försök")
    elif parts[0] and type(number) is int and number != 1:
        parts[0] = f"{i18n.number(number)} × {parts[0]}"
    return {
        "held": held,
        "reason": quarantine.sentence(held.code),
        "what": " · ".join(part for part in parts if part),
        "is_hopeless": held.code in quarantine.HOPELESS,
    }


def _named(kind: type[Owned], object_id: object) -> Owned | None:
    """What an id in a held operation speaks of; None when it is no id at all."""
    return db.session.get(kind, object_id) if db.is_id(object_id) else None
