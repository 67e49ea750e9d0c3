"""Taking in operations: each is counted exactly once, or kept for a leader to judge.

docs/sync.md is the protocol. Receiving twice is harmless: the primary key of the receipts decides.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

import msgspec
from sqlalchemy.exc import DataError, IntegrityError

from canvass.core import clock, state
from canvass.core.db import session
from canvass.core.refusals import Refused
from canvass.counting import attempts, known, operations, quarantine, receipts, verdicts
from canvass.counting.known import Known
from canvass.counting.operations import Arrived, Envelope, Sent
from canvass.counting.quarantine import Held
from canvass.counting.receipts import Operation, Phone
from canvass.counting.verdicts import Decision, Handed, Verdict
from canvass.fieldwork import shifts
from canvass.members import access
from canvass.members.people import Person

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """What one request hands in."""

    author_id: str
    envelope: Envelope
    operations: list[Arrived]


@dataclass(frozen=True)
class Answer:
    """What became of a batch. `max_seq` and `missing` are of its phone, the rest is the same for all at the time."""

    verdicts: list[Verdict]
    max_seq: int
    missing: list[int]
    at: datetime
    epoch: str
    durable_before: str | None


def receive(batches: Sequence[Batch]) -> list[Answer]:
    """Take in batches in one transaction; returns the answers, to be sent after the commit.

    Each statement writes its rows in the order of their keys, and the statements always come in the same order, so two
    servers that receive at the same time never wait for each other in a circle. Raises LookupError when an author is
    gone, and IntegrityError or DataError when the database refuses anything: then nothing has been written.
    """
    found, now = _look_up(batches), clock.now()
    authors = found.authors
    phones = receipts.phones({b.envelope.install: (b.author_id, authors[b.author_id].association_id) for b in batches})
    handed = [Handed(each, batch.author_id, batch.envelope.install) for batch in batches for each in batch.operations]
    decision = verdicts.decide(handed, found, now)
    if decision.held:
        rooms = quarantine.room({one.author_id for one in handed}, {one.installation_id for one in handed})
        verdicts.defer(decision, handed, rooms)
    noted = _note(batches, phones, decision, found)
    _write(decision, found)
    receipts.save(phones.values())
    told = state.receive(now, is_new=bool(decision.receipts))  # the last thing: others wait for it
    return [Answer(*each, now, *told) for each in noted]


def receive_singly(batch: Batch) -> Answer:
    """Take in the operations one by one, so that the database may refuse one of them: that one is held as `failed`."""
    answer = receive([replace(batch, operations=[])])[0]
    found: list[Verdict] = []
    for operation in batch.operations:
        try:
            with session.begin_nested():
                answer = receive([replace(batch, operations=[operation])])[0]
        except (DataError, IntegrityError) as error:
            # Not the message, which holds what was to be written.
            log.error("operation %s could not be applied: %s", operation.op, type(error.orig).__name__)
            failed = msgspec.structs.replace(operation, sent=None, problem="failed")
            answer = receive([replace(batch, operations=[failed])])[0]
        found += answer.verdicts
    return replace(answer, verdicts=found)


def _look_up(batches: Sequence[Batch]) -> Known:
    every = [operation for batch in batches for operation in batch.operations]
    return known.look_up(
        {batch.author_id for batch in batches},
        {operation.op for operation in every},
        [operation.sent for operation in every if operation.sent is not None],
        {batch.envelope.shift for batch in batches if batch.envelope.shift},
    )


def _note(
    batches: Sequence[Batch], phones: Mapping[str, Phone], decision: Decision, found: Known
) -> list[tuple[list[Verdict], int, list[int]]]:
    """Note in each batch's phone what the batch says of it; returns the beginnings of the answers."""
    noted, verdicts_left, new = [], iter(decision.verdicts), set(decision.receipts)
    for batch in batches:
        envelope, phone = batch.envelope, phones[batch.envelope.install]
        if envelope.shift is not msgspec.UNSET:
            receipts.note_shift(phone, _out_on(batch.author_id, envelope.shift, found))
        arrived = [operation.seq for operation in batch.operations if operation.op in new]
        is_own = envelope.shift is not msgspec.UNSET  # said by the phone itself only
        given = list(islice(verdicts_left, len(batch.operations)))
        held = envelope.pending - sum(each.verdict != "retry" for each in given)
        missing = receipts.note_gaps(phone, arrived, envelope.max_seq, held, is_own=is_own)
        noted.append((given, phone.max_seq, missing))
    return noted


def _out_on(author_id: str, shift_id: str | None, found: Known) -> str | None:
    """The shift the phone says it is out on; None when it is over or in a campaign where the person may not log."""
    shift = found.shifts.get(shift_id or "")
    if shift is None or not shifts.is_open(shift.cancelled_at, shift.ends_at):
        return None
    return shift_id if found.where_logged(author_id, shift.campaign_id) else None


def _write(decision: Decision, found: Known) -> None:
    receipts.give(decision.receipts.values())
    attempts.store(decision.attempts.values(), found.attempts)
    quarantine.hold(decision.held.values())


def admit(some: Sequence[Held], *, by: Person) -> int:
    """Count held operations, those of them that can be counted, and return how many; the others stay undecided.

    Raises Refused when there is none, so that only dismissing is left, and access.Forbidden for somebody who may not
    review at the campaign's owner too: the campaign's figures are the owner's.
    """
    read = [(one, *operations.decoded(one.raw)) for one in some]
    sents = [sent for _one, sent, _problem in read if sent is not None]
    found, now = known.look_up({one.author_id for one in some}, {one.operation_id for one in some}, sents), clock.now()
    before, counted, problems = dict(found.attempts), defaultdict[tuple[str, str], list[Held]](list), []
    for one, sent, unreadable in read:
        problem = unreadable or "malformed"
        if sent is not None:
            problem = verdicts.objection(sent, one.author_id, found, now, is_admitted=True) or ""
        if sent is not None and not problem:
            owner_id = found.campaigns[sent.campaign].owner_id
            for organisation_id in (one.organisation_id, owner_id):
                access.require(by, "quarantine.review", organisation_id)
            problem = _admitted(one, sent, found, now)
            counted[owner_id, one.organisation_id] += [] if problem else [one]
        if problem:
            problems.append(problem)
    if len(problems) == len(some):
        raise Refused(quarantine.sentence(problems[0]))
    attempts.store(found.attempts.values(), before)
    for (owner_id, _organisation_id), those in counted.items():
        quarantine.decide(those, "admitted", by, owner_id)
    return len(some) - len(problems)


def _admitted(one: Held, sent: Sent, found: Known, now: datetime) -> str:
    """Bring the attempt in `found` to what the operation says; returns the reason why that cannot be, or ""."""
    row, change = found.attempts.get(sent.attempt), verdicts.change(sent, one.author_id, found, now)
    is_conflict = one.code == "conflict"
    if is_conflict and row is not None and sent.rev < row.rev:
        return "corrected"
    try:
        found.attempts[sent.attempt] = (attempts.replaced if is_conflict else attempts.revised)(row, change)
    except attempts.NotTheAuthor:
        return "not_yours"
    except attempts.OtherCampaign:
        return "other_campaign"
    if not is_conflict:
        is_newer = row is None or sent.rev > row.rev
        session.get_one(Operation, one.operation_id).verdict = "stored" if is_newer else "superseded"
    return ""
