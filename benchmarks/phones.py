"""Phones as docs/sync.md describes them: each with an installation, an author and numbers of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from benchmarks import load

OUTCOMES = {
    "door": ("talked", "not_home", "refused", "come_back"),
    "phone": ("talked", "no_answer", "refused"),
}
_OPERATION = (
    '{"op":"%s","attempt":"%s","rev":1,"base":0,"kind":"create","schema":1,"seq":%d,"campaign":"%s","at":"%s",'
    '"offset":0,"data":{"area":%s,"channel":"%s","outcome":"%s","n":1,"topics":[]}}'
)
_BATCH = (
    '{"schema":1,"install":"%s","batch":"%s","author":"%s","epoch":null,"sent_at":"%s","pending":%d,"max_seq":%d,'
    '"ops":[%s]}'
)


def new_id() -> str:
    """A random UUID, made quicker than by `uuid`."""
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"


@dataclass
class Phone:
    """A volunteer's phone. `areas` are the ids of those it goes to."""

    author: str
    token: str
    campaign: str
    areas: list[str]
    install: str = field(default_factory=new_id)
    seq: int = 0
    only: str = ""  # the outcome of every attempt, any if not given

    def __post_init__(self) -> None:
        self.random = Random(self.author)

    def operation(self) -> str:
        """The next attempt that is logged."""
        self.seq += 1
        channel = self.random.choice(("door", "door", "door", "phone"))
        outcome = self.only or self.random.choice(OUTCOMES[channel])
        area = f'"{self.random.choice(self.areas)}"'
        return _OPERATION % (new_id(), new_id(), self.seq, self.campaign, _now(), area, channel, outcome)

    def request(self, host: str, operations: list[str]) -> bytes:
        """The request that hands these in."""
        values = (self.install, new_id(), self.author, _now(), len(operations), self.seq, ",".join(operations))
        headers = ("X-Sync: 1", f"Cookie: canvass_device={self.token}")
        return load.post(host, "/api/v1/sync", (_BATCH % values).encode(), *headers)

    def posts(self, host: str, operations: int = 1) -> load.Maker:
        """Gives request after request with so many new operations."""
        return lambda: self.request(host, [self.operation() for _ in range(operations)])


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
