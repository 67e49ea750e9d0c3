"""The parts that a target is divided into: organisations, or areas of one, each with its target and its result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import floor
from typing import NamedTuple

from canvass.core import clock
from canvass.fieldwork.campaigns import Campaign
from canvass.insight.forecasts import plan_lines


class Agreed(NamedTuple):
    """The target at present, and who set it when: a first name, '' when it was nobody in particular."""

    number: int
    revision: int
    set_at: datetime
    set_by: str


@dataclass(frozen=True)
class Part:
    """An organisation in the target tree, or an area of one, with its target, its result and what to divide by.

    `owner_id` is the organisation whose target it is: itself, or the area's owner. `above` are the names between the
    tree's node and the part. `expected` is the plan line's value at the end of yesterday. `beneath` is the sum of its
    own parts' targets, None when none of them has one. `last_year` is a number of conversations.
    """

    id: str
    name: str
    code: str
    owner_id: str
    above: tuple[str, ...]
    is_area: bool
    is_direct: bool
    agreed: Agreed | None
    result: int
    expected: int | None
    members: int | None = None
    households: int | None = None
    last_year: int | None = None
    last_year_is_imported: bool = False
    beneath: int | None = None

    @property
    def key(self) -> str:
        """Its name in forms and addresses."""
        return f"{'area' if self.is_area else 'target'}-{self.id}"

    @property
    def target(self) -> int | None:
        """The target at present; None without one."""
        return self.agreed.number if self.agreed else None

    @property
    def revision(self) -> int:
        """The number of the target's latest revision; 0 without a target."""
        return self.agreed.revision if self.agreed else 0

    @property
    def attainment(self) -> float | None:
        """Result ÷ target; None without a target."""
        return self.result / self.target if self.target else None

    @property
    def ahead(self) -> int | None:
        """Conversations more than the plan line's value; negative when there are fewer, None without a target."""
        return None if self.expected is None else self.result - self.expected

    @property
    def is_behind(self) -> bool:
        """Is the result below the plan line?"""
        return self.ahead is not None and self.ahead < 0

    @property
    def missing(self) -> int | None:
        """How much its own parts' targets lack of its target, negative when they exceed it; None without either."""
        return None if self.target is None or self.beneath is None else self.target - self.beneath


def expected(campaign: Campaign, target: int) -> int:
    """The plan line's value at the end of yesterday, by the campaign's rhythm alone: planned shifts are not asked."""
    first, last = campaign.starts_on, campaign.ends_on
    gone = min((clock.today() - first).days, (last - first).days + 1)
    # Rounded to six decimals first, since the days' shares do not sum to 1 exactly.
    return floor(round(target * _share_of_plan(first, last, campaign.rhythm, gone), 6)) if gone > 0 else 0


@lru_cache(maxsize=64)
def _share_of_plan(first: date, last: date, rhythm: str, days: int) -> float:
    """How much of any target the plan line reaches in the first `days`; asked once for all parts of a tree."""
    return plan_lines.plan_line(first, last, [(first, 1)], rhythm)[days - 1]
