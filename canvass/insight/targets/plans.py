"""How the parts of a target stand against the plan: by the same line and comparison as on the campaign's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from canvass.core import clock
from canvass.fieldwork import campaigns, shifts, targets
from canvass.fieldwork.campaigns import Campaign
from canvass.insight.forecasts import plan_lines
from canvass.insight.forecasts.plan_lines import DatedTarget, ShiftDay
from canvass.insight.targets.figures import Node
from canvass.members import organisations


class Plans:
    """The plan lines of a campaign at each of these organisations, which are a tree from above, and in their areas."""

    def __init__(self, campaign: Campaign, nodes: Sequence[Node]) -> None:
        self.campaign, self.last = campaign, campaigns.last_day(campaign)
        self.revisions = targets.all_revisions(campaign)
        here = organisations.beneath(nodes[0].id)
        self.planned: dict[str, list[ShiftDay]] = shifts.planned_by(campaign, here)
        for node in reversed(nodes):
            own = self.planned.get(node.id)
            if own and node.kind in organisations.ABOVE_MUNICIPAL:
                del self.planned[node.id]  # there the plan follows the rhythm alone
            elif own and node.parent_id:
                self.planned[node.parent_id] = self.planned.get(node.parent_id, []) + own

    def ahead(self, organisation_id: str, area_id: str, result: int) -> int | None:
        """What plan_lines.ahead gives; None without a target. An area's plan has the shape of its owner's."""
        agreed = self.revisions.get((organisation_id, area_id))
        if agreed is None:
            return None
        first, today = self.campaign.starts_on, clock.today()
        planned = tuple(sorted(self.planned.get(organisation_id, []), key=lambda shift: (shift[0], shift[1] or 0)))
        steps = plan_lines.target_steps(first, self.last, agreed)
        # All parts whose target has never changed, and which have no shifts, share one line.
        scale = steps[0][1] if len(steps) == 1 else 1
        shape = ((first, 1),) if len(steps) == 1 else tuple(steps)
        line = _line(first, self.last, shape, self.campaign.rhythm, planned)
        return plan_lines.ahead(line, result, first, today, scale=scale)


@lru_cache(maxsize=256)
def _line(
    first: date, last: date, steps: tuple[DatedTarget, ...], rhythm: str, planned: tuple[ShiftDay, ...]
) -> list[float]:
    return plan_lines.plan_line(first, last, steps, rhythm, planned)
