"""Phones that speak the protocol of docs/sync.md over HTTP, each with the misfortunes that its volunteer has."""

from __future__ import annotations

import json
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.client import PATIENCE, Answer, Client, Silence
from tests.simulation.ledger import Diary
from tests.simulation.plan import ZONE, Action, Change, Drown, Facts, Glimpse, Log, Send, Undo, Volunteer

APP = "canvass-sync/1"
MOST_OPERATIONS = 50
MOST_BYTES = 128 * 1024
KEPT = ("stored", "duplicate", "superseded")
# The server reads its clock before it commits, so an answer may be this much older than what is in the backup.
BACKUP_MARGIN = timedelta(minutes=1)
MOST_TRIES = 40  # at one batch, before the phone is said to be stuck


class Stuck(RuntimeError):
    """The server answered as it never should, or never at all."""


class Network:
    """Whether the server can be reached. Phones wait here, as a real one would for its back-off timer."""

    def __init__(self) -> None:
        self._up = threading.Event()

    def up(self) -> None:
        """The server answers."""
        self._up.set()

    def down(self) -> None:
        """The server is about to go away."""
        self._up.clear()

    def wait(self) -> None:
        """Until the server answers. Raises Stuck."""
        if not self._up.wait(timeout=PATIENCE):
            raise Stuck("the server did not come back")


@dataclass
class Operation:
    """One entry of the outbox. Frozen once sent: then only `state` changes."""

    id: str
    key: str
    seq: int
    content: dict[str, Any]
    state: str = "pending"  # pending, acknowledged, quarantined
    sends: int = 0
    settled_at: datetime | None = None  # by the server's clock
    code: str = ""


@dataclass
class Attempt:
    """An attempt as the phone holds it."""

    id: str
    at: str
    offset: int | None
    campaign_id: str
    rev: int = 0
    last: Operation | None = None


@dataclass
class Totals:
    """What it took, over all phones."""

    requests: int = 0
    operations: int = 0  # made
    sent: int = 0  # operations in requests, each time they were
    lost_answers: int = 0
    silences: int = 0
    busy: int = 0
    forgotten: int = 0  # acknowledged, in a verified backup, and so dropped by the phone
    resent: int = 0  # acknowledged, and asked for again by a restored server
    verdicts: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: Totals) -> Totals:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self


class Phone:
    """An outbox and its volunteer. Used by one thread at a time."""

    def __init__(self, volunteer: Volunteer, network: Network, origin: str, seed: str, helpers: Executor) -> None:
        self.volunteer, self.network, self.helpers = volunteer, network, helpers
        self.rng = random.Random(seed)
        self.diary = Diary(volunteer.association)
        self.client = Client(origin)
        self.install = self._new_id()
        self.shifts: dict[str, str] = {}  # the id of each campaign's
        self.queue: dict[str, Operation] = {}  # in the order they were made
        self.attempts: dict[str, Attempt] = {}
        self.seq = 0
        self.epoch: str | None = None
        self.missing: list[int] = []  # as the server said last
        self.lost = 0  # operations that went down with the phone, of those the server can know of
        self.lost_untold = 0
        self.told_seq = 0
        self.is_gone = False
        self.totals = Totals()

    # --- joining --------------------------------------------------------------------------------------------

    def join(self, code: str) -> None:
        """Through the poster's link: a first name and an association, nothing more."""
        page = self.client.get(f"/join/{code}").body.decode()
        choice = rf'<option value="([0-9a-f-]{{36}})"[^>]*>\s*{re.escape(self.volunteer.association)}'
        association = re.search(choice, page)
        if association is None:
            raise Stuck(f"{self.volunteer.association} is not on the page behind the join link")
        answer = self.client.submit(f"/join/{code}", name=self.volunteer.name, association=association[1])
        if answer.status != 303:
            raise Stuck(f"joining was answered with {answer.status}")
        self.greet()

    def greet(self) -> dict[str, Any]:
        """Fetch what it takes to log without the server."""
        answer = self.client.get("/api/v1/hello")
        if answer.status != 200:
            raise Stuck(f"hello was answered with {answer.status}")
        hello: dict[str, Any] = json.loads(answer.body)
        self._note_epoch(hello["epoch"])
        self.person = hello["person"]["id"]
        self.campaigns = {campaign["name"]: campaign for campaign in hello["campaigns"]}
        return hello

    # --- what the volunteer does ----------------------------------------------------------------------------

    def do(self, action: Action) -> None:
        """One thing out of the plan."""
        match action:
            case Log():
                self.log(action)
            case Change():
                self._save(action.key, action.facts)
                self.diary.change(action.key, action.facts)
            case Undo():
                self._save(action.key, None)
                self.diary.change(action.key, None)
            case Send():
                self.send()
            case Glimpse():
                self._glimpse()
            case Drown():
                self._drown()

    def log(self, tap: Log) -> None:
        """A tap, at the time the phone believes it is."""
        believed = tap.at + timedelta(seconds=self.volunteer.clock_error)
        offset = -self.volunteer.clock_error if self.volunteer.knows_clock else None
        text = believed.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.attempts[tap.key] = Attempt(self._new_id(), text, offset, self.campaigns[tap.campaign]["id"])
        self._save(tap.key, tap.facts)
        # A clock that nobody knows is wrong is the only witness there is.
        day = (tap.at if self.volunteer.knows_clock else believed).astimezone(ZONE).date()
        self.diary.log(tap.key, tap.campaign, day, tap.facts)

    def _save(self, key: str, facts: Facts | None) -> None:
        attempt = self.attempts[key]
        if attempt.last is None or attempt.last.sends:
            self.seq += 1
            operation = Operation(self._new_id(), key, self.seq, {})
            operation.content = {"op": operation.id, "seq": self.seq, "rev": attempt.rev + 1, "base": attempt.rev}
            operation.content["kind"] = "edit" if attempt.last else "create"
            attempt.rev, attempt.last = attempt.rev + 1, operation
            self.queue[operation.id] = operation
            self.totals.operations += 1
        content = attempt.last.content
        content |= {"attempt": attempt.id, "schema": 1, "campaign": attempt.campaign_id, "at": attempt.at}
        content |= {"offset": attempt.offset, "data": self._data(attempt.campaign_id, facts) if facts else {}}
        if facts is None:
            content["kind"] = "delete"

    def _data(self, campaign_id: str, facts: Facts) -> dict[str, Any]:
        campaign = next(c for c in self.campaigns.values() if c["id"] == campaign_id)
        areas = {area["code"]: area["id"] for area in campaign["areas"]}
        topics = {topic["name"]: topic["id"] for topic in campaign["topics"]}
        return {
            "area": areas[facts.area] if facts.area else None,
            "channel": facts.channel,
            "outcome": facts.outcome,
            "n": facts.number,
            "topics": [topics[name] for name in facts.topics],
            # Everybody at the stall is on the shift; the others know of none, as phones of old.
            **({"shift": self.shifts[campaign["name"]]} if facts.channel == "stall" else {}),
        }

    # --- delivering -----------------------------------------------------------------------------------------

    def send(self, *, is_patient: bool = False) -> None:
        """Until nothing waits; unless coverage fails, when the volunteer is not patient. Raises Stuck."""
        for _ in range(MOST_TRIES * (1 + len(self.queue))):
            batch = self._take()
            if not batch or self.is_gone:
                return
            if self.volunteer.shuffles and not is_patient and self.rng.random() < 0.5:
                self._freeze(batch)  # handed over, and never heard of
                return
            self._deliver(batch)
        raise Stuck(f"{self.volunteer.name} cannot get its outbox empty")

    def beat(self) -> None:
        """The heartbeat: tells what waits, and hears whether the server was restored."""
        if not self.is_gone:
            self._deliver([])

    def ask_again(self) -> None:
        """What became of the operations in quarantine?"""
        held = [operation for operation in self.queue.values() if operation.state == "quarantined"]
        if held:
            self._deliver(held[:MOST_OPERATIONS])

    def waiting(self) -> list[Operation]:
        """What has not been acknowledged."""
        return [operation for operation in self.queue.values() if operation.state == "pending"]

    def _take(self, most: int = MOST_OPERATIONS) -> list[Operation]:
        waiting = self.waiting()
        if self.volunteer.shuffles:
            self.rng.shuffle(waiting)
            most = min(most, self.rng.randint(1, 7))
        batch, size = [], 1000  # bytes for the envelope
        for operation in waiting[:most]:
            size += len(json.dumps(operation.content)) + 2
            if size > MOST_BYTES:
                break
            batch.append(operation)
        return batch

    def _deliver(self, batch: list[Operation]) -> None:
        """One batch, as often as it takes to hear a whole answer. Raises Stuck."""
        self._freeze(batch)
        for _ in range(MOST_TRIES):
            self.network.wait()
            if batch and self.volunteer.loses_answers and self.rng.random() < 0.3:
                self._lose_the_answer(batch)
                return  # the same will be taken again, with whatever has come since
            twin = None
            if batch and self.volunteer.sends_twice and self.rng.random() < 0.5:
                twin = self.helpers.submit(self._post, Client(self.client.origin, self.client.cookies), batch)
            heard = [self._post(self.client, batch)]
            if twin is not None:
                heard.append(twin.result())
            # Both are heard, one after the other, as two tabs would.
            was_answered = [self._hear(batch, answer, name) for answer, name in heard]
            if any(was_answered):
                return
        raise Stuck(f"{self.volunteer.name} was never answered")

    def _freeze(self, batch: list[Operation]) -> None:
        """Count as sent before it is: whatever becomes of the request, these never change again."""
        for operation in batch:
            operation.sends += 1
            if operation is self.attempts[operation.key].last:
                self.diary.hand_over(operation.key)

    def _lose_the_answer(self, batch: list[Operation]) -> None:
        self.totals.lost_answers += 1
        path, body = "/api/v1/sync", self._body(batch, self._new_id())
        if self.rng.random() < 0.5:
            self._count(batch)
            self.client.hang_up_on("POST", path, body, "application/json", X_Sync="1")
        else:
            self._post(self.client, batch)

    def _post(self, client: Client, batch: list[Operation]) -> tuple[Answer | None, str]:
        """The answer, None for silence; and the batch's id."""
        name = self._new_id()
        self._count(batch)
        try:
            body = self._body(batch, name)
            return client.request("POST", "/api/v1/sync", body, "application/json", X_Sync="1"), name
        except Silence:
            return None, name
        finally:
            if client is not self.client:
                client.close()

    def _count(self, batch: list[Operation]) -> None:
        self.totals.requests += 1
        self.totals.sent += len(batch)

    def _body(self, batch: list[Operation], name: str) -> bytes:
        envelope = {
            "schema": 1,
            "install": self.install,
            "batch": name,
            "author": self.person,
            "epoch": self.epoch,
            "sent_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "pending": len(self.waiting()),
            "max_seq": self.seq,
            "ops": [operation.content for operation in batch],
        }
        return json.dumps(envelope).encode()

    def _hear(self, batch: Iterable[Operation], answer: Answer | None, name: str) -> bool:
        """Act on an answer; False when it was none. Raises Stuck for one that there should never be."""
        if answer is None:
            self.totals.silences += 1
            return False
        if answer.status in (429, 503):
            self.totals.busy += 1
            return False
        said = json.loads(answer.body) if answer.status == 200 else {}
        if said.get("app") != APP or said.get("batch") != name:
            raise Stuck(f"{self.volunteer.name} got {answer.status}: {answer.body[:500]!r}")
        self._note_epoch(said["epoch"])
        now = datetime.fromisoformat(said["now"])
        results = {result["op"]: result for result in said["results"]}
        for operation in batch:
            result = results.get(operation.id)
            if result is None:
                continue  # only what is named has been answered
            self.totals.verdicts[result["verdict"]] += 1
            if result["verdict"] in KEPT or result.get("code") == "dismissed":
                operation.state, operation.settled_at = "acknowledged", now
            elif result["verdict"] == "quarantined":
                operation.state = "quarantined"
            operation.code = result.get("code", "")
        self.missing = said["device"]["missing"]
        if not results:
            # The server misses a number that it has acknowledged: it lost something without knowing.
            for operation in self.queue.values():
                if operation.state == "acknowledged" and operation.seq in self.missing:
                    operation.state, operation.settled_at = "pending", None
        self.told_seq = self.seq
        self._forget(said["durable_before"])
        return True

    def _note_epoch(self, epoch: str) -> None:
        if self.epoch not in (None, epoch):
            # The server was restored, and may lack anything it ever said it had.
            for operation in self.queue.values():
                self.totals.resent += operation.state == "acknowledged"
                operation.state, operation.settled_at = "pending", None
        self.epoch = epoch

    def _forget(self, durable_before: str | None) -> None:
        if durable_before is None:
            return
        limit = datetime.fromisoformat(durable_before) - BACKUP_MARGIN
        safe = [o.id for o in self.queue.values() if o.settled_at is not None and o.settled_at < limit]
        for operation_id in safe:
            del self.queue[operation_id]
        self.totals.forgotten += len(safe)

    # --- the lake -------------------------------------------------------------------------------------------

    def _glimpse(self) -> None:
        half = self._take(min(MOST_OPERATIONS, max(1, len(self.waiting()) // 2)))
        self._deliver(half)
        if self.epoch is None or any(operation.state != "acknowledged" for operation in half):
            raise Stuck(f"{self.volunteer.name}: the batch before the lake should have been taken")

    def _drown(self) -> None:
        self.lost = sum(operation.seq <= self.told_seq for operation in self.waiting())
        self.lost_untold = len(self.waiting()) - self.lost
        self.diary.lose_phone()
        self.queue.clear()
        self.is_gone = True

    def _new_id(self) -> str:
        """A UUIDv7, whose random part comes from the seed: a failure can then be repeated."""
        value = time.time_ns() // 1_000_000 << 80 | self.rng.getrandbits(80)
        return str(uuid.UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62))
