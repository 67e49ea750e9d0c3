"""Operations as phones send them: decoding, and what can be understood. docs/sync.md is the protocol."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from canvass.core import clock
from canvass.core.db import is_id
from canvass.counting import quarantine

# How an answer says that it is one of ours, and no captive portal's.
APP = "canvass-sync/1"
SCHEMA = 1
MOST_OPERATIONS = 50
MOST_BYTES = 128 * 1024
MOST_TOPICS = 100
LARGEST_NUMBER = 2**31 - 1
# An operation that claims to be older has a wrong clock.
FURTHEST_BACK = timedelta(days=400)


class Malformed(ValueError):
    """The request is not a batch of operations; nothing of it was stored."""


class Envelope(msgspec.Struct):
    """What a phone posts. `arrived` decodes the operations one by one, so that a bad one does not stop the others."""

    schema: int
    install: str
    batch: str
    ops: list[msgspec.Raw]
    author: str | None = None
    epoch: str | None = None
    sent_at: str | None = None
    pending: int = 0
    max_seq: int = 0
    # The shift the phone is out on. Unset by older phones and for operations read from a file.
    shift: str | msgspec.UnsetType | None = msgspec.UNSET


class Named(msgspec.Struct):
    """The least that an operation must have: an id."""

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


class Arrived(msgspec.Struct, frozen=True):
    """An operation as it arrived: `sent` when it can be understood, else the reason why nobody can."""

    op: str
    content: str
    digest: str
    seq: int
    sent: Sent | None
    problem: str | None


_ENVELOPE = msgspec.json.Decoder(Envelope)
_NAMED = msgspec.json.Decoder(Named)
_SENT = msgspec.json.Decoder(Sent)
_SORTED = json.JSONEncoder(sort_keys=True)


def read(body: bytes) -> Envelope:
    """The request body, decoded but for the operations. Raises Malformed."""
    try:
        body.decode()  # msgspec does not validate what it leaves raw
        envelope = _ENVELOPE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None
    if not is_id(envelope.install) or not is_id(envelope.batch):
        raise Malformed("install and batch must be ids")
    if not 0 <= envelope.max_seq <= LARGEST_NUMBER or not 0 <= envelope.pending <= LARGEST_NUMBER:
        raise Malformed("max_seq and pending must be counts")
    if isinstance(envelope.shift, str) and not is_id(envelope.shift):
        raise Malformed("shift must be an id")
    return envelope


def arrived(envelope: Envelope) -> list[Arrived]:
    """The operations of a batch. Raises Malformed when one has no id, or nests deeper than Python can read."""
    try:
        return [_arrived(bytes(raw)) for raw in envelope.ops]
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None


def _arrived(raw: bytes) -> Arrived:
    content = raw.decode()
    said = quarantine.read(content)
    digest = hashlib.sha256(_SORTED.encode(said).encode()).hexdigest()
    sent, problem = decoded(raw)
    operation_id = sent.op if sent else _NAMED.decode(raw).op
    if not is_id(operation_id):
        raise Malformed("an operation has no id")
    return Arrived(operation_id, content, digest, sent.seq if sent else _seq_at_least(said), sent, problem)


def decoded(raw: bytes | str) -> tuple[Sent | None, str | None]:
    """The operation, or the reason why nobody can understand it."""
    try:
        sent = _SENT.decode(raw)
    except msgspec.ValidationError:
        return None, "malformed"
    problem = unreadable(sent)
    return (None, problem) if problem else (sent, None)


def unreadable(sent: Sent) -> str | None:
    """The reason why nobody can understand the operation, or None."""
    if sent.schema != SCHEMA:
        return "schema"
    if not is_id(sent.attempt) or not is_id(sent.campaign) or sent.kind not in ("create", "edit", "delete"):
        return "malformed"
    if not 1 <= sent.rev <= LARGEST_NUMBER or not 1 <= sent.seq <= LARGEST_NUMBER:
        return "malformed"
    try:
        _moment(sent.at)
    except ValueError:
        return "malformed"
    if sent.offset is not None and not abs(sent.offset) < LARGEST_NUMBER:
        return "malformed"
    return "malformed" if sent.kind != "delete" and not _has_readable_data(sent) else None


_moment = lru_cache(maxsize=256)(clock.parse)  # asked for three times of each operation


def _has_readable_data(sent: Sent) -> bool:
    topics, area, shift = sent.data.get("topics", []), sent.data.get("area"), sent.data.get("shift")
    return (
        isinstance(topics, list)
        and len(topics) <= MOST_TOPICS
        and all(is_id(topic) for topic in topics)
        and type(sent.data.get("n", 1)) is int
        and all(each is None or is_id(each) for each in (area, shift))
    )


def happened_at(sent: Sent, now: datetime) -> datetime:
    """When it took place, by the server's clock; `now`, the time of arrival, when the phone's clock cannot be right."""
    try:
        moment = _moment(sent.at) + timedelta(seconds=sent.offset or 0)
    except OverflowError:
        return now
    return moment if now - FURTHEST_BACK < moment <= now else now


def _seq_at_least(said: dict[str, Any]) -> int:
    """The sequence number of an otherwise unreadable operation, so that it is not missing; 0 when it has none."""
    found = said.get("seq")
    return found if type(found) is int and 0 < found <= LARGEST_NUMBER else 0
