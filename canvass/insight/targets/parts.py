"""The parts that a target is divided into: organisations, or areas of one, each with its target and its result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


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
    tree's node and the part. `ahead` is what plan_lines.ahead gives, None without a target. `beneath` is the sum of its
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
    ahead: int | None
    members: int | None = None
    households: int | None = None
    last_year: int | None = None
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
    def is_behind(self) -> bool:
        """Is the result below the plan line?"""
        return self.ahead is not None and self.ahead < 0

    @property
    def missing(self) -> int | None:
        """How much its own parts' targets lack of its target, negative when they exceed it; None without either."""
        return None if self.target is None or self.beneath is None else self.target - self.beneath
