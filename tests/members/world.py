"""A browser for each role, and one thing of each kind for each place: what the table of access is tried on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date

from flask.testing import FlaskClient
from sqlalchemy import select

from canvass.board.earlier_years import imports
from canvass.core import clock, db
from canvass.counting import late_reports, quarantine, withdrawals
from canvass.counting.receipts import Operation
from canvass.fieldwork import area_files, areas, campaigns, trainings
from canvass.fieldwork.campaigns import Campaign
from canvass.insight import walls
from canvass.members import devices, merges, people, sessions, tickets
from canvass.members.devices import Device
from canvass.members.organisations import Organisation
from canvass.members.people import Person, Removal
from tests.cast import Cast, log, new_campaign, plan_shift

ROLES = ("volunteer", "leader", "board", "admin")
PLACES = ("own", "child", "sibling", "parent", "foreign")
MARKS = {200: "+", 204: "+", 303: "+", 400: "!", 409: "!", 422: "!", 403: "-", 404: "."}


@dataclass
class World:
    """A browser for each role, all of them of Norrköping, and one thing of each kind for each place."""

    browsers: dict[str, FlaskClient] = field(default_factory=dict)
    ids: dict[str, dict[str, str]] = field(default_factory=dict)

    def answer(self, role: str, row: str, place: str) -> int:
        """Return the status that this role gets for a row of the table, with the ids of what the place owns."""
        filled = re.sub(r"<(\w+)>", lambda found: self.ids[place][found[1]], row)
        method, address, *form = filled.split(" ")
        data = dict(part.split("=") for part in form[0].split("&")) if form else None
        with self.browsers[role].open(address, method=method, data=data) as found:
            return int(found.status_code)

    def mark(self, role: str, row: str, place: str) -> str:
        """Return the same as a mark of the table."""
        status = self.answer(role, row, place)
        return MARKS.get(status, f"[{status}]")


def belongings(node: Organisation, cast: Cast) -> dict[str, str]:
    """Make one thing of each kind that this organisation owns, and return their ids."""
    resident = people.add("Resident", node)
    membership = people.grant(resident, "volunteer", node)
    opened, _token = sessions.start(resident)
    devices.add(resident)
    campaign = new_campaign(
        node,
        name="Kampanjen",
        kind="listen",
        starts_on=date(2026, 3, 1),
        ends_on=date(2026, 12, 31),
        channels=["door"],
        topics=[],
        target=None,
    )
    campaigns.open_(campaign)
    area = areas.add(node, name="Området", by=resident)
    shift = plan_shift(cast, owner=node, campaign=campaign, ground=[area], by=resident)
    plan = area_files.plan_import(node, b'{"type":"FeatureCollection","features":[]}')
    return {
        "organisation": node.id,
        "campaign": campaign.id,
        "area": area.id,
        "shift": shift.id,
        "training": trainings.note(resident, node, date(2026, 2, 1), by=resident).id,
        "ticket": tickets.invite(node, "leader", "", by=resident)[0].id,
        "membership": membership.id,
        "removal": _removal(node),
        "merge": _merge(node),
        "session": opened.id,
        "device": db.session.scalars(select(Device.id).where(Device.person_id == resident.id)).one(),
        "person": resident.id,
        "withdrawal": _withdrawal(resident, campaign, node, cast),
        "held": _held(resident, campaign.id),
        "import": imports.keep(node, [{"line": 2, "conversations": "7"}], by=resident).id,
        "report": _late_report(resident, campaign, node),
        "wall": walls.make(campaign, node, "", "sv", "key", by=resident).id,
        "draft": area_files.keep_draft(plan, {"housing": "", "file": "x.geojson"}, by=cast.adam).id,
    }


def _removal(node: Organisation) -> str:
    """A volunteer's role that was taken away."""
    gone = people.add("Borta", node)
    people.revoke(people.grant(gone, "volunteer", node))
    return db.session.scalars(select(Removal.id).where(Removal.person_id == gone.id)).one()


def _merge(node: Organisation) -> str:
    """Somebody who was there twice."""
    kept, double = people.add("Gunnel", node), people.add("Gunnel", node)
    for one in (kept, double):
        people.grant(one, "volunteer", node)
    return merges.merge(kept, double, merges.rows_of(double.id), node, by=kept).id


def _late_report(author: Person, campaign: Campaign, node: Organisation) -> str:
    """An evening that somebody has entered from paper."""
    report_id = db.new_id()
    totals = late_reports.Totals(date(2026, 5, 5), 18, "door", None, {"talked": 3})
    assert late_reports.enter(report_id, campaign, node, totals, by=author)
    return report_id


def _withdrawal(author: Person, campaign: Campaign, node: Organisation, cast: Cast) -> str:
    """Something that was logged and is withdrawn; something else is left."""
    log(cast, author, campaign=campaign)
    people.grant(cast.adam, "leader", node)
    found = withdrawals.withdraw(author, None, campaign, by=cast.adam)
    log(cast, author, campaign=campaign)
    for membership in [m for m in cast.adam.memberships if m.role == "leader"]:
        people.revoke(membership)
    return found.id


def _held(author: Person, campaign_id: str) -> str:
    """An operation in quarantine that could be admitted."""
    operation = {"op": db.new_id(), "attempt": db.new_id(), "rev": 1, "kind": "create", "schema": 1, "seq": 1}
    operation |= {"campaign": campaign_id, "at": "2026-05-06T10:00:00Z"}
    operation |= {"data": {"channel": "door", "outcome": "talked", "n": 9, "area": db.new_id()}}
    receipt = {"digest": "…", "installation_id": db.new_id(), "attempt_id": operation["attempt"], "seq": 1, "rev": 1}
    db.session.add(Operation(id=operation["op"], verdict="quarantined", received_at=clock.now(), **receipt))
    facts = {"author_id": author.id, "organisation_id": author.association_id, "code": "area_unknown", "digest": "…"}
    held = db.new_id()
    quarantine.hold([{"id": held, "operation_id": str(operation["op"]), "raw": json.dumps(operation), **facts}])
    return held
