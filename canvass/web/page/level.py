"""The organisation that a campaign's page is about: the one asked for, or the person's own."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for

from canvass.core import db
from canvass.fieldwork.campaigns import Campaign
from canvass.members import access, organisations
from canvass.members.organisations import Organisation
from canvass.web.page import auth


@dataclass(frozen=True)
class Level:
    """The organisation a page is about, the topmost ones where the person has a role, and the path down from those."""

    node: Organisation
    tops: list[Organisation]
    path: list[Organisation]

    @property
    def tabs(self) -> list[dict[str, object]]:
        """A tab for each of the topmost organisations."""
        return [{"url": self.address(s), "label": s.name, "current": s.id == self.node.id} for s in self.tops]

    def address(self, node: Organisation) -> str:
        """The address of the present page about another level."""
        return url_for(request.endpoint or "", **{**(request.view_args or {}), "at": node.id})


def of(campaign: Campaign, action: str = "campaign.see") -> Level:
    """The level that `?at=` names, else the person's own. Raises access.Forbidden when they may not do `action`
    anywhere in the campaign, access.NotFound for what does not lie beneath one of their nodes.
    """
    tops = access.tops(auth.person(), campaign.organisation_id, action)
    if not tops:
        raise access.Forbidden(action) if action != "campaign.see" else access.NotFound(campaign.id)
    wanted = request.values.get("at")
    node = db.session.get(Organisation, wanted) if wanted else tops[0]
    if node is None or not any(organisations.is_beneath(node.id, top.id) for top in tops):
        raise access.NotFound(str(wanted))
    line = organisations.above(node.id)
    top = next(i for i, above in enumerate(line) if above in tops)
    return Level(node, tops, line[: top + 1][::-1])
