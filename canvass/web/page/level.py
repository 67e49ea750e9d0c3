"""Which level of the tree a campaign's page is about: the organisation asked for, seen from where the person stands."""

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
    """The organisation a page is about, where the person stands in the campaign, and the way down from there."""

    node: Organisation
    stands: list[Organisation]
    path: list[Organisation]

    @property
    def tabs(self) -> list[dict[str, object]]:
        """A tab for each place where the person stands."""
        return [{"url": self.address(s), "label": s.name, "current": s.id == self.node.id} for s in self.stands]

    def address(self, node: Organisation) -> str:
        """The page that is asked for, about another level."""
        return url_for(request.endpoint or "", **{**(request.view_args or {}), "at": node.id})


def of(campaign: Campaign, action: str = "campaign.see") -> Level:
    """The level that `?at=` names, theirs when it names none. Raises access.Forbidden for who may not do `action`
    anywhere in the campaign, access.NotFound for what does not lie beneath one of their nodes.
    """
    stands = access.standpoints(auth.person(), campaign.organisation_id, action)
    if not stands:
        raise access.Forbidden(action) if action != "campaign.see" else access.NotFound("standpoint")
    wanted = request.values.get("at")
    node = db.session.get(Organisation, wanted) if wanted else stands[0]
    if node is None or not any(organisations.is_beneath(node.id, stand.id) for stand in stands):
        raise access.NotFound(str(wanted))
    line = organisations.above(node.id)
    top = next(i for i, above in enumerate(line) if above in stands)
    return Level(node, stands, line[: top + 1][::-1])
