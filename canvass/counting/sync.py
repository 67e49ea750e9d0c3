"""Taking in operations: each is counted exactly once, or kept for a leader to judge.

docs/sync.md is the protocol. Receiving twice is harmless: the primary key of the receipts decides.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from sqlalchemy.exc import DataError, IntegrityError

from canvass.core import clock, state
from canvass.core.db import session
from canvass.core.refusals import Refused
from canvass.counting import attempts, operations, quarantine, receipts
from canvass.counting.operations import Envelope, Malformed, Named, Sent
from canvass.counting.quarantine import Held
from canvass.counting.receipts import Installation, Operation
from canvass.fieldwork import areas, campaigns, topics
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members import access, organisations
from canvass.members.people import Person

log = logging.getLogger(__name__)


def receive(person: Person, envelope: Envelope) -> dict[str, Any]:
    """Take in a batch of this person's operations; returns the answer, to be sent after the commit.

    Raises Malformed when an operation nests deeper than Python can read: the phone then bisects the batch.
    """
    phone = receipts.phone(envelope.install, person)
    shift = _out_on(person, envelope.shift)
    if envelope.shift is not msgspec.UNSET:
        receipts.note_shift(phone, shift.id if shift else None)
    # References, so that the session's weak identity map keeps these rows for the whole batch.
    _kept = (organisations.above(person.association_id), campaigns.seen_by(person)) if envelope.ops else ()
    try:
        results = [_take(person, phone, bytes(raw)) for raw in envelope.ops]
    except RecursionError:
        raise Malformed("an operation nests too deep") from None
    missing = receipts.note_gaps(phone, envelope.max_seq, envelope.pending - len(envelope.ops))
    durable = state.durable_before()
    return {
        "app": operations.APP,
        "batch": envelope.batch,
        "epoch": state.epoch(),
        "now": clock.text(clock.now()),
        "durable_before": clock.text(durable) if durable else None,
        "device": {"max_seq": phone.max_seq, "missing": missing},
        "results": results,
    }


def _out_on(person: Person, shift_id: str | msgspec.UnsetType | None) -> Shift | None:
    """The shift the phone says it is out on; None when it is over or in a campaign where the person may not log."""
    shift = session.get(Shift, shift_id) if shift_id else None
    if shift is None or not shift.is_open or not campaigns.logging_organisation(person, shift.campaign):
        return None
    return shift


# --- one operation ------------------------------------------------------------------------------------------


def _take(person: Person, phone: Installation, raw: bytes) -> dict[str, Any]:
    """The verdict on one operation. What is wrong with it stops no other."""
    operation_id, content = msgspec.json.decode(raw, type=Named).op, raw.decode()
    digest = operations.digest(content)
    sent, problem = _decoded(raw)
    is_new = receipts.give(
        operation_id,
        digest=digest,
        installation_id=phone.id,
        seq=sent.seq if sent else operations.seq_at_least(content),
        attempt_id=sent.attempt if sent else "",
        rev=sent.rev if sent else 0,
    )
    if not is_new:
        return _seen_before(person, operation_id, digest, content)
    if sent is not None:
        problem = _objection(person, sent) or _store(person, sent)
        if problem is None:
            verdict = session.get_one(Operation, operation_id).verdict
            return {"op": operation_id, "verdict": verdict, "rev": sent.rev}
    return _held_answer(quarantine.hold(person, operation_id, digest, content, problem or "malformed"))


def _decoded(raw: bytes) -> tuple[Sent | None, str | None]:
    """The operation, or the reason why nobody can understand it."""
    try:
        sent = msgspec.json.decode(raw, type=Sent)
    except msgspec.ValidationError:
        return None, "malformed"
    problem = operations.unreadable(sent)
    return (None, problem) if problem else (sent, None)


def _store(person: Person, sent: Sent) -> str | None:
    """Apply the operation and note the verdict in its receipt; returns the reason why it could not be."""
    try:
        with session.begin_nested():
            verdict = _apply(person, sent)
    except attempts.NotTheAuthor:
        return "not_yours"
    except attempts.OtherCampaign:
        return "other_campaign"
    except (DataError, IntegrityError):
        log.exception("operation %s could not be applied", sent.op)
        return "failed"
    session.get_one(Operation, sent.op).verdict = verdict
    return None


def _seen_before(person: Person, operation_id: str, digest: str, content: str) -> dict[str, Any]:
    receipt = session.get_one(Operation, operation_id)
    if receipt.digest != digest:
        return _held_answer(quarantine.hold(person, operation_id, digest, content, "conflict"))
    if receipt.verdict == "quarantined":
        held = quarantine.find(operation_id, digest)
        if held is not None:
            return _held_answer(held)
    return {"op": operation_id, "verdict": "duplicate", "rev": receipt.rev}


def _held_answer(held: Held) -> dict[str, Any]:
    """The verdict on a held operation: `duplicate` once it has been admitted, so that the phone acknowledges it."""
    if held.decision == "admitted":
        return {"op": held.operation_id, "verdict": "duplicate", "rev": 0}
    code = "dismissed" if held.decision == "dismissed" else held.code
    return {"op": held.operation_id, "verdict": "quarantined", "code": code, "sentence": quarantine.sentence(code)}


def _objection(person: Person, sent: Sent, *, is_admitted: bool = False) -> str | None:
    """The reason why the operation may not be counted, or None. Some are ignored when a leader admits it."""
    campaign = session.get(Campaign, sent.campaign)
    if campaign is None:
        return "campaign_unknown"
    if not is_admitted:
        if campaigns.logging_organisation(person, campaign) is None:
            return "not_member"
        if campaign.state == "draft":
            return "campaign_not_open"
        if not campaigns.accepts(campaign, operations.happened_at(sent)):
            return "campaign_closed"
    if sent.kind == "delete":
        return None
    if sent.data.get("outcome") not in campaigns.CHANNELS.get(str(sent.data.get("channel")), ()):
        return "outcome_unknown"
    if not 1 <= sent.data.get("n", 1) <= (operations.LARGEST_NUMBER // 1000 if is_admitted else attempts.MOST_AT_ONCE):
        return "number"
    area_id = sent.data.get("area")
    if area_id is not None:
        area = session.get(Area, area_id)
        if area is None or not areas.serves(area, campaign.organisation_id):
            # Admitted, it is counted without an area.
            return None if is_admitted else "area_unknown"
    return None


def _apply(person: Person, sent: Sent, *, rev: int | None = None) -> str:
    campaign = session.get_one(Campaign, sent.campaign)
    facts = shift = None
    if sent.kind != "delete":
        area = session.get(Area, sent.data["area"]) if sent.data.get("area") else None
        known = topics.all_of(campaign)
        shift = _shift(sent)
        facts = attempts.Facts(
            area_id=area.id if area and areas.serves(area, campaign.organisation_id) else None,
            channel=sent.data["channel"],
            outcome=sent.data["outcome"],
            number=sent.data.get("n", 1),
            topics=[topic for topic in dict.fromkeys(sent.data.get("topics", [])) if topic in known],
            shift_id=shift.id if shift else None,
        )
    is_newer = attempts.log(
        sent.attempt,
        author=person,
        campaign_id=campaign.id,
        organisation_id=_logs_for(person, campaign, shift),
        happened_at=operations.happened_at(sent),
        facts=facts,
        rev=rev or sent.rev,
        is_first=sent.kind == "create",
    )
    return "stored" if is_newer else "superseded"


def _shift(sent: Sent) -> Shift | None:
    """The shift the operation names, None when it is unknown or in another campaign: it is counted all the same."""
    shift_id = sent.data.get("shift")
    shift = session.get(Shift, shift_id) if shift_id else None
    return shift if shift is not None and shift.campaign_id == sent.campaign else None


def _logs_for(person: Person, campaign: Campaign, shift: Shift | None) -> str:
    """The organisation the attempt belongs to: that of the shift when the author may log there, else their own."""
    if shift is not None and shift.organisation.kind == "association":
        of_shift = shift.organisation_id
        if organisations.is_beneath(of_shift, campaign.organisation_id) and access.may(person, "attempt.log", of_shift):
            return of_shift
    return campaigns.logging_organisation(person, campaign) or campaign.organisation_id


def admit(one: Held, *, by: Person) -> None:
    """Count a held operation. Raises Refused when it cannot be counted, so that only dismissing is left."""
    try:
        sent = msgspec.json.decode(one.raw, type=Sent)
    except msgspec.ValidationError:
        raise Refused(quarantine.sentence("malformed")) from None
    problem = operations.unreadable(sent) or _objection(one.author, sent, is_admitted=True)
    if problem is not None:
        raise Refused(quarantine.sentence(problem))
    access.require(by, "quarantine.review", one.organisation_id)
    receipt = session.get_one(Operation, one.operation_id)
    present = session.get(attempts.Attempt, sent.attempt)
    # The leader says that the second content under a used id is the right one, so it gets the highest revision.
    rev = max(sent.rev, present.rev + 1) if one.code == "conflict" and present else sent.rev
    try:
        verdict = _apply(one.author, sent, rev=rev)
    except attempts.NotTheAuthor:
        raise Refused(quarantine.sentence("not_yours")) from None
    except attempts.OtherCampaign:
        raise Refused(quarantine.sentence("other_campaign")) from None
    if one.code != "conflict":
        receipt.verdict = verdict
    quarantine.decide(one, "admitted", by)
