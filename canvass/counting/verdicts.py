"""What becomes of a set of operations: decided in memory, without the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from canvass.core import clock
from canvass.counting import attempts, operations
from canvass.counting.attempts import Change, Facts, Row
from canvass.counting.known import Known
from canvass.counting.operations import Arrived, Sent
from canvass.counting.receipts import Receipt
from canvass.fieldwork import campaigns


class Verdict(NamedTuple):
    """The server's answer to one operation. `code` says why it is quarantined, "" for any other verdict.

    `retry` is given to what there is no room to hold; the phone keeps it.
    """

    op: str
    verdict: str
    rev: int = 0
    code: str = ""


class Handed(NamedTuple):
    """An operation, by whom it was handed in, and on which installation it was made."""

    operation: Arrived
    author_id: str
    installation_id: str


@dataclass
class Decision:
    """The verdicts, one per operation, and what is to be written."""

    verdicts: list[Verdict] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)  # new ones by operation id
    attempts: dict[str, Row] = field(default_factory=dict)  # new and changed ones by id
    held: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)  # new ones by (op, digest)


def decide(handed: Iterable[Handed], known: Known, now: datetime) -> Decision:
    """Give a verdict on each operation in turn, as if those before it had been written already."""
    decision = Decision()
    for one in handed:
        decision.verdicts.append(_verdict(one, known, decision, now))
    return decision


def defer(decision: Decision, handed: Sequence[Handed], room: dict[str, int]) -> None:
    """Leave on the phones what there is no room to hold (`quarantine.room`): it is answered with `retry`."""
    fits: dict[tuple[str, str], bool] = {}
    for place, one in enumerate(handed):
        operation = one.operation
        key = (operation.op, operation.digest)
        if key not in decision.held:
            continue
        if key not in fits:
            whose = (decision.held[key]["author_id"], decision.held[key]["installation_id"])
            fits[key] = min(room[id_] for id_ in whose) > 0
            for id_ in whose:
                room[id_] -= fits[key]
        if not fits[key]:
            decision.verdicts[place] = Verdict(operation.op, "retry")
            receipt = decision.receipts.get(operation.op)
            if receipt is not None and receipt.digest == operation.digest:
                del decision.receipts[operation.op]
    decision.held = {key: held for key, held in decision.held.items() if fits[key]}


def _verdict(one: Handed, known: Known, decision: Decision, now: datetime) -> Verdict:
    operation = one.operation
    receipt = decision.receipts.get(operation.op) or known.receipts.get(operation.op)
    if receipt is not None:
        if receipt.digest != operation.digest:
            return _held(one, "conflict", known, decision, now)
        key = (operation.op, operation.digest)
        if receipt.verdict == "quarantined" and (key in known.held or key in decision.held):
            return _held(one, "", known, decision, now)
        return Verdict(operation.op, "duplicate", receipt.rev)
    sent, verdict = operation.sent, "quarantined"
    problem = operation.problem if sent is None else objection(sent, one.author_id, known, now)
    if sent is not None and problem is None:
        problem, verdict = _apply(sent, one.author_id, known, decision, now)
    decision.receipts[operation.op] = Receipt(
        operation.op,
        operation.digest,
        one.installation_id,
        operation.seq,
        sent.attempt if sent else "",
        sent.rev if sent else 0,
        verdict,
    )
    if problem is not None:
        return _held(one, problem, known, decision, now)
    return Verdict(operation.op, verdict, sent.rev if sent else 0)


def _apply(sent: Sent, author_id: str, known: Known, decision: Decision, now: datetime) -> tuple[str | None, str]:
    """Bring the attempt to what the operation says; returns the reason why that cannot be, and the verdict."""
    row = decision.attempts.get(sent.attempt) or known.attempts.get(sent.attempt)
    try:
        decision.attempts[sent.attempt] = attempts.revised(row, change(sent, author_id, known, now))
    except attempts.NotTheAuthor:
        return "not_yours", "quarantined"
    except attempts.OtherCampaign:
        return "other_campaign", "quarantined"
    return None, "stored" if row is None or sent.rev > row.rev else "superseded"


def _held(one: Handed, code: str, known: Known, decision: Decision, now: datetime) -> Verdict:
    """The verdict on an operation that is held or is to be; `duplicate` once it has been admitted, to settle it."""
    operation, sent = one.operation, one.operation.sent
    key = (operation.op, operation.digest)
    decided = ""
    if key in known.held:
        code, decided = known.held[key]
    elif key in decision.held:
        code = decision.held[key]["code"]
    else:
        decision.held[key] = {
            "operation_id": operation.op,
            "digest": operation.digest,
            "raw": operation.content,
            "code": code,
            "author_id": one.author_id,
            "organisation_id": _judges(one, known),
            "installation_id": one.installation_id,
            "campaign_id": sent.campaign if sent and sent.campaign in known.campaigns else None,
            "evening": clock.local_day(operations.happened_at(sent, now) if sent else now),
        }
    if decided == "admitted":
        return Verdict(operation.op, "duplicate")
    return Verdict(operation.op, "quarantined", code="dismissed" if decided == "dismissed" else code)


def _judges(one: Handed, known: Known) -> str:
    """The organisation whose leaders judge a held operation: the one it would count for, else the author's."""
    sent, own = one.operation.sent, known.authors[one.author_id].association_id
    if sent is None or sent.campaign not in known.campaigns:
        return own
    return known.where_logged(one.author_id, sent.campaign) or own


def objection(sent: Sent, author_id: str, known: Known, now: datetime, *, is_admitted: bool = False) -> str | None:
    """The reason why the operation may not be counted, or None. Some are ignored when a leader admits it."""
    campaign = known.campaigns.get(sent.campaign)
    if campaign is None:
        return "campaign_unknown"
    may_log = known.may_have_logged if is_admitted else known.may_log
    if not may_log(author_id, sent.campaign):
        return "not_member"
    if not is_admitted:
        if campaign.period.state == "draft":
            return "campaign_not_open"
        if not campaign.period.accepts(operations.happened_at(sent, now)):
            return "campaign_closed"
    if sent.kind == "delete":
        return None
    if sent.data.get("outcome") not in campaigns.CHANNELS.get(str(sent.data.get("channel")), ()):
        return "outcome_unknown"
    if not 1 <= sent.data.get("n", 1) <= attempts.MOST_AT_ONCE:
        return "number"
    area_id = sent.data.get("area")
    if area_id is not None and not known.serves(area_id, sent.campaign):
        # Admitted, it is counted without an area.
        return None if is_admitted else "area_unknown"
    return None


def change(sent: Sent, author_id: str, known: Known, now: datetime) -> Change:
    """What the operation does to its attempt. A shift that is unknown or in another campaign is left out."""
    facts = shift_id = None
    if sent.kind != "delete":
        data = sent.data
        area_id, shift_id = data.get("area"), data.get("shift")
        if shift_id and (shift_id not in known.shifts or known.shifts[shift_id].campaign_id != sent.campaign):
            shift_id = None
        facts = Facts(
            area_id if area_id and known.serves(area_id, sent.campaign) else None,
            data["channel"],
            data["outcome"],
            data.get("n", 1),
            [topic for topic in dict.fromkeys(data.get("topics", ())) if known.topics.get(topic) == sent.campaign],
            shift_id or None,
        )
    return Change(
        sent.attempt,
        author_id,
        sent.campaign,
        known.counted_for(author_id, sent.campaign, shift_id or None),
        operations.happened_at(sent, now),
        facts,
        sent.rev,
        sent.kind == "create",
    )
