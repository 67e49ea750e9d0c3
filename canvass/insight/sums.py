"""A campaign's counters summed up the tree of organisations; a sum is cached until a counter beneath it changes.

Counters are kept by the organisation that an attempt belongs to, so those of a national page are a million, and a page
that is watched would read them all twice a second. Nearly all are unchanged. The pulse of each organisation rises with
its counters, so only the counters of organisations with another pulse are read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from canvass.core import db
from canvass.counting import tallies
from canvass.counting.tallies import Count
from canvass.members import organisations

# The dimensions that are summed: those with few keys at every level of the tree.
DIMENSIONS = ("channel", "day", "topic")
Sums = dict[str, dict[str, Count]]  # by dimension and key
MOST_CAMPAIGNS = 4  # those used last stay in memory; a national one takes some thirty megabytes

# By campaign and organisation: a hash of the pulses that the sums were made from, and the sums.
_cache: OrderedDict[str, dict[str, tuple[int, Sums]]] = OrderedDict()


class Reading:
    """The sums of a campaign as they are when it is made, for any number of organisations."""

    def __init__(self, campaign_id: str) -> None:
        self._campaign_id = campaign_id
        # The pulses are read before the counters: a counter newer than its pulse is read once more than necessary, but
        # none is missed.
        self._pulses = {organisation_id: beat for (_, organisation_id), beat in tallies.beats([campaign_id]).items()}
        self._children: dict[str | None, list[str]] = {}
        for id_, parent_id in organisations.shape():
            self._children.setdefault(parent_id, []).append(id_)
        self._marks: dict[str, int] = {}
        # The organisations' own counters, read for all of those at once whose sums are not cached.
        self._own: dict[str, Sums] = {}
        # A transaction that writes may be rolled back, so what it reads must not be cached.
        self._known = _cached(campaign_id) if db.is_reading() else {}

    def of(self, organisation_id: str) -> Sums:
        """The sums of the organisation and everything beneath it."""
        mark = self._mark(organisation_id)
        known = self._known.get(organisation_id)
        if known is not None and known[0] == mark:
            return known[1]
        if organisation_id not in self._own:
            stale = list(self._stale(organisation_id))
            counted = [id_ for id_ in stale if id_ in self._pulses]
            self._own |= {id_: {} for id_ in stale} | tallies.marginals(DIMENSIONS, self._campaign_id, counted)
        own = self._own[organisation_id]
        children = self._children.get(organisation_id)
        sums = _added(own, *(self.of(child) for child in children)) if children else own
        self._known[organisation_id] = mark, sums
        return sums

    def total(self, organisation_id: str) -> Count:
        """All attempts and conversations of the organisation and everything beneath it."""
        return tallies.added(self.of(organisation_id).get("channel", {}).values())

    def own(self, organisation_id: str) -> Count:
        """Those that belong to the organisation itself, not to one beneath it."""
        beneath = tallies.added(self.total(child) for child in self._children.get(organisation_id, []))
        total = self.total(organisation_id)
        return Count(total.attempts - beneath.attempts, total.conversations - beneath.conversations)

    def _stale(self, organisation_id: str) -> Iterator[str]:
        """The ids of the organisation and of those beneath it whose sums are not cached as they are now."""
        known = self._known.get(organisation_id)
        if known is None or known[0] != self._mark(organisation_id):
            yield organisation_id
            for child in self._children.get(organisation_id, []):
                yield from self._stale(child)

    def _mark(self, organisation_id: str) -> int:
        """A hash of the pulses of the organisation and all beneath it; also changes when one of them comes or goes."""
        if organisation_id not in self._marks:
            children = self._children.get(organisation_id, [])
            below = sorted(self._mark(child) for child in children)
            self._marks[organisation_id] = hash((organisation_id, self._pulses.get(organisation_id, 0), *below))
        return self._marks[organisation_id]


def _cached(campaign_id: str) -> dict[str, tuple[int, Sums]]:
    """The campaign's part of the cache; the campaign used least recently makes room for a new one."""
    known = _cache.setdefault(campaign_id, {})
    _cache.move_to_end(campaign_id)
    while len(_cache) > MOST_CAMPAIGNS:
        _cache.popitem(last=False)
    return known


def _added(*parts: Sums) -> Sums:
    """The sums of several organisations together."""
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
