"""The server's half of the promise: whatever a phone hands in is counted exactly once, or kept for a leader to judge.

docs/sync.md is the protocol. Everything here is safe to do twice: the unique key of an operation decides.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy.exc import DataError, IntegrityError

from canvass.core import clock, state
from canvass.core.db import is_id, session
from canvass.core.refusals import Refused
from canvass.counting import attempts, quarantine, receipts, summaries, tallies
from canvass.counting.quarantine import Held
from canvass.counting.receipts import Installation, Operation
from canvass.fieldwork import areas, campaigns, shifts
from canvass.fieldwork.areas import Area
from canvass.fieldwork.campaigns import Campaign
from canvass.fieldwork.shifts import Shift
from canvass.members import access, organisations, people
from canvass.members.people import Person

APP = "canvass-sync/1"
SCHEMA = 1
MOST_OPERATIONS = 50
MOST_BYTES = 128 * 1024
LARGEST_NUMBER = 2**31 - 1
# A clock further off than this says nothing about when; then the hour of arrival stands in.
FURTHEST_BACK = timedelta(days=400)

log = logging.getLogger(__name__)


# --- the wire -----------------------------------------------------------------------------------------------


class Malformed(ValueError):
    """The request is not one of ours; nothing of it was taken."""


class Envelope(msgspec.Struct):
    """What a phone posts. Operations are decoded one by one, so that a bad one does not take the others with it."""

    schema: int
    install: str
    batch: str
    ops: list[msgspec.Raw]
    author: str | None = None
    epoch: str | None = None
    sent_at: str | None = None
    pending: int = 0
    max_seq: int = 0
    # The shift the phone is out on. Left out, it says nothing of it: an older phone, or operations read from a file.
    shift: str | msgspec.UnsetType | None = msgspec.UNSET


class Named(msgspec.Struct):
    """The least that an operation must be: something with an id."""

    op: str


class Sent(msgspec.Struct):
    """One operation in full. `offset` is the seconds to add to the phone's clock to get the server's."""

    op: str
    attempt: str
    rev: int
    kind: str
    schema: int
    seq: int
    campaign: str
    at: str
    base: int = 0
    offset: float | None = None
    data: dict[str, Any] = {}


def read(body: bytes) -> Envelope:
    """The request's envelope. Raises Malformed."""
    try:
        body.decode()  # the decoder looks into nothing that it leaves raw
        envelope = msgspec.json.decode(body, type=Envelope)
        for raw in envelope.ops:
            if not is_id(msgspec.json.decode(raw, type=Named).op):
                raise Malformed("an operation has no id")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None
    if not is_id(envelope.install) or not is_id(envelope.batch):
        raise Malformed("install and batch must be ids")
    if not 0 <= envelope.max_seq <= LARGEST_NUMBER or not 0 <= envelope.pending <= LARGEST_NUMBER:
        raise Malformed("max_seq and pending must be counts")
    if isinstance(envelope.shift, str) and not is_id(envelope.shift):
        raise Malformed("shift must be an id")
    return envelope


def receive(person: Person, envelope: Envelope) -> dict[str, Any]:
    """Take in a batch of this person's operations; the answer has one verdict for each. The caller commits first.

    Raises Malformed for what nests deeper than Python can read: the phone then finds out which it is.
    """
    phone = receipts.phone(envelope.install, person)
    shift = _out_on(person, envelope.shift)
    if envelope.shift is not msgspec.UNSET:
        receipts.note_shift(phone, shift.id if shift else None)
    # Held on to while the batch lasts: the session forgets what nobody holds, and would read it again for each one.
    # So is the shift, which most of the operations are of.
    _held_on_to = (organisations.above(person.association_id), campaigns.seen_by(person)) if envelope.ops else ()
    try:
        results = [_take(person, phone, bytes(raw)) for raw in envelope.ops]
    except RecursionError:
        raise Malformed("an operation nests too deep") from None
    missing = receipts.note_gaps(phone, envelope.max_seq, envelope.pending - len(envelope.ops))
    durable = state.durable_before()
    return {
        "app": APP,
        "batch": envelope.batch,
        "epoch": state.epoch(),
        "now": clock.text(clock.now()),
        "durable_before": clock.text(durable) if durable else None,
        "device": {"max_seq": phone.max_seq, "missing": missing},
        "results": results,
    }


def hello(person: Person) -> dict[str, Any]:
    """Everything a phone needs to log without the server for as long as it takes."""
    durable = state.durable_before()
    return {
        "app": APP,
        "epoch": state.epoch(),
        "now": clock.text(clock.now()),
        "language": person.language,
        "durable_before": clock.text(durable) if durable else None,
        "person": {
            "id": person.id,
            "name": person.name,
            "association": person.association_id,
            "association_name": person.association.name,
        },
        "campaigns": [_campaign(person, campaign) for campaign in campaigns.to_log_in(person)],
    }


def _campaign(person: Person, campaign: Campaign) -> dict[str, Any]:
    own = campaigns.logging_organisation(person, campaign) or campaign.organisation_id
    today = tallies.by("day", campaign.id, organisations.beneath(own)).get(clock.today().isoformat(), tallies.Count())
    return {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        "script": campaign.script,
        "target": campaigns.targets(campaign).get(campaign.organisation_id),
        "result": tallies.total(campaign.id, organisations.beneath(campaign.organisation_id)).conversations,
        "association_result": tallies.total(campaign.id, organisations.beneath(own)).conversations,
        "association_today": today.conversations,
        "areas": [
            {"id": area.id, "code": area.code, "name": area.name}
            for area in areas.serving(campaign.organisation_id, near=person.association_id)
        ],
        "channels": [{"channel": c, "outcomes": list(campaigns.CHANNELS[c])} for c in campaign.channels],
        "topics": [{"id": topic.id, "name": topic.name} for topic in campaigns.topics(campaign)],
        "shifts": _shifts(person, campaign),
    }


def _shifts(person: Person, campaign: Campaign) -> list[dict[str, Any]]:
    """What the person can go out on, each with what everybody on it has done so far."""
    found = shifts.open_to(person, campaign)
    summed = summaries.summaries(found)
    return [
        {
            "id": shift.id,
            "channel": shift.channel,
            "areas": [area.id for area in shift.areas],
            "starts_at": clock.text(shift.starts_at),
            "ends_at": clock.text(shift.ends_at),
            "place": shift.place,
            "leader": people.first_name(shift.leader.name) if shift.leader else None,
            "script": shift.script,
            "points": shift.points,
            "counts": {key: getattr(summed[shift.id], key) for key in ("attempts", "conversations", "reached")},
        }
        for shift in found
    ]


def _out_on(person: Person, shift_id: str | msgspec.UnsetType | None) -> Shift | None:
    """The shift a phone says it is out on, unless that is over, or in a campaign that is not its person's."""
    shift = session.get(Shift, shift_id) if shift_id else None
    if shift is None or not shift.is_open or not campaigns.logging_organisation(person, shift.campaign):
        return None
    return shift


# --- one operation ------------------------------------------------------------------------------------------


def _take(person: Person, phone: Installation, raw: bytes) -> dict[str, Any]:
    """The verdict on one operation. Whatever goes wrong with it stays with it."""
    operation_id = msgspec.json.decode(raw, type=Named).op
    content = raw.decode()
    # Of what it says, so that white space and the order of fields make no other operation of it.
    said = json.dumps(quarantine.read(content), sort_keys=True)
    digest = hashlib.sha256(said.encode()).hexdigest()
    try:
        sent = msgspec.json.decode(raw, type=Sent)
        problem = _unreadable(sent)
    except msgspec.ValidationError:
        sent, problem = None, "malformed"
    seq = sent.seq if sent and not problem else _seq_at_least(content)
    is_new = receipts.give(
        operation_id,
        digest=digest,
        installation_id=phone.id,
        seq=seq,
        attempt_id=sent.attempt if sent and not problem else "",
        rev=sent.rev if sent and not problem else 0,
    )
    if not is_new:
        return _seen_before(person, operation_id, digest, content)
    if sent is not None and problem is None:
        problem = _objection(person, sent)
    if sent is not None and problem is None:
        try:
            with session.begin_nested():
                verdict = _apply(person, sent)
        except attempts.NotTheAuthor:
            problem = "not_yours"
        except attempts.OtherCampaign:
            problem = "other_campaign"
        except (DataError, IntegrityError):
            log.exception("operation %s could not be applied", operation_id)
            problem = "failed"
        else:
            receipt = session.get_one(Operation, operation_id)
            receipt.verdict = verdict
            return {"op": operation_id, "verdict": verdict, "rev": sent.rev}
    assert problem is not None
    return _held_answer(quarantine.hold(person, operation_id, digest, content, problem))


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
    """What the phone is told of a held operation: an admitted one is counted, so it may let go of it."""
    if held.decision == "admitted":
        return {"op": held.operation_id, "verdict": "duplicate", "rev": 0}
    code = "dismissed" if held.decision == "dismissed" else held.code
    return {"op": held.operation_id, "verdict": "quarantined", "code": code, "sentence": quarantine.sentence(code)}


def _unreadable(sent: Sent) -> str | None:
    """What makes the operation impossible to understand, whoever admits it."""
    if sent.schema != SCHEMA:
        return "schema"
    if not is_id(sent.attempt) or not is_id(sent.campaign) or sent.kind not in ("create", "edit", "delete"):
        return "malformed"
    if not 1 <= sent.rev <= LARGEST_NUMBER or not 1 <= sent.seq <= LARGEST_NUMBER:
        return "malformed"
    try:
        clock.parse(sent.at)
    except ValueError:
        return "malformed"
    if sent.offset is not None and not abs(sent.offset) < LARGEST_NUMBER:
        return "malformed"
    if sent.kind != "delete":
        topics = sent.data.get("topics", [])
        if not isinstance(topics, list) or len(topics) > 100 or not all(is_id(topic) for topic in topics):
            return "malformed"
        if type(sent.data.get("n", 1)) is not int:
            return "malformed"
        area = sent.data.get("area")
        shift = sent.data.get("shift")
        if any(each is not None and not is_id(each) for each in (area, shift)):
            return "malformed"
    return None


def _objection(person: Person, sent: Sent, *, is_admitted: bool = False) -> str | None:
    """Why this operation may not be counted; a leader who admits it looks past what is forgivable."""
    campaign = session.get(Campaign, sent.campaign)
    if campaign is None:
        return "campaign_unknown"
    if not is_admitted:
        if campaigns.logging_organisation(person, campaign) is None:
            return "not_member"
        if campaign.state == "draft":
            return "campaign_not_open"
        if not campaigns.accepts(campaign, happened_at(sent)):
            return "campaign_closed"
    if sent.kind == "delete":
        return None
    if sent.data.get("outcome") not in campaigns.CHANNELS.get(str(sent.data.get("channel")), ()):
        return "outcome_unknown"
    if not 1 <= sent.data.get("n", 1) <= (LARGEST_NUMBER // 1000 if is_admitted else attempts.MOST_AT_ONCE):
        return "number"
    area_id = sent.data.get("area")
    if area_id is not None:
        area = session.get(Area, area_id)
        if area is None or not areas.serves(area, campaign.organisation_id):
            # Admitted, it counts without an area rather than not at all.
            return None if is_admitted else "area_unknown"
    return None


def _apply(person: Person, sent: Sent, *, rev: int | None = None) -> str:
    campaign = session.get_one(Campaign, sent.campaign)
    facts = shift = None
    if sent.kind != "delete":
        area = session.get(Area, sent.data["area"]) if sent.data.get("area") else None
        known = campaigns.all_topics(campaign)
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
        happened_at=happened_at(sent),
        facts=facts,
        rev=rev or sent.rev,
        is_first=sent.kind == "create",
    )
    return "stored" if is_newer else "superseded"


def _shift(sent: Sent) -> Shift | None:
    """The shift it was made on. One that is not there, or another campaign's, is no reason not to count it."""
    shift_id = sent.data.get("shift")
    shift = session.get(Shift, shift_id) if shift_id else None
    return shift if shift is not None and shift.campaign_id == sent.campaign else None


def _logs_for(person: Person, campaign: Campaign, shift: Shift | None) -> str:
    """Whose the attempt is: the association's whose shift it is, when the author may log there, else their own."""
    if shift is not None and shift.organisation.kind == "association":
        of_shift = shift.organisation_id
        if organisations.is_beneath(of_shift, campaign.organisation_id) and access.may(person, "attempt.log", of_shift):
            return of_shift
    return campaigns.logging_organisation(person, campaign) or campaign.organisation_id


def happened_at(sent: Sent) -> datetime:
    """When it took place by the server's clock. The phone's clock decides which hour, never whether."""
    now = clock.now()
    try:
        moment = clock.parse(sent.at) + timedelta(seconds=sent.offset or 0)
    except OverflowError:
        return now
    return moment if now - FURTHEST_BACK < moment <= now else now


def _seq_at_least(content: str) -> int:
    """The sequence number of an operation that is otherwise unreadable, so that it does not look lost; 0 for none."""
    found = quarantine.read(content).get("seq")
    return found if type(found) is int and 0 < found <= LARGEST_NUMBER else 0


def admit(one: Held, *, by: Person) -> None:
    """Count it after all. Raises Refused when it cannot be understood, so that only dismissing is left."""
    try:
        sent = msgspec.json.decode(one.raw, type=Sent)
    except msgspec.ValidationError:
        raise Refused(quarantine.sentence("malformed")) from None
    problem = _unreadable(sent) or _objection(one.author, sent, is_admitted=True)
    if problem is not None:
        raise Refused(quarantine.sentence(problem))
    access.require(by, "quarantine.review", one.organisation_id)
    receipt = session.get_one(Operation, one.operation_id)
    present = session.get(attempts.Attempt, sent.attempt)
    # A second content under a used number is what the leader now says is right, so it goes on top.
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
