"""What phones call: hello, outlines, and sync. docs/sync.md is the protocol."""

from __future__ import annotations

import hashlib
import json

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Unauthorized

from canvass.core import db, state
from canvass.counting import operations, phones, receipts, sync
from canvass.fieldwork import areas, campaigns
from canvass.members.people import Person
from canvass.web.page import auth

bp = Blueprint("sync", __name__, url_prefix="/api/v1")


@bp.get("/hello")
def hello() -> ResponseReturnValue:
    """Everything a phone needs to log offline. Needs a login: a device token cannot read."""
    return jsonify(phones.hello(auth.person()))


@bp.get("/outlines")
def outlines() -> ResponseReturnValue:
    """The areas' outlines, so that the phone finds its area without sending its position."""
    person = auth.person()
    found = {
        area.id: area
        for c in campaigns.to_log_in(person)
        for area in areas.serving(c.organisation_id, near=person.association_id)
    }
    features = [
        {
            "type": "Feature",
            "id": area.id,
            "properties": {"code": area.code, "name": area.name},
            "geometry": json.loads(area.outline),
        }
        for area in found.values()
        if area.outline
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    response = Response(body, mimetype="application/geo+json")
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:20])
    response.headers["Cache-Control"] = "private, no-cache"
    return response.make_conditional(request)


@bp.post("/sync")
@auth.open_to_devices
def receive() -> ResponseReturnValue:
    """Take in a batch; it is committed before it is answered."""
    if request.headers.get("X-Sync") != "1" or not request.is_json:
        return jsonify(error="malformed", sentence="X-Sync: 1 and application/json"), 400
    if (request.content_length or 0) > operations.MOST_BYTES:
        return jsonify(error="too_large"), 413
    body = request.get_data()
    if len(body) > operations.MOST_BYTES:
        return jsonify(error="too_large"), 413
    try:
        envelope = operations.read(body)
    except operations.Malformed as error:
        return jsonify(error="malformed", sentence=str(error)), 400
    if len(envelope.ops) > operations.MOST_OPERATIONS:
        return jsonify(error="too_large"), 413
    author_id = _author(envelope)

    def work() -> dict[str, object]:
        return sync.receive(db.session.get_one(Person, author_id), envelope)

    db.session.rollback()  # ends the transaction that found the person; each try has its own
    try:
        answer = db.repeat(work)
    except operations.Malformed as error:
        return jsonify(error="malformed", sentence=str(error)), 400
    if envelope.ops:
        # Read after the commit: a mark ahead of the database would look like a restore at the next start.
        db.read_only()
        state.note_received(current_app.config["DATA"], receipts.last_received_at())
    return jsonify(answer)


def _author(envelope: operations.Envelope) -> str:
    """The author that the batch names: the login's person or the device's. Raises Unauthorized for another."""
    person = auth.visitor()
    if person is not None and envelope.author in (None, person.id):
        return person.id
    device = auth.current_device()
    if device is not None and envelope.author in (None, device.person_id):
        return device.person_id
    raise Unauthorized
