"""What each level of the tree adds up to in a campaign, remembered for as long as nothing beneath it has changed.

Counters are kept at the leaves, so a national page adds up a million of them: half a second, twice a second. Nearly all
are as they were. Every organisation's pulse tells whether its own have moved, so only those are read again.
"""

from __future__ import annotations

from collections import OrderedDict

from canvass.core import db
from canvass.counting import tallies
from canvass.counting.tallies import Count
from canvass.members import organisations

# What is remembered, by dimension and key: all that is small at every level.
DIMENSIONS = ("channel", "day", "topic")
Sums = dict[str, dict[str, Count]]
MOST_CAMPAIGNS = 4  # some thirty megabytes for a national one

# By campaign and organisation: the pulses that the sums were made from, hashed, and the sums.
_memory: OrderedDict[str, dict[str, tuple[int, Sums]]] = OrderedDict()


class Reading:
    """The sums of a campaign at this moment, at as many organisations as one asks for."""

    def __init__(self, campaign_id: str) -> None:
        self._campaign_id = campaign_id
        # Pulses first: numbers that are read later may be newer than their pulse, which only means reading them again.
        self._beats = {organisation_id: beat for (_, organisation_id), beat in tallies.beats([campaign_id]).items()}
        self._children: dict[str | None, list[str]] = {}
        for id_, parent_id in organisations.shape():
            self._children.setdefault(parent_id, []).append(id_)
        self._marks: dict[str, int] = {}
        # What a transaction has changed and not committed must not be remembered: it may never have happened.
        self._known = _remembered(campaign_id) if db.is_reading() else {}

    def of(self, organisation_id: str) -> Sums:
        """The sums of an organisation and everything beneath it."""
        mark = self._mark(organisation_id)
        known = self._known.get(organisation_id)
        if known is not None and known[0] == mark:
            return known[1]
        own: Sums = {}
        if organisation_id in self._beats:
            own = tallies.marginals(DIMENSIONS, self._campaign_id, organisation_id)
        children = self._children.get(organisation_id)
        sums = _added(own, *(self.of(child) for child in children)) if children else own
        self._known[organisation_id] = mark, sums
        return sums

    def total(self, organisation_id: str) -> Count:
        """All attempts and conversations of an organisation and everything beneath it."""
        return tallies.added(self.of(organisation_id).get("channel", {}).values())

    def own(self, organisation_id: str) -> Count:
        """Those that belong to the organisation itself, to none beneath it."""
        beneath = tallies.added(self.total(child) for child in self._children.get(organisation_id, []))
        total = self.total(organisation_id)
        return Count(total.attempts - beneath.attempts, total.conversations - beneath.conversations)

    def _mark(self, organisation_id: str) -> int:
        """Differs when a counter beneath has moved, or an organisation has come or gone."""
        if organisation_id not in self._marks:
            children = self._children.get(organisation_id, [])
            beats = (organisation_id, self._beats.get(organisation_id, 0), *sorted(self._mark(c) for c in children))
            self._marks[organisation_id] = hash(beats)
        return self._marks[organisation_id]


def forget() -> None:
    """Remember nothing: the database is another."""
    _memory.clear()


def _remembered(campaign_id: str) -> dict[str, tuple[int, Sums]]:
    known = _memory.setdefault(campaign_id, {})
    _memory.move_to_end(campaign_id)
    while len(_memory) > MOST_CAMPAIGNS:
        _memory.popitem(last=False)
    return known


def _added(*parts: Sums) -> Sums:
    sums: dict[str, dict[str, Count]] = {}
    for part in parts:
        for dimension, counts in part.items():
            whole = sums.setdefault(dimension, {})
            for key, (attempts, conversations) in counts.items():
                before = whole.get(key)
                whole[key] = (
                    Count(attempts, conversations)
                    if before is None
                    else Count(before[0] + attempts, before[1] + conversations)
                )
    return sums
