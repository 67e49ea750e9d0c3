"""What the users know they did, kept beside the phones and never told by a server: what an export must match."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import NamedTuple

from tests.simulation.plan import Facts


class Cell(NamedTuple):
    """What is compared. `area` is a code, '' for none; `day` is Swedish."""

    campaign: str
    area: str
    association: str
    day: date
    channel: str
    outcome: str


class Entry(NamedTuple):
    """One attempt as its user sees it: where and when it began, and what it says now; None once undone."""

    campaign: str
    day: date
    facts: Facts | None


class Diary:
    """One user's own account: taps minus what was undone."""

    def __init__(self, association: str) -> None:
        self.association = association
        self._now: dict[str, Entry] = {}
        self._handed_over: dict[str, Entry] = {}

    def log(self, key: str, campaign: str, day: date, facts: Facts) -> None:
        """A tap."""
        self._now[key] = Entry(campaign, day, facts)

    def change(self, key: str, facts: Facts | None) -> None:
        """It says something else now; None for undone."""
        self._now[key] = self._now[key]._replace(facts=facts)

    def hand_over(self, key: str) -> None:
        """What it says now has left the phone, so that losing the phone no longer loses it."""
        self._handed_over[key] = self._now[key]

    def lose_phone(self) -> None:
        """What had not left the phone never will."""
        self._now = dict(self._handed_over)

    def counts(self) -> Counter[Cell]:
        """Attempts per cell."""
        counts: Counter[Cell] = Counter()
        for campaign, day, facts in self._now.values():
            if facts is not None:
                area = facts.area or ""
                counts[Cell(campaign, area, self.association, day, facts.channel, facts.outcome)] += facts.number
        return counts
