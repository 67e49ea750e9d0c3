"""The demo's phones: what waits on them, one that has fallen silent, and what they sent that a leader has to judge.

They speak as real phones do, so that every page says the same of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from canvass.core import clock
from canvass.core.db import new_id, session
from canvass.counting import operations, sync
from canvass.counting.sync import Batch
from canvass.demo.teams import Team
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members.people import Person

# How long the silent phone has been so: longer than receipts.SILENT_AFTER.
SILENT = timedelta(days=5)


def report(
    volunteer: Person,
    at: datetime,
    *,
    waiting: int = 0,
    shift: Shift | None = None,
    install: str = "",
    ops: Sequence[dict[str, Any]] = (),
) -> None:
    """Have the volunteer's phone say at that time that so many operations wait on it, and hand `ops` in."""
    body = {
        "schema": operations.SCHEMA,
        "install": install or new_id(),
        "batch": new_id(),
        "author": volunteer.id,
        "sent_at": clock.text(at),
        "pending": waiting + len(ops),
        "max_seq": waiting + len(ops),
        "ops": list(ops),
        "shift": shift.id if shift else None,
    }
    session.flush()
    with clock.stopped(at):
        envelope = operations.read(json.dumps(body).encode())
        sync.receive([Batch(volunteer.id, envelope, operations.arrived(envelope))])


def send_out(shift: Shift, volunteers: Sequence[Person]) -> None:
    """Up to four phones that are out on the shift; the fourth still has attempts to send."""
    for place, volunteer in enumerate(volunteers[:4]):
        install, heard_at = new_id(), clock.now() - timedelta(minutes=2 + 9 * place)
        report(volunteer, max(shift.starts_at, heard_at - timedelta(minutes=40)), shift=shift, install=install)
        report(volunteer, heard_at, shift=shift, install=install, waiting=5 if place == 3 else 0)


def at_home(open_: Campaign, closed: Campaign, teams: Sequence[Team]) -> None:
    """Phones that are not out: one whose evening is on its way, one that is silent, and two that sent what is held."""
    now = clock.now()
    report(teams[1].volunteers[1], now - timedelta(hours=2), waiting=3)
    report(teams[2].volunteers[2], now - SILENT, waiting=4)
    crowd = _operation(open_, now - timedelta(days=1), channel="stall", n=75)
    report(teams[3].volunteers[0], now - timedelta(hours=20), ops=[crowd])
    late = _operation(closed, now - timedelta(days=2), channel="door", n=1)
    report(teams[4].volunteers[1], now - timedelta(hours=30), ops=[late])


def _operation(campaign: Campaign, at: datetime, *, channel: str, n: int) -> dict[str, Any]:
    data: dict[str, Any] = {"area": None, "channel": channel, "outcome": "talked", "n": n, "topics": []}
    ids = {"op": new_id(), "attempt": new_id(), "campaign": campaign.id}
    facts: dict[str, Any] = {"rev": 1, "base": 0, "kind": "create", "schema": operations.SCHEMA, "seq": 1, "offset": 0}
    return {**ids, **facts, "at": clock.text(at), "data": data}
