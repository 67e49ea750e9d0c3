"""What phones call: hello, outlines, and sync. docs/sync.md is the protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextvars import Context, copy_context
from typing import NamedTuple

import msgspec
from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, IntegrityError
from werkzeug.exceptions import Unauthorized

from canvass.core import clock, db, state
from canvass.counting import operations, phones, quarantine, sync
from canvass.counting.sync import Answer, Batch
from canvass.counting.verdicts import Verdict
from canvass.web.page import auth

# Where a server that lets requests share a transaction collects this one's part; the error when that has failed.
SHARED = "canvass.shared"
# Seconds until a phone asks again about what there was no room to hold.
BACK_AFTER = 60

bp = Blueprint("sync", __name__, url_prefix="/api/v1")


@bp.get("/hello")
def hello() -> ResponseReturnValue:
    """Everything a phone needs to log offline. Needs a login: a device token cannot read."""
    told = phones.hello(auth.person())
    # A phone keeps what waits on it by the id that it knows its person by.
    told["person"]["id"] = auth.current_session().person_id
    return jsonify(told)


@bp.get("/outlines")
def outlines() -> ResponseReturnValue:
    """The areas' outlines, so that the phone finds its area without sending its position."""
    features = [
        {
            "type": "Feature",
            "id": area.id,
            "properties": {"code": area.code, "name": area.name},
            "geometry": json.loads(area.outline),
        }
        for area in phones.outlined(auth.person())
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
        if len(envelope.ops) > operations.MOST_OPERATIONS:
            return jsonify(error="too_large"), 413
        batch = Batch(_author(envelope), envelope, operations.arrived(envelope))
    except operations.Malformed as error:
        return jsonify(error="malformed", sentence=str(error)), 400
    shared = request.environ.get(SHARED)
    if isinstance(shared, list):
        shared.append(Part(batch, copy_context()))
        return Response(mimetype="application/json")
    if isinstance(shared, Exception) and not isinstance(shared, _OF_ONE):
        raise shared
    return Response(_body(batch, _alone(batch)), mimetype="application/json")


# Errors that one part may have caused alone: the others need not suffer.
_OF_ONE = (DataError, IntegrityError, LookupError)


class Part(NamedTuple):
    """What one request adds to a transaction that several share, and the context in which to word its answer."""

    batch: Batch
    context: Context


def commit(parts: Sequence[Part]) -> list[bytes]:
    """Take in the parts in one transaction, and return the bodies of their answers.

    A commit costs the same for one as for many.
    """
    answers = _commit([part.batch for part in parts])
    return [part.context.run(_body, part.batch, answer) for part, answer in zip(parts, answers, strict=True)]


def _commit(batches: Sequence[Batch]) -> list[Answer]:
    """Take in the batches and commit. Raises LookupError when an author is gone."""
    answers, last = db.repeat(lambda: (sync.receive(batches), state.order()))
    # After the commit: a mark ahead of the database would look like a restore at the next start.
    state.note_received(current_app.config["DATA"], last)
    return answers


def _alone(batch: Batch) -> Answer:
    try:
        return _commit([batch])[0]
    except (DataError, IntegrityError):
        return db.repeat(lambda: sync.receive_singly(batch))
    except LookupError:
        raise Unauthorized from None


def _body(batch: Batch, answer: Answer) -> bytes:
    return msgspec.json.encode(
        {
            "app": operations.APP,
            "batch": batch.envelope.batch,
            "epoch": answer.epoch,
            "now": clock.text(answer.at),
            "durable_before": answer.durable_before,
            "device": {"max_seq": answer.max_seq, "missing": answer.missing},
            "results": [_result(verdict) for verdict in answer.verdicts],
        }
    )


def _result(verdict: Verdict) -> dict[str, object]:
    if verdict.code:
        sentence = quarantine.sentence(verdict.code)
        return {"op": verdict.op, "verdict": verdict.verdict, "code": verdict.code, "sentence": sentence}
    if verdict.verdict == "retry":
        return {"op": verdict.op, "verdict": verdict.verdict, "seconds": BACK_AFTER}
    return {"op": verdict.op, "verdict": verdict.verdict, "rev": verdict.rev}


def _author(envelope: operations.Envelope) -> str:
    """The author that the batch names: the login's person or the device's. Raises Unauthorized for another."""
    submitters: dict[str, str] = g.submitters
    for known_as, person_id in submitters.items():
        if envelope.author in (None, known_as):
            return person_id
    raise Unauthorized
