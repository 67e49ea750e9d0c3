"""The server's half of the promise: whatever a phone hands in is counted exactly once, or kept for a leader to judge.

docs/sync.md is the protocol. Everything here is safe to do twice: the unique key of an operation decides.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, func, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from canvass import access, areas, attempts, audit, campaigns, clock, organisations, state, tallies
from canvass.areas import Area
from canvass.campaigns import Campaign
from canvass.db import Base, Id, insert_once, is_id, new_id, session
from canvass.i18n import gettext as _
from canvass.organisations import Organisation
from canvass.people import Person

APP = "canvass-sync/1"
SCHEMA = 1
MOST_OPERATIONS = 50
MOST_BYTES = 128 * 1024
LARGEST_NUMBER = 2**31 - 1
MOST_MISSING_TOLD = 200
# A clock further off than this says nothing about when; then the hour of arrival stands in.
FURTHEST_BACK = timedelta(days=400)
# A phone not heard from for this long is told of as silent: what it holds may be lost.
SILENT_AFTER = timedelta(days=3)

log = logging.getLogger(__name__)


# --- what is kept -------------------------------------------------------------------------------------------


class Operation(Base):
    """The receipt for one operation. Never purged: it is what makes a resent operation harmless for ever."""

    __tablename__ = "operations"
    __table_args__ = (Index("ix_operations_installation_id_seq", "installation_id", "seq"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)  # made on the phone
    digest: Mapped[str] = mapped_column(String(64))
    installation_id: Mapped[str] = mapped_column(Id)
    seq: Mapped[int]
    attempt_id: Mapped[str] = mapped_column(Id)
    rev: Mapped[int]
    verdict: Mapped[str] = mapped_column(String(12))  # stored, superseded or quarantined
    received_at: Mapped[datetime]


class Held(Base):
    """An operation in quarantine: whole, uncounted, until a leader admits or dismisses it; then kept on record."""

    __tablename__ = "quarantine"
    __table_args__ = (UniqueConstraint("operation_id", "digest"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    operation_id: Mapped[str] = mapped_column(Id)
    digest: Mapped[str] = mapped_column(String(64))
    raw: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(30))
    author_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    # Whose leaders judge it: the author's association.
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    received_at: Mapped[datetime]
    decision: Mapped[str] = mapped_column(String(10), default="")  # '', admitted or dismissed
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[str | None] = mapped_column(Id, ForeignKey(Person.id))

    author: Mapped[Person] = relationship(foreign_keys=author_id, lazy="joined", innerjoin=True)
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @property
    def data(self) -> dict[str, Any]:
        """The operation as the phone wrote it, as far as it can be read."""
        found = json.loads(self.raw)
        return found if isinstance(found, dict) else {}


class Installation(Base):
    """A phone's copy of the app, as it last described itself: how many operations it has made, how many wait on it."""

    __tablename__ = "installations"

    id: Mapped[str] = mapped_column(Id, primary_key=True)  # made on the phone
    person_id: Mapped[str] = mapped_column(Id, ForeignKey(Person.id))
    organisation_id: Mapped[str] = mapped_column(Id, ForeignKey(Organisation.id), index=True)
    max_seq: Mapped[int] = mapped_column(default=0)
    low_seq: Mapped[int] = mapped_column(default=0)  # every number up to here has arrived
    missing: Mapped[int] = mapped_column(default=0)  # numbers up to max_seq that have not
    pending: Mapped[int] = mapped_column(default=0)
    heard_at: Mapped[datetime]


class Refused(ValueError):
    """A held operation cannot be admitted; the message is a sentence for the leader."""


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


@dataclass(frozen=True)
class Problem:
    """Why an operation is not counted. `forgivable`: a leader may admit it all the same."""

    code: str
    forgivable: bool = True


def sentence(code: str) -> str:
    """The reason for a quarantine, in words for the person at the door and for the leader."""
    return {
        "malformed": _("Uppgifterna gick inte att läsa."),
        "schema": _("Appen på telefonen är nyare än servern."),
        "conflict": _("Telefonen har skickat två olika uppgifter med samma nummer."),
        "campaign_unknown": _("Kampanjen finns inte."),
        "campaign_not_open": _("Kampanjen har inte öppnat än."),
        "campaign_closed": _("Kampanjen var avslutad."),
        "not_member": _("Du är inte med i kampanjen."),
        "area_unknown": _("Området finns inte i kampanjen."),
        "outcome_unknown": _("Utfallet finns inte för det sättet att samtala."),
        "number": _("Antalet är orimligt."),
        "not_yours": _("Samtalet loggades av någon annan."),
        "failed": _("Servern kunde inte spara uppgifterna."),
        "dismissed": _("En kampanjledare har avfärdat den."),
    }[code]


def read(body: bytes) -> Envelope:
    """The request's envelope. Raises Malformed."""
    try:
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
    return envelope


def receive(person: Person, envelope: Envelope) -> dict[str, Any]:
    """Take in a batch of this person's operations; the answer has one verdict for each. The caller commits first."""
    phone = _phone(person, envelope)
    results = [_take(person, phone, bytes(raw)) for raw in envelope.ops]
    missing = _note_gaps(phone, envelope)
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
            for area in areas.of_campaign(campaign, near=person.association_id)
        ],
        "channels": [{"channel": c, "outcomes": list(campaigns.CHANNELS[c])} for c in campaign.channels],
        "topics": [{"id": topic.id, "name": topic.name} for topic in campaigns.topics(campaign)],
    }


# --- one operation ------------------------------------------------------------------------------------------


def _take(person: Person, phone: Installation, raw: bytes) -> dict[str, Any]:
    """The verdict on one operation. Whatever goes wrong with it stays with it."""
    operation_id = msgspec.json.decode(raw, type=Named).op
    content = json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(content.encode()).hexdigest()
    try:
        sent = msgspec.json.decode(raw, type=Sent)
        problem = _unreadable(sent)
    except msgspec.ValidationError:
        sent, problem = None, Problem("malformed", forgivable=False)
    seq = sent.seq if sent and not problem else _seq_at_least(content)
    is_new = insert_once(
        Operation,
        id=operation_id,
        digest=digest,
        installation_id=phone.id,
        seq=seq,
        attempt_id=sent.attempt if sent and not problem else "",
        rev=sent.rev if sent and not problem else 0,
        verdict="quarantined",
        received_at=clock.now(),
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
            problem = Problem("not_yours", forgivable=False)
        except (DataError, IntegrityError):
            log.exception("operation %s could not be applied", operation_id)
            problem = Problem("failed")
        else:
            receipt = session.get_one(Operation, operation_id)
            receipt.verdict = verdict
            return {"op": operation_id, "verdict": verdict, "rev": sent.rev}
    assert problem is not None
    return _hold(person, operation_id, digest, content, problem)


def _seen_before(person: Person, operation_id: str, digest: str, content: str) -> dict[str, Any]:
    receipt = session.get_one(Operation, operation_id)
    if receipt.digest != digest:
        return _hold(person, operation_id, digest, content, Problem("conflict"))
    if receipt.verdict == "quarantined":
        held = session.scalar(select(Held).where(Held.operation_id == operation_id, Held.digest == digest))
        if held is not None and held.decision != "admitted":
            return _held_answer(held)
    return {"op": operation_id, "verdict": "duplicate", "rev": receipt.rev}


def _hold(person: Person, operation_id: str, digest: str, content: str, problem: Problem) -> dict[str, Any]:
    held_facts = {"operation_id": operation_id, "digest": digest}
    insert_once(
        Held,
        id=new_id(),
        **held_facts,
        raw=content,
        code=problem.code,
        author_id=person.id,
        organisation_id=person.association_id,
        received_at=clock.now(),
        decision="",
    )
    held = session.scalars(select(Held).filter_by(**held_facts)).one()
    if held.decision == "admitted":
        return {"op": operation_id, "verdict": "duplicate", "rev": 0}
    return _held_answer(held)


def _held_answer(held: Held) -> dict[str, Any]:
    code = "dismissed" if held.decision == "dismissed" else held.code
    return {"op": held.operation_id, "verdict": "quarantined", "code": code, "sentence": sentence(code)}


def _unreadable(sent: Sent) -> Problem | None:
    """What makes the operation impossible to understand, whoever admits it."""
    if sent.schema != SCHEMA:
        return Problem("schema", forgivable=False)
    if not is_id(sent.attempt) or not is_id(sent.campaign) or sent.kind not in ("create", "edit", "delete"):
        return Problem("malformed", forgivable=False)
    if not 1 <= sent.rev <= LARGEST_NUMBER or not 1 <= sent.seq <= LARGEST_NUMBER:
        return Problem("malformed", forgivable=False)
    try:
        clock.parse(sent.at)
    except ValueError:
        return Problem("malformed", forgivable=False)
    if sent.offset is not None and not abs(sent.offset) < LARGEST_NUMBER:
        return Problem("malformed", forgivable=False)
    if sent.kind != "delete":
        topics = sent.data.get("topics", [])
        if not isinstance(topics, list) or len(topics) > 100 or not all(is_id(topic) for topic in topics):
            return Problem("malformed", forgivable=False)
        if type(sent.data.get("n", 1)) is not int:
            return Problem("malformed", forgivable=False)
        area = sent.data.get("area")
        if area is not None and not is_id(area):
            return Problem("malformed", forgivable=False)
    return None


def _objection(person: Person, sent: Sent, *, is_admitted: bool = False) -> Problem | None:
    """Why this operation may not be counted; a leader who admits it looks past what is forgivable."""
    campaign = session.get(Campaign, sent.campaign)
    if campaign is None:
        return Problem("campaign_unknown", forgivable=False)
    if not is_admitted:
        if campaigns.logging_organisation(person, campaign) is None:
            return Problem("not_member")
        if campaign.state == "draft":
            return Problem("campaign_not_open")
        if not campaigns.accepts(campaign, happened_at(sent)):
            return Problem("campaign_closed")
    if sent.kind == "delete":
        return None
    if sent.data.get("outcome") not in campaigns.CHANNELS.get(str(sent.data.get("channel")), ()):
        return Problem("outcome_unknown", forgivable=False)
    if not 1 <= sent.data.get("n", 1) <= (LARGEST_NUMBER // 1000 if is_admitted else attempts.MOST_AT_ONCE):
        return Problem("number")
    area_id = sent.data.get("area")
    if area_id is not None:
        area = session.get(Area, area_id)
        if area is None or not areas.may_be_in(campaign, area):
            # Admitted, it counts without an area rather than not at all.
            return None if is_admitted else Problem("area_unknown")
    return None


def _apply(person: Person, sent: Sent, *, rev: int | None = None) -> str:
    campaign = session.get_one(Campaign, sent.campaign)
    facts = None
    if sent.kind != "delete":
        area = session.get(Area, sent.data["area"]) if sent.data.get("area") else None
        known = campaigns.all_topics(campaign)
        facts = attempts.Facts(
            area_id=area.id if area and areas.may_be_in(campaign, area) else None,
            channel=sent.data["channel"],
            outcome=sent.data["outcome"],
            number=sent.data.get("n", 1),
            topics=[topic for topic in dict.fromkeys(sent.data.get("topics", [])) if topic in known],
        )
    is_newer = attempts.log(
        sent.attempt,
        author=person,
        campaign_id=campaign.id,
        organisation_id=campaigns.logging_organisation(person, campaign) or campaign.organisation_id,
        happened_at=happened_at(sent),
        facts=facts,
        rev=rev or sent.rev,
        is_first=sent.kind == "create",
    )
    return "stored" if is_newer else "superseded"


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
    found = json.loads(content).get("seq")
    return found if type(found) is int and 0 < found <= LARGEST_NUMBER else 0


# --- phones and what waits on them --------------------------------------------------------------------------


def _phone(person: Person, envelope: Envelope) -> Installation:
    now = clock.now()
    insert_once(
        Installation,
        id=envelope.install,
        person_id=person.id,
        organisation_id=person.association_id,
        max_seq=0,
        low_seq=0,
        missing=0,
        pending=0,
        heard_at=now,
    )
    phone = session.get(Installation, envelope.install, with_for_update=True, populate_existing=True)
    assert phone is not None
    phone.person_id, phone.organisation_id, phone.heard_at = person.id, person.association_id, now
    return phone


def _note_gaps(phone: Installation, envelope: Envelope) -> list[int]:
    """The first sequence numbers this phone has given out that have not arrived; other people's on it included."""
    query = select(Operation.seq).where(Operation.installation_id == phone.id, Operation.seq > phone.low_seq)
    arrived = set(session.scalars(query))
    phone.max_seq = max(phone.max_seq, envelope.max_seq, *arrived)
    while phone.low_seq + 1 in arrived:
        phone.low_seq += 1
    later = {seq for seq in arrived if seq > phone.low_seq}
    phone.missing = phone.max_seq - phone.low_seq - len(later)
    phone.pending = max(0, envelope.pending - len(envelope.ops))
    # Never as a whole list: a phone may claim any number.
    gaps = (seq for seq in range(phone.low_seq + 1, phone.max_seq + 1) if seq not in later)
    return list(islice(gaps, MOST_MISSING_TOLD))


@dataclass(frozen=True)
class Waiting:
    """What is known not to have arrived: on phones heard from lately, and on silent ones, where it may be lost."""

    operations: int = 0
    phones: int = 0
    silent_operations: int = 0
    silent_phones: int = 0
    silent_since: datetime | None = None


def waiting(organisation_id: str) -> Waiting:
    """What waits on the phones of an organisation and everything beneath it."""
    query = select(Installation).where(
        Installation.organisation_id.in_(organisations.beneath(organisation_id)), Installation.missing > 0
    )
    recent, silent = [], []
    for phone in session.scalars(query):
        (recent if clock.now() - phone.heard_at < SILENT_AFTER else silent).append(phone)
    return Waiting(
        operations=sum(phone.missing for phone in recent),
        phones=len(recent),
        silent_operations=sum(phone.missing for phone in silent),
        silent_phones=len(silent),
        silent_since=min((phone.heard_at for phone in silent), default=None),
    )


# --- quarantine ---------------------------------------------------------------------------------------------


def to_review(organisation_ids: list[str]) -> int:
    """How many held operations wait for a decision at these organisations and beneath."""
    query = select(func.count(Held.id)).where(
        Held.organisation_id.in_(organisations.beneath_any(organisation_ids)), Held.decision == ""
    )
    return session.scalar(query) or 0


def held(organisation_ids: list[str], *, is_decided: bool = False) -> list[Held]:
    """The held operations of these organisations and beneath, the latest first; at most 500."""
    query = select(Held).where(
        Held.organisation_id.in_(organisations.beneath_any(organisation_ids)),
        Held.decision != "" if is_decided else Held.decision == "",
    )
    return list(session.scalars(query.order_by(Held.received_at.desc()).limit(500)))


def admit(one: Held, *, by: Person) -> None:
    """Count it after all. Raises Refused when it cannot be understood, so that only dismissing is left."""
    try:
        sent = msgspec.json.decode(one.raw, type=Sent)
    except msgspec.ValidationError:
        raise Refused(sentence("malformed")) from None
    problem = _unreadable(sent) or _objection(one.author, sent, is_admitted=True)
    if problem is not None:
        raise Refused(sentence(problem.code))
    access.require(by, "quarantine.review", one.organisation_id)
    receipt = session.get_one(Operation, one.operation_id)
    present = session.get(attempts.Attempt, sent.attempt)
    # A second content under a used number is what the leader now says is right, so it goes on top.
    rev = max(sent.rev, present.rev + 1) if one.code == "conflict" and present else sent.rev
    try:
        verdict = _apply(one.author, sent, rev=rev)
    except attempts.NotTheAuthor:
        raise Refused(sentence("not_yours")) from None
    if one.code != "conflict":
        receipt.verdict = verdict
    _decide(one, "admitted", by)


def dismiss(one: Held, *, by: Person) -> None:
    """Never count it; it stays on record."""
    _decide(one, "dismissed", by)


def _decide(one: Held, decision: str, by: Person) -> None:
    one.decision, one.decided_at, one.decided_by_id = decision, clock.now(), by.id
    audit.record(f"quarantine.{decision}", person_id=by.id, organisation_id=one.organisation_id, held=one.id, code=one.code)
